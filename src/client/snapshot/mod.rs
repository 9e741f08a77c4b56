//! What a cluster looks like at a moment, for people who watch it: the dashboard, `gantry events`,
//! `gantry client list`. An [`Observer`] reads it.
//!
//! A [`Snapshot`] is immutable and made of [`Section`]s, one for each question that a screen asks. A
//! section keeps its last value when the cluster stops answering: who shows it says how old it is.
//! Only the admin protocol is used, so it is the same for Gantry and for Apache RocketMQ.
//!
//! Invariant: "not known" is `None`, never 0.

mod allocation;
mod cluster;
pub mod events;
mod groups;
mod members;
mod observer;
mod section;
mod topics;

pub use allocation::{AllocatedQueue, Allocation, Member, OwnedBy};
pub use cluster::{BrokerState, ClusterState, NamesrvState};
pub use groups::{GroupHealth, GroupQueue, GroupState, SubscriptionFinding};
pub use members::{ClientKind, ClientState};
pub use observer::Observer;
pub use section::{Fault, Section};
pub use topics::{TopicKind, TopicQueue, TopicState};

/// A cluster at a moment. Cheap to clone: its sections are shared.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// When the newest section was read, in ms since the epoch.
    pub taken_ms: i64,
    /// Name servers and brokers.
    pub cluster: Section<ClusterState>,
    /// All topics, sorted by name.
    pub topics: Section<Vec<TopicState>>,
    /// All consumer groups, sorted by name.
    pub groups: Section<Vec<GroupState>>,
    /// Who of one group reads which queue of one topic: what [`Wants`] named.
    pub allocation: Section<Allocation>,
    /// All connected clients, sorted by id, kind and group.
    pub clients: Section<Vec<ClientState>>,
}

/// Which sections the next reading refreshes: what is on the screen, and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Name servers and brokers.
    pub cluster: bool,
    /// The list of topics and how much is written to them.
    pub topics: bool,
    /// The list of groups and how far behind they are.
    pub groups: bool,
    /// The matrix of this group and topic.
    pub allocation: Option<(String, String)>,
    /// Everybody who is connected.
    pub clients: bool,
    /// Topics whose rows can be seen: only they are asked for what costs a request each.
    pub visible_topics: Vec<String>,
    /// Groups whose rows can be seen: only they are asked for what costs a request each. The others
    /// have their turn, a few at each reading.
    pub visible_groups: Vec<String>,
    /// Clients whose rows can be seen, by id: only they are asked what they are doing.
    pub visible_clients: Vec<String>,
}
