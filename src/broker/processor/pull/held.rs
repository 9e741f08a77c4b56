//! Pulls that wait: holding them, waking them, and what they are told when their time is up.
//!
//! A pull that is woken is answered on the thread that stored the message: handing it over would
//! cost more than answering it. Only where many wait for one queue is the rest handed over.

use std::sync::{Arc, Weak};
use std::time::Duration;

use protocol::ResponseCode;
use protocol::header::PullMessageRequestHeader;
use protocol::name::SCHEDULE_TOPIC;
use remoting::Reply;
use store::{Arrival, GetMessageStatus, GetOutcome, MessageArrivingListener, Queue};

use super::answer::{self, found_nothing};
use super::note_progress;
use crate::broker::BrokerContext;
use crate::long_polling::{HELD_PULLS_MAX, Held, HeldPull, Pull};
use crate::scratch;

/// How long a pull may wait, whatever its consumer says.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// Pulls that are answered by the thread that stored the message; the others by a task.
const WOKEN_INLINE_MAX: usize = 16;
/// How long the task that answers overdue pulls sleeps at most while any waits.
const CHECK_PERIOD_MAX: Duration = Duration::from_millis(200);

/// Wakes pulls when messages arrive.
#[derive(Debug)]
pub(crate) struct ArrivalListener(pub(crate) Weak<BrokerContext>);

impl MessageArrivingListener for ArrivalListener {
    fn arriving(&self, queue: &Arc<Queue>, arrival: Arrival) {
        let Some(broker) = self.0.upgrade() else {
            return;
        };
        wake(&broker, queue);
        // After it: the schedule waits on when all pulls are answered.
        if queue.topic() == SCHEDULE_TOPIC {
            broker.schedule.arrived(queue, arrival.queue_offset);
        }
    }
}

/// Lets a pull wait that found nothing.
pub(super) fn hold(
    broker: &Arc<BrokerContext>,
    pull: Pull,
    header: &PullMessageRequestHeader<'_>,
    reply: Reply<'_>,
) {
    let wait = if broker.settings.long_polling_enable() {
        Duration::from_millis(u64::try_from(header.suspend_timeout_millis).unwrap_or_default())
    } else {
        broker.settings.short_polling_time()
    };
    let held = HeldPull {
        deferred: reply.defer(),
        scanned_to: pull.offset,
        pull,
        deadline: broker.clock.elapsed() + wait.min(WAIT_MAX),
    };
    hold_or_answer(broker, held);
}

fn hold_or_answer(broker: &Arc<BrokerContext>, held: HeldPull) {
    let (queue, scanned_to) = (Arc::clone(&held.pull.queue), held.scanned_to);
    match broker.held_pulls.hold(held) {
        // What arrived before the wait was announced woke nobody.
        Held::Waiting if queue.max_offset() > scanned_to => wake(broker, &queue),
        Held::Waiting | Held::Closed => {}
        Held::Stopping(held) => answer_now(broker, held),
        Held::Full(held) => {
            let remark = format!("the broker holds {HELD_PULLS_MAX} pulls, more are not allowed");
            held.deferred.error(ResponseCode::SystemBusy, &remark);
        }
    }
}

/// Runs the pulls that wait for a queue.
fn wake(broker: &Arc<BrokerContext>, queue: &Arc<Queue>) {
    let mut woken = broker.held_pulls.take_waiting_for(queue);
    let rest = woken.split_off(woken.len().min(WOKEN_INLINE_MAX));
    for held in woken {
        run_again(broker, held);
    }
    if !rest.is_empty() {
        let context = Arc::clone(broker);
        broker.tasks.spawn(async move {
            for held in rest {
                run_again(&context, held);
                tokio::task::yield_now().await;
            }
        });
    }
}

/// Answers the pulls of groups that have been sent elsewhere in this queue: their next pull is told where
/// to. One that is just about to wait may miss this, and hears of it when its time is up.
pub(crate) fn wake_reset(broker: &Arc<BrokerContext>, queue: &Arc<Queue>) {
    for held in broker.held_pulls.take_waiting_for(queue) {
        let group = &held.pull.group;
        let is_reset = broker
            .offsets
            .has_reset_offset(group, queue.topic(), queue.queue_id());
        if is_reset {
            answer_now(broker, held);
        } else {
            hold_or_answer(broker, held);
        }
    }
}

/// Answers a pull if there is something for it by now, or lets it wait on.
fn run_again(broker: &Arc<BrokerContext>, mut held: HeldPull) {
    let waits_on = scratch::with_bytes(|body| {
        let outcome = read(broker, &held, body);
        let has_seen_all = outcome.status == GetMessageStatus::NoMatchedMessage
            && outcome.next_begin_offset >= outcome.max_offset;
        if has_seen_all {
            held.scanned_to = outcome.next_begin_offset;
        } else if !found_nothing(&outcome, held.scanned_to) {
            note_progress(broker, &held.pull, &outcome);
            answer::answer_held(&held.pull, &outcome, body, held.deferred);
            return None;
        }
        Some(held)
    });
    if let Some(held) = waits_on {
        hold_or_answer(broker, held);
    }
}

/// Reads on where a pull that waits has come to.
fn read(broker: &BrokerContext, held: &HeldPull, body: &mut Vec<u8>) -> GetOutcome {
    let mut take = |record: &[u8]| body.extend_from_slice(record);
    answer::read(broker, &held.pull, held.scanned_to, &mut take)
}

/// Answers a pull whatever there is.
fn answer_now(broker: &BrokerContext, held: HeldPull) {
    scratch::with_bytes(|body| {
        let outcome = read(broker, &held, body);
        let outcome = since_the_pull_came(&held, outcome);
        note_progress(broker, &held.pull, &outcome);
        answer::answer_held(&held.pull, &outcome, body, held.deferred);
    });
}

/// A pull that has seen messages which it does not want is told to go on behind them.
fn since_the_pull_came(held: &HeldPull, outcome: GetOutcome) -> GetOutcome {
    let has_skipped = held.scanned_to > held.pull.offset;
    if has_skipped && found_nothing(&outcome, held.scanned_to) {
        return GetOutcome {
            status: GetMessageStatus::NoMatchedMessage,
            ..outcome
        };
    }
    outcome
}

/// Answers every pull that waits; from now on none does.
pub(crate) fn answer_all_held(broker: &BrokerContext) {
    for held in broker.held_pulls.stop() {
        answer_now(broker, held);
    }
}

/// Answers pulls whose time is up, for as long as the broker runs.
pub(crate) async fn expire_held(broker: Arc<BrokerContext>) {
    loop {
        let now = broker.clock.elapsed();
        for held in broker.held_pulls.take_expired(now) {
            answer_now(&broker, held);
        }
        let moved = broker.held_pulls.deadline_moved();
        match broker.held_pulls.next_deadline() {
            None => moved.await,
            Some(deadline) => {
                let left = deadline.saturating_sub(now).min(CHECK_PERIOD_MAX);
                // Whether it slept or was called, it looks again.
                let _looks_again = tokio::time::timeout(left, moved).await;
            }
        }
    }
}
