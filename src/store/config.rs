//! Settings of a store, with RocketMQ's own defaults.
//!
//! The Java name of each setting stands at its field; the broker maps its properties file to them.

use std::path::PathBuf;
use std::time::Duration;

use crate::delay_level::DelayLevels;

/// Bytes of a ConsumeQueue unit.
pub const CONSUME_QUEUE_UNIT_SIZE: usize = 20;

/// When a message counts as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlushMode {
    /// When it is synced to the disk: an acknowledged message survives a power cut (`SYNC_FLUSH`).
    Sync,
    /// When the system has it: an acknowledged message survives the end of the process, and a power
    /// cut if it is older than [`StoreConfig::flush_interval`] (`ASYNC_FLUSH`).
    #[default]
    Async,
}

/// How a store is laid out and run.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreConfig {
    /// The store directory (`storePathRootDir`).
    pub root: PathBuf,
    /// Bytes of a CommitLog file (`mappedFileSizeCommitLog`).
    pub commit_log_file_size: u64,
    /// Units of a ConsumeQueue file (`mappedFileSizeConsumeQueue` / 20).
    pub consume_queue_units: u32,
    /// Hash slots of an index file (`maxHashSlotNum`).
    pub index_slots: u32,
    /// Entries of an index file (`maxIndexNum`).
    pub index_entries: u32,
    /// Whether messages are found by key (`messageIndexEnable`).
    pub index_enabled: bool,
    /// When a message counts as stored (`flushDiskType`).
    pub flush_mode: FlushMode,
    /// How long a message may wait for its sync in asynchronous mode (`flushIntervalCommitLog`).
    pub flush_interval: Duration,
    /// How often ConsumeQueue entries are written to their files (`flushIntervalConsumeQueue`).
    pub consume_queue_flush_interval: Duration,
    /// How often everything is synced and the checkpoint written (`flushCommitLogThoroughInterval`).
    pub flush_thorough_interval: Duration,
    /// Largest body in bytes (`maxMessageSize`).
    pub message_size_max: usize,
    /// How long a CommitLog file is kept (`fileReservedTime`, in hours there).
    pub file_reserved: Duration,
    /// Hours of the day, local time, at which old files go (`deleteWhen`).
    pub delete_when: Vec<u8>,
    /// Above this used share of the disk, old files go at any hour (`diskMaxUsedSpaceRatio`).
    pub disk_max_used_ratio: f64,
    /// Above this share, files go whatever their age (`diskSpaceCleanForciblyRatio`).
    pub disk_clean_forcibly_ratio: f64,
    /// Whether files go before their time at all when the disk is nearly full
    /// (`cleanFileForciblyEnable`); without it, messages are refused until somebody makes room.
    pub clean_forcibly: bool,
    /// Above this share, messages are refused (`diskSpaceWarningLevelRatio`).
    pub disk_warning_ratio: f64,
    /// CommitLog files removed in one pass at most (`deleteFileBatchMax`).
    pub delete_file_batch_max: usize,
    /// How often retention looks (`cleanResourceInterval`).
    pub clean_interval: Duration,
    /// The delay levels (`messageDelayLevel`).
    pub delay_levels: DelayLevels,
}

impl StoreConfig {
    /// RocketMQ's defaults for a store in `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            commit_log_file_size: 1 << 30,
            consume_queue_units: 300_000,
            index_slots: 5_000_000,
            index_entries: 20_000_000,
            index_enabled: true,
            flush_mode: FlushMode::Async,
            flush_interval: Duration::from_millis(500),
            consume_queue_flush_interval: Duration::from_secs(1),
            flush_thorough_interval: Duration::from_secs(10),
            message_size_max: 4 << 20,
            file_reserved: Duration::from_secs(72 * 60 * 60),
            delete_when: vec![4],
            disk_max_used_ratio: 0.75,
            disk_clean_forcibly_ratio: 0.85,
            clean_forcibly: true,
            disk_warning_ratio: 0.90,
            delete_file_batch_max: 10,
            clean_interval: Duration::from_secs(10),
            delay_levels: DelayLevels::default(),
        }
    }

    /// Where the CommitLog is.
    #[must_use]
    pub fn commit_log_dir(&self) -> PathBuf {
        self.root.join("commitlog")
    }

    /// Where the ConsumeQueues are.
    #[must_use]
    pub fn consume_queue_dir(&self) -> PathBuf {
        self.root.join("consumequeue")
    }

    /// Where the index files are.
    #[must_use]
    pub fn index_dir(&self) -> PathBuf {
        self.root.join("index")
    }

    /// Bytes of a ConsumeQueue file.
    #[must_use]
    pub fn consume_queue_file_size(&self) -> u64 {
        u64::from(self.consume_queue_units) * CONSUME_QUEUE_UNIT_SIZE as u64
    }

    /// What is wrong with the settings, if anything is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        const FILE_SIZE_MAX: u64 = i32::MAX as u64;
        let index_size = 40 + 4 * u64::from(self.index_slots) + 20 * u64::from(self.index_entries);
        if !(COMMIT_LOG_FILE_SIZE_MIN..=FILE_SIZE_MAX).contains(&self.commit_log_file_size) {
            Some("a CommitLog file has from 4 KiB to 2 GiB")
        } else if self.consume_queue_units == 0 || self.consume_queue_file_size() > FILE_SIZE_MAX {
            Some("a ConsumeQueue file has from one unit to 2 GiB")
        } else if self.index_slots == 0 || self.index_entries < 2 || index_size > FILE_SIZE_MAX {
            Some("an index file has at least one slot and two entries, and at most 2 GiB")
        } else if self.message_size_max > MESSAGE_SIZE_MAX {
            Some("a message has at most 1 GiB")
        } else {
            None
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self::new("store")
    }
}

/// Smallest CommitLog file: tests roll files quickly.
const COMMIT_LOG_FILE_SIZE_MIN: u64 = 4096;
/// Largest body that can be configured.
const MESSAGE_SIZE_MAX: usize = 1 << 30;
/// What a record may be longer than its body: RocketMQ's own allowance.
pub const RECORD_OVERHEAD_MAX: usize = 64 * 1024;
