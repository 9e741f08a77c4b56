//! What a consumer group wants of a topic.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::json_body;
use crate::message::java_hash;

/// The expression that wants every message.
pub const SUB_ALL: &str = "*";
/// The expression is tags joined by `||`.
pub const EXPRESSION_TYPE_TAG: &str = "TAG";
/// The expression is a condition on properties.
pub const EXPRESSION_TYPE_SQL92: &str = "SQL92";

/// Why an expression says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// There are only separators.
    #[error("the expression {expression:?} names no tag")]
    NoTags {
        /// The expression.
        expression: String,
    },
    /// There is nothing, where a condition is needed.
    #[error("a {expression_type} expression cannot be empty")]
    EmptyExpression {
        /// Type of the expression.
        expression_type: String,
    },
}

/// What a consumer group wants of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionData {
    /// Whether a class filters; a matter of RocketMQ 4.
    pub class_filter_mode: bool,
    /// The hashes of the tags.
    pub code_set: BTreeSet<i32>,
    /// [`EXPRESSION_TYPE_TAG`] or [`EXPRESSION_TYPE_SQL92`].
    pub expression_type: String,
    /// The expression.
    pub sub_string: String,
    /// When the subscription was made: ms, or ns from some clients. The greater one counts.
    pub sub_version: i64,
    /// The tags.
    pub tags_set: BTreeSet<String>,
    /// The topic.
    pub topic: String,
}

impl Default for SubscriptionData {
    fn default() -> Self {
        Self {
            class_filter_mode: false,
            code_set: BTreeSet::new(),
            expression_type: EXPRESSION_TYPE_TAG.to_owned(),
            sub_string: String::new(),
            sub_version: 0,
            tags_set: BTreeSet::new(),
            topic: String::new(),
        }
    }
}

impl SubscriptionData {
    /// The subscription that an expression asks for; no type means tags.
    ///
    /// # Errors
    /// [`SubscriptionError`] for tags that are only separators, and for any other empty expression.
    pub fn build(
        topic: impl Into<String>,
        expression: &str,
        expression_type: Option<&str>,
        sub_version: i64,
    ) -> Result<Self, SubscriptionError> {
        let expression_type = expression_type
            .filter(|given| !given.is_empty())
            .unwrap_or(EXPRESSION_TYPE_TAG);
        let mut subscription = Self {
            expression_type: expression_type.to_owned(),
            sub_string: expression.to_owned(),
            sub_version,
            topic: topic.into(),
            ..Self::default()
        };
        if expression_type != EXPRESSION_TYPE_TAG {
            if expression.is_empty() {
                let expression_type = subscription.expression_type;
                return Err(SubscriptionError::EmptyExpression { expression_type });
            }
        } else if expression.is_empty() || expression == SUB_ALL {
            SUB_ALL.clone_into(&mut subscription.sub_string);
        } else {
            if expression.split("||").all(str::is_empty) {
                let expression = subscription.sub_string;
                return Err(SubscriptionError::NoTags { expression });
            }
            let tags = expression
                .split("||")
                .map(str::trim)
                .filter(|tag| !tag.is_empty());
            subscription.tags_set = tags.map(str::to_owned).collect();
            subscription.code_set = subscription
                .tags_set
                .iter()
                .map(|tag| java_hash(tag))
                .collect();
        }
        Ok(subscription)
    }

    /// Whether the expression is tags.
    #[must_use]
    pub fn is_tag_type(&self) -> bool {
        self.expression_type.is_empty() || self.expression_type == EXPRESSION_TYPE_TAG
    }

    /// Whether every message is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.is_tag_type() && self.sub_string == SUB_ALL
    }
}

/// What one group wants of one topic, when asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuerySubscriptionResponseBody {
    /// The group.
    pub group: String,
    /// What it wants; nothing if no member is online.
    pub subscription_data: Option<SubscriptionData>,
    /// The topic.
    pub topic: String,
}

/// A subscription that a client wants checked before it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckClientRequestBody {
    /// Id of the client.
    pub client_id: String,
    /// The group.
    pub group: String,
    /// Namespace of the client.
    pub namespace: Option<String>,
    /// The subscription.
    pub subscription_data: SubscriptionData,
}

json_body!(
    SubscriptionData,
    QuerySubscriptionResponseBody,
    CheckClientRequestBody
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const DATA: &str = r#"{"classFilterMode":false,"codeSet":[2598919,2598920],"expressionType":"TAG","subString":"TagA || TagB","subVersion":5,"tagsSet":["TagA","TagB"],"topic":"T"}"#;

    fn data() -> SubscriptionData {
        SubscriptionData::build("T", "TagA || TagB", None, 5).unwrap()
    }

    #[test]
    fn golden_bytes() {
        golden(&data(), DATA);
        golden(
            &QuerySubscriptionResponseBody {
                group: "g".into(),
                subscription_data: Some(data()),
                topic: "T".into(),
            },
            &format!(r#"{{"group":"g","subscriptionData":{DATA},"topic":"T"}}"#),
        );
        golden(
            &CheckClientRequestBody {
                client_id: "c".into(),
                group: "g".into(),
                namespace: Some("n".into()),
                subscription_data: data(),
            },
            &format!(r#"{{"clientId":"c","group":"g","namespace":"n","subscriptionData":{DATA}}}"#),
        );
    }

    #[test]
    fn expressions_become_subscriptions() {
        let all = SubscriptionData::build("T", "", Some(""), 5).unwrap();
        assert!(all.is_all() && all.tags_set.is_empty());
        assert_eq!(SubscriptionData::build("T", "*", Some("TAG"), 5), Ok(all));
        let one = SubscriptionData::build("T", " || TagA||", None, 0).unwrap();
        assert_eq!((one.tags_set.len(), one.code_set.len()), (1, 1));
        let condition = SubscriptionData::build("T", "a > 1", Some("SQL92"), 0).unwrap();
        assert!(!condition.is_tag_type() && !condition.is_all() && condition.tags_set.is_empty());
    }

    #[test]
    fn expressions_that_say_nothing_are_refused() {
        let no_tags = SubscriptionData::build("T", "||", None, 0).unwrap_err();
        assert_eq!(
            no_tags,
            SubscriptionError::NoTags {
                expression: "||".into()
            }
        );
        let empty = SubscriptionData::build("T", "", Some("SQL92"), 0).unwrap_err();
        assert_eq!(
            empty,
            SubscriptionError::EmptyExpression {
                expression_type: "SQL92".into()
            }
        );
    }

    #[test]
    fn repetitions_and_texts_of_old_clients_are_read() {
        let text = br#"{"codeSet":[0,0],"subVersion":"1800000000000000000","topic":"T"}"#;
        let data = SubscriptionData::from_json(text).unwrap();
        assert_eq!(
            (data.code_set.len(), data.sub_version),
            (1, 1_800_000_000_000_000_000)
        );
    }
}
