//! RocketMQ's wire protocol and message formats: bytes to typed values and back, and nothing else.
//!
//! # Layout
//! - [`frame`]: where one frame ends and the next begins.
//! - [`codec`]: both header serialisations, JSON and ROCKETMQ binary, read in place.
//! - [`remoting_command`]: an owned request or response.
//! - [`request_code`], [`response_code`], [`language`], [`version`]: the numbers by name.
//! - [`header`]: one typed header for each request and response.
//! - [`body`]: the JSON bodies, as Java peers write and read them.
//! - [`message`]: the stored record, message ids, properties, flags, compression, batches.
//! - [`json`]: a reader for every JSON form that fastjson writes.
//! - [`properties_file`]: Java's properties files.
//! - [`name`]: which topic and group names are legal, and the names RocketMQ reserves.
//!
//! Invariant: this crate is pure. It opens no file or socket, reads no clock, logs nothing, and no
//! input makes it panic or allocate more than the frame it was given allows.

#![forbid(unsafe_code)]

pub mod body;
pub mod codec;
mod decimal;
pub mod frame;
pub mod header;
pub mod json;
pub mod language;
pub mod message;
pub mod name;
pub mod properties_file;
pub mod remoting_command;
pub mod request_code;
pub mod response_code;
pub mod version;

pub use codec::{CommandView, SerializeType};
pub use language::LanguageCode;
pub use remoting_command::RemotingCommand;
pub use request_code::RequestCode;
pub use response_code::ResponseCode;
