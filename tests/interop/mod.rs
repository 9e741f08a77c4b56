//! Clients of other makers against `gantry up`: the npm package `ali-ons`, a RocketMQ client written
//! in JavaScript alone, sends and consumes.
//!
//! Each story has a cluster and client processes of its own. The client looks at routes every 30 s
//! and shares out queues every 10 s: topics are there before it starts.

mod driver;
mod package;

use std::collections::BTreeSet;
use std::path::PathBuf;

use driver::{Driver, Received, Refused, Sent};
use serde_json::{Value, json};

use crate::common::wait::wait_until;
use crate::server::{Server, say};

const MIB: usize = 1024 * 1024;

/// A cluster that clients of other makers use.
struct Cluster {
    node_modules: PathBuf,
    server: Server,
}

impl Cluster {
    /// Starts it; `None` where the clients can't run.
    fn up(arguments: &[&str]) -> Option<Self> {
        let node_modules = package::node_modules()?;
        Some(Self {
            node_modules,
            server: Server::up(arguments),
        })
    }

    fn client(&self) -> Driver {
        Driver::start(&self.node_modules, self.server.said("/item/namesrv/0"))
    }

    fn producer(&self) -> Driver {
        let client = self.client();
        client.call(json!({ "op": "producer", "name": "p", "group": "producers" }));
        client
    }

    /// A consumer of the topic `orders` that begins with the oldest message; `more` has further
    /// arguments.
    fn consumer(&self, more: &Value) -> Driver {
        let client = self.client();
        let mut operation = json!({
            "op": "consumer", "name": "c", "group": "consumers", "topic": "orders", "fromFirst": true,
        });
        operation
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        client.call(operation);
        client
    }
}

fn message(body: &str) -> Value {
    json!({ "op": "send", "name": "p", "topic": "orders", "tag": "TagA", "body": body })
}

/// Sends `count` messages with different bodies and gives back the bodies.
fn send_many(producer: &Driver, prefix: &str, count: usize) -> BTreeSet<String> {
    let bodies: BTreeSet<String> = (0..count).map(|at| format!("{prefix} {at}")).collect();
    for body in &bodies {
        assert_eq!(producer.send(message(body)).status, "SEND_OK");
    }
    bodies
}

fn receive_many(consumer: &Driver, count: usize) -> Vec<Received> {
    (0..count).map(|_| consumer.received()).collect()
}

fn bodies(received: &[Received]) -> Vec<String> {
    let mut bodies: Vec<String> = received
        .iter()
        .map(|message| message.body.clone().unwrap())
        .collect();
    bodies.sort();
    bodies
}

/// The queues of `orders` that a consumer reads at this moment.
fn queues(consumer: &Driver) -> BTreeSet<i64> {
    let queues = consumer.call(json!({ "op": "queues", "name": "c" }));
    let of_orders = queues
        .as_array()
        .unwrap()
        .iter()
        .filter(|queue| queue["topic"] == "orders");
    of_orders
        .map(|queue| queue["queue"].as_i64().unwrap())
        .collect()
}

#[test]
fn messages_arrive_with_their_tags_keys_and_text_of_any_script() {
    let Some(cluster) = Cluster::up(&["--topic", "orders:1"]) else {
        return;
    };
    let (producer, consumer) = (
        cluster.producer(),
        cluster.consumer(&json!({ "tags": "TagA || TagB" })),
    );
    let send = |tag: &str, body: &str| -> Sent {
        producer.send(json!({
            "op": "send", "name": "p", "topic": "orders", "tag": tag, "keys": ["order-1", "müller"],
            "body": body,
        }))
    };
    // One queue keeps the order: what is not wanted would have come before what is.
    send("TagC", "not for us");
    let sent = [send("TagA", "héllo, 世界 🚀"), send("TagB", "second\nline")];
    send("TagC", "not for us");
    for (sent, (tag, body)) in sent
        .iter()
        .zip([("TagA", "héllo, 世界 🚀"), ("TagB", "second\nline")])
    {
        let received = consumer.received();
        assert_eq!(received.body.as_deref(), Some(body));
        assert_eq!(received.tags.as_deref(), Some(tag));
        assert_eq!(received.keys.as_deref(), Some("order-1 müller"));
        assert_eq!(received.topic, "orders");
        assert_eq!(
            received.msg_id, sent.msg_id,
            "the id that the producer was told"
        );
        assert_eq!((received.queue, received.offset), (sent.queue, sent.offset));
        assert_eq!(received.reconsume_times, 0);
    }
    assert_eq!(sent[0].broker, "b-0");
    consumer.call(json!({ "op": "close", "name": "c" }));
    assert_eq!(bodies(&consumer.received_already()), Vec::<String>::new());
}

#[test]
fn two_consumers_of_a_group_share_its_queues() {
    let Some(cluster) = Cluster::up(&["--topic", "orders:4"]) else {
        return;
    };
    let consumers = [cluster.consumer(&json!({})), cluster.consumer(&json!({}))];
    let all: BTreeSet<i64> = (0..4).collect();
    wait_until("two queues for each", || {
        let held = consumers.each_ref().map(queues);
        held.iter().all(|own| own.len() == 2) && &held[0] | &held[1] == all
    });
    let sent = send_many(&cluster.producer(), "shared", 200);

    let mut received = Vec::new();
    wait_until("every message", || {
        received.extend(consumers.iter().flat_map(Driver::received_already));
        received.len() >= sent.len()
    });
    // What a consumer has been given comes before the end of its closing.
    for consumer in &consumers {
        consumer.call(json!({ "op": "close", "name": "c" }));
        received.extend(consumer.received_already());
    }
    assert_eq!(
        bodies(&received),
        Vec::from_iter(sent),
        "none is lost, none is read twice"
    );
    let queues: BTreeSet<i32> = received.iter().map(|message| message.queue).collect();
    assert_eq!(queues.len(), 4);
}

#[test]
fn the_offset_survives_the_restart_of_a_consumer() {
    let Some(cluster) = Cluster::up(&["--topic", "orders:2"]) else {
        return;
    };
    let producer = cluster.producer();
    let before = send_many(&producer, "before", 20);
    let first = cluster.consumer(&json!({}));
    assert_eq!(bodies(&receive_many(&first, 20)), Vec::from_iter(before));
    first.call(json!({ "op": "close", "name": "c" }));
    drop(first);

    let meanwhile = send_many(&producer, "meanwhile", 10);
    let second = cluster.consumer(&json!({}));
    assert_eq!(
        bodies(&receive_many(&second, 10)),
        Vec::from_iter(meanwhile)
    );
    second.call(json!({ "op": "close", "name": "c" }));
    assert_eq!(bodies(&second.received_already()), Vec::<String>::new());
}

#[test]
fn broadcasting_consumers_each_get_everything() {
    let Some(cluster) = Cluster::up(&["--topic", "orders:4"]) else {
        return;
    };
    let consumers = [(); 2].map(|()| cluster.consumer(&json!({ "broadcast": true })));
    let sent = Vec::from_iter(send_many(&cluster.producer(), "to all", 12));
    for consumer in &consumers {
        assert_eq!(bodies(&receive_many(consumer, 12)), sent);
    }
}

#[test]
fn a_delayed_message_comes_late_enough_and_comes() {
    const DELAY_MS: i64 = 2_000;
    let settings = ["--topic", "orders:1", "--set", "messageDelayLevel=1s 2s 5s"];
    let Some(cluster) = Cluster::up(&settings) else {
        return;
    };
    let (producer, consumer) = (cluster.producer(), cluster.consumer(&json!({})));
    let mut delayed = message("later");
    delayed["delayLevel"] = 2.into();
    let delayed = producer.send(delayed);
    let prompt = producer.send(message("now"));

    let first = consumer.received();
    assert_eq!(first.body.as_deref(), Some("now"));
    assert!(
        first.at - prompt.at < DELAY_MS,
        "what is not delayed does not wait"
    );
    let second = consumer.received();
    assert_eq!(second.body.as_deref(), Some("later"));
    assert_eq!(
        (second.topic.as_str(), second.tags.as_deref()),
        ("orders", Some("TagA"))
    );
    let took_ms = second.at - delayed.at;
    assert!(took_ms >= DELAY_MS, "it came after {took_ms} ms");
    say(format_args!(
        "ali-ons: a delay of {DELAY_MS} ms took {took_ms} ms"
    ));
}

#[test]
fn a_message_that_fails_comes_back_and_counts_how_often() {
    // The third level is the first that a broker uses for a retry.
    let settings = [
        "--topic",
        "orders:2",
        "--set",
        "messageDelayLevel=5s 5s 1s 2s 5s",
    ];
    let Some(cluster) = Cluster::up(&settings) else {
        return;
    };
    let consumer = cluster.consumer(&json!({ "failTimes": 2 }));
    let mut flaky = message("try again");
    flaky["tag"] = "flaky".into();
    let sent = cluster.producer().send(flaky);

    let tries = receive_many(&consumer, 3);
    let times: Vec<i32> = tries
        .iter()
        .map(|message| message.reconsume_times)
        .collect();
    assert_eq!(times, [0, 1, 2]);
    for (message, waited_ms) in tries[1..].iter().zip([1_000, 2_000]) {
        assert_eq!(
            message.topic, "orders",
            "a retry shows the topic it was sent to"
        );
        assert_eq!(message.body.as_deref(), Some("try again"));
        assert_eq!(
            message.properties["ORIGIN_MESSAGE_ID"],
            sent.msg_id.as_str()
        );
        assert_eq!(message.properties["RETRY_TOPIC"], "orders");
        let before = &tries[usize::try_from(message.reconsume_times).unwrap() - 1];
        assert!(
            message.at - before.at >= waited_ms,
            "{} after {}",
            message.at,
            before.at
        );
    }
    consumer.call(json!({ "op": "close", "name": "c" }));
    assert_eq!(
        consumer.received_already().len(),
        0,
        "what succeeded does not come again"
    );
}

#[test]
fn a_large_body_arrives_whole_and_a_larger_one_is_refused() {
    let Some(cluster) = Cluster::up(&["--topic", "orders:2"]) else {
        return;
    };
    let (producer, consumer) = (cluster.producer(), cluster.consumer(&json!({})));
    let large = |size: usize| json!({ "op": "send", "name": "p", "topic": "orders", "tag": "TagA", "bodySize": size });
    let connections = || producer.call(json!({ "op": "connections", "name": "p" }));
    let sent = producer.send(large(3 * MIB));
    let received = consumer.received();
    assert_eq!((received.md5, received.msg_id), (sent.md5, sent.msg_id));

    let connected = connections();
    let Err(Refused {
        code,
        message: remark,
    }) = producer.try_call(large(4 * MIB + 1))
    else {
        panic!("a body of more than 4 MiB is stored");
    };
    assert_eq!(code, Some(13), "MESSAGE_ILLEGAL: {remark}");
    producer.send(message("and on"));
    assert_eq!(consumer.received().body.as_deref(), Some("and on"));
    assert_eq!(
        connections(),
        connected,
        "the connections are still the same"
    );
    assert_eq!(received.client, "c");
}
