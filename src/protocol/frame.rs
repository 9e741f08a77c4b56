//! Where one frame ends and the next begins (RocketMQ `NettyDecoder`, `RemotingCommand.encode`).
//!
//! A frame on the wire: `length: u32` (of all that follows), one byte of serialisation type, three
//! bytes of header length, the header, the body. Invariant: nothing here copies or allocates; a frame
//! is a pair of slices of the buffer it arrived in.

use crate::codec::SerializeType;
use thiserror::Error;

/// The longest frame that is read, counted as the length word counts it: 16 MiB, Netty's
/// `com.rocketmq.remoting.frameMaxLength`.
pub const FRAME_LENGTH_MAX: usize = 16 * 1024 * 1024;

/// The longest header: its length travels in 24 bits.
pub const HEADER_LENGTH_MAX: usize = 0x00FF_FFFF;

/// Bytes before the header: the length word and the word of serialisation type and header length.
pub const PREFIX_LENGTH: usize = LENGTH_WORD + HEADER_WORD;

const LENGTH_WORD: usize = size_of::<u32>();
const HEADER_WORD: usize = size_of::<u32>();

/// One frame, still where it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// How [`header`](Self::header) is to be read.
    pub serialize_type: SerializeType,
    /// The serialised command without its body.
    pub header: &'a [u8],
    /// Whatever follows the header; empty when the command has no body.
    pub body: &'a [u8],
}

/// Why a stream can't be read on: the connection has to be closed, as Netty's decoder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The length word announces more than [`FRAME_LENGTH_MAX`].
    #[error("a frame of {length} bytes is longer than the limit of {FRAME_LENGTH_MAX}")]
    TooLong {
        /// What the length word says.
        length: usize,
    },
    /// The length word leaves no room for the header word.
    #[error("a frame of {length} bytes has no room for its header length")]
    TooShort {
        /// What the length word says.
        length: usize,
    },
    /// The header would reach beyond its frame.
    #[error("a header of {header} bytes does not fit its frame of {frame} bytes")]
    HeaderTooLong {
        /// What the header word says.
        header: usize,
        /// Bytes of the frame after the header word.
        frame: usize,
    },
    /// The serialisation type is neither JSON (0) nor ROCKETMQ (1).
    #[error("unknown header serialisation {0}")]
    UnknownSerializeType(u8),
}

/// Takes the first frame off `buffer` and says how many bytes it took.
///
/// `Ok(None)` means that more bytes are needed. The length word is judged as soon as it is there, so
/// an oversized frame is refused before anyone makes room for it.
///
/// # Errors
/// Any [`FrameError`]; the rest of the stream has no meaning then.
pub fn split(buffer: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let Some((length_word, rest)) = buffer.split_first_chunk::<LENGTH_WORD>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length_word) as usize;
    if length > FRAME_LENGTH_MAX {
        return Err(FrameError::TooLong { length });
    }
    if length < HEADER_WORD {
        return Err(FrameError::TooShort { length });
    }
    let Some((header_word, _)) = rest.split_first_chunk::<HEADER_WORD>() else {
        return Ok(None);
    };
    let serialize_type = SerializeType::from_byte(header_word[0])
        .ok_or(FrameError::UnknownSerializeType(header_word[0]))?;
    let header_length = u32::from_be_bytes(*header_word) as usize & HEADER_LENGTH_MAX;
    let frame_length = length - HEADER_WORD;
    if header_length > frame_length {
        return Err(FrameError::HeaderTooLong {
            header: header_length,
            frame: frame_length,
        });
    }
    let Some(content) = rest.get(HEADER_WORD..length) else {
        return Ok(None);
    };
    let (header, body) = content.split_at(header_length);
    Ok(Some((
        Frame {
            serialize_type,
            header,
            body,
        },
        LENGTH_WORD + length,
    )))
}

/// Writes a whole frame's prefix once its parts are known: `start` is where the eight bytes of the
/// prefix were left free in `out`, and the header of `header_length` bytes follows them.
pub(crate) fn patch_prefix(
    out: &mut [u8],
    start: usize,
    serialize_type: SerializeType,
    header_length: usize,
    body_length: usize,
) {
    debug_assert!(
        header_length <= HEADER_LENGTH_MAX,
        "header length travels in 24 bits"
    );
    let clip = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let length = clip(HEADER_WORD + header_length + body_length).to_be_bytes();
    let [_, a, b, c] = clip(header_length).to_be_bytes();
    let prefix = [
        length[0],
        length[1],
        length[2],
        length[3],
        serialize_type.byte(),
        a,
        b,
        c,
    ];
    if let Some(free) = out.get_mut(start..start + PREFIX_LENGTH) {
        free.copy_from_slice(&prefix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(serialize_type: u8, header: &[u8], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; PREFIX_LENGTH];
        bytes.extend_from_slice(header);
        bytes.extend_from_slice(body);
        let kind = SerializeType::from_byte(serialize_type).unwrap();
        patch_prefix(&mut bytes, 0, kind, header.len(), body.len());
        bytes
    }

    #[test]
    fn a_whole_frame_is_taken_and_the_rest_is_left() {
        let mut bytes = frame(0, b"{}", b"body");
        let length = bytes.len();
        bytes.extend_from_slice(b"next");
        let (taken, used) = split(&bytes).unwrap().unwrap();
        assert_eq!(
            (taken.header, taken.body, used),
            (&b"{}"[..], &b"body"[..], length)
        );
    }

    #[test]
    fn an_oversized_frame_is_refused_by_its_length_word_alone() {
        let length = FRAME_LENGTH_MAX + 1;
        let word = u32::try_from(length).unwrap().to_be_bytes();
        assert_eq!(split(&word), Err(FrameError::TooLong { length }));
        let at_the_limit = u32::try_from(FRAME_LENGTH_MAX).unwrap().to_be_bytes();
        assert_eq!(split(&at_the_limit), Ok(None));
    }

    #[test]
    fn a_header_longer_than_its_frame_is_refused() {
        let bytes = [0, 0, 0, 4, 0, 0, 0, 1];
        assert_eq!(
            split(&bytes),
            Err(FrameError::HeaderTooLong {
                header: 1,
                frame: 0
            })
        );
        assert_eq!(
            split(&[0, 0, 0, 3]),
            Err(FrameError::TooShort { length: 3 })
        );
        assert_eq!(
            split(&[0, 0, 0, 4, 7, 0, 0, 0]),
            Err(FrameError::UnknownSerializeType(7))
        );
    }

    proptest! {
        #[test]
        fn any_split_of_a_stream_gives_the_same_frames(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6),
            cut in 0usize..200,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(1, b"h", body)).collect();
            let cut = cut.min(stream.len());
            let (mut buffer, mut seen) = (Vec::new(), Vec::new());
            for part in [&stream[..cut], &stream[cut..]] {
                buffer.extend_from_slice(part);
                while let Some((taken, used)) = split(&buffer).unwrap() {
                    seen.push(taken.body.to_vec());
                    buffer.drain(..used);
                }
            }
            prop_assert_eq!(seen, bodies);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            _ = split(&bytes);
        }
    }
}
