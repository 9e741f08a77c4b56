//! Messages: reads them queue by queue, in a task of its own, for no group and without moving an
//! offset. What it finds goes to the state as [`Action::Messages`].
//!
//! Each order has a ticket, and what comes of it has the same: the state drops what it no longer
//! waits for. Invariant: one reading and one question of who has read something are under way at a
//! time; a new one, [`Order::Stop`] or the end of the [`Desk`] stops the one before.

mod cluster;
mod follow;
pub(crate) mod json;
mod look_back;

use std::fmt::Debug;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use client::WhereExpression;
use clock::SharedClock;
use protocol::body::MessageQueue;
use protocol::message::MessageExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::BoxFuture;
use crate::action::Action;
use crate::local::Report;
pub use cluster::ClusterMessages;

/// Messages of one pull.
pub const PULL_MAX: i32 = 32;

/// The most messages that one look at what is stored looks at; a condition that fits few of them does
/// not read a whole topic.
pub const LOOK_MAX: u64 = 20_000;

/// Where a reading begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// With the last so many over all queues that match.
    Last(usize),
    /// With the first that is there.
    Start,
    /// So many ms ago.
    Ago(i64),
    /// In one queue, at an offset.
    At(MessageQueue, i64),
}

/// Which messages are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The topic.
    pub topic: String,
    /// Where to begin.
    pub begin: Begin,
    /// A condition in the language of [`WhereExpression`]; empty: all.
    pub condition: String,
    /// Only those with this key, found by the brokers' index; `begin` does not matter then.
    pub key: Option<String>,
    /// Whether to go on with what comes in.
    pub follows: bool,
    /// The most messages of what is stored already.
    pub max: usize,
}

/// What the reading of messages is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Read these.
    Read {
        /// Which order this is.
        ticket: u64,
        /// Which messages.
        wanted: Wanted,
    },
    /// Read no more.
    Stop,
    /// Find out who has read these messages, one after the other.
    Track {
        /// Which order this is.
        ticket: u64,
        /// The messages.
        messages: Vec<Arc<MessageExt>>,
    },
    /// Write these messages into a new file of the current folder, a line of JSON each.
    Export {
        /// The file's name.
        file: String,
        /// The messages.
        messages: Vec<Arc<MessageExt>>,
    },
}

/// What a group has made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The group.
    pub group: String,
    /// What it has made of it.
    pub state: client::admin::TrackState,
    /// How many messages it has to consume until it has consumed this one.
    pub behind: Option<i64>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Messages that match, in no particular order.
    Found {
        /// The messages.
        messages: Vec<Arc<MessageExt>>,
        /// How many were looked at for them.
        looked: u64,
    },
    /// What is stored has been read; what comes in is followed, if that was wanted.
    CaughtUp,
    /// A queue cannot be read at the moment.
    QueueLost {
        /// Which.
        queue: MessageQueue,
        /// Why.
        reason: String,
    },
    /// It can be read again.
    QueueBack(MessageQueue),
    /// Nothing can be read.
    Failed(String),
    /// Who has read a message, sorted by group; or why that is not known.
    Marks(Arc<MessageExt>, Result<Vec<Mark>, String>),
}

/// What a pull brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// The messages.
    pub messages: Vec<MessageExt>,
    /// Where to go on.
    pub next_offset: i64,
    /// Whether there is nothing more at the moment.
    pub is_at_end: bool,
}

/// Where messages come from. Errors are sentences for the reader.
pub trait MessageSource: Debug + Send + Sync + 'static {
    /// The topic's queues.
    fn queues<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<Vec<MessageQueue>, String>>;

    /// A queue's first offset, and the one that its next message will get.
    fn bounds<'a>(&'a self, queue: &'a MessageQueue) -> BoxFuture<'a, Result<(i64, i64), String>>;

    /// The offset of the first message that was stored at a time, in ms since the epoch, or later.
    fn offset_at<'a>(
        &'a self,
        queue: &'a MessageQueue,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<i64, String>>;

    /// Messages of a queue from an offset on; the broker waits so long for one.
    fn pull<'a>(
        &'a self,
        queue: &'a MessageQueue,
        offset: i64,
        max: i32,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Pulled, String>>;

    /// The messages with a key.
    fn by_key<'a>(
        &'a self,
        topic: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<MessageExt>, String>>;

    /// Who has read a message.
    fn marks<'a>(&'a self, message: &'a MessageExt) -> BoxFuture<'a, Result<Vec<Mark>, String>>;
}

/// Takes orders, and sees to it that they are carried out.
#[derive(Debug)]
pub struct Desk {
    source: Option<Arc<dyn MessageSource>>,
    clock: SharedClock,
    actions: mpsc::Sender<Action>,
    folder: PathBuf,
    reading: Option<JoinHandle<()>>,
    tracking: Option<JoinHandle<()>>,
}

impl Desk {
    /// A desk that reads from a source and reports to the state. Files go to the current folder.
    #[must_use]
    pub fn new(
        source: Option<Arc<dyn MessageSource>>,
        clock: SharedClock,
        actions: mpsc::Sender<Action>,
    ) -> Self {
        Self {
            source,
            clock,
            actions,
            folder: PathBuf::from("."),
            reading: None,
            tracking: None,
        }
    }

    /// Begins to do what it is told; never waits.
    pub fn carry_out(&mut self, order: Order) {
        match order {
            Order::Stop => {
                stop(&mut self.reading);
                stop(&mut self.tracking);
            }
            Order::Read { ticket, wanted } => {
                stop(&mut self.reading);
                let reading = self.reading_of(ticket);
                self.reading = Some(tokio::spawn(reading.run(wanted)));
            }
            Order::Track { ticket, messages } => {
                stop(&mut self.tracking);
                let reading = self.reading_of(ticket);
                self.tracking = Some(tokio::spawn(reading.track(messages)));
            }
            Order::Export { file, messages } => {
                let (folder, actions) = (self.folder.clone(), self.actions.clone());
                tokio::task::spawn_blocking(move || {
                    let report = match export(&folder, &file, &messages) {
                        Ok(()) => {
                            Report::Done(format!("{} messages written to {file}", messages.len()))
                        }
                        Err(error) => Report::Failed(format!("{file}: {error}")),
                    };
                    // Without a dashboard nobody wants to know.
                    drop(actions.blocking_send(Action::Report(report)));
                });
            }
        }
    }

    fn reading_of(&self, ticket: u64) -> Reading {
        Reading {
            source: self.source.clone(),
            clock: self.clock.clone(),
            actions: self.actions.clone(),
            ticket,
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        stop(&mut self.reading);
        stop(&mut self.tracking);
    }
}

fn stop(task: &mut Option<JoinHandle<()>>) {
    if let Some(task) = task.take() {
        task.abort();
    }
}

/// Never overwrites: what is there belongs to somebody.
fn export(folder: &Path, file: &str, messages: &[Arc<MessageExt>]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create_new(folder.join(file))?);
    for message in messages {
        writeln!(file, "{}", json::line(message))?;
    }
    file.flush()
}

/// One order that is being carried out.
#[derive(Debug, Clone)]
struct Reading {
    source: Option<Arc<dyn MessageSource>>,
    clock: SharedClock,
    actions: mpsc::Sender<Action>,
    ticket: u64,
}

impl Reading {
    /// False when nobody listens any more.
    async fn tell(&self, told: Told) -> bool {
        let ticket = self.ticket;
        let action = Action::Messages { ticket, told };
        self.actions.send(action).await.is_ok()
    }

    async fn run(self, wanted: Wanted) {
        if let Err(reason) = self.read(&wanted).await {
            self.tell(Told::Failed(reason)).await;
        }
    }

    async fn read(&self, wanted: &Wanted) -> Result<(), String> {
        let source = self.source.as_deref().ok_or(NO_SOURCE)?;
        let condition = Condition::parse(&wanted.condition)?;
        if let Some(key) = &wanted.key {
            let messages = source.by_key(&wanted.topic, key).await?;
            let looked = count(messages.len());
            let messages = messages.into_iter().map(Arc::new).collect();
            self.tell(Told::Found { messages, looked }).await;
            self.tell(Told::CaughtUp).await;
            return Ok(());
        }
        let queues = match &wanted.begin {
            Begin::At(queue, _) => vec![queue.clone()],
            Begin::Last(_) | Begin::Start | Begin::Ago(_) => source.queues(&wanted.topic).await?,
        };
        let ends = look_back::read(self, source, wanted, &condition, queues).await?;
        if !self.tell(Told::CaughtUp).await || !wanted.follows {
            return Ok(());
        }
        follow::follow(self, ends, &condition).await;
        Ok(())
    }

    async fn track(self, messages: Vec<Arc<MessageExt>>) {
        for message in messages {
            let marks = match self.source.as_deref() {
                Some(source) => source.marks(&message).await,
                None => Err(NO_SOURCE.to_owned()),
            };
            if !self.tell(Told::Marks(message, marks)).await {
                return;
            }
        }
    }
}

const NO_SOURCE: &str = "the messages of this cluster cannot be read";

/// Which messages are wanted.
#[derive(Debug, Clone)]
struct Condition(Option<Arc<WhereExpression>>);

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let expression = WhereExpression::parse(text).map_err(|error| error.to_string())?;
        Ok(Self(Some(Arc::new(expression))))
    }

    fn wants(&self, message: &MessageExt, now_ms: i64) -> bool {
        let condition = self.0.as_ref();
        condition.is_none_or(|condition| condition.matches(message, now_ms))
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
