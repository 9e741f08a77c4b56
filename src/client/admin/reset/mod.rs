//! Moving a group: first a plan, which can be shown, then the deed, which is checked.
//!
//! A plan names one offset for each queue, within what the queue still holds; what is carried out is
//! that plan, not the wish behind it. How brokers move a group differs:
//! - RocketMQ 5 (`useServerSideResetOffset`, its default) keeps the new offset and corrects the
//!   members' next pulls, whether or not any are connected.
//! - Before, and with that setting off, the members are told to move themselves. Those brokers know
//!   times only, for all queues at once; without members nothing happens at all, so the offsets are
//!   then written directly.

mod execute;
mod plan;

use std::collections::BTreeMap;

use protocol::body::{MessageModel, MessageQueue};

use crate::ClientError;

pub use execute::{MovedQueue, ResetOutcome};

/// Where a group is to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetGoal {
    /// At the first message that is still there.
    Start,
    /// Behind the last message: what waits is skipped.
    End,
    /// At the first message that was stored at this time or later, in ms since the epoch.
    Timestamp(i64),
    /// At an offset.
    Offset(i64),
    /// So many messages further on; back if below 0.
    Shift(i64),
    /// Where another group is.
    Group(String),
    /// At these offsets. Queues that are not among them stay as they are.
    Positions(BTreeMap<MessageQueue, i64>),
}

/// Who is to be moved where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRequest {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// Only these queues, by broker name and number; empty for all.
    pub queues: Vec<(String, i32)>,
    /// Where to.
    pub to: ResetGoal,
}

/// Why a queue's target is not what one might expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetNote {
    /// The offset is before the first message that is still there; that one is taken.
    BeforeFirst {
        /// The offset that was meant.
        asked: i64,
    },
    /// The offset is behind the queue's end, which is taken.
    BehindEnd {
        /// The offset that was meant.
        asked: i64,
    },
    /// Nothing was stored at that time or later: the end is taken.
    NothingSince,
    /// What was stored at that time is gone: the first message that is still there is taken.
    TimeIsGone,
    /// The other group, or the list of offsets, does not have the queue: it stays as it is.
    NotGiven,
    /// The group has never been in this queue.
    NeverRead,
}

/// One queue of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedQueue {
    /// The queue.
    pub queue: MessageQueue,
    /// The offset that the group consumes next; `None` if it has never been there.
    pub now: Option<i64>,
    /// The first offset that is still there.
    pub min: i64,
    /// The offset that the queue's next message will get.
    pub max: i64,
    /// The offset that the group is to consume next; `None` leaves it where it is.
    pub target: Option<i64>,
    /// What is odd about the target.
    pub note: Option<ResetNote>,
}

impl PlannedQueue {
    /// Whether the group moves in this queue.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.target.is_some() && self.target != self.now
    }

    /// How far the group moves: below 0 is back; `None` if it does not, or has never been there.
    #[must_use]
    pub fn delta(&self) -> Option<i64> {
        Some(self.target?.saturating_sub(self.now?))
    }

    /// How many messages are consumed again.
    #[must_use]
    pub fn replays(&self) -> i64 {
        self.delta()
            .map_or(0, |delta| delta.saturating_neg().max(0))
    }

    /// How many messages that wait will never be delivered to the group.
    #[must_use]
    pub fn skips(&self) -> i64 {
        let (Some(target), Some(now)) = (self.target, self.now) else {
            return 0;
        };
        // What is gone cannot be skipped.
        target.saturating_sub(now.max(self.min)).max(0)
    }

    /// How many messages wait now.
    #[must_use]
    pub fn lag_before(&self) -> i64 {
        self.now
            .map_or(0, |now| self.max.saturating_sub(now).max(0))
    }

    /// How many messages will wait.
    #[must_use]
    pub fn lag_after(&self) -> i64 {
        let next = self.target.or(self.now);
        next.map_or(0, |next| self.max.saturating_sub(next).max(0))
    }
}

/// What a reset will do.
#[derive(Debug, Clone, PartialEq)]
pub struct ResetPlan {
    /// What was asked for.
    pub request: ResetRequest,
    /// How many members are connected.
    pub members: usize,
    /// Whether the members share the messages; brokers do not keep the offsets of a broadcast.
    pub model: Option<MessageModel>,
    /// The queues, sorted.
    pub queues: Vec<PlannedQueue>,
    /// Each broker that could not be asked, by address; its queues are not in the plan.
    pub failed: Vec<(String, ClientError)>,
}

impl ResetPlan {
    /// How many messages are consumed again.
    #[must_use]
    pub fn replays(&self) -> i64 {
        sum(self.queues.iter().map(PlannedQueue::replays))
    }

    /// How many messages that wait will never be delivered to the group.
    #[must_use]
    pub fn skips(&self) -> i64 {
        sum(self.queues.iter().map(PlannedQueue::skips))
    }

    /// How many messages wait now.
    #[must_use]
    pub fn lag_before(&self) -> i64 {
        sum(self.queues.iter().map(PlannedQueue::lag_before))
    }

    /// How many messages will wait.
    #[must_use]
    pub fn lag_after(&self) -> i64 {
        sum(self.queues.iter().map(PlannedQueue::lag_after))
    }

    /// Whether it would do nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.queues.iter().any(PlannedQueue::is_change)
    }
}

fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests;
