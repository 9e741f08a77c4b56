//! Clients on real connections: what they are told, and what is known of them.

use protocol::ResponseCode;
use protocol::body::{
    CheckClientRequestBody, ProducerData, SubscriptionData, SubscriptionGroupConfig, TopicConfig,
};

use super::*;
use crate::testing::{TestBroker, until};
use crate::testing_client::{TestClient, consumer_of};

const CHANGED: RequestCode = RequestCode::NotifyConsumerIdsChanged;

async fn members(broker: &TestBroker, group: &str) -> Option<Vec<String>> {
    let header = GetConsumerListByGroupRequestHeader {
        consumer_group: group.to_owned(),
    };
    let request =
        RemotingCommand::request(RequestCode::GetConsumerListByGroup).with_header(&header);
    let answer = broker.ask(request).await;
    if !answer.is_success() {
        assert_eq!(
            answer.remark.unwrap(),
            format!("no consumer for this group, {group}")
        );
        return None;
    }
    Some(
        GetConsumerListByGroupResponseBody::from_json(&answer.body)
            .unwrap()
            .consumer_id_list,
    )
}

#[tokio::test]
async fn members_of_a_group_are_told_of_each_other() {
    let broker = TestBroker::start().await;
    let (a, b) = (TestClient::of(&broker, "a"), TestClient::of(&broker, "b"));
    assert_eq!(members(&broker, "g").await, None);
    a.consume("g", &["orders"]).await;
    a.hears(CHANGED, 1).await;
    b.consume("g", &["orders"]).await;
    a.hears(CHANGED, 2).await;
    b.hears(CHANGED, 1).await;
    let told = a.heard(CHANGED).remove(0);
    assert!(told.is_oneway());
    assert_eq!(told.ext_fields.get("consumerGroup"), Some("g"));
    assert_eq!(members(&broker, "g").await.unwrap(), ["a", "b"]);

    b.hang_up().await;
    a.hears(CHANGED, 3).await;
    assert_eq!(members(&broker, "g").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_member_that_says_goodbye_leaves_one_group_alone() {
    let broker = TestBroker::start().await;
    let (a, b) = (TestClient::of(&broker, "a"), TestClient::of(&broker, "b"));
    for group in ["g", "h"] {
        a.consume(group, &["orders"]).await;
        b.consume(group, &["orders"]).await;
    }
    b.hears(CHANGED, 2).await;
    let header = UnregisterClientRequestHeader {
        client_id: "a".to_owned(),
        producer_group: None,
        consumer_group: Some("g".to_owned()),
    };
    let goodbye = RemotingCommand::request(RequestCode::UnregisterClient).with_header(&header);
    assert!(a.ask(goodbye).await.is_success());
    b.hears(CHANGED, 3).await;
    assert_eq!(members(&broker, "g").await.unwrap(), ["b"]);
    assert_eq!(members(&broker, "h").await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn the_answer_says_what_the_broker_understands() {
    let broker = TestBroker::start().await;
    let client = TestClient::of(&broker, "a");
    let answer = client.beat(consumer_of("g", &["orders"])).await;
    assert!(answer.version >= protocol::version::V4_9_4);
    assert_eq!(answer.ext_fields.get(SUPPORTS_V2), Some("true"));
    assert_eq!(answer.ext_fields.get(WANTS_SUBSCRIPTIONS), Some("true"));
    let with_fingerprint = |topics: &[&str], heartbeat_fingerprint, without_sub| HeartbeatData {
        heartbeat_fingerprint,
        without_sub,
        ..consumer_of("h", topics)
    };
    for (heartbeat, expected) in [
        (with_fingerprint(&["orders"], 7, false), "false"),
        (with_fingerprint(&[], 7, true), "false"),
        (with_fingerprint(&[], 8, true), "true"),
    ] {
        let answer = client.beat(heartbeat).await;
        assert_eq!(answer.ext_fields.get(WANTS_SUBSCRIPTIONS), Some(expected));
    }
    assert!(
        broker
            .broker
            .context()
            .consumers
            .find_subscription("h", "orders")
            .is_some()
    );
}

#[tokio::test]
async fn the_retry_topic_is_there_when_the_heartbeat_is_answered() {
    let broker = TestBroker::start().await;
    let context = broker.broker.context();
    let client = TestClient::of(&broker, "a");
    client.consume("g", &["orders"]).await;
    let retry = context.topics.get("%RETRY%g").unwrap();
    assert_eq!(
        (
            retry.config.read_queue_nums,
            retry.config.perm,
            retry.config.order
        ),
        (1, 6, false)
    );

    context
        .topics
        .put(TopicConfig {
            order: true,
            ..TopicConfig::new("ordered", 4)
        })
        .unwrap();
    context
        .groups
        .put(SubscriptionGroupConfig {
            retry_queue_nums: 3,
            ..SubscriptionGroupConfig::new("h")
        })
        .unwrap();
    let mut heartbeat = consumer_of("h", &["ordered"]);
    heartbeat.consumer_data_set[0].unit_mode = true;
    client.beat(heartbeat).await;
    let retry = context.topics.get("%RETRY%h").unwrap();
    assert_eq!(
        (retry.config.read_queue_nums, retry.config.order),
        (3, true)
    );
    assert_eq!(retry.config.topic_sys_flag, UNIT_SUB);
}

#[tokio::test]
async fn a_group_that_may_not_be_made_is_passed_over() {
    let broker =
        TestBroker::start_with(|config| config.auto_create_subscription_group = false).await;
    let client = TestClient::of(&broker, "a");
    client.consume("g", &["orders"]).await;
    assert_eq!(members(&broker, "g").await, None);
    assert!(!broker.broker.context().topics.contains("%RETRY%g"));
}

#[tokio::test]
async fn illegal_names_become_no_groups() {
    let broker = TestBroker::start().await;
    let client = TestClient::of(&broker, "a");
    client.consume("../../g", &["orders"]).await;
    assert_eq!(members(&broker, "../../g").await, None);
    let producer_data_set = vec![ProducerData {
        group_name: "a b".to_owned(),
    }];
    let answer = client
        .beat(HeartbeatData {
            producer_data_set,
            ..HeartbeatData::default()
        })
        .await;
    assert_eq!(answer.response_code(), Some(ResponseCode::InvalidParameter));
}

#[tokio::test]
async fn a_group_can_be_left_in_peace() {
    let broker = TestBroker::start().await;
    let quiet = SubscriptionGroupConfig {
        notify_consumer_ids_changed_enable: false,
        ..SubscriptionGroupConfig::new("g")
    };
    broker.broker.context().groups.put(quiet).unwrap();
    let (a, b) = (TestClient::of(&broker, "a"), TestClient::of(&broker, "b"));
    a.consume("g", &["orders"]).await;
    b.consume("g", &["orders"]).await;
    a.consume("loud", &["orders"]).await;
    a.hears(CHANGED, 1).await;
    assert_eq!(
        a.heard(CHANGED)[0].ext_fields.get("consumerGroup"),
        Some("loud")
    );
}

#[tokio::test]
async fn producers_are_known_until_they_hang_up() {
    let broker = TestBroker::start().await;
    let client = TestClient::of(&broker, "p");
    client.produce("g").await;
    let context = broker.broker.context();
    assert_eq!(context.producers.members("g").unwrap()[0].client_id, "p");
    client.hang_up().await;
    until(async || context.producers.members("g").is_none()).await;
}

#[tokio::test]
async fn a_client_learns_what_is_wrong_with_its_expression() {
    let broker = TestBroker::start().await;
    let check = async |expression_type: &str, sub_string: &str| {
        let subscription_data = SubscriptionData {
            expression_type: expression_type.to_owned(),
            sub_string: sub_string.to_owned(),
            ..SubscriptionData::build("orders", "*", None, 1).unwrap()
        };
        let body = CheckClientRequestBody {
            subscription_data,
            ..CheckClientRequestBody::default()
        };
        broker
            .ask(RemotingCommand::request(RequestCode::CheckClientConfig).with_body(body.to_json()))
            .await
    };
    assert!(check("TAG", "a > 1").await.is_success());
    assert!(check("SQL92", "a > 1").await.is_success());
    for (kind, expression, remark) in [
        (
            "SQL92",
            "a > 1 AND\nb BETWEEN 10 AND 2",
            "(line 2, column 11)\nb BETWEEN 10 AND 2\n          ^^^^^^^^",
        ),
        ("SQL92", "", "(column 1)\n\n^"),
        ("XPATH", "a > 1", "filter message by XPATH"),
    ] {
        let answer = check(kind, expression).await;
        let code = answer.response_code();
        assert_eq!(code, Some(ResponseCode::SubscriptionParseFailed));
        let told = answer.remark.unwrap();
        assert!(told.ends_with(remark), "{told}");
    }
    broker
        .broker
        .context()
        .settings
        .change(b"enablePropertyFilter=false", 0)
        .unwrap();
    let answer = check("SQL92", "a >").await;
    assert_eq!(answer.response_code(), Some(ResponseCode::SystemError));
    assert!(answer.remark.unwrap().ends_with("filter message by SQL92"));
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_and_the_connection_stays() {
    let broker = TestBroker::start().await;
    let nonsense =
        RemotingCommand::request(RequestCode::HeartBeat).with_body(&b"{\"clientID\":"[..]);
    assert_eq!(
        broker.ask(nonsense).await.response_code(),
        Some(ResponseCode::SystemError)
    );
    let client = TestClient::of(&broker, &"x".repeat(CLIENT_ID_LENGTH_MAX + 1));
    assert!(!client.beat(HeartbeatData::default()).await.is_success());
    assert!(
        TestClient::of(&broker, "x")
            .beat(HeartbeatData::default())
            .await
            .is_success()
    );
}
