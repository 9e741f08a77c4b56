//! Finding messages by time.

use crate::convert::to_u64;
use crate::log_scan::{Place, place_at};
use crate::queue::Queue;
use crate::shared::Shared;

/// Which message a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeBoundary {
    /// The first one stored at that time or later.
    #[default]
    Lower,
    /// The last one stored at that time or earlier.
    Upper,
}

impl Shared {
    /// Store time of a message; `None` when it is gone or damaged.
    pub(crate) fn store_time_of(&self, queue: &Queue, queue_offset: i64) -> Option<i64> {
        let unit = queue
            .consume_queue()
            .unit_at(&self.queue_files, queue_offset)
            .ok()??;
        self.log
            .store_timestamp_at(u64::try_from(unit.physical_offset).ok()?)
    }

    /// See [`MessageStore::offset_by_time`](crate::MessageStore::offset_by_time).
    pub(crate) fn offset_by_time(&self, queue: &Queue, time: i64, boundary: TimeBoundary) -> i64 {
        let (min, max) = (queue.min_offset(), queue.max_offset());
        if max == 0 {
            return 0;
        }
        // Behind the last message that is before the boundary.
        let split = self.partition(queue, min, max, |stored| match boundary {
            TimeBoundary::Lower => stored < time,
            TimeBoundary::Upper => stored <= time,
        });
        match boundary {
            TimeBoundary::Lower => split,
            TimeBoundary::Upper if split == min && min < max => 0,
            TimeBoundary::Upper => split - 1,
        }
    }

    /// The first offset in `[min, max)` whose store time is not `before`; `max` when all are.
    fn partition(&self, queue: &Queue, min: i64, max: i64, before: impl Fn(i64) -> bool) -> i64 {
        let (mut low, mut high) = (min, max);
        while low < high {
            let middle = low + (high - low) / 2;
            // A message that cannot be read stands where the next readable one does.
            let readable = (middle..high)
                .find_map(|offset| self.store_time_of(queue, offset).map(|time| (offset, time)));
            match readable {
                Some((offset, stored)) if before(stored) => low = offset + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Store time of the oldest message in the log.
    pub(crate) fn earliest_message_time(&self) -> Option<i64> {
        let start = self.log.start();
        let file = self.log.file_at(start)?;
        let mut scratch = Vec::new();
        match place_at(&file, start, &mut scratch) {
            Place::Record(record) if to_u64(record.physical_offset()) < self.log.end() => {
                Some(record.store_timestamp())
            }
            _ => None,
        }
    }
}
