//! A member of a consumer group that has its queues read and its messages handled for it.
//!
//! # Layout
//! - [`member`]: what all tasks of a member share.
//! - [`rebalancing`]: which queues are ours.
//! - [`pulling`]: one task for each of them.
//! - [`handling`]: deliveries to the user's handler, and the offsets that follow.
//! - [`send_back`]: failed messages on their way to the retry topic.
//! - [`relayed`]: what brokers ask and order.
//!
//! Invariant: an offset is committed only when every message below it has been consumed, sent back or
//! (broadcasting) dropped.

mod config;
mod event;
mod filter_check;
mod handling;
mod listener;
mod member;
mod pulling;
mod rebalancing;
mod relayed;
mod send_back;
mod stats;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::name;

pub use config::{Observer, PushConsumerConfig, StartFrom};
pub use event::ConsumerEvent;
pub use listener::{BoxFuture, Consumed, Delivery, MessageListener};
pub(crate) use member::Member;

use crate::ClientError;
use crate::consumer::offset_store::{Commit, OffsetStore};
use crate::shared::Shared;

/// The instance name in the path of a broadcasting consumer's offsets, which must be the same after a
/// restart.
const DEFAULT_INSTANCE: &str = "DEFAULT";

/// A running push consumer. Clones are the same consumer.
#[derive(Clone)]
pub struct PushConsumer {
    member: Arc<Member>,
}

/// What is going on in one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// The queue.
    pub queue: MessageQueue,
    /// Messages that have been pulled and are not consumed.
    pub cached_messages: usize,
    /// The bytes of their bodies.
    pub cached_bytes: usize,
    /// Everything below this is consumed.
    pub consumed_offset: Option<i64>,
    /// Everything below this has been pulled.
    pub pulled_offset: i64,
}

impl std::fmt::Debug for PushConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushConsumer")
            .field("group", &self.group())
            .finish_non_exhaustive()
    }
}

impl PushConsumer {
    pub(crate) async fn start(
        shared: Arc<Shared>,
        config: PushConsumerConfig,
        listener: Arc<dyn MessageListener>,
    ) -> Result<Self, ClientError> {
        shared.check_running()?;
        check(&config)?;
        let offsets = if config.is_broadcasting() {
            OffsetStore::in_file(offset_file(&shared, &config)?)
        } else {
            OffsetStore::on_brokers(Arc::clone(&shared), &config.group)
        };
        let member = Arc::new(Member::new(shared, config, listener, offsets)?);
        let shared = &member.shared;
        shared.groups.add_consumer(&member)?;
        for (topic, _) in &member.config.subscriptions {
            let looked_up = match shared.routes.get(topic).await {
                Ok(route) => filter_check::check(&member, &route).await,
                Err(error) => Err(error),
            };
            match looked_up {
                Ok(()) => {}
                // The topic may be made at any time; until then there is nothing to read.
                Err(error @ ClientError::TopicNotFound { .. }) => {
                    member.warn(&format!("looking for topic {topic}"), error);
                }
                Err(error) => {
                    shared.groups.remove_consumer(member.group());
                    return Err(error);
                }
            }
        }
        // Before anything is shared out, every broker must know that there is one more.
        shared.heartbeat_all().await;
        tokio::spawn(rebalancing::run(Arc::clone(&member)));
        tokio::spawn(commit_regularly(Arc::clone(&member)));
        tokio::spawn(handling::watch_overdue(Arc::clone(&member)));
        Ok(Self { member })
    }

    /// The consumer group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.member.group()
    }

    /// The id of this member of the group.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.member.shared.client_id
    }

    /// The queues that this member reads now, sorted.
    #[must_use]
    pub fn queues(&self) -> Vec<MessageQueue> {
        self.member.owned_queues()
    }

    /// What is going on in each of them.
    #[must_use]
    pub fn queue_states(&self) -> Vec<QueueState> {
        let queues = self.member.queues.lock();
        let states = queues.iter().map(|(queue, owned)| {
            let cached = owned.process.cached();
            QueueState {
                queue: queue.clone(),
                cached_messages: cached.messages,
                cached_bytes: cached.bytes,
                consumed_offset: self.member.offsets.reached(queue),
                pulled_offset: cached.pulled_offset,
            }
        });
        states.collect()
    }

    /// Pulls nothing more until [`PushConsumer::resume`]; what has been pulled is still handled.
    pub fn pause(&self) {
        self.member.paused.send_replace(true);
    }

    /// Pulls again.
    pub fn resume(&self) {
        self.member.paused.send_replace(false);
    }

    /// Stops pulling, waits a little for running handlers, commits the offsets and leaves the group, so
    /// that the others take over the queues at once.
    pub async fn shutdown(&self) {
        self.member.shutdown().await;
    }
}

impl Member {
    pub(crate) async fn shutdown(&self) {
        let was_stopping = {
            // Together with `start_reading`: no queue is taken over from here on.
            let _queues = self.queues.lock();
            let was_stopping = self.stopping.is_cancelled();
            self.stopping.cancel();
            was_stopping
        };
        if was_stopping {
            return;
        }
        // With every permit in hand, no handler is running any more.
        let permits = u32::try_from(self.config.concurrency).unwrap_or(u32::MAX);
        let handlers = self.handlers.acquire_many(permits);
        let finished = tokio::time::timeout(self.config.shutdown_wait, handlers).await;
        if finished.is_err() {
            tracing::warn!(group = %self.group(), "handlers are still running at the shutdown");
        }
        self.give_up(|_, _| true).await;
        self.shared.groups.remove_consumer(self.group());
        self.shared.unregister(None, Some(self.group())).await;
        let resender = self.resender.lock().take();
        if let Some(resender) = resender {
            resender.shutdown().await;
        }
    }
}

async fn commit_regularly(member: Arc<Member>) {
    let mut ticks = tokio::time::interval(member.config.commit_interval);
    ticks.tick().await;
    loop {
        tokio::select! {
            () = member.stopping.cancelled() => return,
            _ = ticks.tick() => {}
            () = member.commit_wanted.notified() => {}
        }
        let queues = member.owned_queues();
        for (queue, error) in member.offsets.keep(&queues, Commit::Regular).await {
            member.warn(&format!("committing the offset of {queue}"), error);
        }
    }
}

/// Refuses settings that make no sense.
fn check(config: &PushConsumerConfig) -> Result<(), ClientError> {
    name::validate_group(&config.group)?;
    let refuse = |reason: &str| {
        Err(ClientError::InvalidArgument {
            reason: reason.to_owned(),
        })
    };
    if config.subscriptions.is_empty() {
        return refuse("a consumer needs at least one topic");
    }
    if config.concurrency == 0 || config.batch_max == 0 || config.pull_batch < 1 {
        return refuse("a consumer cannot handle or pull 0 messages at a time");
    }
    let intervals = [
        config.rebalance_interval,
        config.commit_interval,
        config.consume_timeout,
    ];
    if intervals.contains(&Duration::ZERO) {
        return refuse("a consumer cannot do something every 0 s");
    }
    Ok(())
}

/// Where a broadcasting consumer keeps its offsets: where a Java client of the same name would.
fn offset_file(shared: &Shared, config: &PushConsumerConfig) -> Result<PathBuf, ClientError> {
    let home = || std::env::home_dir().map(|home| home.join(".rocketmq_offsets"));
    let folder = config.offset_dir.clone().or_else(home).ok_or_else(|| {
        let reason = "there is no home folder to keep offsets in".to_owned();
        ClientError::InvalidArgument { reason }
    })?;
    let client = match &shared.config.instance_name {
        Some(_) => shared.client_id.clone(),
        None => format!("{}@{DEFAULT_INSTANCE}", shared.config.ip()),
    };
    Ok(folder.join(client).join(&config.group).join("offsets.json"))
}

#[cfg(test)]
mod tests;
