//! What a producer is told: at once, or when the message is on the disk.

use std::sync::Arc;

use protocol::ResponseCode;
use protocol::codec::{FieldSink, WriteHeader};
use protocol::message::{OFFSET_MSG_ID_LENGTH_MAX, OffsetMsgId, property};
use remoting::Reply;
use store::{Durability, PutOutcome};

use crate::broker::BrokerContext;
use crate::config::FlushDiskType;
use crate::flush_wait::FlushWait;
use crate::processor::answer::Refusal;

/// Where a message, or the messages of a batch, went.
pub(super) struct Receipt<'a> {
    pub(super) queue_id: i32,
    pub(super) queue_offset: i64,
    pub(super) end_physical_offset: i64,
    pub(super) physical_offsets: Offsets,
    pub(super) unique_key: Option<Key<'a>>,
    /// Whether the answer waits for the disk, where the broker does that.
    pub(super) is_wait: bool,
}

/// Where each record begins.
pub(super) enum Offsets {
    One(i64),
    Batch(Vec<i64>),
}

/// The id of a message that the producer gave it, or the broker in its stead.
pub(super) enum Key<'a> {
    Sent(&'a str),
    Made(String),
}

impl Key<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Sent(key) => key,
            Self::Made(key) => key,
        }
    }
}

impl<'a> Receipt<'a> {
    pub(super) fn new(
        outcome: &PutOutcome,
        queue_id: i32,
        physical_offsets: Offsets,
        unique_key: Option<Key<'a>>,
        is_wait: bool,
    ) -> Self {
        Self {
            queue_id,
            queue_offset: outcome.queue_offset,
            end_physical_offset: outcome.end_physical_offset,
            physical_offsets,
            unique_key,
            is_wait,
        }
    }

    fn into_owned(self) -> Receipt<'static> {
        let unique_key = self.unique_key.map(|key| match key {
            Key::Sent(key) => Key::Made(key.to_owned()),
            Key::Made(key) => Key::Made(key),
        });
        Receipt { unique_key, ..self }
    }
}

/// The fields of the answer to a send that was stored.
struct Sent<'r> {
    broker: &'r BrokerContext,
    receipt: &'r Receipt<'r>,
}

impl WriteHeader for Sent<'_> {
    fn write(&self, sink: &mut impl FieldSink) {
        let mut buffer = [0; OFFSET_MSG_ID_LENGTH_MAX];
        let host = self.broker.store_host;
        let mut id_of = |physical_offset: i64, use_id: &mut dyn FnMut(&str)| {
            use_id(
                OffsetMsgId {
                    host,
                    physical_offset,
                }
                .encode_into(&mut buffer),
            );
        };
        match &self.receipt.physical_offsets {
            Offsets::One(offset) => id_of(*offset, &mut |id| sink.text("msgId", id)),
            Offsets::Batch(offsets) => {
                let mut ids = String::with_capacity(offsets.len() * (OFFSET_MSG_ID_LENGTH_MAX + 1));
                for offset in offsets {
                    if !ids.is_empty() {
                        ids.push(',');
                    }
                    id_of(*offset, &mut |id| ids.push_str(id));
                }
                sink.text("msgId", &ids);
            }
        }
        sink.integer("queueId", self.receipt.queue_id.into());
        sink.integer("queueOffset", self.receipt.queue_offset);
        if let Some(key) = &self.receipt.unique_key {
            sink.text("transactionId", key.as_str());
        }
        Region(self.broker).write(sink);
    }
}

/// What every answer to a send carries: Java's client reads it even of a refusal.
struct Region<'r>(&'r BrokerContext);

impl WriteHeader for Region<'_> {
    fn write(&self, sink: &mut impl FieldSink) {
        sink.text(property::MSG_REGION, &self.0.config.region_id);
        sink.boolean(property::TRACE_SWITCH, self.0.settings.trace_on());
    }
}

/// Answers that the message is stored; where the broker flushes synchronously and the producer does
/// not object, when it is on the disk.
pub(super) fn answer(broker: &Arc<BrokerContext>, receipt: Receipt<'_>, reply: Reply<'_>) {
    let waits_for_disk =
        broker.config.flush_disk_type == FlushDiskType::SyncFlush && receipt.is_wait;
    if !waits_for_disk || !reply.is_wanted() {
        reply.success(&Sent {
            broker,
            receipt: &receipt,
        });
        return;
    }
    let end = receipt.end_physical_offset;
    let receipt = receipt.into_owned();
    let deferred = reply.defer();
    // Not kept alive by what waits: a broker that was killed owes nothing.
    let context = Arc::downgrade(broker);
    let wait = FlushWait::new(move |durability| {
        let Some(broker) = context.upgrade() else {
            return;
        };
        let code = match durability {
            Some(Durability::Durable) => ResponseCode::Success,
            Some(Durability::Failed) | None => ResponseCode::FlushDiskTimeout,
        };
        deferred.answer(
            code,
            None,
            &Sent {
                broker: &broker,
                receipt: &receipt,
            },
            &[],
        );
    });
    broker.flush_waits.add(
        &wait,
        broker.clock.elapsed() + broker.config.sync_flush_timeout,
    );
    broker
        .store
        .when_durable(end, Box::new(move |durability| wait.end(Some(durability))));
}

/// Answers why a message is not stored.
pub(super) fn refuse_send(broker: &BrokerContext, refusal: &Refusal, reply: Reply<'_>) {
    reply.answer(refusal.code, Some(&refusal.remark), &Region(broker), &[]);
}
