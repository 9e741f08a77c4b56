//! What can go wrong, by operation.

use std::io;
use std::path::PathBuf;

use protocol::message::RecordError;
use thiserror::Error;

use crate::storage::is_disk_full;

/// Why a store cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A setting makes no sense.
    #[error("store settings: {problem}")]
    Config {
        /// What is wrong.
        problem: &'static str,
    },
    /// Another broker has the directory.
    #[error("store directory {root} is in use by another broker")]
    Locked {
        /// The store directory.
        root: PathBuf,
    },
    /// The files do not fit to the settings.
    #[error("{path}: {problem}")]
    Layout {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    /// Puts the path to what the system said.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// Why a queue cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The topic cannot be the name of a directory.
    #[error("topic {topic:?} is not a legal name")]
    IllegalTopic {
        /// The topic.
        topic: String,
    },
    /// Queue ids count from 0.
    #[error("queue id {queue_id} is negative")]
    IllegalQueueId {
        /// The id.
        queue_id: i32,
    },
    /// There are as many queues as a store may have.
    #[error("the store has {max} queues, more are not allowed")]
    TooManyQueues {
        /// The limit.
        max: usize,
    },
}

/// Why a message was not stored. The log is then as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PutError {
    /// The bytes are not one whole record.
    #[error("not a record")]
    IllegalRecord(#[from] RecordError),
    /// The record belongs to another queue.
    #[error("the record is for {topic} {queue_id}, not for the queue it was put into")]
    WrongQueue {
        /// Topic of the record.
        topic: String,
        /// Queue id of the record.
        queue_id: i32,
    },
    /// The message is larger than the store takes.
    #[error("message of {size} bytes, the limit is {max}")]
    MessageTooLarge {
        /// Size of the body, or of the record or batch when that is what is too large.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// A batch holds no message, or too many.
    #[error("batch of {count} messages; there must be at least one, and {max} at most")]
    BatchCount {
        /// How many there are.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// The topic was deleted; ask the store for the queue anew.
    #[error("the queue was deleted")]
    QueueDeleted,
    /// The disk does not keep up; the same message may be tried again soon.
    #[error("too many messages wait to be written into their queues")]
    Busy,
    /// There is no room on the disk; puts work again when there is.
    #[error("the disk is full")]
    DiskFull,
    /// A sync failed earlier: what the disk holds is unknown, so nothing more is taken.
    #[error(
        "an earlier sync of the log failed; the store takes no more messages until it is reopened"
    )]
    FlushFailed,
    /// The store is shut down.
    #[error("the store is shut down")]
    ShutDown,
    /// The system said no.
    #[error("the log cannot be written")]
    Io(#[source] io::Error),
}

impl PutError {
    /// A full disk is told from other troubles.
    pub(crate) fn from_io(error: io::Error) -> Self {
        if is_disk_full(&error) {
            Self::DiskFull
        } else {
            Self::Io(error)
        }
    }
}

/// Why a store did not shut down cleanly; the next open recovers as after a crash.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// A sync failed now or earlier.
    #[error("a sync of the store failed")]
    FlushFailed,
    /// The system said no.
    #[error("{path}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
