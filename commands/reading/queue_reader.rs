//! One queue, batch by batch.

use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, PullConsumer, PullOptions, PullStatus};
use clock::SharedClock;

use super::Event;
use super::filter::Filter;
use super::plan::{End, QueuePlan};

/// Brokers give no more in one answer unless they are set up to.
const PULL_MAX: i32 = 32;

/// An answer that comes sooner was not held back by a broker that waits for messages.
const QUICK: Duration = Duration::from_millis(100);

/// What one pull brought.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// Nothing more will come of this queue.
    pub(super) is_over: bool,
    /// There is nothing more at the moment.
    pub(super) is_at_end: bool,
    /// The broker has not waited.
    pub(super) was_quick: bool,
}

/// Reads one queue as its plan says.
#[derive(Debug)]
pub(super) struct QueueReader {
    reader: PullConsumer,
    filter: Arc<Filter>,
    clock: SharedClock,
    pub(super) plan: QueuePlan,
    pub(super) next: i64,
}

impl QueueReader {
    pub(super) fn new(
        reader: PullConsumer,
        filter: Arc<Filter>,
        clock: SharedClock,
        plan: QueuePlan,
    ) -> Self {
        let next = plan.begin;
        Self {
            reader,
            filter,
            clock,
            plan,
            next,
        }
    }

    /// The next messages; `wait` is how long the broker may wait for one.
    pub(super) async fn pull(&mut self, wait: Duration) -> Result<Batch, ClientError> {
        let options = PullOptions {
            filter: self.filter.tags.clone(),
            messages_max: PULL_MAX,
            wait,
            ..PullOptions::default()
        };
        let begun = self.clock.elapsed();
        let pulled = self
            .reader
            .pull(&self.plan.queue, self.next, &options)
            .await?;
        let mut batch = Batch::default();
        if let Some((from, to)) = self.plan.gap.take() {
            batch
                .events
                .push(Event::Gap(self.plan.queue.clone(), from, to));
        }
        match pulled.status {
            PullStatus::OffsetIllegal if pulled.next_offset > self.next => {
                // Retention was faster than we are.
                let gap = Event::Gap(self.plan.queue.clone(), self.next, pulled.next_offset);
                batch.events.push(gap);
            }
            // Beyond the end: the queue was emptied or made anew.
            PullStatus::OffsetIllegal | PullStatus::NoNewMessage => batch.is_at_end = true,
            PullStatus::Found | PullStatus::NoMatchedMessage => {}
        }
        self.next = pulled.next_offset;
        for message in pulled.messages {
            let (offset, stored_ms) = (message.queue_offset, message.store_timestamp);
            if !self.plan.is_before_end(offset, stored_ms) {
                batch.is_over = true;
                break;
            }
            if self.plan.is_after_begin(stored_ms) && self.filter.wants(&message) {
                batch.events.push(Event::Message(Arc::new(message)));
            }
        }
        batch.was_quick = self.clock.elapsed().saturating_sub(begun) < QUICK;
        let now_ms = self.clock.now_ms();
        let ends_by_time = matches!(self.plan.end, Some(End::Time(_)));
        batch.is_over |= self.plan.is_over(self.next, now_ms) && (batch.is_at_end || !ends_by_time);
        Ok(batch)
    }

    /// How long it makes sense to wait for a message, if it is no more than `most`.
    pub(super) fn patience(&self, most: Duration) -> Duration {
        match self.plan.end {
            Some(End::Time(end_ms)) => {
                let left = end_ms.saturating_sub(self.clock.now_ms()).max(1);
                most.min(Duration::from_millis(u64::try_from(left).unwrap_or(1)))
            }
            _ => most,
        }
    }
}
