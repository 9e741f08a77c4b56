//! Queues for one consumer alone: `LOCK_BATCH_MQ` and `UNLOCK_BATCH_MQ`.

use std::sync::Arc;

use protocol::body::{LockBatchRequestBody, LockBatchResponseBody};
use protocol::codec::CommandView;
use protocol::name::validate_group;
use remoting::{Connection, Reply};

use super::answer::{self, Answer, Answered};
use crate::broker::BrokerContext;

/// Answers `LOCK_BATCH_MQ` with the queues that the client holds now.
pub(super) fn lock_batch_mq(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, lock(broker, request));
}

/// Answers `UNLOCK_BATCH_MQ`.
pub(super) fn unlock_batch_mq(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    reply: Reply<'_>,
) {
    answer::send(reply, unlock(broker, request));
}

fn lock(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let body = LockBatchRequestBody::from_json(request.body())?;
    validate_group(&body.consumer_group)?;
    let lock_ok_mq_set = broker
        .locks
        .lock(&body.consumer_group, &body.client_id, body.mq_set);
    Ok(Answer::body(
        LockBatchResponseBody { lock_ok_mq_set }.to_json(),
    ))
}

fn unlock(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let body = LockBatchRequestBody::from_json(request.body())?;
    broker
        .locks
        .unlock(&body.consumer_group, &body.client_id, &body.mq_set);
    Ok(Answer::done())
}

#[cfg(test)]
mod tests;
