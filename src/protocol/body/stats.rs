//! How far topics are filled and groups have come, and how fast.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body;
use super::message_queue::MessageQueue;

/// The queues of a topic on one broker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicStatsTable {
    /// Offsets by queue.
    pub offset_table: BTreeMap<MessageQueue, TopicOffset>,
    /// Messages stored a second.
    pub topic_put_tps: f64,
}

/// How far a queue is filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicOffset {
    /// When its last message was stored, in ms since the epoch.
    pub last_update_timestamp: i64,
    /// The offset that the next message will have.
    pub max_offset: i64,
    /// Offset of its first message.
    pub min_offset: i64,
}

/// How far a group has come on one broker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumeStats {
    /// Messages consumed a second.
    pub consume_tps: f64,
    /// Offsets by queue.
    pub offset_table: BTreeMap<MessageQueue, OffsetWrapper>,
}

impl ConsumeStats {
    /// How many messages the group has not consumed.
    #[must_use]
    pub fn total_diff(&self) -> i64 {
        let sum = |sum: i64, offsets: &OffsetWrapper| sum.saturating_add(offsets.diff());
        self.offset_table.values().fold(0, sum)
    }

    /// How many messages are with consumers.
    #[must_use]
    pub fn total_inflight_diff(&self) -> i64 {
        let sum = |sum: i64, offsets: &OffsetWrapper| sum.saturating_add(offsets.inflight_diff());
        self.offset_table.values().fold(0, sum)
    }
}

/// How far a group has come in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OffsetWrapper {
    /// The offset that the next message will have.
    pub broker_offset: i64,
    /// The offset that the group consumes next.
    pub consumer_offset: i64,
    /// When the last consumed message was stored, in ms since the epoch.
    pub last_timestamp: i64,
    /// The offset that the group pulls next.
    pub pull_offset: i64,
}

impl OffsetWrapper {
    /// How many messages the group has not consumed.
    #[must_use]
    pub const fn diff(&self) -> i64 {
        self.broker_offset.saturating_sub(self.consumer_offset)
    }

    /// How many messages are with consumers.
    #[must_use]
    pub const fn inflight_diff(&self) -> i64 {
        self.pull_offset.saturating_sub(self.consumer_offset)
    }
}

/// How far all groups of a broker have come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumeStatsList {
    /// Address of the broker.
    pub broker_addr: Option<String>,
    /// One map a group, with one entry a topic.
    pub consume_stats_list: Vec<BTreeMap<String, Vec<ConsumeStats>>>,
    /// How many messages the groups have not consumed.
    pub total_diff: i64,
    /// How many messages are with consumers.
    pub total_inflight_diff: i64,
}

/// What one of a broker's counters counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrokerStatsData {
    /// In the last day.
    pub stats_day: BrokerStatsItem,
    /// In the last hour.
    pub stats_hour: BrokerStatsItem,
    /// In the last minute.
    pub stats_minute: BrokerStatsItem,
}

/// What a counter counted in some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrokerStatsItem {
    /// Average of one addition.
    pub avgpt: f64,
    /// Sum of all additions.
    pub sum: i64,
    /// Sum a second.
    pub tps: f64,
}

json_body!(
    TopicStatsTable,
    ConsumeStats,
    ConsumeStatsList,
    BrokerStatsData
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const STATS: &str = r#"{"consumeTps":0.0,"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"brokerOffset":9,"consumerOffset":4,"lastTimestamp":7,"pullOffset":6}}}"#;

    fn consume_stats() -> ConsumeStats {
        let offsets = OffsetWrapper {
            broker_offset: 9,
            consumer_offset: 4,
            last_timestamp: 7,
            pull_offset: 6,
        };
        ConsumeStats {
            consume_tps: 0.0,
            offset_table: [(MessageQueue::new("T", "b", 0), offsets)].into(),
        }
    }

    #[test]
    fn golden_bytes_of_topics() {
        let offset = TopicOffset {
            last_update_timestamp: 7,
            max_offset: 9,
            min_offset: 1,
        };
        golden(
            &TopicStatsTable {
                offset_table: [(MessageQueue::new("T", "b", 0), offset)].into(),
                topic_put_tps: 2.5,
            },
            r#"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"lastUpdateTimestamp":7,"maxOffset":9,"minOffset":1}},"topicPutTps":2.5}"#,
        );
    }

    #[test]
    fn golden_bytes_of_groups() {
        golden(&consume_stats(), STATS);
        golden(
            &ConsumeStatsList {
                broker_addr: Some("10.0.0.1:10911".into()),
                consume_stats_list: vec![[("g".into(), vec![consume_stats()])].into()],
                total_diff: 5,
                total_inflight_diff: 2,
            },
            &format!(
                r#"{{"brokerAddr":"10.0.0.1:10911","consumeStatsList":[{{"g":[{STATS}]}}],"totalDiff":5,"totalInflightDiff":2}}"#
            ),
        );
        assert_eq!(
            (
                consume_stats().total_diff(),
                consume_stats().total_inflight_diff()
            ),
            (5, 2)
        );
    }

    #[test]
    fn golden_bytes_of_counters() {
        let item = BrokerStatsItem {
            avgpt: 1.5,
            sum: 3,
            tps: 0.1,
        };
        golden(
            &BrokerStatsData {
                stats_minute: item,
                ..BrokerStatsData::default()
            },
            r#"{"statsDay":{"avgpt":0.0,"sum":0,"tps":0.0},"statsHour":{"avgpt":0.0,"sum":0,"tps":0.0},"statsMinute":{"avgpt":1.5,"sum":3,"tps":0.1}}"#,
        );
    }
}
