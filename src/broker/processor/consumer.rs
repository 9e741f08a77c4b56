//! Where a group goes on: `QUERY_CONSUMER_OFFSET` and `UPDATE_CONSUMER_OFFSET`.

use std::sync::{Arc, LazyLock};

use protocol::ResponseCode;
use protocol::codec::CommandView;
use protocol::header::{
    QueryConsumerOffsetRequestHeader, QueryConsumerOffsetResponseHeader,
    UpdateConsumerOffsetRequestHeader,
};
use remoting::{Connection, Reply};
use store::Queue;

use super::answer::{self, Answer, Answered, Refusal};
use crate::broker::BrokerContext;

/// Answers `QUERY_CONSUMER_OFFSET`.
pub(super) fn query_consumer_offset(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, query(broker, request));
}

/// Answers `UPDATE_CONSUMER_OFFSET`.
pub(super) fn update_consumer_offset(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, update(broker, request));
}

/// A group that has committed nothing begins at 0 where the first message is still there: a consumer
/// that takes this for "not found" would skip to the end and miss what is waiting.
fn query(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: QueryConsumerOffsetRequestHeader = request.header()?;
    let (group, topic, queue_id) = (&header.consumer_group, &header.topic, header.queue_id);
    let found = |offset| {
        Ok(Answer::header(&QueryConsumerOffsetResponseHeader {
            offset,
        }))
    };
    if let Some(offset) = broker.offsets.query_offset(group, topic, queue_id) {
        return found(offset);
    }
    if header.set_zero_if_not_found == Some(false) {
        let remark = "Not found, do not set to zero, maybe this group boot first";
        return Err(Refusal::new(ResponseCode::QueryNotFound, remark));
    }
    let queue = broker.store.find_queue(topic, queue_id);
    if queue.is_some_and(|queue| queue.min_offset() <= 0 && begins_in_memory(broker, &queue)) {
        return found(0);
    }
    let remark = "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first";
    Err(Refusal::new(ResponseCode::QueryNotFound, remark))
}

/// Whether the queue's first message is there, and near enough to the end of the log to be in memory.
fn begins_in_memory(broker: &BrokerContext, queue: &Queue) -> bool {
    let Some(first) = broker.store.unit_at(queue, 0) else {
        return false;
    };
    broker.store.max_physical_offset() - first.physical_offset <= *IN_MEMORY_BYTES
}

/// The end of the log that counts as being in memory: 40 % of it (`accessMessageInMemoryMaxRatio`).
static IN_MEMORY_BYTES: LazyLock<i64> = LazyLock::new(|| memory_bytes() / 100 * 40);

/// The memory of this machine, where the system tells.
fn memory_bytes() -> i64 {
    const UNKNOWN: i64 = 8 << 30;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.split_whitespace().next()?.parse::<i64>().ok());
    kib.map_or(UNKNOWN, |kib| kib.saturating_mul(1024))
}

fn update(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: UpdateConsumerOffsetRequestHeader = request.header()?;
    let (group, topic, queue_id) = (&header.consumer_group, &header.topic, header.queue_id);
    if !broker.groups.contains(group) {
        let remark = format!("Group {group} not exist!");
        return Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            remark,
        ));
    }
    let Some(entry) = broker.topics.get(topic) else {
        let remark = format!("Topic {topic} not exist!");
        return Err(Refusal::new(ResponseCode::TopicNotExist, remark));
    };
    let queues = entry
        .config
        .read_queue_nums
        .max(entry.config.write_queue_nums);
    // A queue that was taken away may still be committed by those who hold it, but nobody may invent
    // one: each would stay in the table for good.
    let is_known = || {
        broker
            .offsets
            .query_offset(group, topic, queue_id)
            .is_some()
    };
    if !(0..queues).contains(&queue_id) && !is_known() {
        let remark = format!("queueId[{queue_id}] is illegal, topic {topic} has {queues} queues");
        return Err(Refusal::new(ResponseCode::InvalidParameter, remark));
    }
    if broker.settings.use_server_side_reset_offset()
        && broker.offsets.has_reset_offset(group, topic, queue_id)
    {
        return Ok(Answer::done().with_remark("Offset has been previously reset"));
    }
    // ali-ons writes -1 where it has consumed nothing: that is no offset to go on from.
    if header.commit_offset >= 0 {
        broker
            .offsets
            .commit_offset(group, topic, queue_id, header.commit_offset)?;
    }
    Ok(Answer::done())
}

#[cfg(test)]
mod tests;
