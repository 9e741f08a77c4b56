//! One node: what it is configured as, what it is doing, and the moves from one state to another.

use crate::error::ClusterError;
use crate::port_holder::holder_of;
use crate::status::{NodeKind, NodeState, NodeStatus};
use broker::{Broker, BrokerConfig};
use clock::SharedClock;
use namesrv::{Namesrv, NamesrvConfig};
use parking_lot::Mutex;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How a kind of node starts and ends.
pub(crate) trait Service: Sized + Send + Sync {
    type Config: Clone + Send + Sync;
    const KIND: NodeKind;

    fn listen_addr(config: &Self::Config) -> SocketAddr;
    /// Where clients reach it.
    fn client_addr(config: &Self::Config) -> SocketAddr;
    fn start(
        name: &str,
        config: Self::Config,
        clock: SharedClock,
    ) -> impl Future<Output = Result<Self, ClusterError>> + Send;
    /// Ends in good order.
    fn stop(self) -> impl Future<Output = ()> + Send;
    /// Ends as by `kill -9`; returns when its port is free.
    fn kill(self) -> impl Future<Output = ()> + Send;
}

impl Service for Namesrv {
    type Config = NamesrvConfig;
    const KIND: NodeKind = NodeKind::Namesrv;

    fn listen_addr(config: &NamesrvConfig) -> SocketAddr {
        config.listen
    }

    fn client_addr(config: &NamesrvConfig) -> SocketAddr {
        config.listen
    }

    async fn start(
        name: &str,
        config: NamesrvConfig,
        clock: SharedClock,
    ) -> Result<Self, ClusterError> {
        Self::start(config, clock)
            .await
            .map_err(|source| match source {
                namesrv::StartError::Bind { addr, source } if is_busy(&source) => busy(name, addr),
                source => ClusterError::Namesrv {
                    node: name.to_owned(),
                    source,
                },
            })
    }

    async fn stop(self) {
        self.shutdown().await;
    }

    async fn kill(self) {
        Self::kill(&self);
        self.closed().await;
    }
}

impl Service for Broker {
    type Config = BrokerConfig;
    const KIND: NodeKind = NodeKind::Broker;

    fn listen_addr(config: &BrokerConfig) -> SocketAddr {
        config.listen_addr()
    }

    fn client_addr(config: &BrokerConfig) -> SocketAddr {
        config.advertised_addr()
    }

    async fn start(
        name: &str,
        config: BrokerConfig,
        clock: SharedClock,
    ) -> Result<Self, ClusterError> {
        Self::start(config, clock)
            .await
            .map_err(|source| match source {
                broker::StartError::Bind { addr, source } if is_busy(&source) => busy(name, addr),
                source => ClusterError::Broker {
                    node: name.to_owned(),
                    source,
                },
            })
    }

    async fn stop(self) {
        self.shutdown().await;
    }

    async fn kill(self) {
        Self::kill(self).await;
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn busy(node: &str, addr: SocketAddr) -> ClusterError {
    ClusterError::PortBusy {
        node: node.to_owned(),
        addr,
        holder: holder_of(addr),
    }
}

/// One node and its life.
pub(crate) struct Node<S: Service> {
    name: String,
    id: Option<i64>,
    config: S::Config,
    clock: SharedClock,
    /// Held for the whole of a move, so that moves do not cross.
    service: tokio::sync::Mutex<Option<S>>,
    seen: Mutex<Seen>,
}

/// What others see without waiting for a move to end.
#[derive(Debug, Clone, Copy)]
struct Seen {
    state: NodeState,
    started_in: Duration,
}

impl<S: Service> Node<S> {
    pub(crate) fn new(
        name: String,
        id: Option<i64>,
        config: S::Config,
        clock: SharedClock,
    ) -> Self {
        let seen = Seen {
            state: NodeState::Stopped,
            started_in: Duration::ZERO,
        };
        Self {
            name,
            id,
            config,
            clock,
            service: tokio::sync::Mutex::new(None),
            seen: Mutex::new(seen),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn state(&self) -> NodeState {
        self.seen.lock().state
    }

    pub(crate) fn client_addr(&self) -> SocketAddr {
        S::client_addr(&self.config)
    }

    pub(crate) fn listen_addr(&self) -> SocketAddr {
        S::listen_addr(&self.config)
    }

    pub(crate) fn status(&self) -> NodeStatus {
        let seen = *self.seen.lock();
        NodeStatus {
            name: self.name.clone(),
            kind: S::KIND,
            id: self.id,
            addr: self.client_addr().to_string(),
            state: seen.state,
            start_ms: u64::try_from(seen.started_in.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) async fn start(&self) -> Result<(), ClusterError> {
        let mut service = self.service.lock().await;
        if service.is_some() {
            return Err(self.already());
        }
        let begun = self.clock.elapsed();
        *service = Some(S::start(&self.name, self.config.clone(), self.clock.clone()).await?);
        let started_in = self.clock.elapsed().saturating_sub(begun);
        *self.seen.lock() = Seen {
            state: NodeState::Running,
            started_in,
        };
        Ok(())
    }

    pub(crate) async fn stop(&self) -> Result<(), ClusterError> {
        let mut held = self.service.lock().await;
        let service = held.take().ok_or_else(|| self.already())?;
        service.stop().await;
        self.seen.lock().state = NodeState::Stopped;
        Ok(())
    }

    pub(crate) async fn kill(&self) -> Result<(), ClusterError> {
        let mut held = self.service.lock().await;
        let service = held.take().ok_or_else(|| self.already())?;
        service.kill().await;
        self.seen.lock().state = NodeState::Killed;
        Ok(())
    }

    fn already(&self) -> ClusterError {
        ClusterError::AlreadyInState {
            name: self.name.clone(),
            state: self.state(),
        }
    }
}
