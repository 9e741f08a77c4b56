//! Cleaning up by hand: codes 306, 316 and 329.

use std::sync::Arc;

use protocol::RemotingCommand;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};

/// `CLEAN_EXPIRED_CONSUMEQUEUE`: removes what is left of queues whose messages are gone.
pub(super) fn clean_expired_consume_queues(
    broker: &Arc<BrokerContext>,
    _: &RemotingCommand,
) -> Answered {
    let cleaned = broker.store.clean_once();
    tracing::info!(?cleaned, "cleaned up by request");
    Ok(Answer::done())
}

/// `CLEAN_UNUSED_TOPIC`: removes the queues of topics that are no more.
pub(super) fn clean_unused_topics(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    let cleaned = broker
        .store
        .clean_unused(&|topic| broker.topics.contains(topic));
    let topics = cleaned.map_err(|error| {
        Refusal::system_error(format!(
            "the queues of unused topics cannot be removed: {error}"
        ))
    })?;
    tracing::info!(
        ?topics,
        "queues of topics that are no more removed by request"
    );
    Ok(Answer::done())
}

/// `DELETE_EXPIRED_COMMITLOG`: removes files of the log that are older than they may become, whatever
/// the hour.
pub(super) fn delete_expired_commit_log(
    broker: &Arc<BrokerContext>,
    _: &RemotingCommand,
) -> Answered {
    broker.store.delete_expired_now();
    Ok(Answer::done())
}
