//! Who plays: a producer and two consumers of one group, and what can be seen of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use client::consumer::rebalance::AveragelyByCircle;
use client::{
    Client, ClientConfig, ClientError, Consumed, Delivery, FilterExpression, Producer,
    ProducerConfig, PushConsumer, PushConsumerConfig, SendResult, StartFrom,
};
use clock::SharedClock;
use parking_lot::Mutex;
use protocol::body::MessageQueue;
use protocol::message::Message;
use serde_json::{Value, json};

/// The names of the documents' scenario.
pub(super) const TOPIC: &str = "test_topic";
pub(super) const GROUP: &str = "consumer_group";

/// Clients look around this often; a real one takes 20 to 30 seconds, which is no show.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How long anything in the story may take.
const PATIENCE: Duration = Duration::from_secs(20);

const CONSUMERS: [&str; 2] = ["consumer-1", "consumer-2"];

/// The clients of the story.
pub(super) struct Cast {
    clock: SharedClock,
    clients: Vec<Client>,
    pub(super) producer: Producer,
    consumers: Vec<PushConsumer>,
    /// By message id: a queue that changes hands may bring its last messages once more.
    received: Arc<Mutex<HashSet<String>>>,
    pub(super) sent: usize,
}

impl Cast {
    /// The producer alone; consumers come when the story wants them.
    pub(super) fn new(namesrvs: Vec<String>, clock: SharedClock) -> Result<Self, ClientError> {
        let client = new_client(namesrvs, &clock, "producer")?;
        let mut config = ProducerConfig::new("producer_group");
        config.retries = 5;
        let producer = client.producer(config)?;
        Ok(Self {
            clock,
            clients: vec![client],
            producer,
            consumers: Vec::new(),
            received: Arc::default(),
            sent: 0,
        })
    }

    /// Sends `count` messages, one after the other.
    pub(super) async fn send(&mut self, count: usize) -> Result<Vec<SendResult>, ClientError> {
        let mut results = Vec::new();
        for _ in 0..count {
            let body = format!("Hello RocketMQ {}", self.sent);
            let message = Message::new(TOPIC, body).with_tags("TagA");
            results.push(self.producer.send(message).await?);
            self.sent += 1;
        }
        Ok(results)
    }

    /// Two consumers join the group, each with the circle strategy.
    pub(super) async fn consumers_join(&mut self) -> Result<(), ClientError> {
        let namesrvs = self
            .clients
            .first()
            .map(|client| client.namesrvs().to_vec());
        for name in CONSUMERS {
            let client = new_client(namesrvs.clone().unwrap_or_default(), &self.clock, name)?;
            let mut config = PushConsumerConfig::new(GROUP).subscribe(TOPIC, FilterExpression::All);
            config.start = StartFrom::FirstOffset;
            config.strategy = Arc::new(AveragelyByCircle);
            config.rebalance_interval = LOOK_EVERY;
            config.commit_interval = LOOK_EVERY;
            let received = self.received.clone();
            let listener = move |delivery: Delivery| {
                let ids = delivery
                    .messages
                    .iter()
                    .map(|message| message.msg_id().into_owned());
                received.lock().extend(ids);
                async { Consumed::Success }
            };
            self.consumers
                .push(client.push_consumer(config, listener).await?);
            self.clients.push(client);
        }
        Ok(())
    }

    pub(super) fn received(&self) -> usize {
        self.received.lock().len()
    }

    /// Waits until every message that was sent has been consumed, and the queues of `brokers` and no
    /// others are shared out.
    pub(super) async fn settled(&self, brokers: &[&str]) -> bool {
        let shared = self.until(|| {
            let queues = self.allocation();
            let shared = brokers
                .iter()
                .all(|broker| queues.keys().any(|queue| queue.broker_name == *broker));
            shared && self.received() >= self.sent && self.is_fair()
        });
        shared.await && self.committed().await
    }

    /// Waits until the brokers know how far the group has come.
    async fn committed(&self) -> bool {
        let admin = self.producer_client().admin();
        let begun = self.clock.elapsed();
        while self.clock.elapsed().saturating_sub(begun) < PATIENCE {
            let progress = admin.consume_stats(GROUP, Some(TOPIC)).await;
            if progress.is_ok_and(|progress| progress.queues.iter().all(|queue| queue.lag() == 0)) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY / 10).await;
        }
        false
    }

    /// Waits until the producer would write to this broker again.
    pub(super) async fn broker_in_use(&self, broker: &str) -> bool {
        let begun = self.clock.elapsed();
        while self.clock.elapsed().saturating_sub(begun) < PATIENCE {
            let queues = self.producer.queues(TOPIC).await.unwrap_or_default();
            if queues.iter().any(|queue| queue.broker_name == broker) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        false
    }

    async fn until(&self, holds: impl Fn() -> bool) -> bool {
        let begun = self.clock.elapsed();
        while !holds() {
            if self.clock.elapsed().saturating_sub(begun) > PATIENCE {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY / 10).await;
        }
        true
    }

    /// Whether no consumer has more than one queue more than another.
    fn is_fair(&self) -> bool {
        let counts = self
            .consumers
            .iter()
            .map(|consumer| own_queues(consumer).len());
        let counts: Vec<usize> = counts.collect();
        counts
            .iter()
            .max()
            .zip(counts.iter().min())
            .is_some_and(|(most, least)| most - least <= 1)
    }

    /// Who has which queue.
    fn allocation(&self) -> BTreeMap<MessageQueue, &'static str> {
        let owned = self.consumers.iter().zip(CONSUMERS);
        owned
            .flat_map(|(consumer, name)| {
                own_queues(consumer)
                    .into_iter()
                    .map(move |queue| (queue, name))
            })
            .collect()
    }

    /// The queues with owner and offsets: lines for people, objects for programs.
    pub(super) async fn queue_table(&self) -> Result<(Vec<String>, Value), ClientError> {
        let admin = self.producer_client().admin();
        let allocation = self.allocation();
        let progress = admin.consume_stats(GROUP, Some(TOPIC)).await?;
        let mut lines = vec![format!(
            "{:<8}{:>5}  {:<12}{:>10}{:>6}{:>5}",
            "BROKER", "QUEUE", "OWNER", "COMMITTED", "MAX", "LAG"
        )];
        let mut queues = Vec::new();
        for queue in &progress.queues {
            let MessageQueue {
                broker_name,
                queue_id,
                ..
            } = &queue.queue;
            let owner = allocation.get(&queue.queue).copied();
            let (committed, max) = (queue.consumer_offset, queue.max_offset);
            lines.push(format!(
                "{broker_name:<8}{queue_id:>5}  {:<12}{committed:>10}{max:>6}{:>5}",
                owner.unwrap_or("-"),
                queue.lag()
            ));
            queues.push(json!({
                "broker": broker_name, "queue": queue_id, "owner": owner,
                "committed_offset": committed, "max_offset": max, "lag": queue.lag(),
            }));
        }
        Ok((lines, Value::Array(queues)))
    }

    fn producer_client(&self) -> &Client {
        // The first is always there: `new` puts it.
        &self.clients[0]
    }

    /// Everyone leaves in good order.
    pub(super) async fn leave(self) {
        for client in &self.clients {
            client.shutdown().await;
        }
    }
}

fn new_client(
    namesrvs: Vec<String>,
    clock: &SharedClock,
    name: &str,
) -> Result<Client, ClientError> {
    let mut config = ClientConfig::new(namesrvs);
    config.instance_name = Some(name.to_owned());
    config.route_refresh_interval = LOOK_EVERY;
    config.heartbeat_interval = LOOK_EVERY;
    Client::new(config, clock.clone())
}

fn own_queues(consumer: &PushConsumer) -> Vec<MessageQueue> {
    consumer
        .queues()
        .into_iter()
        .filter(|queue| queue.topic == TOPIC)
        .collect()
}
