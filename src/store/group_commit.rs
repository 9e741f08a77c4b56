//! When to begin the next sync in synchronous mode.
//!
//! A sync takes the same time for one message as for a hundred, and those whom it answered send their
//! next message soon after. A sync that begins with the first of them leaves the others for one more
//! sync, and halves what the disk can do; so the flush thread waits for as many as were answered,
//! though never longer than half of what a sync takes. Invariant: a message that is alone waits for
//! nobody.

use std::time::Duration;

/// No group is waited for longer than this, however slow the disk.
const PATIENCE_MAX: Duration = Duration::from_millis(1);
/// Below one part in so many of the last group, the messages that came during its sync are the first
/// of the next group. More of them say that the senders do not wait for their answers.
const FEW: u64 = 4;

/// How the syncs went so far.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Messages put when the last sync began.
    covered: u64,
    /// Messages that it made durable.
    answered: u64,
    /// How long it took.
    took: Duration,
    /// When it ended.
    ended: Duration,
}

/// What to wait for before a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gathering {
    /// The sync begins when so many messages were put since the store was opened.
    pub(crate) until_put: u64,
    /// It begins then at the latest.
    pub(crate) patience: Duration,
}

impl Pace {
    /// Notes a sync that began when `put` messages had been put.
    pub(crate) fn note(&mut self, put: u64, began: Duration, ended: Duration) {
        self.answered = put.saturating_sub(self.covered);
        self.covered = put;
        self.took = ended.saturating_sub(began);
        self.ended = ended;
    }

    /// Whom to wait for, now that `put` messages were put; `None` for nobody.
    pub(crate) fn gathering(&self, put: u64, now: Duration) -> Option<Gathering> {
        let waiting = put.saturating_sub(self.covered);
        let patience = (self.took / 2).min(PATIENCE_MAX);
        let is_soon = now.saturating_sub(self.ended) < self.took;
        // Those who wait already may be among those who were answered.
        let is_first = waiting < self.answered && waiting.saturating_mul(FEW) <= self.answered;
        (is_soon && is_first).then_some(Gathering {
            until_put: self.covered + self.answered,
            patience,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    /// A sync of 400 us that ends at 1000 us and answers `answered` messages.
    fn after(answered: u64) -> Pace {
        let mut pace = Pace::default();
        pace.note(100, us(0), us(100));
        pace.note(100 + answered, us(600), us(1000));
        pace
    }

    #[test]
    fn the_first_of_a_group_waits_for_the_others() {
        let pace = after(64);
        let gathering = Gathering {
            until_put: 228,
            patience: us(200),
        };
        assert_eq!(pace.gathering(165, us(1010)), Some(gathering));
        assert_eq!(pace.gathering(180, us(1010)), Some(gathering));
    }

    #[test]
    fn many_who_wait_already_wait_no_longer() {
        assert_eq!(after(64).gathering(164 + 17, us(1010)), None);
        assert_eq!(after(64).gathering(164 + 64, us(1010)), None);
    }

    #[test]
    fn one_message_at_a_time_waits_for_nobody() {
        assert_eq!(after(1).gathering(102, us(1010)), None);
        assert_eq!(Pace::default().gathering(1, us(5)), None);
    }

    #[test]
    fn a_group_that_is_long_gone_is_not_waited_for() {
        assert_eq!(after(64).gathering(165, us(1400)), None);
    }

    #[test]
    fn patience_ends_even_when_the_disk_is_slow() {
        let mut pace = Pace::default();
        pace.note(50, us(0), us(900_000));
        let gathering = pace.gathering(51, us(900_001)).expect("a group");
        assert_eq!(gathering.patience, PATIENCE_MAX);
    }
}
