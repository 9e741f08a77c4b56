//! `gantry message`: finding messages, looking into them, and following a key.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustix::process::Signal;
use serde_json::Value;

use super::live::{Live, each, lines};
use crate::common::sandbox::Sandbox;
use crate::server::Server;

/// Sends one message with a key; gives its receipt.
fn send(live: &Live, body: &str, key: &str) -> Value {
    let sent = live.run([
        "send", "orders", body, "-k", key, "--tag", "paid", "-o", "jsonl",
    ]);
    lines(&sent.ok()).remove(0)
}

#[test]
fn a_message_is_found_by_either_id_and_by_its_place() {
    let live = Live::with_topic("2", "orders", "2");
    let sent = send(&live, r#"{"total":12}"#, "A-17");
    let text = |field: &str| sent[field].as_str().unwrap().to_owned();
    let queue = format!("{}:{}", text("broker"), sent["queue"]);
    let by_place = ["--topic", "orders", "--queue", &queue, "--offset", "0"];
    for words in [
        &[text("msg_id").as_str()][..],
        &[text("offset_msg_id").as_str()],
        &[text("msg_id").as_str(), "--topic", "orders"],
        &by_place,
    ] {
        let line = ["message", "get", "-o", "json"].iter().chain(words);
        let found = live.home.run(line.copied()).json();
        assert_eq!(found["schema"], "gantry.message.get/1");
        let item = &found["item"];
        for field in ["msg_id", "offset_msg_id", "broker", "queue", "offset"] {
            assert_eq!(item[field], sent[field], "{field} of {words:?}");
        }
        assert_eq!(item["body"], r#"{"total":12}"#);
        assert_eq!(
            (&item["keys"][0], &item["tags"]),
            (&"A-17".into(), &"paid".into())
        );
        assert_eq!(item["read_by"], serde_json::json!([]));
    }
    let id = text("msg_id");
    let page = live.run(["msg", "get", &id]).ok();
    assert!(
        page.contains("body, 12 B, json\n{\n  \"total\": 12\n}\n"),
        "{page}"
    );
    assert!(
        page.contains("no group has an offset in this topic"),
        "{page}"
    );
    let page = live.run(["msg", "get", &id, "--body", "hex"]).ok();
    assert!(page.contains("00000000  7b 22 74 6f"), "{page}");
    let body = live.run(["msg", "get", &id, "-F", "%v"]).ok();
    assert_eq!(body, r#"{"total":12}"#);
    let json = live.run(["msg", "get", &id, "--body", "json", "-o", "json"]);
    assert_eq!(json.json()["item"]["body_json"]["total"], 12);
}

#[test]
fn what_is_not_there_is_not_found() {
    let live = Live::with_topic("1", "orders", "1");
    let unknown = "7F0000012A3F18B4AAC20512345600A1";
    for line in [
        &["message", "get", unknown][..],
        &["message", "get", unknown, "--topic", "orders"],
        &[
            "message", "get", "--topic", "orders", "--queue", "b-0:0", "--offset", "5",
        ],
        &["message", "find", "--topic", "orders", "--key", "none"],
        &[
            "message", "find", "--topic", "orders", "--where", "size > 1",
        ],
    ] {
        let said = live.home.run(line.iter().copied()).fails(3);
        assert!(said.contains("[message_not_found]"), "{line:?}: {said}");
    }
    let said = live
        .run(["message", "get", unknown, "--topic", "none"])
        .fails(3);
    assert!(said.contains("[topic_not_found]"), "{said}");
    live.run(["message", "find", "--topic", "orders"]).fails(2);
    live.run(["message", "get"]).fails(2);
}

#[test]
fn groups_say_how_far_they_have_come() {
    let live = Live::with_topic("1", "orders", "1");
    send(&live, "first", "A-1");
    let consume = [
        "consume",
        "orders",
        "-g",
        "billing",
        "--from",
        "first",
        "--until-idle",
        "1s",
    ];
    live.run(consume).ok();
    send(&live, "second", "A-2");
    let read_by = |offset: &str| {
        let place = [
            "message", "get", "--topic", "orders", "--queue", "b-0:0", "-o", "json",
        ];
        let found = live.home.run(place.into_iter().chain(["--offset", offset]));
        found.json()["item"]["read_by"].take()
    };
    let expected = |read: bool, behind: i64| {
        serde_json::json!([{
            "group": "billing", "state": "not_online", "read": read, "behind": behind,
            "consumer_offset": 1,
        }])
    };
    assert_eq!(read_by("0"), expected(true, 0));
    assert_eq!(read_by("1"), expected(false, 1));
}

#[test]
fn messages_are_found_by_key_by_time_and_by_what_they_hold() {
    let live = Live::with_topic("2", "orders", "2");
    for (body, key) in [("1", "A B"), ("2", "A"), ("3", "B")] {
        send(&live, &format!("{{\"n\":{body}}}"), key);
    }
    let find = |words: &[&str]| {
        let line = ["message", "find", "--topic", "orders", "-o", "jsonl"];
        let found = lines(&live.home.run(line.iter().chain(words).copied()).ok());
        each(&found, "body")
            .iter()
            .map(|body| body.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let n = |numbers: &[i32]| -> Vec<String> {
        numbers.iter().map(|n| format!("{{\"n\":{n}}}")).collect()
    };
    assert_eq!(find(&["--key", "A"]), n(&[1, 2]));
    assert_eq!(find(&["--key", "B", "--where", "body.n > 1"]), n(&[3]));
    assert_eq!(find(&["--from", "-1h"]), n(&[1, 2, 3]));
    assert_eq!(
        find(&["--from", "-1h", "--where", "key == 'B'"]),
        n(&[1, 3])
    );
    assert_eq!(find(&["--where", "body.n = 2"]), n(&[2]));
    live.run(["message", "find", "--topic", "orders", "--to", "-1h"])
        .fails(3);
    let found = live.run([
        "message", "find", "--topic", "orders", "--key", "A", "-o", "json",
    ]);
    assert_eq!(found.json()["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_key_is_followed_through_groups_and_retries() {
    let home = Rc::new(Sandbox::new());
    // What failed comes again soon.
    let delays = "messageDelayLevel=1s 1s 1s 1s";
    let up = [
        "up",
        "--ports",
        "auto",
        "--until-stdin-eof",
        "--set",
        delays,
    ];
    let server = Server::start(&home, &up);
    home.run(["topic", "create", "orders", "--queues", "1"])
        .ok();
    home.run(["send", "orders", "x", "-k", "A-17"]).ok();
    let mut follow = home.start([
        "message", "find", "--topic", "orders", "--key", "A-17", "--follow", "-o", "jsonl",
    ]);
    let stored = follow.line("the message", |_| true);
    assert!(stored.contains("\"event\":\"stored\""), "{stored}");
    let mut consumer = home.start([
        "consume", "orders", "-g", "billing", "--from", "first", "--ack", "never", "--limit", "2",
    ]);
    // Offsets are committed now and then, so that a retry may be seen before what it came of.
    let mut awaited = BTreeSet::from([
        ("read", "orders"),
        ("retry", "%RETRY%billing"),
        ("read", "%RETRY%billing"),
    ]);
    while !awaited.is_empty() {
        let seen = follow.line("what becomes of it", |_| true);
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(seen["group"], "billing");
        awaited.retain(|(event, topic)| seen["event"] != *event || seen["topic"] != *topic);
    }
    assert_eq!(consumer.wait(), 0);
    follow.signal(Signal::INT);
    assert_eq!(follow.wait(), 130);
    drop(server);
}
