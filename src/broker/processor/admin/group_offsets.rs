//! The offsets of groups as a whole. Codes 43, 45, 314 and 308.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::body::QueryCorrectionOffsetBody;
use protocol::header::{CloneGroupOffsetRequestHeader, QueryCorrectionOffsetRequestHeader};
use protocol::name::validate_group;
use protocol::{RemotingCommand, ResponseCode};

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};

/// Separates groups in a request.
const GROUP_SEPARATOR: char = ',';

/// `GET_ALL_CONSUMER_OFFSET`.
pub(super) fn all(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    Ok(Answer::body(broker.offsets.encode()))
}

/// `GET_ALL_DELAY_OFFSET`.
pub(super) fn delay_levels(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    Ok(Answer::body(broker.schedule.encode()))
}

/// `CLONE_GROUP_OFFSET`: gives a group the offsets of another, in one topic or in all of them.
pub(super) fn clone(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: CloneGroupOffsetRequestHeader = request.header()?;
    let (from, to) = (&header.src_group, &header.dest_group);
    validate_group(to)?;
    if !broker.groups.contains(to) {
        let remark = format!("Group {to} does not exist");
        return Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            remark,
        ));
    }
    let topics = match header.topic.filter(|topic| !topic.trim().is_empty()) {
        Some(topic) => [topic].into(),
        None => broker.offsets.topics_of_group(from),
    };
    for topic in topics.iter().filter(|topic| broker.topics.contains(topic)) {
        let is_offline = header.offline == Some(true);
        if is_offline || !broker.consumers.subscribes_elsewhere_only(from, topic) {
            broker.offsets.clone_offsets(from, to, topic)?;
        }
    }
    Ok(Answer::done())
}

/// `QUERY_CORRECTION_OFFSET`: how far the slowest group of a topic has come in each queue, but for
/// those groups that are named; the greatest number there is where the group to compare is ahead of
/// none.
pub(super) fn correction(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QueryCorrectionOffsetRequestHeader = request.header()?;
    let topic = &header.topic;
    let ignored = header.filter_groups.as_deref().unwrap_or_default();
    let is_ignored = |group: &str| ignored.split(GROUP_SEPARATOR).any(|name| name == group);
    let mut correction_offsets: BTreeMap<i32, i64> = BTreeMap::new();
    for group in broker
        .offsets
        .groups_of_topic(topic)
        .iter()
        .filter(|group| !is_ignored(group))
    {
        for (queue_id, offset) in broker
            .offsets
            .committed_offsets(group, topic)
            .unwrap_or_default()
        {
            let queue = broker.store.find_queue(topic, queue_id);
            if offset >= queue.map_or(0, |queue| queue.min_offset()) {
                let least = correction_offsets.entry(queue_id).or_insert(offset);
                *least = offset.min(*least);
            }
        }
    }
    let compared = broker
        .offsets
        .committed_offsets(&header.compare_group, topic)
        .unwrap_or_default();
    for (queue_id, offset) in compared {
        if let Some(least) = correction_offsets
            .get_mut(&queue_id)
            .filter(|least| **least > offset)
        {
            *least = i64::MAX;
        }
    }
    Ok(Answer::body(
        QueryCorrectionOffsetBody { correction_offsets }.to_json(),
    ))
}
