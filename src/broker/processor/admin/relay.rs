//! What only consumers know: codes 307, 309 and 223 are answered by asking them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::body::{GetConsumerStatusBody, MessageQueue};
use protocol::codec::CommandView;
use protocol::header::{
    ConsumeMessageDirectlyResultRequestHeader, GetConsumerRunningInfoRequestHeader,
    GetConsumerStatusRequestHeader,
};
use protocol::message::OffsetMsgId;
use protocol::remoting_command::ExtFields;
use protocol::version::{V3_0_7_SNAPSHOT, V3_1_8_SNAPSHOT, name_of};
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Reply};
use tokio::task::JoinSet;

use crate::broker::BrokerContext;
use crate::connected_client::ConnectedClient;
use crate::processor::answer::{self, Answer, Answered, Refusal};

/// How long one consumer may take to answer a question of a tool.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long each consumer of a group may take to tell its status.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);
/// Consumers that are asked at a time.
const ASKED_AT_A_TIME_MAX: usize = 64;
/// Fields that prove who the tool is: they are meant for the broker alone.
const CREDENTIALS: [&str; 3] = ["AccessKey", "Signature", "SecurityToken"];

/// `GET_CONSUMER_RUNNING_INFO`: what one consumer says of itself.
pub(super) fn running_info(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    let header = match request.header::<GetConsumerRunningInfoRequestHeader>() {
        Ok(header) => header,
        Err(error) => return answer::send(reply, Err(error.into())),
    };
    let question = RemotingCommand {
        ext_fields: fields_of(request),
        ..RemotingCommand::request(RequestCode::GetConsumerRunningInfo)
    };
    let (group, client_id) = (&header.consumer_group, &header.client_id);
    ask(broker, group, client_id, question, reply);
}

/// `CONSUME_MESSAGE_DIRECTLY`: has one consumer consume one message that is stored here.
pub(super) fn consume_directly(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    match direct_question(broker, request) {
        Ok((group, client_id, question)) => ask(broker, &group, &client_id, question, reply),
        Err(refusal) => answer::send(reply, Err(refusal)),
    }
}

fn direct_question(
    broker: &BrokerContext,
    request: &CommandView<'_>,
) -> Result<(String, String, RemotingCommand), Refusal> {
    let header: ConsumeMessageDirectlyResultRequestHeader = request.header()?;
    let id = header.msg_id.unwrap_or_default();
    let place = id.parse::<OffsetMsgId>();
    let place = place.map_err(|error| Refusal::system_error(format!("msgId {id}: {error}")))?;
    let mut record = Vec::new();
    if !broker.store.message_at(place.physical_offset, &mut record) {
        let remark = format!("look message by offset failed, {}", place.physical_offset);
        return Err(Refusal::system_error(remark));
    }
    let mut ext_fields = fields_of(request);
    ext_fields.insert("brokerName", &broker.config.broker_name);
    if let Some(topic) = header.topic.and_then(|topic| broker.topics.get(&topic)) {
        ext_fields.insert("topicSysFlag", &topic.config.topic_sys_flag.to_string());
    }
    if let Some(group) = broker.groups.get(&header.consumer_group) {
        ext_fields.insert("groupSysFlag", &group.group_sys_flag.to_string());
    }
    let question = RemotingCommand {
        ext_fields,
        ..RemotingCommand::request(RequestCode::ConsumeMessageDirectly)
    };
    let client_id = header.client_id.unwrap_or_default();
    Ok((header.consumer_group, client_id, question.with_body(record)))
}

/// The fields of a tool's request that a consumer may see.
fn fields_of(request: &CommandView<'_>) -> ExtFields {
    request
        .fields()
        .filter(|(name, _)| !CREDENTIALS.contains(name))
        .collect()
}

/// Asks one consumer and passes its answer on as it is.
fn ask(
    broker: &BrokerContext,
    group: &str,
    client_id: &str,
    question: RemotingCommand,
    reply: Reply<'_>,
) {
    let consumer = match find_consumer(broker, group, client_id) {
        Ok(consumer) => consumer,
        Err(refusal) => return answer::send(reply, Err(refusal)),
    };
    let reply = reply.defer();
    let name = format!("consumer <{group}> <{client_id}>");
    broker.tasks.spawn(async move {
        match consumer.peer.invoke(question, ANSWER_TIMEOUT).await {
            Ok(answer) => reply.command(answer),
            Err(error) if error.is_timeout() => {
                reply.error(
                    ResponseCode::ConsumeMsgTimeout,
                    &format!("{name} Timeout: {error}"),
                );
            }
            Err(error) => {
                let remark = format!("invoke {name} Exception: {error}");
                reply.error(ResponseCode::SystemError, &remark);
            }
        }
    });
}

fn find_consumer(
    broker: &BrokerContext,
    group: &str,
    client_id: &str,
) -> Result<ConnectedClient, Refusal> {
    let Some(consumer) = broker.consumers.find_member(group, client_id) else {
        return Err(Refusal::system_error(format!(
            "The Consumer <{group}> <{client_id}> not online"
        )));
    };
    if consumer.version < V3_1_8_SNAPSHOT {
        let version = name_of(consumer.version);
        let remark = format!(
            "The Consumer <{client_id}> Version <{version}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT"
        );
        return Err(Refusal::system_error(remark));
    }
    Ok(consumer)
}

/// `INVOKE_BROKER_TO_GET_CONSUMER_STATUS`: how far the consumers of a group have come in a topic, as
/// they say themselves.
pub(super) fn consumer_status(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    let (header, consumers) = match consumers_to_ask(broker, request) {
        Ok(found) => found,
        Err(refusal) => return answer::send(reply, Err(refusal)),
    };
    let reply = reply.defer();
    broker.tasks.spawn(async move {
        answer::send_deferred(reply, status_of(&header, &consumers).await);
    });
}

fn consumers_to_ask(
    broker: &BrokerContext,
    request: &CommandView<'_>,
) -> Result<(GetConsumerStatusRequestHeader, Vec<ConnectedClient>), Refusal> {
    let header: GetConsumerStatusRequestHeader = request.header()?;
    let group = &header.group;
    let Some(view) = broker.consumers.view(group) else {
        let remark = format!("No Any Consumer online in the consumer group: [{group}]");
        return Err(Refusal::system_error(remark));
    };
    if let Some(old) = view
        .members
        .iter()
        .find(|member| member.version < V3_0_7_SNAPSHOT)
    {
        let version = name_of(old.version);
        let remark = format!("the client does not support this feature. version={version}");
        return Err(Refusal::system_error(remark));
    }
    let asked = header
        .client_addr
        .as_deref()
        .filter(|client_id| !client_id.trim().is_empty());
    let mut members = view.members;
    members.retain(|member| asked.is_none_or(|asked| asked == member.client_id));
    Ok((header, members))
}

/// The answers of all consumers that gave one.
async fn status_of(
    header: &GetConsumerStatusRequestHeader,
    consumers: &[ConnectedClient],
) -> Answered {
    let asked = GetConsumerStatusRequestHeader {
        client_addr: None,
        ..header.clone()
    };
    let question =
        RemotingCommand::request(RequestCode::GetConsumerStatusFromClient).with_header(&asked);
    let mut consumer_table: BTreeMap<String, BTreeMap<MessageQueue, i64>> = BTreeMap::new();
    for some in consumers.chunks(ASKED_AT_A_TIME_MAX) {
        let mut answers = JoinSet::new();
        for consumer in some {
            let (consumer, question) = (consumer.clone(), question.clone());
            answers.spawn(async move {
                let answer = consumer.peer.invoke(question, STATUS_TIMEOUT).await.ok()?;
                let body = GetConsumerStatusBody::from_json(&answer.body).ok()?;
                answer
                    .is_success()
                    .then_some((consumer.client_id, body.message_queue_table))
            });
        }
        consumer_table.extend(answers.join_all().await.into_iter().flatten());
    }
    let body = GetConsumerStatusBody {
        consumer_table,
        ..GetConsumerStatusBody::default()
    };
    Ok(Answer::body(body.to_json()))
}
