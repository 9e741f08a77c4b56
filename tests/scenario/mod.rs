//! The scenario of the documents, on real sockets with real processes: two name servers, two brokers
//! from properties files, a producer and two consumers that are never restarted, and everything that
//! happens to servers: one is killed, one comes back, one joins.

mod nodes;
mod traffic;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::consumer::rebalance::AveragelyByCircle;
use client::{
    Client, ClientConfig, FilterExpression, ProducerConfig, PushConsumer, PushConsumerConfig,
    StartFrom, Target,
};
use clock::SystemClock;
use protocol::body::TopicConfig;
use protocol::message::Message;

use crate::common::ports::Ports;
use crate::common::wait::PATIENCE;
use crate::server::{Server, say};
use nodes::{Brokers, start_namesrv};
use traffic::{Ledger, Traffic};

const TOPIC: &str = "test_topic";
const GROUP: &str = "consumer_group";
const QUEUES: i32 = 4;

/// Between two looks at something that changes by itself.
const STEP: Duration = Duration::from_millis(20);

/// Looks until there is something to see.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(STEP).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, looking).await;
    seen.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}

/// A client that notices changes sooner than by default.
fn client_of(namesrvs: &[String]) -> Client {
    let mut config = ClientConfig::new(namesrvs.to_vec());
    config.route_refresh_interval = Duration::from_millis(200);
    config.heartbeat_interval = Duration::from_secs(1);
    Client::new(config, SystemClock::shared()).unwrap()
}

/// The two consumers of the group.
struct Consumers {
    clients: [Client; 2],
    consumers: Vec<PushConsumer>,
}

impl Consumers {
    async fn start(namesrvs: &[String], ledger: &Ledger) -> Self {
        let clients = [(); 2].map(|()| client_of(namesrvs));
        let mut consumers = Vec::new();
        for client in &clients {
            let mut config =
                PushConsumerConfig::new(GROUP).subscribe(TOPIC, FilterExpression::tags("*"));
            config.start = StartFrom::FirstOffset;
            config.strategy = Arc::new(AveragelyByCircle);
            config.rebalance_interval = Duration::from_millis(500);
            config.rebalance_gap = Duration::from_millis(50);
            config.commit_interval = Duration::from_millis(200);
            config.pull_error_delay = Duration::from_millis(200);
            consumers.push(
                client
                    .push_consumer(config, ledger.listener())
                    .await
                    .unwrap(),
            );
        }
        Self { clients, consumers }
    }

    /// What each of them holds: broker and queue.
    fn holdings(&self) -> BTreeSet<BTreeSet<(String, i32)>> {
        let of = |consumer: &PushConsumer| {
            let queues = consumer
                .queues()
                .into_iter()
                .filter(|queue| queue.topic == TOPIC);
            queues
                .map(|queue| (queue.broker_name, queue.queue_id))
                .collect()
        };
        self.consumers.iter().map(of).collect()
    }

    /// Waits until the queues of these brokers are shared out in a circle: of each broker, one has the
    /// queues 0 and 2, the other 1 and 3.
    async fn share(&self, brokers: &[&str]) {
        let half = |odd: i32| {
            let of = |broker: &&str| [0, 2].map(|queue| ((*broker).to_owned(), queue + odd));
            brokers.iter().flat_map(of).collect()
        };
        let expected = BTreeSet::from([half(0), half(1)]);
        let what = format!("the queues of {brokers:?} to be shared");
        until(&what, async || (self.holdings() == expected).then_some(())).await;
    }

    async fn shutdown(self) {
        for client in &self.clients {
            client.shutdown().await;
        }
    }
}

/// Waits until each of these name servers has exactly these brokers in the topic's route.
async fn routed(namesrvs: &[String], brokers: &[&str]) {
    for namesrv in namesrvs {
        let client = client_of(std::slice::from_ref(namesrv));
        let what = format!("the route to be {brokers:?} at {namesrv}");
        until(&what, async || {
            let route = client.admin().topic_route(TOPIC).await.ok()?;
            let mut names: Vec<&str> = route
                .broker_datas
                .iter()
                .map(|broker| broker.broker_name.as_str())
                .collect();
            names.sort_unstable();
            (names == brokers).then_some(())
        })
        .await;
        client.shutdown().await;
    }
}

async fn make_topic_on(client: &Client, target: &Target) {
    let config = TopicConfig::new(TOPIC, QUEUES);
    client
        .admin()
        .create_topic(target, &config)
        .await
        .unwrap()
        .into_complete()
        .unwrap();
}

/// Ten messages, as the documents have them.
async fn send_ten(client: &Client, ledger: &Ledger) {
    let producer = client
        .producer(ProducerConfig::new("producer_group"))
        .unwrap();
    for at in 0..10 {
        let body = format!("Hello RocketMQ {at}");
        let message = Message::new(TOPIC, body.clone()).with_tags("TagA");
        let sent = producer.send(message).await.unwrap();
        say(format_args!("{sent:?}"));
        assert_eq!(sent.status.name(), "SEND_OK");
        ledger.acknowledged(&body, &sent.queue.broker_name);
    }
    producer.shutdown().await;
    until("ten messages", async || {
        (ledger.received_count() >= 10).then_some(())
    })
    .await;
    let again = ledger.received_again();
    assert!(
        again.is_empty(),
        "settled consumers get each message once, not {again:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_die_return_and_join_while_clients_go_on() {
    let ports = Ports::take();
    let namesrvs = [ports.addr(0), ports.addr(1)];
    let [first_namesrv, second_namesrv] = [0, 1].map(|at| start_namesrv(ports.at(at)));
    let brokers = Brokers::new(&namesrvs);
    let [place_a, place_b, place_c] = [("broker-a", 2), ("broker-b", 4), ("broker-c", 6)]
        .map(|(name, port)| brokers.place(name, ports.at(port)));
    let (broker_a, broker_b) = (place_a.start(), place_b.start());

    let client = client_of(&namesrvs);
    make_topic_on(&client, &Target::Broker("broker-a".to_owned())).await;
    let ledger = Ledger::default();
    let consumers = Consumers::start(&namesrvs, &ledger).await;
    consumers.share(&["broker-a"]).await;
    send_ten(&client, &ledger).await;

    // From here on messages flow without a pause until the end.
    let traffic = Traffic::start(&client, &ledger);
    make_topic_on(&client, &Target::Cluster("DefaultCluster".to_owned())).await;
    routed(&namesrvs, &["broker-a", "broker-b"]).await;
    consumers.share(&["broker-a", "broker-b"]).await;
    traffic.flows_through("broker-b").await;

    broker_a.kill();
    routed(&namesrvs, &["broker-b"]).await;
    consumers.share(&["broker-b"]).await;
    traffic.flows_through("broker-b").await;

    let broker_a = place_a.start();
    routed(&namesrvs, &["broker-a", "broker-b"]).await;
    consumers.share(&["broker-a", "broker-b"]).await;
    traffic.flows_through("broker-a").await;
    traffic.all_arrives().await;

    first_namesrv.kill();
    traffic.flows_through("broker-a").await;
    traffic.flows_through("broker-b").await;

    let broker_c = place_c.start();
    make_topic_on(&client, &Target::Broker("broker-c".to_owned())).await;
    routed(&namesrvs[1..], &["broker-a", "broker-b", "broker-c"]).await;
    consumers.share(&["broker-a", "broker-b", "broker-c"]).await;
    traffic.flows_through("broker-c").await;

    traffic.stop().await;
    until("every message", async || {
        (ledger.missing() == 0).then_some(())
    })
    .await;
    until("the group to have committed all of it", async || {
        let progress = client
            .admin()
            .consume_stats(GROUP, Some(TOPIC))
            .await
            .ok()?;
        (progress.lag() == 0).then_some(())
    })
    .await;
    say(format_args!("{ledger}"));
    consumers.shutdown().await;
    client.shutdown().await;
    for server in [broker_a, broker_b, broker_c, second_namesrv] {
        Server::stop(server);
    }
}
