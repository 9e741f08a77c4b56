//! What a client tells every broker of itself.

use serde::{Deserialize, Serialize};

use super::subscription::SubscriptionData;
use super::{json_body, write_json};
use crate::message::java_hash;

/// How a group gets its messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsumeType {
    /// The application pulls.
    ConsumeActively,
    /// The client pulls and hands over.
    #[default]
    ConsumePassively,
    /// The broker shares out single messages.
    ConsumePop,
}

/// Whether the members of a group share the messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageModel {
    /// Every member gets every message.
    Broadcasting,
    /// Every message goes to one member.
    #[default]
    Clustering,
}

/// Where a new group begins in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsumeFromWhere {
    /// At the end.
    #[default]
    ConsumeFromLastOffset,
    /// At the end; a name of old clients.
    ConsumeFromLastOffsetAndFromMinWhenBootFirst,
    /// At the end, in spite of its name: only old clients send it, and Java reads it so.
    ConsumeFromMinOffset,
    /// At the end; a name of old clients.
    ConsumeFromMaxOffset,
    /// At the first message.
    ConsumeFromFirstOffset,
    /// At the first message of some time.
    ConsumeFromTimestamp,
}

/// What a client tells every broker of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeartbeatData {
    /// Id of the client.
    #[serde(rename = "clientID")]
    pub client_id: String,
    /// Its consumers.
    pub consumer_data_set: Vec<ConsumerData>,
    /// Hash of what it subscribes to, or 0 from clients that do not tell.
    pub heartbeat_fingerprint: i32,
    /// Its producers.
    pub producer_data_set: Vec<ProducerData>,
    /// Whether the subscriptions were left out because they have not changed.
    pub without_sub: bool,
}

json_body!(HeartbeatData);

impl HeartbeatData {
    /// Hash of what the client subscribes to: the same until that changes.
    #[must_use]
    pub fn compute_fingerprint(&self) -> i32 {
        let mut copy = Self {
            client_id: String::new(),
            heartbeat_fingerprint: 0,
            without_sub: false,
            ..self.clone()
        };
        for consumer in &mut copy.consumer_data_set {
            for subscription in &mut consumer.subscription_data_set {
                subscription.sub_version = 0;
            }
        }
        java_hash(&String::from_utf8_lossy(&write_json(&copy)))
    }
}

/// A consumer of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumerData {
    /// Where a new group begins in a queue.
    pub consume_from_where: ConsumeFromWhere,
    /// How the group gets its messages.
    pub consume_type: ConsumeType,
    /// The group.
    pub group_name: String,
    /// Whether the members of the group share the messages.
    pub message_model: MessageModel,
    /// What the group wants, one entry a topic.
    pub subscription_data_set: Vec<SubscriptionData>,
    /// Whether the group is in unit mode.
    pub unit_mode: bool,
}

/// A producer of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProducerData {
    /// The group.
    pub group_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    fn heartbeat() -> HeartbeatData {
        let subscription = SubscriptionData::build("T", "TagA || TagB", None, 5).unwrap();
        HeartbeatData {
            client_id: "10.0.0.9@1".into(),
            consumer_data_set: vec![ConsumerData {
                group_name: "g".into(),
                subscription_data_set: vec![subscription],
                ..ConsumerData::default()
            }],
            producer_data_set: vec![ProducerData {
                group_name: "p".into(),
            }],
            ..HeartbeatData::default()
        }
    }

    #[test]
    fn golden_bytes() {
        golden(
            &heartbeat(),
            r#"{"clientID":"10.0.0.9@1","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"g","messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[2598919,2598920],"expressionType":"TAG","subString":"TagA || TagB","subVersion":5,"tagsSet":["TagA","TagB"],"topic":"T"}],"unitMode":false}],"heartbeatFingerprint":0,"producerDataSet":[{"groupName":"p"}],"withoutSub":false}"#,
        );
    }

    #[test]
    fn heartbeats_of_old_cpp_clients_are_read() {
        // enums by number, a version in quotes, booleans as text, no producers, a line feed
        let text = br#"{"clientID":"c","consumerDataSet":[{"consumeFromWhere":4,"consumeType":1,"groupName":"g","messageModel":1,"unitMode":"0","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[0,0],"subString":"*","subVersion":"1700000000000","tagsSet":[],"topic":"T"}]}]}
"#;
        let heartbeat = HeartbeatData::from_json(text).unwrap();
        let consumer = &heartbeat.consumer_data_set[0];
        assert_eq!(
            consumer.consume_from_where,
            ConsumeFromWhere::ConsumeFromFirstOffset
        );
        assert_eq!(consumer.consume_type, ConsumeType::ConsumePassively);
        assert_eq!(consumer.message_model, MessageModel::Clustering);
        assert!(!consumer.unit_mode && heartbeat.producer_data_set.is_empty());
        let subscription = &consumer.subscription_data_set[0];
        assert_eq!(
            (subscription.sub_version, subscription.is_all()),
            (1_700_000_000_000, true)
        );
    }

    #[test]
    fn an_enum_of_tomorrow_is_an_error_that_says_where() {
        let text = br#"{"consumerDataSet":[{"messageModel":"TELEPATHY"}]}"#;
        let error = HeartbeatData::from_json(text).unwrap_err().to_string();
        assert!(
            error.starts_with("consumerDataSet.0.messageModel: "),
            "{error}"
        );
    }

    #[test]
    fn the_fingerprint_is_of_what_is_subscribed_to() {
        let fingerprint = heartbeat().compute_fingerprint();
        let mut later = heartbeat();
        later.client_id = "other".into();
        later.heartbeat_fingerprint = fingerprint;
        later.without_sub = true;
        later.consumer_data_set[0].subscription_data_set[0].sub_version = 9;
        assert_eq!(later.compute_fingerprint(), fingerprint);
        later.consumer_data_set[0].subscription_data_set[0].topic = "U".into();
        assert_ne!(later.compute_fingerprint(), fingerprint);
    }
}
