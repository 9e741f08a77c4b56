//! Which consumers are connected, by group, and what each group subscribes to.
//!
//! The table decides who has to be told that a group's members or topics have changed; it gives them
//! back and tells nobody itself. A group is there as long as one member is. The subscription of a group
//! is that of its last heartbeat, so that members with different topics keep overwriting each other's,
//! as in RocketMQ.

mod group;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::RwLock;
use protocol::body::{ConsumeFromWhere, ConsumeType, ConsumerData, MessageModel, SubscriptionData};
use remoting::Connection;

use crate::connected_client::{ConnectedClient, Peer, TableFull};
use crate::map::NameMap;
use group::Group;

/// Consumer groups that may be connected.
pub(crate) const CONSUMER_GROUPS_MAX: usize = 50_000;
/// Consumers that a group may have.
pub(crate) const CONSUMERS_PER_GROUP_MAX: usize = 10_000;
/// Consumer groups that one connection may have.
pub(crate) const CONSUMER_GROUPS_PER_CONNECTION_MAX: usize = 4_096;
/// Topics that a group may subscribe to.
pub(crate) const SUBSCRIPTIONS_PER_GROUP_MAX: usize = 4_096;
/// Bytes that the expression of one subscription may have.
pub(crate) const SUBSCRIPTION_LENGTH_MAX: usize = 32 * 1024;

/// The connected consumers.
#[derive(Debug)]
pub(crate) struct ConsumerTable<P = Connection> {
    clock: SharedClock,
    state: RwLock<State<P>>,
}

#[derive(Debug)]
struct State<P> {
    groups: NameMap<Group<P>>,
    /// The groups of each connection, so that its end costs no search.
    groups_of: HashMap<u64, BTreeSet<Box<str>>>,
}

/// What a heartbeat changed in a group.
#[derive(Debug)]
pub(crate) struct Registered<P = Connection> {
    /// The members that have to be told, all of them or none.
    pub(crate) notify: Vec<Arc<P>>,
    /// Whether the client should send its subscriptions again: they differ from what is known here,
    /// or were left out and are not known.
    pub(crate) wants_subscriptions: bool,
}

/// A group whose members have to be told that somebody is gone.
#[derive(Debug)]
pub(crate) struct Departure<P = Connection> {
    pub(crate) group: String,
    pub(crate) notify: Vec<Arc<P>>,
}

/// How a group consumes, as its last heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConsumeMode {
    pub(crate) consume_type: ConsumeType,
    pub(crate) message_model: MessageModel,
    pub(crate) consume_from_where: ConsumeFromWhere,
}

/// Everything that is known of a connected group.
#[derive(Debug)]
pub(crate) struct GroupView<P = Connection> {
    pub(crate) mode: ConsumeMode,
    pub(crate) members: Vec<ConnectedClient<P>>,
    pub(crate) subscriptions: BTreeMap<String, Arc<SubscriptionData>>,
}

impl<P: Peer> ConsumerTable<P> {
    /// A table without consumers.
    pub(crate) fn new(clock: SharedClock) -> Self {
        let state = State {
            groups: NameMap::default(),
            groups_of: HashMap::new(),
        };
        Self {
            clock,
            state: RwLock::new(state),
        }
    }

    /// Notes a heartbeat of one group. `fingerprint` is 0 from clients that do not tell any;
    /// `without_sub` says that the subscriptions were left out because they have not changed.
    pub(crate) fn register(
        &self,
        mut client: ConnectedClient<P>,
        data: ConsumerData,
        fingerprint: i32,
        without_sub: bool,
    ) -> Result<Registered<P>, TableFull> {
        check_subscriptions(&data)?;
        client.seen_at = self.clock.elapsed();
        client.seen_at_ms = self.clock.now_ms();
        let connection = client.peer.id();
        let name = data.group_name.as_str();

        let mut state = self.state.write();
        let known = state.groups.get(name);
        let is_known = known.is_some();
        if !known.is_some_and(|group| group.has(connection)) {
            state.check_room(name, connection)?;
            state
                .groups_of
                .entry(connection)
                .or_default()
                .insert(name.into());
        }
        let mode = ConsumeMode {
            consume_type: data.consume_type,
            message_model: data.message_model,
            consume_from_where: data.consume_from_where,
        };
        let group = state
            .groups
            .entry(name.into())
            .or_insert_with(|| Group::new(mode, fingerprint));
        let wants_subscriptions = group.note_fingerprint(fingerprint) || (without_sub && !is_known);
        let is_new_member = group.note_member(client, mode);
        let topics_changed =
            !without_sub && group.note_subscriptions(name, data.subscription_data_set);
        let notify = if is_new_member || topics_changed {
            group.to_notify()
        } else {
            Vec::new()
        };
        Ok(Registered {
            notify,
            wants_subscriptions,
        })
    }

    /// Forgets a member that says goodbye to one group; gives back who has to be told.
    pub(crate) fn unregister(&self, group: &str, connection: u64) -> Vec<Arc<P>> {
        self.state.write().remove(group, connection)
    }

    /// Forgets everything of a connection that is gone.
    pub(crate) fn connection_closed(&self, connection: u64) -> Vec<Departure<P>> {
        let mut state = self.state.write();
        let groups = state
            .groups_of
            .get(&connection)
            .cloned()
            .unwrap_or_default();
        let departures = groups.into_iter().map(|group| {
            let notify = state.remove(&group, connection);
            Departure {
                group: group.into(),
                notify,
            }
        });
        departures.collect()
    }

    /// Forgets members without a heartbeat for longer than `timeout`; gives back their connections
    /// and who has to be told.
    pub(crate) fn remove_expired(&self, timeout: Duration) -> (Vec<Arc<P>>, Vec<Departure<P>>) {
        let now = self.clock.elapsed();
        let mut state = self.state.write();
        let expired: Vec<(Box<str>, Vec<Arc<P>>)> = state
            .groups
            .iter()
            .map(|(name, group)| {
                (
                    name.clone(),
                    group.silent_since(now.saturating_sub(timeout)),
                )
            })
            .filter(|(_, silent)| !silent.is_empty())
            .collect();
        let mut gone = Vec::new();
        let mut departures = Vec::new();
        for (name, silent) in expired {
            let mut notify = Vec::new();
            for peer in silent {
                tracing::info!(group = &*name, peer = %peer.addr(), "consumer without heartbeat");
                notify = state.remove(&name, peer.id());
                gone.push(peer);
            }
            departures.push(Departure {
                group: name.into(),
                notify,
            });
        }
        (gone, departures)
    }

    /// How a group consumes; nothing when no member is connected.
    pub(crate) fn mode(&self, group: &str) -> Option<ConsumeMode> {
        self.state.read().groups.get(group).map(Group::mode)
    }

    /// What a group wants of a topic.
    pub(crate) fn find_subscription(
        &self,
        group: &str,
        topic: &str,
    ) -> Option<Arc<SubscriptionData>> {
        self.state
            .read()
            .groups
            .get(group)?
            .subscription(topic)
            .map(Arc::clone)
    }

    /// Whether a group has members that subscribe to other topics, but not to this one.
    pub(crate) fn subscribes_elsewhere_only(&self, group: &str, topic: &str) -> bool {
        let state = self.state.read();
        let group = state.groups.get(group);
        group.is_some_and(|group| group.has_subscriptions() && group.subscription(topic).is_none())
    }

    /// The client ids of a group's members, one for each connection; nothing when there is none.
    pub(crate) fn client_ids(&self, group: &str) -> Option<Vec<String>> {
        let state = self.state.read();
        let members = state.groups.get(group)?.members();
        Some(members.map(|member| member.client_id.clone()).collect())
    }

    /// A member by its client id.
    pub(crate) fn find_member(&self, group: &str, client_id: &str) -> Option<ConnectedClient<P>> {
        let state = self.state.read();
        state
            .groups
            .get(group)?
            .members()
            .find(|member| member.client_id == client_id)
            .cloned()
    }

    /// Everything that is known of a group; nothing when no member is connected.
    pub(crate) fn view(&self, group: &str) -> Option<GroupView<P>> {
        self.state.read().groups.get(group).map(Group::view)
    }

    /// The groups that subscribe to a topic.
    pub(crate) fn groups_of_topic(&self, topic: &str) -> BTreeSet<String> {
        let state = self.state.read();
        let groups = state
            .groups
            .iter()
            .filter(|(_, group)| group.subscription(topic).is_some());
        groups.map(|(name, _)| name.to_string()).collect()
    }
}

impl<P: Peer> State<P> {
    /// Removes a member and gives back the others, if they have to be told.
    fn remove(&mut self, name: &str, connection: u64) -> Vec<Arc<P>> {
        if let Some(groups) = self.groups_of.get_mut(&connection) {
            groups.remove(name);
            if groups.is_empty() {
                self.groups_of.remove(&connection);
            }
        }
        let Some(group) = self.groups.get_mut(name) else {
            return Vec::new();
        };
        if !group.remove_member(connection) {
            return Vec::new();
        }
        if group.is_empty() {
            self.groups.remove(name);
            return Vec::new();
        }
        group.to_notify()
    }

    fn check_room(&self, name: &str, connection: u64) -> Result<(), TableFull> {
        let of_connection = self.groups_of.get(&connection).map_or(0, BTreeSet::len);
        if of_connection >= CONSUMER_GROUPS_PER_CONNECTION_MAX {
            return Err(TableFull::GroupsOfConnection {
                max: CONSUMER_GROUPS_PER_CONNECTION_MAX,
            });
        }
        match self.groups.get(name) {
            None if self.groups.len() >= CONSUMER_GROUPS_MAX => Err(TableFull::Groups {
                what: "consumer groups",
                max: CONSUMER_GROUPS_MAX,
            }),
            Some(group) if group.members().len() >= CONSUMERS_PER_GROUP_MAX => {
                let group = name.to_owned();
                Err(TableFull::Clients {
                    group,
                    max: CONSUMERS_PER_GROUP_MAX,
                })
            }
            _ => Ok(()),
        }
    }
}

fn check_subscriptions(data: &ConsumerData) -> Result<(), TableFull> {
    let subscriptions = &data.subscription_data_set;
    if subscriptions.len() > SUBSCRIPTIONS_PER_GROUP_MAX {
        let group = data.group_name.clone();
        return Err(TableFull::Subscriptions {
            group,
            max: SUBSCRIPTIONS_PER_GROUP_MAX,
        });
    }
    let length = |data: &SubscriptionData| {
        data.sub_string.len() + data.tags_set.iter().map(String::len).sum::<usize>()
    };
    match subscriptions
        .iter()
        .find(|data| length(data) > SUBSCRIPTION_LENGTH_MAX)
    {
        Some(too_long) => Err(TableFull::SubscriptionLength {
            group: data.group_name.clone(),
            topic: too_long.topic.clone(),
            max: SUBSCRIPTION_LENGTH_MAX,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
