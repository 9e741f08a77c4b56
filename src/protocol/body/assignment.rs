//! Queues shared out by the broker instead of the members of the group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::heartbeat::MessageModel;
use super::json_body;
use super::message_queue::MessageQueue;

/// How messages are got from a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageRequestMode {
    /// One member pulls from the queue.
    #[default]
    Pull,
    /// Several members pop single messages.
    Pop,
}

/// A member that asks for its queues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryAssignmentRequestBody {
    /// Id of the client.
    pub client_id: String,
    /// The group.
    pub consumer_group: String,
    /// Whether the members share the messages.
    pub message_model: MessageModel,
    /// Name of the way to share out: `AVG` or `AVG_BY_CIRCLE`.
    pub strategy_name: String,
    /// The topic.
    pub topic: String,
}

/// The queues of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryAssignmentResponseBody {
    /// The queues: none to be given up is an empty list, nothing means to keep what one has.
    pub message_queue_assignments: Option<Vec<MessageQueueAssignment>>,
}

/// A queue and the way to get its messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageQueueAssignment {
    /// What else there is to say.
    pub attachments: Option<BTreeMap<String, String>>,
    /// The queue; its number is -1 for any queue of the broker.
    pub message_queue: MessageQueue,
    /// How its messages are got.
    pub mode: MessageRequestMode,
}

/// How a group gets the messages of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetMessageRequestModeRequestBody {
    /// The group.
    pub consumer_group: String,
    /// How.
    pub mode: MessageRequestMode,
    /// How many other members' queues a member pops from; 0 for all.
    pub pop_share_queue_num: i32,
    /// The topic.
    pub topic: String,
}

/// How all groups get their messages: `messageRequestMode.json`, and what a slave copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageRequestModeSerializeWrapper {
    /// By topic and group.
    pub message_request_mode_map:
        BTreeMap<String, BTreeMap<String, SetMessageRequestModeRequestBody>>,
}

json_body!(
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
    SetMessageRequestModeRequestBody,
    MessageRequestModeSerializeWrapper,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes_of_assignments() {
        golden(
            &QueryAssignmentRequestBody {
                client_id: "c".into(),
                consumer_group: "g".into(),
                message_model: MessageModel::Clustering,
                strategy_name: "AVG".into(),
                topic: "T".into(),
            },
            r#"{"clientId":"c","consumerGroup":"g","messageModel":"CLUSTERING","strategyName":"AVG","topic":"T"}"#,
        );
        let assignment = MessageQueueAssignment {
            message_queue: MessageQueue::new("T", "b", -1),
            mode: MessageRequestMode::Pop,
            ..MessageQueueAssignment::default()
        };
        golden(
            &QueryAssignmentResponseBody {
                message_queue_assignments: Some(vec![assignment]),
            },
            r#"{"messageQueueAssignments":[{"messageQueue":{"brokerName":"b","queueId":-1,"topic":"T"},"mode":"POP"}]}"#,
        );
        let none = QueryAssignmentResponseBody {
            message_queue_assignments: Some(Vec::new()),
        };
        golden(&none, r#"{"messageQueueAssignments":[]}"#);
        golden(&QueryAssignmentResponseBody::default(), "{}");
    }

    #[test]
    fn golden_bytes_of_modes() {
        let mode = SetMessageRequestModeRequestBody {
            consumer_group: "g".into(),
            mode: MessageRequestMode::Pop,
            pop_share_queue_num: 2,
            topic: "T".into(),
        };
        let text = r#"{"consumerGroup":"g","mode":"POP","popShareQueueNum":2,"topic":"T"}"#;
        golden(&mode, text);
        golden(
            &MessageRequestModeSerializeWrapper {
                message_request_mode_map: [("T".into(), [("g".into(), mode)].into())].into(),
            },
            &format!(r#"{{"messageRequestModeMap":{{"T":{{"g":{text}}}}}}}"#),
        );
    }
}
