//! How replication between master and slaves goes.

use serde::{Deserialize, Serialize};

use super::json_body;

/// How replication goes, seen from one broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HaRuntimeInfo {
    /// What a slave has from its master.
    pub ha_client_runtime_info: HaClientRuntimeInfo,
    /// What the slaves have from this master.
    pub ha_connection_info: Vec<HaConnectionRuntimeInfo>,
    /// How many slaves keep up.
    pub in_sync_slave_nums: i32,
    /// Whether this broker is the master.
    pub master: bool,
    /// End of the master's commit log.
    pub master_commit_log_max_offset: i64,
}

/// What one slave has from this master.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HaConnectionRuntimeInfo {
    /// Address of the slave.
    pub addr: String,
    /// How many bytes it lacks.
    pub diff: i64,
    /// Whether it keeps up.
    pub in_sync: bool,
    /// How far it has come.
    pub slave_ack_offset: i64,
    /// How far it was sent.
    pub transfer_from_where: i64,
    /// How many bytes it is sent a second.
    pub transferred_byte_in_second: i64,
}

/// What this slave has from its master.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HaClientRuntimeInfo {
    /// When it received last, in ms since the epoch.
    pub last_read_timestamp: i64,
    /// When it reported last, in ms since the epoch.
    pub last_write_timestamp: i64,
    /// Address of the master; nothing on a master.
    pub master_addr: Option<String>,
    /// How far the master has flushed.
    pub master_flush_offset: i64,
    /// How far this slave has come.
    pub max_offset: i64,
    /// How many bytes it receives a second.
    pub transferred_byte_in_second: i64,
}

json_body!(HaRuntimeInfo);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let slave = HaConnectionRuntimeInfo {
            addr: "/10.0.0.2:5".into(),
            diff: 1,
            in_sync: true,
            slave_ack_offset: 9,
            transfer_from_where: 10,
            transferred_byte_in_second: 3,
        };
        golden(
            &HaRuntimeInfo {
                ha_connection_info: vec![slave],
                in_sync_slave_nums: 1,
                master: true,
                master_commit_log_max_offset: 10,
                ..HaRuntimeInfo::default()
            },
            r#"{"haClientRuntimeInfo":{"lastReadTimestamp":0,"lastWriteTimestamp":0,"masterFlushOffset":0,"maxOffset":0,"transferredByteInSecond":0},"haConnectionInfo":[{"addr":"/10.0.0.2:5","diff":1,"inSync":true,"slaveAckOffset":9,"transferFromWhere":10,"transferredByteInSecond":3}],"inSyncSlaveNums":1,"master":true,"masterCommitLogMaxOffset":10}"#,
        );
    }
}
