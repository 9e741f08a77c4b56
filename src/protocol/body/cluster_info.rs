//! All brokers that a name server knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::json_body;
use super::route::BrokerData;

/// All brokers, by name and by cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterInfo {
    /// Addresses by broker name.
    pub broker_addr_table: BTreeMap<String, BrokerData>,
    /// Broker names by cluster.
    pub cluster_addr_table: BTreeMap<String, BTreeSet<String>>,
}

/// The addresses of the brokers that share a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrokerMemberGroup {
    /// Addresses by broker id; 0 is the master.
    pub broker_addrs: BTreeMap<i64, String>,
    /// Name of the brokers.
    pub broker_name: String,
    /// The cluster that they belong to.
    pub cluster: String,
}

/// Answer to the question who shares a broker's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GetBrokerMemberGroupResponseBody {
    /// The brokers; nothing when the name is not known.
    pub broker_member_group: Option<BrokerMemberGroup>,
}

json_body!(
    ClusterInfo,
    BrokerMemberGroup,
    GetBrokerMemberGroupResponseBody
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let broker = BrokerData {
            broker_addrs: [(0, "10.0.0.1:10911".into())].into(),
            broker_name: "broker-a".into(),
            cluster: "C".into(),
            ..BrokerData::default()
        };
        let info = ClusterInfo {
            broker_addr_table: [("broker-a".into(), broker)].into(),
            cluster_addr_table: [("C".into(), ["broker-a".into()].into())].into(),
        };
        golden(
            &info,
            r#"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"C","enableActingMaster":false}},"clusterAddrTable":{"C":["broker-a"]}}"#,
        );
        let group = BrokerMemberGroup {
            broker_addrs: [(0, "10.0.0.1:10911".into()), (2, "10.0.0.3:10911".into())].into(),
            broker_name: "broker-a".into(),
            cluster: "C".into(),
        };
        golden(
            &GetBrokerMemberGroupResponseBody {
                broker_member_group: Some(group),
            },
            r#"{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911",2:"10.0.0.3:10911"},"brokerName":"broker-a","cluster":"C"}}"#,
        );
        golden(&GetBrokerMemberGroupResponseBody::default(), "{}");
    }
}
