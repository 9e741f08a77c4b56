//! How far topics are filled and who consumes them. Codes 202, 303 and 300.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::body::{
    GroupList, MessageQueue, QueryConsumeTimeSpanBody, QueueTimeSpan, TopicOffset, TopicStatsTable,
};
use protocol::header::{
    GetTopicStatsInfoRequestHeader, QueryConsumeTimeSpanRequestHeader,
    QueryTopicConsumeByWhoRequestHeader,
};
use protocol::{RemotingCommand, ResponseCode};
use store::Queue;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};
use crate::topic_config::TopicEntry;

/// `GET_TOPIC_STATS_INFO`.
pub(super) fn offsets(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: GetTopicStatsInfoRequestHeader = request.header()?;
    let entry = find_topic(broker, &header.topic)?;
    let queues = entry
        .config
        .write_queue_nums
        .max(entry.config.read_queue_nums);
    let mut offset_table = BTreeMap::new();
    for queue_id in 0..queues {
        let queue = broker.store.find_queue(&header.topic, queue_id);
        let offsets = queue
            .map(|queue| offsets_of(broker, &queue))
            .unwrap_or_default();
        offset_table.insert(message_queue(broker, &header.topic, queue_id), offsets);
    }
    let topic_put_tps = entry.stats.put_nums.last_minute().tps;
    Ok(Answer::body(
        TopicStatsTable {
            offset_table,
            topic_put_tps,
        }
        .to_json(),
    ))
}

fn offsets_of(broker: &BrokerContext, queue: &Queue) -> TopicOffset {
    let max_offset = queue.max_offset();
    TopicOffset {
        last_update_timestamp: broker
            .store
            .store_time_of(queue, max_offset - 1)
            .unwrap_or_default(),
        max_offset,
        min_offset: queue.min_offset(),
    }
}

/// `QUERY_CONSUME_TIME_SPAN`: the store times between which each queue lies, and where a group is.
pub(super) fn time_span(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QueryConsumeTimeSpanRequestHeader = request.header()?;
    let entry = find_topic(broker, &header.topic)?;
    let spans = (0..entry.config.write_queue_nums)
        .map(|queue_id| span_of(broker, &header.topic, queue_id, &header.group));
    let body = QueryConsumeTimeSpanBody {
        consume_time_span_set: spans.collect(),
    };
    Ok(Answer::body(body.to_json()))
}

fn span_of(broker: &BrokerContext, topic: &str, queue_id: i32, group: &str) -> QueueTimeSpan {
    let queue = broker.store.find_queue(topic, queue_id);
    let time_of = |offset: i64| {
        let queue = queue.as_ref()?;
        broker.store.store_time_of(queue, offset)
    };
    let max_offset = queue.as_ref().map_or(0, |queue| queue.max_offset());
    let earliest = queue
        .as_ref()
        .and_then(|queue| broker.store.earliest_store_time(queue));
    let min_time_stamp = earliest.unwrap_or(-1);
    let max_time_stamp = time_of(max_offset - 1).unwrap_or(-1);
    let consumed = broker
        .offsets
        .query_offset(group, topic, queue_id)
        .unwrap_or(-1);
    let consume_time_stamp = match consumed {
        1.. => time_of(consumed - 1).unwrap_or(-1),
        _ => min_time_stamp,
    };
    let next_time = (consumed < max_offset)
        .then(|| time_of(consumed.max(0)))
        .flatten();
    QueueTimeSpan {
        message_queue: message_queue(broker, topic, queue_id),
        min_time_stamp,
        min_time_stamp_str: time_text(min_time_stamp),
        max_time_stamp,
        max_time_stamp_str: time_text(max_time_stamp),
        consume_time_stamp,
        consume_time_stamp_str: time_text(consume_time_stamp),
        delay_time: next_time.map_or(0, |next| broker.clock.now_ms() - next),
    }
}

/// Local time as RocketMQ writes it (`UtilAll.YYYY_MM_DD_HH_MM_SS_SSS`).
fn time_text(time_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(time_ms).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d#%H:%M:%S:%3f")
        .to_string()
}

/// `QUERY_TOPIC_CONSUME_BY_WHO`: the groups that subscribe to a topic or ever did.
pub(super) fn consumed_by_who(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QueryTopicConsumeByWhoRequestHeader = request.header()?;
    let mut group_list = broker.consumers.groups_of_topic(&header.topic);
    group_list.extend(broker.offsets.groups_of_topic(&header.topic));
    Ok(Answer::body(GroupList { group_list }.to_json()))
}

/// A topic of this broker, or the refusal that tools expect.
pub(super) fn find_topic(broker: &BrokerContext, topic: &str) -> Result<Arc<TopicEntry>, Refusal> {
    broker.topics.get(topic).ok_or_else(|| {
        Refusal::new(
            ResponseCode::TopicNotExist,
            format!("topic[{topic}] not exist"),
        )
    })
}

/// A queue as tools name it.
pub(super) fn message_queue(broker: &BrokerContext, topic: &str, queue_id: i32) -> MessageQueue {
    MessageQueue::new(topic, broker.config.broker_name.clone(), queue_id)
}
