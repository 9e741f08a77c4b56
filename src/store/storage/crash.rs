//! A disk in memory that loses power, fills up and fails: for tests.
//!
//! It keeps two images of everything: what the system shows, and what survives a power cut. A power cut
//! takes the second one and, sector by sector and name by name as the seed says, some of what
//! was written and not synced. It is stricter than most real disks: nothing is durable that was not
//! asked to be.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::{
    DiskUsage, Entry, FileKind, FileStat, SharedStorage, Storage, StorageFile, StorageLock,
};

/// What a disk writes at once or not at all.
pub const SECTOR_LENGTH: usize = 512;

/// Bytes of one file, now and after a power cut.
#[derive(Debug, Default, Clone)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that differ.
    unsynced: BTreeSet<usize>,
    /// Sectors that take room on the disk.
    stored: BTreeSet<usize>,
    modified_ms: i64,
}

impl Content {
    fn sync(&mut self) {
        let Self {
            live,
            durable,
            unsynced,
            ..
        } = self;
        durable.resize(live.len(), 0);
        for sector in std::mem::take(unsynced) {
            let range = sector_range(sector, live.len());
            durable[range.clone()].copy_from_slice(&live[range]);
        }
    }

    fn resize(&mut self, length: usize) {
        self.live.resize(length, 0);
        self.unsynced
            .retain(|sector| sector * SECTOR_LENGTH < length);
        self.stored.retain(|sector| sector * SECTOR_LENGTH < length);
    }
}

fn sector_range(sector: usize, length: usize) -> std::ops::Range<usize> {
    let start = sector * SECTOR_LENGTH;
    start.min(length)..(start + SECTOR_LENGTH).min(length)
}

type SharedContent = Arc<Mutex<Content>>;

#[derive(Debug, Default)]
struct Disk {
    files: BTreeMap<PathBuf, SharedContent>,
    /// The names that survive a power cut.
    durable: BTreeMap<PathBuf, SharedContent>,
    dirs: BTreeSet<PathBuf>,
    locked: bool,
    syncs_fail: bool,
    /// Sectors the disk has room for.
    capacity: Option<usize>,
    used_ratio: Option<f64>,
    now_ms: i64,
}

impl Disk {
    fn stored_sectors(&self) -> usize {
        self.files
            .values()
            .map(|content| content.lock().stored.len())
            .sum()
    }
}

/// See the head of the file.
#[derive(Debug)]
pub struct CrashStorage {
    disk: Arc<Mutex<Disk>>,
    boot: u64,
}

impl CrashStorage {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            disk: Arc::default(),
            boot: next_boot(),
        })
    }

    /// The same disk, for a store.
    #[must_use]
    pub fn shared(self: &Arc<Self>) -> SharedStorage {
        Arc::clone(self) as SharedStorage
    }

    /// What is there when the process was killed: everything that was written.
    #[must_use]
    pub fn after_kill(&self) -> Arc<Self> {
        let disk = self.disk.lock();
        let copies = copies_of(&disk.files, Content::clone);
        self.with_files(&disk, copies, self.boot)
    }

    /// What is there when the power was cut: what was synced, and by the toss of a coin some of the
    /// sectors and names that were not.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64) -> Arc<Self> {
        let disk = self.disk.lock();
        let mut coin = Coin(seed);
        let mut names = disk.durable.clone();
        for (path, content) in &disk.files {
            if !names.contains_key(path) && coin.toss() {
                names.insert(path.clone(), Arc::clone(content));
            }
        }
        for (path, _) in disk
            .durable
            .iter()
            .filter(|(path, _)| !disk.files.contains_key(*path))
        {
            if coin.toss() {
                names.remove(path);
            }
        }
        let copies = copies_of(&names, |content| {
            let mut survived = Content {
                live: content.durable.clone(),
                ..Content::default()
            };
            survived.live.resize(content.live.len(), 0);
            for sector in &content.unsynced {
                if coin.toss() {
                    let range = sector_range(*sector, content.live.len());
                    survived.live[range.clone()].copy_from_slice(&content.live[range]);
                }
            }
            survived.stored.clone_from(&content.stored);
            survived.durable.clone_from(&survived.live);
            survived.modified_ms = content.modified_ms;
            survived
        });
        self.with_files(&disk, copies, next_boot())
    }

    fn with_files(&self, disk: &Disk, files: Copies, boot: u64) -> Arc<Self> {
        let (files, durable) = files;
        let copy = Disk {
            files,
            durable,
            dirs: disk.dirs.clone(),
            locked: false,
            now_ms: disk.now_ms,
            used_ratio: disk.used_ratio,
            ..Disk::default()
        };
        Arc::new(Self {
            disk: Arc::new(Mutex::new(copy)),
            boot,
        })
    }

    /// From now on syncs fail, or work again.
    pub fn fail_syncs(&self, fail: bool) {
        self.disk.lock().syncs_fail = fail;
    }

    /// Leaves room for so many bytes beside what is stored now; `None` for as many as you like.
    pub fn leave_room(&self, bytes: Option<usize>) {
        let mut disk = self.disk.lock();
        let stored = disk.stored_sectors();
        disk.capacity = bytes.map(|bytes| stored + bytes / SECTOR_LENGTH);
    }

    /// What the system tells of the used share of the disk.
    pub fn set_used_ratio(&self, ratio: f64) {
        self.disk.lock().used_ratio = Some(ratio);
    }

    /// The time that files are marked with when they are written.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.disk.lock().now_ms = now_ms;
    }

    /// Paths of all files, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.disk.lock().files.keys().cloned().collect()
    }

    /// Content of a file.
    #[must_use]
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let content = self.disk.lock().files.get(path).cloned()?;
        let bytes = content.lock().live.clone();
        Some(bytes)
    }

    /// Changes a file behind the store's back, as a bad disk or a careless hand would.
    pub fn change(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let content = self.disk.lock().files.get(path).cloned();
        if let Some(content) = content {
            let mut content = content.lock();
            let content = &mut *content;
            change(&mut content.live);
            content.durable.clone_from(&content.live);
            content.unsynced.clear();
            content.stored = (0..content.live.len().div_ceil(SECTOR_LENGTH)).collect();
        }
    }

    /// Removes a file or a directory behind the store's back.
    pub fn lose(&self, path: &Path) {
        let mut disk = self.disk.lock();
        disk.files.retain(|name, _| !name.starts_with(path));
        disk.durable.retain(|name, _| !name.starts_with(path));
        disk.dirs.retain(|name| !name.starts_with(path));
    }
}

type Copies = (
    BTreeMap<PathBuf, SharedContent>,
    BTreeMap<PathBuf, SharedContent>,
);

/// New files with what `of` says of each; all their names are durable.
fn copies_of(
    files: &BTreeMap<PathBuf, SharedContent>,
    mut of: impl FnMut(&Content) -> Content,
) -> Copies {
    let copies: BTreeMap<_, _> = files
        .iter()
        .map(|(path, content)| (path.clone(), Arc::new(Mutex::new(of(&content.lock())))))
        .collect();
    (copies.clone(), copies)
}

/// Boots are never the same twice.
fn next_boot() -> u64 {
    static BOOTS: AtomicU64 = AtomicU64::new(1);
    BOOTS.fetch_add(1, Ordering::Relaxed)
}

/// A repeatable sequence of coin tosses (SplitMix64).
#[derive(Debug)]
struct Coin(u64);

impl Coin {
    fn toss(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) & 1 == 1
    }
}

/// A file of the disk, open.
#[derive(Debug)]
struct CrashFile {
    content: SharedContent,
    disk: Arc<Mutex<Disk>>,
    size: u64,
    kind: FileKind,
    written: AtomicU64,
}

impl CrashFile {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock()
    }

    /// Checks that the disk has room for the sectors, without holding two locks at once.
    fn check_room(&self, at: usize, end: usize) -> io::Result<()> {
        let disk = self.disk.lock();
        let Some(capacity) = disk.capacity else {
            return Ok(());
        };
        let stored = disk.stored_sectors();
        drop(disk);
        let content = self.content();
        let sectors = at / SECTOR_LENGTH..end.div_ceil(SECTOR_LENGTH);
        let more = sectors
            .filter(|sector| !content.stored.contains(sector))
            .count();
        if more > 0 && stored + more > capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageFile for CrashFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let content = self.content();
        let bytes = content
            .live
            .get(at..)
            .and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let taken = self.kind.is_log() && at < self.written.load(Ordering::Acquire);
        let fits = at
            .checked_add(bytes.len() as u64)
            .is_some_and(|end| end <= self.size);
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        if taken || !fits {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let end = start + bytes.len();
        self.check_room(start, end)?;
        let now_ms = self.disk.lock().now_ms;
        let mut content = self.content();
        content.live[start..end].copy_from_slice(bytes);
        content.modified_ms = now_ms;
        let sectors = start / SECTOR_LENGTH..end.div_ceil(SECTOR_LENGTH);
        content.unsynced.extend(sectors.clone());
        content.stored.extend(sectors);
        drop(content);
        self.written.store(end as u64, Ordering::Release);
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
        let start = usize::try_from(end).unwrap_or(usize::MAX);
        let mut content = self.content();
        let start = start.min(content.live.len());
        let had_content = content.live[start..].iter().any(|byte| *byte != 0);
        content.live[start..].fill(0);
        let sectors = start / SECTOR_LENGTH..content.live.len().div_ceil(SECTOR_LENGTH);
        content.unsynced.extend(sectors);
        drop(content);
        self.written.store(end, Ordering::Release);
        Ok(had_content)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.disk.lock().syncs_fail {
            return Err(io::Error::other("the disk failed"));
        }
        self.content().sync();
        Ok(())
    }
}

#[derive(Debug)]
struct CrashLock(Arc<Mutex<Disk>>);

impl StorageLock for CrashLock {}

impl Drop for CrashLock {
    fn drop(&mut self) {
        self.0.lock().locked = false;
    }
}

impl Storage for CrashStorage {
    fn open(&self, path: &Path, kind: FileKind, size: u64) -> io::Result<Arc<dyn StorageFile>> {
        let length = usize::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
        let content = Arc::clone(self.disk.lock().files.entry(path.to_owned()).or_default());
        let was = content.lock().live.len();
        if was > length {
            return Err(io::ErrorKind::InvalidData.into());
        }
        content.lock().resize(length);
        let written = AtomicU64::new(if was == 0 { 0 } else { size });
        let disk = Arc::clone(&self.disk);
        Ok(Arc::new(CrashFile {
            content,
            disk,
            size,
            kind,
            written,
        }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let content = self
            .disk
            .lock()
            .files
            .get(path)
            .cloned()
            .ok_or(io::ErrorKind::NotFound)?;
        let size = content.lock().live.len() as u64;
        let (disk, written) = (Arc::clone(&self.disk), AtomicU64::new(size));
        Ok(Arc::new(CrashFile {
            content,
            disk,
            size,
            kind: FileKind::Queue,
            written,
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let disk = self.disk.lock();
        let mut entries = BTreeSet::new();
        let all = disk.files.keys().map(|path| (path, false));
        for (path, is_dir) in all.chain(disk.dirs.iter().map(|path| (path, true))) {
            let Ok(below) = path.strip_prefix(dir) else {
                continue;
            };
            let mut parts = below.components();
            if let Some(first) = parts.next() {
                let name = first.as_os_str().to_string_lossy().into_owned();
                let is_dir = is_dir || parts.next().is_some();
                entries.insert(Entry { name, is_dir });
            }
        }
        Ok(entries.into_iter().collect())
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        let disk = self.disk.lock();
        if let Some(content) = disk.files.get(path) {
            let content = content.lock();
            let size = content.live.len() as u64;
            return Ok(Some(FileStat {
                size,
                modified_ms: content.modified_ms,
            }));
        }
        let is_dir = disk.dirs.contains(path);
        Ok(is_dir.then_some(FileStat {
            size: 0,
            modified_ms: 0,
        }))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.bytes(path))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = {
            let mut disk = self.disk.lock();
            Arc::clone(disk.files.entry(path.to_owned()).or_default())
        };
        let sectors = 0..bytes.len().div_ceil(SECTOR_LENGTH);
        {
            let mut file = file.lock();
            file.live = bytes.to_vec();
            file.stored = sectors.clone().collect();
            file.unsynced = sectors.collect();
        }
        if self.disk.lock().syncs_fail {
            return Err(io::Error::other("the disk failed"));
        }
        file.lock().sync();
        Ok(())
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let above = dir.ancestors().map(Path::to_path_buf);
        self.disk.lock().dirs.extend(above);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.lock().files.remove(path);
        Ok(())
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.files.retain(|path, _| !path.starts_with(dir));
        disk.dirs.retain(|path| !path.starts_with(dir));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        let content = disk.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        if disk.syncs_fail {
            return Err(io::Error::other("the disk failed"));
        }
        if !disk.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let disk = &mut *disk;
        let is_in = |path: &Path| path.parent() == Some(dir);
        disk.durable.retain(|path, _| !is_in(path));
        let now = disk.files.iter().filter(|(path, _)| is_in(path));
        disk.durable
            .extend(now.map(|(path, content)| (path.clone(), Arc::clone(content))));
        Ok(())
    }

    fn sync_all(&self, _dir: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        if disk.syncs_fail {
            return Err(io::Error::other("the disk failed"));
        }
        for content in disk.files.values() {
            content.lock().sync();
        }
        disk.durable = disk.files.clone();
        Ok(())
    }

    fn disk_usage(&self, _dir: &Path) -> io::Result<DiskUsage> {
        const TOTAL: u64 = 1000;
        let ratio = self.disk.lock().used_ratio.unwrap_or(0.0);
        let usage = |used| DiskUsage {
            used,
            available: TOTAL - used,
        };
        let fitting = (0..TOTAL).find(|used| usage(*used).used_ratio() >= ratio);
        Ok(usage(fitting.unwrap_or(TOTAL)))
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn StorageLock>> {
        let mut disk = self.disk.lock();
        if std::mem::replace(&mut disk.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(CrashLock(Arc::clone(&self.disk))))
    }

    fn boot_id(&self) -> Option<String> {
        Some(format!("boot-{}", self.boot))
    }
}
