//! Whether the records of a queue follow each other.
//!
//! The checksum of a record does not cover its queue offset. As in recovery, a record that claims a
//! gap in its queue counts when its ConsumeQueue unit or the queue's next record agrees, or when
//! records are known to be missing.

use crate::consume_queue::CqUnit;

/// A record and the unit that it ought to have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) queue_offset: i64,
    pub(crate) unit: CqUnit,
    /// What stands in the ConsumeQueue is right.
    pub(crate) is_right: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has its place in the queue.
    Real,
    /// Its queue offset cannot be right.
    Misplaced,
}

/// The records of one queue, in the order of the log.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    next: Option<i64>,
    waiting: Option<Placed>,
}

impl Sequence {
    /// The next record; `out` hears of those that are decided.
    pub(crate) fn see(&mut self, placed: Placed, out: &mut dyn FnMut(Placed, Verdict)) {
        let offset = placed.queue_offset;
        let before = self.waiting.take();
        let confirms = before.is_some_and(|before| before.queue_offset + 1 == offset);
        if self.next == Some(offset) || placed.is_right || confirms {
            if let Some(before) = before {
                let verdict = if confirms {
                    Verdict::Real
                } else {
                    Verdict::Misplaced
                };
                out(before, verdict);
            }
            self.next = Some(offset.saturating_add(1));
            out(placed, Verdict::Real);
            return;
        }
        if let Some(before) = before {
            out(before, Verdict::Misplaced);
        }
        if self.next.is_some_and(|next| offset < next) {
            out(placed, Verdict::Misplaced);
        } else {
            self.waiting = Some(placed);
        }
    }

    /// No more records; whether some may be missing between those that were there.
    pub(crate) fn finish(self, may_miss_records: bool, out: &mut dyn FnMut(Placed, Verdict)) {
        if let Some(waiting) = self.waiting {
            let verdict = if may_miss_records || self.next.is_none() {
                Verdict::Real
            } else {
                Verdict::Misplaced
            };
            out(waiting, verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each record as its offset, with a `!` where its unit is right; the misplaced ones.
    fn check(records: &[(i64, bool)], may_miss: bool, misplaced: &[i64]) {
        let mut found = Vec::new();
        let mut real = 0;
        let mut out = |placed: Placed, verdict| match verdict {
            Verdict::Real => real += 1,
            Verdict::Misplaced => found.push(placed.queue_offset),
        };
        let mut sequence = Sequence::default();
        for (queue_offset, is_right) in records {
            let placed = Placed {
                queue_offset: *queue_offset,
                unit: CqUnit::PRE_BLANK,
                is_right: *is_right,
            };
            sequence.see(placed, &mut out);
        }
        sequence.finish(may_miss, &mut out);
        assert_eq!(found, misplaced, "{records:?}");
        assert_eq!(real + found.len(), records.len(), "each is decided once");
    }

    #[test]
    fn a_gap_that_nobody_confirms_is_a_wrong_offset() {
        check(&[(0, true), (1, true), (2, true)], false, &[]);
        check(&[(0, false), (1, false), (2, false)], false, &[]);
        check(&[(7, false), (8, false)], false, &[]);
        check(&[(7, false)], false, &[]);
        check(&[(0, true), (900, false), (2, true)], false, &[900]);
        check(&[(0, true), (900, false)], false, &[900]);
        check(&[(0, true), (900, false)], true, &[]);
        check(&[(0, true), (5, true), (6, true)], false, &[]);
        check(&[(0, true), (5, false), (6, false)], false, &[]);
        check(&[(0, true), (1, true), (0, false), (2, true)], false, &[0]);
    }
}
