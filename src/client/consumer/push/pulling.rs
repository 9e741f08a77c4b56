//! The loop that reads one queue: pull, hand the messages over, pull on (RocketMQ
//! `DefaultMQPushConsumerImpl.pullMessage`).

use std::sync::Arc;
use std::time::Duration;

use protocol::ResponseCode;
use protocol::body::MessageQueue;
use protocol::header::pull_sys_flag::{COMMIT_OFFSET, SUSPEND};
use protocol::message::{MessageExt, property};
use protocol::name;

use super::event::ConsumerEvent;
use super::handling;
use super::member::Member;
use crate::ClientError;
use crate::consumer::offset_store::Commit;
use crate::consumer::process_queue::ProcessQueue;
use crate::consumer::pull_call::{PullCall, PullResult, PullStatus};
use crate::route::MASTER_ID;

/// How much longer the client waits for an answer than the broker for a message.
const ANSWER_GRACE: Duration = Duration::from_secs(15);

/// How soon a broker that asked for patience is asked again.
const FLOW_CONTROL_DELAY: Duration = Duration::from_millis(20);

/// Reads until the queue is given up or the member stops.
pub(super) async fn run(
    member: Arc<Member>,
    queue: MessageQueue,
    process: Arc<ProcessQueue>,
    start_offset: i64,
) {
    let reader = Reader {
        member: &member,
        queue: &queue,
        process: &process,
    };
    tokio::select! {
        () = process.dropped() => {}
        () = member.stopping.cancelled() => {}
        () = reader.read(start_offset) => {}
    }
}

struct Reader<'a> {
    member: &'a Arc<Member>,
    queue: &'a MessageQueue,
    process: &'a Arc<ProcessQueue>,
}

impl Reader<'_> {
    /// Comes to an end by itself only when the broker says that the offset is wrong.
    async fn read(&self, start_offset: i64) {
        let mut next_offset = start_offset;
        let mut broker_id = MASTER_ID;
        loop {
            self.wait_until_wanted().await;
            match self.pull(next_offset, broker_id).await {
                Ok(result) if result.status == PullStatus::OffsetIllegal => {
                    return self.correct(next_offset, result.next_offset).await;
                }
                Ok(result) => {
                    broker_id = result.suggested_broker_id;
                    next_offset = result.next_offset;
                    self.take(result);
                }
                Err(error) => {
                    broker_id = MASTER_ID;
                    self.after(error).await;
                }
            }
        }
    }

    async fn wait_until_wanted(&self) {
        let mut paused = self.member.paused.subscribe();
        // The sender lives as long as the member does, so that this cannot fail.
        drop(paused.wait_for(|paused| !*paused).await);
        self.process
            .wait_for_room(self.member.config.cache_limits())
            .await;
    }

    async fn pull(&self, offset: i64, broker_id: i64) -> Result<PullResult, ClientError> {
        let Member {
            shared,
            config,
            offsets,
            ..
        } = &**self.member;
        let wanted = self
            .member
            .subscription(&self.queue.topic)
            .ok_or(ClientError::ShutDown)?;
        let (addr, broker_id) = shared.read_addr(self.queue, broker_id).await?;
        let reached = offsets.reached(self.queue).filter(|offset| *offset > 0);
        // Only a master keeps offsets, and only those of a group that shares its queues.
        let may_commit = broker_id == MASTER_ID && !config.is_broadcasting();
        let commit = reached.filter(|_| may_commit);
        let call = PullCall {
            group: &config.group,
            queue: self.queue,
            offset,
            sys_flag: SUSPEND | commit.map_or(0, |_| COMMIT_OFFSET),
            commit_offset: commit.unwrap_or_default(),
            filter: &wanted.filter,
            with_filter: false,
            sub_version: wanted.heard_version,
            messages_max: config.pull_batch,
            bytes_max: config.pull_bytes,
            suspend: config.pull_suspend,
            timeout: config.pull_suspend + ANSWER_GRACE,
        };
        self.process.pull_begins(shared.clock.now_ms());
        let started = shared.clock.elapsed();
        let result = call.send(shared, &addr).await?;
        if !result.messages.is_empty() {
            let now = shared.clock.elapsed();
            let rt = now.saturating_sub(started);
            self.member
                .stats
                .pulled(&self.queue.topic, result.messages.len(), rt, now);
        }
        Ok(result)
    }

    /// Hands over what a pull brought.
    fn take(&self, result: PullResult) {
        let is_retry = name::is_retry_topic(&self.queue.topic);
        let messages: Vec<Arc<MessageExt>> = result
            .messages
            .into_iter()
            .map(|message| {
                if is_retry {
                    as_first_sent(message)
                } else {
                    message
                }
            })
            .map(Arc::new)
            .collect();
        self.process.put(&messages, result.next_offset);
        if messages.is_empty() && self.process.cached().messages == 0 {
            // Nothing of all this is wanted: the group has come so far without consuming anything.
            self.member.offsets.advance(self.queue, result.next_offset);
        }
        handling::submit(self.member, self.queue, self.process, &messages);
    }

    /// The queue has no such offset. Whoever takes it over next begins at one that it has.
    async fn correct(&self, requested: i64, corrected: i64) {
        let Self { member, queue, .. } = self;
        member.tell(|| ConsumerEvent::OffsetIllegal {
            queue: (*queue).clone(),
            requested,
            corrected,
        });
        let (member, queue) = (Arc::clone(member), (*queue).clone());
        // Not on this task, which ends as soon as the queue is dropped.
        tokio::spawn(async move { member.move_to(&queue, corrected).await });
        std::future::pending::<()>().await;
    }

    /// Decides how long to wait after a pull that failed.
    async fn after(&self, error: ClientError) {
        let shared = &self.member.shared;
        let delay = match error.response_code() {
            Some(ResponseCode::FlowControl) => FLOW_CONTROL_DELAY,
            _ => self.member.config.pull_error_delay,
        };
        match error.response_code() {
            // The broker has been restarted and does not know us yet.
            Some(
                ResponseCode::SubscriptionNotExist
                | ResponseCode::SubscriptionNotLatest
                | ResponseCode::SubscriptionGroupNotExist,
            ) => shared.heartbeat_all().await,
            Some(_) => {}
            None => shared.routes.suspect(&self.queue.topic),
        }
        tracing::debug!(queue = %self.queue, %error, "a pull failed");
        self.member.tell(|| ConsumerEvent::PullFailed {
            queue: self.queue.clone(),
            error,
        });
        tokio::time::sleep(delay).await;
    }
}

/// A retry shows the topic that it was sent to at first.
pub(super) fn as_first_sent(mut message: MessageExt) -> MessageExt {
    if let Some(topic) = message.properties.get(property::RETRY_TOPIC) {
        message.topic = topic.to_owned();
    }
    message
}

impl Member {
    /// Gives a queue up and keeps `offset` as the place to go on from.
    pub(super) async fn move_to(&self, queue: &MessageQueue, offset: i64) {
        let Some(process) = self.process_of(queue) else {
            return;
        };
        process.drop_it();
        self.offsets.set(queue, offset);
        for (queue, error) in self
            .offsets
            .keep(std::slice::from_ref(queue), Commit::Final)
            .await
        {
            self.warn(&format!("committing the offset of {queue}"), error);
        }
        self.queues.lock().remove(queue);
        self.offsets.forget(queue);
        self.rebalance_soon();
    }
}
