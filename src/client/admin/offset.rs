//! The offsets of queues and groups, and moving a group.

use protocol::body::{MessageQueue, ResetOffsetBody};
use protocol::header::{CloneGroupOffsetRequestHeader, ResetOffsetRequestHeader};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{Admin, BrokerNode, cluster, fan_out};
use crate::peer::Peer;
use crate::route::TopicRoute;
use crate::{Boundary, ClientError, Partial, concurrently};

/// What RocketMQ takes for "the end of the queue" where a time is expected.
pub(super) const END_TIMESTAMP: i64 = -1;

/// Where a group is moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetTo {
    /// The first message that was stored at this time or later, in ms since the epoch.
    Timestamp(i64),
    /// Behind the last message.
    End,
    /// The first message that is still there.
    Start,
    /// An offset.
    Offset(i64),
}

/// Which group is moved, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetOffset {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The queue of this number on each broker; `None` for all queues.
    pub queue_id: Option<i32>,
    /// Where to.
    pub to: ResetTo,
    /// Whether to move back, too, where brokers distinguish.
    pub force: bool,
}

impl Admin {
    /// The first offset of a queue that is still there.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn min_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.shared.min_offset(queue).await
    }

    /// The offset that the next message of a queue will get.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn max_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.shared.max_offset(queue).await
    }

    /// The offset of the message that was stored at a time, in ms since the epoch.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn search_offset(
        &self,
        queue: &MessageQueue,
        timestamp_ms: i64,
        boundary: Boundary,
    ) -> Result<i64, ClientError> {
        self.shared
            .search_offset(queue, timestamp_ms, boundary)
            .await
    }

    /// When the first message of a queue was stored, in ms since the epoch; -1 if there is none.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn earliest_store_time(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.shared.earliest_store_time(queue).await
    }

    /// How far a group has come in a queue; `None` if it never was there.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn committed_offset(
        &self,
        group: &str,
        queue: &MessageQueue,
    ) -> Result<Option<i64>, ClientError> {
        self.shared.committed_offset(group, queue).await
    }

    /// Sets the offset of a group in a queue. Members that are running go on from where they are and
    /// overwrite it; to move them too, there is [`Admin::reset_offset`].
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn update_offset(
        &self,
        group: &str,
        queue: &MessageQueue,
        offset: i64,
    ) -> Result<(), ClientError> {
        self.shared.commit_offset(group, queue, offset).await
    }

    /// Moves a group, with its members if any are running. The items are the queues with their new
    /// offsets, sorted.
    ///
    /// # Errors
    /// No route.
    pub async fn reset_offset(
        &self,
        reset: &ResetOffset,
    ) -> Result<Partial<(MessageQueue, i64)>, ClientError> {
        let data = self.shared.routes.fetch(&reset.topic).await?;
        let route = TopicRoute::new(&reset.topic, data);
        let brokers = cluster::one_of_each(route.data())
            .into_iter()
            .map(|broker| {
                let is_its_own = |queue: &&MessageQueue| queue.broker_name == broker.name;
                let queues = route
                    .subscribe_queues()
                    .iter()
                    .filter(is_its_own)
                    .cloned()
                    .collect();
                let (admin, reset) = (self.clone(), reset.clone());
                async move {
                    let moved = admin.reset_on(&broker, &reset, queues).await;
                    moved.map_err(|error| (broker.addr, error))
                }
            });
        let moved = fan_out::split(concurrently::all(brokers).await);
        Ok(moved.map_items(|moved| {
            let mut moved: Vec<_> = moved.into_iter().flatten().collect();
            moved.sort();
            moved
        }))
    }

    /// Moves the group on one broker, which has these queues of the topic.
    async fn reset_on(
        &self,
        broker: &BrokerNode,
        reset: &ResetOffset,
        queues: Vec<MessageQueue>,
    ) -> Result<Vec<(MessageQueue, i64)>, ClientError> {
        let wanted = |queue: &MessageQueue| reset.queue_id.is_none_or(|id| id == queue.queue_id);
        let queues: Vec<MessageQueue> = queues.into_iter().filter(wanted).collect();
        let (timestamp, offset) = match reset.to {
            ResetTo::Timestamp(at_ms) => (at_ms, None),
            ResetTo::End => (END_TIMESTAMP, None),
            ResetTo::Start => (0, None),
            ResetTo::Offset(offset) => (0, Some(offset)),
        };
        // An offset is for one queue, so that all queues take as many requests.
        let ids: Vec<Option<i32>> = match (offset, reset.queue_id) {
            (None, None) => vec![None],
            _ => queues.iter().map(|queue| Some(queue.queue_id)).collect(),
        };
        let mut moved = Vec::new();
        for queue_id in ids {
            let header = ResetOffsetRequestHeader {
                group: reset.group.clone(),
                topic: reset.topic.clone(),
                queue_id: Some(queue_id.unwrap_or(-1)),
                // Below 0 stands for none, and every version reads it so.
                offset: Some(offset.unwrap_or(-1)),
                timestamp,
                is_force: reset.force,
            };
            let code = RequestCode::InvokeBrokerToResetOffset;
            let request = RemotingCommand::request(code).with_header(&header);
            let peer = Peer::broker(&broker.name, &broker.addr);
            match self.shared.ask(peer, code, request).await {
                Ok(answer) => moved.extend(answer.body(ResetOffsetBody::from_json)?.offset_table),
                // A broker that leaves it to the members to move, while none is running.
                Err(error) if error.response_code() == Some(ResponseCode::ConsumerNotOnline) => {
                    return self.reset_offline(reset, queues).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    }

    /// Moves a group that has no members, queue by queue.
    async fn reset_offline(
        &self,
        reset: &ResetOffset,
        queues: Vec<MessageQueue>,
    ) -> Result<Vec<(MessageQueue, i64)>, ClientError> {
        let mut moved = Vec::with_capacity(queues.len());
        for queue in queues {
            let offset = match reset.to {
                ResetTo::Timestamp(at_ms) => {
                    self.shared
                        .search_offset(&queue, at_ms, Boundary::Lower)
                        .await?
                }
                ResetTo::End => self.shared.max_offset(&queue).await?,
                ResetTo::Start => self.shared.min_offset(&queue).await?,
                ResetTo::Offset(offset) => offset,
            };
            self.shared
                .commit_offset(&reset.group, &queue, offset)
                .await?;
            moved.push((queue, offset));
        }
        Ok(moved)
    }

    /// Gives one group the offsets of another, in one topic or in all.
    ///
    /// # Errors
    /// No name server.
    pub async fn clone_offsets(
        &self,
        from: &str,
        to: &str,
        topic: Option<&str>,
        offline: bool,
    ) -> Result<Partial<BrokerNode>, ClientError> {
        let code = RequestCode::CloneGroupOffset;
        let header = CloneGroupOffsetRequestHeader {
            src_group: from.to_owned(),
            dest_group: to.to_owned(),
            topic: topic.map(str::to_owned),
            offline: Some(offline),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_group(from).await?;
        Ok(self.tell_each(nodes, code, &request).await)
    }
}
