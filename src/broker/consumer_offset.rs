//! How far each group has come in each queue.
//!
//! Three numbers a queue: the committed offset, which is written to `config/consumerOffset.json` every
//! few seconds; the offset pulled last, for people; and a reset that the group's next pull takes away.
//! Offsets may go back: what a client says counts. A killed process loses what was committed since the
//! last write, so that a group may get messages of those seconds once more, and never misses one.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use protocol::body::DataVersion;

use crate::map::NameMap;

/// Pairs of topic and group that may have offsets.
pub(crate) const SUBSCRIBED_TOPICS_MAX: usize = 500_000;

/// Commits that make a new version of the table (`consumerOffsetUpdateVersionStep`).
const COMMITS_PER_VERSION: i64 = 500;

/// What is known of one group in one topic, by number of the queue.
#[derive(Debug, Clone, Default)]
struct Progress {
    committed: BTreeMap<i32, i64>,
    pulled: BTreeMap<i32, i64>,
    reset: BTreeMap<i32, i64>,
}

type Groups = NameMap<Arc<Mutex<Progress>>>;

/// The offsets of all groups.
#[derive(Debug)]
pub(crate) struct ConsumerOffsetTable {
    clock: SharedClock,
    path: PathBuf,
    /// By topic, then by group.
    topics: RwLock<NameMap<Groups>>,
    /// How many pairs of topic and group there are.
    pairs: AtomicUsize,
    /// How many resets wait: pulls need not look for one while there is none.
    resets: AtomicUsize,
    commits: AtomicI64,
    version: Mutex<DataVersion>,
    /// The commits that the file holds, and its lock.
    written_commits: Mutex<i64>,
}

/// There are as many offsets as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{SUBSCRIBED_TOPICS_MAX} topics are consumed by groups, more are not allowed")]
pub(crate) struct TooManyOffsets;

impl ConsumerOffsetTable {
    /// Commits an offset, whatever was committed before.
    pub(crate) fn commit_offset(
        &self,
        group: &str,
        topic: &str,
        queue_id: i32,
        offset: i64,
    ) -> Result<(), TooManyOffsets> {
        let progress = self.find_or_create(group, topic)?;
        let before = progress.lock().committed.insert(queue_id, offset);
        if let Some(before) = before.filter(|before| *before > offset) {
            tracing::debug!(
                group,
                topic,
                queue_id,
                offset,
                before,
                "consumer offset goes back"
            );
        }
        self.changed();
        Ok(())
    }

    /// Notes what a group pulled last.
    pub(crate) fn commit_pull_offset(&self, group: &str, topic: &str, queue_id: i32, offset: i64) {
        // A table that is full has no room for what is only shown either.
        if let Ok(progress) = self.find_or_create(group, topic) {
            progress.lock().pulled.insert(queue_id, offset);
        }
    }

    /// Where the group goes on: a reset that waits, or what it committed.
    pub(crate) fn query_offset(&self, group: &str, topic: &str, queue_id: i32) -> Option<i64> {
        let progress = self.find(group, topic)?;
        let progress = progress.lock();
        let offset = progress
            .reset
            .get(&queue_id)
            .or_else(|| progress.committed.get(&queue_id));
        offset.copied().filter(|offset| *offset >= 0)
    }

    /// What the group pulled last, or where it goes on.
    pub(crate) fn query_pull_offset(&self, group: &str, topic: &str, queue_id: i32) -> Option<i64> {
        let pulled = self
            .find(group, topic)?
            .lock()
            .pulled
            .get(&queue_id)
            .copied();
        pulled.or_else(|| self.query_offset(group, topic, queue_id))
    }

    /// The committed offsets of a group in a topic, by number of the queue.
    pub(crate) fn committed_offsets(&self, group: &str, topic: &str) -> Option<BTreeMap<i32, i64>> {
        let progress = self.find(group, topic)?;
        let committed = progress.lock().committed.clone();
        (!committed.is_empty()).then_some(committed)
    }

    /// Sends the group elsewhere: its next pull of the queue is told, whatever it commits until then.
    pub(crate) fn assign_reset_offset(
        &self,
        group: &str,
        topic: &str,
        queue_id: i32,
        offset: i64,
    ) -> Result<(), TooManyOffsets> {
        let progress = self.find_or_create(group, topic)?;
        let mut progress = progress.lock();
        if progress.reset.insert(queue_id, offset).is_none() {
            self.resets.fetch_add(1, Ordering::Release);
        }
        progress.committed.insert(queue_id, offset);
        drop(progress);
        self.changed();
        Ok(())
    }

    /// Whether a reset waits for the group's next pull.
    pub(crate) fn has_reset_offset(&self, group: &str, topic: &str, queue_id: i32) -> bool {
        self.is_any_reset()
            && self
                .find(group, topic)
                .is_some_and(|found| found.lock().reset.contains_key(&queue_id))
    }

    /// Takes the reset that waits for this pull, if one does.
    pub(crate) fn take_reset_offset(&self, group: &str, topic: &str, queue_id: i32) -> Option<i64> {
        if !self.is_any_reset() {
            return None;
        }
        let offset = self.find(group, topic)?.lock().reset.remove(&queue_id)?;
        self.resets.fetch_sub(1, Ordering::Release);
        Some(offset)
    }

    fn is_any_reset(&self) -> bool {
        self.resets.load(Ordering::Acquire) > 0
    }

    /// Gives `to` the offsets that `from` has in a topic.
    pub(crate) fn clone_offsets(
        &self,
        from: &str,
        to: &str,
        topic: &str,
    ) -> Result<(), TooManyOffsets> {
        let Some(offsets) = self.committed_offsets(from, topic) else {
            return Ok(());
        };
        let progress = self.find_or_create(to, topic)?;
        progress.lock().committed = offsets;
        self.changed();
        Ok(())
    }

    /// The topics in which a group has offsets.
    pub(crate) fn topics_of_group(&self, group: &str) -> BTreeSet<String> {
        let topics = self.topics.read();
        let has_offsets = |groups: &Groups| {
            groups
                .get(group)
                .is_some_and(|progress| !progress.lock().committed.is_empty())
        };
        let topics = topics.iter().filter(|(_, groups)| has_offsets(groups));
        topics.map(|(topic, _)| topic.to_string()).collect()
    }

    /// The groups that have offsets in a topic.
    pub(crate) fn groups_of_topic(&self, topic: &str) -> BTreeSet<String> {
        let topics = self.topics.read();
        let Some(groups) = topics.get(topic) else {
            return BTreeSet::new();
        };
        let groups = groups
            .iter()
            .filter(|(_, progress)| !progress.lock().committed.is_empty());
        groups.map(|(group, _)| group.to_string()).collect()
    }

    /// Forgets a topic that was deleted.
    pub(crate) fn remove_topic(&self, topic: &str) {
        let removed = self.topics.write().remove(topic);
        let Some(groups) = removed else {
            return;
        };
        for progress in groups.into_values() {
            self.removed(&progress);
        }
    }

    /// Forgets a group that was deleted.
    pub(crate) fn remove_group(&self, group: &str) {
        let mut removed = Vec::new();
        self.topics.write().retain(|_, groups| {
            removed.extend(groups.remove(group));
            !groups.is_empty()
        });
        for progress in removed {
            self.removed(&progress);
        }
    }

    fn removed(&self, progress: &Mutex<Progress>) {
        let resets = std::mem::take(&mut progress.lock().reset).len();
        self.resets.fetch_sub(resets, Ordering::Release);
        self.pairs.fetch_sub(1, Ordering::Relaxed);
        self.changed();
    }

    fn find(&self, group: &str, topic: &str) -> Option<Arc<Mutex<Progress>>> {
        self.topics.read().get(topic)?.get(group).map(Arc::clone)
    }

    fn find_or_create(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<Arc<Mutex<Progress>>, TooManyOffsets> {
        if let Some(progress) = self.find(group, topic) {
            return Ok(progress);
        }
        let mut topics = self.topics.write();
        if let Some(progress) = topics.get(topic).and_then(|groups| groups.get(group)) {
            return Ok(Arc::clone(progress));
        }
        if self.pairs.load(Ordering::Relaxed) >= SUBSCRIBED_TOPICS_MAX {
            return Err(TooManyOffsets);
        }
        self.pairs.fetch_add(1, Ordering::Relaxed);
        let groups = topics.entry(topic.into()).or_default();
        Ok(Arc::clone(groups.entry(group.into()).or_default()))
    }

    fn changed(&self) {
        let commits = self.commits.fetch_add(1, Ordering::AcqRel) + 1;
        if commits % COMMITS_PER_VERSION == 0 {
            self.version.lock().next_version(self.clock.now_ms(), 0);
        }
    }
}

#[cfg(test)]
mod tests;
