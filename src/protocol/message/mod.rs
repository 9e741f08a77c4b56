//! Messages: the stored record, what a producer sends, properties, ids, flags, compression, batches.
//!
//! One record format serves everywhere: what the store appends is what a pull answer carries.
//! [`encode_record`] writes it, [`RecordView`] reads it in place, [`MessageExt`] owns what was read.
//!
//! # Layout
//! - [`layout`]: where each field of a record lies.
//! - [`property`]: the names of the properties RocketMQ gives a meaning to.
//! - [`sys_flag`]: the bits of a message's system flag.
//! - [`batch`]: several messages in the body of one request.

pub mod batch;
mod compression;
mod encode;
mod java_string;
pub mod layout;
mod message_ext;
mod offset_msg_id;
mod outgoing;
mod properties;
pub mod property;
pub(crate) mod reader;
mod record;
pub mod sys_flag;
mod unique_key;

pub use compression::{
    CompressionError, CompressionKind, DECOMPRESSED_BODY_LENGTH_MAX, compress, decompress,
};
pub use encode::{EncodeError, RecordParts, encode_record};
pub use java_string::{index_key_hash, java_compare, java_hash, property_crc_digits, tags_code};
pub use message_ext::MessageExt;
pub use offset_msg_id::{MessageIdError, OFFSET_MSG_ID_LENGTH_MAX, OffsetMsgId};
pub use outgoing::Message;
pub use properties::{Properties, PropertyError, property_of};
pub use record::{RecordError, RecordView, Records, records};
pub use unique_key::{MonthSpan, UniqueKey, UniqueKeyGenerator};

#[cfg(test)]
mod tests;
