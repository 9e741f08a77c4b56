//! Which client of a group may consume a queue in order: a lease of a minute, renewed by asking again.
//!
//! Leases live in memory alone: after a restart clients ask again within their 20 seconds. Time is the
//! clock's monotonic reading, so that a changed date neither ends a lease nor prolongs it.

use std::collections::HashMap;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::body::MessageQueue;

/// How long a lease lasts (`rocketmq.broker.rebalance.lockMaxLiveTime`).
const LEASE: Duration = Duration::from_secs(60);
/// Queues that the clients of one group may hold together.
pub(crate) const LOCKS_PER_GROUP_MAX: usize = 65_536;
/// Groups whose clients hold queues.
pub(crate) const LOCKED_GROUPS_MAX: usize = 50_000;

type Leases = HashMap<MessageQueue, Lease>;

#[derive(Debug)]
struct Lease {
    client_id: String,
    renewed_at: Duration,
}

impl Lease {
    fn is_expired(&self, now: Duration) -> bool {
        now.saturating_sub(self.renewed_at) > LEASE
    }
}

/// The leases of all groups.
#[derive(Debug)]
pub(crate) struct RebalanceLockTable {
    clock: SharedClock,
    groups: Mutex<HashMap<String, Leases>>,
}

impl RebalanceLockTable {
    /// A table without leases.
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            groups: Mutex::default(),
        }
    }

    /// Leases queues to a client, those it holds already included; gives back those that it has now.
    pub(crate) fn lock(
        &self,
        group: &str,
        client_id: &str,
        queues: Vec<MessageQueue>,
    ) -> Vec<MessageQueue> {
        let now = self.clock.elapsed();
        let mut groups = self.groups.lock();
        if !groups.contains_key(group) {
            if groups.len() >= LOCKED_GROUPS_MAX {
                remove_expired(&mut groups, now);
            }
            if groups.len() >= LOCKED_GROUPS_MAX || queues.is_empty() {
                return Vec::new();
            }
        }
        let leases = groups.entry(group.to_owned()).or_default();
        let locked = queues
            .into_iter()
            .filter(|queue| lease(leases, queue, client_id, now));
        locked.collect()
    }

    /// Ends the leases that the client holds; those of others stay.
    pub(crate) fn unlock(&self, group: &str, client_id: &str, queues: &[MessageQueue]) {
        let mut groups = self.groups.lock();
        let Some(leases) = groups.get_mut(group) else {
            return;
        };
        for queue in queues {
            if leases
                .get(queue)
                .is_some_and(|lease| lease.client_id == client_id)
            {
                leases.remove(queue);
            }
        }
        if leases.is_empty() {
            groups.remove(group);
        }
    }

    /// Whether any client of the group holds a queue: the group consumes in order then.
    pub(crate) fn is_any_held(&self, group: &str) -> bool {
        let now = self.clock.elapsed();
        let groups = self.groups.lock();
        let Some(leases) = groups.get(group) else {
            return false;
        };
        leases.values().any(|lease| !lease.is_expired(now))
    }

    /// Forgets the leases that have run out.
    pub(crate) fn remove_expired(&self) {
        remove_expired(&mut self.groups.lock(), self.clock.elapsed());
    }
}

/// Leases one queue, if it is free, the client's already, or its lease has run out.
fn lease(leases: &mut Leases, queue: &MessageQueue, client_id: &str, now: Duration) -> bool {
    if let Some(lease) = leases.get_mut(queue) {
        if lease.client_id != client_id {
            if !lease.is_expired(now) {
                return false;
            }
            client_id.clone_into(&mut lease.client_id);
        }
        lease.renewed_at = now;
        return true;
    }
    if leases.len() >= LOCKS_PER_GROUP_MAX {
        leases.retain(|_, lease| !lease.is_expired(now));
        if leases.len() >= LOCKS_PER_GROUP_MAX {
            return false;
        }
    }
    leases.insert(
        queue.clone(),
        Lease {
            client_id: client_id.to_owned(),
            renewed_at: now,
        },
    );
    true
}

fn remove_expired(groups: &mut HashMap<String, Leases>, now: Duration) {
    groups.retain(|_, leases| {
        leases.retain(|_, lease| !lease.is_expired(now));
        !leases.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use clock::ManualClock;
    use std::sync::Arc;

    use super::*;

    fn table() -> (RebalanceLockTable, Arc<ManualClock>) {
        let clock = ManualClock::at(1_700_000_000_000);
        (RebalanceLockTable::new(Arc::clone(&clock) as _), clock)
    }

    fn queue(queue_id: i32) -> MessageQueue {
        MessageQueue {
            topic: "orders".to_owned(),
            broker_name: "broker-a".to_owned(),
            queue_id,
        }
    }

    fn queues(ids: impl IntoIterator<Item = i32>) -> Vec<MessageQueue> {
        ids.into_iter().map(queue).collect()
    }

    fn locked(table: &RebalanceLockTable, client: &str, ids: &[i32]) -> Vec<i32> {
        let locked = table.lock("g", client, queues(ids.iter().copied()));
        locked.iter().map(|queue| queue.queue_id).collect()
    }

    #[test]
    fn a_queue_belongs_to_the_first_who_asks() {
        let (table, _) = table();
        assert_eq!(locked(&table, "a", &[0, 1]), [0, 1]);
        assert_eq!(locked(&table, "b", &[1, 2]), [2]);
        assert_eq!(
            table.lock("other", "b", queues([1])).len(),
            1,
            "groups know nothing of each other"
        );
    }

    #[test]
    fn a_lease_ends_after_a_minute_and_a_renewed_one_does_not() {
        let (table, clock) = table();
        assert_eq!(locked(&table, "a", &[0, 1]), [0, 1]);
        clock.advance(Duration::from_secs(40));
        assert_eq!(locked(&table, "a", &[0]), [0]);
        clock.advance(Duration::from_millis(20_001));
        assert_eq!(locked(&table, "b", &[0, 1]), [1]);
    }

    #[test]
    fn a_changed_date_does_not_end_a_lease() {
        let (table, clock) = table();
        assert_eq!(locked(&table, "a", &[0]), [0]);
        clock.set_wall_ms(1_900_000_000_000);
        assert!(locked(&table, "b", &[0]).is_empty());
        assert!(table.is_any_held("g"));
    }

    #[test]
    fn only_the_holder_gives_a_queue_back() {
        let (table, _) = table();
        assert_eq!(locked(&table, "a", &[0]), [0]);
        table.unlock("g", "b", &queues([0]));
        assert!(locked(&table, "b", &[0]).is_empty());
        table.unlock("g", "a", &queues([0]));
        assert_eq!(locked(&table, "b", &[0]), [0]);
    }

    #[test]
    fn a_group_is_held_as_long_as_one_lease_runs() {
        let (table, clock) = table();
        assert!(!table.is_any_held("g"));
        locked(&table, "a", &[0]);
        clock.advance(LEASE);
        assert!(table.is_any_held("g"));
        clock.advance(Duration::from_millis(1));
        assert!(!table.is_any_held("g"));
        table.remove_expired();
        assert!(table.groups.lock().is_empty());
    }

    #[test]
    fn a_group_holds_as_many_queues_as_the_limit_says() {
        let (table, clock) = table();
        let max = i32::try_from(LOCKS_PER_GROUP_MAX).unwrap();
        assert_eq!(
            table.lock("g", "a", queues(0..max)).len(),
            LOCKS_PER_GROUP_MAX
        );
        assert!(locked(&table, "a", &[max]).is_empty());
        clock.advance(LEASE + Duration::from_millis(1));
        assert_eq!(
            locked(&table, "a", &[max]),
            [max],
            "leases that have run out make room"
        );
    }
}
