//! What happened between two snapshots.
//!
//! Brokers and name servers keep no history: what can be known of the past is the difference between
//! two looks. Pure. Invariant: what was not read in both snapshots makes no event, so a section that
//! nobody wanted, or that could not be read, is silent.

mod groups;

use std::collections::{BTreeMap, BTreeSet};

use super::{BrokerState, ClusterState, Section, Snapshot, TopicKind, TopicState};
use crate::BrokerNode;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it was seen, in ms since the epoch: it happened between this reading and the one before.
    pub at_ms: i64,
    /// What kind of thing.
    pub kind: EventKind,
    /// What it happened to: the name of a broker, topic or group, or an address.
    pub subject: String,
    /// A sentence for people. Names in it come from the cluster: who prints it escapes it.
    pub text: String,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventKind {
    /// A name server stopped answering.
    NamesrvLost,
    /// A name server answers again.
    NamesrvBack,
    /// A broker registered with the name servers.
    BrokerJoined,
    /// The name servers forgot a broker.
    BrokerLeft,
    /// A broker has another start time than before.
    BrokerRestarted,
    /// A broker stopped answering while the name servers still know it.
    BrokerUnreachable,
    /// A broker answers again.
    BrokerBack,
    /// There is a new topic.
    TopicCreated,
    /// A topic is gone.
    TopicDeleted,
    /// A topic has another number of queues or other permissions on a broker.
    QueuesChanged,
    /// A topic is on other brokers than before.
    RouteChanged,
    /// There is a new group.
    GroupAppeared,
    /// A group is gone.
    GroupGone,
    /// A client joined a group.
    MemberJoined,
    /// A client left a group.
    MemberLeft,
    /// Queues of a group changed hands.
    Rebalanced,
    /// A group began to lag.
    LagGrowing,
    /// A group that lagged, or was offline, has consumed everything.
    LagDrained,
    /// A committed offset went back.
    OffsetsReset,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::NamesrvLost,
        Self::NamesrvBack,
        Self::BrokerJoined,
        Self::BrokerLeft,
        Self::BrokerRestarted,
        Self::BrokerUnreachable,
        Self::BrokerBack,
        Self::TopicCreated,
        Self::TopicDeleted,
        Self::QueuesChanged,
        Self::RouteChanged,
        Self::GroupAppeared,
        Self::GroupGone,
        Self::MemberJoined,
        Self::MemberLeft,
        Self::Rebalanced,
        Self::LagGrowing,
        Self::LagDrained,
        Self::OffsetsReset,
    ];

    /// Its name in machine formats: `broker_joined`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NamesrvLost => "namesrv_lost",
            Self::NamesrvBack => "namesrv_back",
            Self::BrokerJoined => "broker_joined",
            Self::BrokerLeft => "broker_left",
            Self::BrokerRestarted => "broker_restarted",
            Self::BrokerUnreachable => "broker_unreachable",
            Self::BrokerBack => "broker_back",
            Self::TopicCreated => "topic_created",
            Self::TopicDeleted => "topic_deleted",
            Self::QueuesChanged => "queues_changed",
            Self::RouteChanged => "route_changed",
            Self::GroupAppeared => "group_appeared",
            Self::GroupGone => "group_gone",
            Self::MemberJoined => "member_joined",
            Self::MemberLeft => "member_left",
            Self::Rebalanced => "rebalanced",
            Self::LagGrowing => "lag_growing",
            Self::LagDrained => "lag_drained",
            Self::OffsetsReset => "offsets_reset",
        }
    }

    /// Whether it is bad news.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(
            self,
            Self::NamesrvLost | Self::BrokerLeft | Self::BrokerUnreachable | Self::LagGrowing
        )
    }
}

/// What happened between two snapshots, brokers first, then topics, then groups.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Event> {
    let mut events = Events::default();
    if let Some((before, after)) = events.look(&before.cluster, &after.cluster) {
        namesrvs(before, after, &mut events);
        brokers(before, after, &mut events);
    }
    if let Some((one, other)) = events.look(&before.topics, &after.topics) {
        topics(one, other, after.cluster.get(), &mut events);
    }
    groups::between(before, after, &mut events);
    events.found
}

/// The events found so far, and when the section that is looked at was read.
#[derive(Debug, Default)]
struct Events {
    found: Vec<Event>,
    at_ms: i64,
}

impl Events {
    /// Both values of a section, if both are known.
    fn look<'a, T>(
        &mut self,
        before: &'a Section<T>,
        after: &'a Section<T>,
    ) -> Option<(&'a T, &'a T)> {
        self.at_ms = after.taken_ms;
        before.get().zip(after.get())
    }

    fn add(&mut self, kind: EventKind, subject: &str, text: String) {
        self.found.push(Event {
            at_ms: self.at_ms,
            kind,
            subject: subject.to_owned(),
            text,
        });
    }
}

fn namesrvs(before: &ClusterState, after: &ClusterState, events: &mut Events) {
    for namesrv in &after.namesrvs {
        let addr = &namesrv.addr;
        let known = before.namesrvs.iter().find(|known| known.addr == *addr);
        match (known.map(|known| &known.error), &namesrv.error) {
            (Some(None), Some(error)) => {
                let text = format!("name server {addr} does not answer: {error}");
                events.add(EventKind::NamesrvLost, addr, text);
            }
            (Some(Some(_)), None) => {
                let text = format!("name server {addr} answers again");
                events.add(EventKind::NamesrvBack, addr, text);
            }
            _ => {}
        }
    }
}

fn brokers(before: &ClusterState, after: &ClusterState, events: &mut Events) {
    let known = by_place(before);
    let now = by_place(after);
    for (place, broker) in &now {
        let who = who(&broker.node);
        let was = known.get(place).filter(|was| was.is_routed);
        match was {
            None if broker.is_routed => {
                let text = format!("{who} registered at {}", broker.node.addr);
                events.add(EventKind::BrokerJoined, &broker.node.name, text);
            }
            Some(_) if !broker.is_routed => left(&broker.node, events),
            Some(was) => answers(was, broker, events),
            None => {}
        }
        let boots = known.get(place).and_then(|was| was.boot_ms);
        if boots.zip(broker.boot_ms).is_some_and(|(was, is)| was != is) {
            let text = format!("{who} was restarted");
            events.add(EventKind::BrokerRestarted, &broker.node.name, text);
        }
    }
    for (place, was) in known.iter().filter(|(_, was)| was.is_routed) {
        if !now.contains_key(place) {
            left(&was.node, events);
        }
    }
}

fn left(node: &BrokerNode, events: &mut Events) {
    let text = format!("{} is gone: no name server knows it any more", who(node));
    events.add(EventKind::BrokerLeft, &node.name, text);
}

fn answers(was: &BrokerState, broker: &BrokerState, events: &mut Events) {
    let name = &broker.node.name;
    match (&was.error, &broker.error) {
        (None, Some(error)) => {
            let text = format!("{} does not answer: {error}", who(&broker.node));
            events.add(EventKind::BrokerUnreachable, name, text);
        }
        (Some(_), None) => {
            let text = format!("{} answers again", who(&broker.node));
            events.add(EventKind::BrokerBack, name, text);
        }
        _ => {}
    }
}

/// Brokers by what stays the same when one comes back elsewhere.
fn by_place(cluster: &ClusterState) -> BTreeMap<(&str, &str, i64), &BrokerState> {
    let mut places = BTreeMap::new();
    for broker in &cluster.brokers {
        let node = &broker.node;
        let place = (node.cluster.as_str(), node.name.as_str(), node.id);
        // One that came back with another address stands beside its forgotten self.
        let state = places.entry(place).or_insert(broker);
        if broker.is_routed {
            *state = broker;
        }
    }
    places
}

fn who(node: &BrokerNode) -> String {
    if node.is_master() {
        format!("broker {}", node.name)
    } else {
        format!("broker {} (slave {})", node.name, node.id)
    }
}

fn topics(
    before: &[TopicState],
    after: &[TopicState],
    cluster: Option<&ClusterState>,
    events: &mut Events,
) {
    // What every consumer group brings with it is told with the group.
    let is_told = |topic: &&TopicState| !matches!(topic.kind, TopicKind::Retry | TopicKind::System);
    let by_name = |topics| -> BTreeMap<_, _> {
        let topics: &[TopicState] = topics;
        topics
            .iter()
            .filter(is_told)
            .map(|topic| (topic.topic.as_str(), topic))
            .collect()
    };
    let (known, now) = (by_name(before), by_name(after));
    for (name, topic) in &now {
        match known.get(name) {
            None => {
                let text = format!("topic {name} was created{}", size_of(topic));
                events.add(EventKind::TopicCreated, name, text);
            }
            Some(was) => topic_changes(was, topic, cluster, events),
        }
    }
    for name in known.keys().filter(|name| !now.contains_key(*name)) {
        let text = format!("topic {name} was deleted");
        events.add(EventKind::TopicDeleted, name, text);
    }
}

fn size_of(topic: &TopicState) -> String {
    let queues: i32 = topic
        .brokers
        .iter()
        .map(|(_, read, write, _)| read.max(write))
        .sum();
    if queues == 0 {
        return String::new();
    }
    let brokers = topic.brokers.len();
    format!(
        " with {} on {}",
        counted(i64::from(queues), "queue"),
        counted_usize(brokers, "broker")
    )
}

fn topic_changes(
    was: &TopicState,
    topic: &TopicState,
    cluster: Option<&ClusterState>,
    events: &mut Events,
) {
    let name = &topic.topic;
    let is_routed = |broker: &&str| {
        cluster.is_none_or(|cluster| {
            let mut brokers = cluster.brokers.iter();
            brokers.any(|known| known.is_routed && known.node.name == **broker)
        })
    };
    let names = |topic: &TopicState| -> BTreeSet<String> {
        let names = topic.brokers.iter().map(|(broker, ..)| broker.as_str());
        names.filter(is_routed).map(str::to_owned).collect()
    };
    let (were, are) = (names(was), names(topic));
    // A topic that no broker has told of yet, or no longer, is created or deleted elsewhere.
    if !were.is_empty() && !are.is_empty() && were != are {
        let list = are.into_iter().collect::<Vec<_>>().join(", ");
        let text = format!("topic {name} is on other brokers: {list}");
        events.add(EventKind::RouteChanged, name, text);
    }
    for (broker, read, write, perm) in &topic.brokers {
        let known = was.brokers.iter().find(|(known, ..)| known == broker);
        let Some((_, was_read, was_write, was_perm)) = known else {
            continue;
        };
        if (read, write) != (was_read, was_write) {
            let text = format!(
                "topic {name} has {read} read and {write} write queues on {broker}, was {was_read} \
                 and {was_write}"
            );
            events.add(EventKind::QueuesChanged, name, text);
        }
        if perm != was_perm {
            let text =
                format!("topic {name} has the permission {perm} on {broker}, was {was_perm}");
            events.add(EventKind::QueuesChanged, name, text);
        }
    }
}

fn counted(count: i64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn counted_usize(count: usize, noun: &str) -> String {
    counted(i64::try_from(count).unwrap_or(i64::MAX), noun)
}

#[cfg(test)]
mod tests;
