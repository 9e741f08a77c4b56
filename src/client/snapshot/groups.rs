//! Consumer groups.

use protocol::body::MessageModel;

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
}

/// How a group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupHealth {
    /// Members are connected and keep up.
    Ok,
    /// Members are connected, and the lag grows or is above a thousand messages.
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
