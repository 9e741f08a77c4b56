//! Why a cluster does not start, or a node does not do what it is told.

use crate::status::NodeState;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why a cluster does not start, or a node does not do what it is told.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Another program listens where a node should.
    #[error("{node} cannot listen on {addr}: {}", held_by(holder.as_deref()))]
    PortBusy {
        /// The node.
        node: String,
        /// Its address.
        addr: SocketAddr,
        /// The program that has the port, when the system tells: `java (pid 4711)`.
        holder: Option<String>,
    },
    /// A name server does not start.
    #[error("name server {node} does not start: {source}")]
    Namesrv {
        /// The node.
        node: String,
        /// Why.
        source: namesrv::StartError,
    },
    /// A broker does not start.
    #[error("broker {node} does not start: {source}")]
    Broker {
        /// The node.
        node: String,
        /// Why.
        source: broker::StartError,
    },
    /// A setting is unknown or its value is not allowed.
    #[error("setting {key}={value}: {reason}")]
    Setting {
        /// The key as it was given.
        key: String,
        /// The value as it was given.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// The data directory can't be used.
    #[error("cannot use the data directory {}: {reason}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The data directory is in use by another process.
    #[error("the data directory {} is in use by another cluster", path.display())]
    DataDirLocked {
        /// The directory.
        path: PathBuf,
    },
    /// No port is free.
    #[error("no free port between {first} and {last} on {ip}")]
    NoFreePort {
        /// The address that was tried.
        ip: std::net::IpAddr,
        /// The first port that was tried.
        first: u16,
        /// The last port that was tried.
        last: u16,
    },
    /// The cluster needs ports that do not exist.
    #[error("{what} would need a port above 65535")]
    PortOutOfRange {
        /// The node that has no port.
        what: String,
    },
    /// Not every node was found by every name server in time.
    #[error("the cluster is not ready after {after:?}: {missing}")]
    NotReady {
        /// How long was waited.
        after: Duration,
        /// What is missing.
        missing: String,
    },
    /// A topic can't be made.
    #[error("topic {topic} cannot be created on {node}: {reason}")]
    Topic {
        /// The topic.
        topic: String,
        /// The broker that refused.
        node: String,
        /// Why.
        reason: String,
    },
    /// There is no such node.
    #[error("there is no node \"{name}\" (there are {})", known.join(", "))]
    UnknownNode {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The node can't do that in its state.
    #[error("{name} is {state} already")]
    AlreadyInState {
        /// The node.
        name: String,
        /// Its state.
        state: NodeState,
    },
}

fn held_by(holder: Option<&str>) -> String {
    holder.map_or_else(
        || "the port is in use".to_owned(),
        |holder| format!("{holder} has the port"),
    )
}
