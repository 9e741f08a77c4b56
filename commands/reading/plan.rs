//! Where reading begins and ends in each queue.

use client::{Boundary, ClientError, PullConsumer};
use protocol::body::MessageQueue;

use super::range::{Point, Range, Until};

/// Where reading of a queue is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Before this offset.
    Offset(i64),
    /// Before the first message that was stored at this time or later.
    Time(i64),
}

/// What is to be read of one queue.
#[derive(Debug, Clone)]
pub(super) struct QueuePlan {
    pub(super) queue: MessageQueue,
    pub(super) begin: i64,
    /// Messages that were stored before this are not meant, wherever they lie.
    pub(super) not_before_ms: Option<i64>,
    /// Messages below this are not meant: an offset that the queue has not reached yet.
    pub(super) not_before: Option<i64>,
    /// The offset behind the last message that is there now.
    pub(super) end_now: i64,
    /// Where reading is over; without, it never is.
    pub(super) end: Option<End>,
    /// Offsets that were asked for and are gone: from, and before.
    pub(super) gap: Option<(i64, i64)>,
}

impl QueuePlan {
    /// Asks the broker for the offsets that the range speaks of.
    pub(super) async fn make(
        reader: PullConsumer,
        queue: MessageQueue,
        range: Range,
    ) -> Result<Self, ClientError> {
        let (min, max) = tokio::try_join!(reader.min_offset(&queue), reader.max_offset(&queue))?;
        let bounds = Bounds { min, max };
        let begin = bounds.resolve(&reader, &queue, range.begin).await?;
        let end = match range.until {
            None => None,
            Some(Until::Count(count)) => Some(End::Offset(begin.max(min).saturating_add(count))),
            Some(Until::Point(Point::Time(time))) => Some(End::Time(time)),
            Some(Until::Point(point)) => {
                Some(End::Offset(bounds.resolve(&reader, &queue, point).await?))
            }
        };
        Ok(Self {
            queue,
            begin: begin.max(min),
            not_before_ms: match range.begin {
                Point::Time(time) => Some(time),
                _ => None,
            },
            not_before: (begin > max).then_some(begin),
            end_now: max,
            end,
            gap: (begin < min).then_some((begin, min)),
        })
    }

    /// A queue that came into being while others are read: all of it.
    pub(super) fn whole(queue: MessageQueue, end: Option<End>) -> Self {
        Self {
            queue,
            begin: 0,
            not_before_ms: None,
            not_before: None,
            end_now: 0,
            end,
            gap: None,
        }
    }

    /// The offset at which the backlog ends: what is there now, or less if less is wanted.
    pub(super) fn backlog_end(&self) -> i64 {
        match self.end {
            Some(End::Offset(end)) => end.min(self.end_now),
            _ => self.end_now,
        }
    }

    /// Whether a message at this offset, stored at this time, is still wanted.
    pub(super) fn is_before_end(&self, offset: i64, stored_ms: i64) -> bool {
        match self.end {
            None => true,
            Some(End::Offset(end)) => offset < end,
            Some(End::Time(end_ms)) => stored_ms < end_ms,
        }
    }

    /// Whether a message at this offset, stored at this time, is wanted, as far as the beginning goes.
    pub(super) fn is_after_begin(&self, offset: i64, stored_ms: i64) -> bool {
        self.not_before.is_none_or(|begin| offset >= begin)
            && self
                .not_before_ms
                .is_none_or(|begin_ms| stored_ms >= begin_ms)
    }

    /// Whether there is nothing more to come once everything below `next` has been read.
    pub(super) fn is_over(&self, next: i64, now_ms: i64) -> bool {
        match self.end {
            None => false,
            Some(End::Offset(end)) => next >= end,
            Some(End::Time(end_ms)) => now_ms >= end_ms,
        }
    }
}

/// What there is of a queue.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    min: i64,
    max: i64,
}

impl Bounds {
    async fn resolve(
        self,
        reader: &PullConsumer,
        queue: &MessageQueue,
        point: Point,
    ) -> Result<i64, ClientError> {
        let Self { min, max } = self;
        Ok(match point {
            Point::Start => min,
            Point::End => max,
            Point::Offset(offset) => offset,
            Point::AfterStart(count) => min.saturating_add(count).min(max),
            Point::BeforeEnd(count) => max.saturating_sub(count).max(min),
            // An empty queue has no message to look for.
            Point::Time(_) if min >= max => max,
            Point::Time(time) => {
                let found = reader.search_offset(queue, time, Boundary::Lower).await?;
                found.clamp(min, max)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(end: Option<End>) -> QueuePlan {
        QueuePlan {
            end_now: 50,
            begin: 10,
            ..QueuePlan::whole(MessageQueue::default(), end)
        }
    }

    #[test]
    fn a_plan_knows_when_it_is_over() {
        let endless = plan(None);
        assert!(!endless.is_over(i64::MAX, i64::MAX) && endless.is_before_end(9, 9));
        assert_eq!(endless.backlog_end(), 50);

        let until_20 = plan(Some(End::Offset(20)));
        assert_eq!(until_20.backlog_end(), 20);
        assert!(until_20.is_over(20, 0) && !until_20.is_over(19, 0));
        assert!(until_20.is_before_end(19, 0) && !until_20.is_before_end(20, 0));
        assert_eq!(plan(Some(End::Offset(70))).backlog_end(), 50);

        let until_noon = plan(Some(End::Time(1000)));
        assert!(until_noon.is_before_end(0, 999) && !until_noon.is_before_end(0, 1000));
        assert!(until_noon.is_over(0, 1000) && !until_noon.is_over(0, 999));
    }
}
