//! Brokers register, give signs of life, and go in every way there is.

use super::*;
use protocol::body::{DataVersion, KvTable};
use protocol::header::{
    BrokerHeartbeatRequestHeader, QueryDataVersionRequestHeader, QueryDataVersionResponseHeader,
    RegisterBrokerResponseHeader, UnregisterBrokerRequestHeader,
};
use protocol::version;

const TOPICS: &[&str] = &["TopicTest", "TBW102"];

#[tokio::test]
async fn a_broker_registers_and_is_gone_with_its_connection() {
    let namesrv = start().await;
    let client = Peer::of(&namesrv);
    let (a, b) = (Peer::of(&namesrv), Peer::of(&namesrv));
    a.get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    b.get(registration("broker-b", "10.0.0.2:10911", TOPICS))
        .await;
    assert_eq!(
        client.brokers_of("TopicTest").await,
        ["broker-a", "broker-b"]
    );
    a.client.kill();
    client.until_brokers_of("TopicTest", &["broker-b"]).await;
    b.client.shutdown().await;
    client.until_brokers_of("TopicTest", &[]).await;
}

#[tokio::test]
async fn a_broker_that_came_back_does_not_fall_with_its_old_connection() {
    let namesrv = start().await;
    let client = Peer::of(&namesrv);
    let (old, new) = (Peer::of(&namesrv), Peer::of(&namesrv));
    old.get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    new.get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    old.client.kill();
    // A broker that shares the fate of the old connection shows when that has been noticed.
    let witness = Peer::of(&namesrv);
    witness
        .get(registration("witness", "10.0.0.9:10911", TOPICS))
        .await;
    witness.client.kill();
    client.until_brokers_of("TopicTest", &["broker-a"]).await;
    assert_eq!(client.brokers_of("TopicTest").await, ["broker-a"]);
}

#[tokio::test]
async fn a_broker_says_that_it_goes() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    broker
        .get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    let goodbye = UnregisterBrokerRequestHeader {
        broker_name: "broker-a".into(),
        broker_addr: "10.0.0.1:10911".into(),
        cluster_name: "DefaultCluster".into(),
        broker_id: 0,
    };
    broker
        .get(request(RequestCode::UnregisterBroker).with_header(&goodbye))
        .await;
    assert_eq!(broker.route("TopicTest").await, None);
}

#[tokio::test]
async fn a_silent_broker_expires_and_its_connection_is_closed() {
    let clock = ManualClock::at(0);
    let settings = [("scanNotActiveBrokerInterval", "10")];
    let namesrv = start_with(&settings, Arc::clone(&clock) as SharedClock).await;
    let (silent, alive, client) = (Peer::of(&namesrv), Peer::of(&namesrv), Peer::of(&namesrv));
    silent
        .get(registration("silent", "10.0.0.1:10911", TOPICS))
        .await;
    let short = RegisterBrokerRequestHeader {
        heartbeat_timeout_millis: Some(30_000),
        ..header("short", "10.0.0.2:10911")
    };
    let short = request(RequestCode::RegisterBroker)
        .with_header(&short)
        .with_body(body(TOPICS, 1).to_json());
    alive.get(short).await;

    // All within the 120 s after which a connection without any request would be closed anyway.
    clock.advance(Duration::from_secs(29));
    let heartbeat = BrokerHeartbeatRequestHeader {
        cluster_name: "DefaultCluster".into(),
        broker_addr: "10.0.0.2:10911".into(),
        broker_name: "short".into(),
        ..BrokerHeartbeatRequestHeader::default()
    };
    let heartbeat = request(RequestCode::BrokerHeartbeat).with_header(&heartbeat);
    for _ in 0..3 {
        alive.get(heartbeat.clone()).await;
        client.route("TopicTest").await;
        clock.advance(Duration::from_secs(29));
    }
    assert_eq!(client.brokers_of("TopicTest").await, ["short", "silent"]);
    clock.advance(Duration::from_secs(2));
    client.until_brokers_of("TopicTest", &["silent"]).await;
    let closed = async {
        while alive.client.is_connected(&alive.addr) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, closed).await.unwrap();
    assert!(clock.elapsed() < Duration::from_secs(120));
    clock.advance(Duration::from_secs(60));
    client.until_brokers_of("TopicTest", &[]).await;
}

#[tokio::test]
async fn a_broker_asks_whether_to_register_again() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    let ask = |counter| {
        let version = DataVersion {
            counter,
            ..DataVersion::default()
        };
        request(RequestCode::QueryDataVersion)
            .with_header(&QueryDataVersionRequestHeader {
                broker_name: "broker-a".into(),
                broker_addr: "10.0.0.1:10911".into(),
                cluster_name: "DefaultCluster".into(),
                broker_id: 0,
            })
            .with_body(version.to_json())
    };
    let changed = |response: &RemotingCommand| {
        let header: QueryDataVersionResponseHeader = response.header().unwrap();
        header.changed
    };
    let response = broker.get(ask(1)).await;
    assert!(changed(&response) && response.body.is_empty());
    broker
        .get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    let response = broker.get(ask(1)).await;
    assert!(!changed(&response));
    assert_eq!(DataVersion::from_json(&response.body).unwrap().counter, 1);
    assert!(changed(&broker.get(ask(2)).await));
}

#[tokio::test]
async fn registrations_may_be_compressed_and_say_so_or_not() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    let compressed = body(TOPICS, 1).to_compressed().unwrap();
    for (name, says_so) in [("broker-a", true), ("broker-b", false)] {
        let header = RegisterBrokerRequestHeader {
            compressed: Some(says_so),
            ..header(name, &format!("{name}:10911"))
        };
        let registration = request(RequestCode::RegisterBroker)
            .with_header(&header)
            .with_body(compressed.clone());
        broker.get(registration).await;
    }
    assert_eq!(
        broker.brokers_of("TopicTest").await,
        ["broker-a", "broker-b"]
    );
}

#[tokio::test]
async fn very_old_brokers_send_topics_alone() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    let wrapper = body(TOPICS, 1).topic_config_serialize_wrapper;
    let mut registration = request(RequestCode::RegisterBroker)
        .with_header(&header("broker-a", "10.0.0.1:10911"))
        .with_body(wrapper.to_json());
    registration.version = version::V3_0_11 - 1;
    broker.get(registration).await;
    assert_eq!(broker.brokers_of("TopicTest").await, ["broker-a"]);
}

#[tokio::test]
async fn a_body_that_is_not_what_was_sent_is_refused() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    let body = body(TOPICS, 1).to_json();
    let crc = i32::try_from(crc32fast::hash(&body) & 0x7FFF_FFFF).unwrap();
    let with_crc = |crc| {
        let header = RegisterBrokerRequestHeader {
            body_crc32: Some(crc),
            ..header("broker-a", "10.0.0.1:10911")
        };
        request(RequestCode::RegisterBroker)
            .with_header(&header)
            .with_body(body.clone())
    };
    assert_eq!(
        broker.refused(with_crc(crc ^ 1)).await,
        (ResponseCode::SystemError, "crc32 not match".to_owned())
    );
    broker.get(with_crc(crc)).await;
    let broken = with_crc(0).with_body("{");
    let (code, remark) = broker.refused(broken).await;
    assert_eq!(code, ResponseCode::SystemError);
    assert!(remark.starts_with("the body cannot be read: "), "{remark}");
}

#[tokio::test]
async fn what_a_registration_lacks_is_named() {
    let namesrv = start().await;
    let broker = Peer::of(&namesrv);
    let (code, remark) = broker.refused(request(RequestCode::RegisterBroker)).await;
    assert_eq!(code, ResponseCode::SystemError);
    assert!(remark.contains("brokerName"), "{remark}");
    let single = registration("broker-a", "10.0.0.1:10911", &["TopicTest"]);
    assert_eq!(
        broker.refused(single).await,
        (
            ResponseCode::SystemError,
            "register broker failed".to_owned()
        )
    );
}

#[tokio::test]
async fn a_slave_learns_of_its_master_and_everyone_of_ordered_topics() {
    let namesrv = start().await;
    let (master, slave) = (Peer::of(&namesrv), Peer::of(&namesrv));
    let response = master
        .get(registration("broker-a", "10.0.0.1:10911", TOPICS))
        .await;
    assert!(response.body.is_empty());
    master
        .get(
            request(RequestCode::PutKvConfig)
                .with_field("namespace", "ORDER_TOPIC_CONFIG")
                .with_field("key", "TopicTest")
                .with_field("value", "broker-a:4"),
        )
        .await;
    let header = RegisterBrokerRequestHeader {
        broker_id: 1,
        ..header("broker-a", "10.0.0.2:10911")
    };
    let registration = request(RequestCode::RegisterBroker)
        .with_header(&header)
        .with_body(body(TOPICS, 1).to_json());
    let response = slave.get(registration).await;
    let header: RegisterBrokerResponseHeader = response.header().unwrap();
    assert_eq!(header.master_addr.as_deref(), Some("10.0.0.1:10911"));
    assert_eq!(header.ha_server_addr.as_deref(), Some("10.0.0.1:10912"));
    let table = KvTable::from_json(&response.body).unwrap().table;
    assert_eq!(
        table,
        [("TopicTest".to_owned(), "broker-a:4".to_owned())].into()
    );
}
