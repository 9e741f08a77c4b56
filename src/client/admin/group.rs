//! Consumer groups: which there are and how they are set up.

use std::collections::BTreeMap;

use protocol::body::{SubscriptionGroupConfig, SubscriptionGroupWrapper};
use protocol::header::{
    DeleteSubscriptionGroupRequestHeader, GetSubscriptionGroupConfigRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode, name};

use super::{Admin, BrokerNode, OnBroker, Target, fan_out};
use crate::{ClientError, Partial, concurrently};

/// A group, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry {
    /// The group.
    pub group: String,
    /// How it is set up on each master that knows it.
    pub configs: Vec<OnBroker<SubscriptionGroupConfig>>,
    /// Whether there is a topic for its retries: it has had a member.
    pub seen_in_retry_topic: bool,
}

impl Admin {
    /// Every group that is set up on a master or has had a member, sorted.
    ///
    /// # Errors
    /// No name server.
    pub async fn groups(&self) -> Result<Partial<GroupEntry>, ClientError> {
        let code = RequestCode::GetAllSubscriptiongroupConfig;
        let masters = self.masters(&Target::All).await?;
        let topics = self.topics().await?;
        let read =
            |answer: crate::peer::Answer<'_>| answer.body(SubscriptionGroupWrapper::from_json);
        let known = self
            .ask_each(masters, code, &RemotingCommand::request(code), read)
            .await;
        Ok(known.map_items(|known| gather(known, &topics)))
    }

    /// How a group is set up on one broker.
    ///
    /// # Errors
    /// The broker does not know it, or does not answer.
    pub async fn group_config(
        &self,
        addr: &str,
        group: &str,
    ) -> Result<SubscriptionGroupConfig, ClientError> {
        let code = RequestCode::GetSubscriptiongroupConfig;
        let header = GetSubscriptionGroupConfigRequestHeader {
            group: group.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        match self.ask(addr, code, request).await {
            Ok(answer) => answer.body(SubscriptionGroupConfig::from_json),
            // RocketMQ 4 only hands out all of them.
            Err(error) if error.response_code() == Some(ResponseCode::RequestCodeNotSupported) => {
                let code = RequestCode::GetAllSubscriptiongroupConfig;
                let answer = self.ask(addr, code, RemotingCommand::request(code)).await?;
                let mut all = answer.body(SubscriptionGroupWrapper::from_json)?;
                all.subscription_group_table
                    .remove(group)
                    .ok_or_else(|| ClientError::NotFound {
                        what: format!("group {group} on {addr}"),
                    })
            }
            Err(error) => Err(error),
        }
    }

    /// How a group is set up on each master that knows it.
    ///
    /// # Errors
    /// No name server.
    pub async fn group_configs_of(
        &self,
        group: &str,
    ) -> Result<Partial<OnBroker<SubscriptionGroupConfig>>, ClientError> {
        let asked = self.masters(&Target::All).await?.into_iter().map(|broker| {
            let (admin, group) = (self.clone(), group.to_owned());
            async move {
                match admin.group_config(&broker.addr, &group).await {
                    Ok(value) => Ok(Some(OnBroker { broker, value })),
                    Err(error) if error.is_not_found() => Ok(None),
                    Err(error) => Err((broker.addr, error)),
                }
            }
        });
        let found = fan_out::split(concurrently::all(asked).await);
        Ok(found.map_items(|found| found.into_iter().flatten().collect()))
    }

    /// Creates a group on the masters that are meant, or changes it there.
    ///
    /// # Errors
    /// A name that RocketMQ does not take, no such broker, or no name server.
    pub async fn create_group(
        &self,
        target: &Target,
        config: &SubscriptionGroupConfig,
    ) -> Result<Partial<BrokerNode>, ClientError> {
        name::validate_group(&config.group_name)?;
        let code = RequestCode::UpdateAndCreateSubscriptiongroup;
        let request = RemotingCommand::request(code).with_body(config.to_json());
        let masters = self.masters(target).await?;
        Ok(self.tell_each(masters, code, &request).await)
    }

    /// Deletes a group from the masters that are meant, with its retries and, if `clean_offsets`, its
    /// offsets. Its dead letters stay: they are in the topic `%DLQ%group`.
    ///
    /// # Errors
    /// No such broker, or no name server.
    pub async fn delete_group(
        &self,
        target: &Target,
        group: &str,
        clean_offsets: bool,
    ) -> Result<Partial<BrokerNode>, ClientError> {
        let code = RequestCode::DeleteSubscriptiongroup;
        let header = DeleteSubscriptionGroupRequestHeader {
            group_name: group.to_owned(),
            clean_offset: Some(clean_offsets),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let masters = self.masters(target).await?;
        let mut deleted = self.tell_each(masters, code, &request).await;
        let retries = self.delete_topic(target, &name::retry_topic(group)).await?;
        for (addr, error) in retries.failed {
            let is_told = deleted.failed.iter().any(|(failed, _)| *failed == addr);
            if !is_told {
                deleted.items.retain(|node| node.addr != addr);
                deleted.failed.push((addr, error));
            }
        }
        Ok(deleted)
    }
}

fn gather(known: Vec<OnBroker<SubscriptionGroupWrapper>>, topics: &[String]) -> Vec<GroupEntry> {
    let mut groups: BTreeMap<String, GroupEntry> = BTreeMap::new();
    let new = |group: &str| GroupEntry {
        group: group.to_owned(),
        configs: Vec::new(),
        seen_in_retry_topic: false,
    };
    for OnBroker { broker, value } in known {
        for (group, value) in value.subscription_group_table {
            let entry = groups.entry(group.clone()).or_insert_with(|| new(&group));
            entry.configs.push(OnBroker {
                broker: broker.clone(),
                value,
            });
        }
    }
    for group in topics
        .iter()
        .filter_map(|topic| topic.strip_prefix(name::RETRY_PREFIX))
    {
        let entry = groups.entry(group.to_owned()).or_insert_with(|| new(group));
        entry.seen_in_retry_topic = true;
    }
    groups.into_values().collect()
}
