//! Bodies compressed as Java clients compress them.

use std::io::{self, Read, Write as _};

/// Longest body that [`MessageExt`](super::MessageExt) decompresses: what would not have fitted
/// into a frame uncompressed was not compressed to save room.
pub const DECOMPRESSED_BODY_LENGTH_MAX: usize = 16 * 1024 * 1024;

/// Largest window of a zstd stream, as a power of two: what the highest level needs.
///
/// The decoder reserves the window at the word of the stream, but touches no more of it than there
/// is output: the memory used stays within the limit for the output.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// The most room made before anything is decompressed.
const FIRST_CAPACITY_MAX: usize = 64 * 1024;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompressionKind {
    /// The LZ4 frame format.
    Lz4,
    /// Zstandard.
    Zstd,
    /// Zlib (RFC 1950), the default of Java clients.
    Zlib,
}

/// Why a body could not be compressed or decompressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// The bytes are not what the kind says, or end too early.
    #[error("body is not valid {kind:?} data")]
    Corrupt {
        /// How the body should be compressed.
        kind: CompressionKind,
        /// What the decoder found.
        source: io::Error,
    },
    /// The body is longer than allowed.
    #[error("decompressed body is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The system flag names a kind that RocketMQ does not have.
    #[error("unknown compression kind {kind}")]
    UnknownKind {
        /// What was found.
        kind: i32,
    },
    /// The encoder failed.
    #[error("body cannot be compressed with {kind:?}")]
    Encoder {
        /// How the body was to be compressed.
        kind: CompressionKind,
        /// What the encoder said.
        source: io::Error,
    },
}

/// Compresses a body.
///
/// `level` is that of zlib (0 to 9) or zstd (1 to 22); LZ4 has none. Java's default is 5.
///
/// # Errors
/// [`CompressionError::Encoder`], which only a want of memory explains.
pub fn compress(
    kind: CompressionKind,
    body: &[u8],
    level: u32,
) -> Result<Vec<u8>, CompressionError> {
    let compressed = match kind {
        CompressionKind::Lz4 => compress_lz4(body),
        CompressionKind::Zstd => compress_zstd(body, level),
        CompressionKind::Zlib => compress_zlib(body, level),
    };
    compressed.map_err(|source| CompressionError::Encoder { kind, source })
}

/// The zlib form of some bytes, at a level from 0 to 9.
pub(crate) fn compress_zlib(bytes: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(level.min(9));
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn compress_zstd(body: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let level = i32::try_from(level.clamp(1, 22)).unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
    zstd::bulk::compress(body, level)
}

fn compress_lz4(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(body)?;
    encoder.finish().map_err(io::Error::from)
}

/// Decompresses a body, but never to more than `limit` bytes.
///
/// # Errors
/// [`CompressionError::TooLong`] beyond the limit, [`CompressionError::Corrupt`] for other bytes
/// than the kind says.
pub fn decompress(
    kind: CompressionKind,
    body: &[u8],
    limit: usize,
) -> Result<Vec<u8>, CompressionError> {
    let decompressed = match kind {
        CompressionKind::Lz4 => decompress_lz4(body, limit),
        CompressionKind::Zstd => decompress_zstd(body, limit),
        CompressionKind::Zlib => read_bounded(flate2::read::ZlibDecoder::new(body), limit),
    };
    match decompressed {
        Ok(Some(decompressed)) => Ok(decompressed),
        Ok(None) => Err(CompressionError::TooLong { limit }),
        Err(source) => Err(CompressionError::Corrupt { kind, source }),
    }
}

fn decompress_lz4(body: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    read_bounded(
        lz4_flex::frame::FrameDecoder::new(UntilEndMark { rest: body }),
        limit,
    )
}

/// The bytes of an LZ4 frame, of which there must be as many as the decoder asks for.
///
/// The decoder itself takes the end of its input for the end of the frame, so that the tail of a
/// cut body would be lost unseen.
struct UntilEndMark<'a> {
    rest: &'a [u8],
}

impl Read for UntilEndMark<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "frame without end mark",
            ));
        }
        self.rest.read(buffer)
    }
}

fn decompress_zstd(body: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut decoder = zstd::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    read_bounded(decoder, limit)
}

/// All that a decoder has to give, or nothing when that is more than `limit` bytes.
fn read_bounded(decoder: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(limit.min(FIRST_CAPACITY_MAX));
    let one_too_many = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(one_too_many).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    const KINDS: [CompressionKind; 3] = [
        CompressionKind::Lz4,
        CompressionKind::Zstd,
        CompressionKind::Zlib,
    ];

    #[test]
    fn the_limit_holds_to_the_byte() {
        let body = vec![7; 1_000_000];
        for kind in KINDS {
            let compressed = compress(kind, &body, 5).unwrap();
            assert!(compressed.len() < 10_000, "{kind:?}");
            assert_eq!(decompress(kind, &compressed, body.len()).unwrap(), body);
            let error = decompress(kind, &compressed, body.len() - 1).unwrap_err();
            assert!(
                matches!(error, CompressionError::TooLong { limit: 999_999 }),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn formats_are_javas() {
        let first = |kind| compress(kind, b"hello", 5).unwrap();
        assert_eq!(first(CompressionKind::Lz4)[..4], [0x04, 0x22, 0x4d, 0x18]);
        assert_eq!(first(CompressionKind::Zstd)[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        assert_eq!(first(CompressionKind::Zlib)[0], 0x78);
        // lz4-java reads independent blocks only: the bit after the version says so
        assert_eq!(first(CompressionKind::Lz4)[4] & 0b0010_0000, 0b0010_0000);
    }

    #[test]
    fn a_cut_body_is_an_error() {
        for kind in KINDS {
            let compressed = compress(kind, &[9; 5_000], 5).unwrap();
            for end in 0..compressed.len() {
                let error = decompress(kind, &compressed[..end], 10_000).unwrap_err();
                assert!(
                    matches!(error, CompressionError::Corrupt { .. }),
                    "{kind:?} cut at {end}"
                );
            }
        }
    }

    #[test]
    fn a_zstd_window_beyond_the_limit_is_refused() {
        // magic, descriptor without single segment, window of 2^31, one empty last block
        let bomb = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
        let error = decompress(CompressionKind::Zstd, &bomb, 10_000).unwrap_err();
        assert!(matches!(error, CompressionError::Corrupt { .. }));
    }

    proptest! {
        #[test]
        fn there_and_back(body: Vec<u8>, level in 0_u32..30) {
            for kind in KINDS {
                let compressed = compress(kind, &body, level).unwrap();
                assert_eq!(decompress(kind, &compressed, body.len()).unwrap(), body);
            }
        }

        #[test]
        fn no_damage_panics(body: Vec<u8>, at: usize, byte: u8) {
            for kind in KINDS {
                let mut compressed = compress(kind, &body, 5).unwrap();
                let at = at % compressed.len();
                compressed[at] = byte;
                let _result = decompress(kind, &compressed, 2 * body.len());
            }
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>, limit in 0_usize..64) {
            for kind in KINDS {
                assert!(decompress(kind, &body, limit).map_or(0, |body| body.len()) <= limit);
            }
        }
    }
}
