//! When a delayed message is due by the monotonic clock, although its queue holds the wall clock's
//! time.
//!
//! The difference of the two clocks is a constant until somebody changes the date. Each change begins
//! an epoch: from which offset of each level on messages were stamped by the changed clock. So a message
//! waits as long as it was to wait, whatever becomes of the date meanwhile.

use std::time::Duration;

use clock::Clock;

/// A smaller change is the clock being kept right, and is not worth an epoch.
pub(super) const JUMP_MS_MIN: i64 = 50;
/// Changes of the date that are remembered; messages before the oldest of them count as after it.
const EPOCHS_MAX: usize = 512;

/// The epochs of the wall clock since the start.
#[derive(Debug)]
pub(super) struct DueTimes {
    epochs: Vec<Epoch>,
    /// By level: the offset behind the last message that has arrived.
    ends: Vec<i64>,
}

#[derive(Debug)]
struct Epoch {
    /// Wall clock less monotonic clock, in milliseconds.
    skew_ms: i64,
    /// By level: the first offset that belongs to the epoch.
    from: Vec<i64>,
}

impl DueTimes {
    pub(super) fn new(clock: &dyn Clock, levels: usize) -> Self {
        let from = vec![0; levels];
        let first = Epoch {
            skew_ms: skew_ms(clock),
            from,
        };
        Self {
            epochs: vec![first],
            ends: vec![0; levels],
        }
    }

    /// Notes that a message has just been stored in the queue of a level (counted from 0).
    pub(super) fn observe(&mut self, clock: &dyn Clock, level: usize, queue_offset: i64) {
        let skew_ms = skew_ms(clock);
        let last = self.epochs.last().map(|epoch| epoch.skew_ms);
        if last.is_none_or(|last| (skew_ms - last).abs() >= JUMP_MS_MIN) {
            let mut from = self.ends.clone();
            if let Some(first) = from.get_mut(level) {
                *first = queue_offset;
            }
            if self.epochs.len() == EPOCHS_MAX {
                self.epochs.remove(0);
            }
            tracing::debug!(skew_ms, "the date has been changed");
            self.epochs.push(Epoch { skew_ms, from });
        }
        if let Some(end) = self.ends.get_mut(level) {
            *end = (*end).max(queue_offset + 1);
        }
    }

    /// Notes where the queue of a level (counted from 1) ends.
    pub(super) fn note_end(&mut self, level: i32, end: i64) {
        let index = usize::try_from(level - 1).unwrap_or(usize::MAX);
        if let Some(known) = self.ends.get_mut(index) {
            *known = (*known).max(end);
        }
    }

    /// When the message of a level (counted from 1) is due that is due at this time of the wall clock.
    pub(super) fn due_at(&self, level: i32, queue_offset: i64, wall_ms: i64) -> Duration {
        let index = usize::try_from(level - 1).unwrap_or(usize::MAX);
        let belongs = |epoch: &&Epoch| {
            epoch
                .from
                .get(index)
                .is_some_and(|from| *from <= queue_offset)
        };
        let epoch = self
            .epochs
            .iter()
            .rev()
            .find(belongs)
            .or(self.epochs.first());
        let skew_ms = epoch.map_or(0, |epoch| epoch.skew_ms);
        Duration::from_millis(u64::try_from(wall_ms.saturating_sub(skew_ms)).unwrap_or(0))
    }
}

fn skew_ms(clock: &dyn Clock) -> i64 {
    clock.now_ms() - i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use clock::ManualClock;

    use super::*;

    const START_MS: i64 = 1_700_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn without_a_change_the_two_clocks_agree() {
        let clock = ManualClock::at(START_MS);
        let mut times = DueTimes::new(&*clock, 1);
        times.observe(&*clock, 0, 0);
        assert_eq!(times.due_at(1, 0, START_MS + 5_000), at(5));
        clock.advance(at(3));
        times.observe(&*clock, 0, 1);
        assert_eq!(times.due_at(1, 1, START_MS + 8_000), at(8));
        assert_eq!(times.epochs.len(), 1);
        assert_eq!(
            times.due_at(1, 0, START_MS - 5_000),
            Duration::ZERO,
            "due long ago"
        );
    }

    #[test]
    fn a_change_of_the_date_moves_no_message() {
        for jump_ms in [HOUR_MS, -HOUR_MS] {
            let clock = ManualClock::at(START_MS);
            let mut times = DueTimes::new(&*clock, 2);
            times.observe(&*clock, 0, 0);
            times.observe(&*clock, 1, 7);
            clock.advance(at(10));
            clock.set_wall_ms(START_MS + 10_000 + jump_ms);
            times.observe(&*clock, 0, 1);
            times.observe(&*clock, 1, 8);
            assert_eq!(times.due_at(1, 0, START_MS + 60_000), at(60));
            assert_eq!(times.due_at(2, 7, START_MS + 60_000), at(60));
            let after = START_MS + 10_000 + jump_ms + 60_000;
            assert_eq!(times.due_at(1, 1, after), at(70));
            assert_eq!(times.due_at(2, 8, after), at(70));
        }
    }

    #[test]
    fn changes_are_remembered_up_to_a_limit() {
        let clock = ManualClock::at(START_MS);
        let mut times = DueTimes::new(&*clock, 1);
        for offset in 0..1_000 {
            clock.set_wall_ms(START_MS + offset * HOUR_MS);
            times.observe(&*clock, 0, offset);
        }
        assert_eq!(times.epochs.len(), EPOCHS_MAX);
        assert_eq!(
            times.due_at(1, 999, START_MS + 999 * HOUR_MS + 1_000),
            at(1)
        );
    }

    #[test]
    fn messages_of_an_earlier_run_belong_to_the_first_epoch() {
        let clock = ManualClock::at(START_MS);
        let mut times = DueTimes::new(&*clock, 2);
        times.note_end(2, 10);
        clock.set_wall_ms(START_MS + HOUR_MS);
        times.observe(&*clock, 0, 0);
        assert_eq!(times.due_at(2, 9, START_MS + 5_000), at(5));
        assert_eq!(times.due_at(2, 10, START_MS + HOUR_MS + 5_000), at(5));
    }
}
