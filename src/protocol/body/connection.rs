//! Which clients are connected to a broker.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::heartbeat::{ConsumeFromWhere, ConsumeType, MessageModel};
use super::json_body;
use super::subscription::SubscriptionData;
use crate::LanguageCode;

/// A client's connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Connection {
    /// Its address.
    pub client_addr: String,
    /// Its id.
    pub client_id: String,
    /// What it is written in.
    #[serde(with = "language")]
    pub language: LanguageCode,
    /// Its version.
    pub version: i32,
}

/// The members of a consumer group, and what they consume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumerConnection {
    /// The members.
    pub connection_set: Vec<Connection>,
    /// Where a new group begins in a queue.
    pub consume_from_where: ConsumeFromWhere,
    /// How the group gets its messages.
    pub consume_type: ConsumeType,
    /// Whether the members share the messages.
    pub message_model: MessageModel,
    /// What the group wants, by topic.
    pub subscription_table: BTreeMap<String, SubscriptionData>,
}

/// The members of a producer group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProducerConnection {
    /// The members.
    pub connection_set: Vec<Connection>,
}

/// All producers of a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProducerTableInfo {
    /// The members by group.
    pub data: BTreeMap<String, Vec<ProducerInfo>>,
}

/// One producer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProducerInfo {
    /// Its id.
    pub client_id: String,
    /// What it is written in.
    #[serde(with = "language")]
    pub language: LanguageCode,
    /// Time of its last heartbeat, in ms since the epoch.
    pub last_update_timestamp: i64,
    /// Its address.
    #[serde(rename = "remoteIP")]
    pub remote_ip: String,
    /// Its version.
    pub version: i32,
}

json_body!(ConsumerConnection, ProducerConnection, ProducerTableInfo);

/// A language by its name, or by its number; one that is not known is [`LanguageCode::Other`].
mod language {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::LanguageCode;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(
        language: &LanguageCode,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(language.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<LanguageCode, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(LanguageCode::from_text(&name).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const CONNECTION: &str =
        r#"{"clientAddr":"10.0.0.9:5","clientId":"c","language":"JAVA","version":479}"#;

    fn connection() -> Connection {
        Connection {
            client_addr: "10.0.0.9:5".into(),
            client_id: "c".into(),
            language: LanguageCode::Java,
            version: 479,
        }
    }

    #[test]
    fn golden_bytes() {
        golden(
            &ProducerConnection {
                connection_set: vec![connection()],
            },
            &format!(r#"{{"connectionSet":[{CONNECTION}]}}"#),
        );
        let subscription = SubscriptionData::build("T", "*", None, 5).unwrap();
        golden(
            &ConsumerConnection {
                connection_set: vec![connection()],
                subscription_table: [("T".into(), subscription)].into(),
                ..ConsumerConnection::default()
            },
            &format!(
                r#"{{"connectionSet":[{CONNECTION}],"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","subscriptionTable":{{"T":{{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"*","subVersion":5,"tagsSet":[],"topic":"T"}}}}}}"#
            ),
        );
        let producer = ProducerInfo {
            client_id: "c".into(),
            language: LanguageCode::Go,
            last_update_timestamp: 7,
            remote_ip: "10.0.0.9:5".into(),
            version: 373,
        };
        golden(
            &ProducerTableInfo {
                data: [("p".into(), vec![producer])].into(),
            },
            r#"{"data":{"p":[{"clientId":"c","language":"GO","lastUpdateTimestamp":7,"remoteIP":"10.0.0.9:5","version":373}]}}"#,
        );
    }

    #[test]
    fn languages_may_be_numbers_or_not_known() {
        let language = |language: &str| {
            let text = format!(r#"{{"connectionSet":[{{"language":{language}}}]}}"#);
            ProducerConnection::from_json(text.as_bytes())
                .unwrap()
                .connection_set[0]
                .language
        };
        assert_eq!(language("9"), LanguageCode::Go);
        assert_eq!(language("\"COBOL\""), LanguageCode::Other);
        assert_eq!(language("null"), LanguageCode::Other);
    }
}
