//! A ConsumeQueue: for each message of a queue, where it lies in the CommitLog.
//!
//! New units are appended to a tail in memory and written to their files in blocks, so that a put
//! costs no system call and a store may have tens of thousands of queues without as many open
//! files. The files lag behind the CommitLog for about a second; recovery makes up for that from the
//! log. Invariant: every unit below the tail is in the files, in the right order, without a hole.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;

use crate::config::CONSUME_QUEUE_UNIT_SIZE;
use crate::convert::{i32_at, i64_at, to_i64, to_u64};
use crate::queue_files::{QueueFiles, QueueKey};

/// Bytes of one unit.
const UNIT_SIZE: u64 = CONSUME_QUEUE_UNIT_SIZE as u64;
/// Written units of a queue that stay in memory for consumers close behind the producer.
const TAIL_KEPT_UNITS: usize = 64;
/// Written units of all queues that stay in memory: 5 MiB.
const TAIL_KEPT_UNITS_TOTAL: usize = 256 * 1024;
/// Size that RocketMQ writes into units before the first message of a queue.
const PRE_BLANK_SIZE: i32 = i32::MAX;

/// One unit as it lies in the file.
pub(crate) type UnitBytes = [u8; CONSUME_QUEUE_UNIT_SIZE];

/// One entry of a ConsumeQueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CqUnit {
    /// Where the record begins in the CommitLog.
    pub physical_offset: i64,
    /// Size of the record in bytes.
    pub size: i32,
    /// Hash of the tags, or the time of delivery for a delayed message.
    pub tags_code: i64,
}

impl CqUnit {
    /// What RocketMQ writes before the first message of a queue that does not start at 0.
    pub(crate) const PRE_BLANK: Self = Self {
        physical_offset: 0,
        size: PRE_BLANK_SIZE,
        tags_code: 0,
    };

    /// Reads a unit.
    #[must_use]
    pub fn from_bytes(bytes: &UnitBytes) -> Self {
        Self {
            physical_offset: i64_at(bytes, 0),
            size: i32_at(bytes, 8),
            tags_code: i64_at(bytes, 12),
        }
    }

    /// Writes a unit.
    #[must_use]
    pub fn to_bytes(self) -> UnitBytes {
        let mut bytes = [0; CONSUME_QUEUE_UNIT_SIZE];
        bytes[..8].copy_from_slice(&self.physical_offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.size.to_be_bytes());
        bytes[12..].copy_from_slice(&self.tags_code.to_be_bytes());
        bytes
    }

    /// Whether the unit was written at all: zeros are what a file holds behind its last unit.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.physical_offset >= 0 && self.size > 0
    }

    /// Whether the unit only fills the room before the first message.
    #[must_use]
    pub fn is_pre_blank(&self) -> bool {
        self.size == PRE_BLANK_SIZE
    }

    /// Physical offset behind the record.
    #[must_use]
    pub fn end(&self) -> i64 {
        if self.is_pre_blank() {
            0
        } else {
            self.physical_offset.saturating_add(self.size.into())
        }
    }
}

/// The end of the queue, in memory.
#[derive(Debug, Default)]
struct Tail {
    /// Queue offset of the first unit held.
    first: i64,
    units: Vec<UnitBytes>,
    /// Queue offset below which all units are in the files.
    written: i64,
    /// Whether units were added since the last write.
    is_dirty: bool,
}

impl Tail {
    fn next(&self) -> i64 {
        self.first + to_i64(self.units.len() as u64)
    }

    fn position(&self, queue_offset: i64) -> Option<usize> {
        usize::try_from(queue_offset - self.first).ok()
    }
}

/// The units of one queue.
#[derive(Debug)]
pub(crate) struct ConsumeQueue {
    key: QueueKey,
    min_offset: AtomicI64,
    max_offset: AtomicI64,
    tail: Mutex<Tail>,
}

impl ConsumeQueue {
    /// A queue whose units from `min_offset` to `max_offset` are in its files.
    pub(crate) fn new(key: QueueKey, min_offset: i64, max_offset: i64) -> Self {
        let tail = Tail {
            first: max_offset,
            written: max_offset,
            ..Tail::default()
        };
        Self {
            key,
            min_offset: AtomicI64::new(min_offset),
            max_offset: AtomicI64::new(max_offset),
            tail: Mutex::new(tail),
        }
    }

    /// Whose files these are.
    pub(crate) fn key(&self) -> &QueueKey {
        &self.key
    }

    /// First offset whose message is still in the CommitLog.
    pub(crate) fn min_offset(&self) -> i64 {
        self.min_offset.load(Ordering::Acquire)
    }

    /// Offset behind the last visible message.
    pub(crate) fn max_offset(&self) -> i64 {
        // Sequentially consistent: half of the handshake with long polling, see `Queue`.
        self.max_offset.load(Ordering::SeqCst)
    }

    /// Adds the unit of the message at `queue_offset` and makes it visible.
    ///
    /// A hole before it, which only damage to the log can leave, is closed with the same unit: whoever
    /// reads there finds a record of another offset and knows that his own is lost. A unit that is
    /// there already is left alone. Says whether the queue has to be registered for the next write.
    pub(crate) fn append(&self, queue_offset: i64, unit: CqUnit) -> bool {
        let mut tail = self.tail.lock();
        let next = tail.next();
        if queue_offset < next {
            return false;
        }
        if next == 0 && queue_offset > 0 {
            // The queue begins in the middle: its first messages were removed with their log files.
            tail.first = queue_offset;
            tail.written = queue_offset;
            self.min_offset.store(queue_offset, Ordering::Release);
        }
        let unit = unit.to_bytes();
        let hole = tail.next()..queue_offset;
        tail.units.extend(hole.map(|_| unit));
        tail.units.push(unit);
        self.max_offset.store(queue_offset + 1, Ordering::SeqCst);
        !std::mem::replace(&mut tail.is_dirty, true)
    }

    /// Lets a queue that has no units go on from an offset. Only for recovery.
    pub(crate) fn begin_at(&self, queue_offset: i64) {
        let mut tail = self.tail.lock();
        if tail.next() == 0 {
            tail.first = queue_offset;
            tail.written = queue_offset;
            self.min_offset.store(queue_offset, Ordering::Release);
            self.max_offset.store(queue_offset, Ordering::SeqCst);
        }
    }

    /// Copies the units from `queue_offset` on into `units` and returns how many there were: fewer
    /// than asked for at the end of the queue or of a file, none where there are none.
    ///
    /// # Errors
    /// What the system says when a file cannot be read.
    pub(crate) fn read(
        &self,
        files: &QueueFiles,
        queue_offset: i64,
        units: &mut [UnitBytes],
    ) -> io::Result<usize> {
        let in_files = {
            let tail = self.tail.lock();
            if let Some(position) = tail.position(queue_offset) {
                let held = tail.units.get(position..).unwrap_or_default();
                let count = held.len().min(units.len());
                units[..count].copy_from_slice(&held[..count]);
                return Ok(count);
            }
            tail.first - queue_offset
        };
        let count = usize::try_from(in_files).map_or(units.len(), |left| left.min(units.len()));
        files.read(&self.key, to_u64(queue_offset), &mut units[..count])
    }

    /// One unit.
    ///
    /// # Errors
    /// What the system says when its file cannot be read.
    pub(crate) fn unit_at(
        &self,
        files: &QueueFiles,
        queue_offset: i64,
    ) -> io::Result<Option<CqUnit>> {
        if queue_offset < 0 || queue_offset >= self.max_offset() {
            return Ok(None);
        }
        let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
        let count = self.read(files, queue_offset, &mut unit)?;
        let unit = CqUnit::from_bytes(&unit[0]);
        Ok((count == 1 && unit.is_written()).then_some(unit))
    }

    /// Writes to the files what is not there yet, and keeps the last `kept` units in memory. The
    /// caller sees to it that nobody else does.
    ///
    /// What was written survives the end of the process; a sync of the files makes it survive more.
    ///
    /// # Errors
    /// What the system says; what could not be written stays in memory for the next time.
    pub(crate) fn write_out(&self, files: &QueueFiles, kept: usize) -> io::Result<usize> {
        let (from, units) = {
            let mut tail = self.tail.lock();
            tail.is_dirty = false;
            let position = tail.position(tail.written).unwrap_or(0);
            (
                tail.written,
                tail.units.get(position..).unwrap_or_default().to_vec(),
            )
        };
        let written = files.write(&self.key, to_u64(from), &units);
        let mut tail = self.tail.lock();
        if let Err(error) = written {
            tail.is_dirty = true;
            return Err(error);
        }
        tail.written = from + to_i64(units.len() as u64);
        let kept = if units.is_empty() { 0 } else { kept };
        self.forget_written(&mut tail, kept);
        Ok(units.len())
    }

    /// Drops all but the last `kept` written units from memory.
    fn forget_written(&self, tail: &mut Tail, kept: usize) {
        let written = tail.position(tail.written).unwrap_or(0);
        let dropped = written.saturating_sub(kept);
        tail.units.drain(..dropped);
        tail.first += to_i64(dropped as u64);
        // A queue that rests holds no more than what is kept.
        if tail.units.capacity() > 2 * tail.units.len().max(4) {
            tail.units.shrink_to(tail.units.len());
        }
        debug_assert_eq!(tail.next(), self.max_offset.load(Ordering::Relaxed));
    }

    /// Moves the minimum up to the first message at or behind `physical_min`, where the log begins.
    ///
    /// # Errors
    /// What the system says when a file cannot be read.
    pub(crate) fn correct_min(&self, files: &QueueFiles, physical_min: i64) -> io::Result<()> {
        let (mut low, mut high) = (self.min_offset(), self.max_offset());
        let first_file = files.first_offset(&self.key)?.unwrap_or(to_u64(low));
        low = low.max(to_i64(first_file));
        let is_gone = |unit: Option<CqUnit>| {
            unit.is_none_or(|unit| unit.is_pre_blank() || unit.physical_offset < physical_min)
        };
        // The common case costs one look: the first unit is still right.
        if low < high && is_gone(self.unit_at(files, low)?) {
            low += 1;
            while low < high {
                let middle = low + (high - low) / 2;
                if is_gone(self.unit_at(files, middle)?) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
        }
        self.min_offset.fetch_max(low, Ordering::AcqRel);
        Ok(())
    }

    /// Removes the files that lie wholly below the minimum, except the last one.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn remove_expired(&self, files: &QueueFiles) -> io::Result<usize> {
        let written = self.tail.lock().written;
        files.remove_below(&self.key, to_u64(self.min_offset().min(written)))
    }
}

/// Units that each of so many queues keeps in memory after they were written.
pub(crate) fn tail_units(queue_count: usize) -> usize {
    TAIL_KEPT_UNITS.min(TAIL_KEPT_UNITS_TOTAL / queue_count.max(1))
}

/// Position of a unit in bytes from the start of its queue.
pub(crate) fn byte_position(queue_offset: u64) -> u64 {
    queue_offset.saturating_mul(UNIT_SIZE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::StoreConfig;
    use crate::storage::crash::CrashStorage;

    #[test]
    fn many_queues_keep_less_each() {
        assert_eq!(tail_units(0), TAIL_KEPT_UNITS);
        assert_eq!(tail_units(4096), TAIL_KEPT_UNITS);
        assert_eq!(tail_units(40_000), 6);
        assert_eq!(tail_units(2_000_000), 0);
    }

    #[test]
    fn a_queue_that_was_written_holds_what_is_kept_and_no_more() {
        let storage = CrashStorage::new().shared();
        let files = QueueFiles::new(storage, &StoreConfig::new("/store"));
        let key = QueueKey {
            topic: Arc::from("t"),
            queue_id: 0,
        };
        let queue = ConsumeQueue::new(key, 0, 0);
        for queue_offset in 0..5000 {
            let unit = CqUnit {
                physical_offset: queue_offset * 100,
                size: 100,
                tags_code: 0,
            };
            queue.append(queue_offset, unit);
        }
        queue.write_out(&files, 6).expect("written");
        let held = queue.tail.lock().units.capacity();
        assert!((6..=12).contains(&held), "{held}");
        for queue_offset in [0, 4993, 4994, 4999] {
            let unit = queue.unit_at(&files, queue_offset).expect("read");
            assert_eq!(unit.expect("a unit").physical_offset, queue_offset * 100);
        }
    }
}
