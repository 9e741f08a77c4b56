//! Requests to one broker, as producers and consumers of any make send them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clock::SystemClock;
use protocol::header::{
    PullMessageRequestHeader, PullMessageResponseHeader, QueryConsumerOffsetRequestHeader,
    QueryConsumerOffsetResponseHeader, SendMessageRequestHeader, UpdateConsumerOffsetRequestHeader,
};
use protocol::message::records;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Client, ClientConfig, InvokeError, NoRequests};

use super::ledger::{GROUP, Line, QUEUES, TOPIC};

const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// One connection.
#[derive(Clone)]
pub(super) struct Asking {
    client: Client,
    broker: String,
}

/// A message as it is stored.
pub(super) struct Stored {
    pub(super) queue_offset: i64,
    pub(super) physical_offset: i64,
    pub(super) stored_ms: i64,
    pub(super) body: Bytes,
}

impl Asking {
    pub(super) fn new(broker: SocketAddr) -> Self {
        let nobody_asks_us = Arc::new(NoRequests);
        Self {
            client: Client::new(
                ClientConfig::default(),
                SystemClock::shared(),
                nobody_asks_us,
            ),
            broker: broker.to_string(),
        }
    }

    pub(super) async fn ask(
        &self,
        request: RemotingCommand,
    ) -> Result<RemotingCommand, InvokeError> {
        self.client
            .invoke(&self.broker, request, ANSWERED_WITHIN)
            .await
    }

    pub(super) async fn end(self) {
        self.client.shutdown().await;
    }

    /// The messages of a queue from an offset on, and the offset after them; `None` at its end.
    pub(super) async fn pull(
        &self,
        (topic, queue_id): Line,
        offset: i64,
        wait: Duration,
    ) -> Result<Option<(Vec<Stored>, i64)>, InvokeError> {
        use protocol::header::pull_sys_flag::{SUBSCRIPTION, SUSPEND};
        let suspend = if wait.is_zero() { 0 } else { SUSPEND };
        let header = PullMessageRequestHeader {
            consumer_group: GROUP,
            topic,
            queue_id,
            queue_offset: offset,
            max_msg_nums: 32,
            sys_flag: SUBSCRIPTION | suspend,
            commit_offset: 0,
            suspend_timeout_millis: i64::try_from(wait.as_millis()).unwrap(),
            subscription: Some("*"),
            sub_version: 0,
            expression_type: None,
            max_msg_bytes: None,
        };
        let request = RemotingCommand::request(RequestCode::PullMessage).with_header(&header);
        let answer = self.ask(request).await?;
        if answer.response_code() != Some(ResponseCode::Success) {
            return Ok(None);
        }
        let header: PullMessageResponseHeader = answer.header().unwrap();
        let stored = records(&answer.body).map(|record| {
            let record = record.unwrap();
            assert!(record.check_crc(), "the body's checksum holds");
            Stored {
                queue_offset: record.queue_offset(),
                physical_offset: record.physical_offset(),
                stored_ms: record.store_timestamp(),
                body: Bytes::copy_from_slice(record.body()),
            }
        });
        Ok(Some((stored.collect(), header.next_begin_offset)))
    }

    /// Where the group is in a queue; `None` before its first commit.
    pub(super) async fn committed(&self, queue_id: i32) -> Result<Option<i64>, InvokeError> {
        let header = QueryConsumerOffsetRequestHeader {
            consumer_group: GROUP.to_owned(),
            topic: TOPIC.to_owned(),
            queue_id,
            set_zero_if_not_found: Some(false),
        };
        let request =
            RemotingCommand::request(RequestCode::QueryConsumerOffset).with_header(&header);
        let answer = self.ask(request).await?;
        if answer.response_code() == Some(ResponseCode::QueryNotFound) {
            return Ok(None);
        }
        assert!(answer.is_success(), "{answer:?}");
        let header: QueryConsumerOffsetResponseHeader = answer.header().unwrap();
        Ok(Some(header.offset))
    }

    /// Commits an offset and waits until the broker has it.
    pub(super) async fn commit(&self, queue_id: i32, offset: i64) -> Result<(), InvokeError> {
        let header = UpdateConsumerOffsetRequestHeader {
            consumer_group: GROUP.to_owned(),
            topic: TOPIC.to_owned(),
            queue_id,
            commit_offset: offset,
        };
        let request =
            RemotingCommand::request(RequestCode::UpdateConsumerOffset).with_header(&header);
        let answer = self.ask(request).await?;
        assert!(answer.is_success(), "{answer:?}");
        Ok(())
    }
}

/// A request that sends `body`.
pub(super) fn send(
    code: RequestCode,
    (topic, queue_id): Line,
    properties: &str,
    body: Bytes,
) -> RemotingCommand {
    let header = SendMessageRequestHeader {
        producer_group: "producers",
        topic,
        default_topic: "TBW102",
        default_topic_queue_nums: QUEUES,
        queue_id,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        flag: 0,
        properties,
        reconsume_times: 0,
        unit_mode: false,
        max_reconsume_times: None,
        batch: code == RequestCode::SendBatchMessage,
    };
    RemotingCommand::request(code)
        .with_header(&header)
        .with_body(body)
}
