//! What a consumer is told about a pull.

use protocol::ResponseCode;
use protocol::codec::{FieldSink, WriteHeader};
use protocol::header::PullMessageResponseHeader;
use remoting::{Deferred, Reply};
use store::{GetLimits, GetMessageStatus, GetOutcome};

use super::check::Forbidden;
use crate::broker::BrokerContext;
use crate::long_polling::Pull;

/// The broker that a consumer should pull from next: the master.
const MASTER_ID: i64 = 0;

/// RocketMQ's name for a pull that a reset sends elsewhere.
const OFFSET_RESET: &str = "OFFSET_RESET";

/// Reads the messages that a pull asks for, from `offset` on; `take` gets each as it is stored.
pub(super) fn read(
    broker: &BrokerContext,
    pull: &Pull,
    offset: i64,
    take: &mut dyn FnMut(&[u8]),
) -> GetOutcome {
    let count_max = pull.messages_max.clamp(1, broker.config.max_transfer_count);
    let limits = GetLimits {
        count_max: usize::try_from(count_max).unwrap_or(1),
        bytes_max: usize::try_from(broker.config.max_transfer_bytes).unwrap_or(usize::MAX),
    };
    broker.store.get_messages(
        &pull.queue,
        offset,
        limits,
        &mut &pull.filter,
        &mut |record| take(record.bytes()),
    )
}

/// Whether there was nothing, but may be something soon.
pub(super) fn found_nothing(outcome: &GetOutcome, offset: i64) -> bool {
    code_of(outcome.status, offset) == ResponseCode::PullNotFound
}

/// RocketMQ's code for what a pull from `offset` came to.
fn code_of(status: GetMessageStatus, offset: i64) -> ResponseCode {
    match status {
        GetMessageStatus::Found => ResponseCode::Success,
        GetMessageStatus::NoMatchedMessage | GetMessageStatus::MessageWasRemoving => {
            ResponseCode::PullRetryImmediately
        }
        GetMessageStatus::NoMatchedLogicQueue | GetMessageStatus::NoMessageInQueue
            if offset == 0 =>
        {
            ResponseCode::PullNotFound
        }
        GetMessageStatus::OffsetFoundNull | GetMessageStatus::OffsetOverflowOne => {
            ResponseCode::PullNotFound
        }
        GetMessageStatus::NoMatchedLogicQueue
        | GetMessageStatus::NoMessageInQueue
        | GetMessageStatus::OffsetOverflowBadly
        | GetMessageStatus::OffsetTooSmall => ResponseCode::PullOffsetMoved,
    }
}

/// Answers with what was read, which has been appended to the answer.
pub(super) fn answer(pull: &Pull, outcome: &GetOutcome, reply: Reply<'_>) {
    let code = code_of(outcome.status, pull.offset);
    let remark = Some(outcome.status.name());
    reply.answer_appended(code, remark, &header_of(pull, outcome));
}

/// As [`answer`], for a pull that has waited.
pub(super) fn answer_held(pull: &Pull, outcome: &GetOutcome, body: &[u8], deferred: Deferred) {
    let code = code_of(outcome.status, pull.offset);
    let remark = Some(outcome.status.name());
    deferred.answer(code, remark, &header_of(pull, outcome), body);
}

/// Answers that the group goes on elsewhere.
pub(super) fn offset_was_reset(pull: &Pull, offset: i64, reply: Reply<'_>) {
    let header = PullMessageResponseHeader {
        next_begin_offset: offset,
        min_offset: pull.queue.min_offset(),
        max_offset: pull.queue.max_offset(),
        ..empty_header(pull)
    };
    reply.answer(
        ResponseCode::PullOffsetMoved,
        Some(OFFSET_RESET),
        &header,
        &[],
    );
}

fn header_of(pull: &Pull, outcome: &GetOutcome) -> PullMessageResponseHeader {
    PullMessageResponseHeader {
        next_begin_offset: outcome.next_begin_offset,
        min_offset: outcome.min_offset,
        max_offset: outcome.max_offset,
        ..empty_header(pull)
    }
}

fn empty_header(pull: &Pull) -> PullMessageResponseHeader {
    PullMessageResponseHeader {
        suggest_which_broker_id: MASTER_ID,
        topic_sys_flag: Some(pull.topic.config.topic_sys_flag),
        group_sys_flag: Some(pull.group_sys_flag),
        ..PullMessageResponseHeader::default()
    }
}

/// The one field of a refusal.
struct ForbiddenType(Option<i32>);

impl WriteHeader for ForbiddenType {
    fn write(&self, sink: &mut impl FieldSink) {
        if let Some(by) = self.0 {
            sink.integer("forbiddenType", by.into());
        }
    }
}

/// Answers why a pull is not served.
pub(super) fn refuse(forbidden: &Forbidden, reply: Reply<'_>) {
    let refusal = &forbidden.refusal;
    let header = ForbiddenType(forbidden.forbidden_type);
    reply.answer(refusal.code, Some(&refusal.remark), &header, &[]);
}
