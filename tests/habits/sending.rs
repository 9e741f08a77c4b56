//! Producers.

use serde_json::{Value, json};

use super::Nodes;
use crate::common::wait::wait_for;
use crate::raw::{BINARY, JSON, bodies, header, letters, stored, with};

/// `SEND_MESSAGE` 10 under its long names, every value as text.
fn long_names(topic: &str) -> Value {
    json!({
        "producerGroup": "producers", "topic": topic, "defaultTopic": "TBW102",
        "defaultTopicQueueNums": "4", "queueId": "0", "sysFlag": "0",
        "bornTimestamp": "1700000000000", "flag": "0", "properties": "TAGS\u{1}TagA\u{2}",
        "reconsumeTimes": "0", "unitMode": "false",
    })
}

/// One message of a batch: length, magic, checksum, flag, body, properties.
fn batch_element(body: &[u8], properties: &str) -> Vec<u8> {
    const FIXED: usize = 4 + 4 + 4 + 4 + 4 + 2;
    let length = u32::try_from(FIXED + body.len() + properties.len()).unwrap();
    let mut element = length.to_be_bytes().to_vec();
    element.extend_from_slice(&[0; 12]);
    element.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    element.extend_from_slice(body);
    element.extend_from_slice(&u16::try_from(properties.len()).unwrap().to_be_bytes());
    element.extend_from_slice(properties.as_bytes());
    element
}

/// The id that clients work out for themselves: the store host and the offset, in hexadecimal.
fn offset_id(broker: &str, physical_offset: i64) -> String {
    let broker: std::net::SocketAddrV4 = broker.parse().unwrap();
    let host = u32::from(*broker.ip());
    format!("{host:08X}{:08X}{physical_offset:016X}", broker.port())
}

#[test]
fn numbers_and_booleans_are_read_beside_text() {
    // ali-ons: no remark, no serializeTypeCurrentRPC, properties that end in a separator.
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let request = json!({
        "code": 310, "language": "JAVA", "opaque": 7, "flag": 0, "version": 121,
        "extFields": {
            "a": "producers", "b": "orders", "c": "TBW102", "d": 4, "e": 0, "f": 0,
            "g": 1_700_000_000_000_i64, "h": 5, "i": "TAGS\u{1}TagA\u{2}KEYS\u{1}k1 k2\u{2}", "j": 0, "k": false,
        },
    });
    let sent = broker.ask(request, "grüße".as_bytes()).with_code(0);
    assert_eq!(
        (sent.serialize_type, sent.opaque, sent.number("queueId")),
        (JSON, 7, 0)
    );

    let messages = stored(&mut broker, "orders");
    assert_eq!(bodies(&messages), ["grüße".as_bytes()]);
    assert_eq!(
        (messages[0].tags(), messages[0].keys()),
        (Some("TagA"), vec!["k1", "k2"])
    );
    assert_eq!(
        (messages[0].flag, messages[0].born_timestamp),
        (5, 1_700_000_000_000)
    );
    nodes.end();
}

#[test]
fn an_old_client_sends_with_long_names_and_a_trailing_line_feed() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let fields = with(
        long_names("orders"),
        json!({ "batch": "0", "unitMode": "0" }),
    );
    let request = json!({
        "code": 10, "extFields": fields, "flag": 0, "language": "CPP", "opaque": 1,
        "remark": "", "version": 121,
    });
    broker.write(JSON, format!("{request}\n").as_bytes(), b"from C++");
    let sent = broker.answer_to(1).with_code(0);
    assert_eq!(sent.serialize_type, JSON);
    assert_eq!(
        sent.field("MSG_REGION"),
        "DefaultRegion",
        "Java reads it without a look"
    );
    assert_eq!(sent.field("TRACE_ON"), "true");

    let messages = stored(&mut broker, "orders");
    assert_eq!(bodies(&messages), [b"from C++"]);
    let own_id = offset_id(&nodes.broker_addr(), messages[0].physical_offset);
    assert_eq!(sent.field("msgId"), own_id);
    nodes.end();
}

#[test]
fn a_new_client_is_answered_in_the_binary_form_it_speaks() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let fields = letters(
        "orders",
        "UNIQ_KEY\u{1}C0A8010A123418B4AAC247B760000001\u{2}",
    );
    let fields = fields.as_object().unwrap();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
        .collect();
    let sent = broker.ask_binary(310, &fields, b"binary").with_code(0);
    assert_eq!(sent.serialize_type, BINARY);
    assert_eq!(
        sent.field("transactionId"),
        "C0A8010A123418B4AAC247B760000001"
    );
    assert_eq!(sent.number("queueOffset"), 0);
    let messages = stored(&mut broker, "orders");
    assert_eq!(
        messages[0].msg_id(),
        "C0A8010A123418B4AAC247B760000001",
        "Go compares it"
    );
    // Each frame says how it is written: the same connection may change.
    let sent = broker
        .ask(header(310, &letters("orders", "")), b"json")
        .with_code(0);
    assert_eq!((sent.serialize_type, sent.number("queueOffset")), (JSON, 1));
    assert_eq!(
        bodies(&stored(&mut broker, "orders")),
        [b"binary".as_slice(), b"json"]
    );
    nodes.end();
}

#[test]
fn every_message_may_come_as_a_batch_with_its_properties_twice() {
    // A Rust client: no UNIQ_KEY, properties in the header and again in the body.
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let properties = "TAGS\u{1}TagA\u{2}KEYS\u{1}k1\u{2}";
    let fields = with(letters("orders", properties), json!({ "m": "true" }));
    let one = batch_element(b"alone", properties);
    let sent = broker.ask(header(320, &fields), &one).with_code(0);
    assert_eq!(sent.field("msgId").len(), 32);

    let two = [
        batch_element(b"first", properties),
        batch_element(b"second", properties),
    ]
    .concat();
    let sent = broker.ask(header(320, &fields), &two).with_code(0);
    assert_eq!(sent.number("queueOffset"), 1, "the offset of the first");

    let messages = stored(&mut broker, "orders");
    assert_eq!(
        bodies(&messages),
        [b"alone".as_slice(), b"first", b"second"]
    );
    for message in &messages {
        assert_eq!((message.tags(), message.keys()), (Some("TagA"), vec!["k1"]));
    }
    let ids = messages[1..]
        .iter()
        .map(|message| offset_id(&nodes.broker_addr(), message.physical_offset));
    assert_eq!(sent.field("msgId"), ids.collect::<Vec<_>>().join(","));
    nodes.end();
}

#[test]
fn fields_of_access_control_are_passed_over_where_there_is_none() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let access = json!({ "AccessKey": "", "Signature": "c2lnbmF0dXJl", "OnsChannel": "ALIYUN" });
    let fields = with(long_names("orders"), access);
    nodes
        .broker()
        .ask(header(10, &fields), b"open")
        .with_code(0);
    nodes.end();
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_the_connection_goes_on() {
    const LIMIT: usize = 4 * 1024 * 1024;
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let mut send = |size: usize| broker.ask(header(310, &letters("orders", "")), &vec![b'x'; size]);
    send(LIMIT).with_code(0);
    let refused = send(LIMIT + 1).with_code(13);
    assert!(refused.remark().contains("4194304"), "{refused:?}");
    assert_eq!(
        refused.field("MSG_REGION"),
        "DefaultRegion",
        "Java reads it of refusals too"
    );
    send(1).with_code(0);
    nodes.end();
}

#[test]
fn a_topic_that_nobody_has_and_nothing_makes_is_17() {
    let nodes = Nodes::start(&[]);
    let fields = with(letters("nobody", ""), json!({ "c": "nobody-either" }));
    let refused = nodes
        .broker()
        .ask(header(310, &fields), b"lost")
        .with_code(17);
    assert!(
        refused.remark().contains("topic[nobody] not exist"),
        "{refused:?}"
    );
    nodes.end();
}

#[test]
fn a_topic_is_made_by_the_first_send_as_c_plus_plus_and_go_rely_on() {
    let nodes = Nodes::start(&[]);
    let (mut namesrv, mut broker) = (nodes.namesrv(), nodes.broker());
    // They send to the brokers of TBW102, with the number of queues that they would like.
    let template = namesrv
        .ask_for(105, &json!({ "topic": "TBW102" }))
        .with_code(0);
    assert!(
        template.text().contains(&nodes.broker_addr()),
        "{template:?}"
    );
    let fields = with(letters("made", ""), json!({ "d": "3" }));
    broker.ask(header(310, &fields), b"first").with_code(0);

    let route = wait_for("the new topic's route", || {
        Some(namesrv.ask_for(105, &json!({ "topic": "made" }))).filter(|route| route.code == 0)
    });
    let route: Value = serde_json::from_slice(&route.body).unwrap();
    assert_eq!(route["queueDatas"][0]["writeQueueNums"], 3);
    assert_eq!(
        route["queueDatas"][0]["perm"], 6,
        "readable and writable, not a template"
    );
    nodes.end();
}

#[test]
fn nobody_answers_a_one_way_send() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut broker = nodes.broker();
    let one_way = with(header(310, &letters("orders", "")), json!({ "flag": 2 }));
    broker.tell(one_way, b"and gone");
    // Even what is refused stays without an answer: the next one is that of the next request.
    let refused = with(
        header(310, &letters("bad topic!", "")),
        json!({ "flag": 2 }),
    );
    broker.tell(refused, b"no such name");
    assert_eq!(bodies(&stored(&mut broker, "orders")), [b"and gone"]);
    nodes.end();
}

#[test]
fn a_code_that_is_not_served_is_answered_by_name() {
    let nodes = Nodes::start(&[]);
    let mut broker = nodes.broker();
    let refused = broker.ask_for(400, &json!({})).with_code(3);
    assert!(
        refused
            .remark()
            .starts_with(" request type 400 not supported"),
        "{refused:?}"
    );
    assert!(refused.remark().contains("QUERY_ASSIGNMENT"), "{refused:?}");
    broker.ask_for(31_999, &json!({})).with_code(3);
    nodes.end();
}
