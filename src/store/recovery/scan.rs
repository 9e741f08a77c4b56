//! Reads the log and gives the ConsumeQueues what they miss.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use protocol::message::RecordView;

use crate::append::{TagsCode, is_queued};
use crate::commit_log::CommitLog;
use crate::config::StoreConfig;
use crate::convert::{to_i32, to_i64, to_u64};
use crate::dispatch::{Arrival, Dispatcher};
use crate::log_scan::{LogScan, Step};
use crate::queue::{Queue, QueueTable};
use crate::queue_files::QueueFiles;

use super::{DAMAGED_LISTED_MAX, plan::Plan};

/// Records read before ConsumeQueue units are written out, which bounds the memory they take.
const RECORDS_PER_WRITE: u64 = 256 * 1024;
/// Bytes that the disk is asked for ahead of the walk.
const READ_AHEAD: u64 = 16 * 1024 * 1024;
/// Queues that are found without a look-up: those of a topic, and some more.
const LAST_QUEUES: usize = 16;
/// Bytes read before their memory is given back.
const RELEASE_STEP: u64 = 64 * 1024 * 1024;
/// Units that a gap in a queue is filled with at most.
const GAP_UNITS_MAX: i64 = 1024 * 1024;
/// How far behind the end a boundary is kept for the next verification.
pub(crate) const VERIFY_STRETCH: u64 = 1024 * 1024;

/// Who gets the units.
pub(super) struct Target<'a> {
    pub(super) queues: &'a QueueTable,
    pub(super) dispatcher: &'a Dispatcher,
    pub(super) files: &'a QueueFiles,
}

/// What the walk came to.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Physical offset behind the last sound record that is kept.
    pub(super) end: u64,
    pub(super) records: u64,
    pub(super) damaged_count: u64,
    pub(super) damaged: Vec<Range<i64>>,
    /// A record boundary a little before the end.
    pub(super) boundary: u64,
    /// Store time of the last record.
    pub(super) last_timestamp: i64,
}

/// Walks from where the plan says to the end of the log.
pub(super) fn run(
    log: &CommitLog,
    plan: &Plan,
    config: &StoreConfig,
    target: &Target<'_>,
) -> io::Result<Scanned> {
    let mut scanned = Scanned {
        boundary: plan.scan_from,
        ..Scanned::default()
    };
    let mut newest_boundary = plan.scan_from;
    let mut released = plan.scan_from;
    let mut read_ahead = plan.scan_from;
    let mut gaps = Gaps::default();
    let mut scan = LogScan::new(log.files_from(plan.scan_from), plan.scan_from);
    scanned.end = loop {
        if scan.position() + READ_AHEAD / 2 >= read_ahead {
            let next = read_ahead.max(scan.position());
            read_ahead = next + READ_AHEAD;
            log.will_read(next..read_ahead);
        }
        match scan.step() {
            Step::Record(record) if plan.may_be_torn(&record) => {
                let start = to_u64(record.physical_offset());
                let keeps = plan.keeps_behind_damage(scan.position()) && scan.is_followed();
                if !keeps {
                    break start;
                }
                scanned.note_damage(to_i64(start)..to_i64(scan.position()));
            }
            Step::Record(record) => {
                scanned.records += 1;
                scanned.last_timestamp = record.store_timestamp();
                if let Some(damaged) = dispatch(&record, config, target, &mut gaps) {
                    scanned.note_damage(damaged);
                }
            }
            Step::Damage(range) if plan.keeps_behind_damage(range.end) => {
                scanned.note_damage(to_i64(range.start)..to_i64(range.end));
            }
            Step::Damage(torn_tail) => break torn_tail.start,
            Step::End => break scan.position(),
        }
        let position = scan.position();
        if position - newest_boundary >= VERIFY_STRETCH {
            scanned.boundary = newest_boundary;
            newest_boundary = position;
        }
        if position - released >= RELEASE_STEP {
            scan.release();
            released = position;
        }
        if scanned.records % RECORDS_PER_WRITE == RECORDS_PER_WRITE - 1 {
            write_out(target)?;
        }
    };
    scan.release();
    // Before what was read, and where bytes are missing, a queue may well begin or go on later.
    let may_miss_records = plan.scan_from > 0 || scanned.damaged_count > 0;
    for waiting in gaps.waiting.into_values() {
        if may_miss_records {
            waiting.apply(target.dispatcher);
        } else {
            scanned.note_damage(waiting.range());
        }
    }
    Ok(scanned)
}

impl Scanned {
    fn note_damage(&mut self, range: Range<i64>) {
        self.damaged_count += 1;
        if self.damaged.len() < DAMAGED_LISTED_MAX {
            self.damaged.push(range);
        }
    }
}

/// A record that does not follow its queue's last one.
#[derive(Debug)]
struct Waiting {
    queue: Arc<Queue>,
    arrival: Arrival,
    size: i32,
}

impl Waiting {
    fn apply(&self, dispatcher: &Dispatcher) {
        dispatcher.apply(&self.queue, &self.arrival, self.size);
    }

    fn range(&self) -> Range<i64> {
        let start = self.arrival.physical_offset;
        start..start + i64::from(self.size)
    }
}

/// Records that wait for a second one to confirm that their queue really goes on later.
///
/// The checksum of a record does not cover its queue offset. A gap that one record alone claims is
/// more likely a flipped bit; taking it would lose all the records that follow.
#[derive(Debug, Default)]
struct Gaps {
    waiting: BTreeMap<(Arc<str>, i32), Waiting>,
    /// Queues of the records before, by queue id: often those of the next ones too.
    last_queues: [Option<Arc<Queue>>; LAST_QUEUES],
}

impl Gaps {
    /// The queue of a record; `None` when its topic may not be one.
    fn queue_of(&mut self, record: &RecordView<'_>, target: &Target<'_>) -> Option<Arc<Queue>> {
        let (topic, queue_id) = (record.topic(), record.queue_id());
        let place = usize::try_from(queue_id).ok()? % LAST_QUEUES;
        let last = self.last_queues.get_mut(place)?;
        let is_same =
            |queue: &&mut Arc<Queue>| queue.queue_id() == queue_id && queue.topic() == topic;
        if let Some(queue) = last.as_mut().filter(is_same) {
            return Some(Arc::clone(queue));
        }
        let queue = target.queues.get_or_create(topic, queue_id).ok()?;
        *last = Some(Arc::clone(&queue));
        Some(queue)
    }
}

/// Gives a record its unit, now or when another one confirms its offset. Returns what turned out to
/// be damaged.
fn dispatch(
    record: &RecordView<'_>,
    config: &StoreConfig,
    target: &Target<'_>,
    gaps: &mut Gaps,
) -> Option<Range<i64>> {
    if !is_queued(record.sys_flag()) {
        return None;
    }
    let Some(queue) = gaps.queue_of(record, target) else {
        // A record of a queue that cannot be stays in the log, and nobody gets it.
        let start = record.physical_offset();
        return Some(start..start + to_i64(record.total_size() as u64));
    };
    let tags_code = TagsCode::of(record, &config.delay_levels).at(record.store_timestamp());
    let arrival = Arrival {
        queue_offset: record.queue_offset(),
        physical_offset: record.physical_offset(),
        tags_code,
        store_timestamp: record.store_timestamp(),
    };
    let next = queue.max_offset();
    if arrival.queue_offset < next && is_anothers(&queue, &arrival, target) {
        let start = record.physical_offset();
        return Some(start..start + to_i64(record.total_size() as u64));
    }
    let this = Waiting {
        queue,
        arrival,
        size: to_i32(record.total_size()),
    };
    if gaps.waiting.is_empty() && arrival.queue_offset <= next {
        this.apply(target.dispatcher);
        return None;
    }
    let key = this.queue.consume_queue().key();
    let key = (Arc::clone(&key.topic), key.queue_id);
    let before = gaps.waiting.remove(&key);
    if arrival.queue_offset <= next {
        this.apply(target.dispatcher);
        return before.map(|before| before.range());
    }
    match before {
        Some(before)
            if before.arrival.queue_offset + 1 == arrival.queue_offset
                && arrival.queue_offset - next <= GAP_UNITS_MAX =>
        {
            before.apply(target.dispatcher);
            this.apply(target.dispatcher);
            None
        }
        before => {
            gaps.waiting.insert(key, this);
            before.map(|before| before.range())
        }
    }
}

/// Whether a place in a queue cannot be this record's, or belongs to another: one of the two says a queue or an offset that
/// is not its own, and the one that was there first keeps the place.
fn is_anothers(queue: &Queue, arrival: &Arrival, target: &Target<'_>) -> bool {
    if arrival.queue_offset < 0 {
        return true;
    }
    let unit = queue
        .consume_queue()
        .unit_at(target.files, arrival.queue_offset);
    unit.ok()
        .flatten()
        .is_some_and(|unit| unit.physical_offset != arrival.physical_offset)
}

fn write_out(target: &Target<'_>) -> io::Result<()> {
    for queue in target.dispatcher.take_dirty() {
        queue.consume_queue().write_out(target.files, 0)?;
    }
    Ok(())
}
