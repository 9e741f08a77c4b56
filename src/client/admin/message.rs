//! Finding stored messages: by where they are, by key, by queue entry.

use std::time::Duration;

use protocol::body::{ConsumeMessageDirectlyResult, MessageQueue, QueryConsumeQueueResponseBody};
use protocol::header::{
    ConsumeMessageDirectlyResultRequestHeader, QueryConsumeQueueRequestHeader,
    QueryMessageRequestHeader, ViewMessageRequestHeader,
};
use protocol::message::{MessageExt, OffsetMsgId, UniqueKey, property, records};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{Admin, BrokerNode};
use crate::consumer::pull_call::message_of;
use crate::peer::{Answer, Peer};
use crate::shared::month_of;
use crate::{ClientError, Partial, concurrently};

/// Tells a broker that the key is a client's message id.
const UNIQUE_KEY_QUERY: &str = "_UNIQUE_KEY_QUERY";

/// How far the clock of a producer may have been ahead of the broker's.
const CLOCK_SKEW_MS: i64 = 1_000;

/// Searching an index may read many files.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(15);

/// By what a message is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryBy {
    /// One of its keys.
    Key(String),
    /// The id that its producer gave it.
    UniqueKey(String),
}

/// Which messages are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageQuery {
    /// Their topic.
    pub topic: String,
    /// What they have in common.
    pub by: QueryBy,
    /// Stored at this time or later, in ms since the epoch.
    pub begin_ms: i64,
    /// Stored at this time or earlier, in ms since the epoch.
    pub end_ms: i64,
    /// The most messages of one broker.
    pub max: i32,
}

impl MessageQuery {
    /// Messages with a key, whenever they were stored.
    #[must_use]
    pub fn by_key(topic: impl Into<String>, key: impl Into<String>) -> Self {
        Self::new(topic.into(), QueryBy::Key(key.into()))
    }

    /// The message with an id that its producer gave it.
    #[must_use]
    pub fn by_unique_key(topic: impl Into<String>, key: impl Into<String>) -> Self {
        Self::new(topic.into(), QueryBy::UniqueKey(key.into()))
    }

    const fn new(topic: String, by: QueryBy) -> Self {
        Self {
            topic,
            by,
            begin_ms: 0,
            end_ms: i64::MAX,
            max: 64,
        }
    }

    /// Brokers compare hashes, so that what they found may be something else.
    fn matches(&self, message: &MessageExt) -> bool {
        match &self.by {
            QueryBy::Key(key) => message.keys().contains(&key.as_str()),
            QueryBy::UniqueKey(key) => {
                message.properties.get(property::UNIQUE_KEY) == Some(key.as_str())
            }
        }
    }

    /// From when on the index is searched: an id says when it was made.
    fn search_from(&self, now_ms: i64) -> i64 {
        match &self.by {
            QueryBy::UniqueKey(key) if self.begin_ms == 0 => {
                key.parse::<UniqueKey>().map_or(0, |key| {
                    key.born_ms(now_ms, month_of).saturating_sub(CLOCK_SKEW_MS)
                })
            }
            _ => self.begin_ms,
        }
    }

    fn request(&self, now_ms: i64) -> RemotingCommand {
        let (QueryBy::Key(key) | QueryBy::UniqueKey(key)) = &self.by;
        let header = QueryMessageRequestHeader {
            topic: self.topic.clone(),
            key: key.clone(),
            max_num: self.max,
            begin_timestamp: self.search_from(now_ms),
            end_timestamp: self.end_ms,
        };
        let is_unique = matches!(self.by, QueryBy::UniqueKey(_));
        RemotingCommand::request(RequestCode::QueryMessage)
            .with_header(&header)
            .with_field(UNIQUE_KEY_QUERY, &is_unique.to_string())
    }
}

impl Admin {
    /// The message that an offset message id points at.
    ///
    /// # Errors
    /// A text that is no such id, a broker that does not answer, or nothing there.
    pub async fn view_message(&self, offset_msg_id: &str) -> Result<MessageExt, ClientError> {
        let id: OffsetMsgId =
            offset_msg_id
                .trim()
                .parse()
                .map_err(|error| ClientError::InvalidArgument {
                    reason: format!("{offset_msg_id}: {error}"),
                })?;
        let addr = id.host.to_string();
        self.view_message_at(&addr, None, id.physical_offset).await
    }

    /// The message at a place in the commit log of a broker.
    ///
    /// # Errors
    /// A broker that does not answer, or nothing there.
    pub async fn view_message_at(
        &self,
        addr: &str,
        topic: Option<&str>,
        physical_offset: i64,
    ) -> Result<MessageExt, ClientError> {
        let code = RequestCode::ViewMessageById;
        let header = ViewMessageRequestHeader {
            topic: topic.map(str::to_owned),
            offset: physical_offset,
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let peer = Peer::broker_at(addr);
        let answer = self
            .shared
            .wire
            .ask(peer, code, request, self.shared.timeout())
            .await?;
        let nothing = || ClientError::NotFound {
            what: format!("a message at commit log offset {physical_offset} of broker {addr}"),
        };
        // RocketMQ has no code of its own for it.
        let remark = answer.response.remark.as_deref().unwrap_or_default();
        if answer.is(ResponseCode::SystemError) && remark.starts_with("can not find message") {
            return Err(nothing());
        }
        let mut message = read_all(answer.success()?)?
            .into_iter()
            .next()
            .ok_or_else(nothing)?;
        if let Ok(brokers) = self.brokers().await
            && let Some(broker) = brokers.into_iter().find(|broker| broker.addr == addr)
        {
            message.broker_name = broker.name;
        }
        Ok(message)
    }

    /// The messages that a query asks for, from all brokers of the topic, oldest first.
    ///
    /// # Errors
    /// No route.
    pub async fn find_messages(
        &self,
        query: &MessageQuery,
    ) -> Result<Partial<MessageExt>, ClientError> {
        let request = query.request(self.shared.clock.now_ms());
        let nodes = self.nodes_of_topic(&query.topic).await?;
        let asked = nodes.into_iter().map(|broker| {
            let (admin, request) = (self.clone(), request.clone());
            async move {
                let found = admin.search(&broker, request).await;
                found.map_err(|error| (broker.addr, error))
            }
        });
        let found = super::fan_out::split(concurrently::all(asked).await);
        Ok(found.map_items(|found| {
            let mut messages: Vec<MessageExt> = found
                .into_iter()
                .flatten()
                .filter(|message| query.matches(message))
                .collect();
            messages.sort_by_key(|message| (message.store_timestamp, message.physical_offset));
            messages
        }))
    }

    async fn search(
        &self,
        broker: &BrokerNode,
        request: RemotingCommand,
    ) -> Result<Vec<MessageExt>, ClientError> {
        let peer = Peer::broker(&broker.name, &broker.addr);
        let code = RequestCode::QueryMessage;
        let answer = self
            .shared
            .wire
            .ask(peer, code, request, SEARCH_TIMEOUT)
            .await?;
        if answer.is(ResponseCode::QueryNotFound) {
            return Ok(Vec::new());
        }
        let mut messages = read_all(answer.success()?)?;
        for message in &mut messages {
            message.broker_name.clone_from(&broker.name);
        }
        Ok(messages)
    }

    /// Entries of a queue from `index` on, with what a group's filter makes of them.
    ///
    /// # Errors
    /// A broker's no.
    pub async fn consume_queue(
        &self,
        addr: &str,
        queue: &MessageQueue,
        index: i64,
        count: i32,
        group: Option<&str>,
    ) -> Result<QueryConsumeQueueResponseBody, ClientError> {
        let code = RequestCode::QueryConsumeQueue;
        let header = QueryConsumeQueueRequestHeader {
            topic: Some(queue.topic.clone()),
            queue_id: Some(queue.queue_id),
            index: Some(index),
            count: Some(count),
            consumer_group: group.map(str::to_owned),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        self.ask(addr, code, request)
            .await?
            .body(QueryConsumeQueueResponseBody::from_json)
    }

    /// Has one member of a group consume one message now, and says how that went. No offset moves.
    ///
    /// # Errors
    /// The broker does not have the message, or the member does not answer.
    pub async fn consume_directly(
        &self,
        group: &str,
        client_id: &str,
        message: &MessageExt,
    ) -> Result<ConsumeMessageDirectlyResult, ClientError> {
        let code = RequestCode::ConsumeMessageDirectly;
        let header = ConsumeMessageDirectlyResultRequestHeader {
            consumer_group: group.to_owned(),
            client_id: Some(client_id.to_owned()),
            msg_id: Some(message.offset_msg_id()),
            broker_name: Some(message.broker_name.clone()),
            topic: Some(message.topic.clone()),
            ..ConsumeMessageDirectlyResultRequestHeader::default()
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let addr = message.store_host.to_string();
        let peer = Peer::broker_at(&addr);
        let answer = self
            .shared
            .wire
            .ask(peer, code, request, SEARCH_TIMEOUT)
            .await?
            .success()?;
        answer.body(ConsumeMessageDirectlyResult::from_json)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "takes what `Answer::success` gives"
)]
fn read_all(answer: Answer<'_>) -> Result<Vec<MessageExt>, ClientError> {
    let record = |record| match record {
        Ok(record) => message_of(&record, &answer),
        Err(error) => Err(answer.unreadable(error)),
    };
    records(&answer.response.body).map(record).collect()
}
