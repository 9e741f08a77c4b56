//! Sharing out: who the members are, which queues are ours, and what follows from it: queues are
//! given up, with their offsets committed, and taken over, from the offset that was committed last.

use std::sync::Arc;

use protocol::body::{GetConsumerListByGroupResponseBody, MessageQueue};
use protocol::header::GetConsumerListByGroupRequestHeader;
use protocol::{RemotingCommand, RequestCode, name};
use tokio::time::Instant;

use super::config::StartFrom;
use super::event::ConsumerEvent;
use super::member::{Member, Owned};
use super::pulling;
use crate::consumer::offset_store::Commit;
use crate::consumer::process_queue::ProcessQueue;
use crate::consumer::rebalance::sort_members;
use crate::offsets::Boundary;
use crate::peer::Peer;
use crate::route::{MASTER_ID, TopicRoute};
use crate::{ClientError, concurrently};

/// For how long the retry topic, which brokers make at the first heartbeat, may be missing.
const RETRY_TOPIC_GRACE_MS: i64 = 10_000;

/// Shares out at the start, when somebody says that the group or a route has changed, and every so
/// often, until the member stops.
pub(super) async fn run(member: Arc<Member>) {
    let config = &member.config;
    loop {
        let began = Instant::now();
        let settled = tokio::select! {
            biased;
            () = member.stopping.cancelled() => return,
            settled = member.rebalance() => settled,
        };
        let pause = if settled {
            config.rebalance_interval
        } else {
            config.rebalance_gap
        };
        tokio::select! {
            () = member.stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = member.rebalance_wanted.notified() => {
                // However many changes there are, they are not answered one by one.
                tokio::time::sleep_until(began + config.rebalance_gap).await;
            }
        }
    }
}

impl Member {
    /// Shares out every topic. Says whether all is as it should be.
    async fn rebalance(self: &Arc<Self>) -> bool {
        let topics: Vec<String> = self.subscriptions.lock().keys().cloned().collect();
        let mut settled = true;
        for topic in topics {
            settled &= match self.rebalance_topic(&topic).await {
                Ok(settled) => settled,
                Err(ClientError::TopicNotFound { .. }) if name::is_retry_topic(&topic) => {
                    let age_ms = self.shared.clock.now_ms().saturating_sub(self.started_ms);
                    age_ms > RETRY_TOPIC_GRACE_MS
                }
                Err(error) => {
                    self.warn(&format!("sharing out topic {topic}"), error);
                    false
                }
            };
        }
        settled
    }

    async fn rebalance_topic(self: &Arc<Self>, topic: &str) -> Result<bool, ClientError> {
        let route = self.shared.routes.get(topic).await?;
        let queues = route.subscribe_queues();
        let own_id = &self.shared.client_id;
        if self.config.is_broadcasting() {
            return Ok(self
                .take_over(topic, queues, vec![own_id.clone()], queues.to_vec())
                .await);
        }
        let members = self.members(&route).await?;
        let is_listed = members.contains(own_id);
        if !is_listed {
            // The broker has been restarted, or has thrown us out: it must hear from us first.
            self.shared.heartbeat_all().await;
        }
        let own = self.config.strategy.allocate(own_id, queues, &members);
        let own = own.map_err(|error| ClientError::InvalidArgument {
            reason: error.to_string(),
        })?;
        Ok(self.take_over(topic, queues, members, own).await && is_listed)
    }

    /// The members of the group, from any broker of the topic.
    async fn members(&self, route: &TopicRoute) -> Result<Vec<String>, ClientError> {
        let mut brokers: Vec<_> = route.brokers().collect();
        fastrand::shuffle(&mut brokers);
        brokers.sort_by_key(|(_, id, _)| *id != MASTER_ID);
        let header = GetConsumerListByGroupRequestHeader {
            consumer_group: self.group().to_owned(),
        };
        let code = RequestCode::GetConsumerListByGroup;
        let mut failed = ClientError::NoQueue {
            topic: route.topic().to_owned(),
            reason: "no broker of it is known".to_owned(),
        };
        for (broker_name, _, addr) in brokers {
            let request = RemotingCommand::request(code).with_header(&header);
            let answer = self
                .shared
                .ask(Peer::broker(broker_name, addr), code, request)
                .await;
            let listed = answer
                .and_then(|answer| answer.body(GetConsumerListByGroupResponseBody::from_json));
            match listed {
                Ok(listed) => {
                    let mut members = listed.consumer_id_list;
                    sort_members(&mut members);
                    return Ok(members);
                }
                Err(error) => failed = error,
            }
        }
        if failed.remote_code().is_none() {
            self.shared.routes.suspect(route.topic());
        } else {
            // No broker knows of anyone: it must hear from us first.
            self.shared.heartbeat_all().await;
        }
        Err(failed)
    }

    /// Gives up what is no longer ours and takes over what is. Says whether all of it worked.
    async fn take_over(
        self: &Arc<Self>,
        topic: &str,
        queues: &[MessageQueue],
        members: Vec<String>,
        own: Vec<MessageQueue>,
    ) -> bool {
        let removed = self.give_up(|queue, owned| {
            queue.topic == topic && (!own.contains(queue) || owned.pulling.is_finished())
        });
        let removed = removed.await;
        let (added, all_work) = self.find_start(&own).await;
        if added.is_empty() && removed.is_empty() {
            return all_work;
        }
        // Brokers that hear of the subscription only after the first pull refuse that pull.
        self.announce(topic).await;
        for (queue, offset) in &added {
            self.start_reading(queue, *offset);
        }
        self.tell(|| ConsumerEvent::Allocated {
            topic: topic.to_owned(),
            members,
            queues: queues.to_vec(),
            own,
            added: added.into_iter().map(|(queue, _)| queue).collect(),
            removed,
        });
        all_work
    }

    /// The queues that are not read yet, each with the offset to begin with, and whether it was found
    /// for all of them.
    async fn find_start(
        self: &Arc<Self>,
        own: &[MessageQueue],
    ) -> (Vec<(MessageQueue, i64)>, bool) {
        let new: Vec<MessageQueue> = {
            let queues = self.queues.lock();
            let new = own.iter().filter(|queue| !queues.contains_key(*queue));
            new.cloned().collect()
        };
        let offsets = new.into_iter().map(|queue| {
            let member = Arc::clone(self);
            async move {
                let offset = member.start_offset(&queue).await;
                (queue, offset)
            }
        });
        let (mut found, mut all_work) = (Vec::new(), true);
        for (queue, offset) in concurrently::all(offsets).await {
            match offset {
                Ok(offset) => found.push((queue, offset)),
                Err(error) => {
                    all_work = false;
                    self.warn(&format!("finding where to begin in {queue}"), error);
                }
            }
        }
        (found, all_work)
    }

    /// Stops reading these queues, once their offsets are committed.
    pub(super) async fn give_up(
        &self,
        is_given_up: impl Fn(&MessageQueue, &Owned) -> bool,
    ) -> Vec<MessageQueue> {
        let given_up: Vec<MessageQueue> = {
            let queues = self.queues.lock();
            let given_up = queues
                .iter()
                .filter(|(queue, owned)| is_given_up(queue, owned));
            given_up
                .map(|(queue, owned)| {
                    // What is still being handled may finish, but counts for nothing from here on.
                    owned.process.drop_it();
                    queue.clone()
                })
                .collect()
        };
        for (queue, error) in self.offsets.keep(&given_up, Commit::Final).await {
            // A broker that has left the routes took its offsets with it; whoever finds it again goes
            // on from those.
            if !matches!(error, ClientError::QueueNotFound { .. }) {
                self.warn(&format!("committing the offset of {queue}"), error);
            }
        }
        let mut queues = self.queues.lock();
        for queue in &given_up {
            queues.remove(queue);
            self.offsets.forget(queue);
        }
        given_up
    }

    fn start_reading(self: &Arc<Self>, queue: &MessageQueue, offset: i64) {
        let process = Arc::new(ProcessQueue::new(offset, self.shared.clock.now_ms()));
        // Held across the start, so that a shutdown sees every task that was ever started.
        let mut queues = self.queues.lock();
        if self.stopping.is_cancelled() {
            return;
        }
        let pulling = pulling::run(
            Arc::clone(self),
            queue.clone(),
            Arc::clone(&process),
            offset,
        );
        let pulling = tokio::spawn(pulling).abort_handle();
        queues.insert(queue.clone(), Owned { process, pulling });
    }

    /// Tells the brokers that this subscription is newer than what they have.
    async fn announce(&self, topic: &str) {
        let now_ms = self.shared.clock.now_ms();
        let version = {
            let mut subscriptions = self.subscriptions.lock();
            let Some(wanted) = subscriptions.get_mut(topic) else {
                return;
            };
            // A clock that stands still must not make the new version look like the old one.
            wanted.data.sub_version = now_ms.max(wanted.data.sub_version + 1);
            wanted.data.sub_version
        };
        self.shared.heartbeat_all().await;
        // A broker refuses pulls of a version that it has not heard of.
        if let Some(wanted) = self.subscriptions.lock().get_mut(topic) {
            wanted.heard_version = version;
        }
    }

    /// Where to begin in a queue (RocketMQ `computePullFromWhereWithException`).
    async fn start_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        if let Some(kept) = self.offsets.load(queue).await? {
            return Ok(kept);
        }
        let is_retry = name::is_retry_topic(&queue.topic);
        match self.config.start {
            StartFrom::LastOffset if is_retry => Ok(0),
            StartFrom::LastOffset => self.shared.max_offset(queue).await,
            // Where the queue begins later, the broker says so at the first pull.
            StartFrom::FirstOffset => Ok(0),
            StartFrom::Timestamp(_) if is_retry => self.shared.max_offset(queue).await,
            StartFrom::Timestamp(at_ms) => {
                self.shared
                    .search_offset(queue, at_ms, Boundary::Lower)
                    .await
            }
        }
    }
}
