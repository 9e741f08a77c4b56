//! A queue of a topic as the broker holds it, and the table of all queues.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use parking_lot::RwLock;
use protocol::name::validate_topic;

use crate::consume_queue::ConsumeQueue;
use crate::error::QueueError;
use crate::queue_files::QueueKey;

/// Queues that a store may have.
pub const QUEUES_MAX: usize = 2_000_000;

/// Bytes of the log that are read ahead of a consumer that is far behind.
const READ_AHEAD: u64 = 2 * 1024 * 1024;

/// One queue of a topic.
///
/// The broker keeps the `Arc`; putting and getting then need no look-up by name.
#[derive(Debug)]
pub struct Queue {
    /// The offset that the next message gets; moves under the put lock.
    next_offset: AtomicI64,
    consume_queue: ConsumeQueue,
    /// Whether a consumer is parked until a message arrives.
    waited_for: AtomicBool,
    /// Whether the topic was deleted while someone still holds the queue.
    deleted: AtomicBool,
    /// Physical offset up to which the log is being read for a consumer that is far behind.
    read_ahead: AtomicU64,
}

impl Queue {
    pub(crate) fn new(key: QueueKey, min_offset: i64, max_offset: i64) -> Self {
        Self {
            next_offset: AtomicI64::new(max_offset),
            consume_queue: ConsumeQueue::new(key, min_offset, max_offset),
            waited_for: AtomicBool::new(false),
            deleted: AtomicBool::new(false),
            read_ahead: AtomicU64::new(0),
        }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.consume_queue.key().topic
    }

    /// Number of the queue in its topic.
    #[must_use]
    pub fn queue_id(&self) -> i32 {
        self.consume_queue.key().queue_id
    }

    /// Queue offset of the first message that is still there.
    #[must_use]
    pub fn min_offset(&self) -> i64 {
        self.consume_queue.min_offset()
    }

    /// Queue offset behind the last message that consumers may see.
    #[must_use]
    pub fn max_offset(&self) -> i64 {
        self.consume_queue.max_offset()
    }

    /// Says whether a consumer waits for the next message of this queue.
    ///
    /// To miss no wake-up: call this with `true`, then look at [`max_offset`](Self::max_offset) once
    /// more, then wait. A put makes its message visible before it looks at this flag.
    pub fn set_waited_for(&self, waited_for: bool) {
        self.waited_for.store(waited_for, Ordering::SeqCst);
    }

    /// Whether a consumer waits for the next message of this queue.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        self.waited_for.load(Ordering::SeqCst)
    }

    /// Whether the topic was deleted: ask the store for the queue anew.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// What of the log to read next for a consumer that is far behind and has come to `physical`.
    /// One that goes on from there asks seldom; one that has jumped begins anew.
    pub(crate) fn read_ahead(&self, physical: u64) -> Option<Range<u64>> {
        let until = self.read_ahead.load(Ordering::Relaxed);
        let goes_on = (physical..=physical + READ_AHEAD).contains(&until);
        if goes_on && until - physical > READ_AHEAD / 2 {
            return None;
        }
        let end = physical + READ_AHEAD;
        self.read_ahead.store(end, Ordering::Relaxed);
        Some(if goes_on { until } else { physical }..end)
    }

    pub(crate) fn mark_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }

    pub(crate) fn consume_queue(&self) -> &ConsumeQueue {
        &self.consume_queue
    }

    /// The offset that the next message gets. Only under the put lock is it still true afterwards.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next_offset.load(Ordering::Relaxed)
    }

    pub(crate) fn set_next_offset(&self, next: i64) {
        self.next_offset.store(next, Ordering::Relaxed);
    }
}

type QueuesOfTopic = BTreeMap<i32, Arc<Queue>>;

/// All queues of a store.
#[derive(Debug, Default)]
pub(crate) struct QueueTable {
    topics: RwLock<HashMap<Arc<str>, QueuesOfTopic, RandomState>>,
    count: AtomicUsize,
}

impl QueueTable {
    pub(crate) fn get(&self, topic: &str, queue_id: i32) -> Option<Arc<Queue>> {
        self.topics.read().get(topic)?.get(&queue_id).cloned()
    }

    /// The queue, made now if there is none.
    pub(crate) fn get_or_create(
        &self,
        topic: &str,
        queue_id: i32,
    ) -> Result<Arc<Queue>, QueueError> {
        if let Some(queue) = self.get(topic, queue_id) {
            return Ok(queue);
        }
        check_name(topic, queue_id)?;
        if self.count.load(Ordering::Relaxed) >= QUEUES_MAX {
            return Err(QueueError::TooManyQueues { max: QUEUES_MAX });
        }
        Ok(self.insert_if_absent(topic, queue_id, |key| Queue::new(key, 0, 0)))
    }

    /// Adds what `make` gives, unless the queue is there.
    pub(crate) fn insert_if_absent(
        &self,
        topic: &str,
        queue_id: i32,
        make: impl FnOnce(QueueKey) -> Queue,
    ) -> Arc<Queue> {
        let mut topics = self.topics.write();
        let name = topics
            .get_key_value(topic)
            .map_or_else(|| Arc::from(topic), |(name, _)| Arc::clone(name));
        let queues = topics.entry(Arc::clone(&name)).or_default();
        let queue = queues.entry(queue_id).or_insert_with(|| {
            self.count.fetch_add(1, Ordering::Relaxed);
            Arc::new(make(QueueKey {
                topic: name,
                queue_id,
            }))
        });
        Arc::clone(queue)
    }

    /// Every queue, by topic and id.
    pub(crate) fn all(&self) -> Vec<Arc<Queue>> {
        let topics = self.topics.read();
        let mut queues: Vec<_> = topics
            .values()
            .flat_map(|queues| queues.values().cloned())
            .collect();
        drop(topics);
        queues.sort_by(|a, b| (a.topic(), a.queue_id()).cmp(&(b.topic(), b.queue_id())));
        queues
    }

    /// Visits every queue, in no order.
    pub(crate) fn for_each(&self, visit: impl Fn(&Queue)) {
        let topics = self.topics.read();
        #[expect(
            clippy::iter_over_hash_type,
            reason = "the visits do not depend on each other"
        )]
        for queues in topics.values() {
            queues.values().for_each(|queue| visit(queue));
        }
    }

    /// The queues of a topic, by id.
    pub(crate) fn of_topic(&self, topic: &str) -> Vec<Arc<Queue>> {
        let topics = self.topics.read();
        topics
            .get(topic)
            .map(|queues| queues.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The topics, sorted.
    pub(crate) fn topics(&self) -> Vec<String> {
        let mut topics: Vec<_> = self.topics.read().keys().map(ToString::to_string).collect();
        topics.sort();
        topics
    }

    /// How many queues there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes the queues of a topic out of the table; who still holds one finds it deleted.
    pub(crate) fn remove_topic(&self, topic: &str) -> Vec<Arc<Queue>> {
        let removed = self.topics.write().remove(topic).unwrap_or_default();
        self.count.fetch_sub(removed.len(), Ordering::Relaxed);
        for queue in removed.values() {
            queue.mark_deleted();
        }
        removed.into_values().collect()
    }
}

/// Whether a queue of this name may have files: the topic becomes a directory.
pub(crate) fn check_name(topic: &str, queue_id: i32) -> Result<(), QueueError> {
    if validate_topic(topic).is_err() {
        return Err(QueueError::IllegalTopic {
            topic: topic.to_owned(),
        });
    }
    if queue_id < 0 {
        return Err(QueueError::IllegalQueueId { queue_id });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read_ahead_of_a_consumer_that_goes_on_and_anew_for_one_that_jumps() {
        let key = QueueKey {
            topic: "t".into(),
            queue_id: 0,
        };
        let queue = Queue::new(key, 0, 0);
        let begin = 100 * READ_AHEAD;
        assert_eq!(queue.read_ahead(begin), Some(begin..begin + READ_AHEAD));
        assert_eq!(queue.read_ahead(begin + 1000), None);
        let half = begin + READ_AHEAD / 2;
        let next = begin + READ_AHEAD..half + READ_AHEAD;
        assert_eq!(queue.read_ahead(half), Some(next), "each byte once");
        assert_eq!(queue.read_ahead(0), Some(0..READ_AHEAD));
        assert_eq!(queue.read_ahead(begin), Some(begin..begin + READ_AHEAD));
    }
}
