//! Handing messages to the user's handler, several deliveries at a time, and drawing the conclusions
//! (RocketMQ `ConsumeMessageConcurrentlyService`).

use std::sync::Arc;

use protocol::body::MessageQueue;
use protocol::message::MessageExt;

use super::event::ConsumerEvent;
use super::listener::{Consumed, Delivery, consume_safely};
use super::member::Member;
use crate::consumer::process_queue::ProcessQueue;

/// The level at which what takes too long is sent back: 10 s.
const OVERDUE_DELAY_LEVEL: i32 = 3;

/// The most overdue messages of one queue that are sent back in one go.
const OVERDUE_MAX: usize = 16;

/// What is handed out together, with where it belongs.
struct Batch {
    queue: MessageQueue,
    process: Arc<ProcessQueue>,
    messages: Vec<Arc<MessageExt>>,
}

/// Lets the messages be handled, a few at a time.
pub(super) fn submit(
    member: &Arc<Member>,
    queue: &MessageQueue,
    process: &Arc<ProcessQueue>,
    messages: &[Arc<MessageExt>],
) {
    for messages in messages.chunks(member.config.batch_max) {
        let batch = Batch {
            queue: queue.clone(),
            process: Arc::clone(process),
            messages: messages.to_vec(),
        };
        tokio::spawn(handle(Arc::clone(member), batch));
    }
}

async fn handle(member: Arc<Member>, batch: Batch) {
    let Ok(_permit) = Arc::clone(&member.handlers).acquire_owned().await else {
        return;
    };
    if batch.process.is_dropped() || member.stopping.is_cancelled() {
        return;
    }
    let Batch {
        queue,
        process,
        messages,
    } = &batch;
    let clock = &member.shared.clock;
    process.hand_out(messages, clock.now_ms());
    let started = clock.elapsed();
    let delivery = Delivery {
        queue: queue.clone(),
        messages: messages.clone(),
    };
    let verdict = consume_safely(&*member.listener, delivery).await;
    let now = clock.elapsed();
    if verdict.is_none() {
        tracing::error!(group = %member.group(), %queue, "the handler panicked");
    }
    let consumed = verdict.unwrap_or(Consumed::Later);
    let is_ok = consumed == Consumed::Success;
    let rt = now.saturating_sub(started);
    member
        .stats
        .consumed(&queue.topic, messages.len(), is_ok, rt, now);
    // A queue that has been given up meanwhile is read again by its next reader.
    if !process.is_dropped() {
        settle(&member, batch, consumed).await;
    }
}

/// Moves the offset over what is done with, after sending back what is not.
async fn settle(member: &Arc<Member>, batch: Batch, consumed: Consumed) {
    let Batch {
        queue,
        process,
        messages,
    } = batch;
    let level = match consumed {
        Consumed::Success => None,
        Consumed::Later => Some(0),
        Consumed::LaterAtLevel(level) => Some(level),
    };
    let (mut done, mut again) = (Vec::new(), Vec::new());
    for message in messages {
        let is_done = match level {
            None => true,
            Some(_) if member.config.is_broadcasting() => {
                tracing::warn!(%queue, offset = message.queue_offset, "a failed message is dropped");
                true
            }
            // It took so long that it has been sent back already.
            Some(_) if !process.contains(message.queue_offset) => true,
            Some(level) => send_back(member, &message, level).await,
        };
        if is_done {
            done.push(message.queue_offset);
        } else {
            again.push(message);
        }
    }
    if let Some(offset) = process.remove(done, member.shared.clock.now_ms())
        && !process.is_dropped()
    {
        member.offsets.advance(&queue, offset);
    }
    if !again.is_empty() {
        try_again_here(member, &queue, &process, again);
    }
}

/// Whether a broker has taken the message back.
async fn send_back(member: &Member, message: &Arc<MessageExt>, delay_level: i32) -> bool {
    match member.send_back(message, delay_level).await {
        Ok(()) => {
            let message = Arc::clone(message);
            member.tell(|| ConsumerEvent::SentBack {
                message,
                delay_level,
            });
            true
        }
        Err(error) => {
            tracing::warn!(group = %member.group(), %error, "a message cannot be sent back");
            let message = Arc::clone(message);
            member.tell(|| ConsumerEvent::SendBackFailed { message, error });
            false
        }
    }
}

/// No broker takes the messages back: they are handled here again, a little later.
fn try_again_here(
    member: &Arc<Member>,
    queue: &MessageQueue,
    process: &Arc<ProcessQueue>,
    messages: Vec<Arc<MessageExt>>,
) {
    let once_more = |message: Arc<MessageExt>| {
        let mut message = Arc::unwrap_or_clone(message);
        message.reconsume_times += 1;
        Arc::new(message)
    };
    let messages: Vec<_> = messages.into_iter().map(once_more).collect();
    for message in &messages {
        process.replace(message);
    }
    let (member, queue, process) = (Arc::clone(member), queue.clone(), Arc::clone(process));
    tokio::spawn(async move {
        tokio::select! {
            () = process.dropped() => {}
            () = member.stopping.cancelled() => {}
            () = tokio::time::sleep(member.config.local_retry_delay) => {
                submit(&member, &queue, &process, &messages);
            }
        }
    });
}

/// Sends back what has been with a handler for too long, so that one stuck message does not hold up
/// the offset of its queue for ever. Until the member stops.
pub(super) async fn watch_overdue(member: Arc<Member>) {
    let mut ticks = tokio::time::interval(member.config.consume_timeout);
    ticks.tick().await;
    loop {
        tokio::select! {
            () = member.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for queue in member.owned_queues() {
            if let Some(process) = member.process_of(&queue) {
                send_back_overdue(&member, &queue, &process).await;
            }
        }
    }
}

async fn send_back_overdue(member: &Arc<Member>, queue: &MessageQueue, process: &ProcessQueue) {
    for _ in 0..OVERDUE_MAX {
        let now_ms = member.shared.clock.now_ms();
        let Some(message) = process.first_overdue(now_ms, member.config.consume_timeout) else {
            return;
        };
        let is_broadcasting = member.config.is_broadcasting();
        if !is_broadcasting && !send_back(member, &message, OVERDUE_DELAY_LEVEL).await {
            return;
        }
        if let Some(offset) = process.remove([message.queue_offset], now_ms)
            && !process.is_dropped()
        {
            member.offsets.advance(queue, offset);
        }
    }
}
