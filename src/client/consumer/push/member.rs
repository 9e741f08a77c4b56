//! One member of a consumer group: everything that its tasks share.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::{ConsumeFromWhere, ConsumeType, ConsumerData, MessageQueue, SubscriptionData};
use protocol::name;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::config::{PushConsumerConfig, StartFrom};
use super::event::ConsumerEvent;
use super::listener::MessageListener;
use super::stats::Stats;
use crate::ClientError;
use crate::consumer::FilterExpression;
use crate::consumer::offset_store::OffsetStore;
use crate::consumer::process_queue::ProcessQueue;
use crate::producer::Producer;
use crate::shared::Shared;

pub(crate) struct Member {
    pub(super) shared: Arc<Shared>,
    pub(super) config: PushConsumerConfig,
    pub(super) listener: Arc<dyn MessageListener>,
    pub(super) subscriptions: Mutex<BTreeMap<String, Subscription>>,
    pub(super) queues: Mutex<BTreeMap<MessageQueue, Owned>>,
    pub(super) offsets: OffsetStore,
    /// A permit for each delivery that may be handled at a time.
    pub(super) handlers: Arc<Semaphore>,
    pub(super) rebalance_wanted: Notify,
    pub(super) commit_wanted: Notify,
    pub(super) paused: watch::Sender<bool>,
    pub(super) stopping: CancellationToken,
    pub(super) stats: Stats,
    pub(super) started_ms: i64,
    /// Sends what a broker refuses to take back; made when it is first needed.
    pub(super) resender: Mutex<Option<Producer>>,
}

/// A queue that this member reads.
pub(super) struct Owned {
    pub(super) process: Arc<ProcessQueue>,
    /// The task that pulls it.
    pub(super) pulling: AbortHandle,
}

#[derive(Clone)]
pub(super) struct Subscription {
    pub(super) filter: Arc<FilterExpression>,
    /// What heartbeats say.
    pub(super) data: SubscriptionData,
    /// The version that every broker has heard of: what pulls go by.
    pub(super) heard_version: i64,
}

impl Member {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: PushConsumerConfig,
        listener: Arc<dyn MessageListener>,
        offsets: OffsetStore,
    ) -> Result<Self, ClientError> {
        let now_ms = shared.clock.now_ms();
        Ok(Self {
            subscriptions: Mutex::new(subscriptions(&config, now_ms)?),
            queues: Mutex::default(),
            offsets,
            handlers: Arc::new(Semaphore::new(config.concurrency)),
            rebalance_wanted: Notify::new(),
            commit_wanted: Notify::new(),
            paused: watch::Sender::new(false),
            stopping: CancellationToken::new(),
            stats: Stats::default(),
            started_ms: now_ms,
            resender: Mutex::default(),
            shared,
            config,
            listener,
        })
    }

    pub(crate) fn group(&self) -> &str {
        &self.config.group
    }

    /// Shares the queues out anew as soon as may be.
    pub(crate) fn rebalance_soon(&self) {
        self.rebalance_wanted.notify_one();
    }

    /// The group has other members than before. Whoever takes a queue over from this one begins with
    /// the offset that is committed by then, so that is done first.
    pub(crate) fn members_changed(&self) {
        self.commit_wanted.notify_one();
        self.rebalance_soon();
    }

    /// What heartbeats say of this member.
    pub(crate) fn consumer_data(&self) -> ConsumerData {
        let subscriptions = self.subscriptions.lock();
        ConsumerData {
            group_name: self.config.group.clone(),
            consume_type: ConsumeType::ConsumePassively,
            message_model: self.config.mode,
            consume_from_where: match self.config.start {
                StartFrom::LastOffset => ConsumeFromWhere::ConsumeFromLastOffset,
                StartFrom::FirstOffset => ConsumeFromWhere::ConsumeFromFirstOffset,
                StartFrom::Timestamp(_) => ConsumeFromWhere::ConsumeFromTimestamp,
            },
            subscription_data_set: subscriptions
                .values()
                .map(|wanted| wanted.data.clone())
                .collect(),
            unit_mode: false,
        }
    }

    pub(super) fn subscription(&self, topic: &str) -> Option<Subscription> {
        self.subscriptions.lock().get(topic).cloned()
    }

    pub(super) fn process_of(&self, queue: &MessageQueue) -> Option<Arc<ProcessQueue>> {
        self.queues
            .lock()
            .get(queue)
            .map(|owned| Arc::clone(&owned.process))
    }

    /// The queues that this member reads, sorted.
    pub(crate) fn owned_queues(&self) -> Vec<MessageQueue> {
        self.queues.lock().keys().cloned().collect()
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> ConsumerEvent) {
        if let Some(observer) = &self.config.observer {
            observer(event());
        }
    }

    pub(super) fn warn(&self, what: &str, error: ClientError) {
        tracing::warn!(group = %self.group(), %error, "{what}");
        self.tell(|| ConsumerEvent::Warning {
            what: what.to_owned(),
            error,
        });
    }
}

/// What the member wants of each topic, its own retry topic among them.
fn subscriptions(
    config: &PushConsumerConfig,
    now_ms: i64,
) -> Result<BTreeMap<String, Subscription>, ClientError> {
    let retries = (name::retry_topic(&config.group), FilterExpression::All);
    let retries = (!config.is_broadcasting()).then_some(retries);
    let mut subscriptions = BTreeMap::new();
    for (topic, filter) in config.subscriptions.iter().cloned().chain(retries) {
        name::validate_topic(&topic)?;
        let data = filter.subscription(&topic, now_ms)?;
        let (filter, heard_version) = (Arc::new(filter), data.sub_version);
        let wanted = Subscription {
            filter,
            data,
            heard_version,
        };
        subscriptions.insert(topic, wanted);
    }
    Ok(subscriptions)
}
