//! `gantry broker` and `gantry cluster`.

use serde_json::json;

use super::live::{Live, each};

#[test]
fn brokers_say_how_they_run() {
    let live = Live::up("2");
    let listed = live.run(["broker", "list", "-o", "json"]).json();
    let brokers = listed["items"].as_array().unwrap();
    assert_eq!(each(brokers, "name"), ["b-0", "b-1"]);
    for broker in brokers {
        assert_eq!(
            (&broker["id"], &broker["role"]),
            (&json!(0), &json!("master"))
        );
        assert_eq!(
            (&broker["state"], &broker["cluster"]),
            (&json!("running"), &json!("DefaultCluster"))
        );
        assert!(
            broker["addr"].is_string() && broker["version"].is_string(),
            "{broker}"
        );
        assert!(
            broker["in_tps"].is_number() && broker["out_tps"].is_number(),
            "{broker}"
        );
        assert!(
            broker["disk_ratio"]
                .as_f64()
                .is_some_and(|ratio| ratio > 0.0),
            "{broker}"
        );
    }
    let described = live
        .run(["broker", "describe", "b-1", "--config", "-o", "json"])
        .json();
    assert_eq!(described["item"]["name"], "b-1");
    assert_eq!(described["item"]["config"]["brokerName"], "b-1");
    assert!(described["item"]["runtime"]["putTps"].is_string());
    let refused = live.run(["broker", "describe", "b-9"]).fails(3);
    assert!(
        refused.contains("broker \"b-9\" not found") && refused.contains("did you mean"),
        "{refused}"
    );
    live.run(["broker", "list", "--cluster", "Other"]).fails(3);
}

#[test]
fn a_broker_is_killed_and_comes_back() {
    let live = Live::up("2");
    let killed = live.run(["broker", "kill", "b-1"]).ok();
    assert!(
        killed.contains("is killed") && killed.contains("name servers drop its route"),
        "{killed}"
    );
    assert_eq!(live.run(["broker", "list", "-o", "name"]).ok(), "b-0\n");
    live.run(["broker", "start", "b-1"]).ok();
    assert_eq!(
        live.run(["broker", "list", "-o", "name"]).ok(),
        "b-0\nb-1\n"
    );
    let restarted = live.run(["broker", "restart", "b-0", "-o", "json"]).json();
    assert_eq!(
        (&restarted["item"]["name"], &restarted["item"]["state"]),
        (&json!("b-0"), &json!("running"))
    );
    live.run(["broker", "stop", "b-9"]).fails(3);
    let elsewhere = live.run(["-n", "127.0.0.1:1", "broker", "list"]).fails(5);
    assert!(elsewhere.contains("[namesrv_unreachable]"), "{elsewhere}");
}

#[test]
fn a_cluster_is_shown_as_a_whole() {
    let live = Live::with_topic("2", "orders", "1");
    let info = live.run(["cluster", "info", "-o", "json"]).json();
    let item = &info["item"];
    assert_eq!(item["clusters"], json!({"DefaultCluster": ["b-0", "b-1"]}));
    assert_eq!(
        (&item["namesrv"][0]["state"], &item["namesrv"][0]["brokers"]),
        (&json!("running"), &json!(2))
    );
    assert!(
        item["topics"].as_u64() > Some(1) && item["groups"].is_u64(),
        "{item}"
    );
    let page = live.run(["cluster", "info"]).ok();
    assert!(page.contains("brokers   2/2"), "{page}");
}
