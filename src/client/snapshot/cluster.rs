//! Name servers and brokers.

use crate::BrokerNode;

/// Name servers and brokers of a cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterState {
    /// The clusters' names, sorted; usually one.
    pub names: Vec<String>,
    /// The name servers that were given, in their order.
    pub namesrvs: Vec<NamesrvState>,
    /// The brokers that the name servers know, sorted by cluster, name and id, and those they knew
    /// before and forgot since ([`BrokerState::is_routed`] is false).
    pub brokers: Vec<BrokerState>,
}

/// A name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamesrvState {
    /// Its address.
    pub addr: String,
    /// Why it does not answer; `None` when it does.
    pub error: Option<String>,
}

/// A broker.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerState {
    /// Its place in the cluster.
    pub node: BrokerNode,
    /// Whether the name servers still know it.
    pub is_routed: bool,
    /// Why it does not answer; `None` when it does.
    pub error: Option<String>,
    /// Its version, as it says.
    pub version: Option<String>,
    /// When it was started, in ms since the epoch.
    pub boot_ms: Option<i64>,
    /// Messages written a second.
    pub in_per_s: Option<f64>,
    /// Messages read a second.
    pub out_per_s: Option<f64>,
    /// Messages written since the broker's midnight, or since its start.
    pub in_today: Option<i64>,
    /// The part of the disk that is used, 0 to 1.
    pub disk_ratio: Option<f64>,
    /// 99 of 100 writes took no longer than this, in ms.
    pub put_p99_ms: Option<f64>,
    /// All that it said, by RocketMQ's names.
    pub runtime: std::collections::BTreeMap<String, String>,
}
