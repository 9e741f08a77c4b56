//! Sizes as they are typed: `128`, `4k`, `1MiB`, `2G`.

/// Reads a size in bytes. Units count in steps of 1024, however they are spelled.
///
/// # Errors
/// The forms there are.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let expected = || "a size such as 128, 4k or 1MiB".to_owned();
    let unit_at = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let steps = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        _ => return Err(expected()),
    };
    let number: u64 = digits.parse().map_err(|_| expected())?;
    number.checked_mul(1 << (10 * steps)).ok_or_else(expected)
}

/// The size of a body: at least what the checks need, at most what a frame holds.
///
/// # Errors
/// What the limits are.
pub(super) fn parse_body(text: &str) -> Result<usize, String> {
    const BODY_MAX: usize = 15 << 20;
    let (smallest, expected) = (super::body::SIZE_MIN, "a size from 32 bytes to 15 MiB");
    let size = usize::try_from(parse(text)?).map_err(|_| expected.to_owned())?;
    if (smallest..=BODY_MAX).contains(&size) {
        Ok(size)
    } else {
        Err(expected.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        let cases = [
            ("128", 128),
            ("4k", 4096),
            ("1KiB", 1024),
            ("1mb", 1 << 20),
            ("2G", 2 << 30),
        ];
        for (text, size) in cases {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for text in [
            "",
            "k",
            "-1",
            "1.5k",
            "7x",
            "99999999999999999999",
            "99999999999999G",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse_body("32"), Ok(32));
        assert!(parse_body("31").is_err() && parse_body("16MiB").is_err());
    }
}
