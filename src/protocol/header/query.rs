//! Looking up stored messages and queue entries.

use super::headers;

headers! {
    /// RocketMQ `QueryMessageRequestHeader`: `QUERY_MESSAGE`.
    pub struct QueryMessageRequestHeader {
        topic "topic": String,
        key "key": String,
        max_num "maxNum": i32,
        begin_timestamp "beginTimestamp": i64,
        end_timestamp "endTimestamp": i64,
    }

    /// RocketMQ `QueryMessageResponseHeader`.
    pub struct QueryMessageResponseHeader {
        index_last_update_timestamp "indexLastUpdateTimestamp": i64,
        index_last_update_phyoffset "indexLastUpdatePhyoffset": i64,
    }

    /// RocketMQ `ViewMessageRequestHeader`: `VIEW_MESSAGE_BY_ID`.
    pub struct ViewMessageRequestHeader {
        topic "topic": Option<String>,
        offset "offset": i64,
    }

    /// RocketMQ `QueryConsumeQueueRequestHeader`: `QUERY_CONSUME_QUEUE`.
    pub struct QueryConsumeQueueRequestHeader {
        topic "topic": Option<String>,
        queue_id "queueId": Option<i32>,
        index "index": Option<i64>,
        count "count": Option<i32>,
        consumer_group "consumerGroup": Option<String>,
    }

    /// RocketMQ `QueryConsumeTimeSpanRequestHeader`: `QUERY_CONSUME_TIME_SPAN`.
    pub struct QueryConsumeTimeSpanRequestHeader {
        topic "topic": String,
        group "group": String,
    }
}
