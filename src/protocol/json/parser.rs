//! Text to values: a recursive descent that forgives what fastjson forgives.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::JsonError;

/// Longest text that is read, in bytes.
pub const JSON_LENGTH_MAX: usize = 64 * 1024 * 1024;
/// How deep objects and arrays may lie in each other.
pub const JSON_DEPTH_MAX: usize = 64;

/// Reads one value; only white space and zero bytes may follow it.
///
/// An object that stands for a key becomes its compact text.
///
/// # Errors
/// [`JsonError`] says what is missing, and where.
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    if text.len() > JSON_LENGTH_MAX {
        return Err(JsonError::TooLong {
            length: text.len(),
            max: JSON_LENGTH_MAX,
        });
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    let mut parser = Parser {
        text: &text,
        at: 0,
        depth: 0,
    };
    parser.skip("\u{feff}");
    let value = parser.value()?;
    parser.skip_white_space();
    while parser.skip("\0") {}
    if parser.at < text.len() {
        return Err(parser.lacks("the end"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(quote @ (b'"' | b'\'')) => self.string(quote).map(Value::String),
            _ => self.bare_value(),
        }
    }

    /// Reads an object or array, unless it lies too deep.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(JsonError::TooDeep {
                max: JSON_DEPTH_MAX,
            });
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut members = Map::new();
        self.at += 1;
        loop {
            self.skip_white_space();
            if self.skip("}") {
                return Ok(Value::Object(members));
            }
            let key = self.key()?;
            self.skip_white_space();
            if !self.skip(":") {
                return Err(self.lacks("a colon"));
            }
            let value = self.value()?;
            members.insert(key, value);
            self.skip_white_space();
            if !self.skip(",") && self.peek() != Some(b'}') {
                return Err(self.lacks("a comma or closing brace"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip_white_space();
            if self.skip("]") {
                return Ok(Value::Array(items));
            }
            items.push(self.value()?);
            self.skip_white_space();
            if !self.skip(",") && self.peek() != Some(b']') {
                return Err(self.lacks("a comma or closing bracket"));
            }
        }
    }

    fn key(&mut self) -> Result<String, JsonError> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote),
            Some(b'{' | b'[') => self.value().map(|key| key.to_string()),
            _ => match self.bare_word() {
                "" => Err(self.lacks("a key")),
                word => Ok(word.to_owned()),
            },
        }
    }

    fn bare_value(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let value = match self.bare_word() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" | "undefined" | "NaN" => Some(Value::Null),
            word => number(word).map(Value::Number),
        };
        value.ok_or(JsonError::Syntax {
            expected: "a value",
            at: start,
        })
    }

    /// What stands there without quotes, up to the next sign that has a meaning.
    fn bare_word(&mut self) -> &'a str {
        let rest = self.rest();
        let is_end = |sign: char| sign.is_ascii_whitespace() || ":,{}[]\"'\0".contains(sign);
        let length = rest.find(is_end).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn string(&mut self, quote: u8) -> Result<String, JsonError> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let run = memchr::memchr2(quote, b'\\', rest.as_bytes());
            let Some(run) = run else {
                return Err(self.lacks("a closing quote"));
            };
            text.push_str(rest.get(..run).unwrap_or_default());
            self.at += run + 1;
            if rest.as_bytes().get(run) == Some(&quote) {
                return Ok(text);
            }
            text.push(self.escape()?);
        }
    }

    /// The character that is written after a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(sign) = self.rest().chars().next() else {
            return Err(self.lacks("an escaped character"));
        };
        self.at += sign.len_utf8();
        let character = match sign {
            '"' | '\'' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0'..='7' => char::from(u8::try_from(u32::from(sign) - u32::from('0')).unwrap_or(0)),
            'x' => self
                .hex(2)
                .and_then(char::from_u32)
                .ok_or_else(|| self.lacks("two digits"))?,
            'u' => self.unicode_escape()?,
            _ => return Err(self.lacks("a known escape")),
        };
        Ok(character)
    }

    /// A `\u` escape, or two that make a surrogate pair; half a pair becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.hex(4).ok_or_else(|| self.lacks("four digits"))?;
        if let Some(character) = char::from_u32(high) {
            return Ok(character);
        }
        let after_high = self.at;
        let low = if self.skip("\\u") { self.hex(4) } else { None };
        if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (high, low) {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = after_high;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let word = self.rest().get(..digits)?;
        if !word.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        u32::from_str_radix(word, 16).ok()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, sign: &str) -> bool {
        let is_there = self.rest().starts_with(sign);
        if is_there {
            self.at += sign.len();
        }
        is_there
    }

    fn skip_white_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    const fn lacks(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax {
            expected,
            at: self.at,
        }
    }
}

/// A number; integers that 64 bits cannot hold become doubles.
fn number(word: &str) -> Option<Number> {
    let is_number = word
        .trim_start_matches(['-', '+', '.'])
        .starts_with(|c: char| c.is_ascii_digit());
    if !is_number {
        return None;
    }
    let signed = word.parse::<i64>().ok().map(Number::from);
    let unsigned = || word.parse::<u64>().ok().map(Number::from);
    let double = || word.parse::<f64>().ok().and_then(Number::from_f64);
    signed.or_else(unsigned).or_else(double)
}
