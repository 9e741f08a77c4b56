//! Sending: pick a queue, send, and on failure try again on another broker within the time given.
//!
//! A send that ends without an answer may have been stored all the same; sending it again may store
//! it twice, with the same `msg_id`. Invariant: a message that was acknowledged is reported as sent
//! to exactly the queue and offset that the broker named.

mod config;
mod outgoing;
mod result;
mod select;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::message::Message;
use protocol::{ResponseCode, name};

pub use config::ProducerConfig;
pub use result::{SendResult, SendStatus};

use crate::ClientError;
use crate::fault::FaultTable;
use crate::peer::Peer;
use crate::route::{MASTER_ID, TopicRoute};
use crate::route_cache::Template;
use crate::shared::Shared;
use outgoing::Outgoing;

/// Sends messages. Clones are the same producer.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    config: ProducerConfig,
    faults: FaultTable,
    round: AtomicUsize,
    announced: AtomicBool,
    stopped: AtomicBool,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer")
            .field("group", &self.inner.config.group)
            .finish_non_exhaustive()
    }
}

/// Where a message may go.
enum Choice<'a> {
    /// The next queue; another one when that fails.
    InTurn,
    ByKey(&'a str),
    Queue(&'a MessageQueue),
}

impl Producer {
    pub(crate) fn new(shared: Arc<Shared>, config: ProducerConfig) -> Result<Self, ClientError> {
        shared.check_running()?;
        name::validate_group(&config.group)?;
        shared.groups.add_producer(&config.group);
        let inner = Inner {
            shared,
            config,
            faults: FaultTable::default(),
            // Producers that start at the same time should not all begin with the same queue.
            round: AtomicUsize::new(fastrand::usize(..1 << 16)),
            announced: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Sends a message to the next queue in turn, or to the queue of its `__SHARDINGKEY` if it has one.
    ///
    /// # Errors
    /// The last try's error: no route, no broker, or a broker's no.
    pub async fn send(&self, message: Message) -> Result<SendResult, ClientError> {
        let outgoing = self.single(message)?;
        let choice = match &outgoing.sharding_key {
            Some(key) => Choice::ByKey(key),
            None => Choice::InTurn,
        };
        self.deliver(&outgoing, choice).await
    }

    /// Sends a message to one queue, once.
    ///
    /// # Errors
    /// The queue's broker is not known or did not take the message.
    pub async fn send_to_queue(
        &self,
        queue: &MessageQueue,
        message: Message,
    ) -> Result<SendResult, ClientError> {
        let outgoing = self.single(message)?;
        self.deliver(&outgoing, Choice::Queue(queue)).await
    }

    /// Sends a message to the queue that all messages of `sharding_key` go to, once.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn send_by_key(
        &self,
        sharding_key: &str,
        message: Message,
    ) -> Result<SendResult, ClientError> {
        let outgoing = self.single(message)?;
        self.deliver(&outgoing, Choice::ByKey(sharding_key)).await
    }

    /// Sends a message that no broker acknowledges, and says to which queue. It may be lost without
    /// anybody noticing.
    ///
    /// # Errors
    /// No route, or no connection to the broker.
    pub async fn send_oneway(&self, message: Message) -> Result<MessageQueue, ClientError> {
        let outgoing = self.single(message)?;
        let route = self.route(&outgoing.topic).await?;
        let queue = match &outgoing.sharding_key {
            Some(key) => select::by_key(route.publish_queues(), key),
            None => self.next_queue(&route, None),
        };
        let queue = queue.ok_or_else(|| no_queue(&route))?;
        self.tell(&outgoing, queue, &route).await?;
        Ok(queue.clone())
    }

    /// Sends a message to one queue that no broker acknowledges.
    ///
    /// # Errors
    /// No route, or no connection to the broker.
    pub async fn send_oneway_to_queue(
        &self,
        queue: &MessageQueue,
        message: Message,
    ) -> Result<(), ClientError> {
        let outgoing = self.single(message)?;
        let route = self.route(&outgoing.topic).await?;
        self.tell(&outgoing, queue, &route).await
    }

    /// Sends messages of one topic in one request: all of them are stored, next to each other, or none.
    ///
    /// # Errors
    /// Messages that may not travel together, or as for [`Producer::send`].
    pub async fn send_batch(&self, messages: Vec<Message>) -> Result<SendResult, ClientError> {
        let outgoing = self.batch(messages)?;
        self.deliver(&outgoing, Choice::InTurn).await
    }

    /// Sends messages of one topic to one queue in one request, once.
    ///
    /// # Errors
    /// Messages that may not travel together, or as for [`Producer::send_to_queue`].
    pub async fn send_batch_to_queue(
        &self,
        queue: &MessageQueue,
        messages: Vec<Message>,
    ) -> Result<SendResult, ClientError> {
        let outgoing = self.batch(messages)?;
        self.deliver(&outgoing, Choice::Queue(queue)).await
    }

    /// The queues that messages of a topic go to. A topic that does not exist yet has those that
    /// it will have once it is written to.
    ///
    /// # Errors
    /// No route.
    pub async fn queues(&self, topic: &str) -> Result<Vec<MessageQueue>, ClientError> {
        Ok(self.route(topic).await?.publish_queues().to_vec())
    }

    /// Takes leave of the brokers. Sends that are on their way are not waited for.
    pub async fn shutdown(&self) {
        let inner = &self.inner;
        if inner.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        let was_last = inner.shared.groups.remove_producer(&inner.config.group);
        if was_last && inner.announced.load(Ordering::SeqCst) {
            inner
                .shared
                .unregister(Some(&inner.config.group), None)
                .await;
        }
    }

    fn single(&self, message: Message) -> Result<Outgoing, ClientError> {
        let Inner { shared, config, .. } = &*self.inner;
        Outgoing::single(message, config, &shared.unique_keys, shared.clock.now_ms())
    }

    fn batch(&self, messages: Vec<Message>) -> Result<Outgoing, ClientError> {
        let Inner { shared, config, .. } = &*self.inner;
        Outgoing::batch(messages, config, &shared.unique_keys, shared.clock.now_ms())
    }

    async fn route(&self, topic: &str) -> Result<Arc<TopicRoute>, ClientError> {
        let Inner { shared, config, .. } = &*self.inner;
        shared.check_running()?;
        if self.inner.stopped.load(Ordering::Relaxed) {
            return Err(ClientError::ShutDown);
        }
        let template = Template {
            topic: &config.create_topic_key,
            queue_count: config.default_topic_queue_nums,
        };
        let route = shared.routes.get_or(topic, Some(template)).await?;
        // The first route names the first brokers that can be told of this producer.
        if !self.inner.announced.load(Ordering::Relaxed)
            && !self.inner.announced.swap(true, Ordering::SeqCst)
        {
            shared.heartbeat_wanted.notify_one();
        }
        Ok(route)
    }

    fn next_queue<'r>(
        &self,
        route: &'r TopicRoute,
        last: Option<&str>,
    ) -> Option<&'r MessageQueue> {
        let inner = &self.inner;
        let round = inner.round.fetch_add(1, Ordering::Relaxed);
        let now = inner.shared.clock.elapsed();
        let avoid = inner.config.latency_fault.then_some((&inner.faults, now));
        select::next(route.publish_queues(), round, last, avoid)
    }

    /// Sends until a broker has acknowledged, the tries are used up, or the time is.
    async fn deliver(
        &self,
        outgoing: &Outgoing,
        choice: Choice<'_>,
    ) -> Result<SendResult, ClientError> {
        let config = &self.inner.config;
        let clock = &self.inner.shared.clock;
        let started = clock.elapsed();
        let tries = if matches!(choice, Choice::InTurn) {
            config.retries.saturating_add(1)
        } else {
            1
        };
        let mut last_broker: Option<String> = None;
        let mut outcome = Err(ClientError::ShutDown);
        for _ in 0..tries {
            let left = config
                .send_timeout
                .saturating_sub(clock.elapsed().saturating_sub(started));
            if left.is_zero() {
                break;
            }
            let route = self.route(&outgoing.topic).await?;
            let queue = match choice {
                Choice::InTurn => self.next_queue(&route, last_broker.as_deref()),
                Choice::ByKey(key) => select::by_key(route.publish_queues(), key),
                Choice::Queue(queue) => Some(queue),
            };
            let queue = queue.ok_or_else(|| no_queue(&route))?;
            outcome = self.attempt(outgoing, queue, &route, left).await;
            match &mut outcome {
                Ok(result) => {
                    result.rt = clock.elapsed().saturating_sub(started);
                    let is_ok = result.status == SendStatus::SendOk;
                    if is_ok || !config.retry_another_broker_when_not_store_ok {
                        break;
                    }
                }
                Err(error) if !is_worth_another_try(error) => break,
                Err(error) => tracing::debug!(%error, queue = %queue.broker_name, "a send failed"),
            }
            last_broker = Some(queue.broker_name.clone());
        }
        outcome
    }

    /// One try on one queue.
    async fn attempt(
        &self,
        outgoing: &Outgoing,
        queue: &MessageQueue,
        route: &TopicRoute,
        timeout: Duration,
    ) -> Result<SendResult, ClientError> {
        let Inner {
            shared,
            config,
            faults,
            ..
        } = &*self.inner;
        let addr = master_of(queue, route)?;
        let request = outgoing.request(config, queue.queue_id, shared.clock.now_ms());
        let started = shared.clock.elapsed();
        let peer = Peer::broker(&queue.broker_name, addr);
        let answer = shared
            .wire
            .ask(peer, outgoing.code(), request, timeout)
            .await;
        let now = shared.clock.elapsed();
        match answer {
            Ok(answer) => {
                let rt = now.saturating_sub(started);
                faults.answered(&queue.broker_name, rt, now);
                SendResult::read(answer, queue, outgoing.msg_id.clone(), rt)
            }
            Err(error) => {
                faults.failed(&queue.broker_name, !error.is_unreachable(), now);
                shared.routes.suspect(&outgoing.topic);
                Err(error)
            }
        }
    }

    async fn tell(
        &self,
        outgoing: &Outgoing,
        queue: &MessageQueue,
        route: &TopicRoute,
    ) -> Result<(), ClientError> {
        let Inner { shared, config, .. } = &*self.inner;
        let addr = master_of(queue, route)?;
        let request = outgoing.request(config, queue.queue_id, shared.clock.now_ms());
        let told = shared
            .wire
            .tell(Peer::broker(&queue.broker_name, addr), request)
            .await;
        if told.is_err() {
            shared.routes.suspect(&outgoing.topic);
        }
        told
    }
}

fn master_of<'r>(queue: &MessageQueue, route: &'r TopicRoute) -> Result<&'r str, ClientError> {
    route
        .broker_addr(&queue.broker_name, MASTER_ID)
        .ok_or_else(|| ClientError::QueueNotFound {
            queue: queue.clone(),
            known: route.publish_queues().len(),
        })
}

fn no_queue(route: &TopicRoute) -> ClientError {
    let reason = if route.data().queue_datas.is_empty() {
        "it has none"
    } else {
        "no broker with a master allows writing"
    };
    ClientError::NoQueue {
        topic: route.topic().to_owned(),
        reason: reason.to_owned(),
    }
}

/// Whether another broker may take what this one did not (RocketMQ `retryResponseCodes`).
fn is_worth_another_try(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } | ClientError::Timeout { .. } => true,
        ClientError::Remote { code, .. } => matches!(
            ResponseCode::from_code(*code),
            Some(
                ResponseCode::TopicNotExist
                    | ResponseCode::ServiceNotAvailable
                    | ResponseCode::SystemError
                    | ResponseCode::SystemBusy
                    | ResponseCode::NoPermission
                    | ResponseCode::NoBuyerId
                    | ResponseCode::NotInCurrentUnit
                    | ResponseCode::GoAway
            )
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
