//! A counter with its last minute, hour and day, as RocketMQ's tools show them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// Samples of each window: how far apart, how many (RocketMQ `StatsItem.samplingInSeconds` and on).
const MINUTE: (Duration, usize) = (Duration::from_secs(10), 7);
const HOUR: (Duration, usize) = (Duration::from_secs(600), 7);
const DAY: (Duration, usize) = (Duration::from_secs(3_600), 25);

/// A sum and how often something was added to it.
#[derive(Debug, Default)]
pub(crate) struct StatsItem {
    value: AtomicI64,
    times: AtomicI64,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    minute: Window,
    hour: Window,
    day: Window,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    at: Duration,
    value: i64,
    times: i64,
}

/// The samples of a window; none until something was counted, so that idle items cost nothing.
#[derive(Debug, Default)]
struct Window(VecDeque<Sample>);

/// What happened within a window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct StatsSpan {
    pub(crate) sum: i64,
    /// The sum per second.
    pub(crate) tps: f64,
    /// The sum per addition.
    pub(crate) average: f64,
}

impl StatsItem {
    /// Adds `value` in one step.
    pub(crate) fn add(&self, value: i64) {
        self.add_times(value, 1);
    }

    /// Adds `value` in `times` steps.
    pub(crate) fn add_times(&self, value: i64, times: i64) {
        self.value.fetch_add(value, Ordering::Relaxed);
        self.times.fetch_add(times, Ordering::Relaxed);
    }

    /// The sum since the start.
    pub(crate) fn total(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// Takes the samples that are due. `now` is a monotonic time.
    pub(crate) fn sample(&self, now: Duration) {
        let times = self.times.load(Ordering::Relaxed);
        if times == 0 {
            return;
        }
        let sample = Sample {
            at: now,
            value: self.total(),
            times,
        };
        let mut windows = self.windows.lock();
        windows.minute.take(sample, MINUTE);
        windows.hour.take(sample, HOUR);
        windows.day.take(sample, DAY);
    }

    pub(crate) fn last_minute(&self) -> StatsSpan {
        self.windows.lock().minute.span()
    }

    pub(crate) fn last_hour(&self) -> StatsSpan {
        self.windows.lock().hour.span()
    }

    pub(crate) fn last_day(&self) -> StatsSpan {
        self.windows.lock().day.span()
    }
}

impl Window {
    fn take(&mut self, sample: Sample, (apart, keep): (Duration, usize)) {
        match self.0.back() {
            Some(last) if sample.at.saturating_sub(last.at) < apart => return,
            Some(_) => {}
            // What was counted before the first sample happened within one distance of it.
            None => {
                let before = sample.at.saturating_sub(apart);
                self.0.push_back(Sample {
                    at: before,
                    value: 0,
                    times: 0,
                });
            }
        }
        self.0.push_back(sample);
        if self.0.len() > keep {
            self.0.pop_front();
        }
    }

    fn span(&self) -> StatsSpan {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else {
            return StatsSpan::default();
        };
        let sum = last.value - first.value;
        StatsSpan {
            sum,
            tps: ratio(sum, last.at.saturating_sub(first.at).as_secs_f64()),
            average: ratio(sum, as_f64(last.times - first.times)),
        }
    }
}

fn ratio(sum: i64, by: f64) -> f64 {
    if by > 0.0 { as_f64(sum) / by } else { 0.0 }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rates are shown with two digits"
)]
fn as_f64(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_idle_item_keeps_no_samples() {
        let item = StatsItem::default();
        item.sample(seconds(100));
        assert!(item.windows.lock().minute.0.is_empty());
        assert_eq!(item.last_minute(), StatsSpan::default());
    }

    #[test]
    fn the_last_minute_forgets_what_is_older() {
        let item = StatsItem::default();
        for step in 0..=12 {
            item.add_times(20, 2);
            item.sample(seconds(1_000 + 10 * step));
        }
        let minute = item.last_minute();
        assert_eq!(
            minute,
            StatsSpan {
                sum: 120,
                tps: 2.0,
                average: 10.0
            }
        );
        assert_eq!(item.last_hour().sum, 20);
        assert_eq!(item.total(), 260);
    }

    #[test]
    fn samples_that_come_too_early_are_not_taken() {
        let item = StatsItem::default();
        item.add(1);
        item.sample(seconds(10));
        item.add(1);
        item.sample(seconds(15));
        assert_eq!(item.last_minute().sum, 1);
        item.sample(seconds(20));
        assert_eq!(item.last_minute().sum, 2);
    }
}
