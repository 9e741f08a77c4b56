//! Who of a group reads which queue.

use protocol::body::MessageQueue;

/// Who of a group reads which queue of a topic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Allocation {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The members, sorted by client id.
    pub members: Vec<Member>,
    /// The queues, sorted by broker and id.
    pub queues: Vec<AllocatedQueue>,
    /// The strategy whose result this is, by RocketMQ's name; `None` if no known one gives it.
    pub strategy: Option<&'static str>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its client id.
    pub client_id: String,
    /// Its address, as the broker sees it.
    pub addr: String,
    /// Its language.
    pub language: String,
    /// Its version.
    pub version: String,
}

/// How the owner of a queue is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedBy {
    /// The client says so (its running info).
    Said(String),
    /// The client does not tell; the strategy that explains the others, or RocketMQ's default, gives
    /// it this queue.
    Computed(String),
    /// Nobody.
    Nobody,
}

/// A queue, with the group's progress in it.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocatedQueue {
    /// The queue.
    pub queue: MessageQueue,
    /// Who reads it.
    pub owner: OwnedBy,
    /// The first offset that is still there.
    pub min_offset: Option<i64>,
    /// The offset that the next message will get.
    pub max_offset: Option<i64>,
    /// The offset that the group consumes next; `None` if it has never committed one.
    pub consumer_offset: Option<i64>,
    /// Messages written a second.
    pub in_per_s: Option<f64>,
    /// Messages consumed a second.
    pub out_per_s: Option<f64>,
    /// When the message that is consumed next was stored, in ms since the epoch: the lag in time.
    pub next_stored_ms: Option<i64>,
    /// When the last message was stored, in ms since the epoch.
    pub last_write_ms: Option<i64>,
}

impl OwnedBy {
    /// The owner's client id.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Said(id) | Self::Computed(id) => Some(id),
            Self::Nobody => None,
        }
    }
}

impl AllocatedQueue {
    /// How many messages have not been consumed.
    #[must_use]
    pub fn lag(&self) -> Option<i64> {
        let (max, next) = (self.max_offset?, self.consumer_offset?);
        Some(max.saturating_sub(next).max(0))
    }
}
