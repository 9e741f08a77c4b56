//! What single servers are asked.

use std::collections::{BTreeMap, BTreeSet};

use protocol::body::{
    ClusterInfo, ConsumeStats, ConsumeStatsList, ConsumerConnection, KvTable, MessageQueue,
    OffsetWrapper, ProducerTableInfo, QueryConsumeTimeSpanBody, QueueTimeSpan,
    SubscriptionGroupWrapper, TopicConfig, TopicConfigAndMappingSerializeWrapper, TopicStatsTable,
};
use protocol::header::{
    GetConsumeStatsInBrokerRequestHeader, GetConsumeStatsRequestHeader,
    GetConsumerConnectionListRequestHeader, GetTopicStatsInfoRequestHeader,
    QueryConsumeTimeSpanRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::admin::{BrokerRuntime, QueueStats};
use crate::{Admin, BrokerNode, ClientError};

/// How far all groups of a broker have come, by group and queue.
pub(super) type Progress = BTreeMap<String, BTreeMap<MessageQueue, OffsetWrapper>>;

pub(super) async fn cluster_info(admin: Admin, addr: String) -> Result<ClusterInfo, ClientError> {
    let code = RequestCode::GetBrokerClusterInfo;
    admin
        .ask_namesrv(&addr, code, |answer| answer.body(ClusterInfo::from_json))
        .await
}

pub(super) async fn topic_names(admin: Admin) -> Result<BTreeSet<String>, ClientError> {
    Ok(admin.topics().await?.into_iter().collect())
}

pub(super) async fn runtime(admin: Admin, node: BrokerNode) -> Result<BrokerRuntime, ClientError> {
    let code = RequestCode::GetBrokerRuntimeInfo;
    let request = RemotingCommand::request(code);
    let table = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(KvTable::from_json)
        })
        .await?;
    Ok(BrokerRuntime { table: table.table })
}

pub(super) async fn topic_configs(
    admin: Admin,
    node: BrokerNode,
) -> Result<BTreeMap<String, TopicConfig>, ClientError> {
    let code = RequestCode::GetAllTopicConfig;
    let request = RemotingCommand::request(code);
    let all = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(TopicConfigAndMappingSerializeWrapper::from_json)
        })
        .await?;
    Ok(all.topic_config_table)
}

pub(super) async fn groups(
    admin: Admin,
    node: BrokerNode,
) -> Result<BTreeSet<String>, ClientError> {
    let code = RequestCode::GetAllSubscriptiongroupConfig;
    let request = RemotingCommand::request(code);
    let all = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(SubscriptionGroupWrapper::from_json)
        })
        .await?;
    Ok(all.subscription_group_table.into_keys().collect())
}

pub(super) async fn progress(admin: Admin, node: BrokerNode) -> Result<Progress, ClientError> {
    let code = RequestCode::GetBrokerConsumeStats;
    let header = GetConsumeStatsInBrokerRequestHeader { is_order: false };
    let request = RemotingCommand::request(code).with_header(&header);
    let list = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(ConsumeStatsList::from_json)
        })
        .await?;
    let mut progress = Progress::new();
    for (group, topics) in list.consume_stats_list.into_iter().flatten() {
        let queues = progress.entry(group).or_default();
        queues.extend(topics.into_iter().flat_map(|topic| topic.offset_table));
    }
    Ok(progress)
}

pub(super) async fn producers(
    admin: Admin,
    node: BrokerNode,
) -> Result<ProducerTableInfo, ClientError> {
    let code = RequestCode::GetAllProducerInfo;
    let request = RemotingCommand::request(code);
    admin
        .ask_node(&node, code, request, |answer| {
            answer.body(ProducerTableInfo::from_json)
        })
        .await
}

/// The members that a broker knows of a group; none if it says that there are none.
pub(super) async fn connection(
    admin: Admin,
    node: BrokerNode,
    group: String,
) -> Result<Option<ConsumerConnection>, ClientError> {
    let code = RequestCode::GetConsumerConnectionList;
    let header = GetConsumerConnectionListRequestHeader {
        consumer_group: group,
    };
    let request = RemotingCommand::request(code).with_header(&header);
    let said = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(ConsumerConnection::from_json)
        })
        .await;
    match said {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if error.response_code() == Some(ResponseCode::ConsumerNotOnline) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn topic_stats(
    admin: Admin,
    node: BrokerNode,
    topic: String,
) -> Result<Vec<QueueStats>, ClientError> {
    let code = RequestCode::GetTopicStatsInfo;
    let header = GetTopicStatsInfoRequestHeader { topic };
    let request = RemotingCommand::request(code).with_header(&header);
    let table = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(TopicStatsTable::from_json)
        })
        .await?;
    let stats = table
        .offset_table
        .into_iter()
        .map(|(queue, offsets)| QueueStats {
            queue,
            min_offset: offsets.min_offset,
            max_offset: offsets.max_offset,
            last_update_ms: offsets.last_update_timestamp,
        });
    Ok(stats.collect())
}

pub(super) async fn consume_stats(
    admin: Admin,
    node: BrokerNode,
    group: String,
    topic: String,
) -> Result<ConsumeStats, ClientError> {
    let code = RequestCode::GetConsumeStats;
    let header = GetConsumeStatsRequestHeader {
        consumer_group: group,
        topic: Some(topic),
        topic_list: None,
    };
    let request = RemotingCommand::request(code).with_header(&header);
    admin
        .ask_node(&node, code, request, |answer| {
            answer.body(ConsumeStats::from_json)
        })
        .await
}

pub(super) async fn time_spans(
    admin: Admin,
    node: BrokerNode,
    group: String,
    topic: String,
) -> Result<Vec<QueueTimeSpan>, ClientError> {
    let code = RequestCode::QueryConsumeTimeSpan;
    let header = QueryConsumeTimeSpanRequestHeader { topic, group };
    let request = RemotingCommand::request(code).with_header(&header);
    let body = admin
        .ask_node(&node, code, request, |answer| {
            answer.body(QueryConsumeTimeSpanBody::from_json)
        })
        .await?;
    Ok(body.consume_time_span_set.into_iter().collect())
}
