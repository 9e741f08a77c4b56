//! How far a consumer has come in each of its queues, in memory and where it is kept: on the brokers
//! for a group that shares its queues, in a file of its own for one whose members each read all.

mod file;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::MessageQueue;

use crate::shared::Shared;
use crate::{ClientError, concurrently};
use file::OffsetFile;

/// The offsets of one consumer.
pub(crate) struct OffsetStore {
    reached: Mutex<BTreeMap<MessageQueue, i64>>,
    kept: Kept,
}

enum Kept {
    OnBrokers { shared: Arc<Shared>, group: String },
    InFile(OffsetFile),
}

/// How sure a commit has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// One of many, the next one makes up for it.
    Regular,
    /// The last one: wait until it is there.
    Final,
}

impl OffsetStore {
    pub(crate) fn on_brokers(shared: Arc<Shared>, group: &str) -> Self {
        let group = group.to_owned();
        Self {
            reached: Mutex::default(),
            kept: Kept::OnBrokers { shared, group },
        }
    }

    /// Offsets in `path`, RocketMQ's `offsets.json`.
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Self {
            reached: Mutex::default(),
            kept: Kept::InFile(OffsetFile::new(path)),
        }
    }

    /// The offset of a queue as far as this consumer knows it.
    pub(crate) fn reached(&self, queue: &MessageQueue) -> Option<i64> {
        self.reached.lock().get(queue).copied()
    }

    /// All offsets of a topic.
    pub(crate) fn of_topic(&self, topic: &str) -> BTreeMap<MessageQueue, i64> {
        let reached = self.reached.lock();
        let of_topic = reached.iter().filter(|(queue, _)| queue.topic == topic);
        of_topic
            .map(|(queue, offset)| (queue.clone(), *offset))
            .collect()
    }

    /// Notes progress; an offset never goes back this way.
    pub(crate) fn advance(&self, queue: &MessageQueue, offset: i64) {
        let mut reached = self.reached.lock();
        match reached.get_mut(queue) {
            Some(known) => *known = offset.max(*known),
            None => _ = reached.insert(queue.clone(), offset),
        }
    }

    /// Sets an offset, forth or back.
    pub(crate) fn set(&self, queue: &MessageQueue, offset: i64) {
        self.reached.lock().insert(queue.clone(), offset);
    }

    pub(crate) fn forget(&self, queue: &MessageQueue) {
        self.reached.lock().remove(queue);
    }

    /// The offset that was kept when the queue was last read, and takes it over.
    pub(crate) async fn load(&self, queue: &MessageQueue) -> Result<Option<i64>, ClientError> {
        let kept = match &self.kept {
            Kept::OnBrokers { shared, group } => shared.committed_offset(group, queue).await?,
            Kept::InFile(file) => file.read().await?.get(queue).copied(),
        };
        // RocketMQ counts everything below 0 as nothing.
        let kept = kept.filter(|offset| *offset >= 0);
        if let Some(offset) = kept {
            self.set(queue, offset);
        }
        Ok(kept)
    }

    /// Keeps the offsets of these queues; says which could not be kept.
    pub(crate) async fn keep(
        &self,
        queues: &[MessageQueue],
        commit: Commit,
    ) -> Vec<(MessageQueue, ClientError)> {
        let reached: Vec<(MessageQueue, i64)> = {
            let reached = self.reached.lock();
            let known = queues
                .iter()
                .filter_map(|queue| reached.get_key_value(queue));
            known
                .map(|(queue, offset)| (queue.clone(), *offset))
                .collect()
        };
        if reached.is_empty() {
            return Vec::new();
        }
        match &self.kept {
            Kept::OnBrokers { shared, group } => {
                let commits = reached.into_iter().map(|(queue, offset)| {
                    commit_one(Arc::clone(shared), group.clone(), queue, offset, commit)
                });
                concurrently::all(commits)
                    .await
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Kept::InFile(file) => match file.write(reached.clone()).await {
                Ok(()) => Vec::new(),
                Err(error) => reached
                    .into_iter()
                    .map(|(queue, _)| (queue, error.clone()))
                    .collect(),
            },
        }
    }
}

async fn commit_one(
    shared: Arc<Shared>,
    group: String,
    queue: MessageQueue,
    offset: i64,
    commit: Commit,
) -> Option<(MessageQueue, ClientError)> {
    let committed = match commit {
        Commit::Regular => shared.commit_offset_oneway(&group, &queue, offset).await,
        Commit::Final => shared.commit_offset(&group, &queue, offset).await,
    };
    committed.err().map(|error| (queue, error))
}

#[cfg(test)]
mod tests;
