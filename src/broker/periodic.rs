//! What a broker does from time to time, in one place.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::broker::BrokerContext;
use crate::config::FlushDiskType;
use crate::{flush_wait, processor, stats};

/// How often tables that have changed are written; until then their logs hold the changes.
const TABLES_PERIOD: Duration = Duration::from_secs(5);
/// How often clients are looked for that have fallen silent (RocketMQ `ClientHousekeepingService`).
const SILENT_CLIENTS_PERIOD: Duration = Duration::from_secs(10);

/// Starts everything.
pub(crate) fn start(broker: &Arc<BrokerContext>) {
    every(
        broker,
        |_| TABLES_PERIOD,
        |broker| blocking(broker, persist_tables),
    );
    sync_on(broker, broker.topics.changed(), |broker| {
        broker.topics.sync()
    });
    sync_on(broker, broker.groups.changed(), |broker| {
        broker.groups.sync()
    });
    every(
        broker,
        |broker| broker.settings.flush_consumer_offset_interval(),
        |broker| blocking(broker, persist_offsets),
    );
    every(
        broker,
        |_| SILENT_CLIENTS_PERIOD,
        |broker| async move {
            processor::remove_silent_clients(&broker);
            broker.locks.remove_expired();
        },
    );
    every(
        broker,
        |_| stats::SAMPLE_PERIOD,
        |broker| async move {
            let topics = broker.topics.snapshot();
            broker
                .stats
                .sample(topics.iter().map(|topic| &*topic.stats));
        },
    );
    if broker.config.flush_disk_type == FlushDiskType::SyncFlush {
        every(
            broker,
            |_| flush_wait::CHECK_PERIOD,
            |broker| async move {
                broker.flush_waits.end_overdue(broker.clock.elapsed());
            },
        );
    }
    broker
        .tasks
        .spawn(processor::pull::expire_held(Arc::clone(broker)));
}

/// Writes the tables of topics and groups, where they have changed. Blocks on the disk.
pub(crate) fn persist_tables(broker: &BrokerContext) {
    broker.topics.persist();
    broker.groups.persist();
}

/// Writes the consumer offsets, where they have changed. Blocks on the disk.
pub(crate) fn persist_offsets(broker: &BrokerContext) {
    if let Err(error) = broker.offsets.persist() {
        tracing::error!(%error, "the consumer offsets cannot be written");
    }
}

/// Writes how far the delayed messages have come; what was delivered must be on the disk by now.
pub(crate) fn persist_delays(broker: &BrokerContext) {
    let progress = broker.schedule.progress(broker);
    if let Err(error) = broker.schedule.persist(&progress) {
        tracing::error!(%error, "the progress of delayed messages cannot be written");
    }
}

fn every<W, F>(
    broker: &Arc<BrokerContext>,
    period: impl Fn(&BrokerContext) -> Duration + Send + 'static,
    work: W,
) where
    W: Fn(Arc<BrokerContext>) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let context = Arc::clone(broker);
    broker.tasks.spawn(async move {
        loop {
            tokio::time::sleep(period(&context)).await;
            work(Arc::clone(&context)).await;
        }
    });
}

/// Syncs the log of a table as soon as it has changed, for all those who do not wait for it.
fn sync_on(
    broker: &Arc<BrokerContext>,
    changed: Arc<Notify>,
    sync: fn(&BrokerContext) -> io::Result<()>,
) {
    let context = Arc::clone(broker);
    broker.tasks.spawn(async move {
        loop {
            changed.notified().await;
            let broker = Arc::clone(&context);
            let synced = context.tasks.blocking(move || sync(&broker)).await;
            if let Some(Err(error)) = synced {
                tracing::error!(%error, "changes of a table may not survive a power cut");
            }
        }
    });
}

async fn blocking(broker: Arc<BrokerContext>, work: fn(&BrokerContext)) {
    let context = Arc::clone(&broker);
    let _done_or_stopped = broker.tasks.blocking(move || work(&context)).await;
}
