//! `gantry tail` and `gantry peek`.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use super::live::{Live, each, lines};
use crate::common::wait::wait_for;

/// A topic with two queues, `0` to `19` in the one and `a`, `b` in the other.
fn filled() -> Live {
    let live = Live::with_topic("1", "orders", "2");
    let numbers: String = (0..20).map(|n| format!("{n}\n")).collect();
    live.run_with_input(["send", "orders", "--queue", "b-0:0"], &numbers)
        .ok();
    live.run_with_input(["send", "orders", "--queue", "b-0:1"], "a\nb\n")
        .ok();
    live
}

fn bodies<const N: usize>(live: &Live, args: [&str; N]) -> String {
    let read = lines(&live.run(args).ok());
    let bodies: Vec<_> = each(&read, "body")
        .iter()
        .map(|body| body.as_str().unwrap())
        .collect();
    bodies.join(" ")
}

#[test]
fn the_last_messages_of_all_queues_come_in_the_order_of_their_storing() {
    let live = filled();
    let peek = bodies(&live, ["peek", "orders", "-o", "jsonl"]);
    assert_eq!(peek, "12 13 14 15 16 17 18 19 a b");
    assert_eq!(
        bodies(&live, ["peek", "orders", "--last", "3", "-o", "jsonl"]),
        "19 a b"
    );
    let all = bodies(&live, ["peek", "orders", "-r", "start", "-o", "jsonl"]);
    assert!(
        all.starts_with("0 1 2 3") && all.ends_with("19 a b"),
        "{all}"
    );
    let line = live.run(["peek", "orders", "--last", "1"]).ok();
    assert!(line.ends_with("Z\tb-0/q1@1\t-\t-\tb\n"), "{line}");
    let formatted = live
        .run(["peek", "orders", "--last", "1", "-F", "%q@%o %v\\n"])
        .ok();
    assert_eq!(formatted, "b-0/q1@1 b\n");
}

#[test]
fn ranges_apply_to_each_queue() {
    let live = filled();
    let check = |range: &str, queue: &str, expected: &str| {
        let read = bodies(
            &live,
            [
                "peek", "orders", "-r", range, "--queue", queue, "-o", "jsonl",
            ],
        );
        assert_eq!(read, expected, "-r {range} --queue {queue}");
    };
    check("-2", "b-0", "18 19 a b");
    check("3:6", "b-0:0", "3 4 5");
    check("3:+2", "b-0:0", "3 4");
    check("+18", "b-0:0", "18 19");
    check(":1", "b-0:0-1", "0 a");
    check("end", "b-0", "");
    check("@-1h:", "b-0:1", "a b");
    check("@:-1h", "b-0", "");
    check("@yesterday:-1h", "b-0", "");
    check("17:", "b-0/q0", "17 18 19");
    assert!(
        live.run(["peek", "orders", "-r", "soon"])
            .fails(2)
            .contains("no range; forms: start")
    );
    assert!(
        live.run(["peek", "orders", "--queue", "b-7"])
            .fails(3)
            .contains("[queue_not_found]")
    );
}

#[test]
fn messages_are_filtered_by_tag_text_and_property() {
    let live = Live::with_topic("1", "orders", "1");
    live.run([
        "send",
        "orders",
        "one",
        "--tag",
        "paid",
        "-k",
        "A-17",
        "-p",
        "region=eu",
    ])
    .ok();
    live.run(["send", "orders", "two", "--tag", "open"]).ok();
    let check = |flag: &str, value: &str, expected: &str| {
        let read = bodies(&live, ["peek", "orders", flag, value, "-o", "jsonl"]);
        assert_eq!(read, expected, "{flag} {value}");
    };
    check("--tag", "paid", "one");
    check("--tag", "paid || open", "one two");
    check("--tag", "none", "");
    check("--grep", "t[vw]o", "two");
    check("--grep", "A-1\\d", "one");
    check("--prop", "region=eu", "one");
    check("--prop", "region=us", "");
    check("--limit", "1", "one");
    live.run(["peek", "orders", "--grep", "("]).fails(2);
}

#[test]
fn expressions_say_which_messages_are_shown() {
    let live = Live::with_topic("1", "orders", "1");
    for (body, key, tag, region) in [
        (r#"{"total":12,"lines":[{"sku":"x"}]}"#, "A-1", "paid", "eu"),
        (r#"{"total":120}"#, "A-2 B-2", "paid", "us"),
        (r#"{"total":"many"}"#, "A-3", "open", "eu"),
    ] {
        let region = format!("region={region}");
        live.run([
            "send", "orders", body, "-k", key, "--tag", tag, "-p", &region,
        ])
        .ok();
    }
    let check = |flag: &str, expression: &str, expected: &[i64]| {
        let read = live.run(["peek", "orders", flag, expression, "-o", "jsonl"]);
        assert_eq!(each(&lines(&read.ok()), "offset"), expected, "{expression}");
    };
    check("--where", "tag == \"paid\" && body.total > 100", &[1]);
    check("--where", "body.total < 100 || region = 'us'", &[0, 1]);
    check("--where", "body.lines.0.sku ~ '^x'", &[0]);
    check(
        "--where",
        "key in ('B-2', 'A-3') and age < 1h and size < 1kB",
        &[1, 2],
    );
    check(
        "--where",
        "queue = 0 and offset >= 1 and prop.region = 'eu'",
        &[2],
    );
    check("--sql", "region = 'eu' AND TAGS = 'paid'", &[0]);
    check("--sql", "region IS NULL", &[]);
    let tail = [
        "tail",
        "orders",
        "--where",
        "body.total = 12",
        "--until-idle",
        "1s",
        "-o",
        "jsonl",
    ];
    assert_eq!(each(&lines(&live.run(tail).ok()), "offset"), [0]);
}

#[test]
fn a_wrong_expression_is_pointed_at() {
    let home = crate::common::sandbox::Sandbox::new();
    let said = home
        .run(["tail", "orders", "--where", "tag == 'paid' && total >"])
        .fails(2);
    assert!(said.contains("[expression_invalid]"), "{said}");
    assert!(
        said.contains("\n    tag == 'paid' && total >\n                            ^\n"),
        "{said}"
    );
    assert!(said.contains("next: gantry help where"), "{said}");
    let said = home
        .run(["peek", "orders", "--sql", "a == 1", "-o", "json"])
        .fails(2);
    let error: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(error["error"]["details"]["column"], 4);
    assert_eq!(error["error"]["code"], "expression_invalid");
    home.run(["peek", "orders", "--sql", "a = 1", "--tag", "b"])
        .fails(2);
}

#[test]
fn the_last_that_match_are_looked_for_however_far_back_they_lie() {
    let live = Live::with_topic("1", "orders", "2");
    for queue in ["b-0:0", "b-0:1"] {
        for (tag, count) in [("rare", "3"), ("common", "300")] {
            let body = format!("{queue} {tag} {{{{ n }}}}");
            live.run([
                "send", "orders", &body, "--tag", tag, "--queue", queue, "--count", count,
            ])
            .ok();
        }
    }
    let peek = |args: &[&str]| {
        let mut line = vec!["peek", "orders", "-o", "jsonl"];
        line.extend(args);
        let read = lines(&live.home.run(line).ok());
        each(&read, "body")
            .iter()
            .map(|body| body.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let expected = [
        "b-0:0 rare 2",
        "b-0:0 rare 3",
        "b-0:1 rare 1",
        "b-0:1 rare 2",
        "b-0:1 rare 3",
    ];
    assert_eq!(peek(&["--tag", "rare", "--last", "5"]), expected);
    assert_eq!(peek(&["--grep", "rare", "--last", "1"]), expected[4..]);
    assert_eq!(peek(&["--where", "body contains 'rare'"]).len(), 6);
    assert_eq!(peek(&["--tag", "common"]).len(), 10);
    assert!(peek(&["--tag", "never"]).is_empty());
}

#[test]
fn a_message_has_the_fields_that_scripts_rely_on() {
    let live = Live::with_topic("1", "orders", "1");
    live.run(["send", "orders", "x"]).ok();
    let message = live.run(["peek", "orders", "-o", "jsonl"]).json();
    let names: Vec<&str> = message
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = "topic broker queue offset msg_id offset_msg_id keys tags properties body born_at \
                    born_at_ms stored_at stored_at_ms born_host store_host size_bytes reconsume_times";
    assert_eq!(names.join(" "), expected);
    assert_eq!(message["tags"], json!(null));
}

#[test]
fn tail_follows_and_ctrl_c_ends_it() {
    let live = Live::with_topic("1", "orders", "1");
    let mut tail = live.start(["tail", "orders", "-r", "end"]);
    tail.error_line("it to say that it only looks", |line| {
        line.contains("joins no group")
    });
    // Where the end is, is known when the queues have been looked at: until then, send again.
    wait_for("a message to be shown", || {
        live.run(["send", "orders", "news"]).ok();
        tail.try_line().filter(|line| line.ends_with("news"))
    });
    tail.signal(Signal::INT);
    assert_eq!(tail.wait(), 130);
    tail.error_line("a summary", |line| line.ends_with("shown"));
    let groups = live.run(["group", "list", "-o", "json"]).json();
    assert_eq!(groups["items"], json!([]), "nobody joined a group");
}

#[test]
fn tail_ends_when_nothing_comes_or_the_range_is_over() {
    let live = filled();
    let idle = bodies(
        &live,
        [
            "tail",
            "orders",
            "--last",
            "1",
            "--until-idle",
            "200ms",
            "-o",
            "jsonl",
        ],
    );
    assert_eq!(idle, "b");
    assert_eq!(
        bodies(&live, ["tail", "orders", "-r", "18:end", "-o", "jsonl"]),
        "18 19"
    );
    assert_eq!(
        bodies(&live, ["tail", "orders", "--limit", "2", "-o", "jsonl"]),
        "12 13"
    );
}

#[test]
fn an_offset_that_is_still_to_come_is_waited_for() {
    let live = filled();
    let range = ["-r", "22:23", "--queue", "b-0:0"];
    let mut tail = live.start(["tail", "orders", range[0], range[1], range[2], range[3]]);
    tail.error_line("it to read", |line| line.contains("joins no group"));
    live.run_with_input(["send", "orders", "--queue", "b-0:0"], "20\n21\n22\n23\n")
        .ok();
    let first = tail.line("the first message", |_| true);
    assert!(first.ends_with("b-0/q0@22\t-\t-\t22"), "{first}");
    assert_eq!(tail.wait(), 0);
}

#[test]
fn peek_makes_a_document_and_tail_a_stream() {
    let live = filled();
    let peek = live
        .run(["peek", "orders", "--limit", "3", "-o", "json"])
        .json();
    assert_eq!(peek["schema"], "gantry.message.show/1");
    assert_eq!(
        each(peek["items"].as_array().unwrap(), "body"),
        ["12", "13", "14"]
    );
    let tail = live.run(["tail", "orders", "--limit", "2", "-o", "json"]);
    assert!(tail.stderr.contains("one object a line"), "{tail}");
    assert_eq!(lines(&tail.ok()).len(), 2);
}

#[test]
fn patterns_read_several_topics_and_name_them() {
    let live = Live::with_topic("1", "order-a", "1");
    live.run(["topic", "create", "order-b", "--queues", "1"])
        .ok();
    live.run(["send", "order-a", "1"]).ok();
    live.run(["send", "order-b", "2"]).ok();
    let read = live.run(["peek", "order-*"]).ok();
    assert!(
        read.contains("\torder-a\tb-0/q0@0\t") && read.contains("\torder-b\t"),
        "{read}"
    );
    live.run(["peek", "nothing-*"]).fails(3);
    let refused = live.run(["tail", "order-c"]).fails(3);
    assert!(
        refused.contains("did you mean: order-a, order-b?"),
        "{refused}"
    );
}

#[test]
fn a_reader_that_closes_the_pipe_has_enough() {
    let live = filled();
    let mut command = live.home.command(["peek", "orders", "-r", "start", "-q"]);
    let mut peek = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(peek.stdout.take());
    let ended = peek.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
}

#[test]
fn tail_goes_on_while_a_broker_is_away() {
    let live = Live::with_topic("2", "orders", "1");
    let tail = live.start(["tail", "orders", "-r", "start", "-o", "jsonl"]);
    live.run(["send", "orders", "before", "--queue", "b-1:0"])
        .ok();
    tail.line("the first message", |line| line.contains("before"));
    live.run(["broker", "kill", "b-1"]).ok();
    tail.error_line("the broker to be missed", |line| {
        line.starts_with("warning: broker b-1")
    });
    live.run(["send", "orders", "meanwhile", "--queue", "b-0:0"])
        .ok();
    tail.line("the other broker's message", |line| {
        line.contains("meanwhile")
    });
    live.run(["broker", "start", "b-1"]).ok();
    tail.error_line("the broker to be back", |line| {
        line == "broker b-1 is read again"
    });
    live.run(["send", "orders", "after", "--queue", "b-1:0"])
        .ok();
    tail.line("the first message after", |line| line.contains("after"));
}
