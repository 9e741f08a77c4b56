//! Who is connected. Codes 203, 204 and 328.

use std::sync::Arc;

use protocol::body::{
    Connection, ConsumerConnection, ProducerConnection, ProducerInfo, ProducerTableInfo,
};
use protocol::header::{
    GetConsumerConnectionListRequestHeader, GetProducerConnectionListRequestHeader,
};
use protocol::{RemotingCommand, ResponseCode};

use crate::broker::BrokerContext;
use crate::connected_client::ConnectedClient;
use crate::processor::answer::{Answer, Answered, Refusal};

/// `GET_CONSUMER_CONNECTION_LIST`.
pub(super) fn of_consumers(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: GetConsumerConnectionListRequestHeader = request.header()?;
    let group = &header.consumer_group;
    let Some(view) = broker.consumers.view(group) else {
        let remark = format!("the consumer group[{group}] not online");
        return Err(Refusal::new(ResponseCode::ConsumerNotOnline, remark));
    };
    let subscriptions = view.subscriptions.into_iter();
    let body = ConsumerConnection {
        connection_set: view.members.iter().map(connection_of).collect(),
        consume_from_where: view.mode.consume_from_where,
        consume_type: view.mode.consume_type,
        message_model: view.mode.message_model,
        subscription_table: subscriptions
            .map(|(topic, data)| (topic, (*data).clone()))
            .collect(),
    };
    Ok(Answer::body(body.to_json()))
}

/// `GET_PRODUCER_CONNECTION_LIST`.
pub(super) fn of_producers(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let header: GetProducerConnectionListRequestHeader = request.header()?;
    let group = &header.producer_group;
    let Some(members) = broker.producers.members(group) else {
        return Err(Refusal::system_error(format!(
            "the producer group[{group}] not exist"
        )));
    };
    let connection_set = members.iter().map(connection_of).collect();
    Ok(Answer::body(
        ProducerConnection { connection_set }.to_json(),
    ))
}

/// `GET_ALL_PRODUCER_INFO`.
pub(super) fn all_producers(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    let groups = broker.producers.snapshot().into_iter();
    let data = groups.map(|(group, members)| (group, members.iter().map(producer_of).collect()));
    Ok(Answer::body(
        ProducerTableInfo {
            data: data.collect(),
        }
        .to_json(),
    ))
}

fn connection_of(client: &ConnectedClient) -> Connection {
    Connection {
        client_addr: client.peer.peer().to_string(),
        client_id: client.client_id.clone(),
        language: client.language,
        version: client.version,
    }
}

fn producer_of(client: &ConnectedClient) -> ProducerInfo {
    ProducerInfo {
        client_id: client.client_id.clone(),
        language: client.language,
        last_update_timestamp: client.seen_at_ms,
        // As Java writes a socket address.
        remote_ip: format!("/{}", client.peer.peer()),
        version: client.version,
    }
}
