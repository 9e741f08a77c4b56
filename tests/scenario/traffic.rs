//! A producer that never pauses, and the account of what it was promised and what consumers got.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use client::{BoxFuture, Client, Consumed, Delivery, MessageListener, ProducerConfig};
use parking_lot::Mutex;
use protocol::message::Message;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{TOPIC, until};

/// Between two messages.
const PACE: Duration = Duration::from_millis(2);

/// So many messages more show that they flow.
const SOME: usize = 20;

/// Which bodies were acknowledged by which broker, and how often consumers got each.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
struct Entries {
    acknowledged: BTreeMap<String, String>,
    received: HashMap<String, Receipt>,
}

struct Receipt {
    broker: String,
    times: usize,
}

impl Ledger {
    pub(super) fn acknowledged(&self, body: &str, broker: &str) {
        self.entries
            .lock()
            .acknowledged
            .insert(body.to_owned(), broker.to_owned());
    }

    /// What a consumer writes into the ledger.
    pub(super) fn listener(&self) -> impl MessageListener + use<> {
        let entries = Arc::clone(&self.entries);
        move |delivery: Delivery| -> BoxFuture<Consumed> {
            let mut entries = entries.lock();
            for message in &delivery.messages {
                let body = String::from_utf8(message.body.to_vec()).unwrap();
                let broker = delivery.queue.broker_name.clone();
                entries
                    .received
                    .entry(body)
                    .or_insert(Receipt { broker, times: 0 })
                    .times += 1;
            }
            Box::pin(std::future::ready(Consumed::Success))
        }
    }

    pub(super) fn received_count(&self) -> usize {
        self.entries.lock().received.len()
    }

    /// How many messages came more than once, by broker.
    pub(super) fn received_again(&self) -> BTreeMap<String, usize> {
        let entries = self.entries.lock();
        let mut again = BTreeMap::new();
        for receipt in entries
            .received
            .values()
            .filter(|receipt| receipt.times > 1)
        {
            *again.entry(receipt.broker.clone()).or_default() += 1;
        }
        again
    }

    /// How many messages were acknowledged and have not come.
    pub(super) fn missing(&self) -> usize {
        let entries = self.entries.lock();
        entries
            .acknowledged
            .keys()
            .filter(|body| !entries.received.contains_key(*body))
            .count()
    }

    /// How many messages a broker has acknowledged, and how many consumers got from it.
    fn through(&self, broker: &str) -> (usize, usize) {
        let entries = self.entries.lock();
        let acknowledged = entries
            .acknowledged
            .values()
            .filter(|by| *by == broker)
            .count();
        let received = entries
            .received
            .values()
            .filter(|receipt| receipt.broker == broker)
            .count();
        (acknowledged, received)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acknowledged = self.entries.lock().acknowledged.len();
        let (missing, again) = (self.missing(), self.received_again());
        write!(
            formatter,
            "{acknowledged} acknowledged, {missing} lost, received again by broker: {again:?}"
        )
    }
}

/// A producer that sends one message after the other. No send may fail.
pub(super) struct Traffic {
    ledger: Ledger,
    stop: CancellationToken,
    sending: JoinHandle<()>,
}

impl Traffic {
    pub(super) fn start(client: &Client, ledger: &Ledger) -> Self {
        let producer = client.producer(ProducerConfig::new("traffic")).unwrap();
        let (stop, own) = (CancellationToken::new(), ledger.clone());
        let stopped = stop.clone();
        let sending = tokio::spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            for at in 0.. {
                pace.tick().await;
                if stopped.is_cancelled() {
                    break;
                }
                let body = format!("message {at}");
                let sent = producer
                    .send(Message::new(TOPIC, body.clone()))
                    .await
                    .unwrap();
                own.acknowledged(&body, &sent.queue.broker_name);
            }
        });
        Self {
            ledger: ledger.clone(),
            stop,
            sending,
        }
    }

    /// Waits until a broker has taken some more messages and consumers have got some more from it.
    pub(super) async fn flows_through(&self, broker: &str) {
        let before = self.ledger.through(broker);
        let what = format!("messages to flow through {broker}");
        until(&what, async || {
            assert!(!self.sending.is_finished(), "the producer has failed");
            let now = self.ledger.through(broker);
            (now.0 >= before.0 + SOME && now.1 >= before.1 + SOME).then_some(())
        })
        .await;
    }

    /// Waits until all that has been acknowledged by now has come.
    pub(super) async fn all_arrives(&self) {
        let by_now: Vec<String> = self
            .ledger
            .entries
            .lock()
            .acknowledged
            .keys()
            .cloned()
            .collect();
        until("all that was acknowledged by now", async || {
            let entries = self.ledger.entries.lock();
            by_now
                .iter()
                .all(|body| entries.received.contains_key(body))
                .then_some(())
        })
        .await;
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.sending.await.unwrap();
    }
}
