//! The checkpoint: how far the derived files are known to agree with the CommitLog.
//!
//! The first 40 bytes are RocketMQ's own five numbers. A sector further stands what Gantry adds, which
//! Java neither reads nor destroys: offsets instead of times, and under which boot they were written.
//! Gantry's part repeats Java's numbers; when they differ, Java wrote last and the part is ignored.
//! Invariant: nothing is written here before the data it speaks of is where it says.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::convert::{i32_at, i64_at};
use crate::storage::{FileKind, Storage, StorageFile};

/// Size of the file.
const FILE_SIZE: u64 = 4096;
/// Where Gantry's part begins: the next sector, so that each part is written whole or not at all.
const EXTENSION_AT: usize = 512;
/// Bytes read and written.
const LENGTH: usize = 1024;

const PHYSIC_TIMESTAMP_AT: usize = 0;
const LOGICS_TIMESTAMP_AT: usize = PHYSIC_TIMESTAMP_AT + size_of::<i64>();
const INDEX_TIMESTAMP_AT: usize = LOGICS_TIMESTAMP_AT + size_of::<i64>();
const MASTER_FLUSHED_AT: usize = INDEX_TIMESTAMP_AT + size_of::<i64>();
const CONFIRM_AT: usize = MASTER_FLUSHED_AT + size_of::<i64>();
const JAVA_END: usize = CONFIRM_AT + size_of::<i64>();

const MAGIC_AT: usize = EXTENSION_AT;
const CRC_AT: usize = MAGIC_AT + size_of::<i64>();
const CLEAN_AT: usize = CRC_AT + size_of::<i32>();
const JAVA_COPY_AT: usize = CLEAN_AT + size_of::<i32>();
const LOG_SYNCED_AT: usize = JAVA_COPY_AT + JAVA_END;
const QUEUES_SYNCED_AT: usize = LOG_SYNCED_AT + size_of::<i64>();
const QUEUES_WRITTEN_AT: usize = QUEUES_SYNCED_AT + size_of::<i64>();
const VERIFY_FROM_AT: usize = QUEUES_WRITTEN_AT + size_of::<i64>();
const INDEX_POSITION_AT: usize = VERIFY_FROM_AT + size_of::<i64>();
const QUEUE_COUNT_AT: usize = INDEX_POSITION_AT + size_of::<i64>();
const INDEX_FILE_COUNT_AT: usize = QUEUE_COUNT_AT + size_of::<i64>();
const BOOT_ID_AT: usize = INDEX_FILE_COUNT_AT + size_of::<i64>();
/// Room for a boot id: a UUID has 36 characters.
const BOOT_ID_LENGTH: usize = 64;
const EXTENSION_END: usize = BOOT_ID_AT + BOOT_ID_LENGTH;

const MAGIC: i64 = i64::from_be_bytes(*b"GANTRYC1");

/// RocketMQ's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct JavaCheckpoint {
    /// Every message stored until then is synced in the CommitLog (ms since the epoch).
    pub(crate) physic_timestamp: i64,
    /// Every message stored until then has its ConsumeQueue unit synced.
    pub(crate) logics_timestamp: i64,
    /// Index files that end until then are synced.
    pub(crate) index_timestamp: i64,
    /// How far a slave's master has synced.
    pub(crate) master_flushed: i64,
    /// How far the log is confirmed; here, as in Java, the end of what is stored for good.
    pub(crate) confirm: i64,
}

/// What Gantry adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extension {
    /// The store was shut down in order: everything is synced and nothing followed.
    pub(crate) is_clean: bool,
    /// The CommitLog is synced below this physical offset.
    pub(crate) log_synced: i64,
    /// The ConsumeQueues are complete and synced below this physical offset.
    pub(crate) queues_synced: i64,
    /// The ConsumeQueue files are complete below this physical offset, as long as the machine runs.
    pub(crate) queues_written: i64,
    /// A record boundary a little before the end: from here on the log is verified even after a
    /// clean stop.
    pub(crate) verify_from: i64,
    /// The index files are complete below this physical offset, as long as the machine runs, and
    /// after a clean stop.
    pub(crate) index_position: i64,
    /// How many queues had files: fewer later means that some were lost.
    pub(crate) queue_count: i64,
    /// How many index files there were.
    pub(crate) index_file_count: i64,
    /// The boot that `queues_written` holds for; empty when unknown.
    pub(crate) boot_id: String,
}

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) java: JavaCheckpoint,
    /// `None` when Java wrote last, or when the part is damaged.
    pub(crate) extension: Option<Extension>,
}

impl Checkpoint {
    /// Reads the bytes of the file, however many there are.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let java = JavaCheckpoint {
            physic_timestamp: i64_at(bytes, PHYSIC_TIMESTAMP_AT),
            logics_timestamp: i64_at(bytes, LOGICS_TIMESTAMP_AT),
            index_timestamp: i64_at(bytes, INDEX_TIMESTAMP_AT),
            master_flushed: i64_at(bytes, MASTER_FLUSHED_AT),
            confirm: i64_at(bytes, CONFIRM_AT),
        };
        Self {
            java,
            extension: Extension::from_bytes(bytes),
        }
    }

    fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let mut put = |at: usize, value: i64| {
            bytes[at..at + size_of::<i64>()].copy_from_slice(&value.to_be_bytes());
        };
        put(PHYSIC_TIMESTAMP_AT, self.java.physic_timestamp);
        put(LOGICS_TIMESTAMP_AT, self.java.logics_timestamp);
        put(INDEX_TIMESTAMP_AT, self.java.index_timestamp);
        put(MASTER_FLUSHED_AT, self.java.master_flushed);
        put(CONFIRM_AT, self.java.confirm);
        if let Some(extension) = &self.extension {
            put(MAGIC_AT, MAGIC);
            put(LOG_SYNCED_AT, extension.log_synced);
            put(QUEUES_SYNCED_AT, extension.queues_synced);
            put(QUEUES_WRITTEN_AT, extension.queues_written);
            put(VERIFY_FROM_AT, extension.verify_from);
            put(INDEX_POSITION_AT, extension.index_position);
            put(QUEUE_COUNT_AT, extension.queue_count);
            put(INDEX_FILE_COUNT_AT, extension.index_file_count);
            let clean = i32::from(extension.is_clean);
            bytes[CLEAN_AT..CLEAN_AT + size_of::<i32>()].copy_from_slice(&clean.to_be_bytes());
            bytes.copy_within(..JAVA_END, JAVA_COPY_AT);
            let boot_id = extension.boot_id.as_bytes();
            let boot_id = &boot_id[..boot_id.len().min(BOOT_ID_LENGTH)];
            bytes[BOOT_ID_AT..BOOT_ID_AT + boot_id.len()].copy_from_slice(boot_id);
            let crc = crc32fast::hash(&bytes[CLEAN_AT..EXTENSION_END]);
            bytes[CRC_AT..CLEAN_AT].copy_from_slice(&crc.to_be_bytes());
        }
        bytes
    }
}

impl Extension {
    /// Whether the part is as Gantry wrote it; Java may have written its own since.
    fn is_whole(bytes: &[u8]) -> bool {
        let covered = bytes.get(CLEAN_AT..EXTENSION_END);
        let crc = bytes.get(CRC_AT..).and_then(<[u8]>::first_chunk);
        covered.zip(crc).is_some_and(|(covered, crc)| {
            i64_at(bytes, MAGIC_AT) == MAGIC && u32::from_be_bytes(*crc) == crc32fast::hash(covered)
        })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let is_newest = bytes.get(JAVA_COPY_AT..LOG_SYNCED_AT)? == bytes.get(..JAVA_END)?;
        if !is_newest || !Self::is_whole(bytes) {
            return None;
        }
        let boot_id = bytes.get(BOOT_ID_AT..EXTENSION_END)?;
        let boot_id = boot_id.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Self {
            is_clean: i32_at(bytes, CLEAN_AT) == 1,
            log_synced: i64_at(bytes, LOG_SYNCED_AT),
            queues_synced: i64_at(bytes, QUEUES_SYNCED_AT),
            queues_written: i64_at(bytes, QUEUES_WRITTEN_AT),
            verify_from: i64_at(bytes, VERIFY_FROM_AT),
            index_position: i64_at(bytes, INDEX_POSITION_AT),
            queue_count: i64_at(bytes, QUEUE_COUNT_AT),
            index_file_count: i64_at(bytes, INDEX_FILE_COUNT_AT),
            boot_id: String::from_utf8_lossy(boot_id).into_owned(),
        })
    }
}

/// The file, open.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    file: Arc<dyn StorageFile>,
}

impl CheckpointFile {
    /// Opens the file, or makes it; what it holds, if it holds anything, comes along.
    pub(crate) fn open(storage: &dyn Storage, path: &Path) -> io::Result<(Self, Checkpoint)> {
        let file = storage.open(path, FileKind::Queue, FILE_SIZE)?;
        let mut bytes = [0; LENGTH];
        file.read_at(0, &mut bytes)?;
        Ok((Self { file }, Checkpoint::from_bytes(&bytes)))
    }

    /// Writes a checkpoint that holds as long as the machine runs.
    pub(crate) fn write(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.file.write_at(0, &checkpoint.to_bytes())
    }

    /// Writes a checkpoint that survives a power cut.
    pub(crate) fn write_synced(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.write(checkpoint)?;
        self.file.sync_data()
    }
}

/// Whether the bytes of the file say that something happened to them.
pub(crate) fn has_damage(bytes: &[u8]) -> bool {
    let part = bytes.get(EXTENSION_AT..).unwrap_or_default();
    let is_empty = part.iter().all(|byte| *byte == 0);
    bytes.len() < JAVA_END || (!is_empty && !Extension::is_whole(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Checkpoint {
        Checkpoint {
            java: JavaCheckpoint {
                physic_timestamp: 1,
                logics_timestamp: 2,
                index_timestamp: 3,
                master_flushed: 4,
                confirm: 5,
            },
            extension: Some(Extension {
                is_clean: true,
                log_synced: 6,
                queues_synced: 7,
                queues_written: 8,
                verify_from: 9,
                index_position: 10,
                queue_count: 11,
                index_file_count: 12,
                boot_id: "e9a562d2-cf49-4141-b1c4-ced3590684b9".to_owned(),
            }),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Checkpoint::from_bytes(&example().to_bytes()), example());
    }

    #[test]
    fn the_first_bytes_are_javas() {
        let bytes = example().to_bytes();
        let numbers: Vec<i64> = (0..5).map(|number| i64_at(&bytes, number * 8)).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert!(bytes[40..EXTENSION_AT].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn gantrys_part_is_ignored_after_java_wrote() {
        let mut bytes = example().to_bytes();
        bytes[7] = 99;
        let read = Checkpoint::from_bytes(&bytes);
        assert_eq!(read.java.physic_timestamp, 99);
        assert_eq!(read.extension, None);
    }

    #[test]
    fn any_flipped_bit_is_noticed_and_any_length_is_read() {
        let bytes = example().to_bytes();
        for bit in 0..EXTENSION_END * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let harmless = (JAVA_END..EXTENSION_AT).contains(&(bit / 8));
            assert_eq!(
                Checkpoint::from_bytes(&flipped).extension.is_some(),
                harmless,
                "bit {bit}"
            );
        }
        for length in 0..bytes.len() {
            let _any = Checkpoint::from_bytes(&bytes[..length]);
        }
    }
}
