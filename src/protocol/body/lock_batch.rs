//! Queues locked for one member of an ordered group.

use serde::{Deserialize, Serialize};

use super::json_body;
use super::message_queue::MessageQueue;

/// Queues to be locked or unlocked: both requests have this body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LockBatchRequestBody {
    /// Who wants them.
    pub client_id: String,
    /// The group.
    pub consumer_group: String,
    /// The queues.
    pub mq_set: Vec<MessageQueue>,
    /// Whether the broker must not ask the others that share its name.
    pub only_this_broker: bool,
}

/// The queues that are locked now for who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LockBatchResponseBody {
    /// The queues.
    #[serde(rename = "lockOKMQSet")]
    pub lock_ok_mq_set: Vec<MessageQueue>,
}

json_body!(LockBatchRequestBody, LockBatchResponseBody);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let queue = MessageQueue::new("T", "b", 0);
        golden(
            &LockBatchRequestBody {
                client_id: "c".into(),
                consumer_group: "g".into(),
                mq_set: vec![queue.clone()],
                only_this_broker: false,
            },
            r#"{"clientId":"c","consumerGroup":"g","mqSet":[{"brokerName":"b","queueId":0,"topic":"T"}],"onlyThisBroker":false}"#,
        );
        golden(
            &LockBatchResponseBody {
                lock_ok_mq_set: vec![queue],
            },
            r#"{"lockOKMQSet":[{"brokerName":"b","queueId":0,"topic":"T"}]}"#,
        );
    }
}
