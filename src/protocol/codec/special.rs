//! Finds the bytes that mean something in JSON strings, eight bytes at a time.
//!
//! Most strings of a header are shorter than eight bytes: calling a vectorised search for each costs
//! more than the search.

const WORD: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 0xff;
const TOP_BITS: u64 = ONES << 7;
/// The bits that only bytes from 0x20 on have.
const PRINTABLE_BITS: u64 = ONES * 0xe0;

/// The top bit of the lowest byte that is zero; bits above it mean nothing.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOP_BITS
}

const fn equal(word: u64, byte: u8) -> u64 {
    zeros(word ^ (ONES * byte as u64))
}

fn quotes(word: u64) -> u64 {
    equal(word, b'"') | equal(word, b'\\')
}

fn escapables(word: u64) -> u64 {
    quotes(word) | zeros(word & PRINTABLE_BITS)
}

#[inline]
#[expect(
    clippy::little_endian_bytes,
    reason = "no number: the first byte is to be the lowest one"
)]
fn word_of(bytes: [u8; WORD]) -> u64 {
    u64::from_le_bytes(bytes)
}

#[inline]
fn find(
    bytes: &[u8],
    from: usize,
    in_word: impl Fn(u64) -> u64,
    is_special: impl Fn(u8) -> bool,
) -> usize {
    let mut at = from;
    let mut rest = bytes.get(from..).unwrap_or_default();
    while let Some((word, behind)) = rest.split_first_chunk::<WORD>() {
        let found = in_word(word_of(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += WORD;
        rest = behind;
    }
    for byte in rest {
        if is_special(*byte) {
            break;
        }
        at += 1;
    }
    at
}

/// Where the first quotation mark or backslash from `from` on is, or the end.
#[inline]
pub(super) fn find_quote(bytes: &[u8], from: usize) -> usize {
    find(bytes, from, quotes, |byte| matches!(byte, b'"' | b'\\'))
}

/// Where the first byte that JSON wants escaped from `from` on is, or the end.
#[inline]
pub(super) fn find_escapable(bytes: &[u8], from: usize) -> usize {
    find(bytes, from, escapables, |byte| {
        byte < 0x20 || matches!(byte, b'"' | b'\\')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_simple_search_finds(
            bytes in prop::collection::vec(
                prop_oneof![Just(b'"'), Just(b'\\'), Just(b'!'), Just(0x1f), Just(0xa2), any::<u8>()],
                0..40,
            ),
            from in 0usize..40,
        ) {
            let from = from.min(bytes.len());
            let search = |special: fn(u8) -> bool| {
                let found = bytes[from..].iter().position(|byte| special(*byte));
                found.map_or(bytes.len(), |at| from + at)
            };
            prop_assert_eq!(find_quote(&bytes, from), search(|byte| byte == b'"' || byte == b'\\'));
            prop_assert_eq!(
                find_escapable(&bytes, from),
                search(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
            );
        }
    }
}
