//! Tables and lists of names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::json_body;

/// Names and values: a broker's runtime information, the order configuration, a KV namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KvTable {
    /// The values by name.
    pub table: BTreeMap<String, String>,
}

/// All namespaces of a name server: `kvConfig.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KvConfigSerializeWrapper {
    /// The values by namespace and name.
    pub config_table: BTreeMap<String, BTreeMap<String, String>>,
}

/// Topics, and sometimes a broker that has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicList {
    /// Address of a broker to ask further.
    pub broker_addr: Option<String>,
    /// The topics.
    pub topic_list: BTreeSet<String>,
}

/// Consumer groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupList {
    /// The groups.
    pub group_list: BTreeSet<String>,
}

/// The members of a consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GetConsumerListByGroupResponseBody {
    /// Their client ids, as the broker has them: not sorted, and perhaps with repetitions.
    pub consumer_id_list: Vec<String>,
}

json_body!(
    KvTable,
    TopicList,
    GroupList,
    GetConsumerListByGroupResponseBody
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let table = KvTable {
            table: [("a".into(), "1".into()), ("b".into(), "".into())].into(),
        };
        golden(&table, r#"{"table":{"a":"1","b":""}}"#);
        let topics = TopicList {
            topic_list: ["T".into(), "U".into()].into(),
            broker_addr: None,
        };
        golden(&topics, r#"{"topicList":["T","U"]}"#);
        let topics = TopicList {
            broker_addr: Some("h:1".into()),
            ..topics
        };
        golden(&topics, r#"{"brokerAddr":"h:1","topicList":["T","U"]}"#);
        golden(
            &GroupList {
                group_list: ["g".into()].into(),
            },
            r#"{"groupList":["g"]}"#,
        );
        let members = GetConsumerListByGroupResponseBody {
            consumer_id_list: vec!["c2".into(), "c1".into()],
        };
        golden(&members, r#"{"consumerIdList":["c2","c1"]}"#);
    }

    #[test]
    fn values_that_are_not_text_become_text() {
        let table = KvTable::from_json(br#"{"table":{"a":1,"b":true}}"#).unwrap();
        assert_eq!(
            table.table,
            [("a".into(), "1".into()), ("b".into(), "true".into())].into()
        );
    }
}
