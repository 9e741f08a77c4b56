//! Java `.properties` files, as RocketMQ's servers are configured with, and how they are applied.
//!
//! Reads what `java.util.Properties` reads. Invariant: nothing in a file is passed over in silence:
//! an unknown key is a warning, a value that does not fit is an error, each with file and line.

use std::path::{Path, PathBuf};

use crate::error::{CommandError, codes};
use crate::suggest;

/// One `key=value` and the line on which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// A properties file that has been read.
#[derive(Debug, Clone)]
pub(crate) struct PropertiesFile {
    pub(crate) path: PathBuf,
    pub(crate) properties: Vec<Property>,
}

impl PropertiesFile {
    /// Reads a file: UTF-8, or else ISO 8859-1 as Java does.
    ///
    /// # Errors
    /// `file_not_found` and its like, `properties_invalid` for an escape that cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let bytes = std::fs::read(path)
            .map_err(|error| CommandError::io("read the properties file", path, &error))?;
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            error
                .as_bytes()
                .iter()
                .map(|&byte| char::from(byte))
                .collect()
        });
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, CommandError> {
        let mut properties = Vec::new();
        for (line, logical) in logical_lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            let (key, value) = split(&logical);
            let unescape = |part: &str| {
                unescape(part).map_err(|reason| {
                    invalid(path, line, &format!("{reason} in \"{}\"", part.trim()))
                })
            };
            properties.push(Property {
                key: unescape(key)?,
                value: unescape(value)?,
                line,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            properties,
        })
    }

    /// The value of a key: the last one, where it is given more than once.
    #[cfg(test)]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.properties
            .iter()
            .rev()
            .find(|property| property.key == key)
            .map(|property| property.value.as_str())
    }

    /// Hands every known key to `set`, in the file's order, and gives back the warnings.
    ///
    /// `set` gets the key and the value (without the white space that Java leaves at its end) and
    /// says what it expected if it cannot take it.
    ///
    /// # Errors
    /// `properties_invalid`, naming file, line, key, value and what is expected.
    pub(crate) fn apply<E: std::fmt::Display>(
        &self,
        known_keys: &[&str],
        mut set: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<Vec<String>, CommandError> {
        let mut warnings = Vec::new();
        for (at, property) in self.properties.iter().enumerate() {
            let Property { key, value, line } = property;
            let mut warn =
                |text: String| warnings.push(format!("{}:{line}: {text}", self.path.display()));
            if let Some(first) = self.properties[..at]
                .iter()
                .find(|earlier| earlier.key == *key)
            {
                warn(format!(
                    "{key} is set on line {} too; this one counts",
                    first.line
                ));
            }
            if !known_keys.contains(&key.as_str()) {
                let near = suggest::nearest(key, known_keys.iter().copied());
                let hint = near
                    .first()
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                warn(format!("unknown key {key}, ignored{hint}"));
                continue;
            }
            set(key, value.trim_end()).map_err(|expected| {
                invalid(&self.path, *line, &format!("{key}={value}: {expected}"))
                    .detail("key", key.as_str())
                    .detail("value", value.as_str())
            })?;
        }
        Ok(warnings)
    }
}

fn invalid(path: &Path, line: usize, reason: &str) -> CommandError {
    CommandError::new(
        &codes::PROPERTIES_INVALID,
        format!("{}:{line}: {reason}", path.display()),
    )
    .detail("file", path.display().to_string())
    .detail("line", line)
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
mod tests;
