//! What the messages of a load carry: who sent them, as which, when, and a checksum over all of it.
//!
//! Layout, big-endian: mark (4 bytes), run (4), connection (4), CRC-32 (4) of everything but itself,
//! sequence number (8), time of sending in nanoseconds of the sender's clock (8), and filling.

/// The first four bytes of every body.
const MARK: [u8; 4] = *b"GBM1";

const CRC_AT: usize = 12;
const CRC_END: usize = CRC_AT + size_of::<u32>();
const HEAD_SIZE: usize = CRC_END + 2 * size_of::<u64>();

/// The smallest body that holds all that is checked.
pub(super) const SIZE_MIN: usize = HEAD_SIZE;

/// The filling of one message begins where its sequence number says, within this many bytes.
const SHIFT_MAX: usize = 4096;

/// What a body says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Which run of the program sent it.
    pub(super) run: u32,
    /// Which of the run's connections.
    pub(super) connection: u32,
    /// The how-manieth message of that connection, from 0.
    pub(super) sequence: u64,
    /// When it was sent, or should have been: nanoseconds of the sender's clock.
    pub(super) sent_at_ns: u64,
}

/// Printable filling that no compression makes much of.
#[derive(Debug, Clone)]
pub(super) struct Filling(Vec<u8>);

impl Filling {
    /// Filling for bodies of `size` bytes.
    pub(super) fn new(size: usize) -> Self {
        // The same bytes in every run: runs are compared.
        let mut random = fastrand::Rng::with_seed(7);
        let length = size.saturating_sub(HEAD_SIZE) + SHIFT_MAX;
        let filling = (0..length).map(|_| u8::try_from(random.alphanumeric()).unwrap_or(b'x'));
        Self(filling.collect())
    }

    /// Appends a body of `size` bytes, at least [`SIZE_MIN`].
    pub(super) fn write_body(&self, stamp: &Stamp, size: usize, out: &mut Vec<u8>) {
        let mut head = [0; HEAD_SIZE];
        let parts: [&[u8]; 6] = [
            &MARK,
            &stamp.run.to_be_bytes(),
            &stamp.connection.to_be_bytes(),
            &[0; 4],
            &stamp.sequence.to_be_bytes(),
            &stamp.sent_at_ns.to_be_bytes(),
        ];
        let mut rest = head.as_mut_slice();
        for part in parts {
            let (this, next) = rest.split_at_mut(part.len());
            this.copy_from_slice(part);
            rest = next;
        }
        let shift = usize::try_from(stamp.sequence % 4001).unwrap_or(0);
        let length = size.saturating_sub(HEAD_SIZE);
        let filling = self.0.get(shift..shift + length).unwrap_or_default();
        let crc = crc_of(&head, filling);
        head[CRC_AT..CRC_END].copy_from_slice(&crc.to_be_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(filling);
    }
}

fn crc_of(head: &[u8; HEAD_SIZE], filling: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..CRC_AT]);
    hasher.update(&head[CRC_END..]);
    hasher.update(filling);
    hasher.finalize()
}

/// What a body turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// One of ours, whole.
    Ours(Stamp),
    /// It has our mark and a wrong checksum.
    Damaged,
    /// Somebody else's.
    Foreign,
}

/// Reads a body back.
pub(super) fn read_body(body: &[u8]) -> Body {
    let Some((head, filling)) = body.split_first_chunk::<HEAD_SIZE>() else {
        return Body::Foreign;
    };
    if !head.starts_with(&MARK) {
        return Body::Foreign;
    }
    let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let long = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
    if crc_of(head, filling) != word(CRC_AT) {
        return Body::Damaged;
    }
    Body::Ours(Stamp {
        run: word(4),
        connection: word(8),
        sequence: long(CRC_END),
        sent_at_ns: long(CRC_END + 8),
    })
}

/// The properties that a Java producer writes into every message, in the form of the wire: the
/// unique key that the index holds, and the wish to wait for the store.
pub(super) fn write_properties(stamp: &Stamp, out: &mut String) {
    use std::fmt::Write as _;
    let Stamp {
        run,
        connection,
        sequence,
        ..
    } = stamp;
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "UNIQ_KEY\u{1}{run:08X}{connection:08X}{sequence:016X}\u{2}WAIT\u{1}true\u{2}"
    );
}

#[cfg(test)]
mod tests {
    use protocol::message::Properties;

    use super::*;

    const STAMP: Stamp = Stamp {
        run: 0xDEAD_BEEF,
        connection: 3,
        sequence: 123_456_789_012,
        sent_at_ns: 42,
    };

    #[test]
    fn a_body_says_who_sent_it_and_is_as_long_as_asked_for() {
        for size in [SIZE_MIN, 128, 1024, 100_000] {
            let mut body = Vec::new();
            Filling::new(size).write_body(&STAMP, size, &mut body);
            assert_eq!(body.len(), size);
            assert_eq!(read_body(&body), Body::Ours(STAMP));
        }
    }

    #[test]
    fn any_flipped_byte_is_noticed() {
        let mut body = Vec::new();
        Filling::new(64).write_body(&STAMP, 64, &mut body);
        for at in 0..body.len() {
            let mut flipped = body.clone();
            flipped[at] ^= 0x10;
            let expected = if at < MARK.len() {
                Body::Foreign
            } else {
                Body::Damaged
            };
            assert_eq!(read_body(&flipped), expected, "byte {at}");
        }
        assert_eq!(read_body(b"short"), Body::Foreign);
    }

    #[test]
    fn properties_are_in_the_form_of_the_wire() {
        let mut text = String::new();
        write_properties(&STAMP, &mut text);
        let properties = Properties::parse(&text);
        let key = properties.get("UNIQ_KEY").unwrap();
        assert_eq!((key.len(), properties.get("WAIT")), (32, Some("true")));
    }
}
