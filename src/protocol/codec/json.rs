//! The JSON header: one pass over its bytes, no map, no string unless it was escaped.
//!
//! Clients of other makers differ from Java's: numbers and booleans as field values, numbers as text
//! where numbers belong, `null` fields, absent parts, a line feed at the end. All of it is read.

use super::view::Fields;
use super::{CodecError, CommandMeta, CommandView, FieldSink, SerializeType, WriteHeader};
use crate::language::LanguageCode;

/// How deep a value that is skipped may be nested.
const DEPTH_MAX: usize = 32;

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Where unescaped strings go; what has been used is split off its front.
    room: &'a mut [u8],
}

/// A value of the header, as far as the header's reader wants to know.
enum Value<'a> {
    Null,
    Text(&'a str),
    /// A number or boolean, or a whole array or object, as it was written.
    Raw(&'a str),
}

impl<'a> Value<'a> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Raw(text) => Some(text),
        }
    }

    fn integer(&self) -> Option<i32> {
        self.text()?.trim().parse().ok()
    }
}

impl<'a> Scanner<'a> {
    fn broken<T>(&self, expected: &'static str) -> Result<T, CodecError> {
        Err(CodecError::Json {
            at: self.at,
            expected,
        })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8, expected: &'static str) -> Result<(), CodecError> {
        self.skip_space();
        if self.byte() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            self.broken(expected)
        }
    }

    /// After a member: `true` when another follows, `false` when the object has ended.
    fn more_members(&mut self) -> Result<bool, CodecError> {
        self.skip_space();
        let more = match self.byte() {
            Some(b',') => true,
            Some(b'}') => false,
            _ => return self.broken("a comma or a closing brace"),
        };
        self.at += 1;
        Ok(more)
    }

    /// After an opening brace: `true` when the object has members.
    fn has_members(&mut self) -> bool {
        self.skip_space();
        let empty = self.byte() == Some(b'}');
        if empty {
            self.at += 1;
        }
        !empty
    }

    fn key(&mut self) -> Result<&'a str, CodecError> {
        self.take(b'"', "a quoted name")?;
        let key = self.string()?;
        self.take(b':', "a colon")?;
        Ok(key)
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Reads a string whose opening quote has been taken.
    fn string(&mut self) -> Result<&'a str, CodecError> {
        let start = self.at;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    let text = self.slice(start, self.at);
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => return self.escaped_string(start),
                _ => self.at += 1,
            }
        }
        self.broken("a closing quote")
    }

    /// Reads on from the first escape of a string, rewriting it into the room.
    fn escaped_string(&mut self, start: usize) -> Result<&'a str, CodecError> {
        let mut length = self.append(0, start, self.at)?;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    let character = self.escape()?;
                    let mut utf8 = [0; 4];
                    let encoded = character.encode_utf8(&mut utf8).as_bytes();
                    let Some(free) = self.room.get_mut(length..length + encoded.len()) else {
                        return self.broken("less text");
                    };
                    free.copy_from_slice(encoded);
                    length += encoded.len();
                }
                Some(_) => {
                    let from = self.at;
                    while !matches!(self.byte(), Some(b'"' | b'\\') | None) {
                        self.at += 1;
                    }
                    length = self.append(length, from, self.at)?;
                }
                None => return self.broken("a closing quote"),
            }
        }
        self.at += 1;
        let (used, rest) = std::mem::take(&mut self.room).split_at_mut(length);
        self.room = rest;
        std::str::from_utf8(used).map_err(|_| CodecError::NotUtf8)
    }

    fn append(&mut self, length: usize, from: usize, to: usize) -> Result<usize, CodecError> {
        let piece = self.slice(from, to).as_bytes();
        let end = length + piece.len();
        let Some(free) = self.room.get_mut(length..end) else {
            return self.broken("less text");
        };
        free.copy_from_slice(piece);
        Ok(end)
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, CodecError> {
        let Some(byte) = self.byte() else {
            return self.broken("an escape");
        };
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' | b'\'' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return self.broken("an escape"),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, CodecError> {
        let first = self.hex_unit()?;
        if !(0xD800..0xDC00).contains(&first) {
            // A lone low surrogate has no character; Java writes '?' for it in UTF-8.
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.slice(self.at, self.at + 2) != "\\u" {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex_unit()?;
        if !(0xDC00..0xE000).contains(&second) {
            self.at = back;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex_unit(&mut self) -> Result<u32, CodecError> {
        let digits = self.slice(self.at, self.at + 4);
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return self.broken("four hexadecimal digits");
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).or_else(|_| self.broken("four hexadecimal digits"))
    }

    fn value(&mut self) -> Result<Value<'a>, CodecError> {
        self.skip_space();
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                self.string().map(Value::Text)
            }
            Some(b'{' | b'[') => {
                let start = self.at;
                self.skip_nested()?;
                Ok(Value::Raw(self.slice(start, self.at)))
            }
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                let start = self.at;
                while !matches!(
                    self.byte(),
                    Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') | None
                ) {
                    self.at += 1;
                }
                let word = self.slice(start, self.at);
                Ok(if word == "null" {
                    Value::Null
                } else {
                    Value::Raw(word)
                })
            }
            _ => self.broken("a value"),
        }
    }

    /// Steps over an array or object, whatever it holds.
    fn skip_nested(&mut self) -> Result<(), CodecError> {
        let mut depth = 0;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'{' | b'[' if depth == DEPTH_MAX => return self.broken("less nesting"),
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Ok(()),
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

    fn fields(&mut self) -> Result<Fields<'a>, CodecError> {
        let mut fields = Fields::default();
        self.skip_space();
        if self.byte() != Some(b'{') {
            // `null`, or something that is no object: no fields.
            self.value()?;
            return Ok(fields);
        }
        self.at += 1;
        let mut more = self.has_members();
        while more {
            let name = self.key()?;
            if let Some(value) = self.value()?.text() {
                fields.push(name, value)?;
            }
            more = self.more_members()?;
        }
        Ok(fields)
    }
}

pub(super) fn read<'a>(
    header: &'a [u8],
    body: &'a [u8],
    room: &'a mut [u8],
) -> Result<CommandView<'a>, CodecError> {
    let text = std::str::from_utf8(header).map_err(|_| CodecError::NotUtf8)?;
    let mut scanner = Scanner { text, at: 0, room };
    let mut code = None;
    let mut view = CommandView {
        serialize_type: SerializeType::Json,
        code: 0,
        language: LanguageCode::default(),
        version: 0,
        opaque: 0,
        flag: 0,
        remark: None,
        fields: Fields::default(),
        body,
    };
    scanner.take(b'{', "an object")?;
    let mut more = scanner.has_members();
    while more {
        match scanner.key()? {
            "code" => code = scanner.value()?.integer(),
            "language" => {
                let language = scanner.value()?.text().and_then(LanguageCode::from_text);
                view.language = language.unwrap_or_default();
            }
            "version" => view.version = scanner.value()?.integer().unwrap_or_default(),
            "opaque" => view.opaque = scanner.value()?.integer().unwrap_or_default(),
            "flag" => view.flag = scanner.value()?.integer().unwrap_or_default(),
            "remark" => view.remark = scanner.value()?.text().filter(|remark| !remark.is_empty()),
            "extFields" => view.fields = scanner.fields()?,
            _ => _ = scanner.value()?,
        }
        more = scanner.more_members()?;
    }
    view.code = code.ok_or(CodecError::NoCode)?;
    Ok(view)
}

pub(super) fn write(out: &mut Vec<u8>, meta: &CommandMeta<'_>, header: &impl WriteHeader) {
    out.extend_from_slice(b"{\"code\":");
    write_integer(out, meta.code);
    // Always an object: Java's client reads the fields of a send response without asking.
    out.extend_from_slice(b",\"extFields\":{");
    let mut sink = JsonSink { out, first: true };
    header.write(&mut sink);
    out.extend_from_slice(b"},\"flag\":");
    write_integer(out, meta.flag);
    out.extend_from_slice(b",\"language\":\"");
    out.extend_from_slice(meta.language.name().as_bytes());
    out.extend_from_slice(b"\",\"opaque\":");
    write_integer(out, meta.opaque);
    if let Some(remark) = meta.remark {
        out.extend_from_slice(b",\"remark\":");
        write_string(out, remark);
    }
    out.extend_from_slice(b",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
    write_integer(out, meta.version);
    out.push(b'}');
}

struct JsonSink<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl JsonSink<'_> {
    fn name(&mut self, name: &str) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        // Field names are ours: letters, digits and underscores.
        write_string(self.out, name);
        self.out.push(b':');
    }
}

impl FieldSink for JsonSink<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_string(self.out, value);
    }
}

fn write_integer(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a quoted string, escaping what JSON wants escaped.
fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = tail.split_first() else {
            break;
        };
        write_escape(out, *byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x8 => b'b',
        0xC => b'f',
        _ => {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 0xF));
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[DIGITS[high], DIGITS[low]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
