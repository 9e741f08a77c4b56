//! Who is in a cluster, where, in which state.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A name server.
    Namesrv,
    /// A broker.
    Broker,
}

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It serves.
    Running,
    /// It was asked to end, and has ended in good order.
    Stopped,
    /// It ended as by `kill -9`.
    Killed,
}

impl NodeState {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
        }
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name: `ns-0`, `b-0`.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// 0 for a master; absent for name servers.
    pub id: Option<i64>,
    /// Where clients reach it, `host:port`.
    pub addr: String,
    /// What it is doing.
    pub state: NodeState,
    /// Milliseconds that its last start took.
    pub start_ms: u64,
}

/// The whole cluster at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// RocketMQ's cluster name.
    pub cluster_name: String,
    /// Whether the data goes when the cluster ends.
    pub ephemeral: bool,
    /// Where the data is.
    pub data_dir: PathBuf,
    /// The name servers in order.
    pub namesrvs: Vec<NodeStatus>,
    /// The brokers in order.
    pub brokers: Vec<NodeStatus>,
    /// Milliseconds from nothing to ready.
    pub ready_ms: u64,
}
