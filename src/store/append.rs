//! Appending to the CommitLog: where a record goes, and what is written into it there.
//!
//! Everything here happens under the put lock. Invariant: a failed append leaves the log as it was.

use std::io;

use protocol::message::layout::{
    BLANK_LENGTH, BLANK_MAGIC, PHYSICAL_OFFSET_AT, QUEUE_OFFSET_AT, store_timestamp_at,
};
use protocol::message::sys_flag::{TRANSACTION_PREPARED, TRANSACTION_ROLLBACK, transaction_type};
use protocol::message::{RecordView, property};
use protocol::name::SCHEDULE_TOPIC;

use crate::commit_log::{CommitLog, LogFile, PrepareError};
use crate::convert::{to_i32, to_i64};
use crate::delay_level::DelayLevels;
use crate::storage::is_disk_full;

/// Room made behind a record that found none.
const INLINE_AHEAD: u64 = 128 * 1024;

/// What the ConsumeQueue keeps for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagsCode {
    /// The hash of its tags.
    Hash(i64),
    /// The time of its delivery: so many ms after it is stored.
    Delay(i64),
}

impl TagsCode {
    /// What `record` gets.
    pub(crate) fn of(record: &RecordView<'_>, levels: &DelayLevels) -> Self {
        if record.topic() == SCHEDULE_TOPIC {
            let level = record
                .property(property::DELAY)
                .and_then(|level| level.parse().ok());
            if let Some(delay) = level.and_then(|level| levels.delay_ms(level)) {
                return Self::Delay(delay);
            }
        }
        Self::Hash(record.tags_code())
    }

    /// The number, for a record stored at this time.
    pub(crate) const fn at(self, store_timestamp: i64) -> i64 {
        match self {
            Self::Hash(hash) => hash,
            Self::Delay(delay) => store_timestamp.saturating_add(delay),
        }
    }
}

/// Whether consumers see records with this flag: half messages and rollbacks they do not.
pub(crate) const fn is_queued(sys_flag: i32) -> bool {
    !matches!(
        transaction_type(sys_flag),
        TRANSACTION_PREPARED | TRANSACTION_ROLLBACK
    )
}

/// What an append needs to know of a record, found out before the lock is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordMeta {
    /// Where the record begins in the caller's buffer.
    pub(crate) at: usize,
    /// Its size in bytes.
    pub(crate) size: usize,
    /// Where its store timestamp lies in it.
    pub(crate) store_timestamp_at: usize,
    /// What the ConsumeQueue keeps for it.
    pub(crate) tags_code: TagsCode,
    /// Whether it gets a place in its queue.
    pub(crate) is_queued: bool,
}

impl RecordMeta {
    /// Of the record at `at` in the caller's buffer.
    pub(crate) fn of(at: usize, record: &RecordView<'_>, levels: &DelayLevels) -> Self {
        Self {
            at,
            size: record.total_size(),
            store_timestamp_at: store_timestamp_at(record.sys_flag()),
            tags_code: TagsCode::of(record, levels),
            is_queued: is_queued(record.sys_flag()),
        }
    }

    /// Writes into the record what the store decides.
    pub(crate) fn stamp(&self, records: &mut [u8], queue_offset: i64, physical: i64, time: i64) {
        let record = &mut records[self.at..self.at + self.size];
        let mut put = |at: usize, value: i64| {
            record[at..at + size_of::<i64>()].copy_from_slice(&value.to_be_bytes());
        };
        put(QUEUE_OFFSET_AT, queue_offset);
        put(PHYSICAL_OFFSET_AT, physical);
        put(self.store_timestamp_at, time);
    }
}

/// The file that takes the next record.
#[derive(Debug)]
pub(crate) struct Appender {
    current: Option<LogFile>,
}

impl Appender {
    /// Goes on at the end of the log.
    pub(crate) fn new(log: &CommitLog) -> Self {
        Self {
            current: log.file_at(log.end()),
        }
    }

    /// The physical offset for `length` bytes; the log rolls to its next file when this one has no
    /// room for them.
    pub(crate) fn place(&mut self, log: &CommitLog, length: usize) -> Result<u64, PrepareError> {
        let end = log.end();
        let needed = (length + BLANK_LENGTH) as u64;
        let current = match self.current.take_if(|file| !file.contains(end)) {
            None => self.current.as_ref(),
            Some(_full) => None,
        };
        match current {
            Some(file) if end + needed <= file.end() => {
                make_room(log, file, end - file.start + length as u64)?;
                Ok(end)
            }
            Some(file) => {
                let next = log.take_next(file.end())?;
                write_blank(file, end).inspect_err(|_| log.keep_next(next.clone()))?;
                self.roll(log, next, length)
            }
            None => {
                let next = log.take_next(end / log.file_size() * log.file_size())?;
                self.roll(log, next, length)
            }
        }
    }

    /// Goes on in the next file.
    fn roll(&mut self, log: &CommitLog, next: LogFile, length: usize) -> Result<u64, PrepareError> {
        let end = next.start.max(log.end());
        log.push_file(next.clone());
        log.set_end(end);
        let next = self.current.insert(next);
        make_room(log, next, end - next.start + length as u64)?;
        Ok(end)
    }

    /// Copies records to the place that was found for them.
    pub(crate) fn write(&self, physical_offset: u64, records: &[u8]) -> io::Result<()> {
        let file = self.current.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        file.file.write_at(physical_offset - file.start, records)
    }

    /// Whether someone should make room ahead.
    pub(crate) fn wants_room(&self, log: &CommitLog) -> bool {
        self.current
            .as_ref()
            .is_some_and(|file| log.wants_room(file, log.end()))
    }
}

/// Makes room for a record and a little more. Where that cannot be had, the write itself finds out
/// whether there is enough for the record.
fn make_room(log: &CommitLog, file: &LogFile, position: u64) -> io::Result<()> {
    if !log.needs_room() || position <= file.file.prepared() {
        return Ok(());
    }
    match file.file.prepare(position + INLINE_AHEAD) {
        Err(error) if is_disk_full(&error) => Ok(()),
        other => other,
    }
}

/// Fills the rest of a file: its size, and a magic that says so.
fn write_blank(file: &LogFile, end: u64) -> io::Result<()> {
    let left = file.end() - end;
    debug_assert!(
        left >= BLANK_LENGTH as u64,
        "every append leaves room for a blank"
    );
    let size = i32::try_from(left).unwrap_or(to_i32(usize::MAX));
    let mut blank = [0; BLANK_LENGTH];
    blank[..4].copy_from_slice(&size.to_be_bytes());
    blank[4..].copy_from_slice(&BLANK_MAGIC.to_be_bytes());
    file.file.write_at(end - file.start, &blank)
}

/// Physical offset as it is written into records.
pub(crate) fn physical_of(offset: u64, at: usize) -> i64 {
    to_i64(offset + at as u64)
}
