//! Walks over the log of a store directory without opening the store.

use std::io;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use protocol::message::RecordView;

use crate::commit_log::LogFile;
use crate::config::StoreConfig;
use crate::convert::{to_i64, to_usize};
use crate::log_scan::{LogScan, Step};
use crate::storage::{SharedStorage, offset_of_file_name};

use super::finding::{Finding, FindingKind, Remedy};

/// Bytes looked at together where zeros are expected.
const ZEROS_STEP: u64 = 1024 * 1024;

/// What a walk meets.
pub(super) enum Walked<'a> {
    /// A sound record.
    Record(&'a RecordView<'a>),
    /// Bytes without one, with sound ones behind them.
    Damage(Range<i64>),
}

/// Where the log begins and ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    /// Start and end of each file, as physical offsets.
    pub(super) files: Vec<Range<u64>>,
    /// Behind the last sound record (or the blank behind it).
    pub(super) end: u64,
}

impl Log {
    /// Physical offset of the first byte.
    pub(super) fn start(&self) -> u64 {
        self.files.first().map_or(0, |file| file.start)
    }

    /// Physical offset behind the last file.
    pub(super) fn files_end(&self) -> u64 {
        self.files.last().map_or(0, |file| file.end)
    }

    /// Name of the file with a physical offset, relative to the store.
    pub(super) fn file_name(&self, physical_offset: u64) -> PathBuf {
        let file = self
            .files
            .iter()
            .rfind(|file| file.start <= physical_offset);
        log_file_name(file.map_or(0, |file| file.start))
    }
}

/// Name of the log's file that begins at an offset, relative to the store.
pub(super) fn log_file_name(start: u64) -> PathBuf {
    PathBuf::from(format!("commitlog/{start:020}"))
}

/// The log's files, opened to be read.
pub(super) fn open_files(
    config: &StoreConfig,
    storage: &SharedStorage,
) -> io::Result<Vec<LogFile>> {
    let dir = config.commit_log_dir();
    let mut files = Vec::new();
    for entry in storage
        .list(&dir)?
        .into_iter()
        .filter(|entry| !entry.is_dir)
    {
        if let Some(start) = offset_of_file_name(&entry.name) {
            files.push(LogFile {
                start,
                file: storage.open_to_read(&dir.join(&entry.name))?,
            });
        }
    }
    Ok(files)
}

/// Walks from `from`, a record boundary, to the end or until `visit` breaks.
pub(super) fn walk(
    config: &StoreConfig,
    storage: &SharedStorage,
    from: u64,
    visit: &mut dyn FnMut(Walked<'_>) -> ControlFlow<()>,
) -> io::Result<Log> {
    let mut files = open_files(config, storage)?;
    let ranges: Vec<Range<u64>> = files.iter().map(|file| file.start..file.end()).collect();
    let start = ranges.first().map_or(0, |file| file.start);
    files.retain(|file| file.end() > from);
    let mut scan = LogScan::new(files, from.max(start));
    loop {
        let flow = match scan.step() {
            Step::Record(record) => visit(Walked::Record(&record)),
            Step::Damage(range) => visit(Walked::Damage(to_i64(range.start)..to_i64(range.end))),
            Step::End => break,
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(Log {
        files: ranges,
        end: scan.position(),
    })
}

/// The bytes behind the end of the log up to the last one that is not zero, file by file.
pub(super) fn tail(
    config: &StoreConfig,
    storage: &SharedStorage,
    end: u64,
) -> io::Result<Vec<Range<u64>>> {
    let mut tails = Vec::new();
    for file in open_files(config, storage)? {
        let from = end.max(file.start);
        if from >= file.end() {
            continue;
        }
        let mut last_byte = None;
        let mut at = from;
        let mut scratch = Vec::new();
        while at < file.end()
            && let Some(data) = file.file.data_range(at - file.start)?
        {
            let stop = file.start + data.end;
            at = at.max(file.start + data.start);
            while at < stop {
                let length = (stop - at).min(ZEROS_STEP);
                let bytes = file.bytes(at, to_usize(length), &mut scratch)?;
                let last = bytes.iter().rposition(|byte| *byte != 0);
                last_byte = last.map(|last| at + last as u64).or(last_byte);
                at += length;
            }
        }
        tails.extend(last_byte.map(|last| from..last + 1));
    }
    Ok(tails)
}

/// The files that are not there, as physical offsets.
pub(super) fn gaps(log: &Log) -> Vec<Finding> {
    let between = log.files.windows(2).filter_map(|pair| match pair {
        [before, after] if before.end < after.start => Some(before.end..after.start),
        _ => None,
    });
    between
        .map(|gap| {
            Finding::damage(
                log_file_name(gap.start),
                FindingKind::MissingLogFile,
                Remedy::None,
            )
            .at(to_i64(gap.start)..to_i64(gap.end))
        })
        .collect()
}
