//! The settings of consumer groups.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::data_version::DataVersion;
use super::json_body;

/// The settings of a consumer group on one broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionGroupConfig {
    /// Further settings.
    pub attributes: BTreeMap<String, String>,
    /// The broker that consumers should pull from.
    pub broker_id: i64,
    /// Whether the group may consume by broadcasting.
    pub consume_broadcast_enable: bool,
    /// Whether the group may consume at all.
    pub consume_enable: bool,
    /// Whether the group may begin with a queue's first message.
    pub consume_from_min_enable: bool,
    /// Whether the group consumes in order.
    pub consume_message_orderly: bool,
    /// How long a message may be with a consumer, in minutes.
    pub consume_timeout_minute: i32,
    /// The group.
    pub group_name: String,
    /// How long a message waits for its next try.
    pub group_retry_policy: GroupRetryPolicy,
    /// System flag: unit mode.
    pub group_sys_flag: i32,
    /// Whether members are told when others come and go.
    pub notify_consumer_ids_changed_enable: bool,
    /// How often a message is tried again before it is a dead letter.
    pub retry_max_times: i32,
    /// How many queues the retry topic has.
    pub retry_queue_nums: i32,
    /// What the group wants, for groups whose subscription is fixed.
    pub subscription_data_set: Option<Vec<SimpleSubscriptionData>>,
    /// The broker that slow consumers should pull from.
    pub which_broker_when_consume_slowly: i64,
}

impl Default for SubscriptionGroupConfig {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            broker_id: 0,
            consume_broadcast_enable: true,
            consume_enable: true,
            consume_from_min_enable: true,
            consume_message_orderly: false,
            consume_timeout_minute: 15,
            group_name: String::new(),
            group_retry_policy: GroupRetryPolicy::default(),
            group_sys_flag: 0,
            notify_consumer_ids_changed_enable: true,
            retry_max_times: 16,
            retry_queue_nums: 1,
            subscription_data_set: None,
            which_broker_when_consume_slowly: 1,
        }
    }
}

impl SubscriptionGroupConfig {
    /// A group with the settings that every new group has.
    #[must_use]
    pub fn new(group_name: impl Into<String>) -> Self {
        Self {
            group_name: group_name.into(),
            ..Self::default()
        }
    }
}

/// How long a message waits for its next try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupRetryPolicy {
    /// The waits, if they were set one by one.
    pub customized_retry_policy: Option<CustomizedRetryPolicy>,
    /// The waits, if they grow by a factor.
    pub exponential_retry_policy: Option<ExponentialRetryPolicy>,
    /// Which of the two counts.
    #[serde(rename = "type")]
    pub policy_type: GroupRetryPolicyType,
}

/// Which retry policy counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupRetryPolicyType {
    /// Waits that grow by a factor.
    Exponential,
    /// Waits that were set one by one, or the broker's delay levels.
    #[default]
    Customized,
}

/// Waits that were set one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomizedRetryPolicy {
    /// The waits in ms; the third is that of the first retry, as with delay levels.
    pub next: Vec<i64>,
}

impl Default for CustomizedRetryPolicy {
    /// The delay levels that brokers have by default.
    fn default() -> Self {
        const SECOND: i64 = 1_000;
        const MINUTE: i64 = 60 * SECOND;
        const HOUR: i64 = 60 * MINUTE;
        let seconds = [1, 5, 10, 30].map(|count| count * SECOND);
        let minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30].map(|count| count * MINUTE);
        let hours = [1, 2].map(|count| count * HOUR);
        Self {
            next: seconds.into_iter().chain(minutes).chain(hours).collect(),
        }
    }
}

/// Waits that grow by a factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExponentialRetryPolicy {
    /// The first wait in ms.
    pub initial: i64,
    /// The longest wait in ms.
    pub max: i64,
    /// The factor.
    pub multiplier: i64,
}

impl Default for ExponentialRetryPolicy {
    fn default() -> Self {
        Self {
            initial: 5_000,
            max: 7_200_000,
            multiplier: 2,
        }
    }
}

/// What a group whose subscription is fixed wants of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SimpleSubscriptionData {
    /// The expression.
    pub expression: String,
    /// Type of the expression.
    pub expression_type: String,
    /// The topic.
    pub topic: String,
    /// When the subscription was made, in ms since the epoch.
    pub version: i64,
}

/// All groups of a broker: `subscriptionGroup.json`, and the answer when asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionGroupWrapper {
    /// Which state the table is in.
    pub data_version: DataVersion,
    /// What is forbidden, by group and topic: bit 0 is reading.
    pub forbidden_table: BTreeMap<String, BTreeMap<String, i32>>,
    /// Settings by group.
    pub subscription_group_table: BTreeMap<String, SubscriptionGroupConfig>,
}

/// Groups to be created or changed in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionGroupList {
    /// Their settings.
    pub group_config_list: Vec<SubscriptionGroupConfig>,
}

/// Whether a group may read a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupForbidden {
    /// The group.
    pub group: String,
    /// Whether it may.
    pub readable: Option<bool>,
    /// The topic.
    pub topic: String,
}

json_body!(
    SubscriptionGroupConfig,
    SubscriptionGroupWrapper,
    SubscriptionGroupList,
    GroupForbidden,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const CONFIG: &str = r#"{"attributes":{},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"consumeMessageOrderly":false,"consumeTimeoutMinute":15,"groupName":"g","groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":16,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1}"#;

    #[test]
    fn golden_bytes() {
        let config = SubscriptionGroupConfig::new("g");
        golden(&config, CONFIG);
        golden(
            &SubscriptionGroupList {
                group_config_list: vec![config.clone()],
            },
            &format!(r#"{{"groupConfigList":[{CONFIG}]}}"#),
        );
        golden(
            &SubscriptionGroupWrapper {
                data_version: DataVersion::new(5),
                forbidden_table: [("g".into(), [("T".into(), 1)].into())].into(),
                subscription_group_table: [("g".into(), config)].into(),
            },
            &format!(
                r#"{{"dataVersion":{{"counter":0,"stateVersion":0,"timestamp":5}},"forbiddenTable":{{"g":{{"T":1}}}},"subscriptionGroupTable":{{"g":{CONFIG}}}}}"#
            ),
        );
        golden(
            &GroupForbidden {
                group: "g".into(),
                readable: Some(false),
                topic: "T".into(),
            },
            r#"{"group":"g","readable":false,"topic":"T"}"#,
        );
    }

    #[test]
    fn both_retry_policies_are_known() {
        golden(
            &GroupRetryPolicy {
                customized_retry_policy: Some(CustomizedRetryPolicy {
                    next: vec![1_000, 5_000],
                }),
                exponential_retry_policy: Some(ExponentialRetryPolicy::default()),
                policy_type: GroupRetryPolicyType::Exponential,
            },
            r#"{"customizedRetryPolicy":{"next":[1000,5000]},"exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2},"type":"EXPONENTIAL"}"#,
        );
    }

    #[test]
    fn what_is_missing_is_javas_default() {
        let config = SubscriptionGroupConfig::from_json(
            br#"{"groupName":"g","consumeEnable":null,"groupRetryPolicy":{}}"#,
        );
        assert_eq!(config, Ok(SubscriptionGroupConfig::new("g")));
        let waits = CustomizedRetryPolicy::default().next;
        assert_eq!((waits.len(), waits[2], waits[17]), (18, 10_000, 7_200_000));
    }
}
