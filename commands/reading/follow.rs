//! What comes in: one long poll a queue, and new queues as they appear.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::body::MessageQueue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, interval_at};

use super::Event;
use super::plan::{End, QueuePlan};
use super::queue_reader::{QueueReader, Readers};
use super::range::Range;
use super::selection::Selection;
use crate::session::Session;

/// How long a broker may wait for a message.
const POLL: Duration = Duration::from_secs(15);

/// How long to wait after a pull that failed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait after a broker said at once that there is nothing.
const QUICK_PAUSE: Duration = Duration::from_millis(500);

/// How often to look for new queues, as RocketMQ's clients do.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many batches wait to be shown.
const BATCHES_AHEAD: usize = 64;

/// Queues that are read as messages come in.
#[derive(Debug)]
pub(super) struct Follow {
    tasks: JoinSet<()>,
    sender: mpsc::Sender<Vec<Event>>,
    batches: mpsc::Receiver<Vec<Event>>,
    known: BTreeSet<MessageQueue>,
    look: Interval,
}

impl Follow {
    /// Goes on with these queues.
    pub(super) fn start(readers: Vec<QueueReader>) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let look = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        let (tasks, known) = (JoinSet::new(), BTreeSet::new());
        let mut follow = Self {
            tasks,
            sender,
            batches,
            known,
            look,
        };
        for reader in readers {
            follow.add(reader);
        }
        follow
    }

    fn add(&mut self, reader: QueueReader) {
        if self.known.insert(reader.plan.queue.clone()) {
            self.tasks.spawn(read(reader, false, self.sender.clone()));
        }
    }

    /// Takes up a queue that could not be asked yet for the offsets of the range.
    pub(super) fn add_lost(&mut self, readers: Readers, queue: MessageQueue, range: Range) {
        if self.known.insert(queue.clone()) {
            let sender = self.sender.clone();
            self.tasks.spawn(async move {
                let plan = loop {
                    let consumer = readers.consumer.clone();
                    match QueuePlan::make(consumer, queue.clone(), range).await {
                        Ok(plan) => break plan,
                        Err(_) => tokio::time::sleep(FAILED_PAUSE).await,
                    }
                };
                read(readers.reader(plan), true, sender).await;
            });
        }
    }

    /// The next events; `None` when every queue has come to the end of what is wanted of it.
    /// Can be dropped and called again without losing any.
    pub(super) async fn next(&mut self, growth: &Growth<'_>) -> Option<Vec<Event>> {
        loop {
            tokio::select! {
                biased;
                Some(batch) = self.batches.recv() => return Some(batch),
                done = self.tasks.join_next() => {
                    if done.is_none() {
                        return self.batches.try_recv().ok();
                    }
                }
                _ = self.look.tick() => self.look_for_queues(growth).await,
            }
        }
    }

    /// Takes up queues that were not there before. A look that fails is repeated soon enough.
    async fn look_for_queues(&mut self, growth: &Growth<'_>) {
        let consumer = &growth.readers.consumer;
        let Ok(queues) = growth.selection.resolve(growth.session, consumer).await else {
            return;
        };
        for queue in queues {
            if !self.known.contains(&queue) {
                let plan = QueuePlan::whole(queue, growth.end);
                self.add(growth.readers.reader(plan));
            }
        }
    }
}

/// How queues that appear later are taken up.
pub(super) struct Growth<'a> {
    pub(super) session: &'a Session,
    pub(super) selection: &'a Selection,
    pub(super) readers: &'a Readers,
    /// Where those queues end: a time is the same for all queues, an offset is not.
    pub(super) end: Option<End>,
}

/// Reads one queue until its plan is over or nobody listens. `is_lost` if it is known that the queue
/// cannot be read.
async fn read(mut reader: QueueReader, mut is_lost: bool, sender: mpsc::Sender<Vec<Event>>) {
    loop {
        let pulled = reader.pull(reader.patience(POLL)).await;
        let queue = || reader.plan.queue.clone();
        let (mut events, pause, is_over) = match pulled {
            Ok(batch) => {
                // A broker that does not wait for messages is not asked without a pause.
                let pause = batch.is_stalled.then_some(QUICK_PAUSE);
                (batch.events, pause, batch.is_over)
            }
            Err(error) => {
                // Once is enough to say that a queue cannot be read.
                let events = if is_lost {
                    Vec::new()
                } else {
                    vec![Event::Lost(queue(), error)]
                };
                is_lost = true;
                (events, Some(FAILED_PAUSE), false)
            }
        };
        if is_lost && pause != Some(FAILED_PAUSE) {
            is_lost = false;
            events.insert(0, Event::Back(queue()));
        }
        if !events.is_empty() && sender.send(events).await.is_err() {
            return;
        }
        if is_over {
            return;
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}
