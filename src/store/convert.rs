//! Conversions between RocketMQ's signed offsets and Rust's unsigned sizes, saturating instead of
//! wrapping: a wrong offset then finds nothing, it never finds something else.

/// An offset as RocketMQ writes it.
pub(crate) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An offset as this crate computes with it; negative ones become 0.
pub(crate) fn to_u64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A position in memory.
pub(crate) fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// A size as RocketMQ writes it.
pub(crate) fn to_i32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Eight bytes at the beginning of `bytes`; 0 when there are fewer.
pub(crate) fn i64_at(bytes: &[u8], at: usize) -> i64 {
    bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |chunk| i64::from_be_bytes(*chunk))
}

/// Four bytes at the beginning of `bytes`; 0 when there are fewer.
pub(crate) fn i32_at(bytes: &[u8], at: usize) -> i32 {
    bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |chunk| i32::from_be_bytes(*chunk))
}
