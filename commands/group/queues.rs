//! The queues that a group reads: whose they are and how far each has been read.

use std::borrow::Cow;

use client::admin::QueueProgress;
use protocol::body::MessageQueue;
use serde::Serialize;

use super::owners::Owner;
use crate::output::{Cell, Column, Item, Role};

/// One queue. What is not known is `null`, never 0.
#[derive(Debug, Clone, Serialize)]
pub(super) struct QueueLine {
    pub(super) topic: String,
    pub(super) broker: String,
    pub(super) queue: i32,
    pub(super) owner: Option<String>,
    /// `reported` by the member itself, or `computed` as RocketMQ's default strategy divides queues.
    owner_source: Option<&'static str>,
    pub(super) committed_offset: Option<i64>,
    pub(super) min_offset: Option<i64>,
    max_offset: Option<i64>,
    pub(super) lag: Option<i64>,
    /// The age of the oldest message that has not been consumed; 0 when there is none.
    pub(super) lag_ms: Option<i64>,
    in_flight: Option<i64>,
}

impl QueueLine {
    /// A queue that the group has come some way in.
    pub(super) fn of_progress(progress: &QueueProgress) -> Self {
        let committed = Some(progress.consumer_offset).filter(|offset| *offset >= 0);
        let lag = committed.map(|_| progress.lag().max(0));
        Self {
            committed_offset: committed,
            max_offset: Some(progress.max_offset),
            lag,
            lag_ms: lag.filter(|lag| *lag == 0),
            in_flight: committed.map(|_| progress.in_flight()),
            ..Self::unread(&progress.queue, None)
        }
    }

    /// A queue that the group has never read.
    pub(super) fn unread(queue: &MessageQueue, max_offset: Option<i64>) -> Self {
        Self {
            topic: queue.topic.clone(),
            broker: queue.broker_name.clone(),
            queue: queue.queue_id,
            owner: None,
            owner_source: None,
            committed_offset: None,
            min_offset: None,
            max_offset,
            lag: None,
            lag_ms: None,
            in_flight: None,
        }
    }

    pub(super) fn message_queue(&self) -> MessageQueue {
        MessageQueue::new(self.topic.as_str(), self.broker.as_str(), self.queue)
    }

    pub(super) fn set_owner(&mut self, owner: &Owner) {
        self.owner = Some(owner.client_id.clone());
        self.owner_source = Some(if owner.is_reported {
            "reported"
        } else {
            "computed"
        });
    }
}

impl Item for QueueLine {
    const SCHEMA: &'static str = "gantry.group.queues/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("broker"),
        Column::number("queue"),
        Column::new("owner"),
        Column::number("committed_offset").titled("COMMITTED"),
        Column::number("min_offset").titled("MIN").wide(),
        Column::number("max_offset").titled("MAX"),
        Column::number("lag"),
        Column::number("lag_ms").titled("BEHIND"),
        Column::number("in_flight").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let owner = match (&self.owner, self.owner_source) {
            (Some(owner), Some("computed")) => Cell::text(format!("{owner} (computed)")),
            (Some(owner), _) => owner.into(),
            (None, _) => Cell::empty(),
        };
        let lag = Cell::from(self.lag);
        vec![
            (&self.topic).into(),
            (&self.broker).into(),
            self.queue.into(),
            owner,
            self.committed_offset.into(),
            self.min_offset.into(),
            self.max_offset.into(),
            if self.lag.is_some_and(|lag| lag > 0) {
                lag.role(Role::Warn)
            } else {
                lag
            },
            self.lag_ms.map_or_else(Cell::empty, Cell::duration_ms),
            self.in_flight.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        format!("{}/{}:{}", self.topic, self.broker, self.queue).into()
    }
}
