//! The last messages that match: queues are read backwards, in parts that grow.
//!
//! A filter says nothing of where its messages lie, so the last ten of a queue may hold none of them.

use std::sync::Arc;

use client::{ClientError, concurrently};
use protocol::body::MessageQueue;
use protocol::message::MessageExt;

use super::Event;
use super::backlog::Backlog;
use super::plan::{End, QueuePlan};
use super::queue_reader::Readers;

/// How many offsets of a queue are read at first, and at most, before its earlier ones are.
const PART_MIN: i64 = 64;
const PART_MAX: i64 = 65_536;

/// The last matching messages of some queues.
#[derive(Debug)]
pub(super) struct LookedBack {
    /// In the order in which they were stored.
    pub(super) messages: Vec<Arc<MessageExt>>,
    /// Queues that could not be read to the end.
    pub(super) failed: Vec<(MessageQueue, ClientError)>,
}

/// The last `count` matching messages of all queues, whose plans begin at the first offset that counts.
pub(super) async fn last_of(
    readers: &Readers,
    plans: Vec<QueuePlan>,
    count: usize,
    retries: u32,
) -> LookedBack {
    let asked = plans.into_iter().map(|plan| {
        let readers = readers.clone();
        let queue = plan.queue.clone();
        async move { (queue, last_of_queue(&readers, &plan, count, retries).await) }
    });
    let (mut messages, mut failed) = (Vec::new(), Vec::new());
    for (queue, (mut found, error)) in concurrently::all(asked).await {
        messages.append(&mut found);
        failed.extend(error.map(|error| (queue, error)));
    }
    // Stable: what one queue stored in the same millisecond stays in its order.
    messages.sort_by_key(|message| message.store_timestamp);
    messages.drain(..messages.len().saturating_sub(count));
    LookedBack { messages, failed }
}

/// The last `count` matching messages of one queue, or more, and what kept it from finding all.
async fn last_of_queue(
    readers: &Readers,
    plan: &QueuePlan,
    count: usize,
    retries: u32,
) -> (Vec<Arc<MessageExt>>, Option<ClientError>) {
    let mut found = Vec::new();
    let mut end = plan.backlog_end();
    let mut size = i64::try_from(count)
        .unwrap_or(PART_MAX)
        .clamp(PART_MIN, PART_MAX);
    while end > plan.begin && found.len() < count {
        let begin = end.saturating_sub(size).max(plan.begin);
        let part = QueuePlan {
            begin,
            end_now: end,
            ..QueuePlan::whole(plan.queue.clone(), Some(End::Offset(end)))
        };
        let mut backlog = Backlog::start(vec![readers.reader(part)], retries);
        let mut earlier = Vec::new();
        while let Some(events) = backlog.next().await {
            earlier.extend(events.into_iter().filter_map(|event| match event {
                Event::Message(message) => Some(message),
                Event::Gap(..) | Event::Lost(..) | Event::Back(_) => None,
            }));
        }
        earlier.append(&mut found);
        found = earlier;
        let ended = backlog.into_readers().await;
        if let Some(error) = ended.into_iter().find_map(|(_, error)| error) {
            return (found, Some(error));
        }
        end = begin;
        size = size.saturating_mul(2).min(PART_MAX);
    }
    (found, None)
}
