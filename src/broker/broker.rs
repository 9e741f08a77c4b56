//! Starting, stopping and killing a broker, and the context its requests are processed in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use protocol::message::UniqueKeyGenerator;
use remoting::{Server, ServerConfig};
use store::MessageStore;
use tokio_util::sync::DropGuard;

use crate::broker_settings::Settings;
use crate::config::BrokerConfig;
use crate::consumer_manager::ConsumerTable;
use crate::consumer_offset::ConsumerOffsetTable;
use crate::error::StartError;
use crate::flush_wait::FlushWaits;
use crate::long_polling::HeldPulls;
use crate::namesrv_api::NamesrvApi;
use crate::processor::{self, AdminBudget, BrokerProcessor};
use crate::producer_manager::ProducerTable;
use crate::rebalance_lock::RebalanceLockTable;
use crate::schedule::Schedule;
use crate::sql_filter::SqlFilters;
use crate::stats::BrokerStats;
use crate::subscription_group::SubscriptionGroupTable;
use crate::tasks::Tasks;
use crate::topic_config::TopicConfigTable;
use crate::{local_time, periodic};

/// How long a stopping broker lets answers out and waits for its tasks.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// How long a start waits for name servers to know the broker.
const FIRST_REGISTRATION_WAIT: Duration = Duration::from_secs(3);

/// Everything a request is processed with; one for each broker.
#[derive(Debug)]
pub(crate) struct BrokerContext {
    /// The settings at the start; those that can change while running are in `settings`.
    pub(crate) config: BrokerConfig,
    pub(crate) settings: Settings,
    pub(crate) clock: SharedClock,
    pub(crate) store: MessageStore,
    /// `brokerIP1:listenPort`, as it is written into messages and told to name servers.
    pub(crate) store_host: SocketAddr,
    pub(crate) topics: TopicConfigTable,
    pub(crate) groups: SubscriptionGroupTable,
    pub(crate) offsets: ConsumerOffsetTable,
    pub(crate) consumers: ConsumerTable,
    pub(crate) producers: ProducerTable,
    pub(crate) locks: RebalanceLockTable,
    pub(crate) schedule: Schedule,
    pub(crate) sql_filters: SqlFilters,
    pub(crate) held_pulls: HeldPulls,
    pub(crate) flush_waits: FlushWaits,
    pub(crate) admin_budget: AdminBudget,
    pub(crate) unique_keys: UniqueKeyGenerator,
    pub(crate) stats: BrokerStats,
    pub(crate) namesrv: Arc<NamesrvApi>,
    pub(crate) tasks: Tasks,
}

/// A running broker.
///
/// Dropped, it ends as by [`Broker::kill`], but nobody can tell when.
#[derive(Debug)]
pub struct Broker {
    context: Arc<BrokerContext>,
    server: Server,
    /// Ends the tasks of a broker that was dropped.
    _stop: DropGuard,
}

impl Broker {
    /// Opens the store and the tables, serves, and registers with the name servers.
    ///
    /// When this returns, every name server that can be reached knows the broker; one that cannot is
    /// no reason to fail, it is told later.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way. Nothing is left running then.
    pub async fn start(config: BrokerConfig, clock: SharedClock) -> Result<Self, StartError> {
        let runtime = Tasks::new();
        let opened = tokio::task::spawn_blocking(move || open(config, clock, runtime)).await;
        let context =
            opened.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))?;
        let server = match serve(&context).await {
            Ok(server) => server,
            Err(error) => {
                close_store(&context).await;
                return Err(error);
            }
        };
        periodic::start(&context);
        Schedule::start(&context);
        NamesrvApi::start(&context);
        context.namesrv.settled(FIRST_REGISTRATION_WAIT).await;
        let _stop = context.tasks.stop_on_drop();
        Ok(Self {
            context,
            server,
            _stop,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The address that clients are told.
    #[must_use]
    pub fn advertised_addr(&self) -> SocketAddr {
        self.context.store_host
    }

    #[cfg(test)]
    pub(crate) fn context(&self) -> &Arc<BrokerContext> {
        &self.context
    }

    /// The first thing that happens to a broker that is killed.
    #[cfg(test)]
    pub(crate) fn drop_sockets(&self) {
        self.server.kill();
    }

    /// Ends in good order: no client is sent here any more, what is in flight is answered, everything
    /// is written down. The next start has nothing to recover.
    pub async fn shutdown(self) {
        let Self {
            context,
            server,
            _stop,
        } = self;
        context.namesrv.unregister(&context).await;
        processor::pull::answer_all_held(&context);
        server.shutdown(SHUTDOWN_GRACE).await;
        context.tasks.stop();
        context.tasks.ended().await;
        context.namesrv.shutdown().await;
        drop(server);
        close_store(&context).await;
        drop_store(context).await;
    }

    /// Ends as `kill -9` would end it: sockets are dropped at once, nothing is flushed or written
    /// down. When this returns, the port and the folder are free for the next start.
    pub async fn kill(self) {
        let Self {
            context,
            server,
            _stop,
        } = self;
        server.kill();
        context.namesrv.kill();
        context.tasks.stop();
        server.closed().await;
        context.tasks.ended().await;
        drop(server);
        drop_store(context).await;
    }
}

/// Everything that blocks on the disk: recovery, and reading the tables.
fn open(
    config: BrokerConfig,
    clock: SharedClock,
    tasks: Tasks,
) -> Result<Arc<BrokerContext>, StartError> {
    let store = open_store(&config, &clock)?;
    // From here on the folder is ours: the store holds its lock.
    let settings = Settings::open(config.clone())?;
    let namesrv = Arc::new(NamesrvApi::new(&config, Arc::clone(&clock)));
    let store_host = config.advertised_addr();
    let offsets_path = config.config_dir().join("consumerOffset.json");
    let context = Arc::new(BrokerContext {
        store,
        store_host,
        settings,
        topics: TopicConfigTable::open(&config, Arc::clone(&clock), Arc::clone(&namesrv))?,
        groups: SubscriptionGroupTable::open(&config, Arc::clone(&clock))?,
        offsets: ConsumerOffsetTable::open(offsets_path, Arc::clone(&clock))?,
        consumers: ConsumerTable::new(Arc::clone(&clock)),
        producers: ProducerTable::new(Arc::clone(&clock)),
        locks: RebalanceLockTable::new(Arc::clone(&clock)),
        schedule: Schedule::open(&config, Arc::clone(&clock))?,
        sql_filters: SqlFilters::default(),
        held_pulls: HeldPulls::default(),
        flush_waits: FlushWaits::default(),
        admin_budget: AdminBudget::default(),
        unique_keys: unique_keys(store_host.ip()),
        stats: BrokerStats::new(Arc::clone(&clock)),
        namesrv,
        tasks,
        config,
        clock,
    });
    let listener = processor::pull::ArrivalListener(Arc::downgrade(&context));
    context.store.set_arriving_listener(Arc::new(listener));
    Ok(context)
}

fn open_store(config: &BrokerConfig, clock: &SharedClock) -> Result<MessageStore, StartError> {
    let dir = config.store_path_root_dir.clone();
    let store_config = config.store_config()?;
    MessageStore::open(store_config, Arc::clone(clock))
        .map_err(|source| StartError::Store { dir, source })
}

async fn serve(context: &Arc<BrokerContext>) -> Result<Server, StartError> {
    let addr = context.config.listen_addr();
    let processor = Arc::new(BrokerProcessor::new(Arc::clone(context)));
    Server::bind(
        ServerConfig {
            listen: addr,
            limits: context.config.limits(),
        },
        processor,
        Arc::clone(&context.clock),
    )
    .await
    .map_err(|source| StartError::Bind { addr, source })
}

/// Writes everything down; the store takes no more messages.
async fn close_store(context: &Arc<BrokerContext>) {
    let context = Arc::clone(context);
    let closed = tokio::task::spawn_blocking(move || {
        // Progress must not survive what it speaks of.
        context.store.flush_once();
        periodic::persist_tables(&context);
        periodic::persist_offsets(&context);
        periodic::persist_delays(&context);
        if let Err(error) = context.store.shutdown() {
            tracing::error!(%error, "the store is not closed in good order");
        }
    });
    if let Err(error) = closed.await {
        tracing::error!(%error, "the store could not be closed");
    }
}

/// Gives up the store, whose threads end with it.
async fn drop_store(context: Arc<BrokerContext>) {
    // Joining threads blocks. Nothing else has the context by now.
    let _dropped = tokio::task::spawn_blocking(move || drop(context)).await;
}

/// Ids for messages whose producers gave them none.
fn unique_keys(ip: IpAddr) -> UniqueKeyGenerator {
    UniqueKeyGenerator::new(
        ip,
        std::process::id(),
        fastrand::i32(..),
        local_time::month_of,
    )
}

#[cfg(test)]
mod tests;
