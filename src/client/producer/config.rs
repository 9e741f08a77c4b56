//! The settings of a producer, RocketMQ's defaults.

use std::time::Duration;

use protocol::message::CompressionKind;
use protocol::name;

/// How a producer sends.
#[derive(Debug, Clone)]
pub struct ProducerConfig {
    /// The producer group.
    pub group: String,
    /// The time for one send with all of its tries (RocketMQ `sendMsgTimeout`).
    pub send_timeout: Duration,
    /// How often a failed send is tried again, on another broker if there is one.
    pub retries: u32,
    /// Whether a message that was stored, but not flushed or replicated, is sent to another broker too.
    pub retry_another_broker_when_not_store_ok: bool,
    /// Bodies of this many bytes or more are compressed; `None` compresses nothing.
    pub compress_over: Option<usize>,
    /// How bodies are compressed.
    pub compression: CompressionKind,
    /// How hard bodies are compressed: 0 to 9 for zlib, 1 to 22 for zstd.
    pub compression_level: u32,
    /// The longest body, before compression.
    pub message_size_max: usize,
    /// The topic whose settings a new topic takes over.
    pub create_topic_key: String,
    /// How many queues a new topic gets on each broker, if the template has as many.
    pub default_topic_queue_nums: i32,
    /// Whether brokers that answered late or not at all are avoided for a while.
    pub latency_fault: bool,
}

impl ProducerConfig {
    /// RocketMQ's settings for this group.
    #[must_use]
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            send_timeout: Duration::from_secs(3),
            retries: 2,
            retry_another_broker_when_not_store_ok: false,
            compress_over: Some(4096),
            compression: CompressionKind::Zlib,
            compression_level: 5,
            message_size_max: 4 * 1024 * 1024,
            create_topic_key: name::AUTO_CREATE_TOPIC.to_owned(),
            default_topic_queue_nums: 4,
            latency_fault: false,
        }
    }
}
