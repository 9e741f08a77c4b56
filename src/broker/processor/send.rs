//! `SEND_MESSAGE` 10, `SEND_MESSAGE_V2` 310, `SEND_BATCH_MESSAGE` 320: messages of producers.
//!
//! The checks and their order are RocketMQ's. A topic name is checked here before anything is made
//! of it: names become folders (CVE-2019-17572).

mod batch;
mod receipt;

use std::sync::Arc;

use protocol::body::{TopicFilterType, perm};
use protocol::codec::CommandView;
use protocol::header::SendMessageRequestHeader;
use protocol::message::{property, sys_flag};
use protocol::{ResponseCode, name};
use remoting::{Connection, Reply};

use super::answer::Refusal;
use super::remark;
use crate::broker::BrokerContext;
use crate::put::properties::{self, PropertyFacts};
use crate::put::{self, PutFailure, PutRequest};
use crate::scratch;
use crate::topic_config::TopicEntry;
use receipt::{Key, Offsets, Receipt, answer, refuse_send};

/// Bits of a topic's system flag (RocketMQ `TopicSysFlag`).
const TOPIC_UNIT: i32 = 1;
const TOPIC_UNIT_SUB: i32 = 1 << 1;

/// Queues of a retry or dead letter topic.
const RETRY_QUEUE_NUMS: i32 = 1;

/// Consumers tell how often a message may be retried from this version on (`V3_4_9`).
const TELLS_RETRIES_SINCE: i32 = protocol::version::V3_4_9;

/// Answers a send.
pub(crate) fn send_message(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    reply: Reply<'_>,
) {
    match send(broker, request, connection) {
        Ok(receipt) => answer(broker, receipt, reply),
        Err(refusal) => refuse_send(broker, &refusal, reply),
    }
}

fn send<'a>(
    broker: &BrokerContext,
    request: &CommandView<'a>,
    connection: &Connection,
) -> Result<Receipt<'a>, Refusal> {
    let header = SendMessageRequestHeader::read(request)?;
    check_time(broker)?;
    let topic = find_topic(broker, &header)?;
    let queue_id = choose_queue(&topic, &header, connection)?;
    let send = Send {
        broker,
        request,
        header,
        connection,
        queue_id,
    };
    if header.batch {
        batch::store(&send, &topic)
    } else {
        store_one(&send, topic)
    }
}

/// A send that has passed the checks that all sends have in common.
struct Send<'s, 'a> {
    broker: &'s BrokerContext,
    request: &'s CommandView<'a>,
    header: SendMessageRequestHeader<'a>,
    connection: &'s Connection,
    queue_id: i32,
}

fn check_time(broker: &BrokerContext) -> Result<(), Refusal> {
    let start = broker.settings.start_accept_send_request_timestamp();
    // Most brokers accept from the beginning of time, and need not look at the clock.
    if start > 0 && broker.clock.now_ms() < start {
        return Err(Refusal::new(
            ResponseCode::SystemError,
            format!("broker unable to service, until {start}"),
        ));
    }
    Ok(())
}

/// The topic of a send, made now if it may be.
fn find_topic(
    broker: &BrokerContext,
    header: &SendMessageRequestHeader<'_>,
) -> Result<Arc<TopicEntry>, Refusal> {
    let known = broker.topics.get(header.topic);
    let is_order = known.as_ref().is_some_and(|topic| topic.config.order);
    if is_order && !perm::is_writeable(broker.settings.broker_permission()) {
        let ip = broker.store_host.ip();
        let remark = format!("the broker[{ip}] sending message is forbidden");
        return Err(Refusal::new(ResponseCode::NoPermission, remark));
    }
    if known.is_none() {
        name::validate_topic(header.topic)
            .map_err(|error| Refusal::new(ResponseCode::InvalidParameter, error.to_string()))?;
    }
    if name::is_send_forbidden(header.topic) {
        let remark = format!("Sending message to topic[{}] is forbidden.", header.topic);
        return Err(Refusal::new(ResponseCode::NoPermission, remark));
    }
    known.map_or_else(|| create_topic(broker, header), Ok)
}

fn create_topic(
    broker: &BrokerContext,
    header: &SendMessageRequestHeader<'_>,
) -> Result<Arc<TopicEntry>, Refusal> {
    let is_retry = name::is_retry_topic(header.topic);
    let topic_sys_flag = match (header.unit_mode, is_retry) {
        (false, _) => 0,
        (true, false) => TOPIC_UNIT,
        (true, true) => TOPIC_UNIT_SUB,
    };
    let made = broker.topics.create_on_send(
        header.topic,
        header.default_topic,
        header.default_topic_queue_nums,
        topic_sys_flag,
        broker.settings.auto_create_topic_enable(),
    );
    let made = match made {
        Err(_) if is_retry => broker.topics.create_retry_topic(
            header.topic,
            RETRY_QUEUE_NUMS,
            perm::READ | perm::WRITE,
            false,
            topic_sys_flag,
        ),
        made => made,
    };
    made.map_err(|error| {
        let remark = format!("{} ({error})", remark::topic_not_exist(header.topic));
        Refusal::new(ResponseCode::TopicNotExist, remark)
    })
}

fn choose_queue(
    topic: &TopicEntry,
    header: &SendMessageRequestHeader<'_>,
    connection: &Connection,
) -> Result<i32, Refusal> {
    let config = &topic.config;
    if header.queue_id >= config.write_queue_nums.max(config.read_queue_nums) {
        let remark = format!(
            "request queueId[{}] is illegal, topic {} has {} write and {} read queues. Producer: {}",
            header.queue_id,
            config.topic_name,
            config.write_queue_nums,
            config.read_queue_nums,
            connection.peer(),
        );
        return Err(Refusal::new(ResponseCode::InvalidParameter, remark));
    }
    if header.queue_id >= 0 {
        return Ok(header.queue_id);
    }
    if config.write_queue_nums <= 0 {
        let remark = format!("topic[{}] has no queue to write to", config.topic_name);
        return Err(Refusal::new(ResponseCode::InvalidParameter, remark));
    }
    Ok(fastrand::i32(0..config.write_queue_nums))
}

fn store_one<'a>(send: &Send<'_, 'a>, topic: Arc<TopicEntry>) -> Result<Receipt<'a>, Refusal> {
    let destination = retry_or_dead_letter(send, topic)?;
    scratch::with_text(|text| {
        let facts = edit_properties(send, &destination, text);
        // Clients below 4.6.1 leave the mark of the transaction on messages that they send back.
        let is_sent_back = send.header.reconsume_times > 0 && facts.delay_level > 0;
        if facts.is_half && !is_sent_back {
            return refuse_half(send);
        }
        let unique_key = facts.unique_key.map_or_else(
            || {
                let made = send.broker.unique_keys.next(send.broker.clock.now_ms());
                properties::push(property::UNIQUE_KEY, &made, text);
                Key::Made(made)
            },
            Key::Sent,
        );
        check_keys(&destination.topic, &facts)?;
        let put = PutRequest {
            topic: &destination.topic,
            queue_id: destination.queue_id,
            sys_flag: sys_flag_of(send, &destination.topic),
            flag: send.header.flag,
            born_timestamp: send.header.born_timestamp,
            born_host: send.connection.peer(),
            properties: text,
            body: send.request.body(),
            reconsume_times: send.header.reconsume_times,
            prepared_transaction_offset: 0,
        };
        let facts = PropertyFacts {
            delay_level: if destination.is_dead {
                0
            } else {
                facts.delay_level
            },
            ..facts
        };
        let outcome = put::put_with_facts(send.broker, &put, &facts)
            .map_err(|failure| refused_by_store(send.broker, &failure))?;
        // Whatever became of it, the producer is told the queue that it chose.
        let offsets = Offsets::One(outcome.physical_offset);
        Ok(Receipt::new(
            &outcome,
            send.queue_id,
            offsets,
            Some(unique_key),
            facts.is_wait,
        ))
    })
}

/// Where a message goes in the end.
struct Destination {
    topic: Arc<TopicEntry>,
    queue_id: i32,
    /// Whether it is a dead letter: it is not delayed any more.
    is_dead: bool,
}

/// A message to a retry topic that was retried often enough becomes a dead letter; so does one of a
/// group that holds locks, because an ordered group has retried it already.
fn retry_or_dead_letter(
    send: &Send<'_, '_>,
    topic: Arc<TopicEntry>,
) -> Result<Destination, Refusal> {
    let (broker, header) = (send.broker, &send.header);
    let Some(group) = header.topic.strip_prefix(name::RETRY_PREFIX) else {
        return Ok(Destination {
            topic,
            queue_id: send.queue_id,
            is_dead: false,
        });
    };
    let auto_create = broker.settings.auto_create_subscription_group();
    let Some(config) = broker.groups.find(group, auto_create) else {
        let remark = remark::group_not_exist(group);
        return Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            remark,
        ));
    };
    let told = header
        .max_reconsume_times
        .filter(|_| send.request.version() >= TELLS_RETRIES_SINCE);
    let retries_max = told.unwrap_or(config.retry_max_times);
    if header.reconsume_times <= retries_max && !broker.locks.is_any_held(group) {
        return Ok(Destination {
            topic,
            queue_id: send.queue_id,
            is_dead: false,
        });
    }
    let dead_letters = name::dlq_topic(group);
    let topic = broker
        .topics
        .create_retry_topic(
            &dead_letters,
            RETRY_QUEUE_NUMS,
            perm::READ | perm::WRITE,
            false,
            0,
        )
        .map_err(|error| Refusal::new(ResponseCode::SystemError, error.to_string()))?;
    Ok(Destination {
        topic,
        queue_id: 0,
        is_dead: true,
    })
}

/// Writes the properties as they are stored into `text`: the client's, less what only a broker may
/// set, plus what it sets.
fn edit_properties<'a>(
    send: &Send<'_, 'a>,
    destination: &Destination,
    text: &mut String,
) -> PropertyFacts<'a> {
    let config = &send.broker.config;
    let is_ours = |name: &str| {
        matches!(
            name,
            property::POP_CK | property::MSG_REGION | property::TRACE_SWITCH | property::CLUSTER
        ) || (destination.is_dead && name == property::DELAY)
    };
    let facts = properties::copy_without(send.header.properties, is_ours, text);
    properties::push(property::MSG_REGION, &config.region_id, text);
    let trace_on = send.broker.settings.trace_on();
    properties::push(
        property::TRACE_SWITCH,
        if trace_on { "true" } else { "false" },
        text,
    );
    properties::push(property::CLUSTER, &config.cluster_name, text);
    facts
}

fn refuse_half<T>(send: &Send<'_, '_>) -> Result<T, Refusal> {
    let remark = if send.broker.settings.reject_transaction_message() {
        let ip = send.broker.store_host.ip();
        format!("the broker[{ip}] sending transaction message is forbidden")
    } else {
        "transactions are not supported yet".to_owned()
    };
    Err(Refusal::new(ResponseCode::NoPermission, remark))
}

/// In a topic that is compacted by key, a message without one would stay for ever.
fn check_keys(topic: &TopicEntry, facts: &PropertyFacts<'_>) -> Result<(), Refusal> {
    let policy = topic.config.attributes.get("cleanup.policy");
    if policy.is_some_and(|policy| policy == "COMPACTION") && !facts.has_keys {
        return Err(Refusal::new(
            ResponseCode::MessageIllegal,
            "Required message key is missing".to_owned(),
        ));
    }
    Ok(())
}

fn refused_by_store(broker: &BrokerContext, failure: &PutFailure) -> Refusal {
    Refusal::new(failure.response_code(), failure.remark(broker))
}

fn sys_flag_of(send: &Send<'_, '_>, topic: &TopicEntry) -> i32 {
    match topic.config.topic_filter_type {
        TopicFilterType::MultiTag => send.header.sys_flag | sys_flag::MULTI_TAGS,
        TopicFilterType::SingleTag => send.header.sys_flag,
    }
}

#[cfg(test)]
mod tests;
