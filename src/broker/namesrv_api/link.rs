//! What one name server has been told, and what it has yet to be told.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use protocol::body::TopicConfig;
use tokio::sync::{Notify, watch};

/// The changed topics of one registration; more are told as a whole table instead.
const CHANGED_MAX: usize = 10_000;

/// One name server.
#[derive(Debug)]
pub(super) struct Link {
    addr: String,
    state: Mutex<State>,
    wake: Notify,
    progress: watch::Sender<Progress>,
}

/// How far a name server has been told.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Number of the last change that it knows.
    done: u64,
    /// Whether the last registration came to nothing.
    is_unreachable: bool,
}

#[derive(Debug)]
struct State {
    /// Number of the last change.
    last_change: u64,
    /// Whether everything is to be told.
    full: bool,
    changed: BTreeMap<String, TopicConfig>,
    connection_lost: bool,
    /// The broker goes: nothing is told any more.
    is_retired: bool,
}

/// What a name server is told in one registration.
#[derive(Debug)]
pub(super) struct Work {
    /// The topics that have changed; `None` stands for all topics there are.
    pub(super) topics: Option<BTreeMap<String, TopicConfig>>,
    change: u64,
}

impl Link {
    pub(super) fn new(addr: &str) -> Self {
        let state = State {
            last_change: 1,
            full: true,
            changed: BTreeMap::new(),
            connection_lost: false,
            is_retired: false,
        };
        Self {
            addr: addr.to_owned(),
            state: Mutex::new(state),
            wake: Notify::new(),
            progress: watch::Sender::new(Progress::default()),
        }
    }

    pub(super) fn addr(&self) -> &str {
        &self.addr
    }

    pub(super) fn topic_changed(&self, config: &TopicConfig) {
        let mut state = self.state.lock();
        state.last_change += 1;
        if state.changed.len() < CHANGED_MAX {
            state
                .changed
                .insert(config.topic_name.clone(), config.clone());
        } else {
            state.full = true;
        }
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn register_all(&self) {
        let mut state = self.state.lock();
        state.last_change += 1;
        state.full = true;
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn connection_lost(&self) {
        self.state.lock().connection_lost = true;
        self.wake.notify_one();
    }

    /// Nothing is told any more, but that the broker is gone.
    pub(super) fn retire(&self) {
        self.state.lock().is_retired = true;
        self.wake.notify_one();
    }

    pub(super) fn is_retired(&self) -> bool {
        self.state.lock().is_retired
    }

    /// Whether the connection was lost since the last call.
    pub(super) fn take_loss(&self) -> bool {
        std::mem::take(&mut self.state.lock().connection_lost)
    }

    /// Waits until there may be something to tell.
    pub(super) async fn has_work(&self) {
        self.wake.notified().await;
    }

    /// What is to be told now; after a failure nothing, until everything is due.
    pub(super) fn take_work(&self, full_is_due: bool) -> Option<Work> {
        let Progress {
            done,
            is_unreachable,
        } = *self.progress.borrow();
        let is_reachable = done > 0 && !is_unreachable;
        let mut state = self.state.lock();
        let topics = if full_is_due || (state.full && is_reachable) {
            state.full = false;
            state.changed.clear();
            None
        } else if is_reachable && !state.changed.is_empty() {
            Some(std::mem::take(&mut state.changed))
        } else {
            return None;
        };
        Some(Work {
            topics,
            change: state.last_change,
        })
    }

    /// Notes that the name server knows.
    pub(super) fn done(&self, work: &Work) {
        self.progress.send_replace(Progress {
            done: work.change,
            is_unreachable: false,
        });
    }

    /// Notes that the name server could not be told; it will be told everything.
    pub(super) fn failed(&self) {
        self.state.lock().full = true;
        self.progress
            .send_modify(|progress| progress.is_unreachable = true);
    }

    /// Waits until the name server knows of all changes so far, or cannot be told.
    pub(super) async fn settled(&self) {
        let change = self.state.lock().last_change;
        let is_settled = |progress: &Progress| progress.is_unreachable || progress.done >= change;
        let mut progress = self.progress.subscribe();
        // The sender is ours, so that waiting cannot end for want of one.
        let _settled = progress.wait_for(is_settled).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> TopicConfig {
        TopicConfig {
            topic_name: name.to_owned(),
            ..TopicConfig::default()
        }
    }

    fn names(work: &Work) -> Vec<&str> {
        work.topics
            .iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect()
    }

    #[test]
    fn the_first_registration_is_whole_and_changes_follow_together() {
        let link = Link::new("h:1");
        link.topic_changed(&topic("a"));
        assert!(link.take_work(false).is_none());
        let first = link.take_work(true).unwrap();
        assert!(first.topics.is_none());
        link.done(&first);
        assert!(link.take_work(false).is_none());

        link.topic_changed(&topic("b"));
        link.topic_changed(&topic("c"));
        link.topic_changed(&topic("b"));
        let changes = link.take_work(false).unwrap();
        assert_eq!(names(&changes), ["b", "c"]);
        link.register_all();
        assert!(link.take_work(false).unwrap().topics.is_none());
    }

    #[test]
    fn after_a_failure_everything_is_told() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        link.topic_changed(&topic("a"));
        assert_eq!(names(&link.take_work(false).unwrap()), ["a"]);
        link.failed();
        link.topic_changed(&topic("b"));
        assert!(link.take_work(false).is_none());
        let again = link.take_work(true).unwrap();
        assert!(again.topics.is_none());
        link.done(&again);
        assert!(link.take_work(false).is_none());
    }

    #[test]
    fn more_changes_than_fit_are_told_as_a_whole() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        for number in 0..=CHANGED_MAX {
            link.topic_changed(&topic(&number.to_string()));
        }
        assert!(link.take_work(false).unwrap().topics.is_none());
        assert!(link.take_work(false).is_none());
    }

    #[tokio::test]
    async fn settled_waits_for_the_changes_so_far_and_not_for_the_unreachable() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        link.settled().await;
        link.topic_changed(&topic("a"));
        let work = link.take_work(false).unwrap();
        let wait = link.settled();
        tokio::pin!(wait);
        let is_pending = std::future::poll_fn(|context| {
            std::task::Poll::Ready(wait.as_mut().poll(context).is_pending())
        });
        assert!(is_pending.await);
        link.done(&work);
        wait.await;
        link.topic_changed(&topic("b"));
        link.failed();
        link.settled().await;
    }
}
