//! What can be done to a cluster that runs on this machine, and to no other.

use std::fmt::Debug;

use crate::BoxFuture;

/// What can be done to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeAction {
    /// Ends it as `kill -9` would.
    Kill,
    /// Ends it in good order.
    Stop,
    /// Starts it.
    Start,
    /// Stops it and starts it again.
    Restart,
}

/// A broker as the process that runs it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The broker's name.
    pub name: String,
    /// Its id: 0 is the master.
    pub id: u64,
    /// Where it listens.
    pub addr: String,
    /// `running`, `stopped`, ...
    pub state: String,
}

/// Where a reader of the logs stands: bytes from the start of the log.
pub type LogMark = u64;

/// Lines of the log, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLines {
    /// The lines, oldest first, as they were written.
    pub lines: Vec<String>,
    /// Where the next ones begin.
    pub next: LogMark,
}

/// A cluster of this machine. Remote clusters have none of this.
pub trait Local: Debug + Send + Sync + 'static {
    /// The brokers and how they are.
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<Node>, String>>;

    /// Does something to a broker; says in a sentence what came of it.
    fn control(&self, broker: String, action: NodeAction) -> BoxFuture<'_, Result<String, String>>;

    /// The lines written since a mark, at most a screen's worth of them for `None`; an error if this
    /// cluster keeps no log.
    fn logs(&self, since: Option<LogMark>) -> BoxFuture<'_, Result<LogLines, String>>;
}

/// What came of something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It is done; a line for the reader.
    Done(String),
    /// It failed; a line for the reader.
    Failed(String),
}
