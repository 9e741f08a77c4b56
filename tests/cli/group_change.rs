//! `gantry group reset`, `create` and `delete`.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::live::{Live, lines};
use crate::common::wait::wait_for;

/// A topic of two queues, and a group that has consumed ten messages of each.
fn billing() -> Live {
    let live = Live::with_topic("1", "orders", "2");
    for queue in ["b-0:0", "b-0:1"] {
        live.run([
            "send", "orders", "--queue", queue, "--count", "10", "{{ n }}",
        ])
        .ok();
    }
    live.run([
        "consume", "orders", "-g", "billing", "--from", "first", "--limit", "20", "-q",
    ])
    .ok();
    wait_for("all offsets", || {
        let item = live.run(["group", "describe", "billing", "-o", "json"]);
        let item = (item.code == 0).then(|| item.json()["item"].clone())?;
        (item["lag"] == 0 && item["state"] == "offline" && committed(&item) == [10, 10])
            .then_some(())
    });
    live
}

fn committed(group: &Value) -> Vec<i64> {
    let queues = group["queues"].as_array().unwrap().iter();
    let of_topic = queues.filter(|queue| queue["topic"] == "orders");
    of_topic
        .map(|queue| queue["committed_offset"].as_i64().unwrap_or(-1))
        .collect()
}

fn positions(live: &Live) -> Vec<i64> {
    let item = live.run(["group", "describe", "billing", "-o", "json"]);
    committed(&item.json()["item"])
}

#[test]
fn a_reset_is_planned_made_and_undone() {
    let live = billing();
    let plan = live
        .run(["group", "reset", "billing", "-t", "orders", "--to", "-4"])
        .ok();
    assert!(plan.contains("plan: group billing, topic orders"), "{plan}");
    assert!(plan.contains("replays 8, skips 0, lag 0 → 8"), "{plan}");
    let apply = "apply: gantry group reset billing --topic orders --to -4 --execute";
    assert!(plan.contains(apply), "{plan}");
    assert_eq!(positions(&live), [10, 10], "a plan changes nothing");

    let done = live
        .run([
            "group",
            "reset",
            "billing",
            "-t",
            "orders",
            "--to",
            "-4",
            "--execute",
            "-o",
            "json",
        ])
        .json()["item"]
        .clone();
    assert_eq!(
        (&done["executed"], &done["replays"]),
        (&json!(true), &json!(8))
    );
    let queue = &done["queues"][0];
    assert_eq!(
        (
            &queue["committed_offset"],
            &queue["target_offset"],
            &queue["after_offset"]
        ),
        (&json!(10), &json!(6), &json!(6))
    );
    assert_eq!(positions(&live), [6, 6]);

    let undo = done["undo"].as_str().unwrap();
    let words: Vec<&str> = undo.split(' ').skip(1).collect();
    crate::common::process::run(&mut live.home.command(words), "");
    assert_eq!(positions(&live), [10, 10], "{undo}");
    let audit = live.run(["group", "reset", "billing", "--undo"]).ok();
    assert!(
        audit.contains("lag 0 → 8"),
        "the undo can be undone: {audit}"
    );
}

#[test]
fn what_waits_is_not_skipped_without_a_word() {
    let live = billing();
    live.run([
        "send", "orders", "--queue", "b-0:1", "--count", "3", "{{ n }}",
    ])
    .ok();
    let to_end = ["group", "reset", "billing", "-t", "orders", "--to", "end"];
    let plan = live.run(to_end).ok();
    assert!(plan.contains("SKIPS 3"), "{plan}");
    let refused = live
        .run([
            "group",
            "reset",
            "billing",
            "-t",
            "orders",
            "--to",
            "end",
            "--execute",
        ])
        .fails(9);
    assert!(
        refused.contains("3 messages that wait would never be delivered"),
        "{refused}"
    );
    assert_eq!(positions(&live), [10, 10]);
    live.run([
        "group",
        "reset",
        "billing",
        "-t",
        "orders",
        "--to",
        "end",
        "--execute",
        "--allow-skip",
    ])
    .ok();
    assert_eq!(positions(&live), [10, 13]);
}

#[test]
fn one_queue_another_group_and_a_file_can_be_meant() {
    let live = billing();
    let reset = |more: &[&str]| {
        let words = [
            &["group", "reset", "billing", "-t", "orders", "--execute"],
            more,
        ]
        .concat();
        let ended = crate::common::process::run(&mut live.home.command(words), "");
        assert_eq!(ended.code, 0, "{more:?}: {}", ended.stderr);
    };
    reset(&["--to", "start", "--queue", "b-0:1"]);
    assert_eq!(positions(&live), [10, 0]);
    reset(&["--to", "@-1h", "--queue", "b-0/q0"]);
    assert_eq!(positions(&live), [0, 0]);
    let file = r#"[{"topic": "orders", "broker": "b-0", "queue": 1, "offset": 7}]"#;
    let path = live.home.write("to.json", file);
    reset(&["--to", &format!("file:{}", path.display()), "--allow-skip"]);
    assert_eq!(positions(&live), [0, 7]);
    let unknown = live
        .run(["group", "reset", "nobody", "-t", "orders", "--to", "end"])
        .fails(3);
    assert!(unknown.contains("group \"nobody\" not found"), "{unknown}");
    let unknown = live
        .run([
            "group", "reset", "billing", "-t", "orders", "--to", "tomorrow",
        ])
        .fails(2);
    assert!(unknown.contains("start, end, @TIME"), "{unknown}");
}

#[test]
fn members_that_wait_for_messages_hear_of_a_reset_at_once() {
    let live = billing();
    let mut member = live.start(["consume", "orders", "-g", "billing", "-o", "jsonl"]);
    wait_for("the member", || {
        let clients = live.run(["group", "clients", "billing", "-o", "jsonl"]);
        let clients = (clients.code == 0).then(|| lines(&clients.stdout))?;
        // two queues and the one of retries
        (clients.first()?["queues"] == 3).then_some(())
    });
    live.run([
        "group",
        "reset",
        "billing",
        "-t",
        "orders",
        "--to",
        "9",
        "--queue",
        "b-0:0",
        "--execute",
    ])
    .ok();
    // Its pull would have been held for 15 s and more.
    let again = member.line("the message consumed again", |line| {
        line.contains("\"offset\":9")
    });
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["queue"], 0);
    member.signal(Signal::INT);
    member.wait();
}

#[test]
fn a_group_is_created_once_and_deleted_when_nobody_is_in_it() {
    let live = Live::with_topic("1", "orders", "1");
    let created = live
        .run(["group", "create", "billing", "--retry-max", "3"])
        .ok();
    assert!(
        created.contains("group billing created on b-0"),
        "{created}"
    );
    live.run(["group", "create", "billing"]).fails(4);
    let unchanged = live
        .run(["group", "create", "billing", "--if-not-exists"])
        .ok();
    assert!(unchanged.contains("unchanged"), "{unchanged}");

    let mut member = live.start(["consume", "orders", "-g", "billing", "-q"]);
    wait_for("the member", || {
        let clients = live.run(["group", "clients", "billing", "-o", "name"]);
        (clients.code == 0 && !clients.stdout.is_empty()).then_some(())
    });
    let refused = live.run(["group", "delete", "billing", "--yes"]).fails(9);
    assert!(refused.contains("1 member connected"), "{refused}");
    member.signal(Signal::INT);
    member.wait();
    wait_for("the member's leave", || {
        let deleted = live.run(["group", "rm", "billing", "--yes"]);
        (deleted.code == 0).then_some(())
    });
    live.run(["group", "delete", "billing", "--yes"]).fails(3);
    live.run(["group", "delete", "billing", "--yes", "--if-exists"])
        .ok();
}
