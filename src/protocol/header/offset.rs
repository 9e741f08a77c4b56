//! Where queues begin and end, and how far groups have come.

use super::headers;

headers! {
    /// RocketMQ `QueryConsumerOffsetRequestHeader`: `QUERY_CONSUMER_OFFSET`.
    pub struct QueryConsumerOffsetRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        set_zero_if_not_found "setZeroIfNotFound": Option<bool>,
    }

    /// RocketMQ `QueryConsumerOffsetResponseHeader`.
    pub struct QueryConsumerOffsetResponseHeader {
        offset "offset": i64,
    }

    /// RocketMQ `UpdateConsumerOffsetRequestHeader`: `UPDATE_CONSUMER_OFFSET`.
    pub struct UpdateConsumerOffsetRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        commit_offset "commitOffset": i64,
    }

    /// RocketMQ `GetMaxOffsetRequestHeader`: `GET_MAX_OFFSET`.
    pub struct GetMaxOffsetRequestHeader {
        topic "topic": String,
        queue_id "queueId": i32,
        committed "committed": Option<bool>,
    }

    /// RocketMQ `GetMaxOffsetResponseHeader`.
    pub struct GetMaxOffsetResponseHeader {
        offset "offset": i64,
    }

    /// RocketMQ `GetMinOffsetRequestHeader`: `GET_MIN_OFFSET`.
    pub struct GetMinOffsetRequestHeader {
        topic "topic": String,
        queue_id "queueId": i32,
    }

    /// RocketMQ `GetMinOffsetResponseHeader`.
    pub struct GetMinOffsetResponseHeader {
        offset "offset": i64,
    }

    /// RocketMQ `SearchOffsetRequestHeader`: `SEARCH_OFFSET_BY_TIMESTAMP`.
    pub struct SearchOffsetRequestHeader {
        topic "topic": String,
        queue_id "queueId": i32,
        timestamp "timestamp": i64,
        boundary_type "boundaryType": Option<String>,
    }

    /// RocketMQ `SearchOffsetResponseHeader`.
    pub struct SearchOffsetResponseHeader {
        offset "offset": i64,
    }

    /// RocketMQ `GetEarliestMsgStoretimeRequestHeader`: `GET_EARLIEST_MSG_STORETIME`.
    pub struct GetEarliestMsgStoretimeRequestHeader {
        topic "topic": String,
        queue_id "queueId": i32,
    }

    /// RocketMQ `GetEarliestMsgStoretimeResponseHeader`.
    pub struct GetEarliestMsgStoretimeResponseHeader {
        timestamp "timestamp": i64,
    }

    /// RocketMQ `ResetOffsetRequestHeader`: `INVOKE_BROKER_TO_RESET_OFFSET`.
    pub struct ResetOffsetRequestHeader {
        group "group": String,
        topic "topic": String,
        queue_id "queueId": Option<i32>,
        offset "offset": Option<i64>,
        timestamp "timestamp": i64,
        is_force "isForce": bool,
    }

    /// RocketMQ `CloneGroupOffsetRequestHeader`: `CLONE_GROUP_OFFSET`.
    pub struct CloneGroupOffsetRequestHeader {
        src_group "srcGroup": String,
        dest_group "destGroup": String,
        topic "topic": Option<String>,
        offline "offline": Option<bool>,
    }

    /// RocketMQ `QueryCorrectionOffsetHeader`: `QUERY_CORRECTION_OFFSET`.
    pub struct QueryCorrectionOffsetRequestHeader {
        filter_groups "filterGroups": Option<String>,
        compare_group "compareGroup": String,
        topic "topic": String,
    }

    /// RocketMQ `GetConsumerStatusRequestHeader`: `INVOKE_BROKER_TO_GET_CONSUMER_STATUS`.
    pub struct GetConsumerStatusRequestHeader {
        topic "topic": String,
        group "group": String,
        client_addr "clientAddr": Option<String>,
    }
}
