//! The two tasks of the schedule: one delivers, one writes down how far it has come.

use std::sync::Arc;
use std::time::Duration;

use super::{Progress, RETRY_AFTER};
use crate::broker::BrokerContext;

/// How often it is looked whether deliveries have reached the disk, and for how long at most.
const DURABLE_POLL: Duration = Duration::from_millis(50);
const DURABLE_POLLS_MAX: usize = 600;

/// Delivers for as long as the broker runs.
pub(super) async fn keep_delivering(broker: Arc<BrokerContext>) {
    loop {
        let worker = Arc::clone(&broker);
        let delivered = broker
            .tasks
            .blocking(move || worker.schedule.deliver_due(&worker))
            .await;
        let next = delivered.unwrap_or_else(|| Some(broker.clock.elapsed() + RETRY_AFTER));
        let woken = broker.schedule.wake.notified();
        match next.map(|next| next.saturating_sub(broker.clock.elapsed())) {
            Some(Duration::ZERO) => {}
            Some(wait) => {
                // Whichever comes first; both mean the same.
                let _woken_or_due = tokio::time::timeout(wait, woken).await;
            }
            None => woken.await,
        }
    }
}

/// Writes down how far the levels have come, for as long as the broker runs.
pub(super) async fn keep_progress(broker: Arc<BrokerContext>) {
    let mut written = broker.schedule.progress(&broker).offsets;
    loop {
        tokio::time::sleep(broker.settings.flush_delay_offset_interval()).await;
        let progress = broker.schedule.progress(&broker);
        if progress.offsets == written || !becomes_durable(&broker, &progress).await {
            continue;
        }
        let offsets = progress.offsets.clone();
        let worker = Arc::clone(&broker);
        match broker
            .tasks
            .blocking(move || worker.schedule.persist(&progress))
            .await
        {
            Some(Ok(())) => written = offsets,
            Some(Err(error)) => {
                tracing::error!(%error, "the progress of delayed messages cannot be written");
            }
            None => {}
        }
    }
}

/// Waits until deliveries are on the disk; says whether they are.
async fn becomes_durable(broker: &BrokerContext, progress: &Progress) -> bool {
    for _ in 0..DURABLE_POLLS_MAX {
        if broker.store.durable_physical_offset() >= progress.end_physical_offset {
            return true;
        }
        tokio::time::sleep(DURABLE_POLL).await;
    }
    false
}
