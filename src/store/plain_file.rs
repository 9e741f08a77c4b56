//! Files by positioned reads and writes: no mapping, no unsafe code, the same bytes as the mapped ones.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::storage::{
    DiskUsage, Entry, FileKind, FileStat, Storage, StorageFile, StorageLock, disk,
};

/// A file that is read and written with system calls.
#[derive(Debug)]
pub(crate) struct PlainFile {
    file: File,
    size: u64,
    kind: FileKind,
    /// Below this a log is not written any more.
    written: AtomicU64,
}

impl PlainFile {
    /// Opens or creates the file.
    pub(crate) fn open(path: &Path, kind: FileKind, size: u64) -> io::Result<Self> {
        let (file, is_new) = disk::open_sized(path, size)?;
        let written = AtomicU64::new(if is_new { 0 } else { size });
        Ok(Self {
            file,
            size,
            kind,
            written,
        })
    }

    /// Opens an existing file without the right to write it.
    pub(crate) fn open_to_read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            file,
            size,
            kind: FileKind::Queue,
            written: AtomicU64::new(size),
        })
    }
}

impl StorageFile for PlainFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, at)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let fits = at
            .checked_add(bytes.len() as u64)
            .is_some_and(|end| end <= self.size);
        let taken = self.kind.is_log() && at < self.written.load(Ordering::Acquire);
        if !fits || taken {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.file.write_all_at(bytes, at)?;
        self.written
            .store(at + bytes.len() as u64, Ordering::Release);
        Ok(())
    }

    fn view(&self, _at: u64, _length: usize) -> Option<&[u8]> {
        None
    }

    fn prepare(&self, _end: u64) -> io::Result<()> {
        Ok(())
    }

    fn prepared(&self) -> u64 {
        self.size
    }

    fn end_at(&mut self, end: u64) -> io::Result<bool> {
        let had_content = disk::zero_from(&self.file, end, self.size)?;
        self.written.store(end, Ordering::Release);
        Ok(had_content)
    }

    fn data_range(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        disk::data_range(&self.file, at, self.size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The file system by system calls alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainStorage;

impl Storage for PlainStorage {
    fn open(&self, path: &Path, kind: FileKind, size: u64) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(PlainFile::open(path, kind, size)?))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(PlainFile::open_to_read(path)?))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        disk::list(dir)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        disk::stat(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        disk::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        disk::write(path, bytes)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        disk::absent_is_fine(std::fs::remove_file(path))
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        disk::absent_is_fine(std::fs::remove_dir_all(dir))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn sync_all(&self, dir: &Path) -> io::Result<()> {
        disk::sync_all(dir)
    }

    fn disk_usage(&self, dir: &Path) -> io::Result<DiskUsage> {
        disk::disk_usage(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn StorageLock>> {
        disk::lock(path)
    }

    fn boot_id(&self) -> Option<String> {
        disk::boot_id()
    }
}
