//! Whether a pull may be served, and what it asks for.

use std::sync::Arc;

use filter::Filter;
use protocol::body::{
    EXPRESSION_TYPE_SQL92, EXPRESSION_TYPE_TAG, MessageModel, SubscriptionData,
    SubscriptionGroupConfig, perm,
};
use protocol::codec::{CommandView, HeaderError};
use protocol::header::{PullMessageRequestHeader, pull_sys_flag};
use protocol::name::RETRY_PREFIX;
use protocol::{RequestCode, ResponseCode};

use crate::broker::BrokerContext;
use crate::long_polling::Pull;
use crate::processor::answer::Refusal;
use crate::processor::remark;
use crate::sql_filter::{PullFilter, explain};
use crate::subscription_group::FORBIDDEN_READ;
use crate::tag_filter::TagFilter;
use crate::topic_config::TopicEntry;

/// Who forbids a pull (RocketMQ `ForbiddenType`).
const BY_BROKER: i32 = 1;
const BY_GROUP: i32 = 2;
const BY_TOPIC: i32 = 3;
const BY_BROADCASTING: i32 = 4;
const BY_SUBSCRIPTION: i32 = 5;

/// Why a pull is not served.
pub(super) struct Forbidden {
    pub(super) refusal: Refusal,
    pub(super) forbidden_type: Option<i32>,
}

impl From<HeaderError> for Forbidden {
    fn from(error: HeaderError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Refusal> for Forbidden {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            forbidden_type: None,
        }
    }
}

fn refused(code: ResponseCode, remark: impl Into<String>) -> Forbidden {
    Refusal::new(code, remark).into()
}

fn forbidden(by: i32, remark: impl Into<String>) -> Forbidden {
    let refusal = Refusal::new(ResponseCode::NoPermission, remark);
    Forbidden {
        refusal,
        forbidden_type: Some(by),
    }
}

/// Checks a pull in RocketMQ's order.
pub(super) fn check(
    broker: &BrokerContext,
    request: &CommandView<'_>,
    header: &PullMessageRequestHeader<'_>,
) -> Result<Pull, Forbidden> {
    check_broker(broker, request)?;
    let group = find_group(broker, header)?;
    let topic = find_topic(broker, header)?;
    let filter = if header.has(pull_sys_flag::SUBSCRIPTION) {
        filter_of_request(broker, header)?
    } else {
        filter_of_heartbeat(broker, header, &group)?
    };
    let queue = topic
        .queue(&broker.store, header.queue_id)
        .map_err(Refusal::from)?;
    Ok(Pull {
        topic,
        queue,
        group: header.consumer_group.into(),
        group_sys_flag: group.group_sys_flag,
        offset: header.queue_offset,
        messages_max: header.max_msg_nums,
        filter,
    })
}

fn check_broker(broker: &BrokerContext, request: &CommandView<'_>) -> Result<(), Forbidden> {
    let ip = broker.store_host.ip();
    if !perm::is_readable(broker.settings.broker_permission()) {
        return Err(forbidden(
            BY_BROKER,
            format!("the broker[{ip}] pulling message is forbidden"),
        ));
    }
    let is_lite = request.code() == RequestCode::LitePullMessage.code();
    if is_lite && !broker.settings.lite_pull_message_enable() {
        let remark = format!("the broker[{ip}] for lite pull consumer is forbidden");
        return Err(forbidden(BY_BROKER, remark));
    }
    Ok(())
}

fn find_group(
    broker: &BrokerContext,
    header: &PullMessageRequestHeader<'_>,
) -> Result<Arc<SubscriptionGroupConfig>, Forbidden> {
    let name = header.consumer_group;
    let auto_create = broker.settings.auto_create_subscription_group();
    let group = broker.groups.find(name, auto_create).ok_or_else(|| {
        refused(
            ResponseCode::SubscriptionGroupNotExist,
            remark::group_not_exist(name),
        )
    })?;
    if !group.consume_enable {
        return Err(forbidden(
            BY_GROUP,
            format!("subscription group no permission, {name}"),
        ));
    }
    Ok(group)
}

fn find_topic(
    broker: &BrokerContext,
    header: &PullMessageRequestHeader<'_>,
) -> Result<Arc<TopicEntry>, Forbidden> {
    let name = header.topic;
    let topic = broker
        .topics
        .get(name)
        .ok_or_else(|| refused(ResponseCode::TopicNotExist, remark::topic_not_exist(name)))?;
    if !perm::is_readable(topic.config.perm) {
        return Err(forbidden(
            BY_TOPIC,
            format!("the topic[{name}] pulling message is forbidden"),
        ));
    }
    let (queue_id, queues) = (header.queue_id, topic.config.read_queue_nums);
    if !(0..queues).contains(&queue_id) {
        let remark = format!(
            "queueId[{queue_id}] is illegal, topic:[{name}] topicConfig.readQueueNums:[{queues}] \
             consumer group:[{}]",
            header.consumer_group
        );
        return Err(refused(ResponseCode::InvalidParameter, remark));
    }
    Ok(topic)
}

/// The filter that the pull brings along.
fn filter_of_request(
    broker: &BrokerContext,
    header: &PullMessageRequestHeader<'_>,
) -> Result<PullFilter, Forbidden> {
    let failed = |reason: &str| {
        let remark = format!("parse the consumer's subscription failed{reason}");
        refused(ResponseCode::SubscriptionParseFailed, remark)
    };
    let expression = header.subscription.unwrap_or_default();
    let kind = header.expression_type.unwrap_or(EXPRESSION_TYPE_TAG);
    match kind {
        EXPRESSION_TYPE_TAG => {
            let filter = TagFilter::of(expression);
            let says_nothing = matches!(&filter, TagFilter::Hashes(hashes) if hashes.is_empty());
            if says_nothing {
                return Err(failed(""));
            }
            Ok(PullFilter::Tags(filter))
        }
        EXPRESSION_TYPE_SQL92 if !expression.is_empty() => {
            let compiled = broker.sql_filters.compile(expression);
            let filter =
                compiled.map_err(|error| failed(&format!(": {}", explain(&error, expression))))?;
            sql_filter(broker, header.topic, filter)
        }
        _ => Err(failed("")),
    }
}

/// A filter by properties, if they are served. What a group failed to consume has matched before.
fn sql_filter(
    broker: &BrokerContext,
    topic: &str,
    filter: Arc<Filter>,
) -> Result<PullFilter, Forbidden> {
    if !broker.settings.enable_property_filter() {
        let remark = remark::no_such_filter(EXPRESSION_TYPE_SQL92);
        return Err(refused(ResponseCode::SystemError, remark));
    }
    Ok(if topic.starts_with(RETRY_PREFIX) {
        PullFilter::Tags(TagFilter::All)
    } else {
        PullFilter::Sql(filter)
    })
}

/// The filter that the group's last heartbeat told.
fn filter_of_heartbeat(
    broker: &BrokerContext,
    header: &PullMessageRequestHeader<'_>,
    group: &SubscriptionGroupConfig,
) -> Result<PullFilter, Forbidden> {
    let (name, topic) = (header.consumer_group, header.topic);
    let mode = broker.consumers.mode(name).ok_or_else(|| {
        refused(
            ResponseCode::SubscriptionNotExist,
            remark::no_heartbeat("the consumer's group info not exist"),
        )
    })?;
    if !group.consume_broadcast_enable && mode.message_model == MessageModel::Broadcasting {
        let remark = format!("the consumer group[{name}] can not consume by broadcast way");
        return Err(forbidden(BY_BROADCASTING, remark));
    }
    if broker.groups.forbidden(name, topic) & FORBIDDEN_READ != 0 {
        let remark = format!("the consumer group[{name}] is forbidden for topic[{topic}]");
        return Err(forbidden(BY_SUBSCRIPTION, remark));
    }
    let subscription = broker
        .consumers
        .find_subscription(name, topic)
        .ok_or_else(|| {
            let remark = remark::no_heartbeat("the consumer's subscription not exist");
            refused(ResponseCode::SubscriptionNotExist, remark)
        })?;
    if subscription.sub_version < header.sub_version {
        let remark = "the consumer's subscription not latest";
        return Err(refused(ResponseCode::SubscriptionNotLatest, remark));
    }
    filter_of(broker, &subscription)
}

fn filter_of(
    broker: &BrokerContext,
    subscription: &SubscriptionData,
) -> Result<PullFilter, Forbidden> {
    let SubscriptionData {
        topic,
        sub_string: expression,
        tags_set,
        ..
    } = subscription;
    if !subscription.is_tag_type() {
        let is_sql = subscription.expression_type == EXPRESSION_TYPE_SQL92;
        let compiled = (is_sql && !expression.is_empty())
            .then(|| broker.sql_filters.compile(expression))
            .and_then(Result::ok);
        let filter = compiled.ok_or_else(|| {
            let remark =
                "The broker's consumer filter data is not exist!Your expression may be wrong!";
            refused(ResponseCode::FilterDataNotExist, remark)
        })?;
        return sql_filter(broker, topic, filter);
    }
    // Some clients say what they want in no other way than by a set of tags.
    let filter = if expression.is_empty() && !tags_set.is_empty() {
        TagFilter::of_tags(tags_set.iter().map(String::as_str))
    } else {
        TagFilter::of(expression)
    };
    Ok(PullFilter::Tags(filter))
}
