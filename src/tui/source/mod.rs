//! Where the data comes from: runs what the state asks for and sends back what came of it.
//!
//! One task reads the cluster, what the visible view wants and nothing else, and waits longer and
//! longer while nothing answers. Invariant: the screen never waits for it, and it never waits for the
//! screen but when [`ACTIONS_MAX`] of its reports have not been looked at.

mod backoff;
pub mod messages;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use client::snapshot::{Observer, Snapshot, Wants};
use clock::SharedClock;
use tokio::sync::{mpsc, watch};

use crate::BoxFuture;
use crate::action::Action;
use backoff::Backoff;
use messages::{ClusterMessages, MessageSource};

/// Actions that wait for the state; who sends more waits.
pub const ACTIONS_MAX: usize = 256;

/// A cluster that can be looked at. Never fails: what did not answer is in the snapshot.
pub trait Source: Debug + Send + Sync + 'static {
    /// Reads what is wanted; the rest is as it was.
    fn read<'a>(&'a self, wants: &'a Wants) -> BoxFuture<'a, Snapshot>;

    /// Its messages, if they can be read.
    fn messages(&self) -> Option<Arc<dyn MessageSource>> {
        None
    }
}

impl Source for Observer {
    fn read<'a>(&'a self, wants: &'a Wants) -> BoxFuture<'a, Snapshot> {
        Box::pin(Self::read(self, wants))
    }

    fn messages(&self) -> Option<Arc<dyn MessageSource>> {
        Some(Arc::new(ClusterMessages::new(self.client().clone())))
    }
}

/// What the reading task is told.
#[derive(Debug, Clone, Default)]
struct Order {
    wants: Wants,
    /// Counts the wishes to read at once.
    now: u64,
}

/// The reading task, as those see it that give it orders. It ends when this is dropped.
#[derive(Debug)]
pub struct Reader {
    order: watch::Sender<Order>,
    task: tokio::task::JoinHandle<()>,
}

impl Reader {
    /// Starts to read every `refresh`.
    #[must_use]
    pub fn start(
        source: Arc<dyn Source>,
        clock: SharedClock,
        refresh: Duration,
        actions: mpsc::Sender<Action>,
    ) -> Self {
        let (order, orders) = watch::channel(Order::default());
        let task = tokio::spawn(read_on(source, clock, refresh, actions, orders));
        Self { order, task }
    }

    /// From now on reads this; at once, if it is more than before.
    pub fn want(&self, wants: Wants) {
        self.order.send_modify(|order| order.wants = wants);
    }

    /// Reads at once.
    pub fn read_now(&self) {
        self.order.send_modify(|order| order.now += 1);
    }

    /// Whether it has ended by itself, which only a programming error brings about.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_on(
    source: Arc<dyn Source>,
    clock: SharedClock,
    refresh: Duration,
    actions: mpsc::Sender<Action>,
    mut orders: watch::Receiver<Order>,
) {
    let mut backoff = Backoff::default();
    loop {
        let order = orders.borrow_and_update().clone();
        if actions.send(Action::Reading(true)).await.is_err() {
            return;
        }
        let snapshot = source.read(&order.wants).await;
        let lost = lost(&snapshot);
        let wait = match &lost {
            Some(_) => backoff.next(fastrand::f64()),
            None => {
                backoff = Backoff::default();
                refresh
            }
        };
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let retry_at_ms = clock.now_ms().saturating_add(wait_ms);
        let mut reports = vec![Action::Data(Box::new(snapshot))];
        reports.extend(lost.map(|reason| Action::Lost {
            reason,
            retry_at_ms,
        }));
        reports.push(Action::Reading(false));
        for report in reports {
            if actions.send(report).await.is_err() {
                return;
            }
        }
        let told = tokio::time::timeout(wait, changed(&mut orders, &order)).await;
        if matches!(told, Ok(false)) {
            return;
        }
    }
}

/// Done when the order asks for something else; false when there will be no more orders.
async fn changed(orders: &mut watch::Receiver<Order>, known: &Order) -> bool {
    loop {
        if orders.changed().await.is_err() {
            return false;
        }
        let order = orders.borrow_and_update();
        if order.now != known.now || is_more(&order.wants, &known.wants) {
            return true;
        }
    }
}

/// Whether something is wanted that was not.
fn is_more(now: &Wants, before: &Wants) -> bool {
    let rows = |now: &[String], before: &[String]| now.iter().any(|name| !before.contains(name));
    (now.cluster && !before.cluster)
        || (now.topics && !before.topics)
        || (now.groups && !before.groups)
        || (now.clients && !before.clients)
        || (now.allocation.is_some() && now.allocation != before.allocation)
        || rows(&now.visible_topics, &before.visible_topics)
        || rows(&now.visible_groups, &before.visible_groups)
}

/// Why the cluster is lost: no name server answered.
fn lost(snapshot: &Snapshot) -> Option<String> {
    let cluster = &snapshot.cluster;
    let is_lost = cluster.is_stale || (cluster.value.is_none() && !cluster.faults.is_empty());
    is_lost.then(|| match cluster.faults.as_slice() {
        [] => "no name server answers".to_owned(),
        [first, ..] => format!("{}: {}", first.server, first.reason),
    })
}

#[cfg(test)]
mod tests;
