//! Who is connected.

use std::collections::BTreeMap;

use protocol::body::{
    Connection, ConsumerConnection, ConsumerRunningInfo, ProducerConnection, ProducerTableInfo,
};
use protocol::header::{
    GetConsumerConnectionListRequestHeader, GetConsumerRunningInfoRequestHeader,
    GetProducerConnectionListRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{Admin, BrokerNode, OnBroker, Target};
use crate::peer::Peer;
use crate::{ClientError, Partial};

/// Brokers give a client ten seconds to answer; the broker's own answer takes a little longer.
const RELAY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(12);

impl Admin {
    /// The members of a consumer group that any broker knows, and what they subscribe to.
    ///
    /// # Errors
    /// [`ClientError::Remote`] with `CONSUMER_NOT_ONLINE` if there is none; no name server; or a
    /// broker that does not answer while no other knows of any.
    pub async fn consumer_connection(
        &self,
        group: &str,
    ) -> Result<ConsumerConnection, ClientError> {
        let code = RequestCode::GetConsumerConnectionList;
        let header = GetConsumerConnectionListRequestHeader {
            consumer_group: group.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_group(group).await?;
        let said = self
            .ask_each(nodes, code, &request, |answer| {
                answer.body(ConsumerConnection::from_json)
            })
            .await;
        let said = first_telling(said, ResponseCode::ConsumerNotOnline)?;
        let mut all = ConsumerConnection::default();
        let mut members = BTreeMap::new();
        for OnBroker { value, .. } in said {
            all.consume_from_where = value.consume_from_where;
            all.consume_type = value.consume_type;
            all.message_model = value.message_model;
            members.extend(by_id(value.connection_set));
            for (topic, subscription) in value.subscription_table {
                let known = all.subscription_table.get(&topic);
                if known.is_none_or(|known| known.sub_version < subscription.sub_version) {
                    all.subscription_table.insert(topic, subscription);
                }
            }
        }
        all.connection_set = members.into_values().collect();
        Ok(all)
    }

    /// The members of a producer group on the brokers of a topic.
    ///
    /// # Errors
    /// [`ClientError::Remote`] if there is none, or no route.
    pub async fn producer_connection(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<ProducerConnection, ClientError> {
        let code = RequestCode::GetProducerConnectionList;
        let header = GetProducerConnectionListRequestHeader {
            producer_group: group.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_topic(topic).await?;
        let said = self
            .ask_each(nodes, code, &request, |answer| {
                answer.body(ProducerConnection::from_json)
            })
            .await;
        let said = first_telling(said, ResponseCode::SystemError)?;
        let members: BTreeMap<_, _> = said
            .into_iter()
            .flat_map(|said| by_id(said.value.connection_set))
            .collect();
        Ok(ProducerConnection {
            connection_set: members.into_values().collect(),
        })
    }

    /// Every producer of every master.
    ///
    /// # Errors
    /// No name server.
    pub async fn producers(&self) -> Result<Partial<OnBroker<ProducerTableInfo>>, ClientError> {
        let code = RequestCode::GetAllProducerInfo;
        let masters = self.masters(&Target::All).await?;
        let request = RemotingCommand::request(code);
        let read = |answer: crate::peer::Answer<'_>| answer.body(ProducerTableInfo::from_json);
        Ok(self.ask_each(masters, code, &request, read).await)
    }

    /// What one member of a consumer group says of itself, through a broker that it is connected to.
    ///
    /// # Errors
    /// The last broker's error, if the member answers through none.
    pub async fn consumer_running_info(
        &self,
        group: &str,
        client_id: &str,
        jstack: bool,
    ) -> Result<ConsumerRunningInfo, ClientError> {
        let nodes = self.nodes_of_group(group).await?;
        self.running_info_through(&nodes, group, client_id, jstack)
            .await
    }

    /// The same, through the first of these brokers that has an answer.
    pub(crate) async fn running_info_through(
        &self,
        nodes: &[BrokerNode],
        group: &str,
        client_id: &str,
        jstack: bool,
    ) -> Result<ConsumerRunningInfo, ClientError> {
        let code = RequestCode::GetConsumerRunningInfo;
        let header = GetConsumerRunningInfoRequestHeader {
            consumer_group: group.to_owned(),
            client_id: client_id.to_owned(),
            jstack_enable: Some(jstack),
        };
        let mut failed = ClientError::NotFound {
            what: format!("a broker that knows group {group}"),
        };
        for node in nodes {
            let request = RemotingCommand::request(code).with_header(&header);
            let peer = Peer::broker(&node.name, &node.addr);
            let answer = self
                .shared
                .wire
                .ask(peer, code, request, RELAY_TIMEOUT)
                .await;
            match answer.and_then(crate::peer::Answer::success) {
                Ok(answer) => return answer.body(ConsumerRunningInfo::from_json),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

fn by_id(connections: Vec<Connection>) -> impl Iterator<Item = (String, Connection)> {
    connections
        .into_iter()
        .map(|connection| (connection.client_id.clone(), connection))
}

/// What was said, if anything; else the error that says most: that somebody could not be asked rather
/// than that those who could knew of nothing.
fn first_telling<T>(
    said: Partial<OnBroker<T>>,
    nothing: ResponseCode,
) -> Result<Vec<OnBroker<T>>, ClientError> {
    if !said.items.is_empty() {
        return Ok(said.items);
    }
    let mut errors: Vec<ClientError> = said.failed.into_iter().map(|(_, error)| error).collect();
    errors.sort_by_key(|error| error.response_code() == Some(nothing));
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Err(ClientError::BrokerNotFound {
            name: "of any kind".to_owned(),
            known: vec![],
        }),
    }
}
