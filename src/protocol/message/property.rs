//! The names of the properties that RocketMQ gives a meaning to.

/// Keys for queries, separated by blanks.
pub const KEYS: &str = "KEYS";
/// The tag that subscriptions filter by.
pub const TAGS: &str = "TAGS";
/// `false`: the answer to a send need not wait for flush and replication.
pub const WAIT: &str = "WAIT";
/// Delay level, from 1 to 18.
pub const DELAY: &str = "DELAY";
/// Original topic of a message in a retry topic.
pub const RETRY_TOPIC: &str = "RETRY_TOPIC";
/// Original topic of a half, delayed or timer message.
pub const REAL_TOPIC: &str = "REAL_TOPIC";
/// Original queue of a half, delayed or timer message.
pub const REAL_QUEUE_ID: &str = "REAL_QID";
/// `true`: a half message of a transaction.
pub const TRANSACTION_PREPARED: &str = "TRAN_MSG";
/// Producer group that is asked about a half message.
pub const PRODUCER_GROUP: &str = "PGROUP";
/// Lowest offset of the queue at the time of the pull; added by the consumer.
pub const MIN_OFFSET: &str = "MIN_OFFSET";
/// End of the queue at the time of the pull; added by the consumer.
pub const MAX_OFFSET: &str = "MAX_OFFSET";
/// Buyer id of the unit mode.
pub const BUYER_ID: &str = "BUYER_ID";
/// First offset message id of a message that was sent back.
pub const ORIGIN_MESSAGE_ID: &str = "ORIGIN_MESSAGE_ID";
/// Transfer flag of the unit mode.
pub const TRANSFER_FLAG: &str = "TRANSFER_FLAG";
/// Correction flag of the unit mode.
pub const CORRECTION_FLAG: &str = "CORRECTION_FLAG";
/// Mark of a message from the second generation.
pub const MQ2_FLAG: &str = "MQ2_FLAG";
/// How often the message was consumed before, on its way to the broker.
pub const RECONSUME_TIME: &str = "RECONSUME_TIME";
/// The most often the message may be consumed, on its way to the broker.
pub const MAX_RECONSUME_TIMES: &str = "MAX_RECONSUME_TIMES";
/// Region of the broker; set by the broker.
pub const MSG_REGION: &str = "MSG_REGION";
/// Whether the message is traced; set by the broker.
pub const TRACE_SWITCH: &str = "TRACE_ON";
/// The id that the client gave the message.
pub const UNIQUE_KEY: &str = "UNIQ_KEY";
/// Extra part of the unique key.
pub const EXTEND_UNIQUE_INFO: &str = "EXTEND_UNIQ_INFO";
/// When a consumer began with the message; never leaves the consumer.
pub const CONSUME_START_TIMESTAMP: &str = "CONSUME_START_TIME";
/// Count of messages in an inner batch.
pub const INNER_NUM: &str = "INNER_NUM";
/// Queue offset of the first message of an inner batch.
pub const INNER_BASE: &str = "INNER_BASE";
/// Deduplication mark of an inner batch.
pub const DUP_INFO: &str = "DUP_INFO";
/// Seconds before the first check of a half message.
pub const CHECK_IMMUNITY_TIME_IN_SECONDS: &str = "CHECK_IMMUNITY_TIME_IN_SECONDS";
/// First queue offset of a half message that was stored again.
pub const TRANSACTION_PREPARED_QUEUE_OFFSET: &str = "TRAN_PREPARED_QUEUE_OFFSET";
/// Transaction id.
pub const TRANSACTION_ID: &str = "__transactionId__";
/// How often a half message was checked.
pub const TRANSACTION_CHECK_TIMES: &str = "TRANSACTION_CHECK_TIMES";
/// Namespace of the sender.
pub const INSTANCE_ID: &str = "INSTANCE_ID";
/// Ties a reply to its request.
pub const CORRELATION_ID: &str = "CORRELATION_ID";
/// Client id that waits for the reply.
pub const REPLY_TO_CLIENT: &str = "REPLY_TO_CLIENT";
/// How long the requester waits, in ms.
pub const MESSAGE_TTL: &str = "TTL";
/// When the reply reached the broker.
pub const REPLY_ARRIVE_TIME: &str = "ARRIVE_TIME";
/// When the broker handed the reply to the requester.
pub const PUSH_REPLY_TIME: &str = "PUSH_REPLY_TIME";
/// Cluster of the broker; set by the broker.
pub const CLUSTER: &str = "CLUSTER";
/// `reply` for a reply.
pub const MESSAGE_TYPE: &str = "MSG_TYPE";
/// Receipt of a popped message.
pub const POP_CK: &str = "POP_CK";
/// Offset of a pop checkpoint.
pub const POP_CK_OFFSET: &str = "POP_CK_OFFSET";
/// When the message was popped first.
pub const FIRST_POP_TIME: &str = "1ST_POP_TIME";
/// Messages with the same value stay in order.
pub const SHARDING_KEY: &str = "__SHARDINGKEY";
/// Queue the message is forwarded to.
pub const FORWARD_QUEUE_ID: &str = "PROPERTY_FORWARD_QUEUE_ID";
/// Mark of a redirected message.
pub const REDIRECT: &str = "REDIRECT";
/// Light queues that the message goes to, separated by commas.
pub const INNER_MULTI_DISPATCH: &str = "INNER_MULTI_DISPATCH";
/// Offsets of the message in its light queues, separated by commas.
pub const INNER_MULTI_QUEUE_OFFSET: &str = "INNER_MULTI_QUEUE_OFFSET";
/// Context of a distributed trace.
pub const TRACE_CONTEXT: &str = "TRACE_CONTEXT";
/// Deliver after so many seconds.
pub const TIMER_DELAY_SEC: &str = "TIMER_DELAY_SEC";
/// Deliver after so many ms.
pub const TIMER_DELAY_MS: &str = "TIMER_DELAY_MS";
/// Deliver at this time, in ms since the epoch.
pub const TIMER_DELIVER_MS: &str = "TIMER_DELIVER_MS";
/// When a timer message is due; set by the broker.
pub const TIMER_OUT_MS: &str = "TIMER_OUT_MS";
/// When a timer message entered the wheel.
pub const TIMER_ENQUEUE_MS: &str = "TIMER_ENQUEUE_MS";
/// When a timer message left the wheel.
pub const TIMER_DEQUEUE_MS: &str = "TIMER_DEQUEUE_MS";
/// How often a timer message was put back into the wheel.
pub const TIMER_ROLL_TIMES: &str = "TIMER_ROLL_TIMES";
/// Topic and unique key of the timer message to be recalled.
pub const TIMER_DEL_UNIQKEY: &str = "TIMER_DEL_UNIQKEY";
/// Delay level of a timer message.
pub const TIMER_DELAY_LEVEL: &str = "TIMER_DELAY_LEVEL";
/// Address of the producer, where a proxy sent for it.
pub const BORN_HOST: &str = "__BORNHOST";
/// Time of creation, where a proxy sent the message.
pub const BORN_TIMESTAMP: &str = "BORN_TIMESTAMP";
/// Names that begin so are never stored.
pub const TRANSIENT_PREFIX: &str = "__RMQ.TRANSIENT.";
/// System flag of the topic; set by the consumer.
pub const TRANSIENT_TOPIC_CONFIG: &str = "__RMQ.TRANSIENT.TOPIC_SYS_FLAG";
/// System flag of the group; set by the consumer.
pub const TRANSIENT_GROUP_CONFIG: &str = "__RMQ.TRANSIENT.GROUP_SYS_FLAG";
/// CRC of the whole record, as ten digits.
pub const CRC32: &str = "__CRC32#";
/// Topic that a dead letter came from.
pub const DLQ_ORIGIN_TOPIC: &str = "DLQ_ORIGIN_TOPIC";
/// Message id that a dead letter had.
pub const DLQ_ORIGIN_MESSAGE_ID: &str = "DLQ_ORIGIN_MESSAGE_ID";
/// Delivery time of the older commercial clients, in ms since the epoch.
pub const START_DELIVER_TIME: &str = "__STARTDELIVERTIME";

/// Separates the keys in [`KEYS`].
pub const KEY_SEPARATOR: char = ' ';

/// The names that a user must not set: RocketMQ sets or reads them itself.
///
/// The same set as Java's `MessageConst.STRING_HASH_SET`, whose members `putUserProperty` refuses.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

const RESERVED: [&str; 51] = [
    TRACE_SWITCH,
    MSG_REGION,
    KEYS,
    TAGS,
    WAIT,
    DELAY,
    RETRY_TOPIC,
    REAL_TOPIC,
    REAL_QUEUE_ID,
    TRANSACTION_PREPARED,
    PRODUCER_GROUP,
    MIN_OFFSET,
    MAX_OFFSET,
    BUYER_ID,
    ORIGIN_MESSAGE_ID,
    TRANSFER_FLAG,
    CORRECTION_FLAG,
    MQ2_FLAG,
    RECONSUME_TIME,
    UNIQUE_KEY,
    MAX_RECONSUME_TIMES,
    CONSUME_START_TIMESTAMP,
    POP_CK,
    POP_CK_OFFSET,
    FIRST_POP_TIME,
    TRANSACTION_PREPARED_QUEUE_OFFSET,
    DUP_INFO,
    EXTEND_UNIQUE_INFO,
    INSTANCE_ID,
    CORRELATION_ID,
    REPLY_TO_CLIENT,
    MESSAGE_TTL,
    REPLY_ARRIVE_TIME,
    PUSH_REPLY_TIME,
    CLUSTER,
    MESSAGE_TYPE,
    INNER_MULTI_QUEUE_OFFSET,
    TIMER_DELAY_MS,
    TIMER_DELAY_SEC,
    TIMER_DELIVER_MS,
    TIMER_ENQUEUE_MS,
    TIMER_DEQUEUE_MS,
    TIMER_ROLL_TIMES,
    TIMER_OUT_MS,
    TIMER_DEL_UNIQKEY,
    TIMER_DELAY_LEVEL,
    BORN_HOST,
    BORN_TIMESTAMP,
    DLQ_ORIGIN_TOPIC,
    DLQ_ORIGIN_MESSAGE_ID,
    CRC32,
];
