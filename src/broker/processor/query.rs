//! `QUERY_MESSAGE` 12, by key or unique key, and `VIEW_MESSAGE_BY_ID` 33.

use std::sync::Arc;

use protocol::ResponseCode;
use protocol::codec::CommandView;
use protocol::header::{
    NoHeader, QueryMessageRequestHeader, QueryMessageResponseHeader, ViewMessageRequestHeader,
};
use remoting::{Connection, Deferred, Reply};
use store::{KEY_QUERY_COUNT_MAX, KeyQuery, KeyQueryOutcome};

use super::answer::Refusal;
use crate::broker::BrokerContext;
use crate::scratch;

/// The field that says that the key is a message's own id.
const UNIQUE_KEY_QUERY: &str = "_UNIQUE_KEY_QUERY";

/// Bytes of messages in one answer, if more than one: all of it has to fit into a frame.
const BODY_MAX: usize = 8 * 1024 * 1024;

/// Looks for messages by key. The index is on the disk, so that this is done on a thread of its own.
pub(crate) fn query_message(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    let mut header = match request.header::<QueryMessageRequestHeader>() {
        Ok(header) => header,
        Err(error) => return reply.error(ResponseCode::SystemError, &error.to_string()),
    };
    if request.field(UNIQUE_KEY_QUERY) == Some("true") {
        header.max_num = broker.settings.default_query_max_num();
    }
    let deferred = reply.defer();
    let context = Arc::clone(broker);
    broker
        .tasks
        .spawn_blocking(move || answer_query(&context, &header, deferred));
}

fn answer_query(broker: &BrokerContext, header: &QueryMessageRequestHeader, reply: Deferred) {
    let found = match find(broker, header) {
        Ok(found) => found,
        Err(refusal) => return reply.error(refusal.code, &refusal.remark),
    };
    let response = QueryMessageResponseHeader {
        index_last_update_timestamp: found.index_last_update_timestamp,
        index_last_update_phyoffset: found.index_last_update_physical_offset,
    };
    scratch::with_bytes(|body| {
        for offset in &found.physical_offsets {
            let before = body.len();
            // A record that has gone since it was indexed adds nothing.
            let _is_there = broker.store.message_at(*offset, body);
            if before > 0 && body.len() > BODY_MAX {
                body.truncate(before);
                break;
            }
        }
        if body.is_empty() {
            let remark = "can not find message, maybe time range not correct";
            reply.answer(ResponseCode::QueryNotFound, Some(remark), &response, &[]);
        } else {
            reply.answer(ResponseCode::Success, None, &response, body);
        }
    });
}

fn find(
    broker: &BrokerContext,
    header: &QueryMessageRequestHeader,
) -> Result<KeyQueryOutcome, Refusal> {
    let wanted = usize::try_from(header.max_num).unwrap_or_default();
    let query = KeyQuery {
        count_max: wanted.min(KEY_QUERY_COUNT_MAX),
        begin_ms: header.begin_timestamp,
        end_ms: header.end_timestamp,
    };
    broker
        .store
        .query_by_key(&header.topic, &header.key, query)
        .map_err(|error| Refusal::system_error(format!("the index cannot be read: {error}")))
}

/// Gives the message whose record begins at a physical offset.
pub(crate) fn view_message_by_id(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    let header = match request.header::<ViewMessageRequestHeader>() {
        Ok(header) => header,
        Err(error) => return reply.error(ResponseCode::SystemError, &error.to_string()),
    };
    scratch::with_bytes(|body| {
        if broker.store.message_at(header.offset, body) {
            reply.answer(ResponseCode::Success, None, &NoHeader, body);
        } else {
            let remark = format!("can not find message by the offset, {}", header.offset);
            reply.error(ResponseCode::SystemError, &remark);
        }
    });
}

#[cfg(test)]
mod tests;
