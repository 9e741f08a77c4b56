//! Mends a store directory that no broker has: `gantry store repair`.
//!
//! What a check found decides what is done. The log keeps every sound record, also those behind a
//! damaged one; derived files that disagree with it are written anew from it; everything that is cut
//! off, overwritten or taken away is kept in a folder `repair-<time>` of the store directory, under
//! the same names. Then the store is opened as after the end of a process and shut down in order.
//! Invariant: what was not in doubt is not touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clock::SharedClock;

use crate::checkpoint::{Checkpoint, CheckpointFile, Extension};
use crate::config::StoreConfig;
use crate::error::{OpenError, ShutdownError};
use crate::inspect::{self, Finding, FindingKind, InspectReport, Remedy};
use crate::message_store::MessageStore;
use crate::recovery::checkpoint_path;
use crate::storage::{FileKind, PlainStorage, SharedStorage};

mod kept;
mod queues;
#[cfg(test)]
mod tests;

use kept::Kept;

/// One thing that a repair does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RepairStep {
    /// Cuts off what stands behind the last sound record in a file of the log.
    CutTail {
        /// The file, relative to the store.
        file: PathBuf,
        /// Physical offset of the first byte that goes.
        start: i64,
        /// Physical offset behind the last one that is not zero.
        end: i64,
    },
    /// Writes a queue's units anew where they disagree with the log.
    RebuildQueue {
        /// The topic.
        topic: String,
        /// The queue.
        queue_id: i32,
    },
    /// Takes away the index files from one on; they are built anew from the log.
    RebuildIndex {
        /// Name of the first file that goes; empty for all.
        from: String,
    },
    /// Writes a new checkpoint.
    WriteCheckpoint,
    /// Puts a table's backup in its place.
    RestoreTable {
        /// The table, relative to the store.
        file: PathBuf,
    },
}

impl RepairStep {
    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CutTail { .. } => "cut_tail",
            Self::RebuildQueue { .. } => "rebuild_queue",
            Self::RebuildIndex { .. } => "rebuild_index",
            Self::WriteCheckpoint => "write_checkpoint",
            Self::RestoreTable { .. } => "restore_table",
        }
    }

    /// What it works on, relative to the store.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        match self {
            Self::CutTail { file, .. } | Self::RestoreTable { file } => file.clone(),
            Self::RebuildQueue { topic, queue_id } => {
                PathBuf::from(format!("consumequeue/{topic}/{queue_id}"))
            }
            Self::RebuildIndex { from } => Path::new("index").join(from),
            Self::WriteCheckpoint => "checkpoint".into(),
        }
    }

    /// Whether the store gets a new checkpoint with it: all but the tables are covered by that.
    const fn writes_checkpoint(&self) -> bool {
        !matches!(self, Self::RestoreTable { .. })
    }
}

/// What a repair would do about these findings, in the order in which it does it.
#[must_use]
pub fn plan(findings: &[Finding]) -> Vec<RepairStep> {
    let mut steps = BTreeSet::new();
    let mut index_from: Option<String> = None;
    for finding in findings {
        match finding.remedy {
            Remedy::Cut => {
                let physical = finding.physical.clone().unwrap_or_default();
                steps.insert(RepairStep::CutTail {
                    file: finding.file.clone(),
                    start: physical.start,
                    end: physical.end,
                });
            }
            Remedy::RebuildQueue => {
                steps.extend(rebuild_of(finding));
            }
            Remedy::RebuildIndex => {
                let name = finding.file.strip_prefix("index").unwrap_or(&finding.file);
                let name = name.to_string_lossy().into_owned();
                index_from = Some(index_from.map_or(name.clone(), |from| from.min(name)));
            }
            Remedy::WriteCheckpoint | Remedy::KeepFollowing => {
                steps.insert(RepairStep::WriteCheckpoint);
            }
            Remedy::RestoreTable => {
                steps.insert(RepairStep::RestoreTable {
                    file: finding.file.clone(),
                });
            }
            Remedy::None | Remedy::NextOpen => {}
        }
    }
    steps.extend(index_from.map(|from| RepairStep::RebuildIndex { from }));
    if steps.iter().any(RepairStep::writes_checkpoint) {
        // The next start would have filled these queues, but not behind a new checkpoint.
        let lagging = findings
            .iter()
            .filter(|finding| finding.kind == FindingKind::MissingUnits);
        steps.extend(lagging.filter_map(rebuild_of));
    }
    steps.into_iter().collect()
}

fn rebuild_of(finding: &Finding) -> Option<RepairStep> {
    let queue = finding.queue.as_ref()?;
    Some(RepairStep::RebuildQueue {
        topic: queue.topic.clone(),
        queue_id: queue.queue_id,
    })
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What was done.
    pub steps: Vec<RepairStep>,
    /// The folder with what was there before, relative to the store; `None` when nothing was done.
    pub folder: Option<PathBuf>,
    /// What is in it, relative to it.
    pub kept: Vec<PathBuf>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What the store held before.
    pub report: InspectReport,
}

/// Why a repair failed. The store is then as it was, or a repair that is tried again finds the rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// A broker has the store.
    #[error("{root} is in use by a broker", root = root.display())]
    InUse {
        /// The store directory.
        root: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The mended store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The mended store could not be shut down in order.
    #[error(transparent)]
    Shutdown(#[from] ShutdownError),
}

impl RepairError {
    fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Checks the store in `config.root` and mends what can be mended.
///
/// What was mended survives a power cut when this returns.
///
/// # Errors
/// [`RepairError`]; what was changed until then is in the `repair-…` folder.
pub fn repair(
    config: &StoreConfig,
    clock: SharedClock,
    progress: inspect::Progress<'_>,
) -> Result<Repaired, RepairError> {
    let storage: SharedStorage = Arc::new(PlainStorage);
    repair_on(config, clock, &storage, progress)
}

/// As [`repair`], on another storage.
///
/// # Errors
/// As for [`repair`].
pub fn repair_on(
    config: &StoreConfig,
    clock: SharedClock,
    storage: &SharedStorage,
    progress: inspect::Progress<'_>,
) -> Result<Repaired, RepairError> {
    let root = &config.root;
    let lock = storage
        .lock(&root.join("lock"))
        .map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => RepairError::InUse { root: root.clone() },
            _ => RepairError::io(root.join("lock"))(source),
        })?;
    let mut findings = Vec::new();
    let found = &mut |finding| findings.push(finding);
    let report = inspect::inspect_on(config, Arc::clone(storage), false, progress, found)
        .map_err(RepairError::io(root))?;
    let steps = plan(&findings);
    if steps.is_empty() {
        return Ok(Repaired {
            steps,
            folder: None,
            kept: Vec::new(),
            findings,
            report,
        });
    }
    let mut kept = Kept::begin(config, storage, clock.now_ms()).map_err(RepairError::io(root))?;
    kept.write_plan(&steps).map_err(RepairError::io(root))?;
    for step in &steps {
        let path = root.join(step.file());
        execute(config, storage, step, &findings, &mut kept).map_err(RepairError::io(path))?;
    }
    let touches_store = steps.iter().any(RepairStep::writes_checkpoint);
    if touches_store {
        let path = checkpoint_path(config);
        write_checkpoint(config, storage, &report, &mut kept).map_err(RepairError::io(path))?;
    }
    storage.sync_all(root).map_err(RepairError::io(root))?;
    drop(lock);
    if touches_store {
        MessageStore::open_without_threads(config.clone(), clock, Arc::clone(storage))?
            .shutdown()?;
    }
    Ok(Repaired {
        steps,
        folder: Some(kept.name().to_owned()),
        kept: kept.into_files(),
        findings,
        report,
    })
}

fn execute(
    config: &StoreConfig,
    storage: &SharedStorage,
    step: &RepairStep,
    findings: &[Finding],
    kept: &mut Kept<'_>,
) -> io::Result<()> {
    match step {
        RepairStep::CutTail { file, start, end } => {
            let path = config.root.join(file);
            let first = crate::storage::offset_of_file_name(
                &path.file_name().unwrap_or_default().to_string_lossy(),
            );
            let first = first.ok_or(io::ErrorKind::InvalidInput)?;
            let from = start.unsigned_abs() - first;
            kept.copy(file, from..end.unsigned_abs() - first)?;
            let mut open = storage.open(&path, FileKind::Log, config.commit_log_file_size)?;
            let file = Arc::get_mut(&mut open).ok_or(io::ErrorKind::ResourceBusy)?;
            file.end_at(from)?;
            file.sync_data()
        }
        RepairStep::RebuildQueue { topic, queue_id } => {
            let is_of_queue = |finding: &&Finding| {
                finding.kind == FindingKind::WrongUnits
                    && finding
                        .queue
                        .as_ref()
                        .is_some_and(|queue| (&queue.topic, queue.queue_id) == (topic, *queue_id))
            };
            let wrong = findings.iter().filter(is_of_queue);
            let wrong = wrong.filter_map(|finding| finding.queue.as_ref());
            let wrong: Vec<_> = wrong.map(|queue| queue.offsets.clone()).collect();
            kept.copy_all(&step.file())?;
            queues::rebuild(config, storage, (topic, *queue_id), &wrong)
        }
        RepairStep::RebuildIndex { from } => {
            for entry in storage.list(&config.index_dir())? {
                let is_index = entry.name.bytes().all(|byte| byte.is_ascii_digit());
                if is_index && !entry.is_dir && entry.name >= *from {
                    kept.take(&Path::new("index").join(&entry.name))?;
                }
            }
            Ok(())
        }
        // With every repair: see below.
        RepairStep::WriteCheckpoint => Ok(()),
        RepairStep::RestoreTable { file } => {
            let path = config.root.join(file);
            let backup = PathBuf::from(format!("{}.bak", path.display()));
            let content = storage.read(&backup)?.ok_or(io::ErrorKind::NotFound)?;
            if storage.stat(&path)?.is_some() {
                kept.take(file)?;
            }
            storage.write(&path, &content)
        }
    }
}

/// Writes a checkpoint that makes the next open read the whole log and keep every sound record of it.
fn write_checkpoint(
    config: &StoreConfig,
    storage: &SharedStorage,
    report: &InspectReport,
    kept: &mut Kept<'_>,
) -> io::Result<()> {
    let path = checkpoint_path(config);
    let before = storage.read(&path)?;
    if before.is_some() {
        kept.take(Path::new("checkpoint"))?;
    }
    let before = before.map(|bytes| Checkpoint::from_bytes(&bytes));
    let before = before.filter(|before| before.extension.is_some());
    let (file, _) = CheckpointFile::open(&**storage, &path)?;
    file.write_synced(&Checkpoint {
        java: before.unwrap_or_default().java,
        extension: Some(Extension {
            // What was promised stays promised: no offset is given out twice.
            log_synced: report.synced.unwrap_or_default().max(report.log_end),
            boot_id: storage.boot_id().unwrap_or_default(),
            ..Extension::default()
        }),
    })
}

/// A progress that nobody looks at.
#[cfg(test)]
pub(crate) fn unseen(_done: u64, _total: u64) -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}
