//! A batch: several messages of one queue in one request, stored in one step.

use std::sync::Arc;

use protocol::message::{batch, sys_flag};
use protocol::{ResponseCode, name};

use super::receipt::{Key, Offsets, Receipt};
use super::{Send, refused_by_store, sys_flag_of};
use crate::processor::answer::Refusal;
use crate::put::properties::PropertyFacts;
use crate::put::{self, PutRequest};
use crate::scratch;
use crate::topic_config::TopicEntry;

/// A topic whose name is longer cannot have batches.
const TOPIC_LENGTH_MAX: usize = 127;

/// Stores all messages of a batch, or none.
pub(super) fn store<'a>(
    send: &Send<'_, 'a>,
    topic: &Arc<TopicEntry>,
) -> Result<Receipt<'a>, Refusal> {
    let (broker, header) = (send.broker, &send.header);
    let illegal = |remark: String| Refusal::new(ResponseCode::MessageIllegal, remark);
    let topic_length = header.topic.len();
    if topic_length > TOPIC_LENGTH_MAX {
        return Err(illegal(format!(
            "message topic length too long {topic_length}"
        )));
    }
    if name::is_retry_topic(header.topic) {
        return Err(illegal(format!(
            "batch request does not support retry group {}",
            header.topic
        )));
    }
    let facts = PropertyFacts::of(header.properties);
    let is_transaction = sys_flag::transaction_type(header.sys_flag) != sys_flag::TRANSACTION_NOT;
    if facts.delay_level > 0 || is_transaction {
        return Err(illegal(
            "a batch can neither be delayed nor be part of a transaction".to_owned(),
        ));
    }
    let of_put = |failure| refused_by_store(broker, &failure);
    put::check_body(broker, send.request.body().len()).map_err(of_put)?;
    let queue = topic
        .queue(&broker.store, send.queue_id)
        .map_err(|error| of_put(error.into()))?;
    let request = PutRequest {
        topic,
        queue_id: send.queue_id,
        sys_flag: sys_flag_of(send, topic),
        flag: header.flag,
        born_timestamp: header.born_timestamp,
        born_host: send.connection.peer(),
        properties: header.properties,
        body: send.request.body(),
        reconsume_times: header.reconsume_times,
        prepared_transaction_offset: 0,
    };
    scratch::with_bytes(|records| {
        for element in batch::elements(send.request.body()) {
            let element = element.map_err(|error| illegal(error.to_string()))?;
            put::encode(
                broker,
                &request,
                element.flag,
                element.body,
                element.properties,
                records,
            )
            .map_err(of_put)?;
        }
        let mut offsets = Vec::new();
        let outcome =
            put::append_batch(broker, topic, &queue, records, &mut offsets).map_err(of_put)?;
        let unique_key = facts.unique_key.map(Key::Sent);
        let offsets = Offsets::Batch(offsets);
        Ok(Receipt::new(
            &outcome,
            send.queue_id,
            offsets,
            unique_key,
            facts.is_wait,
        ))
    })
}
