//! The settings of topics: as a broker keeps them, registers them and is asked for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::data_version::DataVersion;
use super::static_topic::{TopicQueueMappingDetail, TopicQueueMappingInfo};
use super::{json_body, perm};

/// How many queues a topic has unless told otherwise, as in Java.
const DEFAULT_QUEUE_NUMS: i32 = 16;

/// Whether a message may have several tags; nothing reads it any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TopicFilterType {
    /// At most one.
    #[default]
    SingleTag,
    /// Any number.
    MultiTag,
}

impl TopicFilterType {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleTag => "SINGLE_TAG",
            Self::MultiTag => "MULTI_TAG",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::SingleTag, Self::MultiTag]
            .into_iter()
            .find(|known| known.name() == name)
    }
}

/// The settings of a topic on one broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicConfig {
    /// Further settings, such as `message.type`.
    pub attributes: BTreeMap<String, String>,
    /// Whether the topic is ordered: producers then keep to its queues even when one is down.
    pub order: bool,
    /// The bits of [`perm`].
    pub perm: i32,
    /// How many queues consumers read.
    pub read_queue_nums: i32,
    /// Whether a message may have several tags.
    pub topic_filter_type: TopicFilterType,
    /// The topic.
    pub topic_name: String,
    /// System flag: unit mode.
    pub topic_sys_flag: i32,
    /// How many queues producers write.
    pub write_queue_nums: i32,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            order: false,
            perm: perm::READ | perm::WRITE,
            read_queue_nums: DEFAULT_QUEUE_NUMS,
            topic_filter_type: TopicFilterType::SingleTag,
            topic_name: String::new(),
            topic_sys_flag: 0,
            write_queue_nums: DEFAULT_QUEUE_NUMS,
        }
    }
}

impl TopicConfig {
    /// A topic that is read and written, with this many queues for both.
    #[must_use]
    pub fn new(topic_name: impl Into<String>, queue_nums: i32) -> Self {
        Self {
            topic_name: topic_name.into(),
            read_queue_nums: queue_nums,
            write_queue_nums: queue_nums,
            ..Self::default()
        }
    }
}

/// All topics of a broker: `topics.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicConfigSerializeWrapper {
    /// Which state the table is in.
    pub data_version: DataVersion,
    /// Settings by topic.
    pub topic_config_table: BTreeMap<String, TopicConfig>,
}

/// All topics of a broker, static ones included: what it registers and answers when asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicConfigAndMappingSerializeWrapper {
    /// Which state the table is in.
    pub data_version: DataVersion,
    /// Which state the mappings are in.
    pub mapping_data_version: DataVersion,
    /// Settings by topic.
    pub topic_config_table: BTreeMap<String, TopicConfig>,
    /// Mappings of static topics, with their past.
    pub topic_queue_mapping_detail_map: BTreeMap<String, TopicQueueMappingDetail>,
    /// Mappings of static topics.
    pub topic_queue_mapping_info_map: BTreeMap<String, TopicQueueMappingInfo>,
}

/// Topics to be created or changed in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateTopicListRequestBody {
    /// Their settings.
    pub topic_config_list: Vec<TopicConfig>,
}

json_body!(
    TopicConfig,
    TopicConfigSerializeWrapper,
    TopicConfigAndMappingSerializeWrapper,
    CreateTopicListRequestBody,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    const CONFIG: &str = r#"{"attributes":{},"order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":8}"#;
    const VERSION: &str = r#"{"counter":0,"stateVersion":0,"timestamp":5}"#;

    #[test]
    fn golden_bytes() {
        let config = TopicConfig::new("T", 8);
        golden(&config, CONFIG);
        golden(
            &CreateTopicListRequestBody {
                topic_config_list: vec![config.clone()],
            },
            &format!(r#"{{"topicConfigList":[{CONFIG}]}}"#),
        );
        golden(
            &TopicConfigSerializeWrapper {
                data_version: DataVersion::new(5),
                topic_config_table: [("T".into(), config.clone())].into(),
            },
            &format!(r#"{{"dataVersion":{VERSION},"topicConfigTable":{{"T":{CONFIG}}}}}"#),
        );
        golden(
            &TopicConfigAndMappingSerializeWrapper {
                data_version: DataVersion::new(5),
                mapping_data_version: DataVersion::new(5),
                topic_config_table: [("T".into(), config)].into(),
                ..TopicConfigAndMappingSerializeWrapper::default()
            },
            &format!(
                r#"{{"dataVersion":{VERSION},"mappingDataVersion":{VERSION},"topicConfigTable":{{"T":{CONFIG}}},"topicQueueMappingDetailMap":{{}},"topicQueueMappingInfoMap":{{}}}}"#
            ),
        );
    }

    #[test]
    fn what_is_missing_is_javas_default() {
        let config = TopicConfig::from_json(br#"{"topicName":"T","perm":"4"}"#).unwrap();
        assert_eq!(
            config,
            TopicConfig {
                perm: 4,
                ..TopicConfig::new("T", 16)
            }
        );
    }

    #[test]
    fn the_filter_type_may_be_a_number() {
        let config = TopicConfig::from_json(br#"{"topicFilterType":1}"#).unwrap();
        assert_eq!(config.topic_filter_type, TopicFilterType::MultiTag);
        assert_eq!(
            TopicFilterType::from_name("MULTI_TAG"),
            Some(TopicFilterType::MultiTag)
        );
        assert_eq!(TopicFilterType::from_name("x"), None);
    }
}
