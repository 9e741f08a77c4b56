//! Files mapped into memory: how a running broker writes and reads its CommitLog.
//!
//! This is the only file of the project with unsafe code. What keeps it sound: a CommitLog file is
//! append-only. One writer at a time copies bytes in above the *written* end, which then moves up;
//! bytes are lent out as `&[u8]` only below that end, which never goes back while the file is
//! shared. Index files, which are written all over, are copied in and out under a lock and never lent
//! out. What no program can rule out is another process that cuts or writes the file while
//! it is mapped: the store's lock file says that nobody may.

#![expect(
    unsafe_code,
    reason = "memory mapping cannot be done without; the rules are above"
)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, compiler_fence};

use memmap2::{Advice, MmapOptions, MmapRaw, UncheckedAdvice};
use parking_lot::{Mutex, RwLock};
use rustix::fs::FallocateFlags;

use crate::convert::to_usize;
use crate::plain_file::{PlainFile, PlainStorage};
use crate::storage::{
    DiskUsage, Entry, FileKind, FileStat, Storage, StorageFile, StorageLock, disk, is_disk_full,
};

const PAGE_SIZE: u64 = 4096;
/// Bytes that are written last: size and magic of a record, without which it is none.
const HEAD_LENGTH: usize = 8;

/// A mapping whose bytes are copied in and out, never lent out as a whole.
#[derive(Debug)]
struct Mapping {
    map: MmapRaw,
    size: usize,
}

impl Mapping {
    fn new(file: &File, size: u64) -> io::Result<Self> {
        let size = to_usize(size);
        let map = MmapOptions::new().len(size).map_raw(file)?;
        Ok(Self { map, size })
    }

    /// The range as positions in the mapping, checked against its size.
    fn range(&self, at: u64, length: usize) -> Option<Range<usize>> {
        let start = usize::try_from(at).ok()?;
        let end = start.checked_add(length)?;
        (end <= self.size).then_some(start..end)
    }

    /// Gives back the memory of a range that lies in the mapping and begins with a page.
    fn release(&self, range: Range<u64>) {
        let length = to_usize(range.end - range.start);
        // SAFETY: the mapping is shared and of a file, so its bytes stay what they are and come back
        // from the page cache at the next access; memory of this kind may be taken at any time.
        let advised = unsafe {
            self.map.unchecked_advise_range(
                UncheckedAdvice::DontNeed,
                to_usize(range.start),
                length,
            )
        };
        if let Err(error) = advised {
            tracing::debug!(%error, "memory cannot be given back");
        }
    }

    /// # Safety
    /// `range` lies in the mapping and nobody else touches its bytes during the call.
    unsafe fn copy_in(&self, range: &Range<usize>, bytes: &[u8]) {
        debug_assert_eq!(range.len(), bytes.len());
        // SAFETY: the caller says that the range lies in the mapping.
        let target = unsafe { self.map.as_mut_ptr().add(range.start) };
        // SAFETY: source and target are valid for the length; a borrowed slice and a mapping that is
        // lent out nowhere above its written end do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
    }

    /// # Safety
    /// `range` lies in the mapping and nobody writes its bytes while the slice lives.
    unsafe fn slice(&self, range: &Range<usize>) -> &[u8] {
        // SAFETY: the caller says that the range lies in the mapping.
        let start = unsafe { self.map.as_ptr().add(range.start) };
        // SAFETY: as above; the mapping lives as long as `self`.
        unsafe { std::slice::from_raw_parts(start, range.len()) }
    }
}

/// A CommitLog file, mapped.
#[derive(Debug)]
struct MappedLogFile {
    mapping: Mapping,
    file: File,
    size: u64,
    /// Everything below is written for good and may be lent out; everything above is not lent out.
    written: AtomicU64,
    /// Everything below has disk space and pages; the mapping is written only below this, so that a
    /// full disk is an error code and never a signal.
    prepared: AtomicU64,
    /// How far someone tried to move `prepared`; held while it moves, and while bytes are written
    /// past it.
    preparing: Mutex<u64>,
    /// Set while someone writes: there is one writer at a time.
    writing: AtomicBool,
    /// Records are written by system calls, and the mapping only shows them.
    is_synced: bool,
}

impl MappedLogFile {
    fn open(path: &Path, kind: FileKind, size: u64) -> io::Result<Self> {
        let (file, is_new) = disk::open_sized(path, size)?;
        let mapping = Mapping::new(&file, size)?;
        // Only what is stored without a hole is shown in place.
        let stored = disk::data_range(&file, 0, size)?.filter(|data| data.start == 0);
        let end = if is_new {
            0
        } else {
            stored.map_or(0, |data| data.end)
        };
        Ok(Self {
            mapping,
            file,
            size,
            written: AtomicU64::new(end),
            prepared: AtomicU64::new(end),
            preparing: Mutex::new(0),
            writing: AtomicBool::new(false),
            is_synced: kind == FileKind::SyncedLog,
        })
    }

    fn write_exclusively(&self, at: u64, range: &Range<usize>, bytes: &[u8]) -> io::Result<()> {
        let end = at + bytes.len() as u64;
        if at < self.written.load(Ordering::Acquire) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.is_synced {
            return self.write_into_zeros(at, bytes);
        }
        if end > self.prepared.load(Ordering::Acquire) {
            match self.prepare(end) {
                Err(error) if is_disk_full(&error) => {
                    return self.write_through(at, bytes);
                }
                prepared => prepared?,
            }
        }
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD_LENGTH));
        let middle = range.start + head.len();
        // SAFETY: the range lies in the mapping; `writing` keeps other writers away; `view` lends out
        // only bytes below `written`, and `prepare` zeroes only bytes above `prepared`.
        unsafe { self.mapping.copy_in(&(middle..range.end), rest) };
        // A process that is killed in between leaves no head, and so nothing that looks like a record.
        compiler_fence(Ordering::Release);
        // SAFETY: as above.
        unsafe { self.mapping.copy_in(&(range.start..middle), head) };
        self.written.store(end, Ordering::Release);
        Ok(())
    }

    /// Writes by a system call. What lies below `prepared` nobody writes zeros to any more; beyond it,
    /// whoever does is waited for, so that no zero is written over a record.
    fn write_into_zeros(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let end = at + bytes.len() as u64;
        if end > self.prepared.load(Ordering::Acquire) {
            return self.write_through(at, bytes);
        }
        self.file.write_all_at(bytes, at)?;
        self.written.store(end, Ordering::Release);
        Ok(())
    }

    /// Writes by a system call, which says that the disk is full where a mapping would kill the process:
    /// what room there is for single records need not be enough for a mapping.
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let _not_prepared_meanwhile = self.preparing.lock();
        self.file.write_all_at(bytes, at)?;
        self.written
            .store(at + bytes.len() as u64, Ordering::Release);
        Ok(())
    }
}

impl StorageFile for MappedLogFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self.view(at, buffer.len()) {
            Some(bytes) => buffer.copy_from_slice(bytes),
            // What was not written may be a hole, which some file systems fill when a mapping shows it.
            None => self.file.read_exact_at(buffer, at)?,
        }
        Ok(())
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let range = self
            .mapping
            .range(at, bytes.len())
            .ok_or(io::ErrorKind::InvalidInput)?;
        if self.writing.swap(true, Ordering::Acquire) {
            return Err(io::Error::other("a log file has one writer at a time"));
        }
        let written = self.write_exclusively(at, &range, bytes);
        self.writing.store(false, Ordering::Release);
        written
    }

    fn view(&self, at: u64, length: usize) -> Option<&[u8]> {
        let range = self.mapping.range(at, length)?;
        if at + length as u64 > self.written.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: the range lies in the mapping and below `written`, where nothing is written any
        // more; `end_at`, which lowers `written`, takes `&mut self`, so no slice lives then.
        Some(unsafe { self.mapping.slice(&range) })
    }

    fn prepare(&self, end: u64) -> io::Result<()> {
        let end = end.next_multiple_of(PAGE_SIZE).min(self.size);
        let mut wanted = self.preparing.lock();
        let prepared = self.prepared.load(Ordering::Acquire);
        if end <= prepared {
            return Ok(());
        }
        // A full disk may have left a large page in the cache that covers the whole of the last attempt:
        // the mapping is safe again when all of it is there.
        *wanted = end.max(*wanted);
        let from = prepared.max(self.written.load(Ordering::Acquire));
        // Zeros through the descriptor allocate the blocks, or say that the disk is full; the mapping
        // is then populated in one call instead of by a page fault for each page.
        disk::write_zeros(&self.file, from, *wanted)?;
        if self.is_synced {
            self.prepared.store(*wanted, Ordering::Release);
            return Ok(());
        }
        let start = from / PAGE_SIZE * PAGE_SIZE;
        // Best effort: without it (kernels before 5.14) pages come in by faults.
        let _advised = self.mapping.map.advise_range(
            Advice::PopulateWrite,
            to_usize(start),
            to_usize(*wanted - start),
        );
        self.prepared.store(*wanted, Ordering::Release);
        Ok(())
    }

    fn prepared(&self) -> u64 {
        self.prepared.load(Ordering::Acquire)
    }

    fn end_at(&mut self, end: u64) -> io::Result<bool> {
        let had_content = disk::zero_from(&self.file, end, self.size)?;
        self.written.store(end, Ordering::Release);
        self.prepared.store(end, Ordering::Release);
        *self.preparing.get_mut() = 0;
        Ok(had_content)
    }

    fn data_range(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        disk::data_range(&self.file, at, self.size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn will_read(&self, range: Range<u64>) {
        let end = range.end.min(self.written.load(Ordering::Acquire));
        if let Some(length) = std::num::NonZeroU64::new(end.saturating_sub(range.start)) {
            let advised = rustix::fs::fadvise(
                &self.file,
                range.start,
                Some(length),
                rustix::fs::Advice::WillNeed,
            );
            if let Err(error) = advised {
                tracing::debug!(%error, "nothing is read ahead");
            }
        }
    }

    fn release(&self, range: Range<u64>) {
        let start = range.start / PAGE_SIZE * PAGE_SIZE;
        let held = self.written.load(Ordering::Acquire).max(self.prepared());
        let end = range.end.min(held) / PAGE_SIZE * PAGE_SIZE;
        if start < end {
            self.mapping.release(start..end);
        }
    }
}

/// An IndexFile, mapped.
#[derive(Debug)]
struct MappedIndexFile {
    /// Readers copy out under the read side, writers copy in under the write side.
    mapping: RwLock<Mapping>,
    file: File,
    size: u64,
    /// Everything below has disk space; only this is touched through the mapping.
    reserved: AtomicU64,
}

impl MappedIndexFile {
    /// The range in the mapping, if it may be touched there.
    fn reserved_range(&self, mapping: &Mapping, at: u64, length: usize) -> Option<Range<usize>> {
        let range = mapping.range(at, length)?;
        (range.end as u64 <= self.reserved.load(Ordering::Acquire)).then_some(range)
    }
}

impl StorageFile for MappedIndexFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mapping = self.mapping.read();
        let Some(range) = self.reserved_range(&mapping, at, buffer.len()) else {
            return self.file.read_exact_at(buffer, at);
        };
        // SAFETY: the range lies in the mapping; writers need the other side of the lock, and the slice
        // ends before the guard.
        buffer.copy_from_slice(unsafe { mapping.slice(&range) });
        Ok(())
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mapping = self.mapping.write();
        let Some(range) = self.reserved_range(&mapping, at, bytes.len()) else {
            mapping
                .range(at, bytes.len())
                .ok_or(io::ErrorKind::InvalidInput)?;
            return self.file.write_all_at(bytes, at);
        };
        // SAFETY: the range lies in the mapping; the write guard keeps everyone else away.
        unsafe { mapping.copy_in(&range, bytes) };
        Ok(())
    }

    fn view(&self, _at: u64, _length: usize) -> Option<&[u8]> {
        None
    }

    fn prepare(&self, end: u64) -> io::Result<()> {
        // Reserves the blocks, so that the mapping cannot meet a full disk. Where that is not known how,
        // nothing is reserved and everything goes through system calls.
        let end = end.min(self.size);
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, end) {
            Ok(()) => {
                self.reserved.fetch_max(end, Ordering::AcqRel);
                Ok(())
            }
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn prepared(&self) -> u64 {
        self.size
    }

    fn end_at(&mut self, end: u64) -> io::Result<bool> {
        disk::zero_from(&self.file, end, self.size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn release(&self, range: Range<u64>) {
        let start = range.start.min(self.size) / PAGE_SIZE * PAGE_SIZE;
        let end = range.end.min(self.size);
        if start < end {
            self.mapping.write().release(start..end);
        }
    }
}

/// The file system with CommitLog and index files mapped.
///
/// ConsumeQueue files are not: there may be more of them than a process may have mappings.
#[derive(Debug, Clone, Copy, Default)]
pub struct MmapStorage {
    plain: PlainStorage,
}

impl Storage for MmapStorage {
    fn open(&self, path: &Path, kind: FileKind, size: u64) -> io::Result<Arc<dyn StorageFile>> {
        Ok(match kind {
            FileKind::Log | FileKind::SyncedLog => Arc::new(MappedLogFile::open(path, kind, size)?),
            FileKind::Queue => Arc::new(PlainFile::open(path, kind, size)?),
            FileKind::Index => {
                let (file, _) = disk::open_sized(path, size)?;
                let mapping = RwLock::new(Mapping::new(&file, size)?);
                Arc::new(MappedIndexFile {
                    mapping,
                    file,
                    size,
                    reserved: AtomicU64::new(0),
                })
            }
        })
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.plain.open_to_read(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.plain.list(dir)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        self.plain.stat(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.plain.read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.plain.write(path, bytes)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.plain.create_dir_all(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.plain.remove_file(path)
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.plain.remove_dir_all(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plain.rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.plain.sync_dir(dir)
    }

    fn sync_all(&self, dir: &Path) -> io::Result<()> {
        self.plain.sync_all(dir)
    }

    fn disk_usage(&self, dir: &Path) -> io::Result<DiskUsage> {
        self.plain.disk_usage(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn StorageLock>> {
        self.plain.lock(path)
    }

    fn boot_id(&self) -> Option<String> {
        self.plain.boot_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 256 * 1024;

    fn open(dir: &tempfile::TempDir, kind: FileKind) -> Arc<dyn StorageFile> {
        MmapStorage::default()
            .open(&dir.path().join("file"), kind, SIZE)
            .expect("open")
    }

    #[test]
    fn a_log_file_is_written_once_and_shown_up_to_there() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = open(&dir, FileKind::Log);
        assert_eq!(file.view(0, 1), None);
        file.write_at(0, b"first").expect("write");
        file.write_at(5, b"second").expect("write");
        assert_eq!(file.view(0, 11), Some(&b"firstsecond"[..]));
        assert_eq!(file.view(0, 12), None);
        assert!(file.write_at(10, b"again").is_err());
        assert!(file.write_at(SIZE - 1, b"beyond").is_err());
        assert_eq!(file.view(u64::MAX, 2), None);
        let mut behind = [1; 4];
        file.read_at(100, &mut behind).expect("zeros");
        assert_eq!(behind, [0; 4]);
    }

    #[test]
    fn room_is_made_without_touching_what_was_written() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = open(&dir, FileKind::Log);
        let mut expected = Vec::new();
        for number in 0..200_u8 {
            let at = expected.len() as u64;
            file.write_at(at, &[number; 1000]).expect("write");
            expected.extend([number; 1000]);
            file.prepare(at + u64::from(number) * 1500)
                .expect("prepare");
        }
        assert_eq!(file.view(0, expected.len()), Some(&expected[..]));
        assert!(file.prepared() >= expected.len() as u64);
        file.release(0..SIZE);
        assert_eq!(file.view(0, expected.len()), Some(&expected[..]));
    }

    #[test]
    fn a_file_that_is_opened_again_ends_where_it_is_told_to() {
        let dir = tempfile::tempdir().expect("temp dir");
        open(&dir, FileKind::Log)
            .write_at(0, &[7; 10_000])
            .expect("write");
        let mut file = open(&dir, FileKind::Log);
        assert_eq!(file.view(0, 10_000), Some(&[7; 10_000][..]));
        let alone = Arc::get_mut(&mut file).expect("nobody else has it");
        assert!(alone.end_at(5000).expect("end"));
        assert!(!alone.end_at(5000).expect("again"), "all is zero already");
        assert_eq!(file.view(0, 5001), None);
        file.write_at(5000, b"next").expect("write");
        assert_eq!(file.view(4998, 6), Some(&b"\x07\x07next"[..]));
        let mut behind = vec![1; 9000];
        file.read_at(5004, &mut behind).expect("read");
        assert!(behind.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_index_file_is_read_and_written_anywhere() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = open(&dir, FileKind::Index);
        let check = || {
            for at in [0, 5000, SIZE - 4] {
                file.write_at(at, &at.to_be_bytes()[4..]).expect("write");
                let mut read = [0; 4];
                file.read_at(at, &mut read).expect("read");
                assert_eq!(read, at.to_be_bytes()[4..]);
            }
            assert!(file.write_at(SIZE - 3, &[0; 4]).is_err());
            assert!(file.read_at(SIZE - 3, &mut [0; 4]).is_err());
        };
        check();
        file.prepare(SIZE / 2).expect("reserve");
        check();
        file.release(0..SIZE);
        check();
    }

    #[test]
    fn a_file_of_another_size_is_refused_or_grows() {
        let dir = tempfile::tempdir().expect("temp dir");
        std::fs::write(dir.path().join("file"), vec![1; 100]).expect("short");
        let file = open(&dir, FileKind::Queue);
        assert_eq!(file.size(), SIZE);
        std::fs::write(dir.path().join("long"), vec![1; 200]).expect("long");
        let path = dir.path().join("long");
        let refused = MmapStorage::default().open(&path, FileKind::Log, 100);
        assert_eq!(
            refused.expect_err("too long").kind(),
            io::ErrorKind::InvalidData
        );
    }
}
