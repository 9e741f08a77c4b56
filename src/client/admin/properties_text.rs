//! Settings as text, one `name=value` a line: what configuration requests carry.
//!
//! Servers write the text plainly and read it as a Java properties file, so reading and writing differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::ClientError;

/// Reads what a server wrote.
pub(super) fn read(text: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(text);
    let settings = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let pairs = settings.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Writes what a server will read.
///
/// # Errors
/// [`ClientError::InvalidArgument`] for a name that is none.
pub(super) fn write(settings: &[(&str, &str)]) -> Result<String, ClientError> {
    let mut text = String::new();
    for (name, value) in settings {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.is_empty() || !name.chars().all(is_name) {
            let reason = format!("{name:?} is not the name of a setting");
            return Err(ClientError::InvalidArgument { reason });
        }
        text.push_str(name);
        text.push('=');
        // A blank in front would be taken for layout.
        if value.starts_with(' ') {
            text.push('\\');
        }
        for letter in value.chars() {
            push(letter, &mut text);
        }
        text.push('\n');
    }
    Ok(text)
}

fn push(letter: char, text: &mut String) {
    match letter {
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        ' '..='~' => text.push(letter),
        _ => {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                _ = write!(text, "\\u{unit:04X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_writes_is_read() {
        let text = b"#comment\nbrokerName=a\nurl = x=y \n\nnonsense\nempty=\n";
        let settings = read(text);
        let expected = [("brokerName", "a"), ("empty", ""), ("url", "x=y")];
        assert_eq!(
            settings,
            expected
                .map(|(name, value)| (name.into(), value.into()))
                .into()
        );
    }

    #[test]
    fn what_is_written_is_read_by_java() {
        let text = write(&[("a.b", "C:\\x = y"), ("c", " blank"), ("d", "é\u{1F600}\n")]).unwrap();
        assert_eq!(
            text,
            "a.b=C:\\\\x = y\nc=\\ blank\nd=\\u00E9\\uD83D\\uDE00\\n\n"
        );
        assert!(write(&[("a=b", "c")]).is_err());
        assert!(write(&[("", "c")]).is_err());
    }
}
