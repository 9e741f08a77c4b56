//! Tables of offsets: those a broker keeps, and those it hands to clients.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::data_version::DataVersion;
use super::message_queue::MessageQueue;
use super::{json_body, write_json};

/// How far all groups have come: `consumerOffset.json`, and what a slave copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumerOffsetSerializeWrapper {
    /// Which state the table is in.
    pub data_version: DataVersion,
    /// Next offset by queue id, by `topic@group`.
    pub offset_table: BTreeMap<String, BTreeMap<i32, i64>>,
}

/// How far the delay levels were delivered: `delayOffset.json`, and what a slave copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DelayOffsetSerializeWrapper {
    /// Which state the table is in.
    pub data_version: DataVersion,
    /// Next offset by delay level.
    pub offset_table: BTreeMap<i32, i64>,
}

/// Where a group consumes next, after a reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResetOffsetBody {
    /// Offsets by queue.
    #[serde(deserialize_with = "table_or_list")]
    pub offset_table: BTreeMap<MessageQueue, i64>,
}

impl ResetOffsetBody {
    /// Writes the body as C++ clients read it: a list instead of a map with objects for keys.
    #[must_use]
    pub fn to_json_for_cpp(&self) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            offset_table: Vec<QueueOffset<'a>>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct QueueOffset<'a> {
            broker_name: &'a str,
            offset: i64,
            queue_id: i32,
            topic: &'a str,
        }
        let mut body = Body {
            offset_table: Vec::with_capacity(self.offset_table.len()),
        };
        for (queue, offset) in &self.offset_table {
            body.offset_table.push(QueueOffset {
                broker_name: &queue.broker_name,
                offset: *offset,
                queue_id: queue.queue_id,
                topic: &queue.topic,
            });
        }
        write_json(&body)
    }
}

/// Reads offsets by queue from a map, or from the list that is written for C++.
fn table_or_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<MessageQueue, i64>, D::Error> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct QueueOffset {
        broker_name: String,
        offset: i64,
        queue_id: i32,
        topic: String,
    }

    struct Table;
    impl<'de> Visitor<'de> for Table {
        type Value = BTreeMap<MessageQueue, i64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("offsets by queue")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut table = BTreeMap::new();
            while let Some((queue, offset)) = entries.next_entry()? {
                table.insert(queue, offset);
            }
            Ok(table)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut table = BTreeMap::new();
            while let Some(item) = items.next_element::<QueueOffset>()? {
                let queue = MessageQueue::new(item.topic, item.broker_name, item.queue_id);
                table.insert(queue, item.offset);
            }
            Ok(table)
        }
    }
    deserializer.deserialize_any(Table)
}

/// How far the members of a group have come in a topic, as they say themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GetConsumerStatusBody {
    /// Offsets by queue, by client id: what a broker answers.
    pub consumer_table: BTreeMap<String, BTreeMap<MessageQueue, i64>>,
    /// Offsets by queue: what a client answers.
    pub message_queue_table: BTreeMap<MessageQueue, i64>,
}

/// The least offsets of several groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryCorrectionOffsetBody {
    /// Offsets by queue id.
    pub correction_offsets: BTreeMap<i32, i64>,
}

json_body!(
    ConsumerOffsetSerializeWrapper,
    DelayOffsetSerializeWrapper,
    ResetOffsetBody,
    GetConsumerStatusBody,
    QueryCorrectionOffsetBody,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const VERSION: &str = r#"{"counter":0,"stateVersion":0,"timestamp":5}"#;

    #[test]
    fn golden_bytes_of_a_brokers_tables() {
        golden(
            &ConsumerOffsetSerializeWrapper {
                data_version: DataVersion::new(5),
                offset_table: [("T@g".into(), [(0, 123), (1, 5)].into())].into(),
            },
            &format!(r#"{{"dataVersion":{VERSION},"offsetTable":{{"T@g":{{0:123,1:5}}}}}}"#),
        );
        golden(
            &DelayOffsetSerializeWrapper {
                data_version: DataVersion::new(5),
                offset_table: [(1, 10), (2, 0)].into(),
            },
            &format!(r#"{{"dataVersion":{VERSION},"offsetTable":{{1:10,2:0}}}}"#),
        );
        golden(
            &QueryCorrectionOffsetBody {
                correction_offsets: [(0, i64::MAX)].into(),
            },
            r#"{"correctionOffsets":{0:9223372036854775807}}"#,
        );
    }

    #[test]
    fn the_file_that_java_prints_is_read() {
        let text = b"{\n\t\"dataVersion\":{\n\t\t\"counter\":3\n\t},\n\t\"groupTopicMap\":{\"g\":[\"T\"]},\n\t\"offsetTable\":{\n\t\t\"T@g\":{0:123,1:5\n\t\t}\n\t}\n}";
        let table = ConsumerOffsetSerializeWrapper::from_json(text).unwrap();
        assert_eq!(table.data_version.counter, 3);
        assert_eq!(table.offset_table["T@g"], [(0, 123), (1, 5)].into());
    }

    #[test]
    fn golden_bytes_of_both_resets() {
        let body = ResetOffsetBody {
            offset_table: [(MessageQueue::new("T", "b", 1), 7)].into(),
        };
        golden(
            &body,
            r#"{"offsetTable":{{"brokerName":"b","queueId":1,"topic":"T"}:7}}"#,
        );
        let list = r#"{"offsetTable":[{"brokerName":"b","offset":7,"queueId":1,"topic":"T"}]}"#;
        assert_eq!(String::from_utf8(body.to_json_for_cpp()).unwrap(), list);
        assert_eq!(ResetOffsetBody::from_json(list.as_bytes()), Ok(body));
        assert_eq!(
            ResetOffsetBody::from_json(b"{\"offsetTable\":null}")
                .unwrap()
                .offset_table
                .len(),
            0
        );
        assert!(ResetOffsetBody::from_json(b"{\"offsetTable\":3}").is_err());
    }

    #[test]
    fn golden_bytes_of_a_clients_status() {
        let table: BTreeMap<_, _> = [(MessageQueue::new("T", "b", 1), 7)].into();
        golden(
            &GetConsumerStatusBody {
                consumer_table: [("c".into(), table.clone())].into(),
                message_queue_table: table,
            },
            r#"{"consumerTable":{"c":{{"brokerName":"b","queueId":1,"topic":"T"}:7}},"messageQueueTable":{{"brokerName":"b","queueId":1,"topic":"T"}:7}}"#,
        );
    }
}
