//! Compares the ConsumeQueues with the log, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use protocol::message::RecordView;
use protocol::name::SCHEDULE_TOPIC;

use crate::append::{TagsCode, is_queued};
use crate::commit_log::LogFile;
use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::consume_queue::{CqUnit, UnitBytes};
use crate::convert::{to_i32, to_i64, to_u64, to_usize};
use crate::log_scan::record_at;
use crate::queue::check_name;
use crate::queue_files::{QueueFiles, QueueKey};
use crate::storage::SharedStorage;

use super::finding::{Finding, FindingKind, QueueRange, Remedy};
use super::sequence::{Placed, Sequence, Verdict};
use super::walk::{self, Log};

/// Below this the tags code is an address in Java's ConsumeQueueExt.
const EXTENSION_ADDRESS_BELOW: i64 = i32::MIN as i64;
/// Queues of Java that show messages of other topics.
const LITE_TOPIC_PREFIX: &str = "%LMQ%";
/// Units read at once.
const BLOCK_UNITS: usize = 4096;
/// No record is shorter.
const RECORD_LENGTH_MIN: i32 = 91;

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

/// The unit that a record ought to have; `None` for one that no queue shows.
pub(crate) fn expected_unit(record: &RecordView<'_>, config: &StoreConfig) -> Option<CqUnit> {
    is_queued(record.sys_flag()).then(|| CqUnit {
        physical_offset: record.physical_offset(),
        size: to_i32(record.total_size()),
        tags_code: TagsCode::of(record, &config.delay_levels).at(record.store_timestamp()),
    })
}

/// Whether a unit leads to its record. The delivery time of a delayed message depends on the broker's
/// settings, so that it is not compared.
pub(crate) fn is_right(unit: Option<CqUnit>, expected: &CqUnit, topic: &str) -> bool {
    unit.is_some_and(|unit| {
        let has_tags = unit.tags_code == expected.tags_code
            || unit.tags_code < EXTENSION_ADDRESS_BELOW
            || topic == SCHEDULE_TOPIC;
        has_tags && unit.physical_offset == expected.physical_offset && unit.size == expected.size
    })
}

/// Name of the file with a unit, relative to the store.
fn file_of(files: &QueueFiles, topic: &str, queue_id: i32, queue_offset: i64) -> PathBuf {
    let per_file = files.units_per_file().max(1);
    let start = to_u64(queue_offset) / per_file * per_file;
    let start = start.saturating_mul(CONSUME_QUEUE_UNIT_SIZE as u64);
    PathBuf::from(format!("consumequeue/{topic}/{queue_id}/{start:020}"))
}

/// One queue while the log is walked over.
#[derive(Debug)]
struct QueueState {
    summary: QueueSummary,
    sequence: Sequence,
    /// Queue offsets that records of the log have.
    seen: Vec<Range<i64>>,
    /// Findings about units that follow each other are one.
    run: Option<Finding>,
}

impl QueueState {
    fn note_seen(&mut self, offset: i64) {
        match self.seen.last_mut() {
            Some(last) if last.end == offset => last.end = offset + 1,
            Some(last) if last.contains(&offset) => {}
            _ => self.seen.push(offset..offset + 1),
        }
    }

    fn has_seen(&self, offset: i64) -> bool {
        self.seen.iter().any(|range| range.contains(&offset))
    }
}

/// Compares records with the units of their queues.
pub(super) struct Queues<'a> {
    config: &'a StoreConfig,
    files: QueueFiles,
    states: BTreeMap<(String, i32), QueueState>,
    /// Where the records begin whose queue offsets cannot be right.
    misplaced: BTreeSet<i64>,
    /// Units of records from here on may not be written yet.
    lag_from: i64,
}

type Found<'f> = &'f mut dyn FnMut(Finding);

impl<'a> Queues<'a> {
    pub(super) fn new(config: &'a StoreConfig, storage: &SharedStorage, lag_from: i64) -> Self {
        Self {
            config,
            files: QueueFiles::new(Arc::clone(storage), config),
            states: BTreeMap::new(),
            misplaced: BTreeSet::new(),
            lag_from,
        }
    }

    /// The next record of the log.
    pub(super) fn see(&mut self, record: &RecordView<'_>, found: Found<'_>) {
        let Some(unit) = expected_unit(record, self.config) else {
            return;
        };
        let (topic, queue_id) = (record.topic(), record.queue_id());
        let queue_offset = record.queue_offset();
        if check_name(topic, queue_id).is_err() || !(0..i64::MAX / 32).contains(&queue_offset) {
            let file = PathBuf::from("commitlog");
            let finding = Finding::damage(file, FindingKind::IllegalQueue, Remedy::None)
                .at(unit.physical_offset..unit.end())
                .counting(1)
                .saying(format!(
                    "topic {topic:?}, queue {queue_id}, offset {queue_offset}"
                ));
            found(finding);
            return;
        }
        let stands_there = self.unit(topic, queue_id, queue_offset);
        let placed = Placed {
            queue_offset,
            unit,
            is_right: is_right(stands_there, &unit, topic),
        };
        let state = self
            .states
            .entry((topic.to_owned(), queue_id))
            .or_insert_with(|| QueueState {
                summary: QueueSummary {
                    topic: topic.to_owned(),
                    queue_id,
                    min_offset: queue_offset,
                    max_offset: queue_offset,
                    records: 0,
                    missing_units: 0,
                },
                sequence: Sequence::default(),
                seen: Vec::new(),
                run: None,
            });
        let mut decided = Vec::new();
        let mut out = |placed: Placed, verdict| decided.push((placed, verdict));
        state.sequence.see(placed, &mut out);
        for (placed, verdict) in decided {
            self.settle(&(topic.to_owned(), queue_id), placed, verdict, found);
        }
    }

    fn unit(&self, topic: &str, queue_id: i32, queue_offset: i64) -> Option<CqUnit> {
        let key = QueueKey {
            topic: topic.into(),
            queue_id,
        };
        let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
        // A file that ends before the unit, or cannot be read, does not have it.
        let read = self.files.read(&key, to_u64(queue_offset), &mut unit);
        let unit = CqUnit::from_bytes(&unit[0]);
        (read.unwrap_or(0) == 1 && unit.is_written()).then_some(unit)
    }

    /// Takes a record in that is decided.
    fn settle(&mut self, key: &(String, i32), placed: Placed, verdict: Verdict, found: Found<'_>) {
        let unit = placed.unit;
        let physical = unit.physical_offset..unit.end();
        if verdict == Verdict::Misplaced {
            let (topic, queue_id) = key;
            let offset = placed.queue_offset;
            self.misplaced.insert(unit.physical_offset);
            let finding = Finding::damage("commitlog", FindingKind::DamagedRecords, Remedy::None)
                .at(physical)
                .counting(1)
                .saying(format!(
                    "of {topic} queue {queue_id}; its queue offset {offset} cannot be right"
                ));
            found(finding);
            return;
        }
        let stands_there = if placed.is_right {
            None
        } else {
            self.unit(&key.0, key.1, placed.queue_offset)
        };
        let is_late = unit.physical_offset >= self.lag_from;
        let Some(state) = self.states.get_mut(key) else {
            return;
        };
        state.note_seen(placed.queue_offset);
        let summary = &mut state.summary;
        summary.records += 1;
        summary.min_offset = summary.min_offset.min(placed.queue_offset);
        summary.max_offset = summary.max_offset.max(placed.queue_offset + 1);
        if placed.is_right {
            return;
        }
        summary.missing_units += 1;
        let kind = match stands_there {
            None => FindingKind::MissingUnits,
            Some(_) => FindingKind::WrongUnits,
        };
        let finding = Finding::damage(PathBuf::new(), kind, Remedy::RebuildQueue).at(physical);
        let finding = if is_late && kind == FindingKind::MissingUnits {
            finding.into_note()
        } else {
            finding
        };
        self.report(key, placed.queue_offset, finding, found);
    }

    /// Adds a finding about one unit to those before it, or begins anew.
    fn report(&mut self, key: &(String, i32), offset: i64, finding: Finding, found: Found<'_>) {
        let file = file_of(&self.files, &key.0, key.1, offset);
        let Some(state) = self.states.get_mut(key) else {
            return;
        };
        if let Some(run) = &mut state.run
            && (run.kind, run.severity, run.remedy)
                == (finding.kind, finding.severity, finding.remedy)
            && run.file == file
            && let Some(queue) = &mut run.queue
            && queue.offsets.end == offset
        {
            queue.offsets.end = offset + 1;
            run.count += 1;
            if let (Some(run), Some(more)) = (&mut run.physical, &finding.physical) {
                run.end = run.end.max(more.end);
            }
            return;
        }
        let queue = Some(QueueRange {
            topic: key.0.clone(),
            queue_id: key.1,
            offsets: offset..offset + 1,
        });
        let finding = Finding {
            file,
            queue,
            count: 1,
            ..finding
        };
        if let Some(before) = state.run.replace(finding) {
            found(before);
        }
    }

    /// The log is read: decides what is left, and looks for units that no record has.
    pub(super) fn finish(
        mut self,
        log: &Log,
        storage: &SharedStorage,
        may_miss_records: bool,
        is_in_use: bool,
        found: Found<'_>,
    ) -> io::Result<Vec<QueueSummary>> {
        let keys: Vec<(String, i32)> = self.states.keys().cloned().collect();
        for key in &keys {
            let mut decided = Vec::new();
            if let Some(state) = self.states.get_mut(key) {
                let sequence = std::mem::take(&mut state.sequence);
                sequence.finish(may_miss_records, &mut |placed, verdict| {
                    decided.push((placed, verdict));
                });
            }
            for (placed, verdict) in decided {
                self.settle(key, placed, verdict, found);
            }
            self.end_run(key, found);
        }
        let units = Units {
            log,
            log_files: walk::open_files(self.config, storage)?,
            misplaced: std::mem::take(&mut self.misplaced),
            is_in_use,
        };
        for topic in storage.list(self.files.root())? {
            if !topic.is_dir {
                continue;
            }
            for queue in storage.list(&self.files.root().join(&topic.name))? {
                let Some(queue_id) = queue.name.parse().ok().filter(|_| queue.is_dir) else {
                    continue;
                };
                if check_name(&topic.name, queue_id).is_ok() {
                    let key = (topic.name.clone(), queue_id);
                    self.look_for_strays(&key, &units, found)?;
                    self.end_run(&key, found);
                }
            }
        }
        let mut summaries: Vec<_> = self
            .states
            .into_values()
            .map(|state| state.summary)
            .collect();
        summaries.retain(|summary| summary.records > 0);
        Ok(summaries)
    }

    fn end_run(&mut self, key: &(String, i32), found: Found<'_>) {
        let run = self.states.get_mut(key).and_then(|state| state.run.take());
        if let Some(run) = run {
            found(run);
        }
    }

    /// Reads every unit of a queue and reports those that belong to no record.
    fn look_for_strays(
        &mut self,
        key: &(String, i32),
        units: &Units<'_>,
        found: Found<'_>,
    ) -> io::Result<()> {
        let queue_key = QueueKey {
            topic: key.0.as_str().into(),
            queue_id: key.1,
        };
        let has_records = self
            .states
            .get(key)
            .is_some_and(|it| it.summary.records > 0);
        let mut block = vec![[0; CONSUME_QUEUE_UNIT_SIZE]; BLOCK_UNITS];
        for start in self.files.starts(&queue_key)? {
            let file = self.files.open_listed(&queue_key, start)?;
            let count = file.size() / CONSUME_QUEUE_UNIT_SIZE as u64;
            let first = start / CONSUME_QUEUE_UNIT_SIZE as u64;
            let mut at = 0;
            while at < count {
                let block = &mut block[..to_usize((count - at).min(BLOCK_UNITS as u64))];
                file.read_at(
                    at * CONSUME_QUEUE_UNIT_SIZE as u64,
                    block.as_flattened_mut(),
                )?;
                for (index, bytes) in block.iter().enumerate() {
                    let offset = to_i64(first + at + index as u64);
                    let next = block.get(index + 1);
                    let state = self.states.get(key);
                    let is_known = |offset| state.is_some_and(|state| state.has_seen(offset));
                    if is_known(offset) {
                        continue;
                    }
                    let fills_gap = next == Some(bytes) && is_known(offset + 1);
                    let Some(stray) = units.judge(&key.0, bytes, fills_gap, has_records) else {
                        continue;
                    };
                    self.make_state(key, offset);
                    self.report(key, offset, stray, found);
                }
                at += block.len() as u64;
            }
        }
        Ok(())
    }

    /// A queue that has files and no records has findings too.
    fn make_state(&mut self, key: &(String, i32), offset: i64) {
        self.states
            .entry(key.clone())
            .or_insert_with(|| QueueState {
                summary: QueueSummary {
                    topic: key.0.clone(),
                    queue_id: key.1,
                    min_offset: offset,
                    max_offset: offset,
                    records: 0,
                    missing_units: 0,
                },
                sequence: Sequence::default(),
                seen: Vec::new(),
                run: None,
            });
    }
}

/// What units are judged by.
struct Units<'a> {
    log: &'a Log,
    log_files: Vec<LogFile>,
    misplaced: BTreeSet<i64>,
    is_in_use: bool,
}

impl Units<'_> {
    /// What is wrong with a unit at an offset that no record of the log has, if anything is.
    fn judge(
        &self,
        topic: &str,
        bytes: &UnitBytes,
        fills_gap: bool,
        has_records: bool,
    ) -> Option<Finding> {
        let unit = CqUnit::from_bytes(bytes);
        let is_blank = bytes.iter().all(|byte| *byte == 0) || unit.is_pre_blank();
        let is_expired = unit.is_written() && unit.physical_offset < to_i64(self.log.start());
        let may_be_new = self.is_in_use && unit.physical_offset >= to_i64(self.log.end);
        if is_blank || is_expired || may_be_new || topic.starts_with(LITE_TOPIC_PREFIX) {
            return None;
        }
        let lost = Finding::damage("", FindingKind::LostMessages, Remedy::None);
        if fills_gap {
            return Some(lost);
        }
        let lies_in_log = unit.size >= RECORD_LENGTH_MIN
            && unit.is_written()
            && unit.end() <= to_i64(self.log.files_end());
        let is_lost = || {
            self.misplaced.contains(&unit.physical_offset)
                || !self.has_record(to_u64(unit.physical_offset))
        };
        if lies_in_log && is_lost() {
            return Some(lost.at(unit.physical_offset..unit.end()));
        }
        // A queue without records in the log knows its next offset by its files alone.
        let remedy = if has_records {
            Remedy::RebuildQueue
        } else {
            Remedy::NextOpen
        };
        Some(Finding::damage("", FindingKind::WrongUnits, remedy))
    }

    fn has_record(&self, physical_offset: u64) -> bool {
        let file = self
            .log_files
            .iter()
            .find(|file| file.contains(physical_offset));
        let mut scratch = Vec::new();
        file.is_some_and(|file| {
            record_at(file, physical_offset, file.end(), &mut scratch).is_some()
        })
    }
}
