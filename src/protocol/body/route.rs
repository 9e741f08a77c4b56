//! Where a topic lives: the answer of the name server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::static_topic::TopicQueueMappingInfo;
use super::{write_json, write_standard_json};
use crate::json::{self, JsonError};

/// Which brokers hold a topic, and with which queues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicRouteData {
    /// The brokers, with their addresses.
    pub broker_datas: Vec<BrokerData>,
    /// Filter servers by broker address; a matter of RocketMQ 4, but some clients want the field.
    pub filter_server_table: BTreeMap<String, Vec<String>>,
    /// `broker:queues` for an ordered topic, joined by semicolons.
    pub order_topic_conf: Option<String>,
    /// The queues, by broker name.
    pub queue_datas: Vec<QueueData>,
    /// Queues of a static topic, by broker name.
    pub topic_queue_mapping_by_broker: Option<BTreeMap<String, TopicQueueMappingInfo>>,
}

impl TopicRouteData {
    /// Reads the body in any form that a peer may write.
    ///
    /// # Errors
    /// [`JsonError`] says what cannot be read, and where.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        json::from_slice(text)
    }

    /// Writes the body as Java does: as `standard` JSON for clients from 4.9.4 on and those that
    /// ask for it, with unquoted broker ids for older ones.
    #[must_use]
    pub fn to_json(&self, standard: bool) -> Vec<u8> {
        if standard {
            write_standard_json(self)
        } else {
            write_json(self)
        }
    }
}

/// The addresses of one broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrokerData {
    /// Addresses by broker id; 0 is the master.
    pub broker_addrs: BTreeMap<i64, String>,
    /// Name of the broker.
    pub broker_name: String,
    /// The cluster that the broker belongs to.
    pub cluster: String,
    /// Whether a slave may stand in for the master.
    pub enable_acting_master: bool,
    /// Zone of the broker.
    pub zone_name: Option<String>,
}

/// The queues of a topic on one broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueueData {
    /// Name of the broker.
    pub broker_name: String,
    /// The bits of [`perm`](super::perm).
    pub perm: i32,
    /// How many queues consumers read.
    pub read_queue_nums: i32,
    /// System flag of the topic.
    pub topic_sys_flag: i32,
    /// How many queues producers write.
    pub write_queue_nums: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> TopicRouteData {
        TopicRouteData {
            broker_datas: vec![BrokerData {
                broker_addrs: [(0, "10.0.0.1:10911".into()), (1, "10.0.0.2:10911".into())].into(),
                broker_name: "broker-a".into(),
                cluster: "DefaultCluster".into(),
                ..BrokerData::default()
            }],
            queue_datas: vec![QueueData {
                broker_name: "broker-a".into(),
                perm: 6,
                read_queue_nums: 4,
                topic_sys_flag: 0,
                write_queue_nums: 8,
            }],
            ..TopicRouteData::default()
        }
    }

    #[test]
    fn golden_bytes_for_clients_of_all_ages() {
        let check = |standard, text: &str| {
            assert_eq!(String::from_utf8(route().to_json(standard)).unwrap(), text);
            assert_eq!(TopicRouteData::from_json(text.as_bytes()), Ok(route()));
        };
        check(
            true,
            r#"{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911","1":"10.0.0.2:10911"},"brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":8}]}"#,
        );
        check(
            false,
            r#"{"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":8}]}"#,
        );
    }

    #[test]
    fn optional_parts_come_and_go() {
        let mapping = TopicQueueMappingInfo {
            topic: "T".into(),
            ..Default::default()
        };
        let route = TopicRouteData {
            order_topic_conf: Some("broker-a:4".into()),
            topic_queue_mapping_by_broker: Some([("broker-a".into(), mapping)].into()),
            ..route()
        };
        for standard in [true, false] {
            assert_eq!(
                TopicRouteData::from_json(&route.to_json(standard)).as_ref(),
                Ok(&route)
            );
        }
        let older = br#"{"queueDatas":[],"brokerDatas":null,"orderTopicConf":null,"x":{1:2}}"#;
        assert_eq!(
            TopicRouteData::from_json(older),
            Ok(TopicRouteData::default())
        );
    }
}
