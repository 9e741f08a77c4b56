//! What a message is like when its delay is over, and where it goes.

use std::sync::Arc;

use protocol::body::TopicConfig;
use protocol::message::{RecordView, property};
use protocol::name;
use store::CqUnit;

use crate::broker::BrokerContext;
use crate::put::{self, PutFailure, PutRequest, properties};
use crate::topic_config::TopicEntry;

/// Puts a message where it was sent to in the first place. One that never can be is given up.
pub(super) fn deliver(
    broker: &BrokerContext,
    unit: CqUnit,
    buffer: &mut Vec<u8>,
) -> Result<(), PutFailure> {
    buffer.clear();
    let physical_offset = unit.physical_offset;
    let give_up = |reason: &str| {
        tracing::error!(physical_offset, reason, "a delayed message is given up");
        Ok(())
    };
    if unit.is_pre_blank() || !broker.store.message_at(physical_offset, buffer) {
        return give_up("it is gone or damaged");
    }
    let Ok(record) = RecordView::parse(buffer) else {
        return give_up("it is damaged");
    };
    let queue_id = record
        .property(property::REAL_QUEUE_ID)
        .and_then(|id| id.parse().ok());
    let (Some(topic), Some(queue_id)) = (record.property(property::REAL_TOPIC), queue_id) else {
        return give_up("it does not say where it was sent to");
    };
    if topic == name::TRANS_HALF_TOPIC || topic == name::SCHEDULE_TOPIC {
        return give_up("nobody may send to its topic");
    }
    let mut text = String::with_capacity(record.properties().len() + 16);
    let _facts = properties::copy_without(record.properties(), is_of_delay, &mut text);
    properties::push(property::WAIT, "false", &mut text);
    let request = PutRequest {
        topic: &destination(broker, topic),
        queue_id,
        sys_flag: record.sys_flag(),
        flag: record.flag(),
        born_timestamp: record.born_timestamp(),
        born_host: record.born_host(),
        properties: &text,
        body: record.body(),
        reconsume_times: record.reconsume_times(),
        prepared_transaction_offset: record.prepared_transaction_offset(),
    };
    match put::append(broker, &request) {
        Err(failure @ PutFailure::Encode(_)) => give_up(&failure.to_string()),
        stored => stored.map(drop),
    }
}

/// Whether a property only says how the message was delayed, or is written anew.
fn is_of_delay(name: &str) -> bool {
    matches!(
        name,
        property::DELAY
            | property::WAIT
            | property::TIMER_DELIVER_MS
            | property::TIMER_DELAY_MS
            | property::TIMER_DELAY_SEC
    )
}

/// The topic that a message was sent to. Where it was deleted meanwhile, the message is stored all the
/// same, as RocketMQ does: whoever makes the topic again finds it.
fn destination(broker: &BrokerContext, topic: &str) -> Arc<TopicEntry> {
    broker.topics.get(topic).unwrap_or_else(|| {
        tracing::warn!(topic, "the topic of a delayed message was deleted");
        Arc::new(TopicEntry::new(TopicConfig::new(topic, 0)))
    })
}
