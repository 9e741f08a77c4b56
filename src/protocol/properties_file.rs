//! Java `.properties` files: what `java.util.Properties` reads and writes.
//!
//! Servers are configured with them, and send and take their settings in this form.
//! Invariant: [`parse`] gives back what [`write_entry`] wrote.

use std::borrow::Cow;

/// One `key=value` and the line on which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The key, unescaped.
    pub key: String,
    /// The value, unescaped; white space at its end belongs to it, as in Java.
    pub value: String,
    /// The line.
    pub line: usize,
}

/// An escape that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PropertiesError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, with the text it is in.
    pub reason: String,
}

/// The text of a file: UTF-8, or else ISO 8859-1 as Java does.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into(),
    }
}

/// Reads the entries of a text in their order; one that stands there twice comes twice.
///
/// # Errors
/// [`PropertiesError`] for a `\\u` without its four digits, or half of a pair of them.
pub fn parse(text: &str) -> Result<Vec<Property>, PropertiesError> {
    let mut properties = Vec::new();
    for (line, logical) in logical_lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (key, value) = split(&logical);
        let unescape = |part: &str| {
            unescape(part).map_err(|reason| PropertiesError {
                line,
                reason: format!("{reason} in \"{}\"", part.trim()),
            })
        };
        properties.push(Property {
            key: unescape(key)?,
            value: unescape(value)?,
            line,
        });
    }
    Ok(properties)
}

/// Appends an entry as one line that [`parse`] and Java read back as it was.
pub fn write_entry(text: &mut String, key: &str, value: &str) {
    for (at, character) in key.chars().enumerate() {
        match character {
            ' ' | '=' | ':' => text.extend(['\\', character]),
            '#' | '!' if at == 0 => text.extend(['\\', character]),
            _ => write_character(text, character),
        }
    }
    text.push('=');
    for (at, character) in value.chars().enumerate() {
        match character {
            ' ' if at == 0 => text.push_str("\\ "),
            _ => write_character(text, character),
        }
    }
    text.push('\n');
}

fn write_character(text: &mut String, character: char) {
    match character {
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\u{c}' => text.push_str("\\f"),
        '\u{feff}' => text.push_str("\\uFEFF"),
        _ => text.push(character),
    }
}

/// Space, tab and form feed: Java's idea of white space here.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Lines without comments and empty ones, with their continuations joined.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut natural = text.split('\n').enumerate();
    while let Some((at, line)) = natural.next() {
        let line = line.trim_start_matches(is_space);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        while ends_in_continuation(&logical) {
            logical.pop();
            let Some((_, next)) = natural.next() else {
                break;
            };
            logical.push_str(next.trim_start_matches(is_space));
        }
        lines.push((at + 1, logical));
    }
    lines
}

/// Whether the line ends in a backslash that is not itself escaped.
fn ends_in_continuation(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// Key and value, both still escaped: the first `=`, `:` or white space that is not escaped parts
/// them.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|&(_, c)| {
        let ends = !escaped && (is_space(c) || c == '=' || c == ':');
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else {
        return (line, "");
    };
    let rest = line[end..].trim_start_matches(is_space);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start_matches(is_space))
}

/// Resolves `\n`, `\t`, `\uXXXX` and escaped characters.
fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    // By UTF-16 units: `\uD83D\uDE00` is one character in two escapes.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let c = match c {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    let is_hex =
                        digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| is_hex);
                    units.push(unit.ok_or("\\u needs four hexadecimal digits")?);
                    continue;
                }
                Some(other) => other,
                None => continue,
            },
            plain => plain,
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).map_err(|_| "half of a \\u pair is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, usize)]) {
        let properties = parse(text).unwrap();
        let found: Vec<_> = properties
            .iter()
            .map(|p| (p.key.as_str(), p.value.as_str(), p.line))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_forms_of_a_line() {
        check(
            "# comment\n! too\n\n  a=1\nb : 2\nc 3\nd\ne=\n f = x y  \n",
            &[
                ("a", "1", 4),
                ("b", "2", 5),
                ("c", "3", 6),
                ("d", "", 7),
                ("e", "", 8),
                ("f", "x y  ", 9),
            ],
        );
        check(
            "a==b\nc:=d\n=e",
            &[("a", "=b", 1), ("c", "=d", 2), ("", "e", 3)],
        );
        check(
            "a=1\r\nb=2\rc=3",
            &[("a", "1", 1), ("b", "2", 2), ("c", "3", 3)],
        );
        check("\u{feff}a=1", &[("a", "1", 1)]);
        check("", &[]);
    }

    #[test]
    fn lines_continue_behind_a_backslash() {
        check(
            "namesrvAddr=127.0.0.1:9876;\\\n    127.0.0.1:9877\nx=a\\\\\ny=b\\",
            &[
                ("namesrvAddr", "127.0.0.1:9876;127.0.0.1:9877", 1),
                ("x", "a\\", 3),
                ("y", "b", 4),
            ],
        );
        check(
            "a=\\\n# not a comment\nb=1",
            &[("a", "# not a comment", 1), ("b", "1", 3)],
        );
    }

    #[test]
    fn escapes_are_resolved() {
        check("a\\=b\\ c=1\\t2\\q", &[("a=b c", "1\t2q", 1)]);
        check("a=\\u8ba2\\u5355 \\uD83D\\uDE00", &[("a", "订单 😀", 1)]);
        for wrong in ["a=\\u12", "a=\\u+123", "a=\\uD83D x"] {
            assert_eq!(parse(wrong).unwrap_err().line, 1, "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [
            "",
            "plain",
            " a b ",
            "a=b",
            "#a",
            "!",
            "back\\slash",
            "two\nlines\r",
            "\t\u{c}",
            "\u{feff}",
            "é😀",
            ":",
        ];
        for key in texts {
            for value in texts {
                let mut text = String::new();
                write_entry(&mut text, key, value);
                assert_eq!(text.lines().count(), 1);
                check(&text, &[(key, value, 1)]);
            }
        }
    }

    #[test]
    fn a_text_that_is_not_utf_8_is_latin_1() {
        assert_eq!(decode(b"a=caf\xe9"), "a=café");
        assert_eq!(decode("a=café".as_bytes()), "a=café");
    }
}
