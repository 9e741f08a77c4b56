//! Looks through a store directory without changing it.
//!
//! What it finds beside damage is no fault: the files of a store that is running, or that was killed,
//! lag behind its log, and the next open makes up for that. Invariant: nothing is written.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;

use protocol::message::RecordView;

use crate::append::{TagsCode, is_queued};
use crate::checkpoint;
use crate::commit_log::LogFile;
use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::consume_queue::CqUnit;
use crate::convert::{to_i32, to_i64, to_u64};
use crate::index_file::{IndexFile, IndexShape};
use crate::log_scan::{LogScan, Step};
use crate::queue::check_name;
use crate::queue_files::{QueueFiles, QueueKey};
use crate::recovery::{abort_path, checkpoint_path};
use crate::storage::read_only::ReadOnly;
use crate::storage::{PlainStorage, SharedStorage, offset_of_file_name};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Bytes of the log that hold no sound record, with sound ones behind them.
    Damage {
        /// Which bytes, as physical offsets.
        range: Range<i64>,
    },
    /// A record whose ConsumeQueue unit is not there, or not in its file yet.
    MissingUnit {
        /// The topic.
        topic: String,
        /// The queue.
        queue_id: i32,
        /// The message.
        queue_offset: i64,
    },
    /// A ConsumeQueue unit that points elsewhere than to its record.
    WrongUnit {
        /// The topic.
        topic: String,
        /// The queue.
        queue_id: i32,
        /// The message.
        queue_offset: i64,
        /// What stands there.
        unit: CqUnit,
    },
    /// A record that no queue can have.
    IllegalQueue {
        /// The topic it names.
        topic: String,
        /// The queue it names.
        queue_id: i32,
        /// Where it is.
        physical_offset: i64,
    },
    /// An index file that cannot be used.
    UnusableIndexFile {
        /// Its name.
        name: String,
    },
}

/// What is known of one queue from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSummary {
    /// The topic.
    pub topic: String,
    /// The queue.
    pub queue_id: i32,
    /// Queue offset of its first record in the log.
    pub min_offset: i64,
    /// Queue offset behind its last record in the log.
    pub max_offset: i64,
    /// Its records in the log.
    pub records: u64,
    /// Records without a right unit in the ConsumeQueue files.
    pub missing_units: u64,
}

/// An index file at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSummary {
    /// Name of the file.
    pub name: String,
    /// Keys in it.
    pub entries: i64,
    /// Physical offsets of its first and last message.
    pub physical: Range<i64>,
}

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
    /// Below this the log is synced, says the checkpoint; `None` without one by Gantry.
    pub synced: Option<i64>,
}

/// Looks through the store in `config.root`; `found` hears of each finding.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn inspect(config: &StoreConfig, found: &mut dyn FnMut(Finding)) -> io::Result<InspectReport> {
    inspect_on(config, Arc::new(PlainStorage), found)
}

/// Walks over the sound records of the store in `config.root` from a record boundary on, until
/// `visit` breaks. Returns the damaged stretches on the way.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn records(
    config: &StoreConfig,
    physical_offset: i64,
    visit: &mut dyn FnMut(&RecordView<'_>) -> ControlFlow<()>,
) -> io::Result<Vec<Range<i64>>> {
    let storage: SharedStorage = Arc::new(ReadOnly(Arc::new(PlainStorage)));
    let mut damaged = Vec::new();
    walk(
        config,
        &storage,
        to_u64(physical_offset),
        &mut |step| match step {
            Walked::Record(record) => visit(record),
            Walked::Damage(range) => {
                damaged.push(range);
                ControlFlow::Continue(())
            }
        },
    )?;
    Ok(damaged)
}

/// See [`inspect`].
pub(crate) fn inspect_on(
    config: &StoreConfig,
    storage: SharedStorage,
    found: &mut dyn FnMut(Finding),
) -> io::Result<InspectReport> {
    let storage: SharedStorage = Arc::new(ReadOnly(storage));
    let mut report = InspectReport {
        is_running_or_crashed: storage.stat(&abort_path(config))?.is_some(),
        ..InspectReport::default()
    };
    let mut queues = Queues::new(config, &storage);
    let mut records = 0;
    let (mut damaged, mut damaged_bytes) = (0, 0);
    let walked = walk(config, &storage, 0, &mut |step| {
        match step {
            Walked::Record(record) => {
                records += 1;
                queues.see(record, config, found);
            }
            Walked::Damage(range) => {
                damaged += 1;
                damaged_bytes += range.end - range.start;
                found(Finding::Damage { range });
            }
        }
        ControlFlow::Continue(())
    })?;
    report.records = records;
    (report.damaged, report.damaged_bytes) = (damaged, damaged_bytes);
    (report.log_start, report.log_end) = (to_i64(walked.start), to_i64(walked.end));
    report.log_files = walked.files;
    report.queues = queues.summaries.into_values().collect();
    report.index_files = index_files(config, &storage, found)?;
    let checkpoint = checkpoint::read(&*storage, &checkpoint_path(config))?;
    let extension = checkpoint.and_then(|checkpoint| checkpoint.extension);
    report.synced = extension.map(|extension| extension.log_synced);
    Ok(report)
}

enum Walked<'a> {
    Record(&'a RecordView<'a>),
    Damage(Range<i64>),
}

struct Walk {
    start: u64,
    end: u64,
    files: usize,
}

fn walk(
    config: &StoreConfig,
    storage: &SharedStorage,
    from: u64,
    visit: &mut dyn FnMut(Walked<'_>) -> ControlFlow<()>,
) -> io::Result<Walk> {
    let dir = config.commit_log_dir();
    let mut files = Vec::new();
    for entry in storage.list(&dir)? {
        if let Some(start) = offset_of_file_name(&entry.name) {
            files.push(LogFile {
                start,
                file: storage.open_to_read(&dir.join(&entry.name))?,
            });
        }
    }
    let count = files.len();
    let start = files.first().map_or(0, |file| file.start);
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
    Ok(Walk {
        start,
        end: scan.position(),
        files: count,
    })
}

/// Compares records with the units of their queues.
struct Queues {
    files: QueueFiles,
    summaries: BTreeMap<(String, i32), QueueSummary>,
}

impl Queues {
    fn new(config: &StoreConfig, storage: &SharedStorage) -> Self {
        let files = QueueFiles::new(Arc::clone(storage), config);
        Self {
            files,
            summaries: BTreeMap::new(),
        }
    }

    fn see(
        &mut self,
        record: &RecordView<'_>,
        config: &StoreConfig,
        found: &mut dyn FnMut(Finding),
    ) {
        if !is_queued(record.sys_flag()) {
            return;
        }
        let (topic, queue_id) = (record.topic().to_owned(), record.queue_id());
        let queue_offset = record.queue_offset();
        if check_name(&topic, queue_id).is_err() || queue_offset < 0 {
            let physical_offset = record.physical_offset();
            found(Finding::IllegalQueue {
                topic,
                queue_id,
                physical_offset,
            });
            return;
        }
        let expected = CqUnit {
            physical_offset: record.physical_offset(),
            size: to_i32(record.total_size()),
            tags_code: TagsCode::of(record, &config.delay_levels).at(record.store_timestamp()),
        };
        let unit = self.unit(&topic, queue_id, queue_offset);
        let summary = self
            .summaries
            .entry((topic.clone(), queue_id))
            .or_insert(QueueSummary {
                topic: topic.clone(),
                queue_id,
                min_offset: queue_offset,
                max_offset: queue_offset,
                records: 0,
                missing_units: 0,
            });
        summary.records += 1;
        summary.max_offset = summary.max_offset.max(queue_offset + 1);
        summary.missing_units += u64::from(unit != Some(expected));
        match unit {
            Some(unit) if unit == expected => {}
            Some(unit) => found(Finding::WrongUnit {
                topic,
                queue_id,
                queue_offset,
                unit,
            }),
            None => found(Finding::MissingUnit {
                topic,
                queue_id,
                queue_offset,
            }),
        }
    }

    fn unit(&self, topic: &str, queue_id: i32, queue_offset: i64) -> Option<CqUnit> {
        let key = QueueKey {
            topic: topic.into(),
            queue_id,
        };
        let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
        // A file that ends before the unit, or cannot be read, does not have it.
        let count = self
            .files
            .read(&key, to_u64(queue_offset), &mut unit)
            .unwrap_or(0);
        let unit = CqUnit::from_bytes(&unit[0]);
        (count == 1 && unit.is_written()).then_some(unit)
    }
}

fn index_files(
    config: &StoreConfig,
    storage: &SharedStorage,
    found: &mut dyn FnMut(Finding),
) -> io::Result<Vec<IndexSummary>> {
    let dir: PathBuf = config.index_dir();
    let shape = IndexShape::of(config);
    let mut files = Vec::new();
    for entry in storage
        .list(&dir)?
        .into_iter()
        .filter(|entry| !entry.is_dir)
    {
        let file = storage.open_to_read(&dir.join(&entry.name))?;
        let is_whole = file.size() == shape.file_size();
        match IndexFile::load(entry.name.clone(), file, shape) {
            Ok(file) if is_whole && file.is_plausible() => {
                let header = file.header();
                files.push(IndexSummary {
                    name: entry.name,
                    entries: i64::from(header.index_count) - 1,
                    physical: header.begin_physical..header.end_physical,
                });
            }
            _ => found(Finding::UnusableIndexFile { name: entry.name }),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::support::{Fixture, put_with};

    fn check(fixture: &Fixture) -> (InspectReport, Vec<Finding>) {
        let mut findings = Vec::new();
        let storage = Arc::clone(&fixture.storage);
        let report = inspect_on(&fixture.config, storage, &mut |finding| {
            findings.push(finding);
        });
        (report.expect("the directory can be read"), findings)
    }

    fn filled() -> (Fixture, Arc<crate::storage::crash::CrashStorage>) {
        let (fixture, disk) = Fixture::new().on_crash_storage();
        let store = fixture.open();
        for number in 0..300 {
            let keys = format!("KEYS\u{1}k{number}\u{2}TAGS\u{1}a\u{2}");
            put_with(&store, "t", number % 3, &"x".repeat(500), &keys);
        }
        store.shutdown().expect("shutdown");
        (fixture, disk)
    }

    #[test]
    fn a_store_in_order_has_no_findings() {
        let (fixture, disk) = filled();
        let before: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
        let (report, findings) = check(&fixture);
        assert_eq!(findings, []);
        assert!(!report.is_running_or_crashed);
        assert_eq!(
            (report.records, report.queues.len(), report.log_files),
            (300, 3, 3)
        );
        assert_eq!(report.queues[2].max_offset, 100);
        assert_eq!(report.synced, Some(report.log_end));
        let keys: i64 = report.index_files.iter().map(|file| file.entries).sum();
        assert_eq!(keys, 300);
        let after: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
        assert!(before == after, "nothing is written");
    }

    #[test]
    fn what_is_wrong_is_found_where_it_is() {
        let (fixture, disk) = filled();
        let root = &fixture.config.root;
        disk.change(&root.join("commitlog/00000000000000000000"), |bytes| {
            bytes[700] ^= 1;
        });
        disk.change(
            &root.join("consumequeue/t/1/00000000000000000000"),
            |bytes| bytes[47] ^= 1,
        );
        disk.lose(&root.join("consumequeue/t/2"));
        let index = disk
            .paths()
            .into_iter()
            .find(|path| path.starts_with(root.join("index")));
        disk.change(&index.expect("an index file"), |bytes| {
            bytes[36..40].fill(0x7F);
        });
        let (report, findings) = check(&fixture);
        assert_eq!((report.records, report.damaged), (299, 1));
        let count =
            |is: fn(&Finding) -> bool| findings.iter().filter(|finding| is(finding)).count();
        assert_eq!(
            count(|finding| matches!(finding, Finding::Damage { .. })),
            1
        );
        assert_eq!(
            count(|finding| matches!(
                finding,
                Finding::WrongUnit {
                    queue_offset: 2,
                    ..
                }
            )),
            1
        );
        assert_eq!(
            count(|finding| matches!(finding, Finding::MissingUnit { queue_id: 2, .. })),
            100
        );
        assert_eq!(
            count(|finding| matches!(finding, Finding::UnusableIndexFile { .. })),
            1
        );
        assert_eq!(report.queues[2].missing_units, 100);
    }

    #[test]
    fn records_are_walked_until_the_visitor_has_enough() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let mut starts = Vec::new();
        for _ in 0..5 {
            starts.push(put_with(&store, "t", 0, "x", "").physical_offset);
        }
        let mut seen = Vec::new();
        let damaged = records(&fixture.config, starts[1], &mut |record| {
            seen.push(record.physical_offset());
            if seen.len() == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(damaged.expect("walk"), []);
        assert_eq!(seen, starts[1..4]);
    }
}
