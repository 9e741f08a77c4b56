//! `gantry group`.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::live::Live;
use crate::common::wait::wait_for;

fn describe(live: &Live) -> Value {
    live.run(["group", "describe", "billing", "-o", "json"])
        .json()["item"]
        .clone()
}

/// How many queues of the topic each member reads.
fn shares(group: &Value) -> Vec<usize> {
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for queue in group["queues"].as_array().unwrap() {
        if let Some(owner) = queue["owner"]
            .as_str()
            .filter(|_| queue["topic"] == "orders")
        {
            *shares.entry(owner).or_default() += 1;
        }
    }
    shares.into_values().collect()
}

#[test]
fn a_group_is_described_with_members_owners_and_lag() {
    let live = Live::with_topic("1", "orders", "4");
    live.run(["send", "orders", "--count", "40", "{{ n }}"])
        .ok();
    let mut members = live.start([
        "consume",
        "orders",
        "-g",
        "billing",
        "--from",
        "first",
        "--instances",
        "2",
        "-q",
    ]);
    let group = wait_for("two members that have read everything", || {
        let group = live.run(["group", "describe", "billing", "-o", "json"]);
        let item = (group.code == 0).then(|| group.json()["item"].clone())?;
        (item["lag"] == 0 && shares(&item) == [2, 2]).then_some(item)
    });
    assert_eq!(
        (&group["group"], &group["state"]),
        (&json!("billing"), &json!("online"))
    );
    assert_eq!(
        (&group["mode"], &group["consume_type"]),
        (&json!("clustering"), &json!("push"))
    );
    assert_eq!(group["topics"], json!(["orders"]));
    let member = &group["members"][0];
    assert!(
        member["client_id"].is_string() && member["addr"].is_string(),
        "{member}"
    );
    assert_eq!(
        (&member["language"], &member["version"]),
        (&json!("rust"), &json!("V5_3_3"))
    );
    assert_eq!(
        member["subscriptions"][0],
        json!({"topic": "orders", "expression": "*", "type": "tag"})
    );
    let of_topic = |queue: &&Value| queue["topic"] == "orders";
    for queue in group["queues"].as_array().unwrap().iter().filter(of_topic) {
        assert_eq!(
            (&queue["owner_source"], &queue["min_offset"]),
            (&json!("reported"), &json!(0))
        );
        assert_eq!(
            (&queue["lag"], &queue["lag_ms"]),
            (&json!(0), &json!(0)),
            "{queue}"
        );
        assert_eq!(queue["committed_offset"], queue["max_offset"], "{queue}");
    }
    let listed = live.run(["group", "list", "-o", "json"]).json();
    let entry = &listed["items"][0];
    assert_eq!(
        (&entry["group"], &entry["lag"]),
        (&json!("billing"), &json!(0))
    );
    assert_eq!(entry["members"].as_array().unwrap().len(), 2);

    members.signal(Signal::INT);
    members.wait();
    an_offline_group_falls_behind(&live);
}

/// The second half of the story: nobody consumes, and one more message comes.
fn an_offline_group_falls_behind(live: &Live) {
    live.run(["send", "orders", "late", "--queue", "b-0:1"])
        .ok();
    let group = describe(live);
    assert_eq!(
        (&group["state"], &group["mode"], &group["lag"]),
        (&json!("offline"), &json!(null), &json!(1))
    );
    assert_eq!((shares(&group), &group["members"]), (vec![], &json!([])));
    let lags = group["queues"].as_array().unwrap().iter();
    let late = lags.filter(|queue| queue["lag"] == 1).collect::<Vec<_>>();
    assert!(
        matches!(late.as_slice(), [queue] if queue["lag_ms"].as_i64() >= Some(0)),
        "{late:?}"
    );
    let page = live.run(["group", "describe", "billing"]).ok();
    assert!(
        page.contains("state         offline") && page.contains("BEHIND"),
        "{page}"
    );
}

#[test]
fn a_group_that_nobody_knows_is_not_made_by_asking_for_it() {
    let live = Live::up("1");
    for _ in 0..2 {
        let refused = live.run(["group", "describe", "billing"]).fails(3);
        assert!(refused.contains("group \"billing\" not found"), "{refused}");
    }
    let listed = live.run(["group", "list"]);
    assert!(listed.stderr.contains("no groups yet"), "{listed}");
    assert_eq!(listed.ok(), "");
    let all = live.run(["groups", "ls", "--all", "-o", "name"]).ok();
    assert!(all.contains("TOOLS_CONSUMER\n"), "{all}");
}
