//! What a cluster shall be.

use crate::error::ClusterError;
use crate::launcher::Cluster;
use clock::{SharedClock, SystemClock};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Which ports the nodes get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Whatever is free, below the range that outgoing connections use.
    Auto,
    /// Name servers from this port on, one after the other; brokers from 1035 above it, ten apart. With
    /// 9876 these are RocketMQ's own: 9876 and 10911, 10921, ...
    From(u16),
}

/// Where messages and tables are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a temporary directory that goes with the cluster.
    Ephemeral,
    /// In this directory, which is made when it does not exist.
    Dir(PathBuf),
}

/// A topic to be there when the cluster is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its read and write queues on each broker.
    pub queues: i32,
}

/// What a cluster shall be; [`start`](Self::start) makes it so.
#[derive(Debug, Clone)]
pub struct ClusterBuilder {
    pub(crate) cluster_name: String,
    pub(crate) namesrvs: u16,
    pub(crate) brokers: u16,
    pub(crate) ports: Ports,
    pub(crate) bind: IpAddr,
    pub(crate) advertise: Option<IpAddr>,
    pub(crate) data: Data,
    pub(crate) topics: Vec<TopicSpec>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) clock: SharedClock,
}

impl Default for ClusterBuilder {
    fn default() -> Self {
        Self {
            cluster_name: "DefaultCluster".to_owned(),
            namesrvs: 1,
            brokers: 1,
            ports: Ports::Auto,
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertise: None,
            data: Data::Ephemeral,
            topics: Vec::new(),
            settings: Vec::new(),
            clock: SystemClock::shared(),
        }
    }
}

impl ClusterBuilder {
    /// How many name servers: `ns-0`, `ns-1`, ... One by default.
    #[must_use]
    pub fn namesrvs(mut self, count: u16) -> Self {
        self.namesrvs = count;
        self
    }

    /// How many brokers, each a master of its own: `b-0`, `b-1`, ... One by default.
    #[must_use]
    pub fn brokers(mut self, count: u16) -> Self {
        self.brokers = count;
        self
    }

    /// Which ports; [`Ports::Auto`] by default.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// The address that nodes listen on; loopback by default.
    #[must_use]
    pub fn bind(mut self, ip: IpAddr) -> Self {
        self.bind = ip;
        self
    }

    /// The address that brokers tell clients to use, when it is another than they listen on.
    #[must_use]
    pub fn advertise(mut self, ip: IpAddr) -> Self {
        self.advertise = Some(ip);
        self
    }

    /// RocketMQ's name of the cluster; `DefaultCluster` by default.
    #[must_use]
    pub fn cluster_name(mut self, name: impl Into<String>) -> Self {
        self.cluster_name = name.into();
        self
    }

    /// Where the data is kept; ephemeral by default.
    #[must_use]
    pub fn data(mut self, data: Data) -> Self {
        self.data = data;
        self
    }

    /// A topic with so many queues on each broker.
    #[must_use]
    pub fn topic(mut self, name: impl Into<String>, queues: i32) -> Self {
        self.topics.push(TopicSpec {
            name: name.into(),
            queues,
        });
        self
    }

    /// A setting of every broker under RocketMQ's own name, such as `flushDiskType`.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// The clock of every node.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the cluster and returns when it is ready: every broker answers, and every name server
    /// knows it and the topics.
    ///
    /// # Errors
    /// A port is busy, a setting is wrong, the data directory can't be used, or a node fails. What had
    /// been started has been ended again.
    pub async fn start(self) -> Result<Cluster, ClusterError> {
        Cluster::start(self).await
    }
}
