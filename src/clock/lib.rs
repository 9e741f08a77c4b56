//! Where time comes from: the machine's clocks in a running node, a hand-moved clock in tests.
//!
//! Two readings, never mixed: wall-clock milliseconds for what is written down (store timestamps,
//! born times), a monotonic [`Duration`] for what is waited for (timeouts, expiry), which a change of
//! the machine's date cannot disturb. Invariant: no other crate reads a clock of the machine.

#![forbid(unsafe_code)]

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time, shared by everything that runs in one node.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, as RocketMQ writes them into messages.
    fn now_ms(&self) -> i64;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The clocks of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] counts from this call.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// The same, ready to be shared.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now_ms(&self) -> i64 {
        // A machine set before 1970 reads as 0: the only honest answer an i64 of epoch time has.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            })
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that moves only when a test moves it.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall_ms: AtomicI64,
    elapsed_us: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `wall_ms` milliseconds since the epoch.
    #[must_use]
    pub fn at(wall_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            wall_ms: AtomicI64::new(wall_ms),
            elapsed_us: AtomicU64::new(0),
        })
    }

    /// Moves both readings forward together.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let us = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.elapsed_us.fetch_add(us, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as an operator who corrects the date would.
    pub fn set_wall_ms(&self, wall_ms: i64) {
        self.wall_ms.store(wall_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.wall_ms.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed_us.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let clock = ManualClock::at(1_700_000_000_000);
        assert_eq!(clock.now_ms(), 1_700_000_000_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now_ms(), 1_700_000_002_000);
        assert_eq!(clock.elapsed(), Duration::from_secs(2));
    }

    #[test]
    fn a_changed_date_does_not_move_the_monotonic_reading() {
        let clock = ManualClock::at(0);
        clock.set_wall_ms(-3_600_000);
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }

    #[test]
    fn the_system_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let (first, second) = (clock.elapsed(), clock.elapsed());
        assert!(second >= first);
        assert!(clock.now_ms() > 1_600_000_000_000);
    }
}
