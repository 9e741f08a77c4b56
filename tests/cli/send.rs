//! `gantry send`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::live::{Live, each, lines};

#[test]
fn a_receipt_says_where_a_message_lies() {
    let live = Live::with_topic("1", "orders", "4");
    let sent = live
        .run(["send", "orders", "hello", "--queue", "b-0:3", "-o", "json"])
        .json();
    assert_eq!(sent["schema"], "gantry.send.receipt/1");
    let item = &sent["item"];
    assert_eq!(
        (&item["status"], &item["topic"]),
        (&json!("SEND_OK"), &json!("orders"))
    );
    assert_eq!(
        (&item["broker"], &item["queue"], &item["offset"]),
        (&json!("b-0"), &json!(3), &json!(0))
    );
    assert!(
        item["msg_id"].is_string() && item["offset_msg_id"].is_string() && item["rt_ms"].is_f64()
    );
    let line = live
        .run(["send", "orders", "hello", "--queue", "b-0:3"])
        .ok();
    assert!(
        line.starts_with("sent orders b-0/q3 @1  ") && line.ends_with("ms\n"),
        "{line}"
    );
    let refused = live
        .run(["send", "orders", "x", "--queue", "b-0:4"])
        .fails(3);
    assert!(
        refused.contains("topic \"orders\" has no queue b-0:4"),
        "{refused}"
    );
}

#[test]
fn keys_tags_properties_and_templates_arrive() {
    let live = Live::with_topic("1", "orders", "1");
    let [a, b, c, d] = ["send", "orders", "--count", "12"];
    let [e, f, g, h] = ["-k", "A-{{ n }}", "--tag", "paid"];
    let sent = live.run([
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        "-p",
        "region=eu",
        r#"{"n":{{ n }}}"#,
    ]);
    assert!(
        sent.stderr.contains("sent 12 messages") && sent.stderr.contains("by broker   b-0 12"),
        "{sent}"
    );
    assert_eq!(
        sent.ok().lines().count(),
        10,
        "more receipts are not for people"
    );
    let read = lines(
        &live
            .run(["peek", "orders", "-r", "start", "-o", "jsonl"])
            .ok(),
    );
    let numbers: BTreeSet<&str> = read
        .iter()
        .map(|message| message["body"].as_str().unwrap())
        .collect();
    assert_eq!((read.len(), numbers.len()), (12, 12));
    for message in &read {
        let n = message["body"]
            .as_str()
            .unwrap()
            .strip_prefix("{\"n\":")
            .unwrap();
        let key = format!("A-{}", n.strip_suffix('}').unwrap());
        assert_eq!(
            (&message["keys"], &message["tags"]),
            (&json!([key]), &json!("paid"))
        );
        assert_eq!(message["properties"]["region"], "eu");
    }
    let refused = live.run(["send", "orders", "{{ nope }}"]).fails(2);
    assert!(
        refused.contains("the template of the body is not valid"),
        "{refused}"
    );
    let raw = live.run(["send", "orders", "{{ nope }}", "--raw"]);
    raw.ok();
}

#[test]
fn a_stream_is_copied_without_loss() {
    let live = Live::with_topic("1", "from", "1");
    live.run(["topic", "create", "to", "--queues", "1"]).ok();
    live.run([
        "send", "from", "-k", "a", "-k", "b", "--tag", "t", "-p", "x=y", "über\n",
    ])
    .ok();
    live.run_with_input(
        ["send", "from", "--jsonl"],
        "{\"body_b64\":\"//4=\",\"flag\":7}\n",
    )
    .ok();
    let original = live
        .run(["peek", "from", "-r", "start:end", "-o", "jsonl"])
        .ok();
    live.run_with_input(["send", "to", "--jsonl"], &original)
        .ok();
    let copy = live
        .run(["peek", "to", "-r", "start:end", "-o", "jsonl"])
        .ok();
    let essence = |text: &str| {
        let mut messages = lines(text);
        for message in &mut messages {
            let message = message.as_object_mut().unwrap();
            let place = [
                "topic",
                "offset_msg_id",
                "msg_id",
                "born_at",
                "born_at_ms",
                "born_host",
            ];
            for name in place.iter().chain(&["stored_at", "stored_at_ms"]) {
                message.remove(*name).unwrap();
            }
        }
        messages
    };
    assert_eq!(essence(&copy), essence(&original));
    assert_eq!(essence(&copy)[1]["body_b64"], "//4=");
    let broken = live.run_with_input(["send", "to", "--jsonl"], "{\"body\":\"x\"}\n{\"bo");
    assert!(
        broken.code == 2 && broken.stderr.contains("line 2 of the input"),
        "{broken}"
    );
}

#[test]
fn inputs_are_split() {
    let live = Live::with_topic("1", "t", "1");
    let send = |split: &str, input: &str| {
        live.run_with_input(["send", "t", "--split", split, "--in-flight", "1"], input)
            .ok();
    };
    send("line", "one\n\ntwo\r\n");
    send("nul", "three\nfour\0five");
    send("whole", "six\nseven\n");
    send("csv", "body,key,zone\n\"eight,9\",k,z\n");
    let read = lines(&live.run(["peek", "t", "-r", "start", "-o", "jsonl"]).ok());
    let expected = [
        "one",
        "two",
        "three\nfour",
        "five",
        "six\nseven\n",
        "eight,9",
    ];
    assert_eq!(each(&read, "body"), expected);
    assert_eq!(
        (&read[5]["keys"], &read[5]["properties"]["zone"]),
        (&json!(["k"]), &json!("z"))
    );
    let file = live.home.write("work/order.json", "{}");
    live.run([
        "send",
        "t",
        "--file",
        file.to_str().unwrap(),
        "--split",
        "whole",
    ])
    .ok();
    live.run(["send", "t", "--file", "missing"]).fails(3);
    let empty = live.run(["send", "t"]);
    assert!(empty.stderr.contains("nothing was sent"), "{empty}");
    assert_eq!(empty.ok(), "");
}

#[test]
fn many_messages_go_out_side_by_side_or_in_batches() {
    let live = Live::with_topic("2", "t", "2");
    let input: String = (0..500).map(|n| format!("{n}\n")).collect();
    let sent = live
        .run_with_input(["send", "t", "-o", "jsonl"], &input)
        .ok();
    assert_eq!(lines(&sent).len(), 500);
    live.run_with_input(["send", "t", "--batch", "64"], &input)
        .ok();
    live.run_with_input(["send", "t", "--oneway"], &input).ok();
    let read = || {
        let read = live.run(["peek", "t", "-r", "start", "-o", "jsonl"]).ok();
        let bodies: Vec<String> = lines(&read)
            .iter()
            .map(|message| message["body"].as_str().unwrap().to_owned())
            .collect();
        bodies
    };
    crate::common::wait::wait_until("one-way messages", || read().len() == 1500);
    let different: BTreeSet<String> = read().into_iter().collect();
    assert_eq!(different.len(), 500);
}

#[test]
fn a_shard_key_keeps_messages_together_and_in_order() {
    let live = Live::with_topic("2", "t", "4");
    let input: String = (0..20).map(|n| format!("{n}\n")).collect();
    let sent = live.run_with_input(
        ["send", "t", "--shard-by", "tenant-9", "-o", "jsonl"],
        &input,
    );
    let receipts = lines(&sent.ok());
    let places: BTreeSet<String> = receipts
        .iter()
        .map(|receipt| format!("{}{}", receipt["broker"], receipt["queue"]))
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
    let expected: Vec<Value> = (0..20).map(Value::from).collect();
    assert_eq!(
        each(&receipts, "offset"),
        expected.iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_delayed_message_waits() {
    let live = Live::with_topic("1", "t", "1");
    live.run(["send", "t", "later", "--delay", "1s"]).ok();
    assert_eq!(live.run(["peek", "t", "-r", "start"]).ok(), "");
    let mut tail = live.start(["tail", "t", "--limit", "1"]);
    tail.line("the delayed message", |line| line.ends_with("later"));
    assert_eq!(tail.wait(), 0);
    let refused = live.run(["send", "t", "never", "--delay", "7s"]).fails(2);
    assert!(refused.contains("no delay level takes 7s"), "{refused}");
}

#[test]
fn what_cannot_be_sent_is_counted_and_named() {
    let live = Live::with_topic("1", "t", "1");
    let large = "x".repeat(5 << 20);
    let refused = live
        .run_with_input(["send", "t", "--split", "whole"], &large)
        .fails(1);
    assert!(refused.contains("[message_illegal]"), "{refused}");
    let some = live.run_with_input(["send", "t"], &format!("one\n{large}\ntwo\n"));
    assert!(
        some.code == 8 && some.stderr.contains("1 of 3 messages were not sent"),
        "{some}"
    );
    assert!(
        some.stderr.contains("failed      message_illegal 1"),
        "{some}"
    );
    let first = live.run_with_input(["send", "t", "--fail-fast"], &format!("{large}\n{large}\n"));
    assert!(first.code == 1, "{first}");
    live.run(["send", "t", "--count", "2"]).fails(2);
    live.run(["send", "t", "x", "--rate", "fast"]).fails(2);
}

#[test]
fn a_rate_is_kept_and_a_dry_run_sends_nothing() {
    let live = Live::with_topic("1", "t", "1");
    let clock = clock::SystemClock::new();
    live.run(["send", "t", "x", "--count", "6", "--rate", "20/s"])
        .ok();
    let took = clock::Clock::elapsed(&clock).as_millis();
    assert!(took >= 250, "{took} ms for six messages at 20/s");
    let dry = live.run(["send", "t", "{{ n }}", "--count", "6", "--dry-run"]);
    assert!(
        dry.stderr.contains("6 messages (6 B) would be sent to t"),
        "{dry}"
    );
    dry.ok();
    let stored = live.run(["topic", "describe", "t", "-o", "json"]).json();
    assert_eq!(stored["item"]["messages"], 6);
}
