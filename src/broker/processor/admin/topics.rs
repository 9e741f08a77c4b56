//! Topics: made, changed, deleted and shown. Codes 17, 18, 215, 21, 351 and 305.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::body::{
    CreateTopicListRequestBody, DataVersion, TopicConfig, TopicConfigAndMappingSerializeWrapper,
    TopicFilterType, TopicList, perm,
};
use protocol::codec::CommandView;
use protocol::header::{
    CreateTopicRequestHeader, DeleteTopicRequestHeader, GetAllTopicConfigResponseHeader,
    GetTopicConfigRequestHeader,
};
use protocol::name::{self, validate_topic};
use protocol::{RemotingCommand, ResponseCode};

use crate::broker::BrokerContext;
use crate::config::QUEUE_NUMS_MAX;
use crate::processor::answer::{Answer, Answered, Refusal};
use crate::topic_attributes::{self, Attributes};

/// Topics that a tool gets at a time when it asks for parts of the table (`splitMetadataSize`).
const PART_MAX: i32 = 2_000;

/// `UPDATE_AND_CREATE_TOPIC`: answered once the name servers know the topic.
pub(super) fn update_or_create(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: CreateTopicRequestHeader = request.header()?;
    let filter_type = TopicFilterType::from_name(&header.topic_filter_type);
    let asked = TopicConfig {
        topic_name: header.topic,
        read_queue_nums: header.read_queue_nums,
        write_queue_nums: header.write_queue_nums,
        perm: header.perm,
        topic_filter_type: filter_type.ok_or_else(|| {
            illegal(format!(
                "topicFilterType {} is unknown",
                header.topic_filter_type
            ))
        })?,
        topic_sys_flag: header.topic_sys_flag.unwrap_or_default(),
        order: header.order,
        attributes: topic_attributes::parse_changes(
            header.attributes.as_deref().unwrap_or_default(),
        )?,
    };
    let config = checked(broker, asked)?;
    put(broker, vec![config])
}

/// `UPDATE_AND_CREATE_TOPIC_LIST`: all of them or, when one is not to be, none.
pub(super) fn update_or_create_list(
    broker: &Arc<BrokerContext>,
    request: &RemotingCommand,
) -> Answered {
    let body = CreateTopicListRequestBody::from_json(&request.body)?;
    let configs = body
        .topic_config_list
        .into_iter()
        .map(|asked| checked(broker, asked));
    put(broker, configs.collect::<Result<_, _>>()?)
}

fn put(broker: &BrokerContext, configs: Vec<TopicConfig>) -> Answered {
    let mut has_changed = false;
    for config in configs {
        tracing::info!(
            topic = config.topic_name,
            "topic made or changed by request"
        );
        has_changed |= broker.topics.put(config)?;
    }
    broker.topics.sync()?;
    let answer = Answer::done();
    Ok(if has_changed {
        answer.after_registration()
    } else {
        answer
    })
}

/// The settings that a topic gets, if it may have them; what comes as attributes are changes.
fn checked(broker: &BrokerContext, asked: TopicConfig) -> Result<TopicConfig, Refusal> {
    let name = &asked.topic_name;
    validate_topic(name)?;
    check_is_for_users(broker, name)?;
    let queues = 0..=QUEUE_NUMS_MAX;
    let (read, write) = (asked.read_queue_nums, asked.write_queue_nums);
    if !queues.contains(&read) || !queues.contains(&write) || read.max(write) == 0 {
        let remark = format!(
            "topic {name}: {read} read and {write} write queues, from 1 to {QUEUE_NUMS_MAX} are allowed"
        );
        return Err(illegal(remark));
    }
    if !perm::is_valid(asked.perm) {
        return Err(illegal(format!(
            "topic {name}: perm {} is not one from 0 to 7",
            asked.perm
        )));
    }
    if asked
        .attributes
        .get("+message.type")
        .is_some_and(|kind| kind == "MIXED")
    {
        return Err(illegal("MIXED message type is not supported.".to_owned()));
    }
    let known = broker.topics.get(name);
    let current: Option<&Attributes> = known.as_ref().map(|entry| &entry.config.attributes);
    let attributes = topic_attributes::apply_changes(current, &asked.attributes)?;
    Ok(TopicConfig {
        attributes,
        ..asked
    })
}

/// `DELETE_TOPIC_IN_BROKER`: the topic with its queues and the offsets of all groups.
pub(super) fn delete(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: DeleteTopicRequestHeader = request.header()?;
    let topic = &header.topic;
    if topic.trim().is_empty() {
        return Err(illegal("The specified topic is blank.".to_owned()));
    }
    validate_topic(topic)?;
    check_is_for_users(broker, topic)?;
    let mut doomed = vec![topic.clone()];
    if broker.settings.clear_retry_topic_when_delete_topic() {
        let groups = broker.offsets.groups_of_topic(topic);
        let retry_topics = groups
            .iter()
            .map(|group| name::pop_retry_topic(topic, group));
        doomed.extend(retry_topics.filter(|topic| broker.topics.contains(topic)));
    }
    for topic in &doomed {
        tracing::info!(topic, "topic deleted by request");
        broker.topics.delete(topic);
        broker.offsets.remove_topic(topic);
        broker.store.delete_topic(topic).map_err(|error| {
            Refusal::system_error(format!(
                "the queues of topic {topic} cannot be removed: {error}"
            ))
        })?;
    }
    broker.topics.sync()?;
    Ok(Answer::done())
}

/// `GET_ALL_TOPIC_CONFIG`: the whole table or, for tools that ask so, a part of it.
pub(super) fn all_configs(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let table = broker.topics.to_wrapper();
    let total = table.topic_config_table.len();
    let part = Part::asked_for(request, "topicSeq", "maxTopicNum", table.data_version)?;
    let body = TopicConfigAndMappingSerializeWrapper {
        data_version: table.data_version,
        topic_config_table: part.of(table.topic_config_table).collect(),
        ..TopicConfigAndMappingSerializeWrapper::default()
    };
    let total_topic_num = i32::try_from(total).unwrap_or(i32::MAX);
    let header = GetAllTopicConfigResponseHeader { total_topic_num };
    Ok(Answer::body(body.to_json()).with_header(&header))
}

/// Which part of a table a tool asks for.
pub(super) struct Part {
    first: usize,
    count: usize,
}

impl Part {
    /// The part from the number in field `seq` on, as many as field `max` says; all of it without
    /// these fields. A tool that knows another version of the table begins anew.
    pub(super) fn asked_for(
        request: &RemotingCommand,
        seq: &'static str,
        max: &'static str,
        version: DataVersion,
    ) -> Result<Self, Refusal> {
        let field = |name| {
            request
                .ext_fields
                .get(name)
                .filter(|text| !text.trim().is_empty())
        };
        let number = |name| match field(name).map(str::parse::<i32>) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(illegal(format!("the field {name} is not a number"))),
        };
        let (seq, max, known) = (number(seq)?, number(max)?, field("dataVersion"));
        if seq.is_none() && max.is_none() && known.is_none() {
            return Ok(Self {
                first: 0,
                count: usize::MAX,
            });
        }
        let known = known.and_then(|text| DataVersion::from_json(text.as_bytes()).ok());
        let first = if known == Some(version) {
            seq.unwrap_or_default()
        } else {
            0
        };
        let count = max.unwrap_or(PART_MAX).min(PART_MAX);
        Ok(Self {
            first: usize::try_from(first).unwrap_or_default(),
            count: usize::try_from(count).unwrap_or_default(),
        })
    }

    pub(super) fn of<T>(&self, table: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        table.into_iter().skip(self.first).take(self.count)
    }
}

/// `GET_TOPIC_CONFIG`.
pub(super) fn config(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: GetTopicConfigRequestHeader = request.header()?;
    match broker.topics.get(&header.topic) {
        Some(entry) => Ok(Answer::body(entry.config.to_json())),
        None => {
            let remark = format!("No topic in this broker. topic: {}", header.topic);
            Err(Refusal::new(ResponseCode::TopicNotExist, remark))
        }
    }
}

/// `GET_SYSTEM_TOPIC_LIST_FROM_BROKER`.
pub(super) fn system_topics(broker: &BrokerContext, _: &CommandView<'_>) -> Answered {
    let topic_list = system_topics_of(broker);
    Ok(Answer::body(
        TopicList {
            broker_addr: None,
            topic_list,
        }
        .to_json(),
    ))
}

fn system_topics_of(broker: &BrokerContext) -> BTreeSet<String> {
    let config = &broker.config;
    let everywhere = [
        name::AUTO_CREATE_TOPIC,
        name::SCHEDULE_TOPIC,
        name::BENCHMARK_TOPIC,
        name::TRANS_HALF_TOPIC,
        name::TRACE_TOPIC,
        name::TRANS_OP_HALF_TOPIC,
        name::TRANS_CHECK_MAX_TIME_TOPIC,
        name::SELF_TEST_TOPIC,
        name::OFFSET_MOVED_EVENT_TOPIC,
        name::CHECKPOINT_TOPIC,
        name::TIMER_TOPIC,
    ];
    let mut topics: BTreeSet<String> = everywhere.map(ToOwned::to_owned).into();
    topics.extend([
        config.cluster_name.clone(),
        config.broker_name.clone(),
        name::reply_topic(&config.cluster_name),
        name::revive_topic(&config.cluster_name),
        format!("{}{}", name::SYNC_BROKER_MEMBER_PREFIX, config.broker_name),
    ]);
    topics
}

/// Refuses RocketMQ's own topics, unless tools are allowed to change them.
fn check_is_for_users(broker: &BrokerContext, topic: &str) -> Result<(), Refusal> {
    let is_checked = broker.settings.validate_system_topic_when_update_topic();
    let is_system = || name::is_system_topic(topic) || system_topics_of(broker).contains(topic);
    if is_checked && is_system() {
        return Err(illegal(format!(
            "The topic[{topic}] is conflict with system topic."
        )));
    }
    Ok(())
}

fn illegal(remark: String) -> Refusal {
    Refusal::new(ResponseCode::InvalidParameter, remark)
}
