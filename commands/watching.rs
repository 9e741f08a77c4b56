//! Looking at a cluster again and again, until it is enough.

use std::time::Duration;

use client::snapshot::{Observer, Snapshot, Wants};

use crate::context::Context;
use crate::signals::Stop;

/// Looks at regular times.
pub(crate) struct Looks<'a> {
    ctx: &'a Context,
    observer: Observer,
    wants: Wants,
    interval: Duration,
    /// When to end, by the clock that never goes back.
    end: Option<Duration>,
    next: Duration,
}

impl<'a> Looks<'a> {
    /// The first look is now, the last one when `within` is over; `None` goes on for ever.
    pub(crate) fn new(
        ctx: &'a Context,
        observer: Observer,
        wants: Wants,
        interval: Duration,
        within: Option<Duration>,
    ) -> Self {
        let now = ctx.clock.elapsed();
        Self {
            ctx,
            observer,
            wants,
            interval,
            end: within.map(|within| now.saturating_add(within)),
            next: now,
        }
    }

    /// From now on these groups are looked at closely.
    pub(crate) fn see_groups(&mut self, groups: Vec<String>) {
        self.wants.visible_groups = groups;
    }

    /// What the cluster looks like at the next look; `None` when it was the last one, or on a signal.
    pub(crate) async fn next(&mut self, stop: &mut Stop) -> Option<Snapshot> {
        if self.end.is_some_and(|end| self.next > end) {
            return None;
        }
        let wait = self.next.saturating_sub(self.ctx.clock.elapsed());
        let look = async {
            tokio::time::sleep(wait).await;
            self.observer.read(&self.wants).await
        };
        let seen = tokio::select! {
            _ = stop.requested() => return None,
            seen = look => seen,
        };
        // Looks that took too long are left out, not made up for.
        self.next = self
            .next
            .saturating_add(self.interval)
            .max(self.ctx.clock.elapsed());
        Some(seen)
    }
}
