//! Where queues begin and end: codes 29, 30, 31 and 32.
//!
//! A queue that was never written counts as empty, whether its topic exists or not: consumers probe
//! queues before anything is in them.

use std::sync::Arc;

use protocol::RemotingCommand;
use protocol::codec::CommandView;
use protocol::header::{
    GetEarliestMsgStoretimeRequestHeader, GetEarliestMsgStoretimeResponseHeader,
    GetMaxOffsetRequestHeader, GetMaxOffsetResponseHeader, GetMinOffsetRequestHeader,
    GetMinOffsetResponseHeader, SearchOffsetRequestHeader, SearchOffsetResponseHeader,
};
use store::TimeBoundary;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered};

/// `GET_MAX_OFFSET`: the offset that the next message will have.
pub(super) fn max_offset(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: GetMaxOffsetRequestHeader = request.header()?;
    let queue = broker.store.find_queue(&header.topic, header.queue_id);
    let offset = queue.map_or(0, |queue| queue.max_offset());
    Ok(Answer::header(&GetMaxOffsetResponseHeader { offset }))
}

/// `GET_MIN_OFFSET`: the offset of the first message that is still there.
pub(super) fn min_offset(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: GetMinOffsetRequestHeader = request.header()?;
    let queue = broker.store.find_queue(&header.topic, header.queue_id);
    let offset = queue.map_or(0, |queue| queue.min_offset());
    Ok(Answer::header(&GetMinOffsetResponseHeader { offset }))
}

/// `SEARCH_OFFSET_BY_TIMESTAMP`.
pub(super) fn search_by_timestamp(
    broker: &Arc<BrokerContext>,
    request: &RemotingCommand,
) -> Answered {
    let header: SearchOffsetRequestHeader = request.header()?;
    let is_upper = |name: &String| name.eq_ignore_ascii_case("upper");
    let boundary = match header.boundary_type.as_ref() {
        Some(name) if is_upper(name) => TimeBoundary::Upper,
        _ => TimeBoundary::Lower,
    };
    let queue = broker.store.find_queue(&header.topic, header.queue_id);
    let offset = queue.map_or(0, |queue| {
        broker
            .store
            .offset_by_time(&queue, header.timestamp, boundary)
    });
    Ok(Answer::header(&SearchOffsetResponseHeader { offset }))
}

/// `GET_EARLIEST_MSG_STORETIME`; -1 stands for no message.
pub(super) fn earliest_store_time(
    broker: &Arc<BrokerContext>,
    request: &RemotingCommand,
) -> Answered {
    let header: GetEarliestMsgStoretimeRequestHeader = request.header()?;
    let queue = broker.store.find_queue(&header.topic, header.queue_id);
    let timestamp = queue
        .and_then(|queue| broker.store.earliest_store_time(&queue))
        .unwrap_or(-1);
    Ok(Answer::header(&GetEarliestMsgStoretimeResponseHeader {
        timestamp,
    }))
}
