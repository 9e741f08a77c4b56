//! What brokers pass on from administrators: how are you, move to this offset, consume this message
//! now.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::body::{
    CmResult, ConsumeMessageDirectlyResult, ConsumeStatus, ConsumerRunningInfo,
    GetConsumerStatusBody, MessageQueue, ProcessQueueInfo, running_property,
};
use protocol::message::MessageExt;
use protocol::version::{CURRENT_VERSION, name_of};

use super::event::ConsumerEvent;
use super::listener::{Consumed, Delivery, consume_safely};
use super::member::{Member, Owned};
use super::pulling::as_first_sent;

const MIB: usize = 1024 * 1024;

impl Member {
    /// Everything that an administrator may want to know.
    pub(crate) fn running_info(&self) -> ConsumerRunningInfo {
        let rates = self.stats.rates(self.shared.clock.elapsed());
        let status = rates.into_iter().map(|(topic, rates)| {
            let status = ConsumeStatus {
                consume_failed_msgs: i64::try_from(rates.failed_in_all).unwrap_or(i64::MAX),
                consume_failed_tps: rates.consume_failed_tps,
                consume_ok_tps: rates.consume_ok_tps,
                consume_rt: rates.consume_rt,
                pull_rt: rates.pull_rt,
                pull_tps: rates.pull_tps,
            };
            (topic, status)
        });
        let subscriptions = self.subscriptions.lock();
        let queues = self.queues.lock();
        ConsumerRunningInfo {
            properties: self.properties(),
            subscription_set: subscriptions
                .values()
                .map(|wanted| wanted.data.clone())
                .collect(),
            mq_table: queues
                .iter()
                .map(|(queue, owned)| (queue.clone(), self.queue_info(queue, owned)))
                .collect(),
            status_table: status.collect(),
            ..ConsumerRunningInfo::default()
        }
    }

    fn properties(&self) -> BTreeMap<String, String> {
        let namesrvs = self.shared.namesrvs.addrs().join(";");
        let properties = [
            (running_property::NAMESERVER_ADDR, namesrvs),
            (
                running_property::CONSUME_TYPE,
                "CONSUME_PASSIVELY".to_owned(),
            ),
            (running_property::CONSUME_ORDERLY, false.to_string()),
            (
                running_property::THREADPOOL_CORE_SIZE,
                self.config.concurrency.to_string(),
            ),
            (
                running_property::CONSUMER_START_TIMESTAMP,
                self.started_ms.to_string(),
            ),
            (running_property::CLIENT_VERSION, name_of(CURRENT_VERSION)),
        ];
        properties
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn queue_info(&self, queue: &MessageQueue, owned: &Owned) -> ProcessQueueInfo {
        let cached = owned.process.cached();
        ProcessQueueInfo {
            cached_msg_count: small(cached.messages),
            cached_msg_max_offset: cached.max_offset,
            cached_msg_min_offset: cached.min_offset,
            cached_msg_size_in_mib: small(cached.bytes / MIB),
            commit_offset: self.offsets.reached(queue).unwrap_or(-1),
            droped: owned.process.is_dropped(),
            last_consume_timestamp: cached.last_consume_ms,
            last_pull_timestamp: cached.last_pull_ms,
            ..ProcessQueueInfo::default()
        }
    }

    /// How far this member has come in a topic.
    pub(crate) fn status_of(&self, topic: &str) -> GetConsumerStatusBody {
        GetConsumerStatusBody {
            message_queue_table: self.offsets.of_topic(topic),
            ..GetConsumerStatusBody::default()
        }
    }

    /// Goes on from these offsets, in those of the queues that are ours.
    pub(crate) async fn reset_offsets(&self, offsets: BTreeMap<MessageQueue, i64>) {
        for (queue, offset) in offsets {
            if self.process_of(&queue).is_none() {
                continue;
            }
            self.move_to(&queue, offset).await;
            self.tell(|| ConsumerEvent::OffsetReset { queue, offset });
        }
    }

    /// Has one message handled out of turn, and says how that went. No offset moves.
    pub(crate) async fn consume_directly(
        &self,
        mut message: MessageExt,
        broker_name: Option<String>,
    ) -> ConsumeMessageDirectlyResult {
        if let Some(name) = broker_name {
            message.broker_name = name;
        }
        let queue = MessageQueue::new(
            message.topic.as_str(),
            message.broker_name.as_str(),
            message.queue_id,
        );
        let messages = vec![Arc::new(as_first_sent(message))];
        let clock = &self.shared.clock;
        let started = clock.elapsed();
        let verdict = consume_safely(&*self.listener, Delivery { queue, messages }).await;
        let spent = clock.elapsed().saturating_sub(started);
        let result = match verdict {
            Some(Consumed::Success) => CmResult::Success,
            Some(Consumed::Later | Consumed::LaterAtLevel(_)) => CmResult::Later,
            None => CmResult::ThrowException,
        };
        ConsumeMessageDirectlyResult {
            consume_result: Some(result),
            remark: verdict.is_none().then(|| "the handler panicked".to_owned()),
            spent_time_mills: i64::try_from(spent.as_millis()).unwrap_or(i64::MAX),
            ..ConsumeMessageDirectlyResult::default()
        }
    }
}

fn small(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
