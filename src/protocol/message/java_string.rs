//! Java's string hash, which tags and index keys are stored by, and Java's string order.

use std::cmp::Ordering;

/// `String.hashCode` of Java: over UTF-16 units, wrapping.
#[must_use]
pub fn java_hash(text: &str) -> i32 {
    extend_java_hash(0, text)
}

/// The hash of what was hashed before and `text` after it.
fn extend_java_hash(hash: i32, text: &str) -> i32 {
    let step = |hash: i32, unit: i32| hash.wrapping_mul(31).wrapping_add(unit);
    if text.is_ascii() {
        text.bytes()
            .fold(hash, |hash, byte| step(hash, i32::from(byte)))
    } else {
        text.encode_utf16()
            .fold(hash, |hash, unit| step(hash, i32::from(unit)))
    }
}

/// The number that a consume queue keeps for a message's tags; 0 for none.
#[must_use]
pub fn tags_code(tags: &str) -> i64 {
    i64::from(java_hash(tags))
}

/// The hash that an index file keeps for a key of a topic: never negative.
#[must_use]
pub fn index_key_hash(topic: &str, key: &str) -> i32 {
    let hash = extend_java_hash(extend_java_hash(java_hash(topic), "#"), key);
    hash.checked_abs().unwrap_or(0)
}

/// The order of Java's strings, by UTF-16 units: members of a group must sort alike to share queues.
#[must_use]
pub fn java_compare(one: &str, other: &str) -> Ordering {
    if one.is_ascii() || other.is_ascii() {
        one.cmp(other)
    } else {
        one.encode_utf16().cmp(other.encode_utf16())
    }
}

/// The value of the property [`CRC32`](super::property::CRC32): ten decimal digits, the least
/// significant first.
#[must_use]
pub fn property_crc_digits(crc: u32) -> [u8; 10] {
    let mut rest = crc & super::layout::CRC_MASK;
    [(); 10].map(|()| {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        b'0' + digit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_java() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("TagA"), 2_598_919);
        assert_eq!(java_hash("TagB"), 2_598_920);
        assert_eq!(java_hash("标签"), 857_175);
        assert_eq!(java_hash("TopicTest#k1"), 2_746_024);
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn index_hash_has_no_sign() {
        assert_eq!(index_key_hash("TopicTest", "k1"), 2_746_024);
        let (topic, key) = ("", "polygenelubricants");
        assert!(java_hash("#polygenelubricants") < 0);
        assert_eq!(
            index_key_hash(topic, key),
            java_hash("#polygenelubricants").abs()
        );
    }

    #[test]
    fn order_is_that_of_utf16() {
        assert_eq!(java_compare("a", "b"), Ordering::Less);
        assert_eq!(java_compare("b", "😀"), Ordering::Less);
        assert_eq!(java_compare("😀", "b"), Ordering::Greater);
        assert_eq!(java_compare("😀", "\u{fffd}"), Ordering::Less);
        assert_eq!(java_compare("标", "标"), Ordering::Equal);
    }

    #[test]
    fn crc_digits_begin_with_the_lowest() {
        assert_eq!(&property_crc_digits(907_060_870), b"0780607090");
        assert_eq!(&property_crc_digits(0x8000_0000), b"0000000000");
    }
}
