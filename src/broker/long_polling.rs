//! Pulls that wait for a message: by queue, by connection, by deadline.
//!
//! This is only the table; [`crate::processor::pull`] runs the pulls that it hands out. No wake-up is
//! lost: [`HeldPulls::hold`] announces the wait to the queue first, and its caller then looks at the
//! queue once more; a put makes its message visible before it looks for who waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::name::SCHEDULE_TOPIC;
use remoting::Deferred;
use store::Queue;
use tokio::sync::Notify;

use crate::sql_filter::PullFilter;
use crate::topic_config::TopicEntry;

/// The pulls that may wait at a time; each holds a few hundred bytes.
pub(crate) const HELD_PULLS_MAX: usize = 100_000;

/// A pull that found nothing and may wait.
#[derive(Debug)]
pub(crate) struct HeldPull {
    pub(crate) deferred: Deferred,
    pub(crate) pull: Pull,
    /// When it is answered whatever there is, by the monotonic clock.
    pub(crate) deadline: Duration,
    /// The queue holds nothing that the filter wants before this offset.
    pub(crate) scanned_to: i64,
}

/// A pull that has passed all checks.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) topic: Arc<TopicEntry>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) group: Box<str>,
    pub(crate) group_sys_flag: i32,
    pub(crate) offset: i64,
    pub(crate) messages_max: i32,
    pub(crate) filter: PullFilter,
}

/// What became of a pull that was to wait.
#[derive(Debug)]
pub(crate) enum Held {
    /// It waits: look at its queue once more.
    Waiting,
    /// As many wait as may wait.
    Full(HeldPull),
    /// The broker stops: answer now.
    Stopping(HeldPull),
    /// Nobody is there any more.
    Closed,
}

/// All pulls that wait.
#[derive(Debug, Default)]
pub(crate) struct HeldPulls {
    table: Mutex<Table>,
    /// A deadline before all others was added.
    deadline_moved: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    is_stopping: bool,
    pulls: HashMap<u64, HeldPull>,
    /// By the address of the queue, which the pulls keep alive.
    of_queue: HashMap<usize, Vec<u64>>,
    of_connection: HashMap<u64, Vec<u64>>,
    deadlines: BTreeSet<(Duration, u64)>,
}

impl HeldPulls {
    /// Lets a pull wait, or gives it back where it has to be answered now.
    pub(crate) fn hold(&self, held: HeldPull) -> Held {
        let mut table = self.table.lock();
        if table.is_stopping {
            return Held::Stopping(held);
        }
        if table.pulls.len() >= HELD_PULLS_MAX {
            return Held::Full(held);
        }
        // Looked at under the lock: `connection_closed` comes after the connection says so.
        if held.deferred.connection().is_closed() {
            drop(table);
            return Held::Closed;
        }
        held.pull.queue.set_waited_for(true);
        let is_first = table.insert(held);
        drop(table);
        if is_first {
            self.deadline_moved.notify_one();
        }
        Held::Waiting
    }

    /// Takes the pulls that wait for this queue.
    pub(crate) fn take_waiting_for(&self, queue: &Arc<Queue>) -> Vec<HeldPull> {
        let mut table = self.table.lock();
        // Under the lock, so that it cannot undo what a later `hold` says. The queues of delayed
        // messages are waited for by their deliveries too, for good.
        if queue.topic() != SCHEDULE_TOPIC {
            queue.set_waited_for(false);
        }
        let ids = table
            .of_queue
            .get(&key_of(queue))
            .cloned()
            .unwrap_or_default();
        table.take(&ids)
    }

    /// Takes the pulls whose time is up.
    pub(crate) fn take_expired(&self, now: Duration) -> Vec<HeldPull> {
        let mut table = self.table.lock();
        let expired = table.deadlines.range(..=(now, u64::MAX)).map(|(_, id)| *id);
        let ids: Vec<u64> = expired.collect();
        table.take(&ids)
    }

    /// Takes all pulls; from now on none is held.
    pub(crate) fn stop(&self) -> Vec<HeldPull> {
        let mut table = self.table.lock();
        table.is_stopping = true;
        let ids: Vec<u64> = table.deadlines.iter().map(|(_, id)| *id).collect();
        table.take(&ids)
    }

    /// Forgets the pulls of a connection that is gone.
    pub(crate) fn connection_closed(&self, connection_id: u64) {
        let mut table = self.table.lock();
        let ids = table
            .of_connection
            .get(&connection_id)
            .cloned()
            .unwrap_or_default();
        let gone = table.take(&ids);
        drop(table);
        // Dropped without the lock: each says goodbye to its connection.
        drop(gone);
    }

    /// How many pulls wait.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.table.lock().pulls.len()
    }

    /// The next deadline, if any pull waits.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.table
            .lock()
            .deadlines
            .first()
            .map(|(deadline, _)| *deadline)
    }

    /// Waits until there is a deadline before all that there were.
    pub(crate) async fn deadline_moved(&self) {
        self.deadline_moved.notified().await;
    }
}

impl Table {
    /// Says whether the pull is the first whose time will be up.
    fn insert(&mut self, held: HeldPull) -> bool {
        let id = self.next_id;
        self.next_id += 1;
        self.of_queue
            .entry(key_of(&held.pull.queue))
            .or_default()
            .push(id);
        self.of_connection
            .entry(held.deferred.connection().id())
            .or_default()
            .push(id);
        self.deadlines.insert((held.deadline, id));
        let is_first = self
            .deadlines
            .first()
            .is_some_and(|(_, first)| *first == id);
        self.pulls.insert(id, held);
        is_first
    }

    fn take(&mut self, ids: &[u64]) -> Vec<HeldPull> {
        ids.iter().filter_map(|id| self.remove(*id)).collect()
    }

    fn remove(&mut self, id: u64) -> Option<HeldPull> {
        let held = self.pulls.remove(&id)?;
        self.deadlines.remove(&(held.deadline, id));
        forget(&mut self.of_queue, &key_of(&held.pull.queue), id);
        forget(
            &mut self.of_connection,
            &held.deferred.connection().id(),
            id,
        );
        Some(held)
    }
}

fn key_of(queue: &Arc<Queue>) -> usize {
    Arc::as_ptr(queue).addr()
}

fn forget<K: Eq + std::hash::Hash>(index: &mut HashMap<K, Vec<u64>>, key: &K, id: u64) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|known| *known != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
