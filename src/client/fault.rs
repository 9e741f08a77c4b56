//! Which brokers answer slowly or not at all, so that a producer can go round them for a while
//! (RocketMQ `LatencyFaultTolerance`, its table as of 5.3).

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// From which latency on a broker is avoided, and for how long.
const AVOIDED_FOR_MS: [(u64, u64); 7] = [
    (15_000, 30_000),
    (5_000, 10_000),
    (3_000, 6_000),
    (1_800, 5_000),
    (550, 2_000),
    (100, 0),
    (50, 0),
];

/// What a broker that failed is taken to have needed.
const FAILED_AS_MS: u64 = 10_000;

/// Who has been slow. Times are those of [`clock::Clock::elapsed`].
#[derive(Debug, Default)]
pub(crate) struct FaultTable {
    brokers: Mutex<HashMap<String, Fault>>,
}

#[derive(Debug, Clone, Copy)]
struct Fault {
    avoided_until: Duration,
    reachable: bool,
}

impl FaultTable {
    /// Notes how long a broker took to answer.
    pub(crate) fn answered(&self, broker_name: &str, latency: Duration, now: Duration) {
        let fault = Fault {
            avoided_until: now + avoided_for(latency),
            reachable: true,
        };
        self.note(broker_name, fault);
    }

    /// Notes that a broker did not answer.
    pub(crate) fn failed(&self, broker_name: &str, reachable: bool, now: Duration) {
        let avoided = avoided_for(Duration::from_millis(FAILED_AS_MS));
        self.note(
            broker_name,
            Fault {
                avoided_until: now + avoided,
                reachable,
            },
        );
    }

    fn note(&self, broker_name: &str, fault: Fault) {
        let mut brokers = self.brokers.lock();
        match brokers.get_mut(broker_name) {
            Some(known) => *known = fault,
            None => _ = brokers.insert(broker_name.to_owned(), fault),
        }
    }

    /// Whether a broker may be used without hesitation.
    pub(crate) fn is_available(&self, broker_name: &str, now: Duration) -> bool {
        self.brokers
            .lock()
            .get(broker_name)
            .is_none_or(|fault| now >= fault.avoided_until)
    }

    /// Whether a broker answered when it was last used.
    pub(crate) fn is_reachable(&self, broker_name: &str) -> bool {
        self.brokers
            .lock()
            .get(broker_name)
            .is_none_or(|fault| fault.reachable)
    }
}

fn avoided_for(latency: Duration) -> Duration {
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    let row = AVOIDED_FOR_MS
        .iter()
        .find(|(from_ms, _)| latency_ms >= *from_ms);
    Duration::from_millis(row.map_or(0, |(_, for_ms)| *for_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_the_longer_avoided() {
        let check = |latency_ms, expected_ms| {
            let avoided = avoided_for(Duration::from_millis(latency_ms));
            assert_eq!(
                avoided,
                Duration::from_millis(expected_ms),
                "{latency_ms} ms"
            );
        };
        check(0, 0);
        check(549, 0);
        check(550, 2_000);
        check(1_799, 2_000);
        check(1_800, 5_000);
        check(3_000, 6_000);
        check(5_000, 10_000);
        check(15_000, 30_000);
        check(60_000, 30_000);
    }

    #[test]
    fn a_broker_that_failed_comes_back_after_a_while() {
        let table = FaultTable::default();
        let now = Duration::from_secs(100);
        assert!(table.is_available("a", now) && table.is_reachable("a"));
        table.failed("a", false, now);
        assert!(!table.is_available("a", now) && !table.is_reachable("a"));
        assert!(table.is_available("a", now + Duration::from_secs(10)));
        table.answered("a", Duration::from_millis(3), now);
        assert!(table.is_available("a", now) && table.is_reachable("a"));
        assert!(table.is_available("b", now));
    }
}
