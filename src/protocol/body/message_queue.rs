//! One queue of one topic on one broker.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::java_compare;

/// One queue of one topic on one broker; sorted as in Java, by topic, broker and number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageQueue {
    /// Name of the broker.
    pub broker_name: String,
    /// Number of the queue.
    pub queue_id: i32,
    /// The topic.
    pub topic: String,
}

impl MessageQueue {
    /// The queue of this topic, broker and number.
    #[must_use]
    pub fn new(topic: impl Into<String>, broker_name: impl Into<String>, queue_id: i32) -> Self {
        Self {
            broker_name: broker_name.into(),
            queue_id,
            topic: topic.into(),
        }
    }
}

impl Ord for MessageQueue {
    fn cmp(&self, other: &Self) -> Ordering {
        java_compare(&self.topic, &other.topic)
            .then_with(|| java_compare(&self.broker_name, &other.broker_name))
            .then(self.queue_id.cmp(&other.queue_id))
    }
}

impl PartialOrd for MessageQueue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As Java's `toString`, which is part of the consistent hash that allocates queues.
impl fmt::Display for MessageQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic,
            broker_name,
            queue_id,
        } = self;
        write!(
            formatter,
            "MessageQueue [topic={topic}, brokerName={broker_name}, queueId={queue_id}]"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let queue = MessageQueue::new("T", "b", 3);
        golden(&queue, r#"{"brokerName":"b","queueId":3,"topic":"T"}"#);
        assert_eq!(
            queue.to_string(),
            "MessageQueue [topic=T, brokerName=b, queueId=3]"
        );
    }

    #[test]
    fn order_is_by_topic_then_broker_then_number() {
        let mut queues = [
            MessageQueue::new("U", "a", 0),
            MessageQueue::new("T", "b", 0),
            MessageQueue::new("T", "a", 10),
            MessageQueue::new("T", "a", 9),
        ];
        queues.sort();
        let order: Vec<_> = queues.iter().map(ToString::to_string).collect();
        assert_eq!(
            order,
            [
                "MessageQueue [topic=T, brokerName=a, queueId=9]",
                "MessageQueue [topic=T, brokerName=a, queueId=10]",
                "MessageQueue [topic=T, brokerName=b, queueId=0]",
                "MessageQueue [topic=U, brokerName=a, queueId=0]",
            ]
        );
    }
}
