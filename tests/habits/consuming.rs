//! Consumers: pulls, and the subscriptions that they go by.

use serde_json::{Value, json};

use super::Nodes;
use crate::raw::{Peer, bodies, header, letters, messages, pull_fields, with};

/// Go's clock: the version of a subscription in nanoseconds.
const GO_VERSION: i64 = 1_800_000_000_123_456_789;

/// Sends messages whose bodies are their tags.
fn send_tagged(broker: &mut Peer, tags: &[&str]) {
    for tag in tags {
        let properties = format!("TAGS\u{1}{tag}\u{2}");
        broker
            .ask(header(310, &letters("orders", &properties)), tag.as_bytes())
            .with_code(0);
    }
}

/// A heartbeat of one consumer as Go sends it.
fn heartbeat_of_go(sub_string: &str) -> Value {
    json!({
        "clientID": "10.0.0.1@go",
        "consumerDataSet": [{
            "groupName": "readers", "consumeType": "CONSUME_PASSIVELY",
            "messageModel": "CLUSTERING", "consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET",
            "subscriptionDataSet": [{
                "classFilterMode": false, "topic": "orders", "subString": sub_string,
                "tagsSet": ["TagA"], "codeSet": [2_598_919], "subVersion": GO_VERSION,
                "expressionType": "TAG",
            }],
            "unitMode": false,
        }],
        "producerDataSet": [{ "groupName": "CLIENT_INNER_PRODUCER" }],
    })
}

#[test]
fn found_messages_come_with_all_offsets_and_the_remark_found() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    send_tagged(&mut broker, &["TagA", "TagB"]);
    // Clients that have consumed nothing commit -1, some of them with the flag that says so.
    let fields = with(
        pull_fields("orders", 0),
        json!({ "commitOffset": "-1", "sysFlag": "5" }),
    );
    let found = broker.ask_for(11, &fields).with_code(0);
    assert_eq!(found.remark(), "FOUND", "one client compares it");
    assert_eq!(
        (found.number("minOffset"), found.number("maxOffset")),
        (0, 2)
    );
    assert_eq!(
        (
            found.number("nextBeginOffset"),
            found.number("suggestWhichBrokerId")
        ),
        (2, 0)
    );
    assert_eq!(bodies(&messages(&found)), [b"TagA", b"TagB"]);
    nodes.end();
}

#[test]
fn pulls_without_a_message_say_where_to_go_on() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    send_tagged(&mut broker, &["TagA"]);
    let mut at = |offset: i64, code: i64| {
        let answer = broker
            .ask_for(11, &pull_fields("orders", offset))
            .with_code(code);
        assert_eq!(
            (answer.number("minOffset"), answer.number("maxOffset")),
            (0, 1)
        );
        answer.number("nextBeginOffset")
    };
    assert_eq!(at(1, 19), 1, "PULL_NOT_FOUND");
    assert_eq!(at(5, 21), 1, "PULL_OFFSET_MOVED");
    let nothing_fits = with(pull_fields("orders", 0), json!({ "subscription": "TagZ" }));
    let nothing_fits = broker.ask_for(11, &nothing_fits).with_code(20);
    assert_eq!(nothing_fits.number("nextBeginOffset"), 1);
    nodes.end();
}

#[test]
fn old_c_plus_plus_filters_by_the_text_of_its_pull() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    send_tagged(&mut broker, &["TagA", "TagC", "TagB"]);
    // Enums are numbers, the version is text, the codes are wrong, and a line feed ends the body.
    let heartbeat = json!({
        "clientID": "10.0.0.1@cpp",
        "consumerDataSet": [{
            "consumeFromWhere": 0, "consumeType": 1, "groupName": "readers", "messageModel": 1,
            "subscriptionDataSet": [{
                "codeSet": [0, 0], "subString": "TagA || TagB", "subVersion": "1700000000000",
                "tagsSet": ["TagA", "TagB"], "topic": "orders",
            }],
        }],
    });
    let request =
        json!({ "code": 34, "extFields": null, "flag": 0, "language": "CPP", "version": 121 });
    broker
        .ask(request, format!("{heartbeat}\n").as_bytes())
        .with_code(0);

    let members = broker
        .ask_for(38, &json!({ "consumerGroup": "readers" }))
        .with_code(0);
    assert_eq!(members.text(), r#"{"consumerIdList":["10.0.0.1@cpp"]}"#);
    let fields = with(
        pull_fields("orders", 0),
        json!({ "sysFlag": "6", "subscription": "TagA || TagB" }),
    );
    let found = broker.ask_for(11, &fields).with_code(0);
    assert_eq!(bodies(&messages(&found)), [b"TagA", b"TagB"]);
    nodes.end();
}

#[test]
fn go_and_rust_pull_by_the_subscription_of_their_heartbeat() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    send_tagged(&mut broker, &["TagB", "TagA"]);
    let pull = |version: i64| {
        with(
            pull_fields("orders", 0),
            json!({ "sysFlag": "2", "subscription": "", "subVersion": version }),
        )
    };
    broker.ask_for(11, &pull(GO_VERSION)).with_code(24);
    let heartbeat = header(34, &json!({}));
    broker
        .ask(heartbeat, heartbeat_of_go("TagA").to_string().as_bytes())
        .with_code(0);
    let found = broker.ask_for(11, &pull(GO_VERSION)).with_code(0);
    assert_eq!(bodies(&messages(&found)), [b"TagA"]);
    broker.ask_for(11, &pull(GO_VERSION + 1)).with_code(25);
    nodes.end();
}

#[test]
fn java_asks_first_and_then_pulls_by_its_expression() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let (mut consumer, mut producer) = (nodes.broker(), nodes.broker());
    let mut send = |amount: &str| {
        let properties = format!("amount\u{1}{amount}\u{2}");
        producer
            .ask(
                header(310, &letters("orders", &properties)),
                amount.as_bytes(),
            )
            .with_code(0);
    };
    send("5");
    send("50");
    let subscription = |expression: &str| {
        json!({
            "classFilterMode": false, "codeSet": [], "expressionType": "SQL92",
            "subString": expression, "subVersion": 7, "tagsSet": [], "topic": "orders",
        })
    };
    let mut check = |expression: &str, code: i64| {
        let body = json!({
            "clientId": "10.0.0.1@java", "group": "readers",
            "subscriptionData": subscription(expression),
        });
        consumer
            .ask(header(46, &json!({})), body.to_string().as_bytes())
            .with_code(code)
    };
    let refused = check("amount > 10 AND", 23);
    assert!(
        refused
            .remark()
            .ends_with("\namount > 10 AND\n               ^"),
        "{}",
        refused.remark()
    );
    check("amount > 10", 0);
    let heartbeat = json!({
        "clientID": "10.0.0.1@java",
        "consumerDataSet": [{
            "consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET", "consumeType": "CONSUME_PASSIVELY",
            "groupName": "readers", "messageModel": "CLUSTERING",
            "subscriptionDataSet": [subscription("amount > 10")], "unitMode": false,
        }],
        "heartbeatFingerprint": 0, "producerDataSet": [], "withoutSub": false,
    });
    consumer
        .ask(header(34, &json!({})), heartbeat.to_string().as_bytes())
        .with_code(0);
    // By its heartbeat, waiting; the pull says what kind of filter it means.
    let pull = |offset: i64| {
        with(
            pull_fields("orders", offset),
            json!({ "sysFlag": "2", "subscription": "", "subVersion": "7", "expressionType": "SQL92" }),
        )
    };
    let found = consumer.ask_for(11, &pull(0)).with_code(0);
    assert_eq!(bodies(&messages(&found)), [b"50"]);
    let waiting = consumer.tell(header(11, &pull(2)), &[]);
    // Answered behind it on the same connection: the pull is being held now.
    consumer
        .ask_for(30, &json!({ "topic": "orders", "queueId": "0" }))
        .with_code(0);
    send("7");
    send("70");
    let found = consumer.answer_to(waiting).with_code(0);
    assert_eq!(bodies(&messages(&found)), [b"70"]);
    nodes.end();
}

#[test]
fn a_pull_that_waits_is_answered_under_its_own_number() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let (mut consumer, mut producer) = (nodes.broker(), nodes.broker());
    let fields = with(
        pull_fields("orders", 0),
        json!({ "sysFlag": "6", "subscription": "TagA" }),
    );
    let waiting = consumer.tell(header(11, &fields), &[]);
    // Whatever else the consumer asks meanwhile is answered first.
    consumer
        .ask_for(30, &json!({ "topic": "orders", "queueId": "0" }))
        .with_code(0);
    send_tagged(&mut producer, &["TagB", "TagA"]);
    let found = consumer.answer_to(waiting).with_code(0);
    assert_eq!(bodies(&messages(&found)), [b"TagA"]);
    nodes.end();
}
