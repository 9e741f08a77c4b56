//! One pull: the request, and the messages in its answer (RocketMQ `PullAPIWrapper`).

use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::header::{PullMessageRequestHeader, PullMessageResponseHeader};
use protocol::message::{MessageExt, RecordView, records};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::FilterExpression;
use crate::ClientError;
use crate::peer::{Answer, Peer};
use crate::shared::Shared;

/// What a pull found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullStatus {
    /// There are messages, or there were and none passed the filter.
    Found,
    /// The end of the queue.
    NoNewMessage,
    /// Messages, none of which passed the broker's filter.
    NoMatchedMessage,
    /// The queue has no such offset; `next_offset` is one that it has.
    OffsetIllegal,
}

/// What a broker answered to a pull.
#[derive(Debug, Clone)]
pub struct PullResult {
    /// What was found.
    pub status: PullStatus,
    /// Where to go on.
    pub next_offset: i64,
    /// The queue's first offset.
    pub min_offset: i64,
    /// The offset that the queue's next message will get.
    pub max_offset: i64,
    /// The messages, with bodies decompressed.
    pub messages: Vec<MessageExt>,
    /// The id of the broker that the next pull should go to.
    pub(crate) suggested_broker_id: i64,
}

/// Everything that a pull says.
#[derive(Debug)]
pub(crate) struct PullCall<'a> {
    pub(crate) group: &'a str,
    pub(crate) queue: &'a MessageQueue,
    pub(crate) offset: i64,
    /// Bits of [`protocol::header::pull_sys_flag`].
    pub(crate) sys_flag: i32,
    pub(crate) commit_offset: i64,
    pub(crate) filter: &'a FilterExpression,
    /// Whether the filter travels along, for a group whose heartbeats do not name it.
    pub(crate) with_filter: bool,
    pub(crate) sub_version: i64,
    pub(crate) messages_max: i32,
    pub(crate) bytes_max: Option<i32>,
    /// How long the broker may wait for a message.
    pub(crate) suspend: Duration,
    /// How long the client waits for the broker.
    pub(crate) timeout: Duration,
}

impl PullCall<'_> {
    pub(crate) async fn send(
        &self,
        shared: &Shared,
        addr: &str,
    ) -> Result<PullResult, ClientError> {
        let header = PullMessageRequestHeader {
            consumer_group: self.group,
            topic: &self.queue.topic,
            queue_id: self.queue.queue_id,
            queue_offset: self.offset,
            max_msg_nums: self.messages_max,
            sys_flag: self.sys_flag,
            commit_offset: self.commit_offset,
            suspend_timeout_millis: i64::try_from(self.suspend.as_millis()).unwrap_or(i64::MAX),
            subscription: self.with_filter.then(|| self.filter.expression()),
            sub_version: self.sub_version,
            expression_type: Some(self.filter.kind()),
            max_msg_bytes: self.bytes_max,
        };
        let code = RequestCode::PullMessage;
        let request = RemotingCommand::request(code).with_header(&header);
        let peer = Peer::broker(&self.queue.broker_name, addr);
        let answer = shared.wire.ask(peer, code, request, self.timeout).await?;
        self.read(answer)
    }

    fn read(&self, answer: Answer<'_>) -> Result<PullResult, ClientError> {
        let status = match answer.response.response_code() {
            Some(ResponseCode::Success) => PullStatus::Found,
            Some(ResponseCode::PullNotFound) => PullStatus::NoNewMessage,
            Some(ResponseCode::PullRetryImmediately) => PullStatus::NoMatchedMessage,
            Some(ResponseCode::PullOffsetMoved) => PullStatus::OffsetIllegal,
            _ => return Err(answer.into_error()),
        };
        let header: PullMessageResponseHeader = answer.header()?;
        let mut messages = Vec::new();
        if status == PullStatus::Found {
            let delta = header.offset_delta.unwrap_or_default();
            for record in records(&answer.response.body) {
                let record = record.map_err(|error| answer.unreadable(error))?;
                self.keep(&record, delta, &answer, &mut messages)?;
            }
        }
        Ok(PullResult {
            status,
            next_offset: header.next_begin_offset,
            min_offset: header.min_offset,
            max_offset: header.max_offset,
            messages,
            suggested_broker_id: header.suggest_which_broker_id,
        })
    }

    /// Adds the messages of one record that the filter wants.
    fn keep(
        &self,
        record: &RecordView<'_>,
        delta: i64,
        answer: &Answer<'_>,
        messages: &mut Vec<MessageExt>,
    ) -> Result<(), ClientError> {
        let mut message = message_of(record, answer)?;
        message.queue_offset += delta;
        message.broker_name.clone_from(&self.queue.broker_name);
        if message.is_inner_batch() {
            let inner = message
                .inner_messages()
                .map_err(|error| answer.unreadable(error))?;
            messages.extend(
                inner
                    .into_iter()
                    .filter(|message| self.filter.wants(message.tags())),
            );
        } else if self.filter.wants(message.tags()) {
            messages.push(message);
        }
        Ok(())
    }
}

/// The message in a record, with its body decompressed. A body that this client cannot decompress
/// stays as it is: that its writer knew another compression does not make it disappear.
pub(crate) fn message_of(
    record: &RecordView<'_>,
    answer: &Answer<'_>,
) -> Result<MessageExt, ClientError> {
    if !record.check_crc() {
        let at = record.physical_offset();
        return Err(answer.unreadable(format_args!(
            "the body at commit log offset {at} is damaged"
        )));
    }
    MessageExt::from_record(record, true)
        .or_else(|_| MessageExt::from_record(record, false))
        .map_err(|error| answer.unreadable(error))
}
