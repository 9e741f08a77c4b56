//! Connects on demand and keeps one connection for each address.

use crate::bell::{CLOSE, DRAIN};
use crate::budget::Budget;
use crate::connection::Connection;
use crate::error::InvokeError;
use crate::limits::Limits;
use crate::processor::Processor;
use crate::registry::Registry;
use crate::wire::{self, Shared};
use clock::SharedClock;
use parking_lot::Mutex;
use protocol::RemotingCommand;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

/// How a client connects.
#[derive(Debug, Clone, Copy)]
pub struct ClientConfig {
    /// How long making a connection may take (RocketMQ's `connectTimeoutMillis`).
    pub connect_timeout: Duration,
    /// What its connections may cost.
    pub limits: Limits,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            limits: Limits::default(),
        }
    }
}

/// The connections of one client. Clones share them.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    config: ClientConfig,
    clock: SharedClock,
    shared: Shared,
    connections: Arc<Registry>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    tasks: TaskTracker,
}

/// The place of one address; whoever connects holds the lock, the others wait for the result.
#[derive(Debug, Default)]
struct Slot {
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<String> = self.inner.slots.lock().keys().cloned().collect();
        formatter
            .debug_struct("Client")
            .field("addresses", &addresses)
            .finish()
    }
}

impl Client {
    /// A client without connections; `processor` answers what servers ask.
    #[must_use]
    pub fn new(config: ClientConfig, clock: SharedClock, processor: Arc<dyn Processor>) -> Self {
        let shared = Shared {
            processor,
            limits: config.limits,
            input_budget: Budget::new(config.limits.input_bytes_max),
            output_budget: Budget::new(config.limits.output_bytes_max),
        };
        Self {
            inner: Arc::new(Inner {
                config,
                clock,
                shared,
                connections: Arc::default(),
                slots: Mutex::default(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Sends a request to `addr` (`host:port`) and waits for its answer. `timeout` covers both
    /// connecting and waiting.
    ///
    /// # Errors
    /// No connection, no answer in time, or the connection ended first.
    pub async fn invoke(
        &self,
        addr: &str,
        request: RemotingCommand,
        timeout: Duration,
    ) -> Result<RemotingCommand, InvokeError> {
        let started = self.inner.clock.elapsed();
        let connection = self.connection(addr, timeout).await?;
        let left = timeout.saturating_sub(self.inner.clock.elapsed().saturating_sub(started));
        connection
            .invoke(request, left)
            .await
            .map_err(|error| named(error, addr, timeout))
    }

    /// Sends a request to `addr` that nobody answers.
    ///
    /// # Errors
    /// No connection, or it ended first.
    pub async fn oneway(&self, addr: &str, request: RemotingCommand) -> Result<(), InvokeError> {
        let connection = self
            .connection(addr, self.inner.config.connect_timeout)
            .await?;
        connection.push(request).map_err(|_| InvokeError::Closed {
            addr: addr.to_owned(),
        })
    }

    /// Whether there is a live connection to `addr`.
    #[must_use]
    pub fn is_connected(&self, addr: &str) -> bool {
        let slot = self.inner.slots.lock().get(addr).cloned();
        slot.is_some_and(|slot| {
            let connection = slot.connection.try_lock();
            connection.is_ok_and(|held| held.as_ref().is_some_and(|open| !open.is_closed()))
        })
    }

    /// Closes the connection to `addr`; the next request makes a new one.
    pub fn close(&self, addr: &str) {
        let slot = self.inner.slots.lock().remove(addr);
        if let Some(slot) = slot
            && let Ok(connection) = slot.connection.try_lock()
            && let Some(connection) = connection.as_ref()
        {
            connection.close();
        }
    }

    /// Closes every connection and waits until they are gone.
    pub async fn shutdown(&self) {
        self.inner.connections.tell_all(DRAIN);
        self.inner.tasks.close();
        _ = tokio::time::timeout(self.inner.config.connect_timeout, self.inner.tasks.wait()).await;
        self.inner.connections.tell_all(CLOSE);
        self.inner.tasks.wait().await;
    }

    /// Drops every socket at once.
    pub fn kill(&self) {
        self.inner.connections.tell_all(CLOSE);
    }

    async fn connection(
        &self,
        addr: &str,
        timeout: Duration,
    ) -> Result<Arc<Connection>, InvokeError> {
        let slot = {
            let mut slots = self.inner.slots.lock();
            match slots.get(addr) {
                Some(slot) => Arc::clone(slot),
                None => Arc::clone(slots.entry(addr.to_owned()).or_default()),
            }
        };
        let failed = |source: io::Error| InvokeError::Connect {
            addr: addr.to_owned(),
            source: Arc::new(source),
        };
        // Whoever holds the lock may be waiting for an address that does not answer.
        let Ok(mut held) = tokio::time::timeout(timeout, slot.connection.lock()).await else {
            return Err(failed(io::ErrorKind::TimedOut.into()));
        };
        if let Some(connection) = held.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        if self.inner.connections.is_ending() {
            return Err(failed(io::Error::other("the client has been shut down")));
        }
        let limit = timeout.min(self.inner.config.connect_timeout);
        let stream = match tokio::time::timeout(limit, connect(addr)).await {
            Ok(stream) => stream.map_err(failed)?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        let connection = self.start(stream).map_err(failed)?;
        *held = Some(Arc::clone(&connection));
        Ok(connection)
    }

    fn start(&self, stream: TcpStream) -> io::Result<Arc<Connection>> {
        let connection = Arc::new(Connection::new(
            self.inner.connections.next_id(),
            stream.peer_addr()?,
            stream.local_addr()?,
            self.inner.config.limits,
            &self.inner.shared.output_budget,
            Arc::clone(&self.inner.clock),
        ));
        let listed = self.inner.connections.list(&connection);
        let (serving, shared) = (Arc::clone(&connection), self.inner.shared.clone());
        self.inner.tasks.spawn(async move {
            let _listed = listed;
            wire::run(stream, serving, shared).await;
        });
        Ok(connection)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connections.tell_all(CLOSE);
    }
}

async fn connect(addr: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    // A client that tries a closed port of the ephemeral range again and again can meet itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The error under the name that the caller used, with the time that the caller gave.
fn named(error: InvokeError, name: &str, timeout: Duration) -> InvokeError {
    let addr = name.to_owned();
    match error {
        InvokeError::Timeout { .. } => InvokeError::Timeout {
            addr,
            after: timeout,
        },
        InvokeError::Closed { .. } => InvokeError::Closed { addr },
        InvokeError::Overloaded { .. } => InvokeError::Overloaded { addr },
        InvokeError::Connect { source, .. } => InvokeError::Connect { addr, source },
    }
}
