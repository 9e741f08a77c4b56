//! The index: messages by key, in files that follow each other.
//!
//! It is built from the CommitLog by whoever calls [`catch_up`](Index::catch_up): the derived-files
//! thread as a habit, a query for what is missing. Invariant: the index is derived; losing all of it
//! costs nothing but the time to build it again.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use protocol::message::sys_flag::{TRANSACTION_ROLLBACK, transaction_type};
use protocol::message::{RecordView, index_key_hash, property};

use crate::commit_log::CommitLog;
use crate::config::StoreConfig;
use crate::convert::to_u64;
use crate::index_file::{IndexFile, IndexShape};
use crate::log_scan::{Place, next_record_in, place_at};
use crate::storage::{FileKind, SharedStorage};

/// Offsets that one query returns at most (`maxMsgsNumBatch`).
pub const KEY_QUERY_COUNT_MAX: usize = 64;
/// Separates the keys of a message.
const KEY_SEPARATOR: char = ' ';
/// Entries whose disk space is reserved together.
const RESERVED_ENTRIES: u32 = 64 * 1024;

/// What to look for in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyQuery {
    /// Offsets wanted at most; [`KEY_QUERY_COUNT_MAX`] bounds it.
    pub count_max: usize,
    /// Only messages stored since then (ms since the epoch).
    pub begin_ms: i64,
    /// Only messages stored until then.
    pub end_ms: i64,
}

/// What the index found. Only hashes were compared: whoever asks compares the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyQueryOutcome {
    /// Where the records begin, newest file first.
    pub physical_offsets: Vec<i64>,
    /// Store time of the newest message in the index.
    pub index_last_update_timestamp: i64,
    /// Physical offset of the newest message in the index.
    pub index_last_update_physical_offset: i64,
}

/// All index files.
#[derive(Debug)]
pub(crate) struct Index {
    storage: SharedStorage,
    dir: PathBuf,
    shape: IndexShape,
    state: Mutex<IndexState>,
    /// Everything in the log below is in the index.
    position: AtomicU64,
}

#[derive(Debug)]
struct IndexState {
    files: Vec<IndexFile>,
    reserved_until: u32,
    scratch: Vec<u8>,
}

/// What a catch-up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CaughtUp {
    /// Whether the index is now as long as it was asked to be.
    pub(crate) is_done: bool,
    /// Whether a file became full, so that its end can be written into the checkpoint.
    pub(crate) filled_until: Option<i64>,
}

impl Index {
    /// An index of these files, oldest first, which goes on at `position` of the log.
    pub(crate) fn new(
        storage: SharedStorage,
        config: &StoreConfig,
        files: Vec<IndexFile>,
        position: u64,
    ) -> Self {
        let state = IndexState {
            files,
            reserved_until: 0,
            scratch: Vec::new(),
        };
        Self {
            storage,
            dir: config.index_dir(),
            shape: IndexShape::of(config),
            state: Mutex::new(state),
            position: AtomicU64::new(position),
        }
    }

    /// Everything in the log below this offset is in the index.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Enters the records of the log up to `end`, but not many more than `budget` bytes of it.
    ///
    /// # Errors
    /// What the system says; the records are tried again the next time.
    pub(crate) fn catch_up(
        &self,
        log: &CommitLog,
        end: u64,
        budget: u64,
        now_ms: i64,
    ) -> io::Result<CaughtUp> {
        let mut state = self.state.lock();
        let mut position = self.position().max(log.start());
        let stop = end.min(position.saturating_add(budget));
        let mut filled_until = None;
        while position < stop {
            let Some(file) = log.file_at(position) else {
                position = log.next_file_start(position);
                continue;
            };
            let mut scratch = std::mem::take(&mut state.scratch);
            while position < stop && file.contains(position) {
                match place_at(&file, position, &mut scratch) {
                    Place::Record(record) => {
                        let filled = self.enter(&mut state, &record, now_ms);
                        filled_until = filled?.or(filled_until);
                        position += record.total_size() as u64;
                    }
                    Place::Blank => position = file.end(),
                    Place::Nothing => {
                        let next = next_record_in(&file, position + 1, &mut scratch);
                        position = next.filter(|next| *next < end).unwrap_or(file.end());
                    }
                }
                self.position.store(position.min(end), Ordering::Release);
            }
            state.scratch = scratch;
        }
        self.position.fetch_max(position.min(end), Ordering::AcqRel);
        Ok(CaughtUp {
            is_done: position >= end,
            filled_until,
        })
    }

    /// Enters the keys of a record. Tells the end time of a file that became full.
    fn enter(
        &self,
        state: &mut IndexState,
        record: &RecordView<'_>,
        now_ms: i64,
    ) -> io::Result<Option<i64>> {
        let mut filled_until = None;
        for hash in key_hashes(record) {
            if state.files.last().is_none_or(IndexFile::is_full) {
                if let Some(full) = state.files.last() {
                    full.sync()?;
                    full.release();
                    filled_until = Some(full.header().end_timestamp);
                }
                self.create_file(state, now_ms)?;
            }
            self.reserve(state)?;
            if let Some(file) = state.files.last_mut() {
                file.put(hash, record.physical_offset(), record.store_timestamp())?;
            }
        }
        Ok(filled_until)
    }

    /// Keeps the disk space of the next entries reserved, so that a full disk is an error here and
    /// not a signal when the mapping is written.
    fn reserve(&self, state: &mut IndexState) -> io::Result<()> {
        let Some(file) = state.files.last() else {
            return Ok(());
        };
        let count = file.header().index_count.unsigned_abs();
        if count >= state.reserved_until {
            file.reserve_entries(RESERVED_ENTRIES)?;
            state.reserved_until = count
                .saturating_add(RESERVED_ENTRIES)
                .min(self.shape.entries);
            if state.reserved_until <= count {
                state.reserved_until = count + 1;
            }
        }
        Ok(())
    }

    fn create_file(&self, state: &mut IndexState, now_ms: i64) -> io::Result<()> {
        self.storage.create_dir_all(&self.dir)?;
        // Names have to grow, even when the clock went back or two files begin in one millisecond.
        let last = state.files.last().map(|file| file.name().to_owned());
        let mut name = file_name(now_ms);
        if let Some(last) = last.filter(|last| *last >= name) {
            name = last
                .parse::<u64>()
                .map_or(name, |number| format!("{:017}", number + 1));
        }
        let path = self.dir.join(&name);
        let file = self
            .storage
            .open(&path, FileKind::Index, self.shape.file_size())?;
        let mut file = IndexFile::load(name, file, self.shape)?;
        file.reserve()?;
        if let Some(last) = state.files.last() {
            file.begin_after(last.header().end_physical, last.header().end_timestamp)?;
        }
        self.storage.sync_dir(&self.dir)?;
        state.files.push(file);
        state.reserved_until = 0;
        Ok(())
    }

    /// Looks for a key of a topic.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn query(
        &self,
        topic: &str,
        key: &str,
        query: KeyQuery,
    ) -> io::Result<KeyQueryOutcome> {
        let hash = index_key_hash(topic, key);
        let count_max = query.count_max.min(KEY_QUERY_COUNT_MAX);
        let state = self.state.lock();
        let mut outcome = KeyQueryOutcome::default();
        if let Some(last) = state.files.last() {
            outcome.index_last_update_timestamp = last.header().end_timestamp;
            outcome.index_last_update_physical_offset = last.header().end_physical;
        }
        for file in state.files.iter().rev() {
            if file.overlaps(query.begin_ms, query.end_ms) {
                let found = &mut outcome.physical_offsets;
                file.find(hash, query.begin_ms, query.end_ms, count_max, found)?;
            }
            let is_older = file.header().begin_timestamp < query.begin_ms;
            if is_older || outcome.physical_offsets.len() >= count_max {
                break;
            }
        }
        Ok(outcome)
    }

    /// Removes the files whose messages all lie below `physical_min`, except the last one.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn remove_expired(&self, physical_min: i64) -> io::Result<usize> {
        let mut state = self.state.lock();
        let mut removed = 0;
        while state.files.len() > 1 && state.files[0].header().end_physical < physical_min {
            let file = state.files.remove(0);
            self.storage.remove_file(&self.dir.join(file.name()))?;
            removed += 1;
        }
        if removed > 0 {
            self.storage.sync_dir(&self.dir)?;
        }
        Ok(removed)
    }

    /// Makes all files survive a power cut; returns the time until which they are complete.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn sync(&self) -> io::Result<Option<i64>> {
        let state = self.state.lock();
        if let Some(last) = state.files.last() {
            last.sync()?;
        }
        Ok(state.files.last().map(|last| last.header().end_timestamp))
    }

    /// How many files there are.
    pub(crate) fn file_count(&self) -> usize {
        self.state.lock().files.len()
    }

    /// Gives back the memory that shows the files.
    pub(crate) fn release(&self) {
        for file in &self.state.lock().files {
            file.release();
        }
    }
}

/// The hashes that a record is entered with: of its unique key, then of each of its keys.
pub(crate) fn key_hashes<'r>(record: &'r RecordView<'_>) -> impl Iterator<Item = i32> + 'r {
    let is_entered = transaction_type(record.sys_flag()) != TRANSACTION_ROLLBACK;
    let [unique_key, keys] = record.property_values([property::UNIQUE_KEY, property::KEYS]);
    let keys = keys
        .unwrap_or_default()
        .split(KEY_SEPARATOR)
        .filter(|key| !key.is_empty());
    let keys = unique_key
        .into_iter()
        .chain(keys)
        .filter(move |_| is_entered);
    keys.map(|key| index_key_hash(record.topic(), key))
}

/// Opens the files in the index directory that a store may go on with.
///
/// `keep` decides on each file by its header; from the first one refused on, all are removed: an
/// index with a hole is worse than a shorter one, which is simply continued.
pub(crate) fn load_files(
    storage: &SharedStorage,
    config: &StoreConfig,
    keep: &dyn Fn(&IndexFile) -> bool,
) -> io::Result<Vec<IndexFile>> {
    let shape = IndexShape::of(config);
    let dir = config.index_dir();
    let mut files = Vec::new();
    let mut refused = false;
    for entry in storage.list(&dir)? {
        if entry.is_dir || !entry.name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let path = dir.join(&entry.name);
        let is_whole = storage
            .stat(&path)?
            .is_some_and(|stat| stat.size == shape.file_size());
        if !refused && is_whole {
            let file = storage.open(&path, FileKind::Index, shape.file_size())?;
            let file = IndexFile::load(entry.name, file, shape)?;
            if file.is_plausible() && !file.is_empty() && keep(&file) {
                file.forget_unfinished()?;
                files.push(file);
                continue;
            }
        }
        refused = true;
        storage.remove_file(&path)?;
    }
    Ok(files)
}

/// Where an index of these files has to go on in the log: at its last record, whose keys may not all
/// be in.
pub(crate) fn resume_at(files: &[IndexFile]) -> u64 {
    files
        .last()
        .map_or(0, |last| to_u64(last.header().end_physical))
}

/// `yyyyMMddHHmmssSSS` in local time, as Java names its index files.
fn file_name(now_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    format!(
        "{}{:03}",
        local.strftime("%Y%m%d%H%M%S"),
        local.millisecond()
    )
}
