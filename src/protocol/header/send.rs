//! What producers and transactions send (the send header itself is in `send_message`).

use super::headers;

headers! {
    /// RocketMQ `ConsumerSendMsgBackRequestHeader`: `CONSUMER_SEND_MSG_BACK`.
    pub struct ConsumerSendMsgBackRequestHeader {
        offset "offset": i64,
        group "group": String,
        delay_level "delayLevel": i32,
        origin_msg_id "originMsgId": Option<String>,
        origin_topic "originTopic": Option<String>,
        unit_mode "unitMode": Option<bool>,
        max_reconsume_times "maxReconsumeTimes": Option<i32>,
    }

    /// RocketMQ `EndTransactionRequestHeader`: `END_TRANSACTION`.
    pub struct EndTransactionRequestHeader {
        topic "topic": Option<String>,
        producer_group "producerGroup": String,
        tran_state_table_offset "tranStateTableOffset": i64,
        commit_log_offset "commitLogOffset": i64,
        commit_or_rollback "commitOrRollback": i32,
        from_transaction_check "fromTransactionCheck": Option<bool>,
        msg_id "msgId": String,
        transaction_id "transactionId": Option<String>,
    }

    /// RocketMQ `CheckTransactionStateRequestHeader`: `CHECK_TRANSACTION_STATE`.
    pub struct CheckTransactionStateRequestHeader {
        topic "topic": Option<String>,
        tran_state_table_offset "tranStateTableOffset": i64,
        commit_log_offset "commitLogOffset": i64,
        msg_id "msgId": Option<String>,
        transaction_id "transactionId": Option<String>,
        offset_msg_id "offsetMsgId": Option<String>,
    }

    /// RocketMQ `ReplyMessageRequestHeader`: `PUSH_REPLY_MESSAGE_TO_CLIENT`.
    pub struct ReplyMessageRequestHeader {
        producer_group "producerGroup": String,
        topic "topic": String,
        default_topic "defaultTopic": String,
        default_topic_queue_nums "defaultTopicQueueNums": i32,
        queue_id "queueId": i32,
        sys_flag "sysFlag": i32,
        born_timestamp "bornTimestamp": i64,
        flag "flag": i32,
        properties "properties": Option<String>,
        reconsume_times "reconsumeTimes": Option<i32>,
        unit_mode "unitMode": Option<bool>,
        born_host "bornHost": String,
        store_host "storeHost": String,
        store_timestamp "storeTimestamp": i64,
    }

    /// RocketMQ `RecallMessageRequestHeader`: `RECALL_MESSAGE`.
    pub struct RecallMessageRequestHeader {
        producer_group "producerGroup": Option<String>,
        topic "topic": String,
        recall_handle "recallHandle": String,
    }

    /// RocketMQ `RecallMessageResponseHeader`.
    pub struct RecallMessageResponseHeader {
        msg_id "msgId": String,
    }

    /// RocketMQ `SendMessageResponseHeader`.
    pub struct SendMessageResponseHeader {
        msg_id "msgId": String,
        queue_id "queueId": i32,
        queue_offset "queueOffset": i64,
        transaction_id "transactionId": Option<String>,
        batch_uniq_id "batchUniqId": Option<String>,
        recall_handle "recallHandle": Option<String>,
    }

    /// RocketMQ `ResumeCheckHalfMessageRequestHeader`: `RESUME_CHECK_HALF_MESSAGE`.
    pub struct ResumeCheckHalfMessageRequestHeader {
        topic "topic": Option<String>,
        msg_id "msgId": Option<String>,
    }
}
