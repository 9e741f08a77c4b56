//! Getting the messages of a queue from an offset on.
//!
//! The rules for offsets are RocketMQ's: each says where to go on. Invariant: what is handed out is a
//! sound record of this queue and this offset; anything else is skipped and counted.

use std::sync::atomic::Ordering;

use protocol::message::RecordView;

use crate::commit_log::LogFile;
use crate::config::CONSUME_QUEUE_UNIT_SIZE;
use crate::consume_queue::CqUnit;
use crate::convert::{to_i64, to_u64};
use crate::log_scan::record_at;
use crate::queue::Queue;
use crate::shared::Shared;
use crate::stats::add;

/// Bytes that one get returns at most unless asked otherwise (`maxTransferBytesOnMessageInMemory`).
pub const GET_BYTES_MAX_DEFAULT: usize = 256 * 1024;
/// Units looked through when none matches (`maxFilterMessageSize` / 20).
const SCANNED_UNITS_MAX: i64 = 800;
/// A consumer that is further behind reads what the page cache may have let go of.
const FAR_BEHIND: i64 = 64 * 1024 * 1024;
/// Bytes read far behind before the memory that shows them is given back.
const FAR_BEHIND_HELD: u64 = 64 * 1024 * 1024;
/// Units read together.
const UNITS_PER_READ: usize = 64;

/// Bounds of a get. The first message is returned whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetLimits {
    /// Messages at most.
    pub count_max: usize,
    /// Bytes of records at most.
    pub bytes_max: usize,
}

impl GetLimits {
    /// So many messages, in the usual number of bytes.
    #[must_use]
    pub const fn count(count_max: usize) -> Self {
        Self {
            count_max,
            bytes_max: GET_BYTES_MAX_DEFAULT,
        }
    }
}

/// Decides which messages a consumer wants.
pub trait MessageFilter {
    /// Whether a message with this tags code may be wanted; its record is not read otherwise.
    fn matches_tags_code(&mut self, tags_code: i64) -> bool;

    /// Whether a record is wanted.
    fn matches_record(&mut self, record: &RecordView<'_>) -> bool {
        let _any = record;
        true
    }
}

/// Wants every message.
#[derive(Debug, Clone, Copy, Default)]
pub struct AcceptAll;

impl MessageFilter for AcceptAll {
    fn matches_tags_code(&mut self, _tags_code: i64) -> bool {
        true
    }
}

impl<F: FnMut(i64) -> bool> MessageFilter for F {
    fn matches_tags_code(&mut self, tags_code: i64) -> bool {
        self(tags_code)
    }
}

/// What a get came to, under RocketMQ's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GetMessageStatus {
    /// There are messages.
    Found,
    /// There are messages, none of which is wanted.
    NoMatchedMessage,
    /// The messages were removed between looking them up and reading them.
    MessageWasRemoving,
    /// The entries of the queue cannot be read there.
    OffsetFoundNull,
    /// The offset is beyond the end of the queue.
    OffsetOverflowBadly,
    /// The offset is the end of the queue.
    OffsetOverflowOne,
    /// The offset is before the first message that is still there.
    OffsetTooSmall,
    /// There is no such queue. Given by brokers; a [`Queue`] always is one.
    NoMatchedLogicQueue,
    /// The queue never had a message.
    NoMessageInQueue,
}

impl GetMessageStatus {
    /// RocketMQ's name, which goes into the remark of a pull answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "FOUND",
            Self::NoMatchedMessage => "NO_MATCHED_MESSAGE",
            Self::MessageWasRemoving => "MESSAGE_WAS_REMOVING",
            Self::OffsetFoundNull => "OFFSET_FOUND_NULL",
            Self::OffsetOverflowBadly => "OFFSET_OVERFLOW_BADLY",
            Self::OffsetOverflowOne => "OFFSET_OVERFLOW_ONE",
            Self::OffsetTooSmall => "OFFSET_TOO_SMALL",
            Self::NoMatchedLogicQueue => "NO_MATCHED_LOGIC_QUEUE",
            Self::NoMessageInQueue => "NO_MESSAGE_IN_QUEUE",
        }
    }
}

/// Result of a get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetOutcome {
    /// What it came to.
    pub status: GetMessageStatus,
    /// Where to go on.
    pub next_begin_offset: i64,
    /// Offset of the first message that is still there.
    pub min_offset: i64,
    /// Offset behind the last visible message.
    pub max_offset: i64,
    /// Messages handed out.
    pub count: usize,
    /// Bytes of their records.
    pub bytes: usize,
    /// Bytes of the log behind the last message that was looked at: how far the consumer is behind.
    pub behind_bytes: i64,
}

impl Shared {
    /// See [`MessageStore::get_messages`](crate::MessageStore::get_messages).
    pub(crate) fn get_messages(
        &self,
        queue: &Queue,
        queue_offset: i64,
        limits: GetLimits,
        filter: &mut dyn MessageFilter,
        sink: &mut dyn FnMut(&RecordView<'_>),
    ) -> GetOutcome {
        let (min_offset, max_offset) = (queue.min_offset(), queue.max_offset());
        let mut outcome = GetOutcome {
            status: GetMessageStatus::NoMatchedMessage,
            next_begin_offset: queue_offset,
            min_offset,
            max_offset,
            count: 0,
            bytes: 0,
            behind_bytes: 0,
        };
        let (status, next) = if max_offset == 0 {
            (GetMessageStatus::NoMessageInQueue, 0)
        } else if queue_offset < min_offset {
            (GetMessageStatus::OffsetTooSmall, min_offset)
        } else if queue_offset == max_offset {
            (GetMessageStatus::OffsetOverflowOne, queue_offset)
        } else if queue_offset > max_offset {
            (GetMessageStatus::OffsetOverflowBadly, max_offset)
        } else {
            let mut walk = Walk {
                shared: self,
                queue,
                limits,
                filter,
                sink,
                file: None,
            };
            walk.run(&mut outcome);
            self.count_get(&outcome);
            return outcome;
        };
        outcome.status = status;
        outcome.next_begin_offset = next;
        self.count_get(&outcome);
        outcome
    }

    /// A consumer far behind has read up to `physical`: the disk gets ahead of it, and what it has
    /// read does not fill the process's memory. Producers wait for neither.
    fn far_behind(&self, queue: &Queue, physical: u64, bytes: usize) {
        if let Some(range) = queue.read_ahead(physical) {
            self.log.will_read(range);
        }
        let read = self.far_read.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if read >= FAR_BEHIND_HELD {
            self.far_read.store(0, Ordering::Relaxed);
            self.release_wanted.store(true, Ordering::SeqCst);
            self.housekeeping_waker.wake();
        }
    }

    fn count_get(&self, outcome: &GetOutcome) {
        if outcome.status == GetMessageStatus::Found {
            add(&self.get_counters.found, 1);
            add(&self.get_counters.transferred, outcome.count as u64);
        } else {
            add(&self.get_counters.missed, 1);
        }
    }
}

/// What became of one unit.
enum Seen {
    /// Its record was handed out.
    Taken,
    /// It is not wanted, or damaged.
    Skipped,
    /// Its CommitLog file is gone.
    Removed,
    /// It does not fit any more: the get is over.
    Full,
}

/// One get on its way through the queue.
struct Walk<'a> {
    shared: &'a Shared,
    queue: &'a Queue,
    limits: GetLimits,
    filter: &'a mut dyn MessageFilter,
    sink: &'a mut dyn FnMut(&RecordView<'_>),
    /// The CommitLog file that the last record was in.
    file: Option<LogFile>,
}

impl Walk<'_> {
    fn run(&mut self, outcome: &mut GetOutcome) {
        let begin = outcome.next_begin_offset;
        let scanned_max = SCANNED_UNITS_MAX.max(to_i64(self.limits.count_max as u64));
        let end = outcome.max_offset.min(begin.saturating_add(scanned_max));
        let mut scratch = Vec::new();
        let mut last_physical = None;
        'units: while outcome.next_begin_offset < end {
            let mut units = [[0; CONSUME_QUEUE_UNIT_SIZE]; UNITS_PER_READ];
            let wanted = usize::try_from(end - outcome.next_begin_offset).unwrap_or(UNITS_PER_READ);
            let wanted = &mut units[..wanted.min(UNITS_PER_READ).min(self.limits.count_max.max(1))];
            let count = self.read_units(outcome.next_begin_offset, wanted);
            if count == 0 {
                if outcome.count == 0 {
                    outcome.status = GetMessageStatus::OffsetFoundNull;
                    outcome.next_begin_offset = self.next_queue_file(outcome.next_begin_offset);
                }
                break;
            }
            for unit in wanted[..count].iter().map(CqUnit::from_bytes) {
                match self.see(unit, outcome, &mut scratch) {
                    Seen::Full => break 'units,
                    Seen::Taken => outcome.status = GetMessageStatus::Found,
                    Seen::Skipped if outcome.count == 0 => {
                        outcome.status = GetMessageStatus::NoMatchedMessage;
                    }
                    Seen::Removed if outcome.count == 0 => {
                        outcome.status = GetMessageStatus::MessageWasRemoving;
                    }
                    Seen::Skipped | Seen::Removed => {}
                }
                last_physical = Some(unit.physical_offset);
                outcome.next_begin_offset += 1;
            }
        }
        if let Some(last_physical) = last_physical {
            outcome.behind_bytes = (to_i64(self.shared.log.end()) - last_physical).max(0);
            if outcome.behind_bytes > FAR_BEHIND {
                self.shared
                    .far_behind(self.queue, to_u64(last_physical), outcome.bytes);
            }
        }
    }

    fn read_units(&self, queue_offset: i64, units: &mut [[u8; CONSUME_QUEUE_UNIT_SIZE]]) -> usize {
        let read = self
            .queue
            .consume_queue()
            .read(&self.shared.queue_files, queue_offset, units);
        read.unwrap_or_else(|error| {
            let (topic, queue_id) = (self.queue.topic(), self.queue.queue_id());
            tracing::warn!(%error, topic, queue_id, queue_offset, "a queue cannot be read");
            0
        })
    }

    fn next_queue_file(&self, queue_offset: i64) -> i64 {
        let units = to_i64(self.shared.queue_files.units_per_file());
        (queue_offset / units + 1) * units
    }

    fn see(&mut self, unit: CqUnit, outcome: &mut GetOutcome, scratch: &mut Vec<u8>) -> Seen {
        let queue_offset = outcome.next_begin_offset;
        if unit.is_written() && !unit.is_pre_blank() {
            let size = usize::try_from(unit.size).unwrap_or(usize::MAX);
            let is_full = outcome.count >= self.limits.count_max
                || outcome.bytes.saturating_add(size) > self.limits.bytes_max;
            if outcome.count > 0 && is_full {
                return Seen::Full;
            }
            // Below the hashes stand addresses in Java's ConsumeQueueExt, which this store does not read:
            // the consumer, who looks at the tags themselves, decides.
            let is_hash = unit.tags_code >= i64::from(i32::MIN);
            if is_hash && !self.filter.matches_tags_code(unit.tags_code) {
                return Seen::Skipped;
            }
        }
        let physical = to_u64(unit.physical_offset);
        if self
            .file
            .as_ref()
            .is_none_or(|file| !file.contains(physical))
        {
            self.file = self.shared.log.file_at(physical);
        }
        let Some(file) = &self.file else {
            return if physical < self.shared.log.start() {
                Seen::Removed
            } else {
                self.damaged(unit)
            };
        };
        let record = record_at(file, physical, file.end(), scratch).filter(|record| {
            record.queue_offset() == queue_offset
                && record.queue_id() == self.queue.queue_id()
                && record.topic() == self.queue.topic()
        });
        let Some(record) = record else {
            return self.damaged(unit);
        };
        if !self.filter.matches_record(&record) {
            return Seen::Skipped;
        }
        (self.sink)(&record);
        outcome.count += 1;
        outcome.bytes += record.total_size();
        Seen::Taken
    }

    fn damaged(&self, unit: CqUnit) -> Seen {
        add(&self.shared.get_counters.corrupt, 1);
        let (topic, queue_id) = (self.queue.topic(), self.queue.queue_id());
        tracing::warn!(
            topic,
            queue_id,
            unit.physical_offset,
            "a damaged message is skipped"
        );
        Seen::Skipped
    }
}
