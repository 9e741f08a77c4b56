//! The bits of a message's system flag.

use super::compression::{CompressionError, CompressionKind};

/// The body is compressed.
pub const COMPRESSED: i32 = 0x1;
/// The tags property holds more than one tag.
pub const MULTI_TAGS: i32 = 0x2;
/// No transaction: an ordinary message.
pub const TRANSACTION_NOT: i32 = 0;
/// A half message.
pub const TRANSACTION_PREPARED: i32 = 0x4;
/// The commit of a half message.
pub const TRANSACTION_COMMIT: i32 = 0x8;
/// The rollback of a half message.
pub const TRANSACTION_ROLLBACK: i32 = 0xC;
/// The bits that hold the transaction type.
pub const TRANSACTION_MASK: i32 = 0xC;
/// The born host is an IPv6 address.
pub const BORNHOST_V6: i32 = 0x10;
/// The store host is an IPv6 address.
pub const STOREHOST_V6: i32 = 0x20;
/// The consumer has to take the inner batch apart.
pub const NEED_UNWRAP: i32 = 0x40;
/// The body is an inner batch.
pub const INNER_BATCH: i32 = 0x80;
/// The bits that hold the compression kind.
pub const COMPRESSION_MASK: i32 = 0x700;

const COMPRESSION_SHIFT: u32 = 8;

/// The transaction type: one of the four `TRANSACTION_…` values.
#[must_use]
pub const fn transaction_type(sys_flag: i32) -> i32 {
    sys_flag & TRANSACTION_MASK
}

/// The same flag with another transaction type.
#[must_use]
pub const fn with_transaction_type(sys_flag: i32, transaction_type: i32) -> i32 {
    (sys_flag & !TRANSACTION_MASK) | (transaction_type & TRANSACTION_MASK)
}

/// Whether the body is compressed.
#[must_use]
pub const fn is_compressed(sys_flag: i32) -> bool {
    sys_flag & COMPRESSED != 0
}

/// How the body is compressed, if it is.
///
/// Clients before 5.0 name no kind: theirs is zlib.
///
/// # Errors
/// [`CompressionError::UnknownKind`] for a kind that RocketMQ does not have.
pub const fn compression(sys_flag: i32) -> Result<Option<CompressionKind>, CompressionError> {
    if !is_compressed(sys_flag) {
        return Ok(None);
    }
    match (sys_flag & COMPRESSION_MASK) >> COMPRESSION_SHIFT {
        0 | 3 => Ok(Some(CompressionKind::Zlib)),
        1 => Ok(Some(CompressionKind::Lz4)),
        2 => Ok(Some(CompressionKind::Zstd)),
        kind => Err(CompressionError::UnknownKind { kind }),
    }
}

/// The same flag for a body compressed in this way, or for a plain one.
#[must_use]
pub const fn with_compression(sys_flag: i32, kind: Option<CompressionKind>) -> i32 {
    let plain = sys_flag & !(COMPRESSED | COMPRESSION_MASK);
    match kind {
        None => plain,
        Some(CompressionKind::Lz4) => plain | COMPRESSED | (1 << COMPRESSION_SHIFT),
        Some(CompressionKind::Zstd) => plain | COMPRESSED | (2 << COMPRESSION_SHIFT),
        Some(CompressionKind::Zlib) => plain | COMPRESSED | (3 << COMPRESSION_SHIFT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_kinds_have_javas_numbers() {
        let check = |kind, bits| {
            assert_eq!(with_compression(0, kind), bits);
            assert_eq!(compression(bits).unwrap(), kind);
        };
        check(None, 0);
        check(Some(CompressionKind::Lz4), 0x101);
        check(Some(CompressionKind::Zstd), 0x201);
        check(Some(CompressionKind::Zlib), 0x301);
    }

    #[test]
    fn a_compressed_body_without_a_kind_is_zlib() {
        assert_eq!(
            compression(COMPRESSED).unwrap(),
            Some(CompressionKind::Zlib)
        );
    }

    #[test]
    fn kind_bits_of_a_plain_body_mean_nothing() {
        assert_eq!(compression(0x700).unwrap(), None);
        assert!(compression(0x401).is_err());
    }

    #[test]
    fn transaction_type_is_replaced_whole() {
        let flag = with_transaction_type(TRANSACTION_ROLLBACK | COMPRESSED, TRANSACTION_COMMIT);
        assert_eq!(flag, TRANSACTION_COMMIT | COMPRESSED);
        assert_eq!(transaction_type(flag), TRANSACTION_COMMIT);
    }
}
