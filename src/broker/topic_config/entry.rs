//! One topic: settings, queues at hand, counters.

use std::sync::{Arc, OnceLock};

use protocol::body::TopicConfig;
use protocol::name::is_system_topic;
use store::{MessageStore, Queue, QueueError};

use crate::stats::TopicStats;

/// A topic as requests meet it. A change of its settings makes a new entry with the same queues and
/// counters.
#[derive(Debug)]
pub(crate) struct TopicEntry {
    pub(crate) config: TopicConfig,
    pub(crate) stats: Arc<TopicStats>,
    /// Whether it is one of RocketMQ's own.
    pub(crate) is_system: bool,
    /// Handles that the store gave, by queue id: putting and pulling need no look-up by name.
    queues: Box<[OnceLock<Arc<Queue>>]>,
}

impl TopicEntry {
    /// A topic whose queues and counters nobody has used yet.
    pub(crate) fn new(config: TopicConfig) -> Self {
        let queues = (0..queue_count(&config)).map(|_| OnceLock::new()).collect();
        let is_system = is_system_topic(&config.topic_name);
        Self {
            config,
            stats: Arc::default(),
            is_system,
            queues,
        }
    }

    /// The same topic with other settings.
    pub(super) fn with_config(&self, config: TopicConfig) -> Self {
        let known = |id: usize| self.queues.get(id).cloned().unwrap_or_default();
        let queues = (0..queue_count(&config)).map(known).collect();
        Self {
            config,
            stats: Arc::clone(&self.stats),
            is_system: self.is_system,
            queues,
        }
    }

    /// The queue with this id, made in the store if it is not there yet.
    ///
    /// # Errors
    /// The store refuses to have it.
    pub(crate) fn queue(
        &self,
        store: &MessageStore,
        queue_id: i32,
    ) -> Result<Arc<Queue>, QueueError> {
        let slot = usize::try_from(queue_id)
            .ok()
            .and_then(|id| self.queues.get(id));
        if let Some(known) = slot
            .and_then(OnceLock::get)
            .filter(|queue| !queue.is_deleted())
        {
            return Ok(Arc::clone(known));
        }
        let queue = store.queue(&self.config.topic_name, queue_id)?;
        if let Some(slot) = slot {
            // Someone else may have been first, with the same queue.
            let _first_stays = slot.set(Arc::clone(&queue));
        }
        Ok(queue)
    }
}

fn queue_count(config: &TopicConfig) -> usize {
    let most = config.read_queue_nums.max(config.write_queue_nums);
    usize::try_from(most).unwrap_or_default()
}
