//! RocketMQ's message store: CommitLog, ConsumeQueues, index, and their recovery.
//!
//! A directory that this crate writes can be opened by Apache RocketMQ, and the other way round:
//! `docs/store-format.md` has the layout. Everything is synchronous; a store has three threads of
//! its own.
//!
//! # Layout
//! - `message_store`: [`MessageStore`], what the broker calls. Start reading here.
//! - `shared`: the state behind it, and putting. `append`: where in the log a record goes.
//! - `get_message`, `search`, `index`: reading by offset, by time, by key.
//! - `commit_log`, `log_scan`: the log's files, and walking over them record by record.
//! - `queue`, `consume_queue`, `queue_files`, `dispatch`: the queues.
//! - `flush`, `group_commit`, `derive`, `checkpoint`, `retention`, `threads`: what happens in the background.
//! - `recovery`, `queue_load`: opening a directory, whatever happened to it before.
//! - [`storage`], `mapped_file`, `plain_file`: the seam to the disk.
//! - [`inspect`], [`repair`]: an offline check of a directory, and mending it.
//!
//! Invariant: the CommitLog is the truth; all other files are derived from it and can be rebuilt.

mod append;
mod checkpoint;
mod commit_log;
mod config;
mod consume_queue;
mod convert;
mod delay_level;
mod derive;
mod dispatch;
mod error;
mod flush;
mod get_message;
mod group_commit;
mod index;
mod index_file;
pub mod inspect;
mod log_scan;
mod mapped_file;
mod message_store;
mod plain_file;
mod queue;
mod queue_files;
mod queue_load;
mod recovery;
pub mod repair;
mod retention;
mod search;
mod shared;
mod stats;
pub mod storage;
#[cfg(test)]
mod stories;
mod threads;
mod waker;

pub use config::{CONSUME_QUEUE_UNIT_SIZE, FlushMode, RECORD_OVERHEAD_MAX, StoreConfig};
pub use consume_queue::CqUnit;
pub use delay_level::{DELAY_LEVELS_DEFAULT, DelayLevelError, DelayLevels};
pub use dispatch::{Arrival, MessageArrivingListener};
pub use error::{OpenError, PutError, QueueError, ShutdownError};
pub use flush::{Durability, DurabilityCallback};
pub use get_message::{
    AcceptAll, GET_BYTES_MAX_DEFAULT, GetLimits, GetMessageStatus, GetOutcome, MessageFilter,
};
pub use index::{KEY_QUERY_COUNT_MAX, KeyQuery, KeyQueryOutcome};
pub use message_store::{BATCH_MESSAGES_MAX, MessageStore};
pub use queue::{QUEUES_MAX, Queue};
pub use recovery::{LastStop, RecoveryReport};
pub use retention::{CleanOutcome, hours, parse_delete_when};
pub use search::TimeBoundary;
pub use shared::PutOutcome;
pub use stats::RuntimeInfo;
