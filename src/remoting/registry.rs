//! The open connections of a node.

use crate::connection::Connection;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The open connections of a node, by number, and what all of them are told.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    next_id: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<u64, Arc<Connection>>,
    /// What every connection was told, and a new one is.
    told: u8,
}

/// Takes a connection off the list when its task ends, however it ends.
#[derive(Debug)]
pub(crate) struct Listed {
    registry: Arc<Registry>,
    id: u64,
}

impl Registry {
    /// A number that no other connection of this node has had.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Lists a connection for as long as the result is kept.
    pub(crate) fn list(self: &Arc<Self>, connection: &Arc<Connection>) -> Listed {
        let mut open = self.open.lock();
        connection.bell.ring(open.told);
        open.connections
            .insert(connection.id(), Arc::clone(connection));
        Listed {
            registry: Arc::clone(self),
            id: connection.id(),
        }
    }

    /// Tells all connections, and those to come, `what` of [`crate::bell`].
    pub(crate) fn tell_all(&self, what: u8) {
        let mut open = self.open.lock();
        open.told |= what;
        #[expect(
            clippy::iter_over_hash_type,
            reason = "they do not depend on each other"
        )]
        for connection in open.connections.values() {
            connection.bell.ring(what);
        }
    }

    /// Whether connections are told to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.open.lock().told != 0
    }

    /// How many connections are open.
    pub(crate) fn count(&self) -> usize {
        self.open.lock().connections.len()
    }

    /// All open connections, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.open.lock().connections.values().cloned().collect()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let removed = self.registry.open.lock().connections.remove(&self.id);
        drop(removed);
    }
}
