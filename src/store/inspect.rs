//! Looks through a store directory without changing it: `gantry store check` and `dump`.
//!
//! - [`inspect`]: everything that is not as it should be, as [`Finding`]s.
//! - [`contents`]: records, units, index entries and the checkpoint as they lie there.
//! - [`usage`]: whether a broker has the directory. [`settings_of`]: how large its files are.
//!
//! What it finds beside damage is no fault: the files of a store that is running, or that was killed,
//! lag behind its log, and the next open makes up for that. Invariant: nothing is written.

use std::io;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;

use protocol::message::RecordView;

use crate::checkpoint::{self, Checkpoint};
use crate::config::StoreConfig;
use crate::convert::to_i64;
use crate::recovery::{abort_path, checkpoint_path};
use crate::storage::read_only::ReadOnly;
use crate::storage::{PlainStorage, SharedStorage};

pub mod contents;
mod finding;
mod index;
mod queues;
mod sequence;
mod shape;
mod tables;
#[cfg(test)]
mod tests;
mod usage;
mod walk;

pub use finding::{Finding, FindingKind, QueueRange, Remedy, Severity};
pub use index::{IndexEntry, IndexSummary};
pub use queues::QueueSummary;
pub use shape::settings_of;
pub use usage::{Usage, usage};

pub(crate) use queues::{expected_unit, is_right};
pub(crate) use sequence::{Placed, Sequence, Verdict};

use index::IndexCheck;
use queues::Queues;
use walk::Walked;

/// What a store directory holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InspectReport {
    /// Whether a broker has the store, or was stopped without order.
    pub is_running_or_crashed: bool,
    /// Physical offset of the first byte.
    pub log_start: i64,
    /// Physical offset behind the last sound record.
    pub log_end: i64,
    /// Files of the log.
    pub log_files: usize,
    /// Sound records.
    pub records: u64,
    /// Damaged stretches.
    pub damaged: u64,
    /// Bytes in them.
    pub damaged_bytes: i64,
    /// The queues, by topic and id.
    pub queues: Vec<QueueSummary>,
    /// The index files, oldest first.
    pub index_files: Vec<IndexSummary>,
    /// Tables in the `config` folder.
    pub tables: usize,
    /// Below this the log is synced, says the checkpoint; `None` without one by Gantry.
    pub synced: Option<i64>,
}

/// Hears how far an inspection has come: bytes of the log, and how many there are at most.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Looks through the store in `config.root`; `found` hears of each finding, `progress` of each record.
///
/// `is_in_use` says that a broker goes on writing meanwhile: what is newer than the walk is then no
/// fault.
///
/// # Errors
/// What the system says when the directory cannot be read; `Interrupted` when `progress` breaks.
pub fn inspect(
    config: &StoreConfig,
    is_in_use: bool,
    progress: Progress<'_>,
    found: &mut dyn FnMut(Finding),
) -> io::Result<InspectReport> {
    inspect_on(config, Arc::new(PlainStorage), is_in_use, progress, found)
}

/// As [`inspect`], on another storage.
///
/// # Errors
/// As for [`inspect`].
pub fn inspect_on(
    config: &StoreConfig,
    storage: SharedStorage,
    is_in_use: bool,
    progress: Progress<'_>,
    found: &mut dyn FnMut(Finding),
) -> io::Result<InspectReport> {
    let storage: SharedStorage = Arc::new(ReadOnly(storage));
    let mut report = InspectReport {
        is_running_or_crashed: storage.stat(&abort_path(config))?.is_some(),
        ..InspectReport::default()
    };
    let checkpoint = storage.read(&checkpoint_path(config))?;
    let checkpoint = checkpoint.map(|bytes| (checkpoint::has_damage(&bytes), bytes));
    let (is_damaged, checkpoint) = match checkpoint {
        Some((is_damaged, bytes)) => (is_damaged, Some(Checkpoint::from_bytes(&bytes))),
        None => (false, None),
    };
    let extension = checkpoint.as_ref().and_then(|it| it.extension.as_ref());
    report.synced = extension.map(|extension| extension.log_synced);
    let lag = Lag::new(&report, checkpoint.as_ref(), storage.boot_id());

    let mut refused = Vec::new();
    let index_files = index::open_files(config, &storage, &mut |name| refused.push(name))?;
    for name in refused {
        let file = PathBuf::from("index").join(name);
        let kind = FindingKind::UnusableIndexFile;
        found(Finding::damage(file, kind, Remedy::RebuildIndex));
    }
    report.index_files = index_files.iter().map(index::summary).collect();
    let begin_at_log = walk::open_files(config, &storage)?;
    let log_start = begin_at_log.first().map_or(0, |file| file.start);
    let log_bytes = begin_at_log.iter().map(|file| file.file.size()).sum();
    drop(begin_at_log);

    let mut queues = Queues::new(config, &storage, lag.units_from);
    let has_index = !index_files.is_empty() || lag.has_index;
    let mut index = has_index.then(|| IndexCheck::new(&index_files, config, lag.index_from, found));
    let mut is_stopped = false;
    let mut damages = Vec::new();
    let log = walk::walk(config, &storage, 0, &mut |step| {
        match step {
            Walked::Record(record) => {
                report.records += 1;
                queues.see(record, found);
                if let Some(index) = &mut index {
                    index.see(record, to_i64(log_start), found);
                }
                let done = record
                    .physical_offset()
                    .unsigned_abs()
                    .saturating_sub(log_start);
                is_stopped |= progress(done, log_bytes).is_break();
            }
            Walked::Damage(range) => {
                if let Some(index) = &mut index {
                    index.see_damage(&range);
                }
                damages.push(range);
            }
        }
        if is_stopped {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if is_stopped {
        return Err(io::ErrorKind::Interrupted.into());
    }
    (report.log_start, report.log_end) = (to_i64(log.start()), to_i64(log.end));
    report.log_files = log.files.len();
    report.damaged = damages.len() as u64;
    report.damaged_bytes = damages.iter().map(|range| range.end - range.start).sum();
    let may_miss_records = !damages.is_empty() || log.start() > 0;
    damage_findings(&log, damages, &lag, found);
    walk::gaps(&log).into_iter().for_each(&mut *found);
    tail(config, &storage, &log, &report, is_in_use, found)?;
    report.queues = queues.finish(&log, &storage, may_miss_records, is_in_use, found)?;
    if let Some(index) = index {
        index.finish(&log, is_in_use, found)?;
    }
    report.tables = tables::check(config, &storage, found)?;
    checkpoint_findings(&report, checkpoint.is_some(), is_damaged, found);
    Ok(report)
}

fn damage_findings(
    log: &walk::Log,
    damages: Vec<Range<i64>>,
    lag: &Lag,
    found: &mut dyn FnMut(Finding),
) {
    for range in damages {
        let file = log.file_name(range.start.unsigned_abs());
        let remedy = if range.end <= lag.kept_below {
            Remedy::None
        } else {
            Remedy::KeepFollowing
        };
        found(Finding::damage(file, FindingKind::DamagedRecords, remedy).at(range));
    }
}

/// What stands behind the end of the log, and what ought to.
fn tail(
    config: &StoreConfig,
    storage: &SharedStorage,
    log: &walk::Log,
    report: &InspectReport,
    is_in_use: bool,
    found: &mut dyn FnMut(Finding),
) -> io::Result<()> {
    if !is_in_use {
        for tail in walk::tail(config, storage, log.end)? {
            let length = tail.end - tail.start;
            let finding = Finding::damage(
                log.file_name(tail.start),
                FindingKind::TornTail,
                Remedy::Cut,
            );
            found(
                finding
                    .at(to_i64(tail.start)..to_i64(tail.end))
                    .saying(format!("{length} bytes behind the last sound record")),
            );
        }
    }
    if let Some(synced) = report.synced.filter(|synced| *synced > to_i64(log.end)) {
        let file = log.file_name(log.end);
        let finding = Finding::damage(file, FindingKind::LostTail, Remedy::None);
        found(finding.at(to_i64(log.end)..synced));
    }
    Ok(())
}

/// What the checkpoint and `abort` say.
fn checkpoint_findings(
    report: &InspectReport,
    has_checkpoint: bool,
    is_damaged: bool,
    found: &mut dyn FnMut(Finding),
) {
    let checkpoint = |kind| Finding::damage("checkpoint", kind, Remedy::WriteCheckpoint);
    if is_damaged {
        found(checkpoint(FindingKind::DamagedCheckpoint));
    }
    if !has_checkpoint && report.records > 0 {
        found(checkpoint(FindingKind::MissingCheckpoint));
    }
    if report.is_running_or_crashed {
        let finding = Finding::damage("abort", FindingKind::UncleanStop, Remedy::NextOpen);
        found(finding.into_note());
    }
}

/// From which physical offset on the derived files may be behind without a fault.
#[derive(Debug)]
struct Lag {
    units_from: i64,
    index_from: i64,
    /// There ought to be an index.
    has_index: bool,
    /// Damage that ends below costs the records behind it nothing, see `recovery`.
    kept_below: i64,
}

impl Lag {
    fn new(
        report: &InspectReport,
        checkpoint: Option<&Checkpoint>,
        boot_id: Option<String>,
    ) -> Self {
        let extension = checkpoint.and_then(|checkpoint| checkpoint.extension.as_ref());
        let java_index = checkpoint.is_some_and(|it| it.java.index_timestamp > 0);
        let has_index = java_index || extension.is_some_and(|it| it.index_file_count > 0);
        let (units_from, index_from, kept_below) = match extension {
            Some(it) if it.is_clean && !report.is_running_or_crashed => {
                (i64::MAX, i64::MAX, i64::MAX)
            }
            Some(it) if boot_id.is_some_and(|boot_id| boot_id == it.boot_id) => {
                (it.queues_written, it.index_position, i64::MAX)
            }
            Some(it) => (it.queues_synced, 0, it.log_synced),
            None if report.is_running_or_crashed => (0, 0, 0),
            None => (i64::MAX, i64::MAX, 0),
        };
        Self {
            units_from,
            index_from,
            has_index,
            kept_below,
        }
    }
}

/// Walks over every sound record of the log; returns whether records may be missing between them.
pub(crate) fn walk_log(
    config: &StoreConfig,
    storage: &SharedStorage,
    visit: &mut dyn FnMut(&RecordView<'_>) -> ControlFlow<()>,
) -> io::Result<bool> {
    let mut may_miss_records = false;
    let log = walk::walk(config, storage, 0, &mut |step| match step {
        Walked::Record(record) => visit(record),
        Walked::Damage(_) => {
            may_miss_records = true;
            ControlFlow::Continue(())
        }
    })?;
    Ok(may_miss_records || log.start() > 0)
}
