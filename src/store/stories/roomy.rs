//! The machine's file system, as if there were always room on it: what the stories put must not go
//! away, or be refused, because the machine's own disk is nearly full.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::storage::{
    DiskUsage, Entry, FileKind, FileStat, SharedStorage, Storage, StorageFile, StorageLock,
};

/// Another storage, with a disk that is nearly empty.
#[derive(Debug)]
pub(crate) struct Roomy(pub(crate) SharedStorage);

impl Storage for Roomy {
    fn disk_usage(&self, _dir: &Path) -> io::Result<DiskUsage> {
        Ok(DiskUsage {
            used: 1,
            available: 999,
        })
    }

    fn open(&self, path: &Path, kind: FileKind, size: u64) -> io::Result<Arc<dyn StorageFile>> {
        self.0.open(path, kind, size)
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

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write(path, bytes)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir_all(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.0.remove_file(path)
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.0.remove_dir_all(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }

    fn sync_all(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_all(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn StorageLock>> {
        self.0.lock(path)
    }

    fn boot_id(&self) -> Option<String> {
        self.0.boot_id()
    }
}
