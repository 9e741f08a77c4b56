//! The settings of a push consumer, RocketMQ's defaults.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::body::MessageModel;

use super::event::ConsumerEvent;
use crate::consumer::FilterExpression;
use crate::consumer::process_queue::CacheLimits;
use crate::consumer::rebalance::{AllocateStrategy, Averagely};

/// Where a group begins in a queue that it has never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFrom {
    /// With what comes next.
    LastOffset,
    /// With the oldest message.
    FirstOffset,
    /// With what was stored at this time, in ms since the epoch.
    Timestamp(i64),
}

/// Is told what happens to a consumer, on the task where it happens: it must not block.
pub type Observer = Arc<dyn Fn(ConsumerEvent) + Send + Sync>;

/// How a push consumer reads.
#[derive(Clone)]
pub struct PushConsumerConfig {
    /// The consumer group.
    pub group: String,
    /// Whether the members share the queues or each read all of them.
    pub mode: MessageModel,
    /// The topics, and what is wanted of each.
    pub subscriptions: Vec<(String, FilterExpression)>,
    /// Where a new group begins.
    pub start: StartFrom,
    /// How the members share the queues; the same for all of them.
    pub strategy: Arc<dyn AllocateStrategy>,
    /// How many deliveries are handled at a time.
    pub concurrency: usize,
    /// The most messages of one delivery.
    pub batch_max: usize,
    /// The most messages of one pull.
    pub pull_batch: i32,
    /// The most bytes of one pull, for brokers that look at it.
    pub pull_bytes: Option<i32>,
    /// After how many retries a message goes to the dead letter queue; `None` for RocketMQ's 16.
    pub reconsume_times_max: Option<i32>,
    /// A message that is handled for longer is sent back for a retry.
    pub consume_timeout: Duration,
    /// The most messages of one queue that wait to be handled.
    pub cached_messages_max: usize,
    /// The most bytes of one queue that wait to be handled.
    pub cached_bytes_max: usize,
    /// The widest gap between the first and the last message that wait.
    pub offset_span_max: i64,
    /// How often the queues are shared out anew even if nobody says that anything changed.
    pub rebalance_interval: Duration,
    /// How soon that is tried again when it did not work out; also the least time in between.
    pub rebalance_gap: Duration,
    /// How often offsets are committed.
    pub commit_interval: Duration,
    /// How long a broker may hold a pull until there is a message.
    pub pull_suspend: Duration,
    /// How long to wait after a pull that failed.
    pub pull_error_delay: Duration,
    /// How long until a message is handled again that could not even be sent back.
    pub local_retry_delay: Duration,
    /// How long a shutdown waits for handlers that are running.
    pub shutdown_wait: Duration,
    /// Where a broadcasting consumer keeps its offsets; `None` for `.rocketmq_offsets` in the home
    /// folder, as Java clients.
    pub offset_dir: Option<PathBuf>,
    /// Is told what happens.
    pub observer: Option<Observer>,
}

impl PushConsumerConfig {
    /// RocketMQ's settings for this group, without a subscription.
    #[must_use]
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            mode: MessageModel::Clustering,
            subscriptions: Vec::new(),
            start: StartFrom::LastOffset,
            strategy: Arc::new(Averagely),
            concurrency: 20,
            batch_max: 1,
            pull_batch: 32,
            pull_bytes: Some(256 * 1024),
            reconsume_times_max: None,
            consume_timeout: Duration::from_secs(15 * 60),
            cached_messages_max: 1000,
            cached_bytes_max: 100 * 1024 * 1024,
            offset_span_max: 2000,
            rebalance_interval: Duration::from_secs(20),
            rebalance_gap: Duration::from_secs(1),
            commit_interval: Duration::from_secs(5),
            pull_suspend: Duration::from_secs(15),
            pull_error_delay: Duration::from_secs(1),
            local_retry_delay: Duration::from_secs(5),
            shutdown_wait: Duration::from_secs(3),
            offset_dir: None,
            observer: None,
        }
    }

    /// Adds a topic.
    #[must_use]
    pub fn subscribe(mut self, topic: impl Into<String>, filter: FilterExpression) -> Self {
        self.subscriptions.push((topic.into(), filter));
        self
    }

    pub(super) fn cache_limits(&self) -> CacheLimits {
        CacheLimits {
            messages: self.cached_messages_max,
            bytes: self.cached_bytes_max,
            span: self.offset_span_max,
        }
    }

    pub(super) fn is_broadcasting(&self) -> bool {
        self.mode == MessageModel::Broadcasting
    }
}

impl std::fmt::Debug for PushConsumerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushConsumerConfig")
            .field("group", &self.group)
            .field("mode", &self.mode)
            .field("subscriptions", &self.subscriptions)
            .field("start", &self.start)
            .field("strategy", &self.strategy)
            .finish_non_exhaustive()
    }
}
