//! Where each field of a stored record lies. All integers are big-endian.
//!
//! | field | bytes |
//! |---|---|
//! | total size, magic, body CRC, queue id, flag | 4 each |
//! | queue offset, physical offset | 8 each |
//! | system flag | 4 |
//! | born timestamp | 8 |
//! | born host: address and port | 4 + 4, or 16 + 4 by system flag |
//! | store timestamp | 8 |
//! | store host: address and port | 4 + 4, or 16 + 4 by system flag |
//! | reconsume times | 4 |
//! | prepared transaction offset | 8 |
//! | body length, body | 4 + n |
//! | topic length, topic | 1 + n (V1) or 2 + n (V2) |
//! | properties length, properties | 2 + n |

use super::sys_flag;

/// Size of the whole record, itself included.
pub const TOTAL_SIZE_AT: usize = 0;
/// Which form of the record follows, or that the rest of the file is blank.
pub const MAGIC_AT: usize = TOTAL_SIZE_AT + size_of::<i32>();
/// CRC-32 of the stored body with the top bit cleared.
pub const BODY_CRC_AT: usize = MAGIC_AT + size_of::<i32>();
/// Queue of the topic.
pub const QUEUE_ID_AT: usize = BODY_CRC_AT + size_of::<i32>();
/// The user's flag.
pub const FLAG_AT: usize = QUEUE_ID_AT + size_of::<i32>();
/// Number of the message in its queue.
pub const QUEUE_OFFSET_AT: usize = FLAG_AT + size_of::<i32>();
/// Position of the record in the commit log, in bytes.
pub const PHYSICAL_OFFSET_AT: usize = QUEUE_OFFSET_AT + size_of::<i64>();
/// The bits of [`sys_flag`].
pub const SYS_FLAG_AT: usize = PHYSICAL_OFFSET_AT + size_of::<i64>();
/// When the producer made the message, in ms since the epoch.
pub const BORN_TIMESTAMP_AT: usize = SYS_FLAG_AT + size_of::<i32>();
/// Address and port of the producer.
pub const BORN_HOST_AT: usize = BORN_TIMESTAMP_AT + size_of::<i64>();

/// A record whose topic length takes one byte.
pub const MESSAGE_MAGIC_V1: i32 = -626_843_481;
/// A record whose topic length takes two bytes.
pub const MESSAGE_MAGIC_V2: i32 = -626_843_477;
/// No record: the rest of the file is blank, and the total size says how much that is.
pub const BLANK_MAGIC: i32 = -875_286_124;

/// Bytes a blank needs: its size and its magic. A file always keeps room for one.
pub const BLANK_LENGTH: usize = size_of::<i32>() + size_of::<i32>();
/// Longest topic of a V1 record, in bytes.
pub const TOPIC_LENGTH_MAX_V1: usize = 127;
/// Longest topic of a V2 record, in bytes.
pub const TOPIC_LENGTH_MAX_V2: usize = 32_767;
/// Longest properties text, in bytes.
pub const PROPERTIES_LENGTH_MAX: usize = 32_767;
/// Mask of every CRC that RocketMQ stores: it keeps them positive.
pub const CRC_MASK: u32 = 0x7FFF_FFFF;

const HOST_V4_LENGTH: usize = 4 + size_of::<i32>();
const HOST_V6_LENGTH: usize = 16 + size_of::<i32>();

/// Bytes of the born host field.
#[must_use]
pub const fn born_host_length(sys_flag: i32) -> usize {
    if sys_flag & sys_flag::BORNHOST_V6 == 0 {
        HOST_V4_LENGTH
    } else {
        HOST_V6_LENGTH
    }
}

/// Bytes of the store host field.
#[must_use]
pub const fn store_host_length(sys_flag: i32) -> usize {
    if sys_flag & sys_flag::STOREHOST_V6 == 0 {
        HOST_V4_LENGTH
    } else {
        HOST_V6_LENGTH
    }
}

/// When the broker stored the message: after a born host of either size.
#[must_use]
pub const fn store_timestamp_at(sys_flag: i32) -> usize {
    BORN_HOST_AT + born_host_length(sys_flag)
}

/// Address and port of the broker that stored the message.
#[must_use]
pub const fn store_host_at(sys_flag: i32) -> usize {
    store_timestamp_at(sys_flag) + size_of::<i64>()
}

/// How often the message was sent back for a retry.
#[must_use]
pub const fn reconsume_times_at(sys_flag: i32) -> usize {
    store_host_at(sys_flag) + store_host_length(sys_flag)
}

/// Physical offset of the half message that a commit or rollback belongs to.
#[must_use]
pub const fn prepared_transaction_offset_at(sys_flag: i32) -> usize {
    reconsume_times_at(sys_flag) + size_of::<i32>()
}

/// Length of the body; the body follows.
#[must_use]
pub const fn body_length_at(sys_flag: i32) -> usize {
    prepared_transaction_offset_at(sys_flag) + size_of::<i64>()
}

/// First byte of the body.
#[must_use]
pub const fn body_at(sys_flag: i32) -> usize {
    body_length_at(sys_flag) + size_of::<i32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_format() {
        assert_eq!(QUEUE_ID_AT, 12);
        assert_eq!(QUEUE_OFFSET_AT, 20);
        assert_eq!(PHYSICAL_OFFSET_AT, 28);
        assert_eq!(SYS_FLAG_AT, 36);
        assert_eq!(BORN_HOST_AT, 48);
        assert_eq!(store_timestamp_at(0), 56);
        assert_eq!(store_host_at(0), 64);
        assert_eq!(body_length_at(0), 84);
        assert_eq!(
            body_at(sys_flag::BORNHOST_V6 | sys_flag::STOREHOST_V6),
            88 + 24
        );
    }

    #[test]
    fn magics_are_those_of_the_format() {
        assert_eq!(MESSAGE_MAGIC_V1.to_be_bytes(), [0xda, 0xa3, 0x20, 0xa7]);
        assert_eq!(MESSAGE_MAGIC_V2.to_be_bytes(), [0xda, 0xa3, 0x20, 0xab]);
        assert_eq!(BLANK_MAGIC.to_be_bytes(), [0xcb, 0xd4, 0x31, 0x94]);
    }
}
