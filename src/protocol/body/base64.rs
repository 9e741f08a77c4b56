//! Base64 with padding (RFC 4648), for the bytes in a JSON body.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING: char = '=';

/// The text of some bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            text.push(if digit > group.len() {
                PADDING
            } else {
                letter(bits >> (18 - 6 * digit))
            });
        }
    }
    text
}

/// The letter of the lowest six bits.
fn letter(bits: u32) -> char {
    let at = (bits & 0x3F) as usize;
    ALPHABET.get(at).copied().map_or(PADDING, char::from)
}

/// The bytes of a text, or nothing when it is not base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches(PADDING);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.as_bytes().chunks(4) {
        let mut bits: u32 = 0;
        for at in 0..4 {
            let digit = group.get(at).map_or(Some(0), |letter| value(*letter))?;
            bits = bits << 6 | digit;
        }
        let [_, first, second, third] = bits.to_be_bytes();
        match group.len() {
            4 => bytes.extend([first, second, third]),
            3 => bytes.extend([first, second]),
            2 => bytes.push(first),
            _ => return None,
        }
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = ALPHABET.iter().position(|known| *known == letter)?;
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(decode("Z"), None);
        assert_eq!(decode("Zm9v!"), None);
        assert_eq!(decode("Zm 9v"), None);
        assert_eq!(decode("标"), None);
    }

    proptest! {
        #[test]
        fn there_and_back(bytes: Vec<u8>) {
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _bytes = decode(&text);
        }
    }
}
