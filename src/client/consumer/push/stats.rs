//! How a consumer is doing, topic by topic, over the last minute: what an administrator sees of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;

/// How much time one slot stands for.
const SLOT: Duration = Duration::from_secs(10);

/// How many slots are looked at: one minute.
const SLOTS: usize = 6;

#[derive(Debug, Default)]
pub(super) struct Stats {
    topics: Mutex<BTreeMap<String, Window>>,
}

/// What happened in a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rates {
    /// Average milliseconds of a pull that found something.
    pub(super) pull_rt: f64,
    pub(super) pull_tps: f64,
    /// Average milliseconds of a delivery.
    pub(super) consume_rt: f64,
    pub(super) consume_ok_tps: f64,
    pub(super) consume_failed_tps: f64,
    /// Since the consumer was started.
    pub(super) failed_in_all: u64,
}

#[derive(Debug, Default)]
struct Window {
    slots: VecDeque<(u128, Sums)>,
    failed_in_all: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    pulls: u32,
    pulled: u32,
    pull_ms: f64,
    deliveries: u32,
    consume_ms: f64,
    consumed: u32,
    failed: u32,
}

impl Stats {
    /// Notes a pull that brought messages; `now` is [`clock::Clock::elapsed`].
    pub(super) fn pulled(&self, topic: &str, messages: usize, rt: Duration, now: Duration) {
        self.add(topic, now, |sums, _| {
            sums.pulls += 1;
            sums.pulled += count(messages);
            sums.pull_ms += rt.as_secs_f64() * 1000.0;
        });
    }

    /// Notes a delivery.
    pub(super) fn consumed(
        &self,
        topic: &str,
        messages: usize,
        is_ok: bool,
        rt: Duration,
        now: Duration,
    ) {
        self.add(topic, now, |sums, failed_in_all| {
            sums.deliveries += 1;
            sums.consume_ms += rt.as_secs_f64() * 1000.0;
            if is_ok {
                sums.consumed += count(messages);
            } else {
                sums.failed += count(messages);
                *failed_in_all += u64::from(count(messages));
            }
        });
    }

    /// The last minute of every topic.
    pub(super) fn rates(&self, now: Duration) -> BTreeMap<String, Rates> {
        let topics = self.topics.lock();
        topics
            .iter()
            .map(|(topic, window)| (topic.clone(), window.rates(now)))
            .collect()
    }

    fn add(&self, topic: &str, now: Duration, add: impl FnOnce(&mut Sums, &mut u64)) {
        let mut topics = self.topics.lock();
        if !topics.contains_key(topic) {
            topics.insert(topic.to_owned(), Window::default());
        }
        if let Some(window) = topics.get_mut(topic) {
            window.add(slot_of(now), add);
        }
    }
}

impl Window {
    fn add(&mut self, slot: u128, add: impl FnOnce(&mut Sums, &mut u64)) {
        if self.slots.back().is_none_or(|(last, _)| *last != slot) {
            self.slots.push_back((slot, Sums::default()));
            if self.slots.len() > SLOTS {
                self.slots.pop_front();
            }
        }
        if let Some((_, sums)) = self.slots.back_mut() {
            add(sums, &mut self.failed_in_all);
        }
    }

    fn rates(&self, now: Duration) -> Rates {
        let oldest = (slot_of(now) + 1).saturating_sub(SLOTS as u128);
        let mut all = Sums::default();
        for (_, sums) in self.slots.iter().filter(|(slot, _)| *slot >= oldest) {
            all.pulls += sums.pulls;
            all.pulled += sums.pulled;
            all.pull_ms += sums.pull_ms;
            all.deliveries += sums.deliveries;
            all.consume_ms += sums.consume_ms;
            all.consumed += sums.consumed;
            all.failed += sums.failed;
        }
        let seconds = SLOT.as_secs_f64() * SLOTS as f64;
        let average = |sum: f64, count: u32| {
            if count == 0 {
                0.0
            } else {
                sum / f64::from(count)
            }
        };
        Rates {
            pull_rt: average(all.pull_ms, all.pulls),
            pull_tps: f64::from(all.pulled) / seconds,
            consume_rt: average(all.consume_ms, all.deliveries),
            consume_ok_tps: f64::from(all.consumed) / seconds,
            consume_failed_tps: f64::from(all.failed) / seconds,
            failed_in_all: self.failed_in_all,
        }
    }
}

fn slot_of(now: Duration) -> u128 {
    now.as_nanos() / SLOT.as_nanos()
}

fn count(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_minute_counts() {
        let stats = Stats::default();
        let at = Duration::from_secs;
        let ms = Duration::from_millis;
        stats.consumed("T", 60, true, ms(4), at(5));
        stats.consumed("T", 6, false, ms(8), at(15));
        stats.pulled("T", 66, ms(10), at(15));
        let rates = stats.rates(at(20))["T"];
        assert_eq!((rates.consume_ok_tps, rates.consume_failed_tps), (1.0, 0.1));
        assert_eq!((rates.consume_rt, rates.pull_rt), (6.0, 10.0));
        assert_eq!(rates.pull_tps, 1.1);

        let rates = stats.rates(at(65))["T"];
        assert_eq!((rates.consume_ok_tps, rates.consume_rt), (0.0, 8.0));
        let rates = stats.rates(at(500))["T"];
        assert_eq!(
            rates,
            Rates {
                failed_in_all: 6,
                ..Rates::default()
            }
        );
    }
}
