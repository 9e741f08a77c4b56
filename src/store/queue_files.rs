//! The files of all ConsumeQueues: opened when needed, closed when others are needed more.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::consume_queue::{CqUnit, UnitBytes, byte_position};
use crate::convert::{to_i64, to_usize};
use crate::storage::{FileKind, SharedStorage, StorageFile, offset_file_name, offset_of_file_name};

/// ConsumeQueue files open at a time, for all queues together.
const OPEN_FILES_MAX: usize = 512;
/// Up to so many files are synced one by one; more, with the whole file system at once.
const SYNC_SINGLY_MAX: usize = 64;

/// Names the files of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct QueueKey {
    /// The topic, which is the name of a directory.
    pub(crate) topic: Arc<str>,
    /// The queue id, which is the name of a directory in it.
    pub(crate) queue_id: i32,
}

impl QueueKey {
    /// Where the files of the queue are.
    pub(crate) fn dir(&self, consume_queue_dir: &Path) -> PathBuf {
        consume_queue_dir
            .join(&*self.topic)
            .join(self.queue_id.to_string())
    }
}

type FileKey = (QueueKey, u64);

#[derive(Debug)]
struct OpenFile {
    file: Arc<dyn StorageFile>,
    used: u64,
}

/// What was written and not synced.
#[derive(Debug, Default)]
struct Unsynced {
    files: HashMap<FileKey, Arc<dyn StorageFile>, RandomState>,
    dirs: BTreeSet<PathBuf>,
    /// There were too many to remember.
    everything: bool,
}

impl Unsynced {
    fn add(&mut self, key: FileKey, file: Arc<dyn StorageFile>) {
        if self.everything {
            return;
        }
        self.files.insert(key, file);
        if self.files.len() > SYNC_SINGLY_MAX {
            *self = Self {
                everything: true,
                ..Self::default()
            };
        }
    }

    fn is_empty(&self) -> bool {
        !self.everything && self.files.is_empty() && self.dirs.is_empty()
    }
}

/// The files of all queues of a store.
#[derive(Debug)]
pub(crate) struct QueueFiles {
    storage: SharedStorage,
    dir: PathBuf,
    file_size: u64,
    open: Mutex<HashMap<FileKey, OpenFile, RandomState>>,
    clock: AtomicU64,
    unsynced: Mutex<Unsynced>,
    /// Queues that have a directory.
    queue_count: AtomicU64,
}

impl QueueFiles {
    /// The files below the store's `consumequeue` directory.
    pub(crate) fn new(storage: SharedStorage, config: &StoreConfig) -> Self {
        Self {
            storage,
            dir: config.consume_queue_dir(),
            file_size: config.consume_queue_file_size(),
            open: Mutex::default(),
            clock: AtomicU64::new(0),
            unsynced: Mutex::default(),
            queue_count: AtomicU64::new(0),
        }
    }

    /// How many queues have a directory.
    pub(crate) fn queue_count(&self) -> u64 {
        self.queue_count.load(Ordering::Relaxed)
    }

    /// Counts queues that were found, or made, or (with a negative number) removed.
    pub(crate) fn count_queues(&self, more: i64) {
        let count = self
            .queue_count
            .load(Ordering::Relaxed)
            .saturating_add_signed(more);
        self.queue_count.store(count, Ordering::Relaxed);
    }

    /// The directory with all queues.
    pub(crate) fn root(&self) -> &Path {
        &self.dir
    }

    /// Units in one file.
    pub(crate) fn units_per_file(&self) -> u64 {
        self.file_size / CONSUME_QUEUE_UNIT_SIZE as u64
    }

    /// Start positions of the files of a queue, in bytes.
    pub(crate) fn starts(&self, key: &QueueKey) -> io::Result<Vec<u64>> {
        let entries = self.storage.list(&key.dir(&self.dir))?;
        let starts = entries
            .iter()
            .filter_map(|entry| offset_of_file_name(&entry.name));
        Ok(starts.filter(|start| start % self.file_size == 0).collect())
    }

    /// Queue offset that the first file begins at.
    pub(crate) fn first_offset(&self, key: &QueueKey) -> io::Result<Option<u64>> {
        let first = self.starts(key)?.first().copied();
        Ok(first.map(|start| start / CONSUME_QUEUE_UNIT_SIZE as u64))
    }

    /// The file that begins at `start`; `None` when there is none.
    pub(crate) fn existing(
        &self,
        key: &QueueKey,
        start: u64,
    ) -> io::Result<Option<Arc<dyn StorageFile>>> {
        if let Some(file) = self.cached(key, start) {
            return Ok(Some(file));
        }
        let path = offset_file_name(&key.dir(&self.dir), start);
        match self.storage.stat(&path)? {
            Some(_) => self.open(key, start, &path).map(Some),
            None => Ok(None),
        }
    }

    /// A file that was just listed; it does not stay open.
    pub(crate) fn open_listed(
        &self,
        key: &QueueKey,
        start: u64,
    ) -> io::Result<Arc<dyn StorageFile>> {
        let path = offset_file_name(&key.dir(&self.dir), start);
        self.storage.open(&path, FileKind::Queue, self.file_size)
    }

    fn cached(&self, key: &QueueKey, start: u64) -> Option<Arc<dyn StorageFile>> {
        let mut open = self.open.lock();
        let entry = open.get_mut(&(key.clone(), start))?;
        entry.used = self.clock.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(&entry.file))
    }

    fn open(&self, key: &QueueKey, start: u64, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.storage.open(path, FileKind::Queue, self.file_size)?;
        let used = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open.lock();
        if open.len() >= OPEN_FILES_MAX {
            // Closing the older half at once spares a search for the oldest at every open.
            let mut uses: Vec<u64> = open.values().map(|entry| entry.used).collect();
            let middle = uses.len() / 2;
            let (_, median, _) = uses.select_nth_unstable(middle);
            let median = *median;
            open.retain(|_, entry| entry.used > median);
        }
        open.insert(
            (key.clone(), start),
            OpenFile {
                file: Arc::clone(&file),
                used,
            },
        );
        Ok(file)
    }

    fn open_or_create(&self, key: &QueueKey, start: u64) -> io::Result<Arc<dyn StorageFile>> {
        if let Some(file) = self.cached(key, start) {
            return Ok(file);
        }
        let dir = key.dir(&self.dir);
        let path = offset_file_name(&dir, start);
        if self.storage.stat(&path)?.is_none() {
            if self.storage.stat(&dir)?.is_none() {
                self.storage.create_dir_all(&dir)?;
                self.count_queues(1);
            }
            let mut unsynced = self.unsynced.lock();
            unsynced
                .dirs
                .extend(dir.ancestors().take(3).map(Path::to_path_buf));
        }
        self.open(key, start, &path)
    }

    /// Reads units up to the end of the file that the first one is in; 0 when there is no such file.
    pub(crate) fn read(
        &self,
        key: &QueueKey,
        queue_offset: u64,
        units: &mut [UnitBytes],
    ) -> io::Result<usize> {
        let at = byte_position(queue_offset);
        let in_file = at % self.file_size;
        let Some(file) = self.existing(key, at - in_file)? else {
            return Ok(0);
        };
        let left = (self.file_size - in_file) / CONSUME_QUEUE_UNIT_SIZE as u64;
        let count = units.len().min(to_usize(left));
        file.read_at(in_file, units[..count].as_flattened_mut())?;
        Ok(count)
    }

    /// Writes units, creating files as needed.
    pub(crate) fn write(
        &self,
        key: &QueueKey,
        queue_offset: u64,
        units: &[UnitBytes],
    ) -> io::Result<()> {
        let mut at = byte_position(queue_offset);
        let mut left = units;
        while !left.is_empty() {
            let in_file = at % self.file_size;
            let start = at - in_file;
            let file = self.open_or_create(key, start)?;
            if in_file != 0 {
                self.fill_pre_blank(&*file, in_file)?;
            }
            let room = (self.file_size - in_file) / CONSUME_QUEUE_UNIT_SIZE as u64;
            let (now, later) = left.split_at(left.len().min(to_usize(room)));
            file.write_at(in_file, now.as_flattened())?;
            self.unsynced.lock().add((key.clone(), start), file);
            at += now.as_flattened().len() as u64;
            left = later;
        }
        Ok(())
    }

    /// A queue that begins in the middle of a file has its room before that filled, as in Java.
    fn fill_pre_blank(&self, file: &dyn StorageFile, end: u64) -> io::Result<()> {
        let mut before = [0; CONSUME_QUEUE_UNIT_SIZE];
        file.read_at(end - before.len() as u64, &mut before)?;
        if CqUnit::from_bytes(&before).is_written() {
            return Ok(());
        }
        let count = to_usize(end / CONSUME_QUEUE_UNIT_SIZE as u64);
        let blanks = vec![CqUnit::PRE_BLANK.to_bytes(); count];
        file.write_at(0, blanks.as_flattened())
    }

    /// Removes the files that end at or below `queue_offset`, except the last one.
    pub(crate) fn remove_below(&self, key: &QueueKey, queue_offset: u64) -> io::Result<usize> {
        let starts = self.starts(key)?;
        let end = byte_position(queue_offset);
        let gone = starts.iter().take(starts.len().saturating_sub(1));
        let gone: Vec<u64> = gone
            .copied()
            .filter(|start| start + self.file_size <= end)
            .collect();
        for start in &gone {
            self.remove(key, *start)?;
        }
        Ok(gone.len())
    }

    /// Removes one file.
    pub(crate) fn remove(&self, key: &QueueKey, start: u64) -> io::Result<()> {
        let file_key = (key.clone(), start);
        self.open.lock().remove(&file_key);
        self.unsynced.lock().files.remove(&file_key);
        let dir = key.dir(&self.dir);
        self.storage.remove_file(&offset_file_name(&dir, start))?;
        self.unsynced.lock().dirs.insert(dir);
        Ok(())
    }

    /// Removes the directory of a topic with all its queues.
    pub(crate) fn remove_topic(&self, topic: &str) -> io::Result<()> {
        let queues = self.storage.list(&self.dir.join(topic))?;
        let queues = queues
            .iter()
            .filter(|entry| entry.is_dir && entry.name.parse::<i32>().is_ok());
        self.count_queues(-to_i64(queues.count() as u64));
        self.open.lock().retain(|(key, _), _| &*key.topic != topic);
        {
            let mut unsynced = self.unsynced.lock();
            unsynced.files.retain(|(key, _), _| &*key.topic != topic);
            let gone = self.dir.join(topic);
            unsynced.dirs.retain(|dir| !dir.starts_with(&gone));
            unsynced.dirs.insert(self.dir.clone());
        }
        self.storage.remove_dir_all(&self.dir.join(topic))
    }

    /// Ends the units of a queue at `queue_offset`: what the files hold behind it becomes zero.
    /// Only for recovery, before the queue is shared.
    pub(crate) fn end_at(&self, key: &QueueKey, queue_offset: u64) -> io::Result<()> {
        let end = byte_position(queue_offset);
        for start in self.starts(key)? {
            if start >= end && start > 0 {
                self.remove(key, start)?;
            } else if start + self.file_size > end {
                self.open.lock().remove(&(key.clone(), start));
                let path = offset_file_name(&key.dir(&self.dir), start);
                let mut file = self.storage.open(&path, FileKind::Queue, self.file_size)?;
                // Just opened, so nobody else has it.
                if let Some(file) = Arc::get_mut(&mut file) {
                    file.end_at(end - start)?;
                }
                self.unsynced.lock().add((key.clone(), start), file);
            }
        }
        Ok(())
    }

    /// Notes that a process before this one may have written files and not synced them.
    pub(crate) fn distrust(&self) {
        *self.unsynced.lock() = Unsynced {
            everything: true,
            ..Unsynced::default()
        };
    }

    /// Makes all that was written survive a power cut. Says whether there was anything to do.
    ///
    /// # Errors
    /// What the system says; what was not synced stays noted.
    pub(crate) fn sync(&self) -> io::Result<bool> {
        let unsynced = std::mem::take(&mut *self.unsynced.lock());
        if unsynced.is_empty() {
            return Ok(false);
        }
        let synced = self.sync_these(&unsynced);
        if synced.is_err() {
            // Which of them failed does not matter: next time everything is synced.
            self.unsynced.lock().everything = true;
        }
        synced.map(|()| true)
    }

    fn sync_these(&self, unsynced: &Unsynced) -> io::Result<()> {
        if unsynced.everything {
            return self.storage.sync_all(&self.dir);
        }
        #[expect(
            clippy::iter_over_hash_type,
            reason = "the order of syncs does not matter"
        )]
        for file in unsynced.files.values() {
            file.sync_data()?;
        }
        for dir in &unsynced.dirs {
            match self.storage.sync_dir(dir) {
                // Removed in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }
}
