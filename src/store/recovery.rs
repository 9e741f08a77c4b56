//! Opens a store directory and brings its files into agreement, whatever stopped the broker before.
//!
//! The CommitLog is the truth; ConsumeQueues and index are made to follow it. How much of the log has
//! to be read depends on what stopped the broker:
//!
//! - a clean stop: only the last stretch is verified;
//! - the end of the process (same boot of the machine): nothing that was written is lost, so the log
//!   is read from where the ConsumeQueue files lag behind, and damage with sound records behind it is
//!   bit rot, which costs what it hit and nothing more;
//! - a power cut: only what was synced counts. Damage behind that is a torn tail, and what follows it
//!   goes too, because a log without its middle is worse than a shorter one;
//! - Java, whose checkpoint knows times instead of offsets: as Java itself does it.
//!
//! Invariant: queue offsets and physical offsets that may have been given out are never given out again.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, CheckpointFile};
use crate::commit_log::{CommitLog, LogFile};
use crate::config::{FlushMode, StoreConfig};
use crate::convert::{to_i64, to_u64};
use crate::dispatch::Dispatcher;
use crate::error::OpenError;
use crate::index::{self, Index};
use crate::index_file::IndexFile;
use crate::queue::QueueTable;
use crate::queue_files::QueueFiles;
use crate::storage::{FileKind, SharedStorage, offset_of_file_name};

mod plan;
mod queues;
mod scan;

use plan::Plan;
pub(crate) use scan::VERIFY_STRETCH;

/// Damaged stretches that are listed one by one; more are only counted.
const DAMAGED_LISTED_MAX: usize = 64;

/// What stopped the broker that had the store before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStop {
    /// There was no store.
    New,
    /// It was shut down in order.
    Clean,
    /// The process ended; the machine went on.
    ProcessEnded,
    /// The machine stopped, or may have.
    PowerCut,
    /// A Java broker had the store and shut it down in order.
    JavaClean,
    /// A Java broker had the store and did not.
    JavaUnclean,
}

/// What recovery did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// What stopped the broker before.
    pub last_stop: LastStop,
    /// Where the log was read from.
    pub scan_from: i64,
    /// Where the log ends.
    pub end: i64,
    /// Records read.
    pub records: u64,
    /// Damaged stretches of the log with sound records behind them.
    pub damaged_count: u64,
    /// The first of them, as physical offsets.
    pub damaged: Vec<Range<i64>>,
    /// Bytes that were promised to be there and hold no sound record.
    pub lost_bytes: i64,
}

/// A store that can be started.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) log: CommitLog,
    pub(crate) queues: QueueTable,
    pub(crate) queue_files: QueueFiles,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) index: Option<Index>,
    pub(crate) checkpoint_file: CheckpointFile,
    pub(crate) checkpoint: Checkpoint,
    /// The log is synced below this.
    pub(crate) synced: u64,
    /// A record boundary before the end.
    pub(crate) verify_from: u64,
    /// Store time of the last record read, if any was.
    pub(crate) last_timestamp: i64,
    pub(crate) report: RecoveryReport,
}

/// Path of the file that is there while a broker has the store.
pub(crate) fn abort_path(config: &StoreConfig) -> PathBuf {
    config.root.join("abort")
}

/// Path of the checkpoint.
pub(crate) fn checkpoint_path(config: &StoreConfig) -> PathBuf {
    config.root.join("checkpoint")
}

/// See the head of this file.
pub(crate) fn recover(
    config: &StoreConfig,
    storage: &SharedStorage,
) -> Result<Recovered, OpenError> {
    let files = open_log_files(config, storage)?;
    let (checkpoint_file, mut checkpoint) = open_checkpoint(config, storage)?;
    let last_stop = last_stop(config, storage, &checkpoint, files.is_empty())?;
    // Until it is known where the log ends, all of its files may be read.
    let files_end = files.last().map_or(0, LogFile::end);
    let mut log = CommitLog::new(Arc::clone(storage), config, files, files_end);
    let queue_files = QueueFiles::new(Arc::clone(storage), config);
    if !matches!(last_stop, LastStop::New | LastStop::Clean) {
        queue_files.distrust();
    }
    let dispatcher = Dispatcher::default();
    let root = || config.root.clone();

    let mut plan = Plan::new(last_stop, &checkpoint, &log);
    let queues =
        queues::load_all(&queue_files, storage, &log, &mut plan).map_err(OpenError::io(root()))?;
    plan.settle(&checkpoint, &log);
    if withdraw(&mut checkpoint, &plan) {
        checkpoint_file
            .write_synced(&checkpoint)
            .map_err(OpenError::io(checkpoint_path(config)))?;
    }
    let target = scan::Target {
        queues: &queues,
        dispatcher: &dispatcher,
        files: &queue_files,
    };
    let scanned = scan::run(&log, &plan, config, &target).map_err(OpenError::io(root()))?;

    let end = scanned.end.max(plan.promised);
    log.end_at(end)
        .map_err(OpenError::io(config.commit_log_dir()))?;
    let mut synced = if last_stop == LastStop::Clean {
        end
    } else {
        plan.synced.min(end)
    };
    if config.flush_mode == FlushMode::Sync && synced < end {
        log.sync(synced.min(scanned.end), end)
            .map_err(OpenError::io(config.commit_log_dir()))?;
        synced = end;
    }
    queues::settle(&queues, &queue_files, &log, &plan).map_err(OpenError::io(root()))?;
    let index = open_index(config, storage, &log, last_stop, &mut checkpoint)
        .map_err(OpenError::io(config.index_dir()))?;

    let report = RecoveryReport {
        last_stop,
        scan_from: to_i64(plan.scan_from),
        end: to_i64(end),
        records: scanned.records,
        damaged_count: scanned.damaged_count,
        damaged: scanned.damaged,
        lost_bytes: to_i64(plan.promised.saturating_sub(scanned.end)),
    };
    Ok(Recovered {
        log,
        queues,
        queue_files,
        dispatcher,
        index,
        checkpoint_file,
        checkpoint,
        synced,
        verify_from: scanned.boundary.min(end),
        last_timestamp: scanned.last_timestamp,
        report,
    })
}

/// The log's files in the order of their offsets.
fn open_log_files(
    config: &StoreConfig,
    storage: &SharedStorage,
) -> Result<Vec<LogFile>, OpenError> {
    let dir = config.commit_log_dir();
    let size = config.commit_log_file_size;
    let mut files = Vec::new();
    for entry in storage.list(&dir).map_err(OpenError::io(&dir))? {
        let Some(start) = offset_of_file_name(&entry.name).filter(|_| !entry.is_dir) else {
            continue;
        };
        let path = dir.join(&entry.name);
        if start % size != 0 {
            let problem = format!("does not begin at a multiple of the file size, {size} bytes");
            return Err(OpenError::Layout { path, problem });
        }
        match storage.open(&path, FileKind::of_log(config.flush_mode), size) {
            Ok(file) => files.push(LogFile { start, file }),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(OpenError::Layout {
                    path,
                    problem: error.to_string(),
                });
            }
            Err(error) => return Err(OpenError::io(path)(error)),
        }
    }
    Ok(files)
}

/// Opens the checkpoint; one that cannot be one is replaced.
fn open_checkpoint(
    config: &StoreConfig,
    storage: &SharedStorage,
) -> Result<(CheckpointFile, Checkpoint), OpenError> {
    let path = checkpoint_path(config);
    match CheckpointFile::open(&**storage, &path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            storage.remove_file(&path).map_err(OpenError::io(&path))?;
            CheckpointFile::open(&**storage, &path).map_err(OpenError::io(path))
        }
        other => other.map_err(OpenError::io(path)),
    }
}

fn last_stop(
    config: &StoreConfig,
    storage: &SharedStorage,
    checkpoint: &Checkpoint,
    log_is_empty: bool,
) -> Result<LastStop, OpenError> {
    let path = abort_path(config);
    let was_running = storage.stat(&path).map_err(OpenError::io(path))?.is_some();
    let boot_id = storage.boot_id();
    Ok(match &checkpoint.extension {
        Some(extension) if !was_running && extension.is_clean => LastStop::Clean,
        // Gantry's checkpoint without Gantry's clean stop: someone removed `abort`.
        Some(extension) if boot_id.is_some_and(|boot_id| boot_id == extension.boot_id) => {
            LastStop::ProcessEnded
        }
        Some(_) => LastStop::PowerCut,
        None if log_is_empty => LastStop::New,
        None if was_running => LastStop::JavaUnclean,
        None => LastStop::JavaClean,
    })
}

/// Takes back what the checkpoint says of ConsumeQueues that have to be built anew: if the power is cut
/// on the way, it must not vouch for half of them. Says whether it did.
fn withdraw(checkpoint: &mut Checkpoint, plan: &Plan) -> bool {
    let Some(extension) = &mut checkpoint.extension else {
        return false;
    };
    let rebuilt_from = to_i64(plan.scan_from);
    if plan.is_complete || extension.queues_synced <= rebuilt_from {
        return false;
    }
    extension.queues_synced = rebuilt_from;
    extension.queues_written = extension.queues_written.min(rebuilt_from);
    true
}

/// Opens the index files that can be relied on and finds out where to go on.
fn open_index(
    config: &StoreConfig,
    storage: &SharedStorage,
    log: &CommitLog,
    last_stop: LastStop,
    checkpoint: &mut Checkpoint,
) -> io::Result<Option<Index>> {
    if !config.index_enabled {
        return Ok(None);
    }
    let end = to_i64(log.end());
    let synced_until = checkpoint.java.index_timestamp;
    let keeps_memory = matches!(
        last_stop,
        LastStop::Clean | LastStop::ProcessEnded | LastStop::JavaClean
    );
    // A file that was being written when the power went may be wrong anywhere.
    let keep = |file: &IndexFile| {
        let header = file.header();
        let is_synced = file.is_full() && header.end_timestamp <= synced_until;
        header.end_physical < end && (keeps_memory || is_synced)
    };
    let files = index::load_files(storage, config, &keep)?;
    let mut position = index::resume_at(&files);
    // Files that are gone are built anew, and the checkpoint vouches for them only when they are synced.
    let kept_until = files
        .iter()
        .rfind(|file| file.is_full())
        .map(|file| file.header().end_timestamp);
    checkpoint.java.index_timestamp = synced_until.min(kept_until.unwrap_or(0));
    if let Some(extension) = checkpoint.extension.as_ref().filter(|_| keeps_memory)
        && to_i64(files.len() as u64) >= extension.index_file_count
    {
        // Records without keys leave no trace in the files; they need not be read again.
        position = position.max(to_u64(extension.index_position).min(log.end()));
    }
    Ok(Some(Index::new(
        Arc::clone(storage),
        config,
        files,
        position,
    )))
}
