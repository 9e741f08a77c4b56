//! Static topics: queues whose numbers stay while they move between brokers.
//!
//! Gantry has none of its own, but passes on what Java brokers register.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body;

/// Which queues of a static topic a broker holds, as the name server knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicQueueMappingInfo {
    /// Name of the broker.
    pub bname: String,
    /// Number in the topic to number on the broker.
    pub curr_id_map: BTreeMap<i32, i32>,
    /// Whether the mapping is being changed.
    pub dirty: bool,
    /// Which change of the mapping this is.
    pub epoch: i64,
    /// Where the topic is known; `__global__`.
    pub scope: String,
    /// The topic.
    pub topic: String,
    /// How many queues the topic has on all brokers.
    pub total_queues: i32,
}

/// Which queues of a static topic a broker holds, with all that it has held of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicQueueMappingDetail {
    /// Name of the broker.
    pub bname: String,
    /// Number in the topic to number on the broker.
    pub curr_id_map: BTreeMap<i32, i32>,
    /// Whether the mapping is being changed.
    pub dirty: bool,
    /// Which change of the mapping this is.
    pub epoch: i64,
    /// Number in the topic to the stretches of the queue, in order.
    pub hosted_queues: BTreeMap<i32, Vec<LogicQueueMappingItem>>,
    /// Where the topic is known; `__global__`.
    pub scope: String,
    /// The topic.
    pub topic: String,
    /// How many queues the topic has on all brokers.
    pub total_queues: i32,
}

json_body!(TopicQueueMappingInfo, TopicQueueMappingDetail);

/// One stretch of a queue, on one broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogicQueueMappingItem {
    /// Name of the broker.
    pub bname: String,
    /// End of the stretch in the broker's queue; -1 while it grows.
    pub end_offset: i64,
    /// Which stretch this is.
    #[serde(rename = "gen")]
    pub generation: i32,
    /// Where the stretch begins in the topic's queue.
    pub logic_offset: i64,
    /// Number of the queue on the broker.
    pub queue_id: i32,
    /// Where the stretch begins in the broker's queue.
    pub start_offset: i64,
    /// Time of the last message, or -1.
    pub time_of_end: i64,
    /// Time of the first message, or -1.
    pub time_of_start: i64,
}

impl Default for LogicQueueMappingItem {
    fn default() -> Self {
        Self {
            bname: String::new(),
            end_offset: -1,
            generation: 0,
            logic_offset: 0,
            queue_id: 0,
            start_offset: 0,
            time_of_end: -1,
            time_of_start: -1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let info = TopicQueueMappingInfo {
            bname: "b".into(),
            curr_id_map: [(0, 1)].into(),
            epoch: 5,
            scope: "__global__".into(),
            topic: "T".into(),
            total_queues: 2,
            ..TopicQueueMappingInfo::default()
        };
        golden(
            &info,
            r#"{"bname":"b","currIdMap":{0:1},"dirty":false,"epoch":5,"scope":"__global__","topic":"T","totalQueues":2}"#,
        );
        let item = LogicQueueMappingItem {
            bname: "b".into(),
            ..LogicQueueMappingItem::default()
        };
        let detail = TopicQueueMappingDetail {
            bname: "b".into(),
            hosted_queues: [(0, vec![item])].into(),
            ..TopicQueueMappingDetail::default()
        };
        golden(
            &detail,
            r#"{"bname":"b","currIdMap":{},"dirty":false,"epoch":0,"hostedQueues":{0:[{"bname":"b","endOffset":-1,"gen":0,"logicOffset":0,"queueId":0,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]},"scope":"","topic":"","totalQueues":0}"#,
        );
    }
}
