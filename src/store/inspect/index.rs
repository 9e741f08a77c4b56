//! Compares the index with the log: both are in the same order, so one walk over each is enough.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use protocol::message::RecordView;

use crate::config::StoreConfig;
use crate::convert::{i32_at, i64_at, to_i64};
use crate::index;
use crate::index_file::{ENTRY_LENGTH, IndexFile, IndexShape};
use crate::storage::SharedStorage;

use super::finding::{Finding, FindingKind, Remedy};
use super::walk::Log;

/// Entries read at once.
const BLOCK_ENTRIES: u32 = 4096;
/// Slots read at once.
const BLOCK_SLOTS: usize = 16 * 1024;

/// An index file at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSummary {
    /// Name of the file.
    pub name: String,
    /// Keys in it.
    pub entries: i64,
    /// Physical offsets of its first and last message.
    pub physical: Range<i64>,
    /// Store times of its first and last message (ms since the epoch).
    pub timestamps: Range<i64>,
}

/// One entry of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its number in the file; the first is 1.
    pub number: u32,
    /// Hash of topic and key.
    pub key_hash: i32,
    /// Where the record begins in the CommitLog.
    pub physical_offset: i64,
    /// Seconds since the file's first message.
    pub seconds: i32,
    /// The entry before it in the same slot; 0 for none.
    pub previous: i32,
}

impl IndexEntry {
    fn from_bytes(number: u32, bytes: &[u8; ENTRY_LENGTH]) -> Self {
        Self {
            number,
            key_hash: i32_at(bytes, 0),
            physical_offset: i64_at(bytes, 4),
            seconds: i32_at(bytes, 12),
            previous: i32_at(bytes, 16),
        }
    }
}

/// The index files that can be read, oldest first; `refused` hears of the others.
pub(super) fn open_files(
    config: &StoreConfig,
    storage: &SharedStorage,
    refused: &mut dyn FnMut(String),
) -> io::Result<Vec<IndexFile>> {
    let dir = config.index_dir();
    let shape = IndexShape::of(config);
    let mut files = Vec::new();
    for entry in storage.list(&dir)? {
        if entry.is_dir || !entry.name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let file = storage.open_to_read(&dir.join(&entry.name))?;
        let is_whole = file.size() == shape.file_size();
        match IndexFile::load(entry.name.clone(), file, shape) {
            Ok(file) if is_whole && file.is_plausible() => files.push(file),
            _ => refused(entry.name),
        }
    }
    Ok(files)
}

pub(super) fn summary(file: &IndexFile) -> IndexSummary {
    let header = file.header();
    IndexSummary {
        name: file.name().to_owned(),
        entries: i64::from(header.index_count) - 1,
        physical: header.begin_physical..header.end_physical,
        timestamps: header.begin_timestamp..header.end_timestamp,
    }
}

/// Reads the entries of a file one after another.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    file: &'a IndexFile,
    next: u32,
    block: Vec<[u8; ENTRY_LENGTH]>,
    /// Number of the first entry in the block.
    block_at: u32,
}

impl<'a> Entries<'a> {
    pub(super) fn of(file: &'a IndexFile) -> Self {
        Self {
            file,
            next: 1,
            block: Vec::new(),
            block_at: 1,
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<IndexEntry>> {
        let count = self.file.header().index_count.unsigned_abs();
        if self.next >= count {
            return Ok(None);
        }
        let number = self.next;
        let in_block = (number - self.block_at) as usize;
        let bytes = match self.block.get(in_block) {
            Some(bytes) => bytes,
            None => {
                let length = (count - number).min(BLOCK_ENTRIES) as usize;
                self.block.resize(length, [0; ENTRY_LENGTH]);
                self.block_at = number;
                self.file.read_entries(number, &mut self.block)?;
                &self.block[0]
            }
        };
        self.next += 1;
        Ok(Some(IndexEntry::from_bytes(number, bytes)))
    }
}

/// Compares entries with records.
pub(super) struct IndexCheck<'a> {
    files: &'a [IndexFile],
    /// The file that is read, and what comes next in it.
    current: usize,
    entries: Option<Entries<'a>>,
    ahead: Option<IndexEntry>,
    /// Newest entry of each slot, as the entries say.
    heads: Vec<i32>,
    slots: u32,
    /// Where the record before this one began, which may have entries twice.
    before: i64,
    /// The last bytes of the log without a sound record: entries that lead there are right.
    damaged: Range<i64>,
    /// Records from here on may not be in yet.
    lag_from: i64,
    /// What is wrong in the current file.
    wrong: u64,
    run: Option<Finding>,
    /// Why the files could not be read to the end.
    failed: Option<io::Error>,
}

type Found<'f> = &'f mut dyn FnMut(Finding);

impl<'a> IndexCheck<'a> {
    pub(super) fn new(
        files: &'a [IndexFile],
        config: &StoreConfig,
        lag_from: i64,
        found: Found<'_>,
    ) -> Self {
        let mut this = Self {
            files,
            current: 0,
            entries: files.first().map(Entries::of),
            ahead: None,
            heads: Vec::new(),
            slots: config.index_slots,
            before: -1,
            damaged: 0..0,
            lag_from,
            wrong: 0,
            run: None,
            failed: None,
        };
        this.forget_heads();
        this.advance(found);
        this
    }

    fn forget_heads(&mut self) {
        self.heads.clear();
        self.heads.resize(self.slots as usize, 0);
    }

    fn file_name(&self) -> PathBuf {
        let file = self.files.get(self.current).or_else(|| self.files.last());
        let name = file.map_or("", IndexFile::name);
        PathBuf::from("index").join(name)
    }

    /// Takes the next entry in; at the end of a file, its slots are compared.
    fn advance(&mut self, found: Found<'_>) {
        self.ahead = None;
        while let Some(entries) = &mut self.entries {
            match entries.next() {
                Ok(Some(entry)) => {
                    let slot = (entry.key_hash.unsigned_abs() % self.slots) as usize;
                    let number = i32::try_from(entry.number).unwrap_or(i32::MAX);
                    let previous = std::mem::replace(&mut self.heads[slot], number);
                    let end = self.files[self.current].header().end_physical;
                    if entry.previous.max(0) != previous {
                        self.wrong += 1;
                    }
                    if (0..=end).contains(&entry.physical_offset) {
                        self.ahead = Some(entry);
                        return;
                    }
                    self.wrong += 1;
                }
                Ok(None) => {
                    self.end_file(found);
                    self.current += 1;
                    self.entries = self.files.get(self.current).map(Entries::of);
                }
                Err(error) => {
                    self.failed = Some(error);
                    self.entries = None;
                }
            }
        }
    }

    /// Compares the slots of the file with what its entries say.
    fn end_file(&mut self, found: Found<'_>) {
        let file = &self.files[self.current];
        let count = file.header().index_count;
        let mut slots = vec![[0; 4]; BLOCK_SLOTS.min(self.heads.len())];
        for (block, heads) in self.heads.chunks(BLOCK_SLOTS).enumerate() {
            let slots = &mut slots[..heads.len()];
            let first = u32::try_from(block * BLOCK_SLOTS).unwrap_or(u32::MAX);
            if let Err(error) = file.read_slots(first, slots) {
                self.failed = Some(error);
                break;
            }
            for (slot, head) in slots.iter().zip(heads) {
                let stands_there = i32::from_be_bytes(*slot);
                // One that was being entered when the process ended does not count yet.
                let is_unfinished = stands_there == count;
                self.wrong += u64::from(stands_there.max(0) != *head && !is_unfinished);
            }
        }
        if self.wrong > 0 {
            let kind = FindingKind::WrongIndexEntries;
            let finding = Finding::damage(self.file_name(), kind, Remedy::RebuildIndex);
            found(finding.counting(std::mem::take(&mut self.wrong)));
        }
        self.forget_heads();
    }

    /// Bytes without a sound record, before the next one.
    pub(super) fn see_damage(&mut self, range: &Range<i64>) {
        self.damaged = range.clone();
    }

    /// The next record of the log.
    pub(super) fn see(&mut self, record: &RecordView<'_>, log_start: i64, found: Found<'_>) {
        let at = record.physical_offset();
        let mut expected: Vec<i32> = index::key_hashes(record).collect();
        let has_keys = !expected.is_empty();
        while let Some(entry) = self.ahead
            && entry.physical_offset <= at
        {
            if entry.physical_offset == at {
                expected.retain(|hash| *hash != entry.key_hash);
            } else {
                let is_known = entry.physical_offset == self.before
                    || entry.physical_offset < log_start
                    || self.damaged.contains(&entry.physical_offset);
                self.wrong += u64::from(!is_known);
            }
            self.advance(found);
        }
        self.before = at;
        if expected.is_empty() {
            if has_keys && let Some(run) = self.run.take() {
                found(run);
            }
            return;
        }
        let end = at + i64::try_from(record.total_size()).unwrap_or_default();
        let kind = FindingKind::MissingIndexEntries;
        let finding = Finding::damage(self.file_name(), kind, Remedy::RebuildIndex);
        let finding = if at >= self.lag_from {
            finding.into_note()
        } else {
            finding
        };
        match &mut self.run {
            Some(run) if run.file == finding.file && run.severity == finding.severity => {
                run.count += 1;
                if let Some(physical) = &mut run.physical {
                    physical.end = end;
                }
            }
            run => {
                if let Some(before) = run.replace(finding.at(at..end).counting(1)) {
                    found(before);
                }
            }
        }
    }

    /// The log is read: entries that are left lead nowhere, unless the store is in use.
    pub(super) fn finish(mut self, log: &Log, is_in_use: bool, found: Found<'_>) -> io::Result<()> {
        while let Some(entry) = self.ahead {
            let may_be_new = is_in_use && entry.physical_offset >= to_i64(log.end);
            let is_known =
                entry.physical_offset == self.before || entry.physical_offset < to_i64(log.start());
            self.wrong += u64::from(!is_known && !may_be_new);
            self.advance(found);
        }
        if let Some(run) = self.run.take() {
            found(run);
        }
        self.failed.map_or(Ok(()), Err)
    }
}
