//! Members of a group against brokers that keep messages in memory.

mod brokers_say;
mod failing;
mod reading;
mod sharing;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::body::MessageQueue;

use super::*;
use crate::testing::{FakeBroker, FakeNamesrv, client_of, until};
use crate::{Client, FilterExpression};

/// A topic `T` with two queues on a broker `a`.
struct Cluster {
    namesrv: FakeNamesrv,
    a: FakeBroker,
}

impl Cluster {
    async fn start() -> Self {
        let (namesrv, a) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
        namesrv.set_topic("T", 2, &[&a]);
        namesrv.set_topic("%RETRY%g", 1, &[&a]);
        Self { namesrv, a }
    }

    fn client(&self) -> Client {
        client_of(&[&self.namesrv]).0
    }
}

/// What a consumer has seen, and what has happened to it.
#[derive(Clone, Default)]
struct Seen {
    bodies: Arc<Mutex<Vec<String>>>,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    events: Arc<Mutex<Vec<ConsumerEvent>>>,
}

impl Seen {
    fn note(&self, delivery: &Delivery) {
        for message in &delivery.messages {
            self.bodies
                .lock()
                .push(String::from_utf8_lossy(&message.body).into_owned());
        }
        self.deliveries.lock().push(delivery.clone());
    }

    /// The bodies so far, sorted.
    fn bodies(&self) -> Vec<String> {
        let mut bodies = self.bodies.lock().clone();
        bodies.sort();
        bodies
    }

    async fn wait_for_bodies(&self, expected: &[&str]) {
        until(&format!("{expected:?}"), || {
            self.bodies().len() >= expected.len()
        })
        .await;
        assert_eq!(self.bodies(), expected);
    }

    /// A handler that notes what it gets and always says the same.
    fn always(&self, verdict: Consumed) -> impl MessageListener {
        let seen = self.clone();
        move |delivery: Delivery| {
            seen.note(&delivery);
            async move { verdict }
        }
    }

    /// A group `g` that reads `T` from the start, impatiently.
    fn config(&self) -> PushConsumerConfig {
        let events = Arc::clone(&self.events);
        let mut config = PushConsumerConfig::new("g").subscribe("T", FilterExpression::All);
        config.start = StartFrom::FirstOffset;
        config.rebalance_gap = Duration::from_millis(5);
        config.pull_error_delay = Duration::from_millis(5);
        config.local_retry_delay = Duration::from_millis(5);
        config.observer = Some(Arc::new(move |event| events.lock().push(event)));
        config
    }

    fn has_event(&self, is_it: impl Fn(&ConsumerEvent) -> bool) -> bool {
        self.events.lock().iter().any(is_it)
    }
}

fn queue(id: i32) -> MessageQueue {
    MessageQueue::new("T", "a", id)
}

fn of_topic(queues: Vec<MessageQueue>, topic: &str) -> Vec<i32> {
    queues
        .into_iter()
        .filter(|queue| queue.topic == topic)
        .map(|queue| queue.queue_id)
        .collect()
}
