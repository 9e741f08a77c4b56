//! Rust types to text, as fastjson writes it.

use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::JsonError;

/// Which of fastjson's two ways to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The default: a map's keys are written as they are, numbers and objects included.
    Fastjson,
    /// For browsers: every key quoted, all ASCII, large integers as text.
    Standard,
}

/// Largest integer that fastjson still writes as a number for browsers.
const BROWSER_INTEGER_MAX: u64 = 9_007_199_254_740_991;

const NULL: &str = "null";

pub(super) fn write<T: Serialize + ?Sized>(value: &T, style: Style) -> Result<Vec<u8>, JsonError> {
    let mut writer = Writer {
        text: String::new(),
        style,
    };
    value.serialize(&mut writer)?;
    Ok(writer.text.into_bytes())
}

struct Writer {
    text: String,
    style: Style,
}

impl Writer {
    fn display(&mut self, value: impl std::fmt::Display) {
        // writing to a String cannot fail
        let _infallible = write!(self.text, "{value}");
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                    self.unicode_escape(character);
                }
                _ if self.style == Style::Standard && !character.is_ascii() => {
                    self.unicode_escape(character);
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    fn unicode_escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(self.text, "\\u{unit:04X}");
        }
    }

    fn integer(&mut self, magnitude: u64, value: impl std::fmt::Display) {
        if self.style == Style::Standard && magnitude > BROWSER_INTEGER_MAX {
            self.string(&value.to_string());
        } else {
            self.display(value);
        }
    }

    fn open(&mut self, bracket: char) -> Compound<'_> {
        self.text.push(bracket);
        Compound {
            is_first: true,
            entry_at: self.text.len(),
            writer: self,
        }
    }

    /// A variant with content: an object whose one key is the variant's name.
    fn open_variant(&mut self, variant: &str, bracket: char) -> Compound<'_> {
        self.text.push('{');
        self.string(variant);
        self.text.push(':');
        self.open(bracket)
    }
}

/// An object or array that is being written.
struct Compound<'w> {
    writer: &'w mut Writer,
    is_first: bool,
    /// Where the entry begins that is being written, its comma included.
    entry_at: usize,
}

impl Compound<'_> {
    fn begin_entry(&mut self) {
        self.entry_at = self.writer.text.len();
        if !self.is_first {
            self.writer.text.push(',');
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.begin_entry();
        let key_at = self.writer.text.len();
        key.serialize(&mut *self.writer)?;
        let is_quoted = self
            .writer
            .text
            .get(key_at..)
            .is_some_and(|key| key.starts_with('"'));
        if self.writer.style == Style::Standard && !is_quoted {
            let key = self.writer.text.split_off(key_at);
            self.writer.string(&key);
        }
        self.writer.text.push(':');
        Ok(())
    }

    /// Writes the value of a key, or takes the key back where the value is nothing.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let value_at = self.writer.text.len();
        value.serialize(&mut *self.writer)?;
        if self.writer.text.get(value_at..) == Some(NULL) {
            self.writer.text.truncate(self.entry_at);
        } else {
            self.is_first = false;
        }
        Ok(())
    }

    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), JsonError> {
        self.begin_entry();
        self.is_first = false;
        item.serialize(&mut *self.writer)
    }

    fn close(self, brackets: &str) {
        self.writer.text.push_str(brackets);
    }
}

macro_rules! signed {
    ($($method:ident $type:ty)+) => {
        $(fn $method(self, value: $type) -> Result<(), JsonError> {
            self.integer(i64::from(value).unsigned_abs(), value);
            Ok(())
        })+
    };
}

macro_rules! unsigned {
    ($($method:ident $type:ty)+) => {
        $(fn $method(self, value: $type) -> Result<(), JsonError> {
            self.integer(u64::from(value), value);
            Ok(())
        })+
    };
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Compound<'w>;
    type SerializeTuple = Compound<'w>;
    type SerializeTupleStruct = Compound<'w>;
    type SerializeTupleVariant = Compound<'w>;
    type SerializeMap = Compound<'w>;
    type SerializeStruct = Compound<'w>;
    type SerializeStructVariant = Compound<'w>;

    signed! { serialize_i8 i8 serialize_i16 i16 serialize_i32 i32 serialize_i64 i64 }
    unsigned! { serialize_u8 u8 serialize_u16 u16 serialize_u32 u32 serialize_u64 u64 }

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.display(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), JsonError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), JsonError> {
        if value.is_finite() {
            let _infallible = write!(self.text, "{value:?}"); // `1.0`, where Display has `1`
        } else {
            self.text.push_str(NULL);
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), JsonError> {
        self.string(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), JsonError> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), JsonError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.text.push_str(NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), JsonError> {
        self.text.push_str("{}");
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.string(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        let mut object = self.open('{');
        object.key(variant)?;
        value.serialize(&mut *object.writer)?;
        object.close("}");
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Compound<'w>, JsonError> {
        Ok(self.open('['))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Compound<'w>, JsonError> {
        Ok(self.open('['))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Compound<'w>, JsonError> {
        Ok(self.open('['))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'w>, JsonError> {
        Ok(self.open_variant(variant, '['))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Compound<'w>, JsonError> {
        Ok(self.open('{'))
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Compound<'w>, JsonError> {
        Ok(self.open('{'))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'w>, JsonError> {
        Ok(self.open_variant(variant, '{'))
    }
}

macro_rules! items {
    ($($trait:ident $method:ident $brackets:literal)+) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), JsonError> {
                self.item(item)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close($brackets);
                Ok(())
            }
        })+
    };
}

items! {
    SerializeSeq serialize_element "]"
    SerializeTuple serialize_element "]"
    SerializeTupleStruct serialize_field "]"
    SerializeTupleVariant serialize_field "]}"
}

macro_rules! fields {
    ($($trait:ident $brackets:literal)+) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), JsonError> {
                self.key(key)?;
                self.value(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close($brackets);
                Ok(())
            }
        })+
    };
}

fields! { SerializeStruct "}" SerializeStructVariant "}}" }

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.value(value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.close("}");
        Ok(())
    }
}
