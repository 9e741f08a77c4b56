//! JSON as RocketMQ peers write and read it.
//!
//! Java peers use fastjson, whose output is not always JSON: a map's keys are written as they are,
//! so that there are numbers (`{0:"…"}`) and whole objects (`{{"topic":"T"}:1}`) for keys. Peers in
//! other languages add habits of their own: numbers in strings, enums by number, line feeds at the
//! end. [`parse`] and [`from_slice`] read all of it; [`to_vec`] and [`to_vec_standard`] write what
//! a Java peer would write.
//!
//! A reference to something written earlier (`{"$ref":"$.path"}`) stays an object with one field.

mod lenient;
mod parser;
#[cfg(test)]
mod tests;
mod writer;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use parser::{JSON_DEPTH_MAX, JSON_LENGTH_MAX, parse};

/// Why bytes are not the JSON that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is longer than any body can be.
    #[error("JSON of {length} bytes, the limit is {max}")]
    TooLong {
        /// Length of the text in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// Objects and arrays lie too deep in each other.
    #[error("JSON is nested more than {max} deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// The text is not even what fastjson writes.
    #[error("JSON lacks {expected} at byte {at}")]
    Syntax {
        /// What should have been there.
        expected: &'static str,
        /// Where.
        at: usize,
    },
    /// A value is not what its field can hold.
    #[error("{path}: {message}")]
    Shape {
        /// Names of the fields that lead to the value, joined by dots; `$` for the whole.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

impl JsonError {
    fn shape(message: impl Into<String>) -> Self {
        Self::Shape {
            path: String::from("$"),
            message: message.into(),
        }
    }

    /// The same error, seen from one level further out.
    fn within(self, field: &str) -> Self {
        match self {
            Self::Shape { path, message } => {
                let path = if path == "$" {
                    field.to_owned()
                } else {
                    format!("{field}.{path}")
                };
                Self::Shape { path, message }
            }
            other => other,
        }
    }
}

impl serde::de::Error for JsonError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::shape(message.to_string())
    }
}

impl serde::ser::Error for JsonError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::shape(message.to_string())
    }
}

/// Reads a value from any form of JSON that a peer may write.
///
/// Numbers, booleans and texts stand in for each other; an enum may be its name or its number; a
/// field that is `null` is a field that is missing.
///
/// # Errors
/// [`JsonError`] says what cannot be read, and where.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    from_value(parse(text)?)
}

/// Reads a value from JSON that is parsed already, as [`from_slice`] does.
///
/// # Errors
/// [`JsonError::Shape`] says what cannot be read, and where.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    T::deserialize(lenient::Lenient::new(value))
}

/// Writes a value as fastjson does by default: fields that are nothing are left out, and the keys
/// of a map are written as they are.
///
/// # Errors
/// [`JsonError::Shape`] if the value itself refuses to be written; those of this crate do not.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    writer::write(value, writer::Style::Fastjson)
}

/// Writes a value as fastjson does for browsers: standard JSON, all ASCII, with every key quoted
/// and integers that a double cannot hold as text.
///
/// # Errors
/// [`JsonError::Shape`] if the value itself refuses to be written; those of this crate do not.
pub fn to_vec_standard<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    writer::write(value, writer::Style::Standard)
}
