//! A received message that owns its parts.

use std::borrow::Cow;
use std::net::SocketAddr;

use bytes::Bytes;

use super::batch::{self, BatchError};
use super::compression::{DECOMPRESSED_BODY_LENGTH_MAX, decompress};
use super::encode::{EncodeError, RecordParts, encode_record};
use super::offset_msg_id::OffsetMsgId;
use super::outgoing::keys_of;
use super::properties::Properties;
use super::record::{RecordError, RecordView};
use super::{layout, property, sys_flag};

/// A message as the broker stored it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageExt {
    /// The broker it came from; empty until the client that pulled it says so.
    pub broker_name: String,
    /// The topic.
    pub topic: String,
    /// The body, decompressed if that was asked for.
    pub body: Bytes,
    /// The properties.
    pub properties: Properties,
    /// The user's flag.
    pub flag: i32,
    /// Queue of the topic.
    pub queue_id: i32,
    /// Number of the message in its queue.
    pub queue_offset: i64,
    /// Position of the record in the commit log.
    pub physical_offset: i64,
    /// The bits of [`sys_flag`].
    pub sys_flag: i32,
    /// When the producer made the message, in ms since the epoch.
    pub born_timestamp: i64,
    /// Who produced the message.
    pub born_host: SocketAddr,
    /// When the broker stored the message, in ms since the epoch.
    pub store_timestamp: i64,
    /// Which broker stored the message.
    pub store_host: SocketAddr,
    /// How often the message was sent back for a retry.
    pub reconsume_times: i32,
    /// Physical offset of the half message that a commit or rollback belongs to.
    pub prepared_transaction_offset: i64,
    /// Size of the record in bytes.
    pub store_size: i32,
    /// CRC of the stored body.
    pub body_crc: i32,
}

impl MessageExt {
    /// Copies a record, and decompresses its body if asked to and needed.
    ///
    /// # Errors
    /// [`RecordError::Compression`] for a body that cannot be decompressed, or only to more than
    /// [`DECOMPRESSED_BODY_LENGTH_MAX`] bytes.
    pub fn from_record(
        record: &RecordView<'_>,
        decompress_body: bool,
    ) -> Result<Self, RecordError> {
        let mut sys_flag = record.sys_flag();
        let kind = if decompress_body {
            sys_flag::compression(sys_flag)?
        } else {
            None
        };
        let body = match kind {
            Some(kind) if !record.body().is_empty() => {
                sys_flag &= !sys_flag::COMPRESSED;
                Bytes::from(decompress(
                    kind,
                    record.body(),
                    DECOMPRESSED_BODY_LENGTH_MAX,
                )?)
            }
            _ => Bytes::copy_from_slice(record.body()),
        };
        Ok(Self {
            broker_name: String::new(),
            topic: record.topic().to_owned(),
            body,
            properties: Properties::parse(record.properties()),
            flag: record.flag(),
            queue_id: record.queue_id(),
            queue_offset: record.queue_offset(),
            physical_offset: record.physical_offset(),
            sys_flag,
            born_timestamp: record.born_timestamp(),
            born_host: record.born_host(),
            store_timestamp: record.store_timestamp(),
            store_host: record.store_host(),
            reconsume_times: record.reconsume_times(),
            prepared_transaction_offset: record.prepared_transaction_offset(),
            store_size: i32::try_from(record.total_size()).unwrap_or(i32::MAX),
            body_crc: record.body_crc(),
        })
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> Option<&str> {
        self.properties.get(property::TAGS)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        keys_of(&self.properties)
    }

    /// The id users know the message by: the client's, or the broker's where there is none.
    #[must_use]
    pub fn msg_id(&self) -> Cow<'_, str> {
        match self.properties.get(property::UNIQUE_KEY) {
            Some(unique_key) => Cow::Borrowed(unique_key),
            None => Cow::Owned(self.offset_msg_id()),
        }
    }

    /// The id that says where the message lies.
    #[must_use]
    pub fn offset_msg_id(&self) -> String {
        OffsetMsgId {
            host: self.store_host,
            physical_offset: self.physical_offset,
        }
        .to_string()
    }

    /// Whether this is an inner batch: one record whose body holds several messages.
    #[must_use]
    pub const fn is_inner_batch(&self) -> bool {
        const INNER_BATCH: i32 = sys_flag::INNER_BATCH | sys_flag::NEED_UNWRAP;
        self.sys_flag & INNER_BATCH == INNER_BATCH
    }

    /// The messages of an inner batch, each with its own place in the queue.
    ///
    /// # Errors
    /// [`BatchError`] when the body is no batch.
    pub fn inner_messages(&self) -> Result<Vec<Self>, BatchError> {
        let empty = Self {
            body: Bytes::new(),
            properties: Properties::new(),
            ..self.clone()
        };
        let mut queue_offset = self.queue_offset;
        let mut inner = Vec::new();
        for element in batch::elements(&self.body) {
            let element = element?;
            inner.push(Self {
                body: self.body.slice_ref(element.body),
                properties: Properties::parse(element.properties),
                flag: element.flag,
                queue_offset,
                ..empty.clone()
            });
            queue_offset = queue_offset.saturating_add(1);
        }
        Ok(inner)
    }

    /// Appends the message as a stored record, with the offsets and times it has.
    ///
    /// # Errors
    /// [`EncodeError`] names the limit that a field is beyond; `out` is then as it was.
    pub fn encode_record(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        let properties = self.properties.to_wire_string();
        let parts = RecordParts {
            topic: &self.topic,
            body: &self.body,
            properties: &properties,
            queue_id: self.queue_id,
            flag: self.flag,
            sys_flag: self.sys_flag,
            born_timestamp: self.born_timestamp,
            born_host: self.born_host,
            store_host: self.store_host,
            reconsume_times: self.reconsume_times,
            prepared_transaction_offset: self.prepared_transaction_offset,
        };
        encode_record(&parts, out)?;
        let record = out.get_mut(start..).unwrap_or_default();
        let born_is_v6 = self.born_host.ip().to_canonical().is_ipv6();
        let host_bits = if born_is_v6 { sys_flag::BORNHOST_V6 } else { 0 };
        patch(record, layout::QUEUE_OFFSET_AT, self.queue_offset);
        patch(record, layout::PHYSICAL_OFFSET_AT, self.physical_offset);
        patch(
            record,
            layout::store_timestamp_at(host_bits),
            self.store_timestamp,
        );
        Ok(())
    }
}

/// Overwrites eight bytes of a record.
fn patch(record: &mut [u8], at: usize, value: i64) {
    if let Some(field) = record.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = value.to_be_bytes();
    }
}
