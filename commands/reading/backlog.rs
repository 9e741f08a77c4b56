//! What is stored already: every queue is read at the same time, and the messages come out in the
//! order in which they were stored.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use client::ClientError;
use protocol::message::MessageExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Event;
use super::queue_reader::QueueReader;

/// How many batches of each queue wait to be merged.
const BATCHES_AHEAD: usize = 4;

/// How many messages are handed on at a time, at most.
const CHUNK_MAX: usize = 512;

/// How long to wait before a pull that failed is tried again; longer each time.
const RETRY_STEP: Duration = Duration::from_millis(200);

/// How often a broker may answer that there is something, and give nothing.
const STALLS_MAX: u32 = 10;

/// The messages that are there, merged by the time of storing.
#[derive(Debug)]
pub(super) struct Backlog {
    sources: Vec<Source>,
    /// The next message of each source that has one: time, then source.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    /// Sources whose next message is not known yet.
    wanting: Vec<usize>,
    tasks: JoinSet<(QueueReader, Option<ClientError>)>,
}

#[derive(Debug)]
struct Source {
    batches: mpsc::Receiver<Vec<Event>>,
    waiting: VecDeque<Event>,
}

impl Backlog {
    /// Begins to read. `retries` is how often a pull that failed is tried again.
    pub(super) fn start(readers: Vec<QueueReader>, retries: u32) -> Self {
        let mut tasks = JoinSet::new();
        let mut sources = Vec::new();
        for reader in readers {
            let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
            tasks.spawn(read(reader, sender, retries));
            sources.push(Source {
                batches,
                waiting: VecDeque::new(),
            });
        }
        let wanting = (0..sources.len()).collect();
        Self {
            sources,
            heads: BinaryHeap::new(),
            wanting,
            tasks,
        }
    }

    /// The next events in order, as many as are at hand; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Vec<Event>> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_MAX {
            for at in std::mem::take(&mut self.wanting) {
                self.look(at, &mut chunk).await;
            }
            let Some(Reverse((_, at))) = self.heads.pop() else {
                break;
            };
            let source = &mut self.sources[at];
            chunk.extend(source.waiting.pop_front());
            if source.waiting.is_empty() && source.batches.is_empty() && !chunk.is_empty() {
                // Rather show what there is than wait for the network.
                self.wanting.push(at);
                break;
            }
            self.wanting.push(at);
        }
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Finds the next message of a source. What is no message has no time: it comes out at once.
    async fn look(&mut self, at: usize, chunk: &mut Vec<Event>) {
        let source = &mut self.sources[at];
        loop {
            match source.waiting.front() {
                Some(Event::Message(message)) => {
                    self.heads.push(Reverse((stored_ms(message), at)));
                    return;
                }
                Some(_) => chunk.extend(source.waiting.pop_front()),
                None => match source.batches.recv().await {
                    Some(batch) => source.waiting.extend(batch),
                    None => return,
                },
            }
        }
    }

    /// The readers, each where it has come to, with the error of those that could not go on.
    pub(super) async fn into_readers(mut self) -> Vec<(QueueReader, Option<ClientError>)> {
        // Nobody wants what is still on its way.
        self.sources.clear();
        let mut readers = Vec::new();
        while let Some(done) = self.tasks.join_next().await {
            readers.extend(done.ok());
        }
        readers
    }
}

fn stored_ms(message: &MessageExt) -> i64 {
    message.store_timestamp
}

/// Reads one queue up to the end of its backlog.
async fn read(
    mut reader: QueueReader,
    sender: mpsc::Sender<Vec<Event>>,
    retries: u32,
) -> (QueueReader, Option<ClientError>) {
    let (mut failures, mut stalls) = (0, 0);
    while reader.next < reader.plan.backlog_end() {
        match reader.pull(Duration::ZERO).await {
            // Messages are there, but the broker does not give them out.
            Ok(batch) if batch.is_stalled && !batch.is_at_end && stalls < STALLS_MAX => {
                stalls += 1;
                tokio::time::sleep(RETRY_STEP).await;
            }
            Ok(batch) => {
                (failures, stalls) = (0, 0);
                let is_done = batch.is_over || batch.is_at_end || batch.is_stalled;
                if !batch.events.is_empty() && sender.send(batch.events).await.is_err() {
                    break;
                }
                if is_done {
                    break;
                }
            }
            Err(_) if failures < retries => {
                failures += 1;
                tokio::time::sleep(RETRY_STEP * failures).await;
            }
            Err(error) => return (reader, Some(error)),
        }
    }
    (reader, None)
}
