//! Consumer groups.

use std::collections::BTreeMap;

use protocol::body::{MessageModel, MessageQueue};

/// A consumer group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupState {
    /// Its name.
    pub group: String,
    /// Clustering or broadcasting, as its members say; `None` without members.
    pub model: Option<MessageModel>,
    /// "push", "pull" or "pop", as its members say; `None` without members.
    pub kind: Option<&'static str>,
    /// How many members are connected.
    pub members: Option<usize>,
    /// The topics that it has offsets in or subscribes to, without its retry topic; sorted.
    pub topics: Vec<String>,
    /// How far it is behind, in all its topics and its retry topic.
    pub lag: Option<i64>,
    /// How far it is behind in each topic, the furthest first.
    pub lag_by_topic: Vec<(String, i64)>,
    /// How much the lag grows a second; negative when it shrinks.
    pub lag_growth_per_s: Option<f64>,
    /// Messages consumed a second.
    pub out_per_s: Option<f64>,
    /// Messages that wait in its retry topic.
    pub retry: Option<i64>,
    /// Messages in its dead letter queue.
    pub dead_letters: Option<i64>,
    /// What all this means.
    pub health: GroupHealth,
    /// What is odd about what its members subscribe to; `None` while nobody has looked.
    pub findings: Option<Vec<SubscriptionFinding>>,
    /// Which queues each member says that it reads, by client id and in all topics: `None` of a member
    /// that has not said so. `None` while nobody has looked.
    pub owned: Option<BTreeMap<String, Option<Vec<MessageQueue>>>>,
    /// How far it is in each queue, in all its topics and its retry topic; sorted. `None` where brokers
    /// cannot know: of a broadcast, or of a group that has never committed an offset.
    pub queues: Option<Vec<GroupQueue>>,
}

/// How far a group is in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupQueue {
    /// The queue.
    pub queue: MessageQueue,
    /// The offset that the group consumes next; 0 also where it has never committed one.
    pub consumer_offset: i64,
    /// The offset that the queue's next message will get.
    pub max_offset: i64,
}

impl GroupQueue {
    /// How many messages have not been consumed.
    #[must_use]
    pub const fn lag(&self) -> i64 {
        let lag = self.max_offset.saturating_sub(self.consumer_offset);
        if lag < 0 { 0 } else { lag }
    }
}

/// How a group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupHealth {
    /// Members are connected and keep up.
    Ok,
    /// Members are connected, and more waits than they consume in ten seconds: more than a thousand
    /// messages, or fewer and it grows. (Members commit every five seconds, so that a part of what
    /// brokers take for lag is consumed already.)
    Lagging,
    /// Nobody is connected, though messages wait.
    Offline,
    /// Nobody is connected and nothing waits.
    Idle,
    /// Not known.
    Unknown,
}

/// Something odd about what a group's members subscribe to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionFinding {
    /// The members that differ from the others.
    pub client_ids: Vec<String>,
    /// What is odd and what follows, in a sentence.
    pub text: String,
}
