//! `CONSUMER_SEND_MSG_BACK` 36: messages that a consumer could not consume.
//!
//! A copy goes to the group's retry topic, by way of the delay levels, or to its dead letters. The
//! checks and their order are RocketMQ's. The original stays where it is.

use std::sync::Arc;

use protocol::ResponseCode;
use protocol::body::{SubscriptionGroupConfig, perm};
use protocol::codec::CommandView;
use protocol::header::ConsumerSendMsgBackRequestHeader;
use protocol::message::{RecordView, property};
use protocol::name::{dlq_topic, retry_topic};
use protocol::version::V3_4_9;
use remoting::{Connection, Deferred, Reply};
use store::{Durability, PutOutcome};

use super::answer::{self, Answer, Refusal};
use super::client::UNIT_SUB;
use super::remark;
use crate::broker::BrokerContext;
use crate::config::FlushDiskType;
use crate::flush_wait::FlushWait;
use crate::put::{self, PutRequest};
use crate::retry::{Fate, properties_of_copy};
use crate::topic_config::TopicEntry;

/// Queues of a topic for dead letters (`DLQ_NUMS_PER_GROUP`).
const DLQ_QUEUE_NUMS: i32 = 1;

/// Answers `CONSUMER_SEND_MSG_BACK`: where the broker flushes synchronously, when the copy is on the
/// disk, because the consumer counts the message as consumed then.
pub(super) fn consumer_send_msg_back(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    let is_synchronous = broker.config.flush_disk_type == FlushDiskType::SyncFlush;
    match send_back(broker, request) {
        Ok(Some(copy)) if is_synchronous && reply.is_wanted() => {
            answer_when_durable(broker, &copy, reply.defer());
        }
        stored => answer::send(reply, stored.map(|_| Answer::done())),
    }
}

fn answer_when_durable(broker: &BrokerContext, copy: &PutOutcome, reply: Deferred) {
    let wait = FlushWait::new(move |durability| {
        let answered = match durability {
            Some(Durability::Durable) => Ok(Answer::done()),
            Some(Durability::Failed) | None => Err(Refusal::system_error("FLUSH_DISK_TIMEOUT")),
        };
        answer::send_deferred(reply, answered);
    });
    let deadline = broker.clock.elapsed() + broker.config.sync_flush_timeout;
    broker.flush_waits.add(&wait, deadline);
    let end = copy.end_physical_offset;
    broker
        .store
        .when_durable(end, Box::new(move |durability| wait.end(Some(durability))));
}

/// Stores the copy of a message, if its group wants one.
fn send_back(
    broker: &BrokerContext,
    request: &CommandView<'_>,
) -> Result<Option<PutOutcome>, Refusal> {
    let header: ConsumerSendMsgBackRequestHeader = request.header()?;
    let auto_create = broker.settings.auto_create_subscription_group();
    let Some(group) = broker.groups.find(&header.group, auto_create) else {
        let remark = remark::group_not_exist(&header.group);
        return Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            remark,
        ));
    };
    if !perm::is_writeable(broker.settings.broker_permission()) {
        let ip = broker.store_host.ip();
        let remark = format!("the broker[{ip}] sending message is forbidden");
        return Err(Refusal::new(ResponseCode::NoPermission, remark));
    }
    if group.retry_queue_nums <= 0 {
        // The group wants no retries: what it could not consume is passed over.
        return Ok(None);
    }
    let retries = retry_topic_of(broker, &header, &group)?;
    let mut bytes = Vec::new();
    let found = broker.store.message_at(header.offset, &mut bytes);
    let record = found
        .then(|| RecordView::parse(&bytes).ok())
        .flatten()
        .ok_or_else(|| {
            Refusal::system_error(format!("look message by offset failed, {}", header.offset))
        })?;
    let told = header
        .max_reconsume_times
        .filter(|_| request.version() >= V3_4_9);
    let retries_max = told.unwrap_or(group.retry_max_times);
    let fate = Fate::of(record.reconsume_times(), retries_max, header.delay_level);
    let (topic, queue_nums) = match fate {
        Fate::Retry { .. } => (retries, group.retry_queue_nums),
        Fate::DeadLetter => (dead_letter_topic_of(broker, &header.group)?, DLQ_QUEUE_NUMS),
    };
    let copy = store_copy(broker, &record, fate, &topic, queue_nums)?;
    note(broker, &header.group, &record, fate);
    Ok(Some(copy))
}

fn retry_topic_of(
    broker: &BrokerContext,
    header: &ConsumerSendMsgBackRequestHeader,
    group: &SubscriptionGroupConfig,
) -> Result<Arc<TopicEntry>, Refusal> {
    let name = retry_topic(&header.group);
    let sys_flag = if header.unit_mode == Some(true) {
        UNIT_SUB
    } else {
        0
    };
    // A topic that is there stays as it is: whether it keeps an order was told by heartbeats.
    let entry = match broker.topics.get(&name) {
        Some(known) => known,
        None => broker.topics.create_retry_topic(
            &name,
            group.retry_queue_nums,
            perm::READ | perm::WRITE,
            false,
            sys_flag,
        )?,
    };
    if !perm::is_writeable(entry.config.perm) {
        let remark = format!("the topic[{name}] sending message is forbidden");
        return Err(Refusal::new(ResponseCode::NoPermission, remark));
    }
    Ok(entry)
}

fn dead_letter_topic_of(broker: &BrokerContext, group: &str) -> Result<Arc<TopicEntry>, Refusal> {
    let name = dlq_topic(group);
    match broker.topics.get(&name) {
        Some(known) => Ok(known),
        None => {
            let perm = perm::READ | perm::WRITE;
            Ok(broker
                .topics
                .create_retry_topic(&name, DLQ_QUEUE_NUMS, perm, false, 0)?)
        }
    }
}

fn store_copy(
    broker: &BrokerContext,
    record: &RecordView<'_>,
    fate: Fate,
    topic: &Arc<TopicEntry>,
    queue_nums: i32,
) -> Result<PutOutcome, Refusal> {
    let request = PutRequest {
        topic,
        queue_id: fastrand::i32(0..queue_nums.max(1)),
        sys_flag: record.sys_flag(),
        flag: record.flag(),
        born_timestamp: record.born_timestamp(),
        born_host: record.born_host(),
        properties: &properties_of_copy(record, fate),
        body: record.body(),
        reconsume_times: record.reconsume_times().saturating_add(1),
        prepared_transaction_offset: 0,
    };
    put::put_message(broker, &request)
        .map_err(|failure| Refusal::system_error(failure.remark(broker)))
}

/// Counts what was sent back, for people and tools.
fn note(broker: &BrokerContext, group: &str, record: &RecordView<'_>, fate: Fate) {
    let origin = record
        .property(property::RETRY_TOPIC)
        .unwrap_or(record.topic());
    if let Some(counters) = broker
        .topics
        .get(origin)
        .and_then(|topic| topic.stats.group(group))
    {
        counters.send_back_nums.add(1);
    }
    if fate == Fate::DeadLetter {
        let unique_key = record.property(property::UNIQUE_KEY).unwrap_or_default();
        tracing::info!(
            group,
            topic = origin,
            unique_key,
            "message became a dead letter"
        );
    }
}

#[cfg(test)]
mod tests;
