//! What a consumer says of itself when it is asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body;
use super::message_queue::MessageQueue;
use super::subscription::SubscriptionData;

/// Names of the properties in a [`ConsumerRunningInfo`].
pub mod running_property {
    /// The name servers it uses.
    pub const NAMESERVER_ADDR: &str = "PROP_NAMESERVER_ADDR";
    /// How many threads consume.
    pub const THREADPOOL_CORE_SIZE: &str = "PROP_THREADPOOL_CORE_SIZE";
    /// Whether it consumes in order.
    pub const CONSUME_ORDERLY: &str = "PROP_CONSUMEORDERLY";
    /// Name of a [`ConsumeType`](super::super::ConsumeType).
    pub const CONSUME_TYPE: &str = "PROP_CONSUME_TYPE";
    /// Its version.
    pub const CLIENT_VERSION: &str = "PROP_CLIENT_VERSION";
    /// When it started, in ms since the epoch.
    pub const CONSUMER_START_TIMESTAMP: &str = "PROP_CONSUMER_START_TIMESTAMP";
}

/// What a consumer says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumerRunningInfo {
    /// The stacks of its threads, if they were asked for.
    pub jstack: Option<String>,
    /// The queues it pops from.
    pub mq_pop_table: BTreeMap<MessageQueue, PopProcessQueueInfo>,
    /// The queues it pulls from.
    pub mq_table: BTreeMap<MessageQueue, ProcessQueueInfo>,
    /// How it runs, by the names of [`running_property`].
    pub properties: BTreeMap<String, String>,
    /// How fast it consumes, by topic.
    pub status_table: BTreeMap<String, ConsumeStatus>,
    /// What it wants.
    pub subscription_set: Vec<SubscriptionData>,
    /// What the application adds.
    pub user_consumer_info: BTreeMap<String, String>,
}

/// A queue that a consumer pulls from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessQueueInfo {
    /// How many messages wait in the consumer.
    pub cached_msg_count: i32,
    /// Offset of the last of them.
    pub cached_msg_max_offset: i64,
    /// Offset of the first of them.
    pub cached_msg_min_offset: i64,
    /// How large they are together, in MiB.
    #[serde(rename = "cachedMsgSizeInMiB")]
    pub cached_msg_size_in_mib: i32,
    /// The offset that is consumed next.
    pub commit_offset: i64,
    /// Whether the queue was given up; misspelt on the wire, too.
    pub droped: bool,
    /// When a message was consumed last, in ms since the epoch.
    pub last_consume_timestamp: i64,
    /// When the queue was locked last, in ms since the epoch.
    pub last_lock_timestamp: i64,
    /// When messages were pulled last, in ms since the epoch.
    pub last_pull_timestamp: i64,
    /// Whether the queue is locked.
    pub locked: bool,
    /// How many messages are being consumed in order.
    pub transaction_msg_count: i32,
    /// Offset of the last of them.
    pub transaction_msg_max_offset: i64,
    /// Offset of the first of them.
    pub transaction_msg_min_offset: i64,
    /// How often unlocking was tried.
    pub try_unlock_times: i64,
}

/// A queue that a consumer pops from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PopProcessQueueInfo {
    /// Whether the queue was given up; misspelt on the wire, too.
    pub droped: bool,
    /// When messages were popped last, in ms since the epoch.
    pub last_pop_timestamp: i64,
    /// How many messages are not acknowledged.
    pub wait_ack_count: i32,
}

/// How fast a consumer consumes a topic; times in ms, rates a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumeStatus {
    /// How many messages failed in the last hour.
    pub consume_failed_msgs: i64,
    /// Rate of messages that fail.
    #[serde(rename = "consumeFailedTPS")]
    pub consume_failed_tps: f64,
    /// Rate of messages that succeed.
    #[serde(rename = "consumeOKTPS")]
    pub consume_ok_tps: f64,
    /// Time that a message takes.
    #[serde(rename = "consumeRT")]
    pub consume_rt: f64,
    /// Time that a pull takes.
    #[serde(rename = "pullRT")]
    pub pull_rt: f64,
    /// Rate of messages that are pulled.
    #[serde(rename = "pullTPS")]
    pub pull_tps: f64,
}

/// How it went when a consumer was made to consume one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsumeMessageDirectlyResult {
    /// Whether the offset is committed without the listener's doing.
    pub auto_commit: bool,
    /// How it went.
    pub consume_result: Option<CmResult>,
    /// Whether the consumer consumes in order.
    pub order: bool,
    /// What went wrong.
    pub remark: Option<String>,
    /// How long it took, in ms.
    pub spent_time_mills: i64,
}

impl Default for ConsumeMessageDirectlyResult {
    fn default() -> Self {
        Self {
            auto_commit: true,
            consume_result: None,
            order: false,
            remark: None,
            spent_time_mills: 0,
        }
    }
}

/// How it went with one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CmResult {
    /// The message is consumed.
    #[serde(rename = "CR_SUCCESS")]
    Success,
    /// The message is to come again.
    #[serde(rename = "CR_LATER")]
    Later,
    /// The listener rolled back.
    #[serde(rename = "CR_ROLLBACK")]
    Rollback,
    /// The listener committed.
    #[serde(rename = "CR_COMMIT")]
    Commit,
    /// The listener threw.
    #[serde(rename = "CR_THROW_EXCEPTION")]
    ThrowException,
    /// The listener gave no answer.
    #[serde(rename = "CR_RETURN_NULL")]
    ReturnNull,
}

json_body!(ConsumerRunningInfo, ConsumeMessageDirectlyResult);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes_of_running_info() {
        let queue = MessageQueue::new("T", "b", 0);
        let pop = PopProcessQueueInfo {
            wait_ack_count: 1,
            ..Default::default()
        };
        let status = ConsumeStatus {
            consume_ok_tps: 1.5,
            ..Default::default()
        };
        golden(
            &ConsumerRunningInfo {
                jstack: None,
                mq_pop_table: [(queue.clone(), pop)].into(),
                mq_table: [(queue, ProcessQueueInfo::default())].into(),
                properties: [(running_property::CONSUME_ORDERLY.into(), "false".into())].into(),
                status_table: [("T".into(), status)].into(),
                subscription_set: vec![SubscriptionData::build("T", "*", None, 5).unwrap()],
                user_consumer_info: BTreeMap::new(),
            },
            concat!(
                r#"{"mqPopTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"droped":false,"lastPopTimestamp":0,"waitAckCount":1}},"#,
                r#""mqTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"cachedMsgCount":0,"cachedMsgMaxOffset":0,"cachedMsgMinOffset":0,"cachedMsgSizeInMiB":0,"commitOffset":0,"droped":false,"lastConsumeTimestamp":0,"lastLockTimestamp":0,"lastPullTimestamp":0,"locked":false,"transactionMsgCount":0,"transactionMsgMaxOffset":0,"transactionMsgMinOffset":0,"tryUnlockTimes":0}},"#,
                r#""properties":{"PROP_CONSUMEORDERLY":"false"},"#,
                r#""statusTable":{"T":{"consumeFailedMsgs":0,"consumeFailedTPS":0.0,"consumeOKTPS":1.5,"consumeRT":0.0,"pullRT":0.0,"pullTPS":0.0}},"#,
                r#""subscriptionSet":[{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"*","subVersion":5,"tagsSet":[],"topic":"T"}],"userConsumerInfo":{}}"#,
            ),
        );
    }

    #[test]
    fn golden_bytes_of_direct_consumption() {
        golden(
            &ConsumeMessageDirectlyResult {
                consume_result: Some(CmResult::ThrowException),
                remark: Some("no".into()),
                spent_time_mills: 3,
                ..ConsumeMessageDirectlyResult::default()
            },
            r#"{"autoCommit":true,"consumeResult":"CR_THROW_EXCEPTION","order":false,"remark":"no","spentTimeMills":3}"#,
        );
        let result = ConsumeMessageDirectlyResult::from_json(br#"{"consumeResult":0}"#).unwrap();
        assert_eq!(result.consume_result, Some(CmResult::Success));
    }
}
