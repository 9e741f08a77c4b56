//! How far back the oldest message lies that a group has not consumed.

use serde::{Deserialize, Serialize};

use super::json_body;
use super::message_queue::MessageQueue;

/// The queues of a topic with the times of their messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryConsumeTimeSpanBody {
    /// The queues.
    pub consume_time_span_set: Vec<QueueTimeSpan>,
}

/// The times of a queue's messages.
///
/// The three texts say the same as the numbers, as `yyyy-MM-dd HH:mm:ss:SSS` in local time; Java
/// writes them and reads only the numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueueTimeSpan {
    /// Store time of the last consumed message, in ms since the epoch.
    pub consume_time_stamp: i64,
    /// The same as text.
    pub consume_time_stamp_str: String,
    /// How long the first message not consumed has waited, in ms.
    pub delay_time: i64,
    /// Store time of the last message, in ms since the epoch.
    pub max_time_stamp: i64,
    /// The same as text.
    pub max_time_stamp_str: String,
    /// The queue.
    pub message_queue: MessageQueue,
    /// Store time of the first message, in ms since the epoch.
    pub min_time_stamp: i64,
    /// The same as text.
    pub min_time_stamp_str: String,
}

json_body!(QueryConsumeTimeSpanBody);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let span = QueueTimeSpan {
            consume_time_stamp: 2,
            consume_time_stamp_str: "b".into(),
            delay_time: 1,
            max_time_stamp: 3,
            max_time_stamp_str: "c".into(),
            message_queue: MessageQueue::new("T", "b", 0),
            min_time_stamp: 1,
            min_time_stamp_str: "a".into(),
        };
        golden(
            &QueryConsumeTimeSpanBody {
                consume_time_span_set: vec![span],
            },
            r#"{"consumeTimeSpanSet":[{"consumeTimeStamp":2,"consumeTimeStampStr":"b","delayTime":1,"maxTimeStamp":3,"maxTimeStampStr":"c","messageQueue":{"brokerName":"b","queueId":0,"topic":"T"},"minTimeStamp":1,"minTimeStampStr":"a"}]}"#,
        );
    }
}
