//! Decimal numbers in header fields: every number of the protocol travels as text.

/// So many digits fit into an `i64` whatever they are.
const DIGITS_MAX: usize = 18;

/// The number that `text` writes plainly: a sign and digits, nothing else. `None` for what is to be
/// read with more patience, be it a number or not.
pub(crate) fn parse_plain(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_is_plain_is_read() {
        assert_eq!(parse_plain("0"), Some(0));
        assert_eq!(parse_plain("-17"), Some(-17));
        assert_eq!(
            parse_plain("999999999999999999"),
            Some(999_999_999_999_999_999)
        );
        for text in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "1a",
            "/",
            ":",
            "9223372036854775807",
        ] {
            assert_eq!(parse_plain(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_is_written(value in any::<i64>()) {
            let read = parse_plain(&value.to_string());
            prop_assert!(read.is_none_or(|read| read == value));
            prop_assert!(read.is_some() || value.unsigned_abs() >= 1_000_000_000_000_000_000);
        }
    }
}
