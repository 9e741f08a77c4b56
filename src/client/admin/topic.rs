//! Topics: what there is, how it is set up, how full it is.

use std::collections::BTreeSet;

use protocol::body::{
    GroupList, MessageQueue, TopicConfig, TopicConfigAndMappingSerializeWrapper, TopicList,
    TopicRouteData, TopicStatsTable,
};
use protocol::header::{
    CreateTopicRequestHeader, DeleteTopicFromNamesrvRequestHeader, DeleteTopicRequestHeader,
    GetTopicConfigRequestHeader, GetTopicStatsInfoRequestHeader, GetTopicsByClusterRequestHeader,
    QueryTopicConsumeByWhoRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode, name};

use super::{Admin, BrokerNode, OnBroker, Target};
use crate::{ClientError, Partial};

/// How full a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStats {
    /// The queue.
    pub queue: MessageQueue,
    /// The offset of its first message.
    pub min_offset: i64,
    /// The offset that its next message will get.
    pub max_offset: i64,
    /// When its last message was stored, in ms since the epoch; 0 if there is none.
    pub last_update_ms: i64,
}

impl Admin {
    /// Every topic that a name server knows, sorted.
    ///
    /// # Errors
    /// No name server.
    pub async fn topics(&self) -> Result<Vec<String>, ClientError> {
        let code = RequestCode::GetAllTopicListFromNameserver;
        let answer = self
            .shared
            .ask_namesrv(code, RemotingCommand::request(code))
            .await?;
        Ok(answer
            .body(TopicList::from_json)?
            .topic_list
            .into_iter()
            .collect())
    }

    /// The topics of one cluster, sorted.
    ///
    /// # Errors
    /// No name server.
    pub async fn topics_of_cluster(&self, cluster: &str) -> Result<Vec<String>, ClientError> {
        let code = RequestCode::GetTopicsByCluster;
        let header = GetTopicsByClusterRequestHeader {
            cluster: cluster.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let answer = self.shared.ask_namesrv(code, request).await?;
        Ok(answer
            .body(TopicList::from_json)?
            .topic_list
            .into_iter()
            .collect())
    }

    /// The route of a topic as a name server has it now.
    ///
    /// # Errors
    /// [`ClientError::TopicNotFound`], or no name server.
    pub async fn topic_route(&self, topic: &str) -> Result<TopicRouteData, ClientError> {
        self.shared.routes.fetch(topic).await
    }

    /// Creates a topic on the masters that are meant, or changes it there.
    ///
    /// # Errors
    /// A name that RocketMQ does not take, no such broker, or no name server.
    pub async fn create_topic(
        &self,
        target: &Target,
        config: &TopicConfig,
    ) -> Result<Partial<BrokerNode>, ClientError> {
        name::validate_topic(&config.topic_name)?;
        let header = CreateTopicRequestHeader {
            topic: config.topic_name.clone(),
            default_topic: name::AUTO_CREATE_TOPIC.to_owned(),
            read_queue_nums: config.read_queue_nums,
            write_queue_nums: config.write_queue_nums,
            perm: config.perm,
            topic_filter_type: config.topic_filter_type.name().to_owned(),
            topic_sys_flag: Some(config.topic_sys_flag),
            order: config.order,
            attributes: attributes(config),
            force: None,
        };
        let code = RequestCode::UpdateAndCreateTopic;
        let request = RemotingCommand::request(code).with_header(&header);
        let masters = self.masters(target).await?;
        let created = self.tell_each(masters, code, &request).await;
        self.shared.routes.suspect(&config.topic_name);
        Ok(created)
    }

    /// Deletes a topic with all of its messages from the masters that are meant. For a cluster, or
    /// for all of them, the name servers forget it too; of a single broker they hear when it
    /// registers anew.
    ///
    /// # Errors
    /// No such broker, or no name server.
    pub async fn delete_topic(
        &self,
        target: &Target,
        topic: &str,
    ) -> Result<Partial<BrokerNode>, ClientError> {
        let code = RequestCode::DeleteTopicInBroker;
        let header = DeleteTopicRequestHeader {
            topic: topic.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let masters = self.masters(target).await?;
        let mut deleted = self.tell_each(masters, code, &request).await;
        let cluster_name = match target {
            Target::All => None,
            Target::Cluster(cluster) => Some(cluster.clone()),
            Target::Broker(_) | Target::Addr(_) => return Ok(deleted),
        };
        let code = RequestCode::DeleteTopicInNamesrv;
        let header = DeleteTopicFromNamesrvRequestHeader {
            topic: topic.to_owned(),
            cluster_name,
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let forgotten = self.ask_namesrvs(code, &request, |_| Ok(())).await;
        deleted.failed.extend(forgotten.failed);
        self.shared.routes.forget(topic);
        Ok(deleted)
    }

    /// How full the queues of a topic are, sorted by queue.
    ///
    /// # Errors
    /// No route.
    pub async fn topic_stats(&self, topic: &str) -> Result<Partial<QueueStats>, ClientError> {
        let code = RequestCode::GetTopicStatsInfo;
        let header = GetTopicStatsInfoRequestHeader {
            topic: topic.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_topic(topic).await?;
        let stats = self
            .ask_each(nodes, code, &request, |answer| {
                answer.body(TopicStatsTable::from_json)
            })
            .await;
        Ok(stats.map_items(|tables| {
            let offsets = tables
                .into_iter()
                .flat_map(|table| table.value.offset_table);
            let mut queues: Vec<QueueStats> = offsets
                .map(|(queue, offsets)| QueueStats {
                    queue,
                    min_offset: offsets.min_offset,
                    max_offset: offsets.max_offset,
                    last_update_ms: offsets.last_update_timestamp,
                })
                .collect();
            queues.sort_by(|one, other| one.queue.cmp(&other.queue));
            queues
        }))
    }

    /// How a topic is set up on one broker.
    ///
    /// # Errors
    /// The broker does not have it, or does not answer.
    pub async fn topic_config(&self, addr: &str, topic: &str) -> Result<TopicConfig, ClientError> {
        let code = RequestCode::GetTopicConfig;
        let header = GetTopicConfigRequestHeader {
            topic: topic.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        match self.ask(addr, code, request).await {
            Ok(answer) => answer.body(TopicConfig::from_json),
            // RocketMQ 4 only hands out all of them.
            Err(error) if error.response_code() == Some(ResponseCode::RequestCodeNotSupported) => {
                let mut all = self.topic_configs_at(addr).await?.topic_config_table;
                all.remove(topic).ok_or_else(|| ClientError::NotFound {
                    what: format!("topic {topic} on {addr}"),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// How a topic is set up on each broker that has it.
    ///
    /// # Errors
    /// No route.
    pub async fn topic_configs_of(
        &self,
        topic: &str,
    ) -> Result<Partial<OnBroker<TopicConfig>>, ClientError> {
        let nodes = self.nodes_of_topic(topic).await?;
        let asked = nodes.into_iter().map(|broker| {
            let (admin, topic) = (self.clone(), topic.to_owned());
            async move {
                match admin.topic_config(&broker.addr, &topic).await {
                    Ok(value) => Ok(OnBroker { broker, value }),
                    Err(error) => Err((broker.addr, error)),
                }
            }
        });
        Ok(super::fan_out::split(crate::concurrently::all(asked).await))
    }

    /// How all topics are set up, on each of the masters that are meant.
    ///
    /// # Errors
    /// No such broker, or no name server.
    pub async fn all_topic_configs(
        &self,
        target: &Target,
    ) -> Result<Partial<OnBroker<TopicConfigAndMappingSerializeWrapper>>, ClientError> {
        let code = RequestCode::GetAllTopicConfig;
        let masters = self.masters(target).await?;
        let read = |answer: crate::peer::Answer<'_>| {
            answer.body(TopicConfigAndMappingSerializeWrapper::from_json)
        };
        Ok(self
            .ask_each(masters, code, &RemotingCommand::request(code), read)
            .await)
    }

    async fn topic_configs_at(
        &self,
        addr: &str,
    ) -> Result<TopicConfigAndMappingSerializeWrapper, ClientError> {
        let code = RequestCode::GetAllTopicConfig;
        let answer = self.ask(addr, code, RemotingCommand::request(code)).await?;
        answer.body(TopicConfigAndMappingSerializeWrapper::from_json)
    }

    /// The topics of RocketMQ itself that a broker has, sorted.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn system_topics(&self, addr: &str) -> Result<Vec<String>, ClientError> {
        let code = RequestCode::GetSystemTopicListFromBroker;
        let answer = self.ask(addr, code, RemotingCommand::request(code)).await?;
        Ok(answer
            .body(TopicList::from_json)?
            .topic_list
            .into_iter()
            .collect())
    }

    /// The groups that consume a topic, sorted.
    ///
    /// # Errors
    /// No route.
    pub async fn who_consumes(&self, topic: &str) -> Result<Partial<String>, ClientError> {
        let code = RequestCode::QueryTopicConsumeByWho;
        let header = QueryTopicConsumeByWhoRequestHeader {
            topic: topic.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_topic(topic).await?;
        let groups = self
            .ask_each(nodes, code, &request, |answer| {
                answer.body(GroupList::from_json)
            })
            .await;
        Ok(groups.map_items(|lists| {
            let groups: BTreeSet<String> = lists
                .into_iter()
                .flat_map(|list| list.value.group_list)
                .collect();
            groups.into_iter().collect()
        }))
    }
}

/// The settings that a topic has beyond its fields, as `+name=value,...`; `None` if there are none.
fn attributes(config: &TopicConfig) -> Option<String> {
    let attribute = |(name, value): (&String, &String)| match name.as_bytes().first() {
        Some(b'-') => name.clone(),
        Some(b'+') => format!("{name}={value}"),
        _ => format!("+{name}={value}"),
    };
    let attributes: Vec<String> = config.attributes.iter().map(attribute).collect();
    (!attributes.is_empty()).then(|| attributes.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_added_or_taken_away() {
        let mut config = TopicConfig::new("T", 4);
        assert_eq!(attributes(&config), None);
        config
            .attributes
            .insert("message.type".into(), "FIFO".into());
        config
            .attributes
            .insert("-reserve.time".into(), String::new());
        let text = attributes(&config).unwrap();
        assert_eq!(text, "-reserve.time,+message.type=FIFO");
    }
}
