//! A look into a consume queue.

use serde::{Deserialize, Serialize};

use super::json_body;
use super::subscription::SubscriptionData;

/// Some entries of a consume queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryConsumeQueueResponseBody {
    /// The group's SQL filter as text.
    pub filter_data: Option<String>,
    /// The offset that the next message will have.
    pub max_queue_index: i64,
    /// Offset of the first message.
    pub min_queue_index: i64,
    /// The entries.
    pub queue_data: Vec<ConsumeQueueData>,
    /// What the group wants, if one was named.
    pub subscription_data: Option<SubscriptionData>,
}

/// One entry of a consume queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumeQueueData {
    /// Bits of the extended consume queue.
    pub bit_map: Option<String>,
    /// Whether the message matches what the group wants.
    pub eval: bool,
    /// The extended consume queue's entry.
    pub extend_data_json: Option<String>,
    /// What there is to say of the entry.
    pub msg: Option<String>,
    /// Position of the record in the commit log.
    pub physic_offset: i64,
    /// Size of the record.
    pub physic_size: i32,
    /// Hash of the tags.
    pub tags_code: i64,
}

json_body!(QueryConsumeQueueResponseBody);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let entry = ConsumeQueueData {
            physic_offset: 1024,
            physic_size: 123,
            tags_code: 2_598_919,
            ..ConsumeQueueData::default()
        };
        golden(
            &QueryConsumeQueueResponseBody {
                max_queue_index: 9,
                min_queue_index: 1,
                queue_data: vec![entry],
                ..QueryConsumeQueueResponseBody::default()
            },
            r#"{"maxQueueIndex":9,"minQueueIndex":1,"queueData":[{"eval":false,"physicOffset":1024,"physicSize":123,"tagsCode":2598919}]}"#,
        );
    }
}
