//! Everyone at once: single messages, batches, messages that keep an order, delayed ones, and a group
//! that reads and commits. Each ends by itself when the broker is gone.

use std::net::SocketAddr;
use std::time::Duration;

use clock::SharedClock;
use protocol::header::SendMessageResponseHeader;
use protocol::message::{Message, batch};
use protocol::{RemotingCommand, RequestCode};
use remoting::InvokeError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::asking::{Asking, send};
use super::body::body_of;
use super::ledger::{DELAYED, Delay, GROUP, Ledger, QUEUES, TOPIC};
use super::orderly;

/// Connections with single messages, and how many are in flight on each.
const PRODUCERS: usize = 3;
const IN_FLIGHT: usize = 8;

/// Messages of a batch.
const BATCH: std::ops::Range<u64> = 2..24;

/// The delays of levels 1 and 2, as [`super::node`] sets them.
const DELAYS_MS: [i64; 2] = [1_000, 2_000];

/// How long a reader lets the broker hold its pull.
const HELD: Duration = Duration::from_secs(5);

/// Clients that go on until they are told to end or the broker is gone.
pub(super) struct Load {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    asking: Vec<Asking>,
}

/// What every worker has.
#[derive(Clone)]
struct Worker {
    ledger: Ledger,
    asking: Asking,
    stop: CancellationToken,
    clock: SharedClock,
}

impl Load {
    pub(super) fn start(
        ledger: &Ledger,
        broker: SocketAddr,
        clock: &SharedClock,
        random: &mut fastrand::Rng,
    ) -> Self {
        let mut load = Self {
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
            asking: Vec::new(),
        };
        let mut worker = || {
            let asking = Asking::new(broker);
            load.asking.push(asking.clone());
            Worker {
                ledger: ledger.clone(),
                asking,
                stop: load.stop.clone(),
                clock: clock.clone(),
            }
        };
        for _ in 0..PRODUCERS {
            let worker = worker();
            for at in 0..IN_FLIGHT {
                let queue = i32::try_from(at).unwrap() % QUEUES;
                load.tasks.spawn(worker.clone().send_singly(queue));
            }
        }
        for queue in 0..2 {
            let (batches, delayed) = (worker(), worker());
            load.tasks.spawn(batches.send_batches(queue, random.fork()));
            load.tasks.spawn(delayed.send_delayed(queue, random.fork()));
        }
        for queue in 0..QUEUES {
            load.tasks.spawn(worker().read_and_commit(queue));
        }
        let (ledger, stop) = (ledger.clone(), load.stop.clone());
        load.tasks
            .spawn(async move { orderly::send_in_order(&ledger, broker, &stop).await });
        load
    }

    /// Ends everyone; a worker that was promised what it did not get fails the test here.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        for asking in self.asking {
            asking.end().await;
        }
    }
}

/// Where an acknowledged message went.
pub(super) fn place(answer: &RemotingCommand) -> (i32, i64) {
    assert!(answer.is_success(), "refused: {answer:?}");
    let header: SendMessageResponseHeader = answer.header().unwrap();
    (header.queue_id, header.queue_offset)
}

impl Worker {
    fn goes_on(&self) -> bool {
        !self.stop.is_cancelled()
    }

    async fn send_singly(self, queue: i32) {
        while self.goes_on() {
            let id = self.ledger.new_ids(1).start;
            let properties = "TAGS\u{1}TagA\u{2}KEYS\u{1}k\u{2}";
            let code = RequestCode::SendMessageV2;
            let request = send(code, (TOPIC, queue), properties, body_of(id));
            let Ok(answer) = self.asking.ask(request).await else {
                return;
            };
            let (queue, offset) = place(&answer);
            self.ledger.acknowledged((TOPIC, queue), offset, id);
        }
    }

    async fn send_batches(self, queue: i32, mut random: fastrand::Rng) {
        while self.goes_on() {
            let ids = self.ledger.new_batch(random.u64(BATCH));
            let messages: Vec<_> = ids
                .clone()
                .map(|id| Message::new(TOPIC, body_of(id)).with_keys(["b"]))
                .collect();
            let body = batch::encode(&messages).unwrap();
            let request = send(RequestCode::SendBatchMessage, (TOPIC, queue), "", body);
            let Ok(answer) = self.asking.ask(request).await else {
                return;
            };
            let (queue, first) = place(&answer);
            for (offset, id) in (first..).zip(ids) {
                self.ledger.acknowledged((TOPIC, queue), offset, id);
            }
        }
    }

    async fn send_delayed(self, queue: i32, mut random: fastrand::Rng) {
        while self.goes_on() {
            let id = self.ledger.new_ids(1).start;
            let level = random.usize(0..DELAYS_MS.len());
            let delay = Delay {
                sent_ms: self.clock.now_ms(),
                delay_ms: DELAYS_MS[level],
            };
            self.ledger.will_delay(id, delay);
            let properties = format!("DELAY\u{1}{}\u{2}", level + 1);
            let code = RequestCode::SendMessageV2;
            let request = send(code, (DELAYED, queue), &properties, body_of(id));
            let Ok(answer) = self.asking.ask(request).await else {
                return;
            };
            place(&answer);
            self.ledger.delay_acknowledged(id);
        }
    }

    /// Reads one queue as the only member of a group would.
    async fn read_and_commit(self, queue: i32) {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            gone = self.read_for_ever(queue) => assert!(gone.is_err(), "{GROUP} reads for ever"),
        }
    }

    async fn read_for_ever(self, queue: i32) -> Result<(), InvokeError> {
        let mut next = self.asking.committed(queue).await?.unwrap_or(0);
        loop {
            let Some((messages, after)) = self.asking.pull((TOPIC, queue), next, HELD).await?
            else {
                continue;
            };
            for message in &messages {
                let id = super::body::id_of(&message.body).expect("a body that somebody sent");
                self.ledger.seen((TOPIC, queue), message.queue_offset, id);
            }
            next = after;
            self.ledger.will_commit(queue, next);
            self.asking.commit(queue, next).await?;
            self.ledger.committed(queue, next, self.clock.elapsed());
        }
    }
}
