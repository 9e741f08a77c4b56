//! One typed header for each request and response, in files by what they are about.
//!
//! All values travel as text. A field of a plain type (`String`, `i32`, ...) must be there when the
//! header is read; an `Option` may be absent and is then not written either. The two headers of the
//! hot path, [`SendMessageRequestHeader`] and [`PullMessageRequestHeader`], borrow their text.

mod broker;
mod client;
mod group;
mod namesrv;
mod offset;
mod pop;
mod pull_message;
mod query;
mod send;
mod send_message;
mod topic;

pub use broker::*;
pub use client::*;
pub use group::*;
pub use namesrv::*;
pub use offset::*;
pub use pop::*;
pub use pull_message::{PullMessageRequestHeader, PullMessageResponseHeader, pull_sys_flag};
pub use query::*;
pub use send::*;
pub use send_message::SendMessageRequestHeader;
pub use topic::*;

use crate::codec::{FieldSink, FieldSource, HeaderError, ReadHeader, WriteHeader};
use crate::decimal;

/// A header without fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoHeader;

impl WriteHeader for NoHeader {
    fn write(&self, _: &mut impl FieldSink) {}
}

impl ReadHeader for NoHeader {
    fn read(_: &impl FieldSource) -> Result<Self, HeaderError> {
        Ok(Self)
    }
}

/// A type that a header field may have.
trait FieldValue: Sized {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError>;
    fn write(&self, name: &str, sink: &mut impl FieldSink);
}

/// How much of a wrong value an error repeats.
const VALUE_SHOWN_MAX: usize = 64;

fn invalid(name: &'static str, value: &str, expected: &'static str) -> HeaderError {
    HeaderError::Invalid {
        name,
        value: value.chars().take(VALUE_SHOWN_MAX).collect(),
        expected,
    }
}

fn required<'a>(name: &'static str, value: Option<&'a str>) -> Result<&'a str, HeaderError> {
    value.ok_or(HeaderError::Missing(name))
}

fn integer<T: std::str::FromStr + TryFrom<i64>>(
    name: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<T, HeaderError> {
    let plain = decimal::parse_plain(value).and_then(|plain| T::try_from(plain).ok());
    match plain {
        Some(plain) => Ok(plain),
        None => value
            .trim()
            .parse()
            .map_err(|_| invalid(name, value, expected)),
    }
}

/// Java's `Boolean.parseBoolean`, and the `1` of old C++ clients.
fn boolean(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value == "1"
}

impl FieldValue for String {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError> {
        required(name, value).map(str::to_owned)
    }

    fn write(&self, name: &str, sink: &mut impl FieldSink) {
        sink.text(name, self);
    }
}

impl FieldValue for i32 {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError> {
        integer(name, required(name, value)?, "a 32-bit number")
    }

    fn write(&self, name: &str, sink: &mut impl FieldSink) {
        sink.integer(name, i64::from(*self));
    }
}

impl FieldValue for i64 {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError> {
        integer(name, required(name, value)?, "a 64-bit number")
    }

    fn write(&self, name: &str, sink: &mut impl FieldSink) {
        sink.integer(name, *self);
    }
}

impl FieldValue for bool {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError> {
        required(name, value).map(boolean)
    }

    fn write(&self, name: &str, sink: &mut impl FieldSink) {
        sink.boolean(name, *self);
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn read(name: &'static str, value: Option<&str>) -> Result<Self, HeaderError> {
        value.map(|value| T::read(name, Some(value))).transpose()
    }

    fn write(&self, name: &str, sink: &mut impl FieldSink) {
        if let Some(value) = self {
            value.write(name, sink);
        }
    }
}

/// Declares header structs: each field with its name on the wire.
macro_rules! headers {
    ($(
        $(#[$meta:meta])*
        pub struct $header:ident { $($field:ident $name:literal: $kind:ty,)* }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $header {
            $(#[doc = concat!("`", $name, "` on the wire.")] pub $field: $kind,)*
        }

        impl $crate::codec::WriteHeader for $header {
            fn write(&self, sink: &mut impl $crate::codec::FieldSink) {
                $(super::FieldValue::write(&self.$field, $name, sink);)*
            }
        }

        impl $crate::codec::ReadHeader for $header {
            fn read(
                fields: &impl $crate::codec::FieldSource,
            ) -> Result<Self, $crate::codec::HeaderError> {
                Ok(Self { $($field: super::FieldValue::read($name, fields.field($name))?,)* })
            }
        }
    )+};
}
use headers;

#[cfg(test)]
mod tests;
