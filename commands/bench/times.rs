//! How long things took: percentiles of many, and the open loop's plan of when each is due.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart: two minutes, in nanoseconds.
const LONGEST_NS: u64 = 120_000_000_000;

/// Times of many requests, to three digits.
#[derive(Debug, Clone)]
pub(super) struct Times(Option<Histogram<u64>>);

impl Times {
    pub(super) fn new() -> Self {
        // The bounds are constants that the library takes.
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).ok())
    }

    /// Counts one; what is longer than two minutes counts as two minutes.
    pub(super) fn record(&mut self, ns: u64) {
        if let Some(times) = &mut self.0 {
            times.saturating_record(ns.max(1));
        }
    }

    /// Adds the times of another thread.
    pub(super) fn add(&mut self, other: &Self) {
        if let (Some(times), Some(other)) = (&mut self.0, &other.0) {
            // Both have the same bounds.
            let _ = times.add(other);
        }
    }

    /// The percentiles; none if nothing was counted.
    pub(super) fn latency(&self) -> Option<Latency> {
        let times = self.0.as_ref().filter(|times| !times.is_empty())?;
        let at = |quantile| microseconds(times.value_at_quantile(quantile));
        Some(Latency {
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: microseconds(times.max()),
        })
    }
}

/// To a tenth of a microsecond.
fn microseconds(ns: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "two minutes of nanoseconds are far below 2^53"
    )]
    let tenths = (ns as f64 / 100.0).round();
    tenths / 10.0
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Latency {
    pub(super) p50_us: f64,
    pub(super) p90_us: f64,
    pub(super) p99_us: f64,
    pub(super) p999_us: f64,
    pub(super) max_us: f64,
}

impl Latency {
    /// `p50 12.3 µs  p90 …`, for people.
    pub(super) fn line(&self) -> String {
        let shown = |us: f64| {
            if us < 1000.0 {
                format!("{us:.1} µs")
            } else {
                format!("{:.2} ms", us / 1000.0)
            }
        };
        format!(
            "p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
            shown(self.p50_us),
            shown(self.p90_us),
            shown(self.p99_us),
            shown(self.p999_us),
            shown(self.max_us)
        )
    }
}

/// When each request of an open loop is due, whatever became of those before it. Latency is counted
/// from here, so that a server that stalls is charged for everyone who waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    first_ns: u64,
    gap_ns: f64,
}

impl Plan {
    /// `per_second` requests, the first at `first_ns`.
    pub(super) fn new(first_ns: u64, per_second: f64) -> Self {
        Self {
            first_ns,
            gap_ns: 1e9 / per_second,
        }
    }

    /// When request number `number`, from 0, is due. From the beginning, so that no error adds up.
    pub(super) fn due_ns(&self, number: u64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "runs are hours at most: far below 2^53 nanoseconds, and never negative"
        )]
        let after = (number as f64 * self.gap_ns) as u64;
        self.first_ns + after
    }
}

/// Lets this thread wake up when it asked to, not some fifty microseconds later, which is how Linux
/// saves power. Where that cannot be had, open loops run a little late and say so in their latency.
pub(super) fn wake_up_sharply() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)) {
        tracing::debug!(%error, "timers stay as lazy as they are");
    }
}

/// A time of the clock as nanoseconds.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A number of things in so much time.
pub(super) fn per_second(count: u64, seconds: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of messages is far below 2^53"
    )]
    let count = count as f64;
    if seconds > 0.0 {
        (count / seconds * 10.0).round() / 10.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_two_threads() {
        let (mut one, mut other) = (Times::new(), Times::new());
        assert_eq!(one.latency(), None);
        for ns in 1..=500_u64 {
            one.record(ns * 1000);
            other.record((ns + 500) * 1000);
        }
        one.add(&other);
        let latency = one.latency().unwrap();
        let near = |found: f64, wanted: f64| (found / wanted - 1.0).abs() < 0.002;
        assert!(near(latency.p50_us, 500.0), "{latency:?}");
        assert!(near(latency.p99_us, 990.0) && near(latency.max_us, 1000.0));
        assert!(latency.line().starts_with("p50 50") && latency.line().ends_with(" ms"));
    }

    #[test]
    fn a_stall_is_charged_to_everyone_who_waited() {
        let plan = Plan::new(1_000, 1_000_000.0);
        assert_eq!(
            [0, 1, 1000].map(|number| plan.due_ns(number)),
            [1_000, 2_000, 1_001_000]
        );
        assert_eq!(Plan::new(0, 3.0).due_ns(3_000_000), 1_000_000_000_000_000);
        assert!((per_second(500, 0.5) - 1000.0).abs() < f64::EPSILON);
        assert!(per_second(500, 0.0).abs() < f64::EPSILON);
    }
}
