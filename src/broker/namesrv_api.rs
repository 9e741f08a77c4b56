//! Telling name servers that this broker is here, and which topics it has.
//!
//! Every name server has a task of its own, so that a dead one delays nobody. A task registers
//! everything at the start, every `registerNameServerPeriod`, and soon after its connection was
//! lost; topics that change in between are told at once, as many together as have changed.

mod link;

use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use protocol::body::{
    DataVersion, KvTable, RegisterBrokerBody, TopicConfig, TopicConfigAndMappingSerializeWrapper,
};
use protocol::header::{RegisterBrokerRequestHeader, UnregisterBrokerRequestHeader};
use protocol::{CommandView, RemotingCommand, RequestCode};
use remoting::{Client, ClientConfig, Connection, NoRequests, Processor, Reply};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::broker::BrokerContext;
use crate::config::BrokerConfig;
use link::{Link, Work};

/// How soon a name server is tried again after a failure; doubled with each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// How long a stopping broker waits for a name server to take note.
const UNREGISTER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the name servers keep a broker that has fallen silent, as RocketMQ's brokers ask for.
const SILENCE_MAX_MS: i64 = 120_000;

/// The name servers of a broker.
#[derive(Debug)]
pub(crate) struct NamesrvApi {
    links: Arc<[Arc<Link>]>,
    client: Client,
}

/// Notices that a connection to a name server was lost.
struct LossWatch(Arc<[Arc<Link>]>);

impl Processor for LossWatch {
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        NoRequests.process(request, connection, reply);
    }

    fn closed(&self, _: &Arc<Connection>) {
        for link in &*self.0 {
            link.connection_lost();
        }
    }
}

impl NamesrvApi {
    pub(crate) fn new(config: &BrokerConfig, clock: SharedClock) -> Self {
        let links: Arc<[Arc<Link>]> = config
            .namesrv_addrs
            .iter()
            .map(|addr| Arc::new(Link::new(addr)))
            .collect();
        let watch = Arc::new(LossWatch(Arc::clone(&links)));
        Self {
            links,
            client: Client::new(ClientConfig::default(), clock, watch),
        }
    }

    /// Starts one task for each name server. The first thing it does is to register.
    pub(crate) fn start(broker: &Arc<BrokerContext>) {
        for link in &*broker.namesrv.links {
            broker
                .tasks
                .spawn(keep_registered(Arc::clone(broker), Arc::clone(link)));
        }
    }

    /// Tells every name server about a topic that is new or has changed, which gave the table this
    /// version. To be called in the order of the changes.
    pub(crate) fn topic_changed(&self, config: &TopicConfig, version: DataVersion) {
        for link in &*self.links {
            link.topic_changed(config, version);
        }
    }

    /// Registers everything anew with every name server.
    pub(crate) fn register_all(&self) {
        for link in &*self.links {
            link.register_all();
        }
    }

    /// Waits until every name server knows what it was to be told so far, or could not be told, but
    /// not longer than `timeout`.
    pub(crate) async fn settled(&self, timeout: Duration) {
        let all = async {
            for link in &*self.links {
                link.settled().await;
            }
        };
        // Whoever is slower hears of it all the same.
        let _in_time = tokio::time::timeout(timeout, all).await;
    }

    /// Tells the name servers that can be reached that this broker is gone.
    pub(crate) async fn unregister(&self, broker: &BrokerContext) {
        let header = UnregisterBrokerRequestHeader {
            broker_name: broker.config.broker_name.clone(),
            broker_addr: broker.store_host.to_string(),
            cluster_name: broker.config.cluster_name.clone(),
            broker_id: broker.config.broker_id,
        };
        for link in &*self.links {
            // A registration that is under way comes before what follows on the same connection.
            link.retire();
        }
        let mut told = JoinSet::new();
        for link in self
            .links
            .iter()
            .filter(|link| self.client.is_connected(link.addr()))
        {
            let request =
                RemotingCommand::request(RequestCode::UnregisterBroker).with_header(&header);
            let (client, link) = (self.client.clone(), Arc::clone(link));
            told.spawn(async move {
                let answer = client
                    .invoke(link.addr(), request, UNREGISTER_TIMEOUT)
                    .await;
                if let Err(error) = answer {
                    tracing::info!(namesrv = link.addr(), %error, "could not unregister");
                }
            });
        }
        let _all = told.join_all().await;
    }

    /// Closes the connections to the name servers.
    pub(crate) async fn shutdown(&self) {
        self.client.shutdown().await;
    }

    /// Drops the connections to the name servers.
    pub(crate) fn kill(&self) {
        self.client.kill();
    }
}

/// Registers with one name server until the broker goes.
async fn keep_registered(broker: Arc<BrokerContext>, link: Arc<Link>) {
    let mut retry = RETRY_MIN;
    let mut next = Instant::now();
    while !link.is_retired() {
        let full_is_due = Instant::now() >= next;
        let Some(work) = link.take_work(full_is_due) else {
            tokio::select! {
                () = link.has_work() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            if link.take_loss() && !broker.namesrv.client.is_connected(link.addr()) {
                next = next.min(Instant::now() + RETRY_MIN);
            }
            continue;
        };
        let is_full = work.changes.is_none();
        match register(&broker, &link, &work).await {
            Ok(()) => {
                link.done(&work);
                retry = RETRY_MIN;
                if is_full {
                    next = Instant::now() + broker.settings.register_namesrv_period();
                }
            }
            Err(reason) => {
                tracing::warn!(
                    namesrv = link.addr(),
                    reason,
                    "could not register, will try again"
                );
                link.failed();
                next = Instant::now() + retry;
                retry = (retry * 2).min(broker.settings.register_namesrv_period());
            }
        }
    }
}

async fn register(broker: &BrokerContext, link: &Link, work: &Work) -> Result<(), String> {
    let request = registration(broker, work);
    let timeout = broker.config.register_broker_timeout;
    let answer = broker
        .namesrv
        .client
        .invoke(link.addr(), request, timeout)
        .await;
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.is_success() {
        let remark = answer.remark.unwrap_or_default();
        return Err(format!("answer {}: {remark}", answer.code));
    }
    if !answer.body.is_empty() {
        let order_topics = KvTable::from_json(&answer.body).map_err(|error| error.to_string())?;
        broker.topics.apply_order_config(&order_topics);
    }
    Ok(())
}

fn registration(broker: &BrokerContext, work: &Work) -> RemotingCommand {
    let config = &broker.config;
    // Telling of one topic must not cost the copy of a table of thousands.
    let (data_version, mut topics) = match &work.changes {
        Some(changes) => (changes.version, changes.topics.clone()),
        None => {
            let table = broker.topics.to_wrapper();
            (table.data_version, table.topic_config_table)
        }
    };
    let permission = broker.settings.broker_permission();
    for topic in topics.values_mut() {
        topic.perm &= permission;
    }
    let body = RegisterBrokerBody {
        filter_server_list: Vec::new(),
        topic_config_serialize_wrapper: TopicConfigAndMappingSerializeWrapper {
            data_version,
            topic_config_table: topics,
            ..TopicConfigAndMappingSerializeWrapper::default()
        },
    }
    .to_json();
    let header = RegisterBrokerRequestHeader {
        broker_name: config.broker_name.clone(),
        broker_addr: broker.store_host.to_string(),
        cluster_name: config.cluster_name.clone(),
        ha_server_addr: config.ha_addr().to_string(),
        broker_id: config.broker_id,
        heartbeat_timeout_millis: Some(SILENCE_MAX_MS),
        enable_acting_master: Some(false),
        compressed: Some(false),
        body_crc32: Some(masked_crc(&body)),
    };
    RemotingCommand::request(RequestCode::RegisterBroker)
        .with_header(&header)
        .with_body(body)
}

/// CRC as Java has it: without the highest bit.
fn masked_crc(body: &[u8]) -> i32 {
    i32::try_from(crc32fast::hash(body) & 0x7FFF_FFFF).unwrap_or_default()
}

#[cfg(test)]
mod tests;
