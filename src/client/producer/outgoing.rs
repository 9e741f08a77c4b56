//! From a message, or several, to the request that carries it: checked, named, compressed. Done once
//! for a send, however often it is tried.

use bytes::Bytes;
use protocol::header::SendMessageRequestHeader;
use protocol::message::{self, Message, UniqueKeyGenerator, batch, property, sys_flag};
use protocol::{RemotingCommand, RequestCode, name};

use super::ProducerConfig;
use crate::ClientError;

/// A send that only lacks its queue.
#[derive(Debug)]
pub(super) struct Outgoing {
    code: RequestCode,
    pub(super) topic: String,
    /// The unique key of the message, or those of a batch joined by commas.
    pub(super) msg_id: String,
    /// What the messages of one shard have in common; they all go to one queue.
    pub(super) sharding_key: Option<String>,
    properties: String,
    flag: i32,
    sys_flag: i32,
    reconsume_times: i32,
    max_reconsume_times: Option<i32>,
    body: Bytes,
}

impl Outgoing {
    /// One message.
    pub(super) fn single(
        mut message: Message,
        config: &ProducerConfig,
        unique_keys: &UniqueKeyGenerator,
        now_ms: i64,
    ) -> Result<Self, ClientError> {
        check(&message, config)?;
        let msg_id = give_id(&mut message, unique_keys, now_ms);
        let mut sys_flag = 0;
        let mut body = message.body;
        if config.compress_over.is_some_and(|over| body.len() >= over) {
            let (kind, level) = (config.compression, config.compression_level);
            body = Bytes::from(message::compress(kind, &body, level).map_err(invalid)?);
            sys_flag = sys_flag::with_compression(sys_flag, Some(kind));
        }
        // These two travel in the header of what goes to a retry topic, not among the properties.
        let mut number = |name| {
            let is_retry = message.topic.starts_with(name::RETRY_PREFIX);
            let text = if is_retry {
                message.properties.remove(name)
            } else {
                None
            };
            text.and_then(|text| text.parse().ok())
        };
        let reconsume_times = number(property::RECONSUME_TIME).unwrap_or_default();
        let max_reconsume_times = number(property::MAX_RECONSUME_TIMES);
        Ok(Self {
            code: RequestCode::SendMessageV2,
            msg_id,
            sharding_key: message
                .properties
                .get(property::SHARDING_KEY)
                .map(str::to_owned),
            properties: message.properties.to_wire_string(),
            topic: message.topic,
            flag: message.flag,
            sys_flag,
            reconsume_times,
            max_reconsume_times,
            body,
        })
    }

    /// Several messages of one topic in one request. Batches are not compressed.
    pub(super) fn batch(
        mut messages: Vec<Message>,
        config: &ProducerConfig,
        unique_keys: &UniqueKeyGenerator,
        now_ms: i64,
    ) -> Result<Self, ClientError> {
        let mut ids = Vec::with_capacity(messages.len());
        for message in &mut messages {
            check(message, config)?;
            ids.push(give_id(message, unique_keys, now_ms));
        }
        let body = batch::encode(&messages).map_err(invalid)?;
        check_size(body.len(), config)?;
        let first = messages.first();
        let topic = first
            .map(|message| message.topic.clone())
            .unwrap_or_default();
        // What the batch as a whole has to say is only whether to wait for the store.
        let wait = first.is_none_or(Message::is_wait_store_ok);
        let envelope = Message::new("", "").with_property(property::WAIT, wait.to_string());
        Ok(Self {
            code: RequestCode::SendBatchMessage,
            topic,
            msg_id: ids.join(","),
            sharding_key: None,
            properties: envelope.properties.to_wire_string(),
            flag: 0,
            sys_flag: 0,
            reconsume_times: 0,
            max_reconsume_times: None,
            body,
        })
    }

    pub(super) fn code(&self) -> RequestCode {
        self.code
    }

    /// The request to one queue.
    pub(super) fn request(
        &self,
        config: &ProducerConfig,
        queue_id: i32,
        now_ms: i64,
    ) -> RemotingCommand {
        let header = SendMessageRequestHeader {
            producer_group: &config.group,
            topic: &self.topic,
            default_topic: &config.create_topic_key,
            default_topic_queue_nums: config.default_topic_queue_nums,
            queue_id,
            sys_flag: self.sys_flag,
            born_timestamp: now_ms,
            flag: self.flag,
            properties: &self.properties,
            reconsume_times: self.reconsume_times,
            unit_mode: false,
            max_reconsume_times: self.max_reconsume_times,
            batch: self.code == RequestCode::SendBatchMessage,
        };
        RemotingCommand::request(self.code)
            .with_header(&header)
            .with_body(self.body.clone())
    }
}

fn check(message: &Message, config: &ProducerConfig) -> Result<(), ClientError> {
    name::validate_topic(&message.topic)?;
    if name::is_send_forbidden(&message.topic) {
        let reason = format!(
            "topic {} is RocketMQ's own, nobody may send to it",
            message.topic
        );
        return Err(ClientError::InvalidName { reason });
    }
    if message.body.is_empty() {
        return Err(invalid("its body is empty"));
    }
    message.properties.check().map_err(invalid)?;
    check_size(message.body.len(), config)
}

fn check_size(length: usize, config: &ProducerConfig) -> Result<(), ClientError> {
    let max = config.message_size_max;
    match length > max {
        true => Err(invalid(format_args!(
            "its body has {length} bytes, the limit is {max}"
        ))),
        false => Ok(()),
    }
}

fn invalid(reason: impl std::fmt::Display) -> ClientError {
    ClientError::InvalidMessage {
        reason: reason.to_string(),
    }
}

/// The message's own id, or a new one.
fn give_id(message: &mut Message, unique_keys: &UniqueKeyGenerator, now_ms: i64) -> String {
    if let Some(id) = message.unique_key() {
        return id.to_owned();
    }
    let id = unique_keys.next(now_ms);
    message.properties.insert(property::UNIQUE_KEY, id.clone());
    id
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use protocol::message::{CompressionKind, MonthSpan, decompress};

    use super::*;

    fn keys() -> UniqueKeyGenerator {
        UniqueKeyGenerator::new(Ipv4Addr::LOCALHOST.into(), 1, 1, |now| {
            MonthSpan::containing(now, 0)
        })
    }

    fn single(message: Message) -> Result<Outgoing, ClientError> {
        Outgoing::single(
            message,
            &ProducerConfig::new("g"),
            &keys(),
            1_700_000_000_000,
        )
    }

    #[test]
    fn long_bodies_are_compressed_and_short_ones_are_not() {
        let short = single(Message::new("T", vec![b'a'; 4095])).unwrap();
        assert_eq!((short.sys_flag, short.body.len()), (0, 4095));
        let long = single(Message::new("T", vec![b'a'; 4096])).unwrap();
        assert_eq!(long.sys_flag, 0x301);
        let body = decompress(CompressionKind::Zlib, &long.body, 8192).unwrap();
        assert_eq!(body, vec![b'a'; 4096]);
    }

    #[test]
    fn a_message_keeps_its_id_or_gets_one() {
        let own = single(Message::new("T", "a").with_property("UNIQ_KEY", "mine")).unwrap();
        assert_eq!(own.msg_id, "mine");
        let given = single(Message::new("T", "a")).unwrap();
        assert_eq!(given.msg_id.len(), 32);
        assert!(given.properties.contains(&given.msg_id));
    }

    #[test]
    fn what_no_broker_takes_is_not_sent() {
        let check = |message, expected: &str| {
            let error = single(message).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(Message::new("T", ""), "its body is empty");
        check(
            Message::new("T", vec![0; 4 * 1024 * 1024 + 1]),
            "the limit is 4194304",
        );
        check(Message::new("no spaces", "a"), "no spaces");
        check(
            Message::new("SCHEDULE_TOPIC_XXXX", "a"),
            "nobody may send to it",
        );
        check(
            Message::new("T", "a").with_property("a\u{1}b", "c"),
            "cannot be sent",
        );
        assert!(single(Message::new("T", vec![0; 4 * 1024 * 1024])).is_ok());
    }

    #[test]
    fn retry_counts_travel_in_the_header() {
        let message = Message::new("%RETRY%g", "a")
            .with_property(property::RECONSUME_TIME, "3")
            .with_property(property::MAX_RECONSUME_TIMES, "16");
        let outgoing = single(message).unwrap();
        assert_eq!(
            (outgoing.reconsume_times, outgoing.max_reconsume_times),
            (3, Some(16))
        );
        assert!(!outgoing.properties.contains("RECONSUME_TIME"));
    }

    #[test]
    fn a_batch_has_the_ids_of_its_messages() {
        let messages = vec![Message::new("T", "a"), Message::new("T", "b")];
        let config = ProducerConfig::new("g");
        let outgoing = Outgoing::batch(messages, &config, &keys(), 0).unwrap();
        assert_eq!(outgoing.msg_id.split(',').count(), 2);
        let request = outgoing.request(&config, 1, 5);
        assert_eq!(request.code, 320);
        assert_eq!(request.ext_fields.get("m"), Some("true"));
        assert_eq!(batch::elements(&request.body).count(), 2);
        let empty = Outgoing::batch(vec![], &config, &keys(), 0);
        assert!(empty.is_err());
    }
}
