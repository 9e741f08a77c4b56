//! Topics and their queues.

use protocol::body::MessageQueue;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// Messages of any order and time.
    Normal,
    /// In order within a queue.
    Fifo,
    /// Delivered later.
    Delay,
    /// Delivered when a transaction commits.
    Transaction,
    /// What a group has to try again.
    Retry,
    /// What a group has given up.
    DeadLetter,
    /// RocketMQ's own.
    System,
}

/// A topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicState {
    /// Its name.
    pub topic: String,
    /// What it is for.
    pub kind: TopicKind,
    /// For each broker that has it, by name: how many queues can be read and written, and RocketMQ's
    /// permission bits.
    pub brokers: Vec<(String, i32, i32, i32)>,
    /// Messages that are still there, in all queues.
    pub messages: Option<i64>,
    /// Messages written a second.
    pub in_per_s: Option<f64>,
    /// Messages read a second, by all groups.
    pub out_per_s: Option<f64>,
    /// The groups that have offsets in it, with how far each is behind, the furthest first.
    pub groups: Option<Vec<(String, i64)>>,
    /// When the last message was stored, in ms since the epoch.
    pub last_write_ms: Option<i64>,
    /// When the oldest message that is still there was stored, in ms since the epoch.
    pub oldest_ms: Option<i64>,
    /// Its queues, sorted, where they were asked for.
    pub queues: Option<Vec<TopicQueue>>,
}

/// A queue of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicQueue {
    /// The queue.
    pub queue: MessageQueue,
    /// The first offset that is still there.
    pub min_offset: i64,
    /// The offset that the next message will get.
    pub max_offset: i64,
    /// When the last message was stored, in ms since the epoch; 0 if there was none.
    pub last_write_ms: i64,
    /// Messages written a second.
    pub in_per_s: Option<f64>,
}
