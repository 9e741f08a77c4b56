//! Starting and stopping a name server.

use crate::config::NamesrvConfig;
use crate::error::StartError;
use crate::expiry;
use crate::kv_config::KvConfig;
use crate::node::Node;
use crate::processor::NamesrvProcessor;
use clock::SharedClock;
use remoting::{Server, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long the answers that are on their way have when a name server stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// A running name server. Dropped, it ends as if it were killed.
#[derive(Debug)]
pub struct Namesrv {
    server: Server,
    expiry: AbortHandle,
}

impl Namesrv {
    /// Binds the address and begins to serve, with the KV configuration that an earlier run left.
    ///
    /// Needs a running tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound, or the KV configuration cannot be read.
    pub async fn start(config: NamesrvConfig, clock: SharedClock) -> Result<Self, StartError> {
        let kv = KvConfig::open(config.kv_config_path.clone())?;
        let server_config = ServerConfig {
            listen: config.listen,
            limits: config.limits,
        };
        let node = Arc::new(Node::new(config, Arc::clone(&clock), kv));
        let processor = Arc::new(NamesrvProcessor::new(Arc::clone(&node)));
        let server = Server::bind(server_config, processor, clock)
            .await
            .map_err(|source| StartError::Bind {
                addr: server_config.listen,
                source: Arc::new(source),
            })?;
        let expiry = tokio::spawn(expiry::run(node)).abort_handle();
        tracing::info!(addr = %server.local_addr(), "the name server is ready");
        Ok(Self { server, expiry })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Stops accepting, gives the answers that are owed, closes. Returns when the port is free.
    pub async fn shutdown(&self) {
        self.expiry.abort();
        self.server.shutdown(SHUTDOWN_GRACE).await;
    }

    /// Drops every socket at once, as the end of the process would.
    pub fn kill(&self) {
        self.expiry.abort();
        self.server.kill();
    }

    /// Waits until the port is free, after [`kill`](Self::kill).
    pub async fn closed(&self) {
        self.server.closed().await;
    }
}

impl Drop for Namesrv {
    fn drop(&mut self) {
        self.kill();
    }
}
