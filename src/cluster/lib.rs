//! A whole RocketMQ cluster inside this process: any number of name servers and brokers over real
//! loopback TCP, which any RocketMQ client can use.
//!
//! # Layout
//! - [`ClusterBuilder`]: what the cluster shall be.
//! - [`Cluster`]: starts it, kills, stops and starts its nodes, ends it.
//! - [`ClusterStatus`]: who is there, where, in which state.
//! - [`free_port`]: ports that tests may use; [`holder_of`]: who has one.
//!
//! # Example
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let cluster = gantry_cluster::Cluster::builder()
//!     .brokers(2)
//!     .topic("orders", 4)
//!     .start()
//!     .await?;
//! // Point your client at it.
//! let namesrv = cluster.namesrv_addr();
//! assert!(namesrv.starts_with("127.0.0.1:"));
//!
//! // A broker dies as by `kill -9`, and comes back on its port with everything it acknowledged.
//! cluster.kill_broker("b-1").await?;
//! cluster.start_broker("b-1").await?;
//! cluster.shutdown().await;
//! # Ok::<(), gantry_cluster::ClusterError>(())
//! # }).unwrap();
//! ```
//!
//! Invariant: nodes are reached over their sockets alone; nothing here handles a request.

#![forbid(unsafe_code)]

mod data_dir;
mod ephemeral;
mod error;
mod launcher;
mod node;
mod port_holder;
mod ports;
mod readiness;
mod spec;
mod status;

pub use error::ClusterError;
pub use launcher::Cluster;
pub use port_holder::holder_of;
pub use ports::free_port;
pub use spec::{ClusterBuilder, Data, Ports, TopicSpec};
pub use status::{ClusterStatus, NodeKind, NodeState, NodeStatus};

#[cfg(test)]
mod tests;
