//! How far groups have come. Codes 208, 317, 343 and 345.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::RemotingCommand;
use protocol::body::{
    ConsumeStats, ConsumeStatsList, OffsetWrapper, QuerySubscriptionResponseBody, TopicList,
};
use protocol::header::{
    GetConsumeStatsInBrokerRequestHeader, GetConsumeStatsRequestHeader,
    QuerySubscriptionByConsumerRequestHeader, QueryTopicsByConsumerRequestHeader,
};

use super::topic_stats::message_queue;
use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered};
use crate::topic_config::TopicEntry;

/// Separates topics in a request.
const TOPIC_SEPARATOR: char = ';';

/// `GET_CONSUME_STATS`: one group in the topics that are named, or in all that it has offsets in.
pub(super) fn of_group(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: GetConsumeStatsRequestHeader = request.header()?;
    let group = &header.consumer_group;
    let mut stats = ConsumeStats::default();
    for topic in topics_asked_for(broker, &header) {
        let Some(entry) = broker.topics.get(&topic) else {
            continue;
        };
        add_topic(
            broker,
            group,
            &entry,
            entry.config.read_queue_nums,
            &mut stats,
        );
    }
    Ok(Answer::body(stats.to_json()))
}

fn topics_asked_for(
    broker: &BrokerContext,
    header: &GetConsumeStatsRequestHeader,
) -> BTreeSet<String> {
    let list = header.topic_list.as_deref().unwrap_or_default();
    let named = list
        .split(TOPIC_SEPARATOR)
        .filter(|topic| !topic.trim().is_empty());
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    if !named.is_empty() {
        return named;
    }
    let group = &header.consumer_group;
    let mut topics = match header
        .topic
        .as_deref()
        .filter(|topic| !topic.trim().is_empty())
    {
        Some(topic) => [topic.to_owned()].into(),
        None => broker.offsets.topics_of_group(group),
    };
    // What the group used to consume is of no interest while it consumes something else.
    topics.retain(|topic| !broker.consumers.subscribes_elsewhere_only(group, topic));
    topics
}

/// Adds the first `queues` queues of a topic to what is told of a group.
fn add_topic(
    broker: &BrokerContext,
    group: &str,
    entry: &TopicEntry,
    queues: i32,
    stats: &mut ConsumeStats,
) {
    let topic = &entry.config.topic_name;
    for queue_id in 0..queues {
        let offsets = offsets_of(broker, group, topic, queue_id);
        stats
            .offset_table
            .insert(message_queue(broker, topic, queue_id), offsets);
    }
    let counters = entry.stats.find_group(group);
    stats.consume_tps += counters.map_or(0.0, |counters| counters.get_nums.last_minute().tps);
}

fn offsets_of(broker: &BrokerContext, group: &str, topic: &str, queue_id: i32) -> OffsetWrapper {
    let queue = broker.store.find_queue(topic, queue_id);
    let consumer_offset = broker
        .offsets
        .query_offset(group, topic, queue_id)
        .unwrap_or_default();
    let pulled = broker
        .offsets
        .query_pull_offset(group, topic, queue_id)
        .unwrap_or_default();
    let last_consumed = queue.as_ref().filter(|_| consumer_offset > 0);
    let last =
        last_consumed.and_then(|queue| broker.store.store_time_of(queue, consumer_offset - 1));
    OffsetWrapper {
        broker_offset: queue.map_or(0, |queue| queue.max_offset()),
        consumer_offset,
        last_timestamp: last.unwrap_or_default(),
        pull_offset: pulled.max(consumer_offset),
    }
}

/// `GET_BROKER_CONSUME_STATS`: all groups in all topics that they have offsets in.
pub(super) fn of_all_groups(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: GetConsumeStatsInBrokerRequestHeader = request.header()?;
    let mut list = ConsumeStatsList {
        broker_addr: Some(broker.store_host.to_string()),
        ..ConsumeStatsList::default()
    };
    for group in broker.groups.names() {
        let mut of_group = Vec::new();
        for topic in broker.offsets.topics_of_group(&group) {
            let Some(entry) = broker.topics.get(&topic) else {
                continue;
            };
            let is_wanted = entry.config.order || !header.is_order;
            if !is_wanted || broker.consumers.subscribes_elsewhere_only(&group, &topic) {
                continue;
            }
            let mut stats = ConsumeStats::default();
            add_topic(
                broker,
                &group,
                &entry,
                entry.config.write_queue_nums,
                &mut stats,
            );
            list.total_diff = list.total_diff.saturating_add(stats.total_diff());
            list.total_inflight_diff = list
                .total_inflight_diff
                .saturating_add(stats.total_inflight_diff());
            of_group.push(stats);
        }
        list.consume_stats_list
            .push(BTreeMap::from([(group, of_group)]));
    }
    Ok(Answer::body(list.to_json()))
}

/// `QUERY_TOPICS_BY_CONSUMER`: the topics that a group has offsets in.
pub(super) fn topics_of_group(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QueryTopicsByConsumerRequestHeader = request.header()?;
    let body = TopicList {
        broker_addr: Some(broker.store_host.to_string()),
        topic_list: broker.offsets.topics_of_group(&header.group),
    };
    Ok(Answer::body(body.to_json()))
}

/// `QUERY_SUBSCRIPTION_BY_CONSUMER`: what a connected group wants of a topic.
pub(super) fn subscription(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: QuerySubscriptionByConsumerRequestHeader = request.header()?;
    let (group, topic) = (header.group, header.topic.unwrap_or_default());
    let subscription = broker.consumers.find_subscription(&group, &topic);
    let subscription_data = subscription.map(|data| (*data).clone());
    let body = QuerySubscriptionResponseBody {
        group,
        subscription_data,
        topic,
    };
    Ok(Answer::body(body.to_json()))
}
