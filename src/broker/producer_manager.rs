//! Which producers are connected, by group.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::RwLock;
use remoting::Connection;

use crate::connected_client::{ConnectedClient, Peer, TableFull};
use crate::map::NameMap;

/// Producer groups that may be connected.
pub(crate) const PRODUCER_GROUPS_MAX: usize = 50_000;
/// Producers that a group may have.
pub(crate) const PRODUCERS_PER_GROUP_MAX: usize = 20_000;

/// Producer groups that one connection may have.
pub(crate) const PRODUCER_GROUPS_PER_CONNECTION_MAX: usize = 4_096;

/// By connection.
type Members<P> = BTreeMap<u64, ConnectedClient<P>>;

/// The connected producers.
#[derive(Debug)]
pub(crate) struct ProducerTable<P = Connection> {
    clock: SharedClock,
    state: RwLock<State<P>>,
}

#[derive(Debug)]
struct State<P> {
    groups: NameMap<Members<P>>,
    /// The groups of each connection, so that its end costs no search.
    groups_of: HashMap<u64, BTreeSet<Box<str>>>,
}

impl<P> State<P> {
    fn remove(&mut self, group: &str, connection: u64) {
        if let Some(members) = self.groups.get_mut(group) {
            members.remove(&connection);
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
        if let Some(groups) = self.groups_of.get_mut(&connection) {
            groups.remove(group);
            if groups.is_empty() {
                self.groups_of.remove(&connection);
            }
        }
    }

    fn check_room(&self, group: &str, connection: u64) -> Result<(), TableFull> {
        let of_connection = self.groups_of.get(&connection).map_or(0, BTreeSet::len);
        if of_connection >= PRODUCER_GROUPS_PER_CONNECTION_MAX {
            return Err(TableFull::GroupsOfConnection {
                max: PRODUCER_GROUPS_PER_CONNECTION_MAX,
            });
        }
        match self.groups.get(group) {
            None if self.groups.len() >= PRODUCER_GROUPS_MAX => Err(TableFull::Groups {
                what: "producer groups",
                max: PRODUCER_GROUPS_MAX,
            }),
            Some(members) if members.len() >= PRODUCERS_PER_GROUP_MAX => {
                let group = group.to_owned();
                Err(TableFull::Clients {
                    group,
                    max: PRODUCERS_PER_GROUP_MAX,
                })
            }
            _ => Ok(()),
        }
    }
}

impl<P: Peer> ProducerTable<P> {
    /// A table without producers.
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

    /// Notes a heartbeat.
    pub(crate) fn register(
        &self,
        group: &str,
        mut client: ConnectedClient<P>,
    ) -> Result<(), TableFull> {
        client.seen_at = self.clock.elapsed();
        client.seen_at_ms = self.clock.now_ms();
        let connection = client.peer.id();
        let mut state = self.state.write();
        if let Some(known) = state
            .groups
            .get_mut(group)
            .and_then(|members| members.get_mut(&connection))
        {
            *known = client;
            return Ok(());
        }
        state.check_room(group, connection)?;
        state
            .groups
            .entry(group.into())
            .or_default()
            .insert(connection, client);
        state
            .groups_of
            .entry(connection)
            .or_default()
            .insert(group.into());
        Ok(())
    }

    /// Forgets the producer of this connection in one group.
    pub(crate) fn unregister(&self, group: &str, connection: u64) {
        self.state.write().remove(group, connection);
    }

    /// Forgets everything of a connection that is gone.
    pub(crate) fn connection_closed(&self, connection: u64) {
        let mut state = self.state.write();
        for group in state
            .groups_of
            .get(&connection)
            .cloned()
            .unwrap_or_default()
        {
            state.remove(&group, connection);
        }
    }

    /// Forgets producers without a heartbeat for longer than `timeout`; gives back their connections.
    pub(crate) fn remove_expired(&self, timeout: Duration) -> Vec<Arc<P>> {
        let now = self.clock.elapsed();
        let mut state = self.state.write();
        let is_silent = |member: &&ConnectedClient<P>| now.saturating_sub(member.seen_at) > timeout;
        let expired: Vec<(Box<str>, Arc<P>)> = state
            .groups
            .iter()
            .flat_map(|(group, members)| members.values().map(move |member| (group, member)))
            .filter(|(_, member)| is_silent(member))
            .map(|(group, member)| (group.clone(), Arc::clone(&member.peer)))
            .collect();
        for (group, peer) in &expired {
            tracing::info!(group = &**group, peer = %peer.addr(), "producer without heartbeat");
            state.remove(group, peer.id());
        }
        expired.into_iter().map(|(_, peer)| peer).collect()
    }

    /// The producers of a group; nothing when none is connected.
    pub(crate) fn members(&self, group: &str) -> Option<Vec<ConnectedClient<P>>> {
        self.state
            .read()
            .groups
            .get(group)
            .map(|members| members.values().cloned().collect())
    }

    /// The producers of all groups, by name of the group.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, Vec<ConnectedClient<P>>> {
        let state = self.state.read();
        let members = |members: &Members<P>| members.values().cloned().collect();
        state
            .groups
            .iter()
            .map(|(group, all)| (group.to_string(), members(all)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clock::ManualClock;

    use super::*;
    use crate::connected_client::tests::{FakePeer, client};

    const TIMEOUT: Duration = Duration::from_secs(120);

    fn table() -> (ProducerTable<FakePeer>, Arc<ManualClock>) {
        let clock = ManualClock::at(1_700_000_000_000);
        (ProducerTable::new(Arc::clone(&clock) as _), clock)
    }

    fn ids(table: &ProducerTable<FakePeer>, group: &str) -> Vec<String> {
        let members = table.members(group).unwrap_or_default();
        members.into_iter().map(|member| member.client_id).collect()
    }

    #[test]
    fn a_producer_is_there_until_it_says_goodbye_or_hangs_up() {
        let (table, _) = table();
        table.register("g", client(1, "a")).unwrap();
        table.register("g", client(2, "b")).unwrap();
        table.register("h", client(2, "b")).unwrap();
        assert_eq!(ids(&table, "g"), ["a", "b"]);
        table.unregister("g", 1);
        assert_eq!(ids(&table, "g"), ["b"]);
        table.connection_closed(2);
        assert!(table.members("g").is_none());
        assert!(table.snapshot().is_empty());
        assert!(table.state.read().groups_of.is_empty());
    }

    #[test]
    fn a_producer_that_stays_silent_is_forgotten() {
        let (table, clock) = table();
        table.register("g", client(1, "a")).unwrap();
        table.register("g", client(2, "b")).unwrap();
        clock.advance(TIMEOUT);
        table.register("g", client(2, "b")).unwrap();
        clock.advance(Duration::from_millis(1));
        let expired: Vec<u64> = table
            .remove_expired(TIMEOUT)
            .iter()
            .map(|peer| peer.id())
            .collect();
        assert_eq!(expired, [1]);
        assert_eq!(ids(&table, "g"), ["b"]);
    }

    #[test]
    fn a_group_has_as_many_producers_as_the_limit_says() {
        let (table, _) = table();
        for connection in 0..PRODUCERS_PER_GROUP_MAX {
            table.register("g", client(connection as u64, "a")).unwrap();
        }
        let next = PRODUCERS_PER_GROUP_MAX as u64;
        assert!(table.register("g", client(next, "b")).is_err());
        assert!(
            table.register("g", client(0, "a")).is_ok(),
            "those who are there stay"
        );
        assert!(table.register("h", client(next, "b")).is_ok());
    }
}
