//! Sending a group elsewhere: `INVOKE_BROKER_TO_RESET_OFFSET` 222.
//!
//! The broker keeps the new offsets and the group's next pulls are told (`useServerSideResetOffset`,
//! the default); or, as before RocketMQ 5, every connected consumer is sent them and moves itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::body::ResetOffsetBody;
use protocol::header::ResetOffsetRequestHeader;
use protocol::version::{V3_0_7_SNAPSHOT, name_of};
use protocol::{LanguageCode, RemotingCommand, RequestCode, ResponseCode};
use store::TimeBoundary;

use super::topic_stats::message_queue;
use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};
use crate::processor::pull::wake_reset;

/// Answers with the queues that were reset and their new offsets.
pub(super) fn reset(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: ResetOffsetRequestHeader = request.header()?;
    let (topic, group) = (&header.topic, &header.group);
    tracing::info!(
        topic,
        group,
        header.timestamp,
        "offsets are reset by request"
    );
    if broker.settings.use_server_side_reset_offset() {
        reset_here(broker, &header)
    } else {
        tell_consumers(broker, &header, request.language == LanguageCode::Cpp)
    }
}

fn reset_here(broker: &Arc<BrokerContext>, header: &ResetOffsetRequestHeader) -> Answered {
    let (topic, group) = (&header.topic, &header.group);
    let Some(entry) = broker.topics.get(topic) else {
        let remark = format!("Topic {topic} does not exist");
        return Err(Refusal::new(ResponseCode::TopicNotExist, remark));
    };
    if !broker.groups.contains(group) {
        let remark = format!("Group {group} does not exist");
        return Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            remark,
        ));
    }
    let mut offsets = BTreeMap::new();
    match header.queue_id.filter(|queue_id| *queue_id >= 0) {
        Some(queue_id) => {
            let queues = entry
                .config
                .read_queue_nums
                .max(entry.config.write_queue_nums);
            if queue_id >= queues {
                let remark =
                    format!("topic {topic} has {queues} queues, none with number {queue_id}");
                return Err(Refusal::new(ResponseCode::InvalidParameter, remark));
            }
            offsets.insert(queue_id, target(broker, header, queue_id)?);
        }
        None => {
            for queue_id in 0..entry.config.read_queue_nums {
                offsets.insert(
                    queue_id,
                    offset_at(broker, topic, queue_id, header.timestamp),
                );
            }
        }
    }
    if offsets.is_empty() {
        return Err(Refusal::system_error("No queues to reset."));
    }
    for (queue_id, offset) in &offsets {
        broker
            .offsets
            .assign_reset_offset(group, topic, *queue_id, *offset)?;
        if let Some(queue) = broker.store.find_queue(topic, *queue_id) {
            wake_reset(broker, &queue);
        }
    }
    Ok(Answer::body(body_of(broker, topic, offsets).to_json()))
}

/// Where one queue is to go on: the offset that was asked for, or that of the time.
fn target(
    broker: &BrokerContext,
    header: &ResetOffsetRequestHeader,
    queue_id: i32,
) -> Result<i64, Refusal> {
    let Some(offset) = header.offset.filter(|offset| *offset != -1) else {
        return Ok(offset_at(broker, &header.topic, queue_id, header.timestamp));
    };
    let queue = broker.store.find_queue(&header.topic, queue_id);
    let (min, max) = queue.map_or((0, 0), |queue| (queue.min_offset(), queue.max_offset()));
    if offset < min || offset > max + 1 {
        let remark = format!("Target offset {offset} not in consume queue range [{min}-{max}]");
        return Err(Refusal::system_error(remark));
    }
    Ok(offset)
}

/// The offset of a time; below 0 it stands for the end of the queue.
fn offset_at(broker: &BrokerContext, topic: &str, queue_id: i32, timestamp: i64) -> i64 {
    match broker.store.find_queue(topic, queue_id) {
        None => 0,
        Some(queue) if timestamp < 0 => queue.max_offset(),
        Some(queue) => broker
            .store
            .offset_by_time(&queue, timestamp, TimeBoundary::Lower),
    }
}

fn body_of(broker: &BrokerContext, topic: &str, offsets: BTreeMap<i32, i64>) -> ResetOffsetBody {
    let queues = offsets.into_iter();
    let queues = queues.map(|(queue_id, offset)| (message_queue(broker, topic, queue_id), offset));
    ResetOffsetBody {
        offset_table: queues.collect(),
    }
}

fn tell_consumers(
    broker: &BrokerContext,
    header: &ResetOffsetRequestHeader,
    is_cpp: bool,
) -> Answered {
    let (topic, group) = (&header.topic, &header.group);
    let Some(entry) = broker.topics.get(topic) else {
        let remark =
            format!("[reset-offset] reset offset failed, no topic in this broker. topic={topic}");
        return Err(Refusal::new(ResponseCode::TopicNotExist, remark));
    };
    let mut offsets = BTreeMap::new();
    for queue_id in 0..entry.config.write_queue_nums {
        let Some(consumed) = broker.offsets.query_offset(group, topic, queue_id) else {
            return Err(Refusal::system_error(format!(
                "THe consumer group <{group}> not exist"
            )));
        };
        let target = offset_at(broker, topic, queue_id, header.timestamp);
        // Without force a group only goes back.
        offsets.insert(
            queue_id,
            if header.is_force {
                target
            } else {
                target.min(consumed)
            },
        );
    }
    let body = body_of(broker, topic, offsets);
    let members = broker
        .consumers
        .view(group)
        .map(|view| view.members)
        .unwrap_or_default();
    if members.is_empty() {
        let remark = format!(
            "Consumer not online, so can not reset offset, Group: {group} Topic: {topic} Timestamp: {}",
            header.timestamp
        );
        return Err(Refusal::new(ResponseCode::ConsumerNotOnline, remark));
    }
    if let Some(old) = members
        .iter()
        .find(|member| member.version < V3_0_7_SNAPSHOT)
    {
        let version = name_of(old.version);
        let remark = format!("the client does not support this feature. version={version}");
        return Err(Refusal::system_error(remark));
    }
    let told = ResetOffsetRequestHeader {
        group: group.clone(),
        topic: topic.clone(),
        queue_id: Some(-1),
        offset: None,
        timestamp: header.timestamp,
        is_force: header.is_force,
    };
    let news = RemotingCommand::request(RequestCode::ResetConsumerClientOffset)
        .with_header(&told)
        .with_body(if is_cpp {
            body.to_json_for_cpp()
        } else {
            body.to_json()
        });
    for member in members {
        if let Err(error) = member.peer.push(news.clone()) {
            tracing::warn!(group, client_id = member.client_id, %error, "consumer cannot be told of a reset");
        }
    }
    Ok(Answer::body(body.to_json()))
}
