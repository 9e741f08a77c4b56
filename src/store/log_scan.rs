//! Walks the CommitLog record by record and says where it is damaged.
//!
//! Recovery, the index and the offline check walk with it. Invariant: a record is only ever taken for
//! one when its structure, its checksum and its own physical offset agree.

use std::ops::Range;

use protocol::message::layout::{
    BLANK_LENGTH, BLANK_MAGIC, MAGIC_AT, MESSAGE_MAGIC_V1, MESSAGE_MAGIC_V2,
};
use protocol::message::{RecordError, RecordView};

use crate::commit_log::LogFile;
use crate::convert::{i32_at, to_i64, to_usize};

/// Bytes that are looked at together when a file has to be searched.
const SEARCH_STEP: u64 = 1024 * 1024;

/// What stands at a place of the log.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// A whole record.
    Record(RecordView<'a>),
    /// Blank up to the end of the file.
    Blank,
    /// Neither.
    Nothing,
}

/// Whether a record is whole and stands where it says.
pub(crate) fn is_sound(record: &RecordView<'_>, physical_offset: u64) -> bool {
    record.physical_offset() == to_i64(physical_offset)
        && (record.body().is_empty() || record.check_crc())
}

/// The sound record at a physical offset below `end`.
pub(crate) fn record_at<'a>(
    file: &'a LogFile,
    physical_offset: u64,
    end: u64,
    scratch: &'a mut Vec<u8>,
) -> Option<RecordView<'a>> {
    let left = end.min(file.end()).checked_sub(physical_offset)?;
    let bytes = record_bytes(file, physical_offset, left, scratch)?;
    RecordView::parse(bytes)
        .ok()
        .filter(|record| is_sound(record, physical_offset))
}

/// The bytes of what claims to be a record, or the eight bytes of what claims to be a blank.
fn record_bytes<'a>(
    file: &'a LogFile,
    physical_offset: u64,
    left: u64,
    scratch: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    if left < BLANK_LENGTH as u64 {
        return None;
    }
    let (size, magic) = {
        let head = file.bytes(physical_offset, BLANK_LENGTH, scratch).ok()?;
        (i32_at(head, 0), i32_at(head, MAGIC_AT))
    };
    let length = match magic {
        MESSAGE_MAGIC_V1 | MESSAGE_MAGIC_V2 => usize::try_from(size).ok()?,
        BLANK_MAGIC => BLANK_LENGTH,
        _ => return None,
    };
    if length as u64 > left {
        return None;
    }
    file.bytes(physical_offset, length, scratch).ok()
}

/// What stands at a physical offset of a file.
pub(crate) fn place_at<'a>(
    file: &'a LogFile,
    physical_offset: u64,
    scratch: &'a mut Vec<u8>,
) -> Place<'a> {
    let left = file.end().saturating_sub(physical_offset);
    let Some(bytes) = record_bytes(file, physical_offset, left, scratch) else {
        return Place::Nothing;
    };
    match RecordView::parse(bytes) {
        Ok(record) if is_sound(&record, physical_offset) => Place::Record(record),
        Err(RecordError::Blank { size }) if u64::try_from(size) == Ok(left) => Place::Blank,
        _ => Place::Nothing,
    }
}

/// The next sound record behind `from` in the same file.
///
/// Holes are skipped without being read, so a nearly empty file of 1 GiB costs nothing.
pub(crate) fn next_record_in(file: &LogFile, from: u64, scratch: &mut Vec<u8>) -> Option<u64> {
    let mut at = from;
    while let Ok(Some(data)) = file.file.data_range(at - file.start) {
        let data = (file.start + data.start).max(at)..file.start + data.end;
        if let Some(found) = search(file, data.clone(), scratch) {
            return Some(found);
        }
        at = data.end;
        if at >= file.end() {
            break;
        }
    }
    None
}

/// Looks for a magic, then for the record around it.
fn search(file: &LogFile, range: Range<u64>, scratch: &mut Vec<u8>) -> Option<u64> {
    let magics = [
        MESSAGE_MAGIC_V1.to_be_bytes(),
        MESSAGE_MAGIC_V2.to_be_bytes(),
    ];
    let first = magics[0][0];
    let mut at = range.start;
    let mut candidates = Vec::new();
    while at < range.end {
        // A magic may lie across two steps: each looks three bytes further than it moves.
        let length = (range.end - at).min(SEARCH_STEP + 3);
        let bytes = file.bytes(at, to_usize(length), scratch).ok()?;
        candidates.clear();
        candidates.extend(memchr::memchr_iter(first, bytes).filter(|found| {
            bytes
                .get(*found..found + 4)
                .is_some_and(|four| magics.iter().any(|magic| four == magic))
        }));
        for found in &candidates {
            let magic_at = at + *found as u64;
            let Some(start) = magic_at.checked_sub(MAGIC_AT as u64) else {
                continue;
            };
            if start >= range.start && matches!(place_at(file, start, scratch), Place::Record(_)) {
                return Some(start);
            }
        }
        at += length.min(SEARCH_STEP);
    }
    None
}

/// What a walk meets.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A sound record; the walk goes on behind it.
    Record(RecordView<'a>),
    /// Bytes that hold no record, with sound ones behind them.
    Damage(Range<u64>),
    /// Nothing sound from here on.
    End,
}

/// A walk over consecutive files.
#[derive(Debug)]
pub(crate) struct LogScan {
    files: Vec<LogFile>,
    /// Which file the walk is in.
    current: usize,
    position: u64,
    scratch: Vec<u8>,
}

impl LogScan {
    /// Starts at a record boundary in the first of `files`.
    pub(crate) fn new(files: Vec<LogFile>, position: u64) -> Self {
        Self {
            files,
            current: 0,
            position,
            scratch: Vec::new(),
        }
    }

    /// Where the next step looks.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next thing on the way.
    pub(crate) fn step(&mut self) -> Step<'_> {
        let (index, record_at) = loop {
            let Some(file) = self.files.get(self.current) else {
                return Step::End;
            };
            let position = self.position.max(file.start);
            match place_at(file, position, &mut self.scratch) {
                Place::Record(record) => {
                    self.position = position + record.total_size() as u64;
                    break (self.current, position);
                }
                Place::Blank => {
                    self.position = file.end();
                    self.current += 1;
                }
                Place::Nothing if position == file.end() => self.current += 1,
                Place::Nothing => {
                    let Some(found) = self.next_sound(position) else {
                        return Step::End;
                    };
                    self.position = found;
                    return Step::Damage(position..found);
                }
            }
        };
        // Taken anew, without the checksum: a record cannot leave the loop that found it.
        let length = to_usize(self.position - record_at);
        match self.files[index]
            .bytes(record_at, length, &mut self.scratch)
            .map(RecordView::parse)
        {
            Ok(Ok(record)) => Step::Record(record),
            _ => Step::End,
        }
    }

    /// Whether a sound record, or the blank at the end of a file, stands right here.
    pub(crate) fn is_followed(&mut self) -> bool {
        let Some(file) = self.files.get(self.current) else {
            return false;
        };
        !matches!(
            place_at(file, self.position, &mut self.scratch),
            Place::Nothing
        )
    }

    /// The next sound record behind damage, in this file or at the head of a later one.
    fn next_sound(&mut self, damage_at: u64) -> Option<u64> {
        let mut from = damage_at + 1;
        for index in self.current..self.files.len() {
            let file = &self.files[index];
            if let Some(found) = next_record_in(file, from.max(file.start), &mut self.scratch) {
                self.current = index;
                return Some(found);
            }
            from = file.end();
        }
        None
    }

    /// Gives back the memory of what was walked over.
    pub(crate) fn release(&self) {
        if let Some(file) = self.files.get(self.current) {
            file.file
                .release(0..self.position.clamp(file.start, file.end()) - file.start);
        }
    }
}
