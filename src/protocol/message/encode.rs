//! Writes a stored record.

use std::net::{IpAddr, SocketAddr};

use super::layout::{
    CRC_MASK, MESSAGE_MAGIC_V1, MESSAGE_MAGIC_V2, PROPERTIES_LENGTH_MAX, TOPIC_LENGTH_MAX_V1,
    TOPIC_LENGTH_MAX_V2,
};
use super::{layout, sys_flag};

/// Why a message cannot be a stored record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The topic does not fit into its length field.
    #[error("topic is {length} bytes, the limit is {max}")]
    TopicTooLong {
        /// Length of the topic in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// The properties do not fit into their length field.
    #[error("properties are {length} bytes, the limit is {max}")]
    PropertiesTooLong {
        /// Length of the properties text in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// The record does not fit into its size field.
    #[error("body of {body_length} bytes makes the record longer than {max}")]
    RecordTooLong {
        /// Length of the body in bytes.
        body_length: usize,
        /// The limit of the whole record.
        max: usize,
    },
}

/// What a broker knows of a message before the store gives it a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordParts<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The body as it is to be stored: perhaps compressed.
    pub body: &'a [u8],
    /// The properties text.
    pub properties: &'a str,
    /// Queue of the topic.
    pub queue_id: i32,
    /// The user's flag.
    pub flag: i32,
    /// The bits of [`sys_flag`]; those of the hosts are set here.
    pub sys_flag: i32,
    /// When the producer made the message, in ms since the epoch.
    pub born_timestamp: i64,
    /// Who produced the message.
    pub born_host: SocketAddr,
    /// Which broker stores the message.
    pub store_host: SocketAddr,
    /// How often the message was sent back for a retry.
    pub reconsume_times: i32,
    /// Physical offset of the half message that a commit or rollback belongs to.
    pub prepared_transaction_offset: i64,
}

/// Appends one stored record to `out`.
///
/// Queue offset, physical offset and store timestamp are 0: the store knows them later and writes
/// them in place. The form is V1, or V2 for a topic that V1 cannot hold. An IPv6 address that
/// stands for an IPv4 one is written as the latter, as Java does.
///
/// # Errors
/// [`EncodeError`] names the limit that a field is beyond; `out` is then as it was.
pub fn encode_record(parts: &RecordParts<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let born_address = parts.born_host.ip().to_canonical();
    let store_address = parts.store_host.ip().to_canonical();
    let sys_flag = with_host_bits(parts.sys_flag, born_address, store_address);
    let lengths = Lengths::of(parts, sys_flag)?;
    let magic = if lengths.is_v1 {
        MESSAGE_MAGIC_V1
    } else {
        MESSAGE_MAGIC_V2
    };
    let body_crc = crc32fast::hash(parts.body) & CRC_MASK;

    out.reserve(lengths.capacity);
    out.extend_from_slice(&lengths.total_size.to_be_bytes());
    out.extend_from_slice(&magic.to_be_bytes());
    out.extend_from_slice(&body_crc.to_be_bytes());
    out.extend_from_slice(&parts.queue_id.to_be_bytes());
    out.extend_from_slice(&parts.flag.to_be_bytes());
    out.extend_from_slice(&[0; size_of::<i64>()]); // queue offset
    out.extend_from_slice(&[0; size_of::<i64>()]); // physical offset
    out.extend_from_slice(&sys_flag.to_be_bytes());
    out.extend_from_slice(&parts.born_timestamp.to_be_bytes());
    write_host(born_address, parts.born_host.port(), out);
    out.extend_from_slice(&[0; size_of::<i64>()]); // store timestamp
    write_host(store_address, parts.store_host.port(), out);
    out.extend_from_slice(&parts.reconsume_times.to_be_bytes());
    out.extend_from_slice(&parts.prepared_transaction_offset.to_be_bytes());
    out.extend_from_slice(&lengths.body.to_be_bytes());
    out.extend_from_slice(parts.body);
    if lengths.is_v1 {
        let [_, low] = lengths.topic.to_be_bytes();
        out.push(low);
    } else {
        out.extend_from_slice(&lengths.topic.to_be_bytes());
    }
    out.extend_from_slice(parts.topic.as_bytes());
    out.extend_from_slice(&lengths.properties.to_be_bytes());
    out.extend_from_slice(parts.properties.as_bytes());
    Ok(())
}

fn with_host_bits(sys_flag: i32, born_address: IpAddr, store_address: IpAddr) -> i32 {
    let born = if born_address.is_ipv6() {
        sys_flag::BORNHOST_V6
    } else {
        0
    };
    let store = if store_address.is_ipv6() {
        sys_flag::STOREHOST_V6
    } else {
        0
    };
    sys_flag & !(sys_flag::BORNHOST_V6 | sys_flag::STOREHOST_V6) | born | store
}

pub(crate) fn write_host(address: IpAddr, port: u16, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
    out.extend_from_slice(&u32::from(port).to_be_bytes());
}

/// The length fields of a record, known to fit.
struct Lengths {
    total_size: i32,
    body: i32,
    topic: i16,
    properties: i16,
    is_v1: bool,
    capacity: usize,
}

impl Lengths {
    fn of(parts: &RecordParts<'_>, sys_flag: i32) -> Result<Self, EncodeError> {
        let topic = i16::try_from(parts.topic.len()).map_err(|_| EncodeError::TopicTooLong {
            length: parts.topic.len(),
            max: TOPIC_LENGTH_MAX_V2,
        })?;
        let properties =
            i16::try_from(parts.properties.len()).map_err(|_| EncodeError::PropertiesTooLong {
                length: parts.properties.len(),
                max: PROPERTIES_LENGTH_MAX,
            })?;
        let is_v1 = parts.topic.len() <= TOPIC_LENGTH_MAX_V1;
        let topic_length_size = if is_v1 {
            size_of::<i8>()
        } else {
            size_of::<i16>()
        };
        let around_body = layout::body_at(sys_flag)
            + topic_length_size
            + parts.topic.len()
            + size_of::<i16>()
            + parts.properties.len();
        let too_long = || EncodeError::RecordTooLong {
            body_length: parts.body.len(),
            max: i32::MAX.unsigned_abs() as usize,
        };
        let capacity = around_body
            .checked_add(parts.body.len())
            .ok_or_else(too_long)?;
        let total_size = i32::try_from(capacity).map_err(|_| too_long())?;
        let body = i32::try_from(parts.body.len()).map_err(|_| too_long())?;
        Ok(Self {
            total_size,
            body,
            topic,
            properties,
            is_v1,
            capacity,
        })
    }
}
