//! The message id that says where the message lies: broker address and physical offset.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::reader::Reader;
use super::record::read_host;

/// Longest text of an [`OffsetMsgId`], with an IPv6 address.
pub const OFFSET_MSG_ID_LENGTH_MAX: usize = 2 * ID_LENGTH_V6;

const ID_LENGTH_V4: usize = 4 + size_of::<i32>() + size_of::<i64>();
const ID_LENGTH_V6: usize = 16 + size_of::<i32>() + size_of::<i64>();

/// Why a text is no message id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageIdError {
    /// The text has the wrong length.
    #[error("message id has {length} characters, not 32 or 56")]
    Length {
        /// What was found.
        length: usize,
    },
    /// The text has a character that is no hexadecimal digit.
    #[error("message id is not hexadecimal")]
    NotHex,
    /// The port is beyond 65535: the id is of another kind.
    #[error("message id holds no broker address")]
    NoAddress,
}

/// Where a message lies: upper-case hexadecimal as text, 32 characters or 56 with IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OffsetMsgId {
    /// The broker that stored the message.
    pub host: SocketAddr,
    /// Position of the record in that broker's commit log.
    pub physical_offset: i64,
}

impl OffsetMsgId {
    /// Writes the text into `buffer` and returns it: for the hot path, without allocating.
    #[must_use]
    pub fn encode_into<'b>(&self, buffer: &'b mut [u8; OFFSET_MSG_ID_LENGTH_MAX]) -> &'b str {
        let mut hex = HexWriter {
            free: buffer.as_mut_slice(),
        };
        match self.host.ip().to_canonical() {
            IpAddr::V4(address) => hex.write(&address.octets()),
            IpAddr::V6(address) => hex.write(&address.octets()),
        }
        hex.write(&u32::from(self.host.port()).to_be_bytes());
        hex.write(&self.physical_offset.to_be_bytes());
        let written = OFFSET_MSG_ID_LENGTH_MAX - hex.free.len();
        buffer
            .get(..written)
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for OffsetMsgId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.encode_into(&mut [0; OFFSET_MSG_ID_LENGTH_MAX]))
    }
}

impl FromStr for OffsetMsgId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, MessageIdError> {
        let mut buffer = [0; ID_LENGTH_V6];
        let bytes = decode_hex(text, &mut buffer)?;
        let mut reader = Reader::new(bytes);
        let mut id = || {
            let host = read_host(reader.bytes(bytes.len().checked_sub(size_of::<i64>())?)?)?;
            Some(Self {
                host,
                physical_offset: reader.i64()?,
            })
        };
        id().ok_or(MessageIdError::NoAddress)
    }
}

/// Writes bytes as upper-case hexadecimal until the buffer is full.
struct HexWriter<'b> {
    free: &'b mut [u8],
}

impl HexWriter<'_> {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let free = std::mem::take(&mut self.free);
            let Some((digits, rest)) = free.split_first_chunk_mut() else {
                return;
            };
            *digits = hex_digits(*byte);
            self.free = rest;
        }
    }
}

/// The two upper-case digits of a byte.
pub(crate) fn hex_digits(byte: u8) -> [u8; 2] {
    HEX_DIGITS[usize::from(byte)]
}

/// The digits of every byte.
const HEX_DIGITS: [[u8; 2]; 256] = {
    let mut digits = [[0; 2]; 256];
    let mut byte = 0_u8;
    loop {
        digits[byte as usize] = digits_of(byte);
        if byte == u8::MAX {
            break digits;
        }
        byte += 1;
    }
};

const fn digits_of(byte: u8) -> [u8; 2] {
    const fn digit(value: u8) -> u8 {
        if value < 10 {
            b'0' + value
        } else {
            b'A' + value - 10
        }
    }
    [digit(byte >> 4), digit(byte & 0xF)]
}

/// Reads the digits of an id with an IPv4 or IPv6 address into `buffer`.
pub(crate) fn decode_hex<'b>(
    text: &str,
    buffer: &'b mut [u8; ID_LENGTH_V6],
) -> Result<&'b [u8], MessageIdError> {
    let digits = text.as_bytes();
    let length = digits.len();
    if length != 2 * ID_LENGTH_V4 && length != 2 * ID_LENGTH_V6 {
        return Err(MessageIdError::Length { length });
    }
    for (pair, byte) in digits.chunks_exact(2).zip(buffer.iter_mut()) {
        let value = pair.iter().try_fold(0, |value: u8, digit| {
            let digit = char::from(*digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok());
            digit.map(|digit| (value << 4) | digit)
        });
        *byte = value.ok_or(MessageIdError::NotHex)?;
    }
    buffer
        .get(..length / 2)
        .ok_or(MessageIdError::Length { length })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn text_is_javas() {
        let id = OffsetMsgId {
            host: "127.0.0.1:10911".parse().unwrap(),
            physical_offset: 1024,
        };
        assert_eq!(id.to_string(), "7F00000100002A9F0000000000000400");
        assert_eq!("7F00000100002A9F0000000000000400".parse(), Ok(id));
        assert_eq!("7f00000100002a9f0000000000000400".parse(), Ok(id));
    }

    #[test]
    fn an_ipv6_id_is_longer() {
        let id = OffsetMsgId {
            host: "[::1]:10911".parse().unwrap(),
            physical_offset: -1,
        };
        let text = "0000000000000000000000000000000100002A9FFFFFFFFFFFFFFFFF";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_refused() {
        let parse = str::parse::<OffsetMsgId>;
        assert_eq!(parse(""), Err(MessageIdError::Length { length: 0 }));
        assert_eq!(
            parse(&"0".repeat(31)),
            Err(MessageIdError::Length { length: 31 })
        );
        assert_eq!(parse(&"g".repeat(32)), Err(MessageIdError::NotHex));
        // a unique key: the loader's hash stands where the port would
        let unique_key = "C0A8010A123418B4AAC247B760000001";
        assert_eq!(parse(unique_key), Err(MessageIdError::NoAddress));
    }

    proptest! {
        #[test]
        fn text_and_back(host: SocketAddr, physical_offset: i64) {
            let canonical = SocketAddr::new(host.ip().to_canonical(), host.port());
            let text = OffsetMsgId { host, physical_offset }.to_string();
            assert_eq!(text.parse(), Ok(OffsetMsgId { host: canonical, physical_offset }));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _parsed = text.parse::<OffsetMsgId>();
        }
    }
}
