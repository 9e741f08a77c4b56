//! `PULL_MESSAGE` 11 and `LITE_PULL_MESSAGE` 361: messages for consumers.
//!
//! A pull is checked, read, answered; one that finds nothing may be held until there is something.
//! The checks, their order and the codes are RocketMQ's.

mod answer;
mod check;
mod held;

use std::sync::Arc;

use protocol::codec::CommandView;
use protocol::header::{PullMessageRequestHeader, pull_sys_flag};
use remoting::{Connection, Reply};
use store::{GetMessageStatus, GetOutcome};

use crate::broker::BrokerContext;
use crate::long_polling::Pull;
use answer::found_nothing;

pub(crate) use held::{ArrivalListener, answer_all_held, expire_held, wake_reset};

/// Answers a pull, or holds it until there is something to answer.
pub(crate) fn pull_message(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    _: &Arc<Connection>,
    mut reply: Reply<'_>,
) {
    let checked = PullMessageRequestHeader::read(request)
        .map_err(Into::into)
        .and_then(|header| check::check(broker, request, &header).map(|pull| (header, pull)));
    let (header, pull) = match checked {
        Ok(checked) => checked,
        Err(forbidden) => return answer::refuse(&forbidden, reply),
    };
    if let Some(reset) = reset_offset(broker, &pull) {
        // Its progress is that of before the reset, and does not count any more.
        return answer::offset_was_reset(&pull, reset, reply);
    }
    commit(broker, &header);
    // Records go from the log straight to where they are sent from.
    let outcome = answer::read(broker, &pull, pull.offset, &mut |record| {
        reply.append(record);
    });
    note_progress(broker, &pull, &outcome);
    if may_wait(&header, &outcome, &reply) {
        held::hold(broker, pull, &header, reply);
    } else {
        answer::answer(&pull, &outcome, reply);
    }
}

/// Commits the progress that the pull brings along.
fn commit(broker: &BrokerContext, header: &PullMessageRequestHeader<'_>) {
    // Some clients say -1 where they have nothing to commit.
    if !header.has(pull_sys_flag::COMMIT_OFFSET) || header.commit_offset < 0 {
        return;
    }
    let committed = broker.offsets.commit_offset(
        header.consumer_group,
        header.topic,
        header.queue_id,
        header.commit_offset,
    );
    if let Err(error) = committed {
        tracing::warn!(group = header.consumer_group, topic = header.topic, %error, "not committed");
    }
}

/// Where the group was sent by a reset that it does not know of yet.
fn reset_offset(broker: &BrokerContext, pull: &Pull) -> Option<i64> {
    if !broker.settings.use_server_side_reset_offset() {
        return None;
    }
    let queue = &pull.queue;
    broker
        .offsets
        .take_reset_offset(&pull.group, queue.topic(), queue.queue_id())
}

/// Notes what was pulled, for people and tools.
fn note_progress(broker: &BrokerContext, pull: &Pull, outcome: &GetOutcome) {
    let (topic, queue_id) = (pull.queue.topic(), pull.queue.queue_id());
    broker
        .offsets
        .commit_pull_offset(&pull.group, topic, queue_id, outcome.next_begin_offset);
    if outcome.status != GetMessageStatus::Found {
        return;
    }
    let count = i64::try_from(outcome.count).unwrap_or(i64::MAX);
    let bytes = i64::try_from(outcome.bytes).unwrap_or(i64::MAX);
    if let Some(group) = pull.topic.stats.group(&pull.group) {
        group.get_nums.add(count);
        group.get_size.add(bytes);
    }
    broker.stats.broker_get_nums.add(count);
    if !pull.topic.is_system {
        broker.stats.user_get_nums.add(count);
    }
}

/// Whether the pull is one to wait, and there is something to wait for.
fn may_wait(
    header: &PullMessageRequestHeader<'_>,
    outcome: &GetOutcome,
    reply: &Reply<'_>,
) -> bool {
    header.has(pull_sys_flag::SUSPEND)
        && reply.is_wanted()
        && found_nothing(outcome, header.queue_offset)
}

#[cfg(test)]
mod tests;
