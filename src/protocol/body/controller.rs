//! What a controller and the brokers under it say of their replicas.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body;

/// Which brokers of a name are up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrokerReplicasInfo {
    /// By broker name.
    pub replicas_info_table: BTreeMap<String, ReplicasInfo>,
}

/// The brokers that share a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicasInfo {
    /// Those that are up to date.
    pub in_sync_replicas: Vec<ReplicaIdentity>,
    /// Address of the master.
    pub master_address: Option<String>,
    /// Broker id of the master.
    pub master_broker_id: Option<i64>,
    /// How often the master changed.
    pub master_epoch: i32,
    /// Those that are not up to date.
    pub not_in_sync_replicas: Vec<ReplicaIdentity>,
    /// How often the set of those up to date changed.
    pub sync_state_set_epoch: i32,
}

/// One broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaIdentity {
    /// Whether it sends heartbeats.
    pub alive: Option<bool>,
    /// Its address.
    pub broker_address: String,
    /// Its id.
    pub broker_id: i64,
    /// Its name.
    pub broker_name: String,
}

/// Which parts of a broker's commit log were written under which master.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EpochEntryCache {
    /// Id of the broker.
    pub broker_id: i64,
    /// Name of the broker.
    pub broker_name: String,
    /// The cluster that it belongs to.
    pub cluster_name: String,
    /// The parts, in order.
    pub epoch_list: Vec<EpochEntry>,
    /// End of the commit log.
    pub max_offset: i64,
}

/// A part of a commit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EpochEntry {
    /// Its end; the greatest number while it grows.
    pub end_offset: i64,
    /// Which master wrote it.
    pub epoch: i32,
    /// Its start.
    pub start_offset: i64,
}

impl Default for EpochEntry {
    fn default() -> Self {
        Self {
            end_offset: i64::MAX,
            epoch: 0,
            start_offset: 0,
        }
    }
}

json_body!(BrokerReplicasInfo, EpochEntryCache);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let replica = ReplicaIdentity {
            alive: Some(true),
            broker_address: "10.0.0.1:10911".into(),
            broker_id: 1,
            broker_name: "b".into(),
        };
        let replicas = ReplicasInfo {
            in_sync_replicas: vec![replica],
            master_address: Some("10.0.0.1:10911".into()),
            master_broker_id: Some(1),
            master_epoch: 2,
            not_in_sync_replicas: Vec::new(),
            sync_state_set_epoch: 3,
        };
        golden(
            &BrokerReplicasInfo {
                replicas_info_table: [("b".into(), replicas)].into(),
            },
            r#"{"replicasInfoTable":{"b":{"inSyncReplicas":[{"alive":true,"brokerAddress":"10.0.0.1:10911","brokerId":1,"brokerName":"b"}],"masterAddress":"10.0.0.1:10911","masterBrokerId":1,"masterEpoch":2,"notInSyncReplicas":[],"syncStateSetEpoch":3}}}"#,
        );
        golden(
            &EpochEntryCache {
                broker_id: 1,
                broker_name: "b".into(),
                cluster_name: "C".into(),
                epoch_list: vec![EpochEntry::default()],
                max_offset: 9,
            },
            r#"{"brokerId":1,"brokerName":"b","clusterName":"C","epochList":[{"endOffset":9223372036854775807,"epoch":0,"startOffset":0}],"maxOffset":9}"#,
        );
    }
}
