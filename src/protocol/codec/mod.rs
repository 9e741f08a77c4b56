//! Both header serialisations, read without copying and written without intermediate values.
//!
//! [`CommandView`] borrows everything from the frame it was read from; only JSON strings with escapes
//! are rewritten, into a [`HeaderScratch`] that the connection keeps. [`FieldSink`] and [`FieldSource`]
//! are what typed headers are written to and read from, whatever the serialisation.

mod binary;
mod json;
mod special;
mod view;

pub use view::{CommandView, HeaderScratch};

use crate::frame::{self, HEADER_LENGTH_MAX, PREFIX_LENGTH};
use crate::language::LanguageCode;
use thiserror::Error;

/// The most header fields that one command may carry. RocketMQ's largest header has 21.
pub const FIELDS_MAX: usize = 512;

/// Bit of the flag word: this is a response.
pub const FLAG_RESPONSE: i32 = 1;
/// Bit of the flag word: nobody waits for a response.
pub const FLAG_ONEWAY: i32 = 2;

/// How a header is serialised (RocketMQ `SerializeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SerializeType {
    /// A JSON object; every client reads it.
    #[default]
    Json,
    /// RocketMQ's own binary layout. Codes above 32767 do not fit it.
    RocketMq,
}

impl SerializeType {
    /// The byte that announces it on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Json => 0,
            Self::RocketMq => 1,
        }
    }

    /// The serialisation that this byte announces.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Json),
            1 => Some(Self::RocketMq),
            _ => None,
        }
    }
}

/// Why a header can't be read. The connection is closed, as RocketMQ does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A JSON header is not a JSON object.
    #[error("the JSON header is broken at byte {at}: {expected} expected")]
    Json {
        /// Bytes from the start of the header.
        at: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// Text in the header is not UTF-8.
    #[error("the header is not UTF-8")]
    NotUtf8,
    /// A binary header ends inside a field.
    #[error("the binary header ends inside its {0}")]
    Truncated(&'static str),
    /// More fields than [`FIELDS_MAX`].
    #[error("the header has more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// The header has no request or response code.
    #[error("the header has no code")]
    NoCode,
}

/// Why a typed header can't be made of a command's fields.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A field that must be there is not.
    #[error("the request has no field {0}")]
    Missing(&'static str),
    /// A field does not hold what it should.
    #[error("the field {name} holds \"{value}\", not {expected}")]
    Invalid {
        /// The field's name on the wire.
        name: &'static str,
        /// What it holds, cut to a readable length.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

/// Where a typed header finds its fields.
pub trait FieldSource {
    /// The value of a field, or `None` when it is absent, null or (in binary headers) empty.
    fn field(&self, name: &str) -> Option<&str>;
}

/// Where a typed header writes its fields, as text in either serialisation.
pub trait FieldSink {
    /// Writes a text field.
    fn text(&mut self, name: &str, value: &str);

    /// Writes a number, as RocketMQ does: in decimal digits, as text.
    fn integer(&mut self, name: &str, value: i64) {
        self.text(name, itoa::Buffer::new().format(value));
    }

    /// Writes `true` or `false`.
    fn boolean(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }
}

/// A typed header that can be written into a command.
pub trait WriteHeader {
    /// Writes every field that has a value.
    fn write(&self, sink: &mut impl FieldSink);
}

/// A typed header that can be read from a command's fields.
pub trait ReadHeader: Sized {
    /// Reads the fields.
    ///
    /// # Errors
    /// A required field is missing, or a field does not hold what it should.
    fn read(fields: &impl FieldSource) -> Result<Self, HeaderError>;
}

/// The fixed part of a command, for writing.
#[derive(Debug, Clone, Copy)]
pub struct CommandMeta<'a> {
    /// How to serialise the header; a code that does not fit the binary form is written as JSON.
    pub serialize_type: SerializeType,
    /// Request or response code.
    pub code: i32,
    /// The writer's language.
    pub language: LanguageCode,
    /// The writer's version.
    pub version: i32,
    /// Correlates a response with its request.
    pub opaque: i32,
    /// [`FLAG_RESPONSE`] and [`FLAG_ONEWAY`].
    pub flag: i32,
    /// Text for people, usually of an error.
    pub remark: Option<&'a str>,
}

/// Appends one frame up to its body: prefix, fixed fields, `header`'s fields.
///
/// The caller appends exactly `body_length` bytes of body afterwards; with none, the frame is whole.
/// Writes straight into `out`: no map, no string, no second buffer.
pub fn write_frame(
    out: &mut Vec<u8>,
    meta: &CommandMeta<'_>,
    header: &impl WriteHeader,
    body_length: usize,
) {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX_LENGTH]);
    let serialize_type = match i16::try_from(meta.code) {
        Ok(code) if meta.serialize_type == SerializeType::RocketMq => {
            binary::write(out, code, meta, header);
            SerializeType::RocketMq
        }
        Ok(_) | Err(_) => {
            json::write(out, meta, header);
            SerializeType::Json
        }
    };
    let header_length = out.len() - start - PREFIX_LENGTH;
    debug_assert!(
        header_length <= HEADER_LENGTH_MAX,
        "our own headers are small"
    );
    frame::patch_prefix(out, start, serialize_type, header_length, body_length);
}

/// Declares an enum of numbered codes with names.
macro_rules! code_table {
    ($(#[$meta:meta])* $table:ident { $($variant:ident = $code:literal $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum $table {
            $(#[doc = concat!("`", $name, "`, ", $code)] $variant = $code,)+
        }

        impl $table {
            /// Every code that RocketMQ defines.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> i32 {
                self as i32
            }

            /// The code with this number, if RocketMQ defines one.
            #[must_use]
            pub const fn from_code(code: i32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// RocketMQ's own name for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// `NAME` or, for a number that RocketMQ does not define, the number itself.
            #[must_use]
            pub fn name_of(code: i32) -> String {
                Self::from_code(code).map_or_else(|| code.to_string(), |known| known.name().to_owned())
            }
        }

        impl std::fmt::Display for $table {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}
pub(crate) use code_table;

#[cfg(test)]
mod tests;
