//! Groups: who is in them, where they go on, what they send back.

use serde_json::{Value, json};

use super::Nodes;
use crate::common::wait::wait_for;
use crate::raw::{Frame, Peer, bodies, header, letters, messages, pull_fields, stored, with};

/// `NOTIFY_CONSUMER_IDS_CHANGED`.
const IDS_CHANGED: i64 = 40;

/// Joins the group `readers`.
#[track_caller]
fn join(peer: &mut Peer, client_id: &str) {
    let subscription = |topic: &str| {
        json!({
            "classFilterMode": false, "codeSet": [], "expressionType": "TAG", "subString": "*",
            "subVersion": 1, "tagsSet": [], "topic": topic,
        })
    };
    let heartbeat = json!({
        "clientID": client_id,
        "consumerDataSet": [{
            "consumeFromWhere": "CONSUME_FROM_LAST_OFFSET", "consumeType": "CONSUME_PASSIVELY",
            "groupName": "readers", "messageModel": "CLUSTERING",
            "subscriptionDataSet": [subscription("orders"), subscription("%RETRY%readers")],
            "unitMode": false,
        }],
        "producerDataSet": [],
    });
    let joined = peer
        .ask(header(34, &Value::Null), heartbeat.to_string().as_bytes())
        .with_code(0);
    assert!(
        joined.version >= 401,
        "clients take it for the broker's version"
    );
}

fn committed(broker: &mut Peer, group: &str) -> Frame {
    broker.ask_for(
        14,
        &json!({ "consumerGroup": group, "topic": "orders", "queueId": 0 }),
    )
}

fn commit(group: &str, offset: i64) -> Value {
    json!({ "consumerGroup": group, "topic": "orders", "queueId": 0, "commitOffset": offset })
}

#[test]
fn the_offset_of_a_new_group_is_not_found_and_of_an_unknown_one_is_not_taken() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let refused = broker.ask_for(15, &commit("strangers", 3)).with_code(26);
    assert!(refused.remark().contains("strangers"), "{refused:?}");
    join(&mut broker, "a");
    committed(&mut broker, "readers").with_code(22);
    nodes.end();
}

#[test]
fn offsets_are_committed_with_and_without_an_answer() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    join(&mut broker, "a");
    broker.ask_for(15, &commit("readers", 3)).with_code(0);
    let answer = committed(&mut broker, "readers").with_code(0);
    assert_eq!(
        answer.fields[0],
        ("offset".to_owned(), "3".to_owned()),
        "one client reads the first field"
    );

    broker.tell(
        with(header(15, &commit("readers", 5)), json!({ "flag": 2 })),
        &[],
    );
    assert_eq!(committed(&mut broker, "readers").number("offset"), 5);
    // ali-ons writes -1 where it has consumed nothing.
    broker.ask_for(15, &commit("readers", -1)).with_code(0);
    assert_eq!(committed(&mut broker, "readers").number("offset"), 5);
    nodes.end();
}

#[test]
fn members_are_told_when_one_comes_and_when_one_goes() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let (mut first, mut second) = (nodes.broker(), nodes.broker());
    let told = |peer: &mut Peer| {
        let told = peer.push();
        assert_eq!(
            (told.code, told.flag, told.field("consumerGroup")),
            (IDS_CHANGED, 2, "readers")
        );
    };
    // As in Java, whoever comes is told of it too.
    join(&mut first, "a");
    told(&mut first);
    join(&mut second, "b");
    told(&mut first);
    told(&mut second);
    let unregister = json!({ "clientID": "b", "consumerGroup": "readers", "producerGroup": null });
    second.ask_for(35, &unregister).with_code(0);
    told(&mut first);
    join(&mut second, "b");
    told(&mut first);
    drop(second);
    told(&mut first);
    let members = first
        .ask_for(38, &json!({ "consumerGroup": "readers" }))
        .with_code(0);
    assert_eq!(members.text(), r#"{"consumerIdList":["a"]}"#);
    nodes.end();
}

#[test]
fn the_retry_topic_has_a_route_as_soon_as_the_heartbeat_is_answered() {
    let nodes = Nodes::start(&[("orders", 1)]);
    join(&mut nodes.broker(), "a");
    let route = nodes
        .namesrv()
        .ask_for(105, &json!({ "topic": "%RETRY%readers" }))
        .with_code(0);
    let route: Value = serde_json::from_slice(&route.body).unwrap();
    assert_eq!(
        (
            &route["queueDatas"][0]["readQueueNums"],
            &route["queueDatas"][0]["perm"]
        ),
        (&json!(1), &json!(6))
    );
    nodes.end();
}

#[test]
fn a_message_is_sent_back_with_level_0_and_numbers() {
    let nodes = Nodes::start_with(&[("orders", 1)], &[("messageDelayLevel", "1s 1s 1s")]);
    let mut broker = nodes.broker();
    broker
        .ask(
            header(310, &letters("orders", "TAGS\u{1}TagA\u{2}")),
            b"again",
        )
        .with_code(0);
    join(&mut broker, "a");
    let message = stored(&mut broker, "orders").remove(0);
    let fields = json!({
        "offset": message.physical_offset, "group": "readers", "delayLevel": 0,
        "originMsgId": message.offset_msg_id(), "originTopic": "orders", "unitMode": false,
        "maxReconsumeTimes": 16,
    });
    let header =
        json!({ "code": 36, "extFields": fields, "flag": 0, "language": "JAVA", "version": 121 });
    broker.ask(header, &[]).with_code(0);

    let retried = wait_for("the message in the retry topic", || {
        let answer = broker.ask_for(11, &pull_fields("%RETRY%readers", 0));
        (answer.code == 0).then(|| messages(&answer))
    });
    assert_eq!(bodies(&retried), [b"again"]);
    assert_eq!(retried[0].reconsume_times, 1);
    assert_eq!(retried[0].properties.get("RETRY_TOPIC"), Some("orders"));
    assert_eq!(
        retried[0].properties.get("ORIGIN_MESSAGE_ID"),
        Some(message.offset_msg_id().as_str())
    );
    assert_eq!(retried[0].tags(), Some("TagA"));
    nodes.end();
}

#[test]
fn queues_are_locked_for_one_client_of_a_group() {
    let nodes = Nodes::start(&[("orders", 2)]);
    let mut broker = nodes.broker();
    let queue = |id: i32| json!({ "brokerName": "b-0", "queueId": id, "topic": "orders" });
    let mut ask = |code: i32, client: &str, queues: &[Value]| {
        let body = json!({ "clientId": client, "consumerGroup": "readers", "mqSet": queues });
        broker
            .ask(header(code, &json!({})), body.to_string().as_bytes())
            .with_code(0)
    };
    let mut locked = |client: &str, queues: &[Value]| -> usize {
        let answer = ask(41, client, queues);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        answer["lockOKMQSet"].as_array().unwrap().len()
    };
    assert_eq!(locked("a", &[queue(0)]), 1);
    assert_eq!(
        locked("b", &[queue(0), queue(1)]),
        1,
        "the first is somebody else's"
    );
    assert_eq!(locked("a", &[queue(0), queue(1)]), 1);
    ask(42, "a", &[queue(0)]);
    let answer = ask(41, "b", &[queue(0)]);
    assert!(answer.text().contains(r#""queueId":0"#), "{answer:?}");
    nodes.end();
}
