//! Offsets of queues and of groups: read, copied and reset.

use protocol::body::{
    ConsumerOffsetSerializeWrapper, DelayOffsetSerializeWrapper, QueryCorrectionOffsetBody,
    ResetOffsetBody,
};
use protocol::header::{
    CloneGroupOffsetRequestHeader, GetEarliestMsgStoretimeRequestHeader, GetMaxOffsetRequestHeader,
    GetMinOffsetRequestHeader, NoHeader, QueryCorrectionOffsetRequestHeader,
    ResetOffsetRequestHeader, SearchOffsetRequestHeader,
};
use protocol::{LanguageCode, RemotingCommand, RequestCode, ResponseCode};

use super::{ask, broker_with_messages, refusal_of, refused};
use crate::testing::TestBroker;
use crate::testing_client::TestClient;

fn field(answer: &RemotingCommand, name: &str) -> i64 {
    answer.ext_fields.get(name).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_bounds_of_a_queue_are_told_and_an_unknown_queue_is_empty() {
    let broker = broker_with_messages().await;
    for (topic, queue_id, bounds) in [
        ("orders", 0, (0, 3)),
        ("orders", 3, (0, 0)),
        ("nobody", 7, (0, 0)),
    ] {
        let max = GetMaxOffsetRequestHeader {
            topic: topic.to_owned(),
            queue_id,
            committed: None,
        };
        let min = GetMinOffsetRequestHeader {
            topic: topic.to_owned(),
            queue_id,
        };
        let max = ask(&broker, RequestCode::GetMaxOffset, &max).await;
        let min = ask(&broker, RequestCode::GetMinOffset, &min).await;
        assert_eq!(
            (field(&min, "offset"), field(&max, "offset")),
            bounds,
            "{topic} {queue_id}"
        );
    }
    let context = broker.broker.context();
    assert!(
        context.store.find_queue("nobody", 7).is_none(),
        "asking makes nothing"
    );
}

#[tokio::test]
async fn a_time_stands_for_an_offset() {
    let broker = broker_with_messages().await;
    let search = async |topic: &str, timestamp, boundary: Option<&str>| {
        let header = SearchOffsetRequestHeader {
            topic: topic.to_owned(),
            queue_id: 0,
            timestamp,
            boundary_type: boundary.map(str::to_owned),
        };
        field(
            &ask(&broker, RequestCode::SearchOffsetByTimestamp, &header).await,
            "offset",
        )
    };
    assert_eq!(search("orders", 0, None).await, 0);
    assert_eq!(search("orders", i64::MAX, None).await, 3);
    assert_eq!(search("orders", i64::MAX, Some("UPPER")).await, 2);
    assert_eq!(search("nobody", 0, None).await, 0);

    let earliest = async |topic: &str| {
        let header = GetEarliestMsgStoretimeRequestHeader {
            topic: topic.to_owned(),
            queue_id: 0,
        };
        field(
            &ask(&broker, RequestCode::GetEarliestMsgStoretime, &header).await,
            "timestamp",
        )
    };
    assert!(earliest("orders").await > 1_600_000_000_000);
    assert_eq!(earliest("nobody").await, -1);
}

#[tokio::test]
async fn the_offsets_of_all_groups_and_levels_are_told() {
    let broker = broker_with_messages().await;
    broker
        .broker
        .context()
        .offsets
        .commit_offset("g", "orders", 0, 2)
        .unwrap();
    let answer = ask(&broker, RequestCode::GetAllConsumerOffset, &NoHeader).await;
    let table = ConsumerOffsetSerializeWrapper::from_json(&answer.body).unwrap();
    assert_eq!(table.offset_table["orders@g"][&0], 2);
    let answer = ask(&broker, RequestCode::GetAllDelayOffset, &NoHeader).await;
    let table = DelayOffsetSerializeWrapper::from_json(&answer.body).unwrap();
    assert_eq!(table.offset_table.len(), 18);
}

#[tokio::test]
async fn a_group_can_start_from_the_offsets_of_another() {
    let broker = broker_with_messages().await;
    let context = broker.broker.context();
    context.offsets.commit_offset("g", "orders", 0, 2).unwrap();
    let header = CloneGroupOffsetRequestHeader {
        src_group: "g".to_owned(),
        dest_group: "h".to_owned(),
        topic: None,
        offline: None,
    };
    let (code, _) = refused(&broker, RequestCode::CloneGroupOffset, &header).await;
    assert_eq!(code, ResponseCode::SubscriptionGroupNotExist);
    context.groups.find("h", true).unwrap();
    ask(&broker, RequestCode::CloneGroupOffset, &header).await;
    assert_eq!(context.offsets.query_offset("h", "orders", 0), Some(2));
}

#[tokio::test]
async fn the_slowest_group_corrects_the_others() {
    let broker = broker_with_messages().await;
    let offsets = &broker.broker.context().offsets;
    for (group, offset) in [("slow", 1), ("fast", 3), ("ignored", 0), ("compared", 0)] {
        offsets.commit_offset(group, "orders", 0, offset).unwrap();
    }
    let correction = async |compare_group: &str, filter: &str| {
        let header = QueryCorrectionOffsetRequestHeader {
            filter_groups: Some(filter.to_owned()),
            compare_group: compare_group.to_owned(),
            topic: "orders".to_owned(),
        };
        let answer = ask(&broker, RequestCode::QueryCorrectionOffset, &header).await;
        QueryCorrectionOffsetBody::from_json(&answer.body)
            .unwrap()
            .correction_offsets[&0]
    };
    assert_eq!(correction("fast", "ignored,compared").await, 1);
    assert_eq!(correction("compared", "ignored,compared").await, i64::MAX);
    assert_eq!(
        offsets.query_offset("ignored", "orders", 0),
        Some(0),
        "asking removes nothing"
    );
}

fn reset_header(
    queue_id: Option<i32>,
    offset: Option<i64>,
    timestamp: i64,
) -> ResetOffsetRequestHeader {
    ResetOffsetRequestHeader {
        group: "g".to_owned(),
        topic: "orders".to_owned(),
        queue_id,
        offset,
        timestamp,
        is_force: true,
    }
}

async fn reset(broker: &TestBroker, header: &ResetOffsetRequestHeader) -> Vec<(i32, i64)> {
    let answer = ask(broker, RequestCode::InvokeBrokerToResetOffset, header).await;
    let table = ResetOffsetBody::from_json(&answer.body)
        .unwrap()
        .offset_table;
    table
        .into_iter()
        .map(|(queue, offset)| (queue.queue_id, offset))
        .collect()
}

#[tokio::test]
async fn a_reset_is_kept_here_and_told_to_the_next_pull() {
    let broker = broker_with_messages().await;
    let context = broker.broker.context();
    context.groups.find("g", true).unwrap();
    assert_eq!(
        reset(&broker, &reset_header(None, None, 0)).await,
        [(0, 0), (1, 0), (2, 0), (3, 0)]
    );
    assert_eq!(
        reset(&broker, &reset_header(None, None, -1)).await,
        [(0, 3), (1, 0), (2, 0), (3, 0)]
    );
    assert_eq!(
        reset(&broker, &reset_header(Some(0), Some(2), 0)).await,
        [(0, 2)]
    );
    assert_eq!(
        reset(&broker, &reset_header(Some(0), None, -1)).await,
        [(0, 3)]
    );
    assert_eq!(context.offsets.take_reset_offset("g", "orders", 0), Some(3));
}

#[tokio::test]
async fn a_reset_of_nothing_or_to_nowhere_is_refused() {
    let broker = broker_with_messages().await;
    let code = RequestCode::InvokeBrokerToResetOffset;
    let (refusal, _) = refused(&broker, code, &reset_header(None, None, 0)).await;
    assert_eq!(refusal, ResponseCode::SubscriptionGroupNotExist);
    broker.broker.context().groups.find("g", true).unwrap();
    for offset in [-2, 5, i64::MAX] {
        let (refusal, remark) =
            refused(&broker, code, &reset_header(Some(0), Some(offset), 0)).await;
        assert_eq!(refusal, ResponseCode::SystemError);
        assert_eq!(
            remark,
            format!("Target offset {offset} not in consume queue range [0-3]")
        );
    }
    let (refusal, _) = refused(&broker, code, &reset_header(Some(4), None, 0)).await;
    assert_eq!(refusal, ResponseCode::InvalidParameter);
    let elsewhere = ResetOffsetRequestHeader {
        topic: "nobody".to_owned(),
        ..reset_header(None, None, 0)
    };
    assert_eq!(
        refused(&broker, code, &elsewhere).await.0,
        ResponseCode::TopicNotExist
    );
}

#[tokio::test]
async fn without_resets_of_its_own_the_broker_tells_every_consumer() {
    let broker = broker_with_messages().await;
    let context = broker.broker.context();
    context
        .settings
        .change(b"useServerSideResetOffset=false", 0)
        .unwrap();
    let code = RequestCode::InvokeBrokerToResetOffset;
    let header = ResetOffsetRequestHeader {
        is_force: false,
        ..reset_header(None, None, -1)
    };
    let (refusal, _) = refused(&broker, code, &header).await;
    assert_eq!(
        refusal,
        ResponseCode::SystemError,
        "a group without offsets"
    );
    for queue_id in 0..4 {
        context
            .offsets
            .commit_offset("g", "orders", queue_id, 1)
            .unwrap();
    }
    assert_eq!(
        refused(&broker, code, &header).await.0,
        ResponseCode::ConsumerNotOnline
    );

    let consumer = TestClient::of(&broker, "c");
    consumer.consume("g", &["orders"]).await;
    assert_eq!(
        reset(&broker, &header).await[..2],
        [(0, 1), (1, 0)],
        "never forwards without force"
    );
    consumer
        .hears(RequestCode::ResetConsumerClientOffset, 1)
        .await;
    let mut from_cpp = RemotingCommand::request(code).with_header(&header);
    from_cpp.language = LanguageCode::Cpp;
    assert!(broker.ask(from_cpp).await.is_success());
    consumer
        .hears(RequestCode::ResetConsumerClientOffset, 2)
        .await;
    let told = consumer.heard(RequestCode::ResetConsumerClientOffset);
    assert!(told[0].is_oneway());
    assert_eq!(told[0].ext_fields.get("group"), Some("g"));
    assert!(
        told[0]
            .body
            .starts_with(b"{\"offsetTable\":{{\"brokerName\"")
    );
    assert!(
        told[1]
            .body
            .starts_with(b"{\"offsetTable\":[{\"brokerName\"")
    );
    assert_eq!(context.offsets.take_reset_offset("g", "orders", 0), None);

    let old = TestClient::of(&broker, "old");
    let mut heartbeat = RemotingCommand::request(RequestCode::HeartBeat)
        .with_body(crate::testing_client::consumer_of("g", &["orders"]).to_json());
    heartbeat.version = protocol::version::V3_0_7_SNAPSHOT - 1;
    assert!(old.ask(heartbeat).await.is_success());
    let answer = broker
        .ask(RemotingCommand::request(code).with_header(&header))
        .await;
    assert!(refusal_of(&answer).1.contains("does not support"));
}
