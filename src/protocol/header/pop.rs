//! POP consumption: take, acknowledge, prolong.

use super::headers;

headers! {
    /// RocketMQ `PopMessageRequestHeader`: `POP_MESSAGE`.
    pub struct PopMessageRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        max_msg_nums "maxMsgNums": i32,
        invisible_time "invisibleTime": i64,
        poll_time "pollTime": i64,
        born_time "bornTime": i64,
        init_mode "initMode": i32,
        exp_type "expType": Option<String>,
        exp "exp": Option<String>,
        order "order": Option<bool>,
        attempt_id "attemptId": Option<String>,
    }

    /// RocketMQ `PopMessageResponseHeader`.
    pub struct PopMessageResponseHeader {
        pop_time "popTime": i64,
        invisible_time "invisibleTime": i64,
        revive_qid "reviveQid": i32,
        rest_num "restNum": i64,
        start_offset_info "startOffsetInfo": Option<String>,
        msg_offset_info "msgOffsetInfo": Option<String>,
        order_count_info "orderCountInfo": Option<String>,
    }

    /// RocketMQ `AckMessageRequestHeader`: `ACK_MESSAGE`.
    pub struct AckMessageRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        extra_info "extraInfo": String,
        offset "offset": i64,
    }

    /// RocketMQ `ChangeInvisibleTimeRequestHeader`: `CHANGE_MESSAGE_INVISIBLETIME`.
    pub struct ChangeInvisibleTimeRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        extra_info "extraInfo": String,
        offset "offset": i64,
        invisible_time "invisibleTime": i64,
    }

    /// RocketMQ `ChangeInvisibleTimeResponseHeader`.
    pub struct ChangeInvisibleTimeResponseHeader {
        pop_time "popTime": i64,
        invisible_time "invisibleTime": i64,
        revive_qid "reviveQid": i32,
    }

    /// RocketMQ `NotificationRequestHeader`: `NOTIFICATION`.
    pub struct NotificationRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
        poll_time "pollTime": i64,
        born_time "bornTime": i64,
        order "order": Option<bool>,
        attempt_id "attemptId": Option<String>,
    }

    /// RocketMQ `NotificationResponseHeader`.
    pub struct NotificationResponseHeader {
        has_msg "hasMsg": bool,
        polling_full "pollingFull": Option<bool>,
    }

    /// RocketMQ `PeekMessageRequestHeader`: `PEEK_MESSAGE`.
    pub struct PeekMessageRequestHeader {
        topic "topic": String,
        queue_id "queueId": i32,
        max_msg_nums "maxMsgNums": i32,
        consumer_group "consumerGroup": String,
    }

    /// RocketMQ `PollingInfoRequestHeader`: `POLLING_INFO`.
    pub struct PollingInfoRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": String,
        queue_id "queueId": i32,
    }

    /// RocketMQ `PollingInfoResponseHeader`.
    pub struct PollingInfoResponseHeader {
        polling_num "pollingNum": i32,
    }
}
