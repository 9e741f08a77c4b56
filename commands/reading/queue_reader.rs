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
    /// The broker has not waited, and there is nothing to go on with: ask again a little later.
    pub(super) is_stalled: bool,
}

/// Makes readers of single queues, which have all but the queue in common.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    pub(super) consumer: PullConsumer,
    pub(super) filter: Arc<Filter>,
    pub(super) clock: SharedClock,
}

impl Readers {
    pub(super) fn reader(&self, plan: QueuePlan) -> QueueReader {
        QueueReader {
            common: self.clone(),
            next: plan.begin,
            plan,
        }
    }
}

/// Reads one queue as its plan says.
#[derive(Debug)]
pub(super) struct QueueReader {
    common: Readers,
    pub(super) plan: QueuePlan,
    pub(super) next: i64,
}

impl QueueReader {
    /// The next messages; `wait` is how long the broker may wait for one.
    pub(super) async fn pull(&mut self, wait: Duration) -> Result<Batch, ClientError> {
        let options = PullOptions {
            filter: self.common.filter.by_brokers.clone(),
            messages_max: PULL_MAX,
            wait,
            ..PullOptions::default()
        };
        let begun = self.common.clock.elapsed();
        let pulled = self
            .common
            .consumer
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
        let is_same_place = pulled.next_offset <= self.next && pulled.messages.is_empty();
        self.next = pulled.next_offset;
        let now_ms = self.common.clock.now_ms();
        for message in pulled.messages {
            let (offset, stored_ms) = (message.queue_offset, message.store_timestamp);
            if !self.plan.is_before_end(offset, stored_ms) {
                batch.is_over = true;
                break;
            }
            if self.plan.is_after_begin(offset, stored_ms)
                && self.common.filter.wants(&message, now_ms)
            {
                batch.events.push(Event::Message(Arc::new(message)));
            }
        }
        let was_quick = self.common.clock.elapsed().saturating_sub(begun) < QUICK;
        batch.is_stalled = was_quick && is_same_place;
        let ends_by_time = matches!(self.plan.end, Some(End::Time(_)));
        batch.is_over |= self.plan.is_over(self.next, now_ms) && (batch.is_at_end || !ends_by_time);
        Ok(batch)
    }

    /// How long it makes sense to wait for a message, if it is no more than `most`.
    pub(super) fn patience(&self, most: Duration) -> Duration {
        match self.plan.end {
            Some(End::Time(end_ms)) => {
                let left = end_ms.saturating_sub(self.common.clock.now_ms()).max(1);
                most.min(Duration::from_millis(u64::try_from(left).unwrap_or(1)))
            }
            _ => most,
        }
    }
}
