//! What a client does by itself: fresh routes, and heartbeats while there are producers or consumers.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// Starts the client's own tasks; they end with the client.
pub(crate) fn start(shared: &Arc<Shared>) {
    let (stopped, weak) = (&shared.stopped, Arc::downgrade(shared));
    let routes = shared.config.route_refresh_interval;
    tokio::spawn(every(
        routes,
        stopped.clone(),
        weak.clone(),
        |shared| async move {
            shared.routes.refresh_all().await;
        },
    ));
    let beats = shared.config.heartbeat_interval;
    tokio::spawn(every(
        beats,
        stopped.clone(),
        weak.clone(),
        |shared| async move {
            shared.heartbeat_all().await;
        },
    ));
    let heartbeat_wanted = Arc::clone(&shared.heartbeat_wanted);
    let routes_changed = Arc::clone(&shared.routes.changed);
    tokio::spawn(on_demand(
        heartbeat_wanted,
        routes_changed,
        stopped.clone(),
        weak,
    ));
}

/// Does what cannot wait for its interval.
async fn on_demand(
    heartbeat_wanted: Arc<Notify>,
    routes_changed: Arc<Notify>,
    stopped: CancellationToken,
    shared: Weak<Shared>,
) {
    loop {
        let is_beat = tokio::select! {
            () = stopped.cancelled() => return,
            () = heartbeat_wanted.notified() => true,
            () = routes_changed.notified() => false,
        };
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if is_beat {
            shared.heartbeat_all().await;
        } else {
            shared
                .groups
                .consumers()
                .iter()
                .for_each(|member| member.rebalance_soon());
        }
    }
}

/// Does something in regular intervals, beginning with the end of the first.
async fn every<F: Future<Output = ()>>(
    interval: Duration,
    stopped: CancellationToken,
    shared: Weak<Shared>,
    what: impl Fn(Arc<Shared>) -> F,
) {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        tokio::select! {
            () = stopped.cancelled() => return,
            () = what(shared) => {}
        }
    }
}
