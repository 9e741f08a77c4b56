//! Reads a stored record in place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::compression::CompressionError;
use super::java_string::tags_code;
use super::layout::{BLANK_MAGIC, CRC_MASK, MESSAGE_MAGIC_V1, MESSAGE_MAGIC_V2};
use super::offset_msg_id::OffsetMsgId;
use super::properties::{property_bytes_of, values_of};
use super::reader::Reader;
use super::{layout, property};

/// Why bytes are not a stored record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes end before the record does.
    #[error("record needs {needed} bytes, {available} are there")]
    Truncated {
        /// Size the record claims, or the eight bytes that every record begins with.
        needed: usize,
        /// How many bytes there are.
        available: usize,
    },
    /// No record but the blank at the end of a file.
    #[error("blank of {size} bytes")]
    Blank {
        /// Size of the blank, its first eight bytes included.
        size: i32,
    },
    /// The magic is none that RocketMQ uses.
    #[error("unknown magic {magic:#010x}")]
    UnknownMagic {
        /// What was found.
        magic: i32,
    },
    /// A length field holds what no record can have.
    #[error("{field} is {value}")]
    IllegalValue {
        /// Name of the field.
        field: &'static str,
        /// What was found.
        value: i64,
    },
    /// The fields together are longer or shorter than the record claims.
    #[error("fields do not add up to the record's {total_size} bytes")]
    SizeMismatch {
        /// Size the record claims.
        total_size: usize,
    },
    /// The topic is not UTF-8.
    #[error("topic is not UTF-8")]
    TopicNotUtf8,
    /// The body cannot be decompressed.
    #[error("body cannot be decompressed")]
    Compression(#[from] CompressionError),
}

/// One stored record, read in place.
///
/// [`parse`](Self::parse) checks the structure; every getter is then a copy of a number or a slice.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    bytes: &'a [u8],
    magic: i32,
    body_crc: i32,
    queue_id: i32,
    flag: i32,
    queue_offset: i64,
    physical_offset: i64,
    sys_flag: i32,
    born_timestamp: i64,
    born_host: SocketAddr,
    store_timestamp: i64,
    store_host: SocketAddr,
    reconsume_times: i32,
    prepared_transaction_offset: i64,
    body: &'a [u8],
    topic: &'a str,
    properties: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Reads the record that `bytes` begin with; more bytes may follow it.
    ///
    /// Only the structure is checked: see [`check_crc`](Self::check_crc) for the body.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong; [`RecordError::Blank`] is the end of a commit log file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let available = bytes.len();
        let truncated = |needed| RecordError::Truncated { needed, available };
        let mut head = Reader::new(bytes);
        let (Some(size), Some(magic)) = (head.i32(), head.i32()) else {
            return Err(truncated(layout::BLANK_LENGTH));
        };
        match magic {
            MESSAGE_MAGIC_V1 | MESSAGE_MAGIC_V2 => {}
            BLANK_MAGIC => return Err(RecordError::Blank { size }),
            _ => return Err(RecordError::UnknownMagic { magic }),
        }
        let total_size = length("total size", size)?;
        let record = bytes
            .get(..total_size)
            .ok_or_else(|| truncated(total_size))?;
        read_fields(record, magic)
    }

    /// The record alone.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Size of the record in bytes.
    #[must_use]
    pub const fn total_size(&self) -> usize {
        self.bytes.len()
    }

    /// [`MESSAGE_MAGIC_V1`] or [`MESSAGE_MAGIC_V2`].
    #[must_use]
    pub const fn magic(&self) -> i32 {
        self.magic
    }

    /// The stored CRC of the body.
    #[must_use]
    pub const fn body_crc(&self) -> i32 {
        self.body_crc
    }

    /// Queue of the topic.
    #[must_use]
    pub const fn queue_id(&self) -> i32 {
        self.queue_id
    }

    /// The user's flag.
    #[must_use]
    pub const fn flag(&self) -> i32 {
        self.flag
    }

    /// Number of the message in its queue.
    #[must_use]
    pub const fn queue_offset(&self) -> i64 {
        self.queue_offset
    }

    /// Position of the record in the commit log.
    #[must_use]
    pub const fn physical_offset(&self) -> i64 {
        self.physical_offset
    }

    /// The bits of [`sys_flag`](super::sys_flag).
    #[must_use]
    pub const fn sys_flag(&self) -> i32 {
        self.sys_flag
    }

    /// When the producer made the message, in ms since the epoch.
    #[must_use]
    pub const fn born_timestamp(&self) -> i64 {
        self.born_timestamp
    }

    /// Who produced the message.
    #[must_use]
    pub const fn born_host(&self) -> SocketAddr {
        self.born_host
    }

    /// When the broker stored the message, in ms since the epoch.
    #[must_use]
    pub const fn store_timestamp(&self) -> i64 {
        self.store_timestamp
    }

    /// Which broker stored the message.
    #[must_use]
    pub const fn store_host(&self) -> SocketAddr {
        self.store_host
    }

    /// How often the message was sent back for a retry.
    #[must_use]
    pub const fn reconsume_times(&self) -> i32 {
        self.reconsume_times
    }

    /// Physical offset of the half message that a commit or rollback belongs to.
    #[must_use]
    pub const fn prepared_transaction_offset(&self) -> i64 {
        self.prepared_transaction_offset
    }

    /// The body as stored: perhaps compressed.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The topic.
    #[must_use]
    pub const fn topic(&self) -> &'a str {
        self.topic
    }

    /// The properties text. What follows a byte that is not UTF-8 is left out.
    #[must_use]
    pub fn properties(&self) -> &'a str {
        match std::str::from_utf8(self.properties) {
            Ok(text) => text,
            Err(_) => self
                .properties
                .utf8_chunks()
                .next()
                .map_or("", |chunk| chunk.valid()),
        }
    }

    /// The properties as stored.
    #[must_use]
    pub const fn properties_bytes(&self) -> &'a [u8] {
        self.properties
    }

    /// The value of one property; `None` also when it is not UTF-8.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(property_bytes_of(self.properties, name)?).ok()
    }

    /// The values of several properties, found together.
    #[must_use]
    pub fn property_values<const N: usize>(&self, names: [&str; N]) -> [Option<&'a str>; N] {
        values_of(self.properties, names)
    }

    /// The number a consume queue keeps for the tags; 0 without tags.
    #[must_use]
    pub fn tags_code(&self) -> i64 {
        self.property(property::TAGS).map_or(0, tags_code)
    }

    /// The id that says where the record lies.
    #[must_use]
    pub const fn offset_msg_id(&self) -> OffsetMsgId {
        OffsetMsgId {
            host: self.store_host,
            physical_offset: self.physical_offset,
        }
    }

    /// Whether the body is the one that was stored.
    #[must_use]
    pub fn check_crc(&self) -> bool {
        let crc = crc32fast::hash(self.body) & CRC_MASK;
        i64::from(crc) == i64::from(self.body_crc)
    }
}

/// Reads the fields of a record whose size and magic are known.
fn read_fields(record: &[u8], magic: i32) -> Result<RecordView<'_>, RecordError> {
    let total_size = record.len();
    let mismatch = || RecordError::SizeMismatch { total_size };
    let mut reader = Reader::new(record.get(layout::BODY_CRC_AT..).ok_or_else(mismatch)?);

    let body_crc = reader.i32().ok_or_else(mismatch)?;
    let queue_id = reader.i32().ok_or_else(mismatch)?;
    let flag = reader.i32().ok_or_else(mismatch)?;
    let queue_offset = reader.i64().ok_or_else(mismatch)?;
    let physical_offset = reader.i64().ok_or_else(mismatch)?;
    let sys_flag = reader.i32().ok_or_else(mismatch)?;
    let born_timestamp = reader.i64().ok_or_else(mismatch)?;
    let born_host = reader
        .bytes(layout::born_host_length(sys_flag))
        .ok_or_else(mismatch)?;
    let born_host = read_host(born_host).ok_or_else(|| illegal_port("born host", born_host))?;
    let store_timestamp = reader.i64().ok_or_else(mismatch)?;
    let store_host = reader
        .bytes(layout::store_host_length(sys_flag))
        .ok_or_else(mismatch)?;
    let store_host = read_host(store_host).ok_or_else(|| illegal_port("store host", store_host))?;
    let reconsume_times = reader.i32().ok_or_else(mismatch)?;
    let prepared_transaction_offset = reader.i64().ok_or_else(mismatch)?;

    let body_length = reader.i32().ok_or_else(mismatch)?;
    let body = reader
        .bytes(length("body length", body_length)?)
        .ok_or_else(mismatch)?;
    let topic_length = if magic == MESSAGE_MAGIC_V1 {
        reader.i8().map(i32::from)
    } else {
        reader.i16().map(i32::from)
    };
    let topic_length = length("topic length", topic_length.ok_or_else(mismatch)?)?;
    let topic = reader.bytes(topic_length).ok_or_else(mismatch)?;
    let topic = std::str::from_utf8(topic).map_err(|_| RecordError::TopicNotUtf8)?;
    let properties_length = i32::from(reader.i16().ok_or_else(mismatch)?);
    let properties_length = length("properties length", properties_length)?;
    let properties = reader.bytes(properties_length).ok_or_else(mismatch)?;
    if !reader.rest().is_empty() {
        return Err(mismatch());
    }
    Ok(RecordView {
        bytes: record,
        magic,
        body_crc,
        queue_id,
        flag,
        queue_offset,
        physical_offset,
        sys_flag,
        born_timestamp,
        born_host,
        store_timestamp,
        store_host,
        reconsume_times,
        prepared_transaction_offset,
        body,
        topic,
        properties,
    })
}

fn length(field: &'static str, value: i32) -> Result<usize, RecordError> {
    usize::try_from(value).map_err(|_| RecordError::IllegalValue {
        field,
        value: i64::from(value),
    })
}

fn illegal_port(field: &'static str, host: &[u8]) -> RecordError {
    let port = host
        .last_chunk()
        .map_or(0, |port| i64::from(i32::from_be_bytes(*port)));
    RecordError::IllegalValue { field, value: port }
}

/// An address of 4 or 16 bytes, then the port in 4; nothing when the port is out of range.
pub(crate) fn read_host(bytes: &[u8]) -> Option<SocketAddr> {
    let (address, port) = bytes.split_last_chunk()?;
    let port = u16::try_from(i32::from_be_bytes(*port)).ok()?;
    let address = match address.first_chunk::<16>() {
        Some(address) => IpAddr::V6(Ipv6Addr::from(*address)),
        None => IpAddr::V4(Ipv4Addr::from(*address.first_chunk::<4>()?)),
    };
    Some(SocketAddr::new(address, port))
}

/// The records that follow each other in `body`, as a pull answer carries them.
///
/// After an error nothing more comes: there is no telling where the next record would begin.
#[must_use]
pub const fn records(body: &[u8]) -> Records<'_> {
    Records { rest: body }
}

/// See [`records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordView<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = RecordView::parse(self.rest);
        let end = record
            .as_ref()
            .map_or(self.rest.len(), RecordView::total_size);
        self.rest = self.rest.get(end..).unwrap_or_default();
        Some(record)
    }
}

impl std::iter::FusedIterator for Records<'_> {}
