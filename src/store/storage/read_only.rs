//! A storage that changes nothing: what the offline check looks through.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{
    DiskUsage, Entry, FileKind, FileStat, SharedStorage, Storage, StorageFile, StorageLock,
};

/// Another storage, with every write refused.
#[derive(Debug)]
pub(crate) struct ReadOnly(pub(crate) SharedStorage);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Storage for ReadOnly {
    /// The file as it is, whatever its size.
    fn open(&self, path: &Path, _kind: FileKind, _size: u64) -> io::Result<Arc<dyn StorageFile>> {
        self.0.open_to_read(path)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.0.open_to_read(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.0.list(dir)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        self.0.stat(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.0.read(path)
    }

    fn write(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        refused()
    }

    fn create_dir_all(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn remove_file(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn remove_dir_all(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_all(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn disk_usage(&self, dir: &Path) -> io::Result<DiskUsage> {
        self.0.disk_usage(dir)
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn StorageLock>> {
        refused()
    }

    fn boot_id(&self) -> Option<String> {
        self.0.boot_id()
    }
}
