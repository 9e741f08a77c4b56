//! Listens, and runs one task for each connection.

use crate::bell::{CLOSE, DRAIN};
use crate::budget::Budget;
use crate::connection::Connection;
use crate::limits::Limits;
use crate::processor::Processor;
use crate::registry::Registry;
use crate::wire::{self, Shared};
use clock::SharedClock;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that may wait to be accepted (RocketMQ's `SO_BACKLOG`).
const BACKLOG: u32 = 1024;

/// How long accepting rests after it failed, at first and at most: out of file descriptors, say.
const ACCEPT_REST: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How often stale connections are looked for, at the least and at the most.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Where and how a server listens.
#[derive(Debug, Clone, Copy)]
pub struct ServerConfig {
    /// The address; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What its connections may cost.
    pub limits: Limits,
}

impl ServerConfig {
    /// Listens on `listen` with the usual limits.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            limits: Limits::default(),
        }
    }
}

/// A listening node. Dropped, it ends as if it were killed.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    connections: Arc<Registry>,
    stop_accepting: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Binds the address and begins to serve.
    ///
    /// # Errors
    /// The address can't be bound.
    #[expect(
        clippy::unused_async,
        reason = "says that it needs a running tokio runtime"
    )]
    pub async fn bind(
        config: ServerConfig,
        processor: Arc<dyn Processor>,
        clock: SharedClock,
    ) -> io::Result<Self> {
        let listener = listen(config.listen)?;
        let server = Self {
            local_addr: listener.local_addr()?,
            connections: Arc::default(),
            stop_accepting: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let acceptor = Acceptor {
            listener,
            clock,
            shared: Shared {
                processor,
                limits: config.limits,
                input_budget: Budget::new(config.limits.input_bytes_max),
                output_budget: Budget::new(config.limits.output_bytes_max),
            },
            connections: Arc::clone(&server.connections),
            tasks: server.tasks.clone(),
        };
        let sweep = sweep(Arc::clone(&server.connections), config.limits);
        let stop = server.stop_accepting.clone();
        server.tasks.spawn(async move {
            tokio::select! {
                () = acceptor.accept_all() => {}
                () = sweep => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// How many connections are open.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.connections.count()
    }

    /// Stops accepting, gives the answers that are owed, closes. What is still owed after `grace`
    /// is not given. Returns when the port is free and every task has ended.
    pub async fn shutdown(&self, grace: Duration) {
        self.stop_accepting.cancel();
        self.connections.tell_all(DRAIN);
        self.tasks.close();
        _ = tokio::time::timeout(grace, self.tasks.wait()).await;
        self.kill();
        self.tasks.wait().await;
    }

    /// Drops every socket at once, as the end of the process would.
    pub fn kill(&self) {
        self.stop_accepting.cancel();
        self.connections.tell_all(CLOSE);
    }

    /// Waits until the port is free and every task has ended, after [`kill`](Self::kill).
    pub async fn closed(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A node that is started again must not wait for the sockets of its predecessor.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

struct Acceptor {
    listener: TcpListener,
    clock: SharedClock,
    shared: Shared,
    connections: Arc<Registry>,
    tasks: TaskTracker,
}

impl Acceptor {
    async fn accept_all(self) {
        let mut rest = ACCEPT_REST.0;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    rest = ACCEPT_REST.0;
                    if let Err(error) = self.serve(stream, peer) {
                        tracing::debug!(%peer, %error, "a connection ended before it was served");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, ?rest, "cannot accept connections for now");
                    tokio::time::sleep(rest).await;
                    rest = (rest * 2).min(ACCEPT_REST.1);
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        if self.connections.count() >= self.shared.limits.connections_max {
            tracing::warn!(%peer, "refusing a connection: as many as allowed are open");
            return Ok(());
        }
        stream.set_nodelay(true)?;
        let connection = Arc::new(Connection::new(
            self.connections.next_id(),
            peer,
            stream.local_addr()?,
            self.shared.limits,
            &self.shared.output_budget,
            Arc::clone(&self.clock),
        ));
        let listed = self.connections.list(&connection);
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            let _listed = listed;
            wire::run(stream, connection, shared).await;
        });
        Ok(())
    }
}

/// Closes connections on which nothing happens, for ever.
async fn sweep(connections: Arc<Registry>, limits: Limits) {
    let shortest = limits.idle_timeout.min(limits.partial_frame_timeout);
    let every = (shortest / 4).clamp(SWEEP_EVERY.0, SWEEP_EVERY.1);
    loop {
        tokio::time::sleep(every).await;
        for connection in connections.all() {
            connection.close_if_stale();
        }
    }
}
