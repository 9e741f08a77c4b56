//! What brokers know of a queue's offsets and of a group's place in it: the calls that consumers and
//! administration share.

use protocol::body::MessageQueue;
use protocol::codec::{ReadHeader, WriteHeader};
use protocol::header::{
    GetEarliestMsgStoretimeRequestHeader, GetEarliestMsgStoretimeResponseHeader,
    GetMaxOffsetRequestHeader, GetMaxOffsetResponseHeader, GetMinOffsetRequestHeader,
    GetMinOffsetResponseHeader, QueryConsumerOffsetRequestHeader,
    QueryConsumerOffsetResponseHeader, SearchOffsetRequestHeader, SearchOffsetResponseHeader,
    UpdateConsumerOffsetRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::ClientError;
use crate::peer::Peer;
use crate::route::MASTER_ID;
use crate::shared::Shared;

/// Which message a time stands for when several were stored in that millisecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Boundary {
    /// The first of them.
    #[default]
    Lower,
    /// The last of them.
    Upper,
}

impl Boundary {
    const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
        }
    }
}

impl Shared {
    /// Where a queue is read: the address, and the id of the broker that has it.
    pub(crate) async fn read_addr(
        &self,
        queue: &MessageQueue,
        wanted_id: i64,
    ) -> Result<(String, i64), ClientError> {
        let mut known = 0;
        // The broker may be newer than the route.
        for _ in 0..2 {
            let route = self.routes.get(&queue.topic).await?;
            if let Some((addr, id)) = route.read_addr(&queue.broker_name, wanted_id) {
                return Ok((addr.to_owned(), id));
            }
            known = route.subscribe_queues().len();
            self.routes.suspect(&queue.topic);
        }
        Err(ClientError::QueueNotFound {
            queue: queue.clone(),
            known,
        })
    }

    /// The address of the master of a queue: it is the one that knows its offsets.
    async fn master_addr(&self, queue: &MessageQueue) -> Result<String, ClientError> {
        let (addr, _) = self.read_addr(queue, MASTER_ID).await?;
        Ok(addr)
    }

    pub(crate) async fn min_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        let header = GetMinOffsetRequestHeader {
            topic: queue.topic.clone(),
            queue_id: queue.queue_id,
        };
        let answer: GetMinOffsetResponseHeader = self
            .ask_queue(queue, RequestCode::GetMinOffset, &header)
            .await?;
        Ok(answer.offset)
    }

    pub(crate) async fn max_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        let header = GetMaxOffsetRequestHeader {
            topic: queue.topic.clone(),
            queue_id: queue.queue_id,
            committed: None,
        };
        let answer: GetMaxOffsetResponseHeader = self
            .ask_queue(queue, RequestCode::GetMaxOffset, &header)
            .await?;
        Ok(answer.offset)
    }

    pub(crate) async fn search_offset(
        &self,
        queue: &MessageQueue,
        timestamp_ms: i64,
        boundary: Boundary,
    ) -> Result<i64, ClientError> {
        let header = SearchOffsetRequestHeader {
            topic: queue.topic.clone(),
            queue_id: queue.queue_id,
            timestamp: timestamp_ms,
            boundary_type: Some(boundary.name().to_owned()),
        };
        let answer: SearchOffsetResponseHeader = self
            .ask_queue(queue, RequestCode::SearchOffsetByTimestamp, &header)
            .await?;
        Ok(answer.offset)
    }

    pub(crate) async fn earliest_store_time(
        &self,
        queue: &MessageQueue,
    ) -> Result<i64, ClientError> {
        let header = GetEarliestMsgStoretimeRequestHeader {
            topic: queue.topic.clone(),
            queue_id: queue.queue_id,
        };
        let answer: GetEarliestMsgStoretimeResponseHeader = self
            .ask_queue(queue, RequestCode::GetEarliestMsgStoretime, &header)
            .await?;
        Ok(answer.timestamp)
    }

    pub(crate) async fn committed_offset(
        &self,
        group: &str,
        queue: &MessageQueue,
    ) -> Result<Option<i64>, ClientError> {
        let header = QueryConsumerOffsetRequestHeader {
            consumer_group: group.to_owned(),
            topic: queue.topic.clone(),
            queue_id: queue.queue_id,
            set_zero_if_not_found: None,
        };
        let code = RequestCode::QueryConsumerOffset;
        let addr = self.master_addr(queue).await?;
        let request = RemotingCommand::request(code).with_header(&header);
        let peer = Peer::broker(&queue.broker_name, &addr);
        let answer = self.wire.ask(peer, code, request, self.timeout()).await?;
        if answer.is(ResponseCode::QueryNotFound) {
            return Ok(None);
        }
        let answer: QueryConsumerOffsetResponseHeader = answer.success()?.header()?;
        Ok(Some(answer.offset))
    }

    pub(crate) async fn commit_offset(
        &self,
        group: &str,
        queue: &MessageQueue,
        offset: i64,
    ) -> Result<(), ClientError> {
        let addr = self.master_addr(queue).await?;
        let request = commit_request(group, queue, offset);
        let peer = Peer::broker(&queue.broker_name, &addr);
        self.ask(peer, RequestCode::UpdateConsumerOffset, request)
            .await
            .map(drop)
    }

    /// The same without waiting for an answer, as the regular commits of a consumer are.
    pub(crate) async fn commit_offset_oneway(
        &self,
        group: &str,
        queue: &MessageQueue,
        offset: i64,
    ) -> Result<(), ClientError> {
        let addr = self.master_addr(queue).await?;
        let request = commit_request(group, queue, offset);
        self.wire
            .tell(Peer::broker(&queue.broker_name, &addr), request)
            .await
    }

    async fn ask_queue<H: ReadHeader>(
        &self,
        queue: &MessageQueue,
        code: RequestCode,
        header: &impl WriteHeader,
    ) -> Result<H, ClientError> {
        let addr = self.master_addr(queue).await?;
        let request = RemotingCommand::request(code).with_header(header);
        self.ask(Peer::broker(&queue.broker_name, &addr), code, request)
            .await?
            .header()
    }
}

fn commit_request(group: &str, queue: &MessageQueue, offset: i64) -> RemotingCommand {
    let header = UpdateConsumerOffsetRequestHeader {
        consumer_group: group.to_owned(),
        topic: queue.topic.clone(),
        queue_id: queue.queue_id,
        commit_offset: offset,
    };
    RemotingCommand::request(RequestCode::UpdateConsumerOffset).with_header(&header)
}
