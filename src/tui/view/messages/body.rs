//! A body as people can read it, whatever is in it.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::text;

/// More of a body than this is not shown; escaping it would only take time. In bytes.
pub(super) const SHOWN_MAX: usize = 16 * 1024;

/// The bytes of a line of hex.
const HEX_LINE: usize = 16;

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum BodyForm {
    /// JSON over several lines; what is none, as it is.
    #[default]
    Json,
    /// As it is, what would drive the terminal escaped.
    Raw,
    /// Byte by byte.
    Hex,
}

impl BodyForm {
    /// The one after it.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Json => Self::Raw,
            Self::Raw => Self::Hex,
            Self::Hex => Self::Json,
        }
    }

    /// Its name.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Raw => "raw",
            Self::Hex => "hex",
        }
    }
}

/// As much of it as is shown.
fn head(body: &[u8]) -> &[u8] {
    body.get(..SHOWN_MAX).unwrap_or(body)
}

/// The body in one line: control characters are escaped, and so are bytes that are no UTF-8. `max` is
/// how many bytes are looked at.
pub(super) fn one_line(body: &[u8], max: usize) -> String {
    let mut line = String::new();
    for chunk in body.get(..max).unwrap_or(body).utf8_chunks() {
        line.push_str(&text::escape_controls(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// The body in lines, each safe to show.
pub(super) fn lines(body: &[u8], form: BodyForm) -> Vec<String> {
    let mut lines = match form {
        BodyForm::Json => json(body).unwrap_or_else(|| raw(body)),
        BodyForm::Raw => raw(body),
        BodyForm::Hex => hex(body),
    };
    if body.len() > SHOWN_MAX {
        lines.push(format!("… {} bytes in all", body.len()));
    }
    lines
}

fn json(body: &[u8]) -> Option<Vec<String>> {
    // Cut, it is JSON no more; large, it is slow.
    if body.len() > SHOWN_MAX {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let pretty = serde_json::to_string_pretty(&value).ok()?;
    Some(
        text::escape_json(&pretty)
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

fn raw(body: &[u8]) -> Vec<String> {
    let lines = head(body).split(|byte| *byte == b'\n');
    lines.map(|line| one_line(line, SHOWN_MAX)).collect()
}

fn hex(body: &[u8]) -> Vec<String> {
    let line = |(at, bytes): (usize, &[u8])| {
        let mut line = format!("{:04x} ", at * HEX_LINE);
        let mut chars = String::new();
        for at in 0..HEX_LINE {
            match bytes.get(at) {
                Some(byte) => {
                    let _ = write!(line, " {byte:02x}");
                    let is_shown = byte.is_ascii_graphic() || *byte == b' ';
                    chars.push(if is_shown { char::from(*byte) } else { '.' });
                }
                None => line.push_str("   "),
            }
        }
        format!("{line}  {chars}")
    };
    head(body).chunks(HEX_LINE).enumerate().map(line).collect()
}

/// The body to be copied: as it is, or byte by byte if it is no text.
pub(super) fn copied(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => {
            let mut hex = String::with_capacity(body.len() * 2);
            for byte in body {
                let _ = write!(hex, "{byte:02x}");
            }
            hex.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_body_is_safe_to_show() {
        let cases: [(&[u8], &str); 5] = [
            (b"plain", "plain"),
            (b"\x1b[2J\r\nx", "\\x1b[2J\\r\\nx"),
            ("订单 🚀".as_bytes(), "订单 🚀"),
            (b"a\xff\xfeb", "a\\xff\\xfeb"),
            (b"", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(one_line(body, 100), expected);
        }
        // Cut within a character.
        assert_eq!(one_line("订".as_bytes(), 2), "\\xe8\\xae");
    }

    #[test]
    fn forms() {
        let body = "{\"a\":[1],\"b\":\"\u{9b}\"}".as_bytes();
        let json = [
            "{",
            "  \"a\": [",
            "    1",
            "  ],",
            "  \"b\": \"\\u009b\"",
            "}",
        ];
        assert_eq!(lines(body, BodyForm::Json), json);
        assert_eq!(lines(b"a\nb\x1b", BodyForm::Json), ["a", "b\\x1b"]);
        assert_eq!(
            lines(b"ab\n\xff", BodyForm::Hex),
            [format!("0000  61 62 0a ff{}  ab..", " ".repeat(36))]
        );
        let large = vec![b'x'; SHOWN_MAX + 1];
        assert_eq!(lines(&large, BodyForm::Raw).len(), 2);
        assert_eq!(copied(b"\xff\x00"), "ff00");
    }
}
