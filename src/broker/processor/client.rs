//! Clients that come, stay and go: `HEART_BEAT`, `UNREGISTER_CLIENT`, `GET_CONSUMER_LIST_BY_GROUP`,
//! `CHECK_CLIENT_CONFIG`, the end of a connection, and clients that fall silent.

use std::sync::Arc;
use std::time::Duration;

use protocol::body::{
    CheckClientRequestBody, ConsumerData, EXPRESSION_TYPE_SQL92,
    GetConsumerListByGroupResponseBody, HeartbeatData, perm,
};
use protocol::codec::CommandView;
use protocol::header::{
    GetConsumerListByGroupRequestHeader, NotifyConsumerIdsChangedRequestHeader,
    UnregisterClientRequestHeader,
};
use protocol::name::{retry_topic, validate_group};
use protocol::remoting_command::ExtFields;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Reply};

use super::answer::{self, Answer, Answered, Refusal};
use super::remark;
use crate::broker::BrokerContext;
use crate::connected_client::ConnectedClient;
use crate::sql_filter::explain;

/// Tells clients that heartbeats without subscriptions are understood (`IS_SUPPORT_HEART_BEAT_V2`).
const SUPPORTS_V2: &str = "IS_SUPPORT_HEART_BEAT_V2";
/// Tells a client whether it should send its subscriptions again (`IS_SUB_CHANGE`).
const WANTS_SUBSCRIPTIONS: &str = "IS_SUB_CHANGE";
/// Longest client id; Java's are an address, a process and a time.
const CLIENT_ID_LENGTH_MAX: usize = 1_024;
/// How long the answer to a heartbeat that made a retry topic waits for the name servers: shorter
/// than the three seconds that clients wait for it.
const REGISTRATION_WAIT: Duration = Duration::from_secs(2);
/// The bit of a topic's system flag that says that it is subscribed to in unit mode.
pub(super) const UNIT_SUB: i32 = 0x2;

/// Answers `HEART_BEAT`.
///
/// A group's retry topic is made, and known to the name servers, before the answer: the client asks
/// for its route next.
pub(super) fn heart_beat(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    reply: Reply<'_>,
) {
    match note_heartbeat(broker, request, connection) {
        Ok(answer) if answer.waits_for_namesrv => {
            let reply = reply.defer();
            let context = Arc::clone(broker);
            broker.tasks.spawn(async move {
                context.namesrv.settled(REGISTRATION_WAIT).await;
                answer::send_deferred(reply, Ok(answer));
            });
        }
        answered => answer::send(reply, answered),
    }
}

/// Answers `UNREGISTER_CLIENT`.
pub(super) fn unregister_client(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, unregister(broker, request, connection));
}

/// Answers `GET_CONSUMER_LIST_BY_GROUP`.
pub(super) fn get_consumer_list_by_group(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, consumer_list(broker, request));
}

/// Answers `CHECK_CLIENT_CONFIG`.
pub(super) fn check_client_config(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, check(broker, request));
}

/// Forgets the clients of a connection that is gone, and tells the others of their groups.
pub(super) fn connection_closed(broker: &BrokerContext, connection: &Connection) {
    broker.producers.connection_closed(connection.id());
    for departure in broker.consumers.connection_closed(connection.id()) {
        tracing::debug!(group = departure.group, peer = %connection.peer(), "consumer gone");
        notify_ids_changed(broker, &departure.group, &departure.notify);
    }
}

/// Forgets clients that send no heartbeats any more, and closes their connections.
pub(crate) fn remove_silent_clients(broker: &BrokerContext) {
    let timeout = broker.settings.channel_expired_timeout();
    let (consumers, departures) = broker.consumers.remove_expired(timeout);
    let producers = broker.producers.remove_expired(timeout);
    for connection in consumers.iter().chain(&producers) {
        connection.close();
    }
    for departure in departures {
        notify_ids_changed(broker, &departure.group, &departure.notify);
    }
}

fn note_heartbeat(
    broker: &BrokerContext,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
) -> Answered {
    let heartbeat = HeartbeatData::from_json(request.body())?;
    let client = client_of(request, connection, heartbeat.client_id)?;
    let fingerprint = heartbeat.heartbeat_fingerprint;
    // Clients that tell no fingerprint cannot leave anything out either.
    let without_sub = fingerprint != 0 && heartbeat.without_sub;
    let mut wants_subscriptions = fingerprint == 0;
    let mut topics_made = false;
    for data in heartbeat.consumer_data_set {
        // A group that is not there and may not be made is passed over, as in RocketMQ; its consumers
        // hear of it when they pull.
        if let Some(noted) = note_consumer(broker, &client, data, fingerprint, without_sub)? {
            wants_subscriptions |= noted.wants_subscriptions;
            topics_made |= noted.topic_made;
        }
    }
    for data in heartbeat.producer_data_set {
        validate_group(&data.group_name)?;
        broker
            .producers
            .register(&data.group_name, client.clone())?;
    }
    let fields: ExtFields = [
        (SUPPORTS_V2, "true"),
        (
            WANTS_SUBSCRIPTIONS,
            if wants_subscriptions { "true" } else { "false" },
        ),
    ]
    .into_iter()
    .collect();
    let answer = Answer::header(&fields);
    Ok(if topics_made {
        answer.after_registration()
    } else {
        answer
    })
}

/// What a heartbeat of one group came to.
struct Noted {
    wants_subscriptions: bool,
    topic_made: bool,
}

fn note_consumer(
    broker: &BrokerContext,
    client: &ConnectedClient,
    data: ConsumerData,
    fingerprint: i32,
    without_sub: bool,
) -> Result<Option<Noted>, Refusal> {
    let auto_create = broker.settings.auto_create_subscription_group();
    let Some(config) = broker.groups.find(&data.group_name, auto_create) else {
        return Ok(None);
    };
    let topic_made = make_retry_topic(broker, &data, config.retry_queue_nums)?;
    let group = data.group_name.clone();
    let registered = broker
        .consumers
        .register(client.clone(), data, fingerprint, without_sub)?;
    if config.notify_consumer_ids_changed_enable {
        notify_ids_changed(broker, &group, &registered.notify);
    }
    Ok(Some(Noted {
        wants_subscriptions: registered.wants_subscriptions,
        topic_made,
    }))
}

/// Makes a group's retry topic; says whether it was not there.
fn make_retry_topic(
    broker: &BrokerContext,
    data: &ConsumerData,
    queue_nums: i32,
) -> Result<bool, Refusal> {
    let topic = retry_topic(&data.group_name);
    let is_ordered = |topic: &str| {
        broker
            .topics
            .get(topic)
            .is_some_and(|entry| entry.config.order)
    };
    let order = data
        .subscription_data_set
        .iter()
        .any(|data| is_ordered(&data.topic));
    let sys_flag = if data.unit_mode { UNIT_SUB } else { 0 };
    let is_new = !broker.topics.contains(&topic);
    broker.topics.create_retry_topic(
        &topic,
        queue_nums,
        perm::READ | perm::WRITE,
        order,
        sys_flag,
    )?;
    Ok(is_new)
}

fn unregister(
    broker: &BrokerContext,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
) -> Answered {
    let header: UnregisterClientRequestHeader = request.header()?;
    if let Some(group) = &header.producer_group {
        broker.producers.unregister(group, connection.id());
    }
    if let Some(group) = &header.consumer_group {
        let to_notify = broker.consumers.unregister(group, connection.id());
        let config = broker.groups.get(group);
        if config.is_none_or(|config| config.notify_consumer_ids_changed_enable) {
            notify_ids_changed(broker, group, &to_notify);
        }
    }
    Ok(Answer::done())
}

fn consumer_list(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: GetConsumerListByGroupRequestHeader = request.header()?;
    let group = &header.consumer_group;
    match broker.consumers.client_ids(group) {
        Some(consumer_id_list) => {
            let body = GetConsumerListByGroupResponseBody { consumer_id_list };
            Ok(Answer::body(body.to_json()))
        }
        None => Err(Refusal::system_error(format!(
            "no consumer for this group, {group}"
        ))),
    }
}

/// Whether a subscription can be served. A client asks before it starts, so that the person who wrote
/// the expression is told what is wrong with it.
fn check(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    if request.body().is_empty() {
        return Ok(Answer::done());
    }
    let subscription = CheckClientRequestBody::from_json(request.body())?.subscription_data;
    if subscription.is_tag_type() {
        return Ok(Answer::done());
    }
    let kind = &subscription.expression_type;
    if !broker.settings.enable_property_filter() {
        return Err(Refusal::system_error(remark::no_such_filter(kind)));
    }
    let problem = if kind == EXPRESSION_TYPE_SQL92 {
        let expression = &subscription.sub_string;
        let compiled = broker.sql_filters.compile(expression);
        compiled.err().map(|error| explain(&error, expression))
    } else {
        Some(remark::no_such_filter(kind))
    };
    match problem {
        Some(problem) => Err(Refusal::new(ResponseCode::SubscriptionParseFailed, problem)),
        None => Ok(Answer::done()),
    }
}

fn client_of(
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    client_id: String,
) -> Result<ConnectedClient, Refusal> {
    if client_id.len() > CLIENT_ID_LENGTH_MAX {
        let remark = format!("the client id is longer than {CLIENT_ID_LENGTH_MAX} bytes");
        return Err(Refusal::system_error(remark));
    }
    Ok(ConnectedClient {
        client_id,
        language: request.language(),
        version: request.version(),
        peer: Arc::clone(connection),
        seen_at: Duration::ZERO,
        seen_at_ms: 0,
    })
}

/// Tells members of a group that it has changed: they share out its queues anew.
fn notify_ids_changed(broker: &BrokerContext, group: &str, members: &[Arc<Connection>]) {
    if !broker.settings.notify_consumer_ids_changed_enable() {
        return;
    }
    let header = NotifyConsumerIdsChangedRequestHeader {
        consumer_group: group.to_owned(),
    };
    let request =
        RemotingCommand::request(RequestCode::NotifyConsumerIdsChanged).with_header(&header);
    for member in members {
        if let Err(error) = member.push(request.clone()) {
            tracing::debug!(group, peer = %member.peer(), %error, "consumer cannot be told of a change");
        }
    }
}

#[cfg(test)]
mod tests;
