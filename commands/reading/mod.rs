//! Reading queues without joining a group: what `tail` and `peek` have in common.
//!
//! # Layout
//! - [`args`]: their flags.
//! - [`range`], [`moment`]: which part of a queue is meant.
//! - [`selection`]: which queues of which topics.
//! - [`plan`]: where reading begins and ends in each of them.
//! - [`queue_reader`]: one queue, batch by batch.
//! - [`backlog`]: what is stored already, all queues at a time, merged by time.
//! - [`look_back`]: the last messages that match a filter.
//! - [`follow`]: what comes in from then on.
//! - [`filter`]: which messages are shown.
//! - [`show`], [`shown`]: the way from queues to the output.
//!
//! Invariant: nothing here commits an offset or appears in a group.

pub(crate) mod args;
mod backlog;
mod filter;
mod follow;
mod look_back;
pub(crate) mod moment;
mod plan;
mod queue_reader;
pub(crate) mod range;
pub(crate) mod selection;
pub(crate) mod show;
mod shown;

use std::sync::Arc;

use client::ClientError;
use protocol::body::MessageQueue;
use protocol::message::MessageExt;

/// What reading a queue brings.
#[derive(Debug)]
enum Event {
    Message(Arc<MessageExt>),
    /// Messages that have been deleted before they could be read: from the first to before the second.
    Gap(MessageQueue, i64, i64),
    /// The queue cannot be read now.
    Lost(MessageQueue, ClientError),
    /// It can be read again.
    Back(MessageQueue),
}

/// `b-1/q3`
fn place(queue: &MessageQueue) -> String {
    format!("{}/q{}", queue.broker_name, queue.queue_id)
}
