//! The seam between the store and the disk: everything the store asks of a file system.
//!
//! [`MmapStorage`] serves a running broker, [`PlainStorage`] does the same with positioned reads and
//! writes (and the same bytes), tests bring a disk that crashes. Invariant: no other file of this
//! crate touches `std::fs`.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::FlushMode;

#[cfg(any(test, feature = "testing"))]
pub mod crash;
pub(crate) mod disk;
pub(crate) mod read_only;

pub use crate::mapped_file::MmapStorage;
pub use crate::plain_file::PlainStorage;

/// What a file is used for, which decides how it is kept open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A CommitLog file: appended by one writer, read in place by many.
    Log,
    /// A CommitLog file whose records count when they are synced. The same bytes, but written by
    /// system calls into zeros that were written before: a sync of them then has no page to protect
    /// from a mapping and no new block to note down.
    SyncedLog,
    /// A ConsumeQueue file: appended in blocks, read in small pieces; there may be very many.
    Queue,
    /// An IndexFile: small reads and writes all over it.
    Index,
}

impl FileKind {
    /// The kind that a log of this mode has.
    #[must_use]
    pub(crate) const fn of_log(flush_mode: FlushMode) -> Self {
        match flush_mode {
            FlushMode::Async => Self::Log,
            FlushMode::Sync => Self::SyncedLog,
        }
    }

    /// Whether bytes are only ever added at the end.
    #[must_use]
    pub(crate) const fn is_log(self) -> bool {
        matches!(self, Self::Log | Self::SyncedLog)
    }
}

/// One file of fixed size. Dropping it writes nothing and loses nothing that was written.
///
/// What was written survives the end of the process at once, and a power cut only after
/// [`sync_data`](Self::sync_data) returned `Ok`.
pub trait StorageFile: Debug + Send + Sync {
    /// Size in bytes; never changes while the file is open.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `at` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before the buffer is full; what the system says otherwise.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes `bytes` from `at` on. A log takes them only behind what was written
    /// before.
    ///
    /// # Errors
    /// `StorageFull` when the disk is; `InvalidInput` outside of the file, and for a log before its end.
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// The bytes in place, where the file is mapped and they were written; `None` says: use
    /// [`read_at`](Self::read_at).
    fn view(&self, at: u64, length: usize) -> Option<&[u8]>;

    /// Makes room for what will be written below `end`: disk space reserved, pages at hand (for a
    /// [`FileKind::SyncedLog`], zeros written, which a sync then takes to the disk).
    ///
    /// Never touches what was written before. Doing nothing is a right answer.
    ///
    /// # Errors
    /// `StorageFull` when the disk is.
    fn prepare(&self, end: u64) -> io::Result<()>;

    /// How far [`prepare`](Self::prepare) has come.
    fn prepared(&self) -> u64;

    /// Ends the content at `end`: everything behind it becomes zero, and appends go on there. Says
    /// whether anything there was not zero.
    ///
    /// # Errors
    /// What the system says; the file is then as it was or partly zeroed behind `end`.
    fn end_at(&mut self, end: u64) -> io::Result<bool>;

    /// The first stretch at or after `at` that may hold something else than zeros; `None` when all
    /// the rest is a hole.
    ///
    /// # Errors
    /// What the system says.
    fn data_range(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        Ok((at < self.size()).then(|| at..self.size()))
    }

    /// Makes all that was written survive a power cut.
    ///
    /// # Errors
    /// What the system says. A failure is final: the system may have dropped what it could not write.
    fn sync_data(&self) -> io::Result<()>;

    /// Says that these bytes will be read soon: whoever reads them then need not wait for the disk.
    fn will_read(&self, range: Range<u64>) {
        let _read_when_asked_for = range;
    }

    /// Gives back the memory that shows these bytes; they stay readable.
    fn release(&self, range: Range<u64>) {
        let _nothing_held = range;
    }
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without the directory.
    pub name: String,
    /// Whether it is a directory itself.
    pub is_dir: bool,
}

/// What the file system knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Size in bytes, holes included.
    pub size: u64,
    /// When it was last written, in ms since the epoch.
    pub modified_ms: i64,
}

/// How full the file system of a directory is, for those who may write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUsage {
    /// Bytes in use.
    pub used: u64,
    /// Bytes that may still be written.
    pub available: u64,
}

impl DiskUsage {
    /// Used share between 0 and 1. What is kept for the system's administrator counts as neither.
    #[must_use]
    pub fn used_ratio(&self) -> f64 {
        let total = u128::from(self.used) + u128::from(self.available);
        // Thousandths are exact enough for a threshold in per cent, and need no lossy cast.
        let per_mille = (u128::from(self.used) * 1000)
            .checked_div(total)
            .unwrap_or(0);
        f64::from(u32::try_from(per_mille).unwrap_or(1000)) / 1000.0
    }
}

/// Keeps a lock on a store directory until it is dropped.
pub trait StorageLock: Debug + Send + Sync {}

/// A file system, as far as the store needs one.
///
/// A name created, removed or renamed survives a power cut only after [`sync_dir`](Self::sync_dir)
/// of its directory.
pub trait Storage: Debug + Send + Sync + 'static {
    /// Opens a file; one that is missing is made, one that is too short grows (sparse, all zero).
    ///
    /// A file that is new or grew from nothing begins empty; in any other, all bytes count as written
    /// until [`StorageFile::end_at`].
    ///
    /// # Errors
    /// `InvalidData` when the file is longer than `size`; what the system says otherwise.
    fn open(&self, path: &Path, kind: FileKind, size: u64) -> io::Result<Arc<dyn StorageFile>>;

    /// Opens a file as it is, only to read it; it has the size that it has.
    ///
    /// # Errors
    /// `NotFound` when there is none; what the system says otherwise.
    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Names in a directory, sorted; none when there is no such directory.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Size and age of a file; `None` when there is no such file.
    ///
    /// # Errors
    /// What the system says.
    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>>;

    /// Reads a small file whole; `None` when there is no such file.
    ///
    /// # Errors
    /// What the system says; `InvalidData` above [`SMALL_FILE_SIZE_MAX`].
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Writes a small file whole, in place, and syncs its bytes (not its name).
    ///
    /// # Errors
    /// What the system says; the file may then hold any part of the bytes.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Creates a directory and those above it.
    ///
    /// # Errors
    /// What the system says.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Removes a file; one that is not there is fine.
    ///
    /// # Errors
    /// What the system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and all below it; one that is not there is fine.
    ///
    /// # Errors
    /// What the system says.
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Renames a file over another.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes names created, removed and renamed in `dir` survive a power cut.
    ///
    /// # Errors
    /// What the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes everything that was written to the file system of `dir` survive a power cut.
    ///
    /// # Errors
    /// What the system says.
    fn sync_all(&self, dir: &Path) -> io::Result<()>;

    /// How full the file system of `dir` is.
    ///
    /// # Errors
    /// What the system says.
    fn disk_usage(&self, dir: &Path) -> io::Result<DiskUsage>;

    /// Takes the lock of a store directory, which no other process, no other store of this process
    /// and no Java broker then gets.
    ///
    /// # Errors
    /// `WouldBlock` when someone else holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn StorageLock>>;

    /// Changes whenever the machine may have lost what was not synced; `None` when that is unknown.
    fn boot_id(&self) -> Option<String>;
}

/// Whether an error says that the disk, or one's share of it, is full.
#[must_use]
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Largest file that [`Storage::read`] takes into memory.
pub const SMALL_FILE_SIZE_MAX: u64 = 1 << 30;

/// A storage that can be handed around.
pub type SharedStorage = Arc<dyn Storage>;

/// `<dir>/<20 digits>`: how RocketMQ names a file by the offset it begins at.
#[must_use]
pub(crate) fn offset_file_name(dir: &Path, offset: u64) -> PathBuf {
    dir.join(format!("{offset:020}"))
}

/// The offset that a file name stands for; `None` for any other name.
#[must_use]
pub(crate) fn offset_of_file_name(name: &str) -> Option<u64> {
    (name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| name.parse().ok())
        .flatten()
}
