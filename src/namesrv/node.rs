//! What the connections and the background task of a name server share.

use crate::config::NamesrvConfig;
use crate::kv_config::KvConfig;
use crate::route_info::RouteInfo;
use clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use remoting::Connection;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The state of a name server.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) config: RwLock<NamesrvConfig>,
    pub(crate) clock: SharedClock,
    /// The clock's elapsed time at the start.
    started: Duration,
    pub(crate) routes: RwLock<RouteInfo>,
    pub(crate) kv: KvConfig,
    /// The connections that brokers have registered on, by number.
    registering: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Node {
    pub(crate) fn new(config: NamesrvConfig, clock: SharedClock, kv: KvConfig) -> Self {
        Self {
            config: RwLock::new(config),
            started: clock.elapsed(),
            clock,
            routes: RwLock::default(),
            kv,
            registering: Mutex::default(),
        }
    }

    /// For how long the name server has been running.
    pub(crate) fn uptime(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.started)
    }

    /// A broker registers on this connection: its end will be the end of the broker.
    pub(crate) fn remember(&self, connection: &Arc<Connection>) {
        self.registering
            .lock()
            .entry(connection.id())
            .or_insert_with(|| Arc::clone(connection));
    }

    /// A connection has ended: whoever registered on it is gone.
    pub(crate) fn forget(&self, connection: &Connection) {
        let registered = self.registering.lock().remove(&connection.id());
        if registered.is_none() {
            return;
        }
        let gone = self.routes.write().connection_closed(connection.id());
        for broker in gone {
            tracing::info!(
                broker = broker.broker,
                addr = broker.key.addr,
                "a broker's connection has ended, it leaves the routes"
            );
        }
    }

    pub(crate) fn close_registering_connection(&self, id: u64) {
        let connection = self.registering.lock().get(&id).cloned();
        if let Some(connection) = connection {
            connection.close();
        }
    }
}
