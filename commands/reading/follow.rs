//! What comes in: one long poll a queue, and new queues as they appear.

use std::collections::BTreeSet;
use std::time::Duration;

use client::PullConsumer;
use protocol::body::MessageQueue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, interval_at};

use super::Event;
use super::plan::{End, QueuePlan};
use super::queue_reader::QueueReader;
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
            self.tasks.spawn(read(reader, self.sender.clone()));
        }
    }

    /// The next events; `None` when every queue has come to the end of what is wanted of it.
    /// Can be dropped and called again without losing any.
    pub(super) async fn next(&mut self, grow: &Growth<'_>) -> Option<Vec<Event>> {
        loop {
            tokio::select! {
                biased;
                Some(batch) = self.batches.recv() => return Some(batch),
                done = self.tasks.join_next() => {
                    if done.is_none() {
                        return self.batches.try_recv().ok();
                    }
                }
                _ = self.look.tick() => self.look_for_queues(grow).await,
            }
        }
    }

    /// Takes up queues that were not there before. A look that fails is repeated soon enough.
    async fn look_for_queues(&mut self, grow: &Growth<'_>) {
        let Ok(queues) = grow.selection.resolve(grow.session, grow.reader).await else {
            return;
        };
        for queue in queues {
            if !self.known.contains(&queue) {
                self.add((grow.make)(QueuePlan::whole(queue, grow.end)));
            }
        }
    }
}

/// How queues that appear later are taken up.
pub(super) struct Growth<'a> {
    pub(super) session: &'a Session,
    pub(super) selection: &'a Selection,
    pub(super) reader: &'a PullConsumer,
    /// Where those queues end: a time is the same for all queues, an offset is not.
    pub(super) end: Option<End>,
    pub(super) make: &'a (dyn Fn(QueuePlan) -> QueueReader + Sync),
}

/// Reads one queue until its plan is over or nobody listens.
async fn read(mut reader: QueueReader, sender: mpsc::Sender<Vec<Event>>) {
    let mut is_lost = false;
    loop {
        let pulled = reader.pull(reader.patience(POLL)).await;
        let queue = || reader.plan.queue.clone();
        let (mut events, pause, is_over) = match pulled {
            Ok(batch) => {
                // A broker that does not wait for messages is not asked without a pause.
                let pause = (batch.is_at_end && batch.was_quick).then_some(QUICK_PAUSE);
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
