//! A client as the broker knows it: what it says of itself, and the connection it is reached by.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::LanguageCode;
use remoting::Connection;

/// What the tables of clients need of a connection. Tests bring their own.
pub(crate) trait Peer {
    /// A number that no other connection of this broker has had.
    fn id(&self) -> u64;

    /// The client's address.
    fn addr(&self) -> SocketAddr;
}

impl Peer for Connection {
    fn id(&self) -> u64 {
        Self::id(self)
    }

    fn addr(&self) -> SocketAddr {
        self.peer()
    }
}

/// A client that sends heartbeats.
#[derive(Debug)]
pub(crate) struct ConnectedClient<P = Connection> {
    pub(crate) client_id: String,
    pub(crate) language: LanguageCode,
    pub(crate) version: i32,
    pub(crate) peer: Arc<P>,
    /// When its last heartbeat came: for expiry, by the monotonic clock.
    pub(crate) seen_at: Duration,
    /// The same for people, in ms since the epoch.
    pub(crate) seen_at_ms: i64,
}

impl<P> Clone for ConnectedClient<P> {
    fn clone(&self) -> Self {
        Self {
            client_id: self.client_id.clone(),
            language: self.language,
            version: self.version,
            peer: Arc::clone(&self.peer),
            seen_at: self.seen_at,
            seen_at_ms: self.seen_at_ms,
        }
    }
}

/// Why a client is not taken into a table: the table is full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TableFull {
    #[error("{max} {what} are connected, more are not allowed")]
    Groups { what: &'static str, max: usize },
    #[error("group {group} has {max} clients, more are not allowed")]
    Clients { group: String, max: usize },
    #[error("one connection has {max} groups, more are not allowed")]
    GroupsOfConnection { max: usize },
    #[error("group {group} subscribes to more than {max} topics")]
    Subscriptions { group: String, max: usize },
    #[error("the subscription of group {group} to {topic} is longer than {max} bytes")]
    SubscriptionLength {
        group: String,
        topic: String,
        max: usize,
    },
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A connection that is not there.
    #[derive(Debug)]
    pub(crate) struct FakePeer(pub(crate) u64);

    impl Peer for FakePeer {
        fn id(&self) -> u64 {
            self.0
        }

        fn addr(&self) -> SocketAddr {
            SocketAddr::from(([127, 0, 0, 1], 20_000))
        }
    }

    pub(crate) fn client(connection: u64, client_id: &str) -> ConnectedClient<FakePeer> {
        ConnectedClient {
            client_id: client_id.to_owned(),
            language: LanguageCode::Java,
            version: 479,
            peer: Arc::new(FakePeer(connection)),
            seen_at: Duration::ZERO,
            seen_at_ms: 0,
        }
    }
}
