//! A look into a consume queue: `QUERY_CONSUME_QUEUE` 321.

use std::sync::Arc;

use protocol::RemotingCommand;
use protocol::body::{ConsumeQueueData, QueryConsumeQueueResponseBody};
use protocol::header::QueryConsumeQueueRequestHeader;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};

/// Entries of one answer, whatever a tool asks for.
const ENTRIES_MAX: i64 = 10_000;

/// Answers with entries of a queue and, for a connected group, what it wants of the topic.
pub(super) fn query(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QueryConsumeQueueRequestHeader = request.header()?;
    let topic = header.topic.unwrap_or_default();
    let queue_id = header.queue_id.unwrap_or_default();
    let Some(queue) = broker.store.find_queue(&topic, queue_id) else {
        return Err(Refusal::system_error(format!(
            "{queue_id}@{topic} is not exist!"
        )));
    };
    let (min, max) = (queue.min_offset(), queue.max_offset());
    let mut body = QueryConsumeQueueResponseBody {
        max_queue_index: max,
        min_queue_index: min,
        ..QueryConsumeQueueResponseBody::default()
    };
    if let Some(group) = header.consumer_group {
        match broker.consumers.find_subscription(&group, &topic) {
            Some(subscription) => body.subscription_data = Some((*subscription).clone()),
            None => body.filter_data = Some(format!("{group}@{topic} is not online!")),
        }
    }
    let index = header.index.unwrap_or_default();
    if !(min..max).contains(&index) {
        let remark = format!("Index {index} of {queue_id}@{topic} is not exist!");
        return Ok(Answer::body(body.to_json()).with_remark(&remark));
    }
    let count = i64::from(header.count.unwrap_or_default()).clamp(0, ENTRIES_MAX);
    let offsets = index..index.saturating_add(count).min(max);
    let units = offsets.filter_map(|offset| broker.store.unit_at(&queue, offset));
    let entries = units.map(|unit| ConsumeQueueData {
        physic_offset: unit.physical_offset,
        physic_size: unit.size,
        tags_code: unit.tags_code,
        ..ConsumeQueueData::default()
    });
    body.queue_data = entries.collect();
    Ok(Answer::body(body.to_json()))
}
