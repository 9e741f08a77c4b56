//! Giving a message back to be consumed later: to the broker that has it, or, where that does not
//! work, as a new message to the group's retry topic on any broker.

use std::time::Duration;

use protocol::header::ConsumerSendMsgBackRequestHeader;
use protocol::message::{Message, MessageExt, property};
use protocol::{RemotingCommand, RequestCode, name};

use super::member::Member;
use crate::ClientError;
use crate::peer::Peer;
use crate::producer::{Producer, ProducerConfig};
use crate::route::MASTER_ID;

/// RocketMQ's producer group for what clients send on their own account.
const INNER_PRODUCER_GROUP: &str = "CLIENT_INNER_PRODUCER";

/// After how many retries a message is given up, if nobody says otherwise.
const RECONSUME_TIMES_MAX: i32 = 16;

/// The delay level of a first retry; each further one waits one level longer.
const FIRST_RETRY_DELAY_LEVEL: i32 = 3;

const SEND_BACK_TIMEOUT: Duration = Duration::from_secs(5);

impl Member {
    pub(super) async fn send_back(
        &self,
        message: &MessageExt,
        delay_level: i32,
    ) -> Result<(), ClientError> {
        let Err(error) = self.send_back_to_broker(message, delay_level).await else {
            return Ok(());
        };
        tracing::debug!(%error, "sending back as a new message");
        self.send_anew(message).await
    }

    async fn send_back_to_broker(
        &self,
        message: &MessageExt,
        delay_level: i32,
    ) -> Result<(), ClientError> {
        let header = ConsumerSendMsgBackRequestHeader {
            offset: message.physical_offset,
            group: self.group().to_owned(),
            delay_level,
            origin_msg_id: Some(message.offset_msg_id()),
            origin_topic: Some(message.topic.clone()),
            unit_mode: Some(false),
            max_reconsume_times: Some(self.reconsume_times_max()),
        };
        let code = RequestCode::ConsumerSendMsgBack;
        let request = RemotingCommand::request(code).with_header(&header);
        // The retry topic is on every broker that the group reads from, under the group's own name.
        let addr = self.master_of(&message.broker_name)?;
        let peer = Peer::broker(&message.broker_name, &addr);
        self.shared
            .wire
            .ask(peer, code, request, SEND_BACK_TIMEOUT)
            .await?
            .success()
            .map(drop)
    }

    /// The address of a broker's master, from any route that names it.
    fn master_of(&self, broker_name: &str) -> Result<String, ClientError> {
        let routes = self.shared.routes.known();
        let mut addrs = routes
            .iter()
            .filter_map(|route| route.broker_addr(broker_name, MASTER_ID));
        addrs
            .next()
            .map(str::to_owned)
            .ok_or_else(|| ClientError::BrokerNotFound {
                name: broker_name.to_owned(),
                known: Vec::new(),
            })
    }

    async fn send_anew(&self, message: &MessageExt) -> Result<(), ClientError> {
        let mut anew = Message::new(name::retry_topic(self.group()), message.body.clone());
        anew.flag = message.flag;
        anew.properties = message.properties.clone();
        anew.properties.remove(property::TRANSACTION_PREPARED);
        let origin = message
            .properties
            .get(property::ORIGIN_MESSAGE_ID)
            .map(str::to_owned);
        let times = message.reconsume_times;
        let level = FIRST_RETRY_DELAY_LEVEL
            .saturating_add(times.max(0))
            .unsigned_abs();
        let anew = anew
            .with_property(
                property::ORIGIN_MESSAGE_ID,
                origin.unwrap_or_else(|| message.msg_id().into_owned()),
            )
            .with_property(property::RETRY_TOPIC, message.topic.as_str())
            .with_property(
                property::RECONSUME_TIME,
                times.saturating_add(1).to_string(),
            )
            .with_property(
                property::MAX_RECONSUME_TIMES,
                self.reconsume_times_max().to_string(),
            )
            .with_delay_level(level);
        self.resender()?.send(anew).await.map(drop)
    }

    fn resender(&self) -> Result<Producer, ClientError> {
        let mut resender = self.resender.lock();
        if let Some(producer) = &*resender {
            return Ok(producer.clone());
        }
        let config = ProducerConfig::new(INNER_PRODUCER_GROUP);
        let producer = Producer::new(std::sync::Arc::clone(&self.shared), config)?;
        *resender = Some(producer.clone());
        Ok(producer)
    }

    fn reconsume_times_max(&self) -> i32 {
        self.config
            .reconsume_times_max
            .unwrap_or(RECONSUME_TIMES_MAX)
    }
}
