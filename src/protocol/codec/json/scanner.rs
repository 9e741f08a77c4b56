//! One pass over the bytes of a JSON header: no map, no string unless it was escaped.

use super::super::special::find_quote;
use super::super::view::Fields;
use super::super::{CodecError, FIELDS_MAX};
use crate::decimal;

/// How deep a value that is skipped may be nested.
const DEPTH_MAX: usize = 32;

/// Reads a header from its front to its end. What cannot be read is `None`, and [`error`](Self::error)
/// says why: so that what can be read stays in registers.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Where unescaped strings go; what has been used is split off its front.
    room: &'a mut [u8],
    error: Option<CodecError>,
}

/// A value of the header, as far as the header's reader wants to know.
pub(super) enum Value<'a> {
    Null,
    Text(&'a str),
    /// A number or boolean, or a whole array or object, as it was written.
    Raw(&'a str),
}

impl<'a> Value<'a> {
    pub(super) fn text(&self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Raw(text) => Some(text),
        }
    }

    pub(super) fn integer(&self) -> Option<i32> {
        let text = self.text()?;
        match decimal::parse_plain(text) {
            Some(value) => i32::try_from(value).ok(),
            None => text.trim().parse().ok(),
        }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, room: &'a mut [u8]) -> Self {
        Self {
            text,
            at: 0,
            room,
            error: None,
        }
    }

    /// Why something could not be read.
    pub(super) fn error(self) -> CodecError {
        self.error.unwrap_or(CodecError::Json {
            at: self.at,
            expected: "an object",
        })
    }

    #[cold]
    fn broken<T>(&mut self, expected: &'static str) -> Option<T> {
        self.error = Some(CodecError::Json {
            at: self.at,
            expected,
        });
        None
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> Option<&'a [u8]> {
        self.text.as_bytes().get(self.at..)
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn take(&mut self, wanted: u8, expected: &'static str) -> Option<()> {
        if self.byte() != Some(wanted) {
            self.skip_space();
            if self.byte() != Some(wanted) {
                return self.broken(expected);
            }
        }
        self.at += 1;
        Some(())
    }

    /// After a member: `true` when another follows, `false` when the object has ended.
    #[inline]
    pub(super) fn more_members(&mut self) -> Option<bool> {
        if self.byte() != Some(b',') {
            self.skip_space();
        }
        let more = match self.byte() {
            Some(b',') => true,
            Some(b'}') => false,
            _ => return self.broken("a comma or a closing brace"),
        };
        self.at += 1;
        Some(more)
    }

    /// After an opening brace: `true` when the object has members.
    pub(super) fn has_members(&mut self) -> bool {
        self.skip_space();
        let empty = self.byte() == Some(b'}');
        if empty {
            self.at += 1;
        }
        !empty
    }

    #[inline]
    pub(super) fn key(&mut self) -> Option<&'a str> {
        self.take(b'"', "a quoted name")?;
        let key = self.string()?;
        self.take(b':', "a colon")?;
        Some(key)
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Reads a string whose opening quote has been taken.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        // A letter or a digit: half of all strings in the headers of producers.
        if let Some([b'!' | b'#'..=b'[' | b']'..=b'~', b'"', ..]) = self.rest() {
            self.at += 2;
            return Some(self.slice(start, start + 1));
        }
        self.at = find_quote(self.text.as_bytes(), start);
        match self.byte() {
            Some(b'"') => {
                let text = self.slice(start, self.at);
                self.at += 1;
                Some(text)
            }
            Some(_) => self.escaped_string(start),
            None => self.broken("a closing quote"),
        }
    }

    /// Reads on from the first escape of a string, rewriting it into the room.
    fn escaped_string(&mut self, start: usize) -> Option<&'a str> {
        let mut length = self.append(0, start, self.at)?;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    if let Some(control) = self.control() {
                        length = self.push(length, &[control])?;
                        continue;
                    }
                    self.at += 1;
                    let character = self.escape()?;
                    let mut utf8 = [0; 4];
                    let encoded = character.encode_utf8(&mut utf8).as_bytes();
                    length = self.push(length, encoded)?;
                }
                Some(_) => {
                    let from = self.at;
                    self.at = find_quote(self.text.as_bytes(), from);
                    length = self.append(length, from, self.at)?;
                }
                None => return self.broken("a closing quote"),
            }
        }
        self.at += 1;
        let (used, rest) = std::mem::take(&mut self.room).split_at_mut(length);
        self.room = rest;
        if let Ok(text) = std::str::from_utf8(used) {
            return Some(text);
        }
        self.error = Some(CodecError::NotUtf8);
        None
    }

    /// Takes the escape of a control character, which is what separates properties.
    #[inline]
    fn control(&mut self) -> Option<u8> {
        let Some(
            [
                b'\\',
                b'u',
                b'0',
                b'0',
                high @ b'0'..=b'1',
                low @ b'0'..=b'9',
                ..,
            ],
        ) = self.rest()
        else {
            return None;
        };
        self.at += 6;
        Some((high - b'0') << 4 | (low - b'0'))
    }

    fn append(&mut self, length: usize, from: usize, to: usize) -> Option<usize> {
        self.push(length, self.text.as_bytes().get(from..to)?)
    }

    #[inline]
    fn push(&mut self, length: usize, piece: &[u8]) -> Option<usize> {
        let end = length + piece.len();
        if let Some(free) = self.room.get_mut(length..end) {
            free.copy_from_slice(piece);
            return Some(end);
        }
        self.broken("less text")
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Option<char> {
        let Some(byte) = self.byte() else {
            return self.broken("an escape");
        };
        self.at += 1;
        Some(match byte {
            b'u' => return self.unicode_escape(),
            b'"' | b'\\' | b'/' | b'\'' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return self.broken("an escape"),
        })
    }

    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.hex_unit()?;
        if !(0xD800..0xDC00).contains(&first) {
            // A lone low surrogate has no character; Java writes '?' for it in UTF-8.
            return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.slice(self.at, self.at + 2) != "\\u" {
            return Some(char::REPLACEMENT_CHARACTER);
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex_unit()?;
        if !(0xDC00..0xE000).contains(&second) {
            self.at = back;
            return Some(char::REPLACEMENT_CHARACTER);
        }
        let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        Some(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex_unit(&mut self) -> Option<u32> {
        let Some(digits) = self.rest().and_then(<[u8]>::first_chunk::<4>) else {
            return self.broken("four hexadecimal digits");
        };
        let mut unit = 0;
        for digit in digits {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => digit - b'A' + 10,
                _ => return self.broken("four hexadecimal digits"),
            };
            unit = unit << 4 | u32::from(value);
        }
        self.at += 4;
        Some(unit)
    }

    #[inline]
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        if self.byte() == Some(b'"') {
            self.at += 1;
            return self.string().map(Value::Text);
        }
        self.other_value()
    }

    fn other_value(&mut self) -> Option<Value<'a>> {
        self.skip_space();
        let start = self.at;
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                self.string().map(Value::Text)
            }
            Some(b'{' | b'[') => {
                self.skip_nested()?;
                Some(Value::Raw(self.slice(start, self.at)))
            }
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                while !matches!(
                    self.byte(),
                    Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') | None
                ) {
                    self.at += 1;
                }
                let word = self.slice(start, self.at);
                Some(if word == "null" {
                    Value::Null
                } else {
                    Value::Raw(word)
                })
            }
            _ => self.broken("a value"),
        }
    }

    /// Steps over an array or object, whatever it holds.
    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'{' | b'[' if depth == DEPTH_MAX => return self.broken("less nesting"),
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Some(()),
                b'}' | b']' => depth -= 1,
                b'"' => self.skip_string(),
                _ => {}
            }
        }
        self.broken("the end of a value")
    }

    fn skip_string(&mut self) {
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
    }

    /// Reads the header fields instead of those that are in `fields`.
    pub(super) fn fields(&mut self, fields: &mut Fields<'a>) -> Option<()> {
        fields.clear();
        self.skip_space();
        if self.byte() != Some(b'{') {
            // `null`, or something that is no object: no fields.
            return self.value().map(drop);
        }
        self.at += 1;
        let mut more = self.has_members();
        while more {
            let name = self.key()?;
            if let Some(value) = self.value()?.text()
                && !fields.push(name, value)
            {
                self.error = Some(CodecError::TooManyFields);
                return None;
            }
            more = self.more_members()?;
        }
        debug_assert!(fields.len() <= FIELDS_MAX, "push has a limit");
        Some(())
    }
}
