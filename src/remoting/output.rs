//! What a turn of a connection has to say: whole frames one after the other.
//!
//! A frame's header goes before its body, but of a pull it is known only when the body has been read.
//! Such a body is written behind room for a header; what of the room the header does not need is a
//! gap, which is left out when the frames are written to the socket.

use std::io::{self, IoSlice};
use std::ops::Range;

/// Room left before a body; a longer header moves the body.
const HEADER_ROOM: usize = 512;

/// Room beyond which an empty buffer is given back.
const CAPACITY_KEPT: usize = 2 * 1024 * 1024;

/// Pieces that are written with one call.
const PIECES_MAX: usize = 64;

/// Frames on their way to the socket.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The frames, and the gaps between them.
    pub(crate) bytes: Vec<u8>,
    /// What of the bytes is not to be sent, in order.
    gaps: Vec<Range<usize>>,
    /// Where a header is written whose body is there already.
    header: Vec<u8>,
}

impl Output {
    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > CAPACITY_KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
        self.gaps.clear();
    }

    /// Leaves room for a header; gives the place where its body begins.
    pub(crate) fn begin_body(&mut self) -> usize {
        self.bytes.resize(self.bytes.len() + HEADER_ROOM, 0);
        self.bytes.len()
    }

    /// Forgets a body, and the room before it.
    pub(crate) fn drop_body(&mut self, body_at: usize) {
        self.bytes.truncate(body_at - HEADER_ROOM);
    }

    /// Puts the header that `write` writes, for a body of so many bytes, before the last body.
    pub(crate) fn end_body(&mut self, body_at: usize, write: impl FnOnce(&mut Vec<u8>, usize)) {
        self.header.clear();
        write(&mut self.header, self.bytes.len() - body_at);
        let room_at = body_at - HEADER_ROOM;
        match HEADER_ROOM.checked_sub(self.header.len()) {
            Some(left) => {
                let header_at = room_at + left;
                if let Some(room) = self.bytes.get_mut(header_at..body_at) {
                    room.copy_from_slice(&self.header);
                }
                if left > 0 {
                    self.gaps.push(room_at..header_at);
                }
            }
            None => {
                let header = self.header.iter().copied();
                drop(self.bytes.splice(room_at..body_at, header));
            }
        }
    }

    /// Calls `write` once for what is to be sent from the `sent`th byte on, or for the first part of
    /// it; gives back what `write` says.
    pub(crate) fn write(
        &self,
        sent: usize,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); PIECES_MAX];
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(self.pieces(sent)) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        write(slices.get(..count).unwrap_or_default())
    }

    /// How many bytes are to be sent.
    pub(crate) fn len(&self) -> usize {
        let gaps: usize = self.gaps.iter().map(ExactSizeIterator::len).sum();
        self.bytes.len() - gaps
    }

    /// What is to be sent, from the `sent`th byte on.
    pub(crate) fn pieces(&self, sent: usize) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.gaps.iter().map(|gap| gap.end));
        let ends = self.gaps.iter().map(|gap| gap.start);
        let ends = ends.chain(std::iter::once(self.bytes.len()));
        let mut skip = sent;
        starts.zip(ends).filter_map(move |(start, end)| {
            let piece = self.bytes.get(start..end).unwrap_or_default();
            let skipped = skip.min(piece.len());
            skip -= skipped;
            piece.get(skipped..).filter(|rest| !rest.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(output: &Output, from: usize) -> Vec<u8> {
        output.pieces(from).flatten().copied().collect()
    }

    fn body(output: &mut Output, header: &[u8], content: &[u8]) {
        let at = output.begin_body();
        output.bytes.extend_from_slice(content);
        output.end_body(at, |out, length| {
            assert_eq!(length, content.len());
            out.extend_from_slice(header);
        });
    }

    #[test]
    fn a_header_may_follow_its_body() {
        let mut output = Output::default();
        output.bytes.extend_from_slice(b"first;");
        body(&mut output, b"header:", b"body;");
        output.bytes.extend_from_slice(b"third;");
        let long = vec![b'h'; HEADER_ROOM + 9];
        body(&mut output, &long, b"long");
        body(&mut output, &long[..HEADER_ROOM], b"just");
        let mut all = b"first;header:body;third;".to_vec();
        all.extend_from_slice(&long);
        all.extend_from_slice(b"long");
        all.extend_from_slice(&long[..HEADER_ROOM]);
        all.extend_from_slice(b"just");
        for from in [0, 3, 6, 7, 13, 20, all.len()] {
            assert_eq!(sent(&output, from), all[from..], "from {from}");
        }
        assert_eq!(output.len(), all.len());
        let written = output.write(4, |slices| {
            assert_eq!(slices.len(), 2);
            Ok(slices.iter().map(|slice| slice.len()).sum())
        });
        assert_eq!(written.unwrap(), all.len() - 4);
    }

    #[test]
    fn a_body_may_be_dropped() {
        let mut output = Output::default();
        let at = output.begin_body();
        output.bytes.extend_from_slice(b"nothing");
        output.drop_body(at);
        assert_eq!(output.len(), 0);
        output.bytes.reserve(CAPACITY_KEPT + 1);
        output.clear();
        assert_eq!(output.bytes.capacity(), 0);
    }
}
