//! What name servers hear of a broker. The name server here is one that only listens.

use std::sync::Arc;

use clock::SystemClock;
use parking_lot::Mutex;
use protocol::body::{KvTable, RegisterBrokerBody};
use protocol::header::{NoHeader, RegisterBrokerRequestHeader};
use protocol::{CommandView, RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Processor, Reply, Server, ServerConfig};

use crate::testing::{TestBroker, free_port, send_header, send_request, until};

#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<RemotingCommand>>,
}

impl Processor for Ear {
    fn process(&self, request: &CommandView<'_>, _: &Arc<Connection>, reply: Reply<'_>) {
        self.heard.lock().push(request.to_command());
        let order = KvTable {
            table: [("ordered".to_owned(), "b:1".to_owned())].into(),
        };
        reply.answer(ResponseCode::Success, None, &NoHeader, &order.to_json());
    }
}

struct FakeNamesrv {
    ear: Arc<Ear>,
    server: Server,
}

impl FakeNamesrv {
    async fn start(port: u16) -> Self {
        let ear = Arc::new(Ear::default());
        let config = ServerConfig::new(([127, 0, 0, 1], port).into());
        let server = Server::bind(config, Arc::clone(&ear) as _, SystemClock::shared()).await;
        Self {
            ear,
            server: server.unwrap(),
        }
    }

    fn addr(&self) -> String {
        self.server.local_addr().to_string()
    }

    fn codes(&self) -> Vec<i32> {
        self.ear
            .heard
            .lock()
            .iter()
            .map(|request| request.code)
            .collect()
    }

    fn registrations(&self) -> Vec<(RegisterBrokerRequestHeader, RegisterBrokerBody)> {
        let heard = self.ear.heard.lock();
        let registrations = heard
            .iter()
            .filter(|request| request.code == RequestCode::RegisterBroker.code());
        let read = |request: &RemotingCommand| {
            (
                request.header().unwrap(),
                RegisterBrokerBody::from_json(&request.body).unwrap(),
            )
        };
        registrations.map(read).collect()
    }
}

fn topics(body: &RegisterBrokerBody) -> Vec<&str> {
    let table = &body.topic_config_serialize_wrapper.topic_config_table;
    table.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_broker_registers_before_it_is_ready_and_unregisters_at_its_end() {
    let (first, second) = tokio::join!(
        FakeNamesrv::start(free_port()),
        FakeNamesrv::start(free_port())
    );
    let nobody = format!("127.0.0.1:{}", free_port());
    let addrs = vec![first.addr(), nobody, second.addr()];
    let broker = TestBroker::start_with(|config| {
        config.namesrv_addrs = addrs.clone();
        config.broker_permission = 4;
    })
    .await;
    let addr = broker.addr();
    for namesrv in [&first, &second] {
        let (header, body) = namesrv.registrations().remove(0);
        assert_eq!(
            (header.broker_addr.as_str(), header.broker_id),
            (addr.as_str(), 0)
        );
        assert_eq!(header.cluster_name, "DefaultCluster");
        let crc = crc32fast::hash(&namesrv.ear.heard.lock()[0].body) & 0x7FFF_FFFF;
        assert_eq!(header.body_crc32, i32::try_from(crc).ok());
        assert!(topics(&body).len() > 10);
        let table = body.topic_config_serialize_wrapper.topic_config_table;
        assert!(table.values().all(|topic| topic.perm & 2 == 0));
    }
    broker.broker.shutdown().await;
    for namesrv in [first, second] {
        assert_eq!(
            namesrv.codes().last(),
            Some(&RequestCode::UnregisterBroker.code())
        );
    }
}

#[tokio::test]
async fn a_new_topic_is_told_at_once_and_alone() {
    let namesrv = FakeNamesrv::start(free_port()).await;
    let addr = namesrv.addr();
    let broker = TestBroker::start_with(|config| config.namesrv_addrs = vec![addr.clone()]).await;
    let answer = broker
        .ask(send_request(&send_header("ordered"), b"x"))
        .await;
    assert!(answer.is_success());
    broker
        .broker
        .context()
        .namesrv
        .settled(crate::testing::SOON)
        .await;
    let (_, body) = namesrv.registrations().remove(1);
    assert_eq!(topics(&body), ["ordered"]);
    // The name server said that it keeps an order, which is a change to be told in its turn.
    until(async || {
        let registrations = namesrv.registrations();
        let table = |body: &RegisterBrokerBody| {
            body.topic_config_serialize_wrapper
                .topic_config_table
                .get("ordered")
                .cloned()
        };
        registrations
            .last()
            .and_then(|(_, body)| table(body))
            .is_some_and(|topic| topic.order)
    })
    .await;
}

#[tokio::test]
async fn a_name_server_that_comes_later_or_back_is_told_everything() {
    let port = free_port();
    let addr = format!("127.0.0.1:{port}");
    let broker = TestBroker::start_with(|config| config.namesrv_addrs = vec![addr.clone()]).await;
    let namesrv = FakeNamesrv::start(port).await;
    until(async || !namesrv.registrations().is_empty()).await;
    namesrv.server.kill();
    namesrv.server.closed().await;
    drop(namesrv);
    broker.send("meanwhile", "", b"x").await;
    let namesrv = FakeNamesrv::start(port).await;
    until(async || !namesrv.registrations().is_empty()).await;
    assert!(topics(&namesrv.registrations()[0].1).contains(&"meanwhile"));
}
