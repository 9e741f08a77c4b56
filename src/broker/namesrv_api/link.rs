//! What one name server has been told, and what it has yet to be told.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use protocol::body::{DataVersion, TopicConfig};
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
    changed: Changes,
    connection_lost: bool,
    /// The broker goes: nothing is told any more.
    is_retired: bool,
}

/// Topics that have changed, and the version that the broker's table had with the last of them.
///
/// The version belongs to the changes: a name server that was told a newer one with older changes
/// would take the newer changes for known.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) topics: BTreeMap<String, TopicConfig>,
    pub(super) version: DataVersion,
}

/// What a name server is told in one registration.
#[derive(Debug)]
pub(super) struct Work {
    /// What has changed; `None` stands for all topics there are.
    pub(super) changes: Option<Changes>,
    change: u64,
}

impl Link {
    pub(super) fn new(addr: &str) -> Self {
        let state = State {
            last_change: 1,
            full: true,
            changed: Changes::default(),
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

    /// To be called in the order of the changes.
    pub(super) fn topic_changed(&self, config: &TopicConfig, version: DataVersion) {
        let mut state = self.state.lock();
        state.last_change += 1;
        if state.changed.topics.len() < CHANGED_MAX {
            let changed = &mut state.changed;
            changed
                .topics
                .insert(config.topic_name.clone(), config.clone());
            changed.version = version;
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
        let changes = if full_is_due || (state.full && is_reachable) {
            state.full = false;
            state.changed = Changes::default();
            None
        } else if is_reachable && !state.changed.topics.is_empty() {
            Some(std::mem::take(&mut state.changed))
        } else {
            return None;
        };
        Some(Work {
            changes,
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

    fn version(counter: i64) -> DataVersion {
        DataVersion {
            counter,
            ..DataVersion::default()
        }
    }

    fn names(work: &Work) -> Vec<&str> {
        let changes = work.changes.iter();
        changes
            .flat_map(|changes| changes.topics.keys().map(String::as_str))
            .collect()
    }

    #[test]
    fn the_first_registration_is_whole_and_changes_follow_together() {
        let link = Link::new("h:1");
        link.topic_changed(&topic("a"), version(1));
        assert!(link.take_work(false).is_none());
        let first = link.take_work(true).unwrap();
        assert!(first.changes.is_none());
        link.done(&first);
        assert!(link.take_work(false).is_none());

        link.topic_changed(&topic("b"), version(1));
        link.topic_changed(&topic("c"), version(1));
        link.topic_changed(&topic("b"), version(1));
        let changes = link.take_work(false).unwrap();
        assert_eq!(names(&changes), ["b", "c"]);
        link.register_all();
        assert!(link.take_work(false).unwrap().changes.is_none());
    }

    #[test]
    fn changes_are_told_with_their_own_version() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        link.topic_changed(&topic("a"), version(2));
        let a = link.take_work(false).unwrap().changes.unwrap();
        link.topic_changed(&topic("b"), version(3));
        let b = link.take_work(false).unwrap().changes.unwrap();
        assert_eq!([a.version, b.version], [version(2), version(3)]);
    }

    #[test]
    fn after_a_failure_everything_is_told() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        link.topic_changed(&topic("a"), version(1));
        assert_eq!(names(&link.take_work(false).unwrap()), ["a"]);
        link.failed();
        link.topic_changed(&topic("b"), version(1));
        assert!(link.take_work(false).is_none());
        let again = link.take_work(true).unwrap();
        assert!(again.changes.is_none());
        link.done(&again);
        assert!(link.take_work(false).is_none());
    }

    #[test]
    fn more_changes_than_fit_are_told_as_a_whole() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        for number in 0..=CHANGED_MAX {
            link.topic_changed(&topic(&number.to_string()), version(1));
        }
        assert!(link.take_work(false).unwrap().changes.is_none());
        assert!(link.take_work(false).is_none());
    }

    #[tokio::test]
    async fn settled_waits_for_the_changes_so_far_and_not_for_the_unreachable() {
        let link = Link::new("h:1");
        let first = link.take_work(true).unwrap();
        link.done(&first);
        link.settled().await;
        link.topic_changed(&topic("a"), version(1));
        let work = link.take_work(false).unwrap();
        let wait = link.settled();
        tokio::pin!(wait);
        let is_pending = std::future::poll_fn(|context| {
            std::task::Poll::Ready(wait.as_mut().poll(context).is_pending())
        });
        assert!(is_pending.await);
        link.done(&work);
        wait.await;
        link.topic_changed(&topic("b"), version(1));
        link.failed();
        link.settled().await;
    }
}
