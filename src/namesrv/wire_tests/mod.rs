//! Stories over real sockets: brokers, clients and tools of all ages against a whole name server.

mod brokers;
mod raw_frames;
mod routes;
mod tools;

use crate::{Namesrv, NamesrvConfig};
use clock::{Clock as _, ManualClock, SharedClock, SystemClock};
use protocol::body::{RegisterBrokerBody, TopicConfig, TopicRouteData};
use protocol::header::{GetRouteInfoRequestHeader, RegisterBrokerRequestHeader};
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Client, ClientConfig, NoRequests};
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A name server that listens wherever there is room.
async fn start_with(settings: &[(&str, &str)], clock: SharedClock) -> Namesrv {
    let mut config = NamesrvConfig::default();
    for (key, value) in settings {
        config.set(key, value).unwrap();
    }
    config.listen.set_port(0);
    Namesrv::start(config, clock).await.unwrap()
}

async fn start() -> Namesrv {
    start_with(&[], SystemClock::shared()).await
}

/// One connection to a name server.
struct Peer {
    client: Client,
    addr: String,
}

impl Peer {
    fn of(namesrv: &Namesrv) -> Self {
        let client = Client::new(
            ClientConfig::default(),
            SystemClock::shared(),
            Arc::new(NoRequests),
        );
        Self {
            client,
            addr: namesrv.local_addr().to_string(),
        }
    }

    async fn ask(&self, request: RemotingCommand) -> RemotingCommand {
        self.client.invoke(&self.addr, request, SOON).await.unwrap()
    }

    /// Asks what must be granted.
    async fn get(&self, request: RemotingCommand) -> RemotingCommand {
        let response = self.ask(request).await;
        assert!(response.is_success(), "{response:?}");
        response
    }

    /// Asks what must be refused; returns the code and the remark.
    async fn refused(&self, request: RemotingCommand) -> (ResponseCode, String) {
        let response = self.ask(request).await;
        assert!(!response.is_success(), "{response:?}");
        (
            response.response_code().unwrap(),
            response.remark.unwrap_or_default(),
        )
    }

    async fn route(&self, topic: &str) -> Option<TopicRouteData> {
        let response = self.ask(ask_route(topic)).await;
        if response.response_code() == Some(ResponseCode::TopicNotExist) {
            return None;
        }
        assert!(response.is_success(), "{response:?}");
        Some(TopicRouteData::from_json(&response.body).unwrap())
    }

    /// The names of the brokers that a topic is routed to.
    async fn brokers_of(&self, topic: &str) -> Vec<String> {
        let route = self.route(topic).await.unwrap_or_default();
        let brokers = route.broker_datas.into_iter();
        brokers.map(|broker| broker.broker_name).collect()
    }

    /// Waits until a topic is routed to these brokers and no others.
    async fn until_brokers_of(&self, topic: &str, expected: &[&str]) {
        let wait = async {
            while self.brokers_of(topic).await != expected {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, wait).await.unwrap();
    }
}

fn request(code: RequestCode) -> RemotingCommand {
    RemotingCommand::request(code)
}

fn ask_route(topic: &str) -> RemotingCommand {
    request(RequestCode::GetRouteinfoByTopic).with_header(&GetRouteInfoRequestHeader {
        topic: topic.into(),
        accept_standard_json_only: None,
    })
}

/// The topics that a broker offers in these stories, with 4 queues each.
fn body(topics: &[&str], counter: i64) -> RegisterBrokerBody {
    let mut body = RegisterBrokerBody::default();
    let wrapper = &mut body.topic_config_serialize_wrapper;
    wrapper.data_version.counter = counter;
    for topic in topics {
        let config = TopicConfig::new(*topic, 4);
        wrapper.topic_config_table.insert((*topic).into(), config);
    }
    body
}

fn header(name: &str, addr: &str) -> RegisterBrokerRequestHeader {
    RegisterBrokerRequestHeader {
        broker_name: name.into(),
        broker_addr: addr.into(),
        cluster_name: "DefaultCluster".into(),
        ha_server_addr: addr.replace(":10911", ":10912"),
        broker_id: 0,
        enable_acting_master: Some(false),
        ..RegisterBrokerRequestHeader::default()
    }
}

fn registration(name: &str, addr: &str, topics: &[&str]) -> RemotingCommand {
    request(RequestCode::RegisterBroker)
        .with_header(&header(name, addr))
        .with_body(body(topics, 1).to_json())
}
