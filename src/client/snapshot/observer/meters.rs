//! Rates from totals that were read at different times.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// Readings that are closer together count as one.
const APART_MIN: Duration = Duration::from_millis(200);

/// The readings of one total, the oldest first.
#[derive(Debug, Default)]
struct Meter {
    readings: VecDeque<(Duration, i64)>,
    /// The reading of the table's counter at which it was last written to.
    touched: u64,
}

/// Readings of many totals.
#[derive(Debug)]
pub(super) struct Meters<K> {
    window: Duration,
    may_fall: bool,
    now: u64,
    meters: HashMap<K, Meter>,
}

impl<K: Eq + Hash> Meters<K> {
    /// Of totals that only grow: one that falls has begun anew.
    pub(super) fn of_counters(window: Duration) -> Self {
        Self {
            window,
            may_fall: false,
            now: 0,
            meters: HashMap::new(),
        }
    }

    /// Of amounts that grow and shrink.
    pub(super) fn of_amounts(window: Duration) -> Self {
        Self {
            may_fall: true,
            ..Self::of_counters(window)
        }
    }

    /// Notes a reading.
    pub(super) fn read(&mut self, key: K, at: Duration, total: i64) {
        let meter = self.meters.entry(key).or_default();
        meter.touched = self.now;
        if let Some((last_at, last)) = meter.readings.back().copied() {
            if total < last && !self.may_fall {
                meter.readings.clear();
            } else if at < last_at + APART_MIN {
                return;
            }
        }
        meter.readings.push_back((at, total));
        // One reading from before the window stays: the rate is measured from there.
        while meter
            .readings
            .get(1)
            .is_some_and(|(second, _)| at.saturating_sub(*second) >= self.window)
        {
            meter.readings.pop_front();
        }
    }

    /// The change a second, over the window or as much of it as there is; `None` before the second
    /// reading.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate that is off in the sixteenth digit is still that rate"
    )]
    pub(super) fn per_s(&self, key: &K) -> Option<f64> {
        let readings = &self.meters.get(key)?.readings;
        let ((first_at, first), (last_at, last)) = (readings.front()?, readings.back()?);
        let seconds = last_at.saturating_sub(*first_at).as_secs_f64();
        (seconds > 0.0).then(|| last.saturating_sub(*first) as f64 / seconds)
    }

    /// Forgets what has not been read for so many sweeps.
    pub(super) fn sweep(&mut self, keep: u64) {
        self.now += 1;
        let oldest = self.now.saturating_sub(keep);
        self.meters.retain(|_, meter| meter.touched >= oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_rate_is_the_change_over_the_window() {
        let mut meters = Meters::of_counters(at(5));
        meters.read("q", at(0), 100);
        assert_eq!(meters.per_s(&"q"), None);
        meters.read("q", at(1), 110);
        assert_eq!(meters.per_s(&"q"), Some(10.0));
        for second in 2..=20 {
            meters.read("q", at(second), 110);
        }
        assert_eq!(
            meters.per_s(&"q"),
            Some(0.0),
            "the first second is long ago"
        );
        meters.read("q", at(120), 210);
        assert_eq!(meters.per_s(&"q"), Some(1.0), "one old reading is enough");
    }

    #[test]
    fn a_counter_that_falls_begins_anew_and_an_amount_shrinks() {
        let mut counters = Meters::of_counters(at(5));
        let mut amounts = Meters::of_amounts(at(5));
        for (second, total) in [(0, 100), (1, 40)] {
            counters.read("q", at(second), total);
            amounts.read("q", at(second), total);
        }
        assert_eq!(counters.per_s(&"q"), None);
        assert_eq!(amounts.per_s(&"q"), Some(-60.0));
    }

    #[test]
    fn readings_at_the_same_moment_are_one_and_what_is_gone_is_forgotten() {
        let mut meters = Meters::of_counters(at(5));
        meters.read("q", at(1), 1);
        meters.read("q", at(1) + Duration::from_millis(1), 100);
        assert_eq!(meters.per_s(&"q"), None);
        for _ in 0..3 {
            meters.sweep(2);
        }
        meters.read("q", at(2), 200);
        assert_eq!(meters.per_s(&"q"), None);
    }
}
