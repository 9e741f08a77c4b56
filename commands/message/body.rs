//! How a body is shown to people: as JSON over several lines, as it is, or byte by byte.

use std::fmt::Write as _;

use serde_json::Value;

/// How many bytes stand on a line.
const BYTES_PER_LINE: usize = 16;

/// What `--body` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum BodyForm {
    /// JSON if it is, else text, else bytes
    #[default]
    Auto,
    /// JSON over several lines; in -o json as body_json
    Json,
    /// As it is
    Raw,
    /// Byte by byte
    Hex,
}

/// A body in one of its forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ShownBody {
    /// What it is shown as: `json`, `text`, `hex`.
    pub(super) form: &'static str,
    pub(super) text: String,
}

impl BodyForm {
    /// The body as this form shows it, or as near to it as it can be.
    pub(super) fn show(self, body: &[u8]) -> ShownBody {
        if matches!(self, Self::Auto | Self::Json)
            && let Some(json) = json_of(body)
        {
            return ShownBody {
                form: "json",
                text: format!("{json:#}"),
            };
        }
        match std::str::from_utf8(body) {
            Ok(text) if self != Self::Hex => ShownBody {
                form: "text",
                text: text.to_owned(),
            },
            _ if self == Self::Raw => ShownBody {
                form: "text",
                text: String::from_utf8_lossy(body).into_owned(),
            },
            _ => ShownBody {
                form: "hex",
                text: hex(body),
            },
        }
    }
}

/// An object or a list; a number or a word alone is better shown as it is.
pub(super) fn json_of(body: &[u8]) -> Option<Value> {
    let json: Value = serde_json::from_slice(body).ok()?;
    (json.is_object() || json.is_array()).then_some(json)
}

/// Where a byte is, which it is, and the character it may be.
fn hex(body: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in body.chunks(BYTES_PER_LINE).enumerate() {
        let _ = write!(text, "{:08x} ", number * BYTES_PER_LINE);
        for at in 0..BYTES_PER_LINE {
            let _ = match line.get(at) {
                Some(byte) => write!(text, " {byte:02x}"),
                None => write!(text, "   "),
            };
        }
        let characters = line.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        text.push_str("  ");
        text.extend(characters);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_as_what_it_is_unless_told_otherwise() {
        let shown = |form: BodyForm, body: &[u8]| {
            let shown = form.show(body);
            format!("{}: {}", shown.form, shown.text)
        };
        let json = br#"{"n":1}"#;
        assert_eq!(shown(BodyForm::Auto, json), "json: {\n  \"n\": 1\n}");
        assert_eq!(shown(BodyForm::Raw, json), "text: {\"n\":1}");
        assert_eq!(shown(BodyForm::Auto, b"12"), "text: 12");
        assert_eq!(shown(BodyForm::Json, b"no json"), "text: no json");
        assert_eq!(
            shown(BodyForm::Hex, b"\0ab"),
            format!("hex: 00000000  00 61 62{}  .ab\n", " ".repeat(39))
        );
        assert!(shown(BodyForm::Auto, &[0xff; 20]).starts_with("hex: 00000000  ff ff"));
        assert_eq!(shown(BodyForm::Raw, &[0xff]), "text: \u{fffd}");
    }
}
