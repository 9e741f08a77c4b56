//! What a push consumer tells whoever watches it.

use std::sync::Arc;

use protocol::body::MessageQueue;
use protocol::message::MessageExt;

use crate::ClientError;

/// Something that happened to a consumer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConsumerEvent {
    /// The queues of a topic have been shared out, with another result than before.
    Allocated {
        /// The topic.
        topic: String,
        /// The members of the group, sorted.
        members: Vec<String>,
        /// All queues of the topic.
        queues: Vec<MessageQueue>,
        /// The queues of this member.
        own: Vec<MessageQueue>,
        /// Those that it did not have before.
        added: Vec<MessageQueue>,
        /// Those that it had before.
        removed: Vec<MessageQueue>,
    },
    /// A pull failed; it is tried again.
    PullFailed {
        /// The queue.
        queue: MessageQueue,
        /// Why.
        error: ClientError,
    },
    /// A message goes to the retry topic.
    SentBack {
        /// The message.
        message: Arc<MessageExt>,
        /// When it comes back: 0 leaves that to the broker, -1 is never.
        delay_level: i32,
    },
    /// A message could not be sent back; it is handled again here.
    SendBackFailed {
        /// The message.
        message: Arc<MessageExt>,
        /// Why.
        error: ClientError,
    },
    /// An administrator has moved the group.
    OffsetReset {
        /// The queue.
        queue: MessageQueue,
        /// Where it goes on.
        offset: i64,
    },
    /// The queue does not have the offset that the group had come to.
    OffsetIllegal {
        /// The queue.
        queue: MessageQueue,
        /// What was asked for.
        requested: i64,
        /// Where it goes on.
        corrected: i64,
    },
    /// Something else did not work; it is tried again.
    Warning {
        /// What was tried.
        what: String,
        /// Why it did not work.
        error: ClientError,
    },
}
