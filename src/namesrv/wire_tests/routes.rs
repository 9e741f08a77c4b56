//! What clients are told of topics.

use super::*;
use protocol::version;

#[tokio::test]
async fn an_unknown_topic_is_refused_in_the_words_of_rocketmq() {
    let namesrv = start().await;
    let client = Peer::of(&namesrv);
    assert_eq!(
        client.refused(ask_route("nosuchtopic")).await,
        (
            ResponseCode::TopicNotExist,
            "No topic route info in name server for the topic: nosuchtopic\nSee \
             https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
                .to_owned()
        )
    );
}

const STANDARD: &str = r#"{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}"#;

#[tokio::test]
async fn routes_are_standard_json_for_those_who_read_it() {
    let namesrv = start().await;
    let client = Peer::of(&namesrv);
    client
        .get(registration("broker-a", "10.0.0.1:10911", &["T", "U"]))
        .await;
    let unquoted = STANDARD.replace(r#""0":"#, "0:");
    for (version, asks, expected) in [
        (version::V4_9_3, false, &*unquoted),
        (version::V4_9_3, true, STANDARD),
        (version::V4_9_4, false, STANDARD),
        (0, false, &*unquoted),
    ] {
        let mut request = ask_route("T");
        request.version = version;
        if asks {
            request = request.with_field("acceptStandardJsonOnly", "true");
        }
        let response = client.get(request).await;
        assert_eq!(response.body, expected, "version {version}");
    }
}

#[tokio::test]
async fn ordered_topics_say_so_when_that_is_switched_on() {
    let namesrv = start_with(&[("orderMessageEnable", "true")], SystemClock::shared()).await;
    let client = Peer::of(&namesrv);
    client
        .get(registration("broker-a", "10.0.0.1:10911", &["T", "U"]))
        .await;
    client
        .get(
            request(RequestCode::PutKvConfig)
                .with_field("namespace", "ORDER_TOPIC_CONFIG")
                .with_field("key", "T")
                .with_field("value", "broker-a:4"),
        )
        .await;
    let route = client.route("T").await.unwrap();
    assert_eq!(route.order_topic_conf.as_deref(), Some("broker-a:4"));
    assert_eq!(client.route("U").await.unwrap().order_topic_conf, None);
}

#[tokio::test]
async fn a_client_in_a_zone_sees_the_brokers_of_its_zone() {
    let namesrv = start().await;
    let client = Peer::of(&namesrv);
    for (name, zone, id) in [("near", "z1", 0), ("far", "z2", 0), ("slave-only", "z2", 1)] {
        let header = RegisterBrokerRequestHeader {
            broker_id: id,
            ..header(name, &format!("{name}:10911"))
        };
        let registration = request(RequestCode::RegisterBroker)
            .with_header(&header)
            .with_field("__ZONE_NAME", zone)
            .with_body(body(&["T", "U"], 1).to_json());
        client.get(registration).await;
    }
    let brokers = |mode: &str, zone: &str| {
        let request = ask_route("T")
            .with_field("__ZONE_MODE", mode)
            .with_field("__ZONE_NAME", zone);
        async {
            let response = client.get(request).await;
            let route = TopicRouteData::from_json(&response.body).unwrap();
            let brokers = route.broker_datas.into_iter();
            let queues = route.queue_datas.into_iter();
            let brokers: Vec<_> = brokers.map(|broker| broker.broker_name).collect();
            let queues: Vec<_> = queues.map(|queue| queue.broker_name).collect();
            assert_eq!(brokers, queues);
            brokers
        }
    };
    assert_eq!(brokers("true", "Z1").await, ["near", "slave-only"]);
    assert_eq!(brokers("false", "z1").await, ["far", "near", "slave-only"]);
    assert_eq!(brokers("true", " ").await, ["far", "near", "slave-only"]);
}

#[tokio::test]
async fn routes_may_have_to_wait_until_brokers_had_time_to_register() {
    let clock = ManualClock::at(0);
    let settings = [("needWaitForService", "true")];
    let namesrv = start_with(&settings, Arc::clone(&clock) as SharedClock).await;
    let client = Peer::of(&namesrv);
    client
        .get(registration("broker-a", "10.0.0.1:10911", &["T", "U"]))
        .await;
    clock.advance(Duration::from_millis(44_999));
    assert_eq!(
        client.refused(ask_route("T")).await,
        (
            ResponseCode::SystemError,
            "name server not ready".to_owned()
        )
    );
    clock.advance(Duration::from_millis(1));
    assert_eq!(client.brokers_of("T").await, ["broker-a"]);
}
