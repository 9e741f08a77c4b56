//! `gantry bench`, with few messages: that it ends, says what it found, and checks it.

use serde_json::{Value, json};

use super::live::Live;
use crate::common::ports::Ports;
use crate::common::sandbox::Sandbox;

/// The names of an object's fields, in order.
fn fields(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[track_caller]
fn assert_positive(item: &Value, paths: &[&str]) {
    for path in paths {
        let value = item.pointer(path).and_then(Value::as_f64);
        assert!(value.is_some_and(|value| value > 0.0), "{path}: {item:#}");
    }
}

#[test]
fn a_produce_run_reports_what_the_queues_hold() {
    let home = Sandbox::new();
    let produce = [
        "bench",
        "produce",
        "--count",
        "2000",
        "--size",
        "100",
        "-b",
        "2",
        "-o",
        "json",
        "--connections",
        "4",
        "--threads",
        "2",
        "--in-flight",
        "8",
    ];
    let document = home.run(produce).json();
    assert_eq!(document["schema"], "gantry.bench.produce/1");
    let item = &document["item"];
    assert_eq!(
        fields(item),
        [
            "mode",
            "against",
            "seconds",
            "messages",
            "errors",
            "msgs_per_s",
            "mb_per_s",
            "latency",
            "size_bytes",
            "batch",
            "header",
            "connections",
            "in_flight",
            "threads",
            "brokers",
            "errors_by_code",
            "unanswered",
            "acknowledged",
            "stored",
            "server",
            "load_cpu_s",
            "load_cpu_s_per_million"
        ]
    );
    for field in ["messages", "acknowledged", "stored"] {
        assert_eq!(item[field], 2000, "{field}");
    }
    assert_eq!((&item["errors"], &item["brokers"]), (&json!(0), &json!(2)));
    assert_positive(
        item,
        &[
            "/msgs_per_s",
            "/mb_per_s",
            "/seconds",
            "/latency/p50_us",
            "/server/rss_bytes",
        ],
    );
    let percentiles = fields(&item["latency"]);
    assert_eq!(
        percentiles,
        ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"]
    );
    // Its own cluster is nobody else's.
    home.run(["status"]).fails(3);
}

#[test]
fn a_running_cluster_is_measured_and_left_as_it_was() {
    let live = Live::up("2");
    let produce = [
        "bench", "produce", "--count", "640", "--batch", "32", "--header", "binary", "-o", "json",
    ];
    let item = live.run(produce).json()["item"].take();
    assert!(
        item["against"].as_str().unwrap().contains("local cluster"),
        "{item:#}"
    );
    assert_eq!(
        (&item["messages"], &item["stored"]),
        (&json!(640), &json!(640))
    );
    let status = live.run(["status", "-o", "json"]).json();
    assert_eq!(item["server"]["pids"][0], status["item"]["pid"]);
    let kept = ["bench", "produce", "--count", "10", "--keep", "-q"];
    live.run(kept).ok();
    let topics = live.run(["topic", "list", "-o", "name"]).ok();
    assert_eq!(topics.lines().count(), 1, "{topics}");
    assert!(topics.starts_with("bench_produce_"), "{topics}");
}

#[test]
fn an_open_loop_sends_what_was_asked_for() {
    let home = Sandbox::new();
    let produce = [
        "bench",
        "produce",
        "--rate",
        "200/s",
        "--duration",
        "1s",
        "--warm-up",
        "0s",
        "-o",
        "json",
    ];
    let item = home.run(produce).json()["item"].take();
    // Fewer than 200 are answered within the second when the machine is busy; never more leave.
    let sent = item["acknowledged"].as_u64().unwrap();
    assert!((2..=201).contains(&sent), "{item:#}");
    assert_eq!(
        (&item["rate"], &item["stored"]),
        (&json!(200.0), &json!(sent))
    );
}

#[test]
fn every_message_is_read_back_and_checked() {
    let live = Live::up("2");
    let consume = [
        "bench",
        "consume",
        "--messages",
        "3000",
        "--connections",
        "2",
        "-o",
        "json",
    ];
    let document = live.run(consume).json();
    assert_eq!(document["schema"], "gantry.bench.consume/1");
    let item = &document["item"];
    assert_eq!(
        (&item["messages"], &item["missing"]),
        (&json!(3000), &json!(0))
    );
    for fault in [
        "errors",
        "corrupt",
        "gaps",
        "disordered",
        "twice",
        "overtaken",
        "foreign",
    ] {
        assert_eq!(item[fault], 0, "{fault}");
    }
    assert_positive(item, &["/msgs_per_s", "/pulls", "/latency/p50_us"]);

    live.run(["send", "orders", "--count", "20", "hello"]).ok();
    let consume = ["bench", "consume", "--topic", "orders", "-o", "json"];
    let item = live.run(consume).json()["item"].take();
    assert_eq!(
        (&item["messages"], &item["foreign"]),
        (&json!(20), &json!(20))
    );
    assert!(item.get("missing").is_none(), "{item:#}");
}

#[test]
fn latency_is_counted_to_the_receipt() {
    let home = Sandbox::new();
    let latency = ["bench", "latency", "--count", "60", "-o", "json"];
    let document = home.run(latency).json();
    assert_eq!(document["schema"], "gantry.bench.latency/1");
    let item = &document["item"];
    assert_eq!(
        (&item["messages"], &item["missing"]),
        (&json!(60), &json!(0))
    );
    assert_positive(item, &["/latency/p50_us", "/ack/p50_us", "/msgs_per_s"]);
    let with_rate = [
        "bench", "latency", "--count", "60", "--rate", "1k/s", "-o", "json",
    ];
    let item = home.run(with_rate).json()["item"].take();
    assert_eq!(
        (&item["messages"], &item["rate"]),
        (&json!(60), &json!(1000.0))
    );
}

#[test]
fn starts_are_timed_empty_and_after_a_crash() {
    let home = Sandbox::new();
    let cold = ["bench", "start", "-b", "1", "--runs", "2", "-o", "json"];
    let document = home.run(cold).json();
    assert_eq!(document["schema"], "gantry.bench.start/1");
    let item = &document["item"];
    assert_eq!(item["runs_ms"].as_array().unwrap().len(), 2);
    assert_positive(item, &["/median_ms", "/min_ms", "/ready_ms"]);
    let crash = [
        "bench", "start", "-b", "1", "--runs", "1", "--fill", "256k", "-o", "json",
    ];
    let item = home.run(crash).json()["item"].take();
    assert!(
        item["filled_bytes"].as_u64().unwrap() >= 256 * 1024,
        "{item:#}"
    );
    assert_eq!(item["errors"], 0);
}

#[test]
fn idle_connections_stay_and_are_counted() {
    let home = Sandbox::new();
    let connections = [
        "bench",
        "connections",
        "--count",
        "20",
        "--duration",
        "300ms",
        "--heartbeat-every",
        "50ms",
        "-o",
        "json",
    ];
    let document = home.run(connections).json();
    assert_eq!(document["schema"], "gantry.bench.connections/1");
    let item = &document["item"];
    let counts = ["connections", "refused", "closed_by_server"].map(|field| &item[field]);
    assert_eq!(counts, [&json!(20), &json!(0), &json!(0)]);
    assert_positive(item, &["/heartbeats", "/latency/p50_us", "/active/p50_us"]);
}

#[test]
fn topics_are_made_sent_to_and_removed() {
    let live = Live::up("1");
    let topics = [
        "bench",
        "topics",
        "--count",
        "20",
        "--duration",
        "100ms",
        "-o",
        "json",
    ];
    let document = live.run(topics).json();
    assert_eq!(document["schema"], "gantry.bench.topics/1");
    let item = &document["item"];
    assert_eq!((&item["topics"], &item["errors"]), (&json!(20), &json!(0)));
    assert_positive(
        item,
        &[
            "/topics_per_s",
            "/msgs_per_s_one_topic",
            "/msgs_per_s_all_topics",
        ],
    );
    assert_eq!(live.run(["topic", "list", "-o", "name"]).ok(), "");
}

#[test]
fn a_result_is_compared_with_the_one_before() {
    let home = Sandbox::new();
    let before = home.home().join("before.json");
    let before = before.to_str().unwrap();
    let save = ["bench", "produce", "--count", "500", "--save", before, "-q"];
    home.run(save).ok();
    let same = [
        "bench",
        "produce",
        "--count",
        "500",
        "--compare",
        before,
        "--fail-below",
        "0",
        "-o",
        "json",
    ];
    let item = home.run(same).json()["item"].take();
    assert_eq!(item["compared"][0]["figure"], "msgs_per_s");
    assert_positive(&item, &["/compared/0/ratio", "/compared/0/earlier"]);
    let worse = [
        "bench",
        "produce",
        "--count",
        "500",
        "--compare",
        before,
        "--fail-below",
        "1000000",
    ];
    let run = home.run(worse);
    assert_eq!(run.code, 10, "{run}");
    assert!(run.stderr.contains("[unhealthy]"), "{run}");
    let other = ["bench", "latency", "--count", "5", "--compare", before];
    home.run(other).fails(2);
}

#[test]
fn what_is_refused_or_cannot_be_reached_is_a_failure() {
    let home = Sandbox::new();
    let refused = [
        "bench",
        "produce",
        "--count",
        "10",
        "--size",
        "2k",
        "--set",
        "maxMessageSize=1024",
        "-o",
        "json",
    ];
    let run = home.run(refused);
    assert_eq!(run.code, 10, "{run}");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let item = &document["item"];
    assert_eq!(
        (&item["errors"], &item["messages"]),
        (&json!(10), &json!(0))
    );
    assert_eq!(item["errors_by_code"]["MESSAGE_ILLEGAL"], 10);
    let nobody = Ports::take().addr(0);
    let unreachable = ["bench", "produce", "--count", "1", "--broker", &nobody];
    assert!(
        home.run(unreachable)
            .fails(5)
            .contains("[broker_unreachable]")
    );
    let unreachable = ["bench", "latency", "--count", "1", "-n", &nobody];
    home.run(unreachable).fails(5);
}
