//! `gantry events`, `gantry client list` and `gantry group history`: looking at what moves.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::live::{Live, lines};
use crate::common::process::Background;
use crate::common::wait::wait_for;

fn event(watcher: &mut Background, kind: &str) -> Value {
    let line = watcher.line(kind, |line| line.contains(&format!("\"kind\":\"{kind}\"")));
    serde_json::from_str(&line).unwrap()
}

#[test]
fn events_tell_what_happens_while_somebody_watches() {
    let live = Live::with_topic("2", "orders", "2");
    let mut watcher = live.start(["events", "-f", "-o", "jsonl", "--interval", "300ms"]);
    watcher.error_line("the first look", |line| line.contains("watching"));

    live.run(["topic", "create", "fresh", "--queues", "2"]).ok();
    let created = event(&mut watcher, "topic_created");
    assert_eq!(created["subject"], "fresh");
    assert!(created["at"].is_string() && created["at_ms"].is_i64());

    let mut member = live.start(["consume", "orders", "-g", "billing", "-q"]);
    let joined = event(&mut watcher, "member_joined");
    assert_eq!(joined["subject"], "billing");
    member.signal(Signal::INT);
    member.wait();
    assert_eq!(event(&mut watcher, "member_left")["subject"], "billing");

    live.run(["broker", "kill", "b-1"]).ok();
    assert_eq!(event(&mut watcher, "broker_left")["subject"], "b-1");
    live.run(["broker", "start", "b-1"]).ok();
    assert_eq!(event(&mut watcher, "broker_joined")["subject"], "b-1");
    watcher.signal(Signal::INT);
    assert_eq!(watcher.wait(), 130);
}

#[test]
fn events_end_by_themselves_when_nobody_asks_for_more() {
    let live = Live::up("1");
    let quiet = live.run(["events", "--for", "300ms", "--interval", "200ms"]);
    assert!(quiet.stderr.contains("nothing happened"), "{quiet}");
    assert_eq!(quiet.ok(), "");
    let unknown = live.run(["events", "--kind", "broker_lost"]).fails(2);
    assert!(unknown.contains("broker_left"), "{unknown}");
}

#[test]
fn clients_are_listed_with_what_they_say_of_themselves() {
    let live = Live::with_topic("2", "orders", "3");
    let nobody = live.run(["client", "list"]);
    assert!(nobody.stderr.contains("nobody is connected"), "{nobody}");
    let _members = live.start([
        "consume",
        "orders",
        "-g",
        "billing",
        "--instances",
        "2",
        "-q",
    ]);
    let clients = wait_for("two members that share the queues", || {
        let listed = live.run(["client", "list", "-g", "billing", "-o", "jsonl"]);
        let clients = (listed.code == 0).then(|| lines(&listed.stdout))?;
        // three queues of the topic and one of retries on each broker
        let queues = clients
            .iter()
            .filter_map(|client| client["queues"].as_i64());
        (clients.len() == 2 && queues.sum::<i64>() == 8).then_some(clients)
    });
    let client = &clients[0];
    assert_eq!(
        (&client["kind"], &client["group"], &client["language"]),
        (&json!("consumer"), &json!("billing"), &json!("rust"))
    );
    assert_eq!(client["brokers"], json!(["b-0", "b-1"]));
    assert_eq!(
        client["subscriptions"],
        json!([{"topic": "orders", "expression": "*"}])
    );
    let producers = live.run(["clients", "ls", "--kind", "producer", "-o", "name"]);
    assert_eq!(producers.ok(), "");
}

#[test]
fn the_history_of_a_group_is_what_is_seen_from_now_on() {
    let live = Live::with_topic("1", "orders", "1");
    live.run(["send", "orders", "--count", "10", "{{ n }}"])
        .ok();
    live.run([
        "consume", "orders", "-g", "billing", "--from", "first", "--limit", "10", "-q",
    ])
    .ok();
    live.run(["send", "orders", "one more"]).ok();
    let unknown = live.run(["group", "history", "nobody"]).fails(3);
    assert!(unknown.contains("group \"nobody\" not found"), "{unknown}");
    let watched = live
        .run([
            "group",
            "history",
            "billing",
            "--for",
            "600ms",
            "--interval",
            "300ms",
            "-t",
            "orders",
            "-o",
            "jsonl",
        ])
        .ok();
    let samples = lines(&watched);
    assert!(samples.len() >= 2, "{watched}");
    let last = samples.last().unwrap();
    assert_eq!(
        (&last["written"], &last["consumed"], &last["lag"]),
        (&json!(11), &json!(10), &json!(1)),
        "{last}"
    );
    assert_eq!((&last["members"], &last["events"]), (&json!(0), &json!([])));
}
