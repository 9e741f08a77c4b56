//! `gantry topic`.

use serde_json::json;

use super::live::Live;

#[test]
fn a_topic_is_created_looked_at_and_deleted() {
    let live = Live::up("2");
    let created = live
        .run(["topic", "create", "orders", "--queues", "4", "-o", "json"])
        .json();
    assert_eq!(created["schema"], "gantry.topic.change/1");
    assert_eq!(created["item"]["brokers"], json!(["b-0", "b-1"]));

    let listed = live.run(["topic", "list", "-o", "json"]).json();
    let expected = json!([{
        "topic": "orders", "type": "normal", "read_queues": 8, "write_queues": 8, "perm": "rw",
        "brokers": ["b-0", "b-1"]
    }]);
    assert_eq!(
        (&listed["items"], &listed["partial"]),
        (&expected, &json!(false))
    );
    let all = live.run(["topics", "ls", "--all", "-o", "name"]).ok();
    assert!(all.lines().any(|line| line == "TBW102"), "{all}");

    live.run(["send", "orders", "hello", "--queue", "b-1:2"])
        .ok();
    let described = live
        .run(["topic", "describe", "orders", "-o", "json"])
        .json();
    let (item, queue) = (&described["item"], &described["item"]["queues"][6]);
    assert_eq!(
        (&item["topic"], &item["messages"]),
        (&json!("orders"), &json!(1))
    );
    assert_eq!(
        (&queue["broker"], &queue["queue"]),
        (&json!("b-1"), &json!(2))
    );
    assert_eq!(
        (&queue["min_offset"], &queue["max_offset"]),
        (&json!(0), &json!(1))
    );
    assert!(queue["last_stored_at"].is_string() && queue["last_stored_at_ms"].is_i64());
    let empty = &item["queues"][0];
    assert_eq!(
        (&empty["max_offset"], &empty["last_stored_at_ms"]),
        (&json!(0), &json!(null))
    );

    let route = live.run(["topic", "route", "orders", "-o", "json"]).json();
    assert_eq!(route["items"][1]["addrs"][0]["role"], "master");
    assert_eq!(
        (
            &route["items"][1]["broker"],
            &route["items"][1]["read_queues"]
        ),
        (&json!("b-1"), &json!(4))
    );

    let refused = live.run(["topic", "delete", "orders"]).fails(9);
    assert!(refused.contains("its 1 message on 2 brokers"), "{refused}");
    let deleted = live.run(["topic", "rm", "orders", "--yes"]).ok();
    assert_eq!(deleted, "topic orders deleted on 2 brokers: b-0, b-1\n");
    assert!(
        live.run(["topic", "describe", "orders"])
            .fails(3)
            .contains("[topic_not_found]")
    );
    live.run(["topic", "delete", "orders", "--yes"]).fails(3);
    assert_eq!(
        live.run(["topic", "rm", "orders", "--yes", "--if-exists"])
            .ok(),
        "topic orders unchanged\n"
    );
}

#[test]
fn what_exists_is_a_conflict_unless_said_otherwise() {
    let live = Live::with_topic("2", "orders", "2");
    let refused = live.run(["topic", "create", "orders"]).fails(4);
    assert!(
        refused.contains("topic \"orders\" exists") && refused.contains("--if-not-exists"),
        "{refused}"
    );
    let create = ["topic", "create", "orders", "--if-not-exists", "-o", "json"];
    assert_eq!(live.run(create).json()["item"]["change"], "unchanged");
}

#[test]
fn brokers_queues_and_permissions_can_be_chosen() {
    let live = Live::up("2");
    let create = [
        "topic",
        "create",
        "one",
        "--brokers",
        "b-1",
        "--write-queues",
        "2",
    ];
    let [a, b, c, d, e, f, g] = create;
    live.run([
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        "--read-queues",
        "3",
        "--perm",
        "r",
        "--type",
        "fifo",
    ])
    .ok();
    let listed = live.run(["topic", "list", "-o", "jsonl"]).json();
    let expected = json!({
        "topic": "one", "type": "fifo", "read_queues": 3, "write_queues": 2, "perm": "r",
        "brokers": ["b-1"]
    });
    assert_eq!(listed, expected);
    let refused = live
        .run(["topic", "create", "two", "--brokers", "b-7"])
        .fails(3);
    assert!(refused.contains("broker \"b-7\" not found"), "{refused}");
    live.run(["topic", "create", "a b"]).fails(2);
    live.run(["topic", "create", "two", "--queues", "0"])
        .fails(2);

    let planned = live.run(["topic", "create", "two", "--dry-run"]).ok();
    assert_eq!(
        planned,
        "topic two would be created on 2 brokers: b-0, b-1, 8 queues each\n"
    );
    live.run(["topic", "describe", "two"]).fails(3);
}

#[test]
fn a_misspelt_topic_is_answered_with_its_neighbours() {
    let live = Live::with_topic("1", "orders", "1");
    for command in [
        ["topic", "describe", "ordesr"],
        ["topic", "route", "ordesr"],
    ] {
        let refused = live.run(command).fails(3);
        assert!(refused.contains("did you mean: orders?"), "{refused}");
        assert!(refused.contains("1 broker, "), "{refused}");
    }
}
