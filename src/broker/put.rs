//! How every message enters the store: stamps, delay levels, and what a refusal is called.
//!
//! Sends, messages sent back and messages whose delay is over all come through here. Nothing is
//! allocated for a message: records are encoded into a buffer that the thread keeps.

pub(crate) mod properties;

use std::net::SocketAddr;
use std::sync::Arc;

use protocol::ResponseCode;
use protocol::message::{EncodeError, RecordParts, encode_record, property};
use protocol::name;
use store::{PutError, PutOutcome, Queue, QueueError};

use crate::broker::BrokerContext;
use crate::scratch;
use crate::topic_config::TopicEntry;
use properties::PropertyFacts;

/// A message on its way into the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PutRequest<'a> {
    pub(crate) topic: &'a Arc<TopicEntry>,
    pub(crate) queue_id: i32,
    pub(crate) sys_flag: i32,
    pub(crate) flag: i32,
    pub(crate) born_timestamp: i64,
    pub(crate) born_host: SocketAddr,
    /// The properties text as it is to be stored; a delay level in it is obeyed.
    pub(crate) properties: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) reconsume_times: i32,
    pub(crate) prepared_transaction_offset: i64,
}

/// Why a message is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutFailure {
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] PutError),
    /// The store has no such queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// It does not fit into a record.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It asks for something that this broker cannot do.
    #[error("accurate timer message is not enabled, timerWheelEnable is false")]
    Timer,
    /// The body is larger than `maxMessageSize`.
    #[error("message body of {size} bytes")]
    BodyTooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The topic for delayed messages was deleted.
    #[error("topic[{}] not exist", name::SCHEDULE_TOPIC)]
    NoScheduleTopic,
}

impl PutFailure {
    /// The response code that RocketMQ gives it.
    pub(crate) fn response_code(&self) -> ResponseCode {
        match self {
            Self::Store(
                PutError::IllegalRecord(_)
                | PutError::MessageTooLarge { .. }
                | PutError::WrongQueue { .. }
                | PutError::BatchCount { .. },
            )
            | Self::Encode(_)
            | Self::BodyTooLarge { .. } => ResponseCode::MessageIllegal,
            Self::Store(PutError::DiskFull | PutError::ShutDown | PutError::FlushFailed) => {
                ResponseCode::ServiceNotAvailable
            }
            Self::Store(PutError::Busy) => ResponseCode::SystemBusy,
            Self::Store(_) | Self::Queue(_) | Self::Timer | Self::NoScheduleTopic => {
                ResponseCode::SystemError
            }
        }
    }

    /// What people are told, in RocketMQ's words where it has any.
    pub(crate) fn remark(&self, broker: &BrokerContext) -> String {
        match self.response_code() {
            ResponseCode::MessageIllegal => format!(
                "the message is illegal, maybe msg body or properties length not matched. msg body \
                 length limit {}B, msg properties length limit 32KB. ({self})",
                broker.settings.max_message_size()
            ),
            ResponseCode::ServiceNotAvailable => format!(
                "service not available now. It may be caused by one of the following reasons: the \
                 broker's disk is full, messages are put to the slave, message store has been shut \
                 down, etc. ({self})"
            ),
            ResponseCode::SystemBusy => {
                format!("[PC_SYNCHRONIZED]broker busy, start flow control for a while ({self})")
            }
            _ => self.to_string(),
        }
    }
}

/// Stores a message. One with a delay level goes to the topic for delayed messages first.
///
/// It survives the end of the process when this returns, and a power cut once the store says so.
pub(crate) fn put_message(
    broker: &BrokerContext,
    request: &PutRequest<'_>,
) -> Result<PutOutcome, PutFailure> {
    put_with_facts(broker, request, &PropertyFacts::of(request.properties))
}

/// As [`put_message`], where the facts of the properties are known already.
pub(crate) fn put_with_facts(
    broker: &BrokerContext,
    request: &PutRequest<'_>,
    facts: &PropertyFacts<'_>,
) -> Result<PutOutcome, PutFailure> {
    check_body(broker, request.body.len())?;
    let topic = &request.topic.config.topic_name;
    if facts.delay_level > 0 && topic != name::SCHEDULE_TOPIC {
        return put_delayed(broker, request, facts.delay_level);
    }
    if facts.is_timer {
        return Err(PutFailure::Timer);
    }
    append(broker, request)
}

/// Puts a message into the queue of its level, with its real place among the properties.
fn put_delayed(
    broker: &BrokerContext,
    request: &PutRequest<'_>,
    level: i32,
) -> Result<PutOutcome, PutFailure> {
    let schedule = broker
        .topics
        .get(name::SCHEDULE_TOPIC)
        .ok_or(PutFailure::NoScheduleTopic)?;
    let level = level.min(broker.config.message_delay_level.max_level());
    let mut delayed = String::with_capacity(request.properties.len() + 128);
    let is_replaced = |name: &str| {
        matches!(
            name,
            property::DELAY
                | property::REAL_TOPIC
                | property::REAL_QUEUE_ID
                | property::TIMER_DELIVER_MS
                | property::TIMER_DELAY_MS
                | property::TIMER_DELAY_SEC
        )
    };
    properties::copy_without(request.properties, is_replaced, &mut delayed);
    properties::push(
        property::DELAY,
        itoa::Buffer::new().format(level),
        &mut delayed,
    );
    properties::push(
        property::REAL_TOPIC,
        &request.topic.config.topic_name,
        &mut delayed,
    );
    properties::push(
        property::REAL_QUEUE_ID,
        itoa::Buffer::new().format(request.queue_id),
        &mut delayed,
    );
    append(
        broker,
        &PutRequest {
            topic: &schedule,
            queue_id: level - 1,
            properties: &delayed,
            ..*request
        },
    )
}

/// Stores a message just as it is: neither delayed nor measured.
pub(crate) fn append(
    broker: &BrokerContext,
    request: &PutRequest<'_>,
) -> Result<PutOutcome, PutFailure> {
    let queue = request.topic.queue(&broker.store, request.queue_id)?;
    scratch::with_bytes(|records| {
        encode(
            broker,
            request,
            request.flag,
            request.body,
            request.properties,
            records,
        )?;
        let outcome = broker.store.put(&queue, records)?;
        count(broker, request.topic, &outcome);
        Ok(outcome)
    })
}

/// Appends the encoded records of a batch, all or none; where each begins is added to `offsets`.
pub(crate) fn append_batch(
    broker: &BrokerContext,
    topic: &TopicEntry,
    queue: &Arc<Queue>,
    records: &mut [u8],
    offsets: &mut Vec<i64>,
) -> Result<PutOutcome, PutFailure> {
    let outcome = broker.store.put_batch(queue, records, offsets)?;
    count(broker, topic, &outcome);
    Ok(outcome)
}

fn count(broker: &BrokerContext, topic: &TopicEntry, outcome: &PutOutcome) {
    let messages = i64::from(outcome.message_count);
    topic.stats.put_nums.add(messages);
    topic.stats.put_size.add(outcome.size.into());
    broker.stats.broker_put_nums.add(messages);
    if !topic.is_system {
        broker.stats.user_put_nums.add(messages);
    }
}

/// Refuses a body that is larger than the broker takes.
pub(crate) fn check_body(broker: &BrokerContext, size: usize) -> Result<(), PutFailure> {
    let max = usize::try_from(broker.settings.max_message_size()).unwrap_or_default();
    if size > max {
        Err(PutFailure::BodyTooLarge { size })
    } else {
        Ok(())
    }
}

/// Encodes one record of a request at the end of `records`.
pub(crate) fn encode(
    broker: &BrokerContext,
    request: &PutRequest<'_>,
    flag: i32,
    body: &[u8],
    properties: &str,
    records: &mut Vec<u8>,
) -> Result<(), PutFailure> {
    let parts = RecordParts {
        topic: &request.topic.config.topic_name,
        body,
        properties,
        queue_id: request.queue_id,
        flag,
        sys_flag: request.sys_flag,
        born_timestamp: request.born_timestamp,
        born_host: request.born_host,
        store_host: broker.store_host,
        reconsume_times: request.reconsume_times,
        prepared_transaction_offset: request.prepared_transaction_offset,
    };
    Ok(encode_record(&parts, records)?)
}
