//! The CommitLog: the files that hold every message, one record after another.
//!
//! Reading needs no lock but that of the list of files. Appending is in [`append`](crate::append).
//! Invariant: a byte below [`end`](CommitLog::end) is never written again.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::config::{FlushMode, StoreConfig};
use crate::storage::{FileKind, SharedStorage, StorageFile, offset_file_name};

/// One file of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    /// Physical offset of its first byte.
    pub(crate) start: u64,
    /// Its bytes.
    pub(crate) file: Arc<dyn StorageFile>,
}

impl LogFile {
    /// Physical offset behind its last byte.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.file.size()
    }

    /// Whether the file holds the byte at this physical offset.
    pub(crate) fn contains(&self, physical_offset: u64) -> bool {
        (self.start..self.end()).contains(&physical_offset)
    }

    /// Bytes at a physical offset: in place where the file is mapped, else by way of `scratch`.
    pub(crate) fn bytes<'a>(
        &'a self,
        physical_offset: u64,
        length: usize,
        scratch: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        let at = physical_offset
            .checked_sub(self.start)
            .ok_or(io::ErrorKind::InvalidInput)?;
        if length as u64 > self.file.size().saturating_sub(at) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(bytes) = self.file.view(at, length) {
            return Ok(bytes);
        }
        scratch.resize(length, 0);
        self.file.read_at(at, scratch)?;
        Ok(scratch)
    }
}

/// The file behind the last one.
#[derive(Debug, Default)]
struct NextFile {
    /// It is made before it is needed.
    ready: Option<LogFile>,
    /// Where the newest file begins that was made or found. Each is made once: making one anew would
    /// take away what was written to it in the meantime.
    newest: Option<u64>,
}

/// All files of the log and where they end.
#[derive(Debug)]
pub(crate) struct CommitLog {
    storage: SharedStorage,
    dir: PathBuf,
    file_size: u64,
    files: RwLock<VecDeque<LogFile>>,
    next: Mutex<NextFile>,
    /// Physical offset behind the last record.
    end: AtomicU64,
    /// Memory that shows what lies below was given back.
    released: AtomicU64,
    /// Less room than this ahead of the end asks for more.
    ahead_low: AtomicU64,
    kind: FileKind,
    ahead: Ahead,
}

impl CommitLog {
    /// A log of these files, which come in the order of their offsets.
    pub(crate) fn new(
        storage: SharedStorage,
        config: &StoreConfig,
        files: Vec<LogFile>,
        end: u64,
    ) -> Self {
        let newest = files.last().map(|file| file.start);
        let ahead = Ahead::of(config.flush_mode);
        Self {
            storage,
            dir: config.commit_log_dir(),
            file_size: config.commit_log_file_size,
            files: RwLock::new(files.into()),
            next: Mutex::new(NextFile {
                ready: None,
                newest,
            }),
            end: AtomicU64::new(end),
            released: AtomicU64::new(0),
            ahead_low: AtomicU64::new(ahead.min / 2),
            kind: FileKind::of_log(config.flush_mode),
            ahead,
        }
    }

    /// Bytes of each file.
    pub(crate) fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Physical offset behind the last record.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Publishes a new end.
    pub(crate) fn set_end(&self, end: u64) {
        // Sequentially consistent: threads that go to sleep look at it after saying so.
        self.end.store(end, Ordering::SeqCst);
    }

    /// Physical offset of the oldest byte.
    pub(crate) fn start(&self) -> u64 {
        self.files
            .read()
            .front()
            .map_or_else(|| self.end(), |file| file.start)
    }

    /// The file that holds the byte at a physical offset.
    pub(crate) fn file_at(&self, physical_offset: u64) -> Option<LogFile> {
        let files = self.files.read();
        let behind = files.partition_point(|file| file.start <= physical_offset);
        let file = files.get(behind.checked_sub(1)?)?;
        file.contains(physical_offset).then(|| file.clone())
    }

    /// Start of the file behind the one that a physical offset lies in.
    pub(crate) fn next_file_start(&self, physical_offset: u64) -> u64 {
        (physical_offset / self.file_size + 1) * self.file_size
    }

    /// The files from a physical offset on.
    pub(crate) fn files_from(&self, physical_offset: u64) -> Vec<LogFile> {
        let files = self.files.read();
        files
            .iter()
            .filter(|file| file.end() > physical_offset)
            .cloned()
            .collect()
    }

    /// Makes everything in `[from, to)` survive a power cut.
    pub(crate) fn sync(&self, from: u64, to: u64) -> io::Result<()> {
        let files: Vec<LogFile> = {
            let files = self.files.read();
            files
                .iter()
                .filter(|file| file.end() > from && file.start < to)
                .cloned()
                .collect()
        };
        files.iter().try_for_each(|file| file.file.sync_data())
    }

    /// The file that begins at `start`, empty: the one made ahead, or one made now.
    pub(crate) fn take_next(&self, start: u64) -> Result<LogFile, PrepareError> {
        let mut next = self.next.lock();
        if let Some(ready) = next.ready.take_if(|ready| ready.start == start) {
            return Ok(ready);
        }
        let file = self.make_file(start)?;
        next.newest = Some(start);
        Ok(file)
    }

    /// Makes the file that begins at `start`; its name survives a power cut.
    fn make_file(&self, start: u64) -> Result<LogFile, PrepareError> {
        self.storage.create_dir_all(&self.dir)?;
        let path = offset_file_name(&self.dir, start);
        let mut file = self.storage.open(&path, self.kind, self.file_size)?;
        if let Some(file) = Arc::get_mut(&mut file) {
            // One that was left over from before holds no records; it begins anew.
            if file.end_at(0)? {
                file.sync_data().map_err(PrepareError::Sync)?;
            }
        }
        self.storage
            .sync_dir(&self.dir)
            .map_err(PrepareError::Sync)?;
        Ok(LogFile { start, file })
    }

    /// Keeps a new file for the next time it is asked for.
    pub(crate) fn keep_next(&self, next: LogFile) {
        self.next.lock().ready = Some(next);
    }

    /// Adds a file behind the others.
    pub(crate) fn push_file(&self, file: LogFile) {
        self.files.write().push_back(file);
    }

    /// Whether a record needs room to be made for it: one that is written by a system call does not.
    pub(crate) fn needs_room(&self) -> bool {
        self.kind == FileKind::Log
    }

    /// Whether room ahead of the end runs short, so that someone should [`prepare`](Self::prepare) more.
    pub(crate) fn wants_room(&self, file: &LogFile, end: u64) -> bool {
        let prepared = file.start + file.file.prepared();
        prepared < file.end() && prepared < end + self.ahead_low.load(Ordering::Relaxed)
    }

    /// Makes room ahead of the end, `rate` bytes per second being written; also the next file, when
    /// the end of this one is near.
    pub(crate) fn prepare(&self, rate: u64) -> Result<(), PrepareError> {
        let window = self.ahead.window(rate);
        self.ahead_low.store(window / 2, Ordering::Relaxed);
        let Some(file) = self.files.read().back().cloned() else {
            return Ok(());
        };
        let goal = (self.end() + window)
            .min(file.end())
            .saturating_sub(file.start);
        // In steps, so that an append that runs out of room never waits long.
        let had = file.file.prepared();
        while file.file.prepared() < goal {
            file.file
                .prepare((file.file.prepared() + PREPARE_STEP).min(goal))?;
        }
        if had < goal {
            self.settle_room(&file)?;
        }
        if self.end() + window >= file.end() {
            self.make_next(file.end())?;
        }
        Ok(())
    }

    /// Takes the zeros of a log whose records are synced to the disk, so that a sync of records does
    /// not have to.
    fn settle_room(&self, file: &LogFile) -> Result<(), PrepareError> {
        match self.kind {
            FileKind::SyncedLog => file.file.sync_data().map_err(PrepareError::Sync),
            FileKind::Log | FileKind::Queue | FileKind::Index => Ok(()),
        }
    }

    /// Makes the file that begins at `start`, unless it was made already.
    fn make_next(&self, start: u64) -> Result<(), PrepareError> {
        let mut next = self.next.lock();
        if next.newest.is_none_or(|newest| newest < start) {
            let file = self.make_file(start)?;
            file.file.prepare(self.ahead.min)?;
            self.settle_room(&file)?;
            *next = NextFile {
                ready: Some(file),
                newest: Some(start),
            };
        }
        Ok(())
    }

    /// Ends the log at `end`: what stands behind it becomes zero, and files behind it go. Only for
    /// recovery, before the log is shared.
    pub(crate) fn end_at(&mut self, end: u64) -> io::Result<()> {
        let files = self.files.get_mut();
        let mut has_gone = false;
        while let Some(last) = files.back().cloned().filter(|last| last.start >= end) {
            files.pop_back();
            self.storage
                .remove_file(&offset_file_name(&self.dir, last.start))?;
            has_gone = true;
        }
        if has_gone {
            self.storage.sync_dir(&self.dir)?;
        }
        if let Some(last) = files.back_mut() {
            let in_file = (end - last.start).min(last.file.size());
            let file = Arc::get_mut(&mut last.file);
            let file = file.ok_or_else(|| io::Error::other("the log is in use already"))?;
            // Synced before anything is appended: what is cut off must not come back behind a record
            // that a power cut takes.
            if file.end_at(in_file)? {
                file.sync_data()?;
            }
        }
        let newest = files.back().map(|file| file.start);
        *self.next.get_mut() = NextFile {
            ready: None,
            newest,
        };
        self.set_end(end);
        Ok(())
    }

    /// Removes the oldest file, unless it is the only one.
    pub(crate) fn remove_first(&self) -> io::Result<bool> {
        let first = {
            let mut files = self.files.write();
            if files.len() < 2 {
                return Ok(false);
            }
            files.pop_front()
        };
        if let Some(first) = first {
            self.storage
                .remove_file(&offset_file_name(&self.dir, first.start))?;
            self.storage.sync_dir(&self.dir)?;
        }
        Ok(true)
    }

    /// The oldest file, when there are others, and when it was written last (ms since the epoch).
    pub(crate) fn oldest_file_modified_ms(&self) -> io::Result<Option<i64>> {
        let first = {
            let files = self.files.read();
            if files.len() < 2 {
                return Ok(None);
            }
            files.front().map(|file| file.start)
        };
        let Some(first) = first else { return Ok(None) };
        let stat = self.storage.stat(&offset_file_name(&self.dir, first))?;
        Ok(stat.map(|stat| stat.modified_ms))
    }

    /// Gives back the memory that shows what was written some time ago: after each stretch that is
    /// written, that stretch; and `all` from time to time, for what was read again since.
    pub(crate) fn release_behind(&self, all: bool) {
        let to = self.end().saturating_sub(RESIDENT_BEHIND);
        let from = if all {
            0
        } else {
            self.released.load(Ordering::Relaxed)
        };
        if !all && to < from + RELEASE_STEP {
            return;
        }
        self.released.store(to, Ordering::Relaxed);
        for file in self
            .files
            .read()
            .iter()
            .filter(|file| file.start < to && file.end() > from)
        {
            let start = from.max(file.start) - file.start;
            file.file.release(start..to.min(file.end()) - file.start);
        }
    }

    /// Says that these bytes of the log will be read soon.
    pub(crate) fn will_read(&self, range: Range<u64>) {
        for file in self.files_from(range.start) {
            if file.start >= range.end {
                break;
            }
            let start = range.start.max(file.start) - file.start;
            file.file
                .will_read(start..range.end.min(file.end()) - file.start);
        }
    }

    /// Gives back all memory that shows the log: nobody writes it.
    pub(crate) fn release_all(&self) {
        for file in &*self.files.read() {
            file.file.release(0..file.file.size());
        }
    }

    /// Appends the record at a physical offset to `out`; `false` when there is none.
    pub(crate) fn copy_record(&self, physical_offset: u64, out: &mut Vec<u8>) -> bool {
        let Some(file) = self.file_at(physical_offset) else {
            return false;
        };
        let mut scratch = Vec::new();
        let record = crate::log_scan::record_at(&file, physical_offset, self.end(), &mut scratch);
        record.is_some_and(|record| {
            out.extend_from_slice(record.bytes());
            true
        })
    }

    /// Store timestamp of the record of this size at a physical offset.
    pub(crate) fn store_timestamp_at(&self, physical_offset: u64) -> Option<i64> {
        let file = self.file_at(physical_offset)?;
        let mut scratch = Vec::new();
        crate::log_scan::record_at(&file, physical_offset, self.end(), &mut scratch)
            .map(|record| record.store_timestamp())
    }
}

/// Why there is no room ahead of the end.
#[derive(Debug)]
pub(crate) enum PrepareError {
    /// It could not be made; the record that finds none says what is wrong.
    Room(io::Error),
    /// A sync failed, which is final: the next one would not speak of it again.
    Sync(io::Error),
}

impl From<io::Error> for PrepareError {
    fn from(error: io::Error) -> Self {
        Self::Room(error)
    }
}

/// How much room is kept ahead of the end of the log. An idle store keeps the least.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    min: u64,
    max: u64,
    /// For so much of a second the room lasts.
    parts_of_second: u64,
}

impl Ahead {
    const fn of(flush_mode: FlushMode) -> Self {
        match flush_mode {
            // Pages at hand: what a fast producer writes in some ten milliseconds.
            FlushMode::Async => Self {
                min: 256 * 1024,
                max: 8 * 1024 * 1024,
                parts_of_second: 8,
            },
            // Zeros on the disk. Syncs of records are slower while they are made, so they are made
            // seldom and many at a time.
            FlushMode::Sync => Self {
                min: 1024 * 1024,
                max: 64 * 1024 * 1024,
                parts_of_second: 1,
            },
        }
    }

    fn window(&self, rate: u64) -> u64 {
        (rate / self.parts_of_second).clamp(self.min, self.max)
    }
}

/// Room made in one step.
const PREPARE_STEP: u64 = 512 * 1024;
/// Memory given back at a time.
const RELEASE_STEP: u64 = 8 * 1024 * 1024;
/// Bytes behind the end that stay in the process's memory for consumers close behind.
const RESIDENT_BEHIND: u64 = 16 * 1024 * 1024;
