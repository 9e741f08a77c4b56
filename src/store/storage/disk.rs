//! What both real storages share: directories, locks, small files, and zeroing the end of a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{FallocateFlags, FlockOperation};

use super::{DiskUsage, Entry, FileStat, SMALL_FILE_SIZE_MAX, StorageLock};

/// Bytes written at once when zeros have to be written.
pub(crate) const ZEROS_LENGTH: usize = 64 * 1024;
/// A block of zeros.
pub(crate) static ZEROS: [u8; ZEROS_LENGTH] = [0; ZEROS_LENGTH];

/// Opens or creates `path` with exactly `size` bytes; says whether it holds no data yet.
pub(crate) fn open_sized(path: &Path, size: u64) -> io::Result<(File, bool)> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let length = file.metadata()?.len();
    if length > size {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} has {length} bytes, {size} are configured",
                path.display()
            ),
        ));
    }
    if length < size {
        file.set_len(size)?;
    }
    Ok((file, length == 0))
}

/// Makes every byte of `file` from `at` on zero. Says whether one was not.
pub(crate) fn zero_from(file: &File, at: u64, size: u64) -> io::Result<bool> {
    let Some(found) = next_non_zero(file, at, size)? else {
        return Ok(false);
    };
    // Up to the next page by hand: holes come in whole pages.
    let page_end = (found / PAGE_SIZE + 1).saturating_mul(PAGE_SIZE).min(size);
    write_zeros(file, found, page_end)?;
    let punched =
        page_end == size || rustix::fs::fallocate(file, PUNCH, page_end, size - page_end).is_ok();
    if !punched {
        let mut at = page_end;
        while let Some(data) = data_range(file, at, size)? {
            write_zeros(file, data.start, data.end)?;
            at = data.end;
        }
    }
    Ok(true)
}

const PAGE_SIZE: u64 = 4096;
const PUNCH: FallocateFlags = FallocateFlags::PUNCH_HOLE.union(FallocateFlags::KEEP_SIZE);

/// Position of the first byte at or after `at` that is not zero.
fn next_non_zero(file: &File, at: u64, size: u64) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; ZEROS_LENGTH];
    let mut at = at;
    while let Some(data) = data_range(file, at, size)? {
        at = data.start;
        while at < data.end {
            let length = usize::try_from(data.end - at)
                .unwrap_or(ZEROS_LENGTH)
                .min(ZEROS_LENGTH);
            file.read_exact_at(&mut buffer[..length], at)?;
            if let Some(found) = buffer[..length].iter().position(|byte| *byte != 0) {
                return Ok(Some(at + found as u64));
            }
            at += length as u64;
        }
    }
    Ok(None)
}

/// Writes zeros over `[at, end)`.
pub(crate) fn write_zeros(file: &File, at: u64, end: u64) -> io::Result<()> {
    let mut at = at;
    while at < end {
        let length = usize::try_from(end - at).map_or(ZEROS_LENGTH, |left| left.min(ZEROS_LENGTH));
        file.write_all_at(&ZEROS[..length], at)?;
        at += length as u64;
    }
    Ok(())
}

/// The next byte that the file system has stored, at or after `at`.
fn next_data(file: &File, at: u64, size: u64) -> io::Result<Option<u64>> {
    if at >= size {
        return Ok(None);
    }
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
        Ok(found) => Ok((found < size).then_some(found)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        // A file system that knows no holes: everything may be data.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(Some(at)),
        Err(error) => Err(error.into()),
    }
}

/// See [`StorageFile::data_range`](super::StorageFile::data_range).
pub(crate) fn data_range(file: &File, at: u64, size: u64) -> io::Result<Option<Range<u64>>> {
    let Some(start) = next_data(file, at, size)? else {
        return Ok(None);
    };
    let end = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start)).unwrap_or(size);
    Ok(Some(start..end.min(size)))
}

/// See [`Storage::list`](super::Storage::list).
pub(crate) fn list(dir: &Path) -> io::Result<Vec<Entry>> {
    let names = match std::fs::read_dir(dir) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    for entry in names {
        let entry = entry?;
        // RocketMQ's own names are ASCII; a name that is not UTF-8 is none of the store's business.
        if let Ok(name) = entry.file_name().into_string() {
            entries.push(Entry {
                name,
                is_dir: entry.file_type()?.is_dir(),
            });
        }
    }
    entries.sort();
    Ok(entries)
}

/// See [`Storage::stat`](super::Storage::stat).
pub(crate) fn stat(path: &Path) -> io::Result<Option<FileStat>> {
    match std::fs::metadata(path) {
        Ok(metadata) => {
            let modified_ms = metadata.mtime() * 1000 + metadata.mtime_nsec() / 1_000_000;
            Ok(Some(FileStat {
                size: metadata.len(),
                modified_ms,
            }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// See [`Storage::read`](super::Storage::read).
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(SMALL_FILE_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SMALL_FILE_SIZE_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} is larger than {SMALL_FILE_SIZE_MAX} bytes",
                path.display()
            ),
        ));
    }
    Ok(Some(bytes))
}

/// See [`Storage::write`](super::Storage::write).
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    // In place and cut afterwards: a crash never leaves an empty file where one was.
    file.write_all(bytes)?;
    let length = file.stream_position()?;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(0))?;
    file.sync_all()
}

/// Turns "it is not there" into success.
pub(crate) fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// See [`Storage::sync_all`](super::Storage::sync_all).
pub(crate) fn sync_all(dir: &Path) -> io::Result<()> {
    let dir = File::open(dir)?;
    rustix::fs::syncfs(&dir)?;
    Ok(())
}

/// See [`Storage::disk_usage`](super::Storage::disk_usage).
pub(crate) fn disk_usage(dir: &Path) -> io::Result<DiskUsage> {
    let stat = rustix::fs::statvfs(dir)?;
    Ok(DiskUsage {
        used: stat
            .f_blocks
            .saturating_sub(stat.f_bfree)
            .saturating_mul(stat.f_frsize),
        available: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}

/// The lock file, held open.
#[derive(Debug)]
struct LockFile {
    _file: File,
}

impl StorageLock for LockFile {}

/// See [`Storage::lock`](super::Storage::lock).
pub(crate) fn lock(path: &Path) -> io::Result<Box<dyn StorageLock>> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    // flock keeps out other stores of this process, the POSIX lock other processes: Java takes that one.
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
    file.write_all(b"lock")?;
    Ok(Box::new(LockFile { _file: file }))
}

/// See [`Storage::boot_id`](super::Storage::boot_id).
pub(crate) fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
