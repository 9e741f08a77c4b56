//! Consumer groups: made, changed, deleted and shown. Codes 200, 225, 207, 201, 352 and 353.

use std::sync::Arc;

use protocol::body::{GroupForbidden, SubscriptionGroupConfig, SubscriptionGroupList};
use protocol::codec::CommandView;
use protocol::header::{
    DeleteSubscriptionGroupRequestHeader, GetAllSubscriptionGroupResponseHeader,
    GetSubscriptionGroupConfigRequestHeader, UpdateGroupForbiddenRequestHeader,
};
use protocol::name::{validate_group, validate_topic};
use protocol::{RemotingCommand, ResponseCode};

use super::topics::Part;
use crate::broker::BrokerContext;
use crate::config::QUEUE_NUMS_MAX;
use crate::processor::answer::{Answer, Answered, Refusal};
use crate::subscription_group::FORBIDDEN_READ;
use crate::topic_attributes::AttributeError;

/// `UPDATE_AND_CREATE_SUBSCRIPTIONGROUP`.
pub(super) fn update_or_create(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let config = SubscriptionGroupConfig::from_json(&request.body)?;
    put(broker, vec![config])
}

/// `UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST`: all of them or, when one is not to be, none.
pub(super) fn update_or_create_list(
    broker: &Arc<BrokerContext>,
    request: &RemotingCommand,
) -> Answered {
    let body = SubscriptionGroupList::from_json(&request.body)?;
    put(broker, body.group_config_list)
}

fn put(broker: &BrokerContext, configs: Vec<SubscriptionGroupConfig>) -> Answered {
    configs.iter().try_for_each(check)?;
    for config in configs {
        tracing::info!(
            group = config.group_name,
            "group made or changed by request"
        );
        broker.groups.put(config)?;
    }
    broker.groups.sync()?;
    Ok(Answer::done())
}

fn check(config: &SubscriptionGroupConfig) -> Result<(), Refusal> {
    let group = &config.group_name;
    validate_group(group)?;
    let illegal = |remark: String| Refusal::new(ResponseCode::InvalidParameter, remark);
    if !(0..=QUEUE_NUMS_MAX).contains(&config.retry_queue_nums) {
        let nums = config.retry_queue_nums;
        return Err(illegal(format!(
            "group {group}: retryQueueNums {nums} is not from 0 to {QUEUE_NUMS_MAX}"
        )));
    }
    if config.consume_timeout_minute < 0 {
        return Err(illegal(format!(
            "group {group}: consumeTimeoutMinute is below 0"
        )));
    }
    // Groups have no attributes yet, in RocketMQ either.
    match config.attributes.keys().next() {
        Some(key) => Err(AttributeError::UnknownKey { key: key.clone() }.into()),
        None => Ok(()),
    }
}

/// `DELETE_SUBSCRIPTIONGROUP`, with its offsets if the tool says so.
pub(super) fn delete(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: DeleteSubscriptionGroupRequestHeader = request.header()?;
    let group = &header.group_name;
    tracing::info!(group, "group deleted by request");
    broker.groups.delete(group);
    broker.groups.sync()?;
    if header.clean_offset == Some(true) {
        broker.offsets.remove_group(group);
    }
    for topic in broker.topics.snapshot() {
        topic.stats.remove_group(group);
    }
    Ok(Answer::done())
}

/// `GET_ALL_SUBSCRIPTIONGROUP_CONFIG`: the whole table or, for tools that ask so, a part of it.
pub(super) fn all_configs(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let mut body = broker.groups.to_wrapper();
    let total = body.subscription_group_table.len();
    let part = Part::asked_for(request, "groupSeq", "maxGroupNum", body.data_version)?;
    body.subscription_group_table = part.of(body.subscription_group_table).collect();
    body.forbidden_table
        .retain(|group, _| body.subscription_group_table.contains_key(group));
    let total_group_num = i32::try_from(total).unwrap_or(i32::MAX);
    let header = GetAllSubscriptionGroupResponseHeader { total_group_num };
    Ok(Answer::body(body.to_json()).with_header(&header))
}

/// `GET_SUBSCRIPTIONGROUP_CONFIG`.
pub(super) fn config(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: GetSubscriptionGroupConfigRequestHeader = request.header()?;
    let auto_create = broker.settings.auto_create_subscription_group();
    match broker.groups.find(&header.group, auto_create) {
        Some(config) => Ok(Answer::body(config.to_json())),
        None => Err(Refusal::new(
            ResponseCode::SubscriptionGroupNotExist,
            "No group in this broker",
        )),
    }
}

/// `UPDATE_AND_GET_GROUP_FORBIDDEN`: whether a group may read a topic, changed first if asked for.
pub(super) fn forbidden(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: UpdateGroupForbiddenRequestHeader = request.header()?;
    let (group, topic) = (header.group, header.topic);
    if let Some(readable) = header.readable {
        validate_group(&group)?;
        validate_topic(&topic)?;
        broker
            .groups
            .set_read_forbidden(&group, &topic, !readable)?;
        broker.groups.sync()?;
    }
    let readable = Some(broker.groups.forbidden(&group, &topic) & FORBIDDEN_READ == 0);
    Ok(Answer::body(
        GroupForbidden {
            group,
            readable,
            topic,
        }
        .to_json(),
    ))
}
