//! What comes in: one long poll a queue; what they bring is told a few times a second.

use std::sync::Arc;
use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::message::MessageExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Condition, MessageSource, PULL_MAX, Reading, Told, count};

/// How long a broker may wait for a message.
const POLL: Duration = Duration::from_secs(15);

/// How long to wait after a pull that failed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait after a broker said at once that there is nothing.
const QUICK_PAUSE: Duration = Duration::from_millis(500);

/// An answer that comes sooner was not held back by a broker that waits for messages.
const QUICK: Duration = Duration::from_millis(100);

/// How often what has come is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Batches that wait to be told; who brings more waits.
const BATCHES_MAX: usize = 64;

/// Messages that are told at once.
const FOUND_MAX: usize = 1_000;

/// What a queue brought.
type Batch = (Vec<Arc<MessageExt>>, u64);

/// Goes on with each queue at its offset until it is dropped.
pub(super) async fn follow(
    reading: &Reading,
    ends: Vec<(MessageQueue, Option<i64>)>,
    condition: &Condition,
) {
    let (sender, mut batches) = mpsc::channel(BATCHES_MAX);
    // They end with this set.
    let mut tasks = JoinSet::new();
    for (queue, next) in ends {
        let one = Queue {
            reading: reading.clone(),
            condition: condition.clone(),
            queue,
            next,
            is_lost: next.is_none(),
            batches: sender.clone(),
        };
        tasks.spawn(one.read());
    }
    drop(sender);
    while let Some((mut messages, mut looked)) = batches.recv().await {
        let until = Instant::now() + TELL_EVERY;
        while messages.len() < FOUND_MAX {
            tokio::select! {
                biased;
                () = sleep_until(until) => break,
                more = batches.recv() => match more {
                    Some((more, count)) => {
                        messages.extend(more);
                        looked += count;
                    }
                    None => break,
                },
            }
        }
        if !reading.tell(Told::Found { messages, looked }).await {
            return;
        }
    }
}

/// A queue that is followed.
struct Queue {
    reading: Reading,
    condition: Condition,
    queue: MessageQueue,
    /// Where to go on; `None`: at its end, which is not known yet.
    next: Option<i64>,
    /// Whether it is known that it cannot be read.
    is_lost: bool,
    batches: mpsc::Sender<Batch>,
}

impl Queue {
    async fn read(mut self) {
        let Some(source) = self.reading.source.clone() else {
            return;
        };
        loop {
            match self.pull(source.as_ref()).await {
                Ok(pause) => {
                    if self.is_lost {
                        self.is_lost = false;
                        let told = Told::QueueBack(self.queue.clone());
                        self.reading.tell(told).await;
                    }
                    if let Some(pause) = pause {
                        sleep(pause).await;
                    }
                }
                Err(reason) => {
                    if !self.is_lost {
                        self.is_lost = true;
                        let queue = self.queue.clone();
                        self.reading.tell(Told::QueueLost { queue, reason }).await;
                    }
                    sleep(FAILED_PAUSE).await;
                }
            }
            if self.batches.is_closed() {
                return;
            }
        }
    }

    /// One pull; gives how long to wait before the next.
    async fn pull(&mut self, source: &dyn MessageSource) -> Result<Option<Duration>, String> {
        let next = match self.next {
            Some(next) => next,
            None => source.bounds(&self.queue).await?.1,
        };
        let begun = Instant::now();
        let pulled = source.pull(&self.queue, next, PULL_MAX, POLL).await?;
        self.next = Some(pulled.next_offset);
        if pulled.messages.is_empty() {
            let was_quick = begun.elapsed() < QUICK && pulled.next_offset <= next;
            return Ok(was_quick.then_some(QUICK_PAUSE));
        }
        let looked = count(pulled.messages.len());
        let now_ms = self.reading.clock.now_ms();
        let wanted = pulled.messages.into_iter();
        let wanted = wanted.filter(|message| self.condition.wants(message, now_ms));
        let found = wanted.map(Arc::new).collect();
        // Closed: nobody follows any more, which the caller sees.
        drop(self.batches.send((found, looked)).await);
        Ok(None)
    }
}
