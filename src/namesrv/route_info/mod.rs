//! The tables of a name server (RocketMQ `RouteInfoManager`): who has which topic, who is alive.
//!
//! Pure: time comes in as the clock's elapsed time, a connection is its number. Invariants: a broker
//! is in `brokers` while at least one address serves it; a topic is in `topics` while at least one
//! broker offers it; every broker name in `topics` is in `brokers`; every name in `clusters` is too.

mod register;
mod remove;

pub(crate) use register::Registration;
pub(crate) use remove::BrokerId;

use protocol::body::{
    BrokerData, BrokerMemberGroup, ClusterInfo, DataVersion, QueueData, TopicList,
    TopicQueueMappingInfo, TopicRouteData, perm,
};
use protocol::name;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many addresses of brokers there may be.
pub(crate) const BROKERS_MAX: usize = 4_096;

/// How many topics there may be.
pub(crate) const TOPICS_MAX: usize = 200_000;

/// The id of a master.
const MASTER_ID: i64 = 0;

/// Bits of a topic's system flag (RocketMQ `TopicSysFlag`).
const FLAG_UNIT: i32 = 1;
const FLAG_UNIT_SUB: i32 = 2;

/// One process of a broker: the same address may serve several clusters one after the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BrokerKey {
    pub(crate) cluster: String,
    pub(crate) addr: String,
}

impl BrokerKey {
    pub(crate) fn new(cluster: &str, addr: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            addr: addr.to_owned(),
        }
    }
}

/// What is known of a broker's process while it lives.
#[derive(Debug)]
struct BrokerLive {
    broker_name: String,
    last_update: Duration,
    timeout: Duration,
    data_version: DataVersion,
    /// The connection that it last registered on: its end is the end of the broker.
    connection: u64,
    ha_server_addr: String,
    filter_servers: Vec<String>,
}

/// Lists of topics that are told apart by their system flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitTopics {
    /// Topics of a unit.
    Unit,
    /// Topics that units subscribe to.
    SubscribedByUnits,
    /// The latter without the former.
    SubscribedByUnitsOnly,
}

/// Everything a name server knows of brokers and topics.
#[derive(Debug, Default)]
pub(crate) struct RouteInfo {
    /// Topic, then broker name.
    topics: BTreeMap<String, BTreeMap<String, QueueData>>,
    /// By broker name.
    brokers: BTreeMap<String, BrokerData>,
    /// Broker names by cluster.
    clusters: BTreeMap<String, BTreeSet<String>>,
    live: BTreeMap<BrokerKey, BrokerLive>,
    /// Where the logical queues of static topics are: topic, then broker name.
    mappings: BTreeMap<String, BTreeMap<String, TopicQueueMappingInfo>>,
}

impl RouteInfo {
    /// Where a topic is; `None` when no broker offers it.
    ///
    /// With `acting_masters`, the smallest slave of a broker that has lost its master is shown as
    /// the master, if it may be read only.
    pub(crate) fn route(&self, topic: &str, acting_masters: bool) -> Option<TopicRouteData> {
        let queues = self.topics.get(topic)?;
        let mut brokers: Vec<BrokerData> = queues
            .keys()
            .filter_map(|broker| self.brokers.get(broker).cloned())
            .collect();
        if brokers.is_empty() {
            return None;
        }
        let filter_server_table = self.filter_servers(&brokers);
        if acting_masters && !topic.starts_with(name::SYNC_BROKER_MEMBER_PREFIX) {
            for broker in &mut brokers {
                let writable = queues
                    .get(&broker.broker_name)
                    .is_some_and(|queue| perm::is_writeable(queue.perm));
                if broker.enable_acting_master && !writable {
                    promote_smallest_slave(broker);
                }
            }
        }
        Some(TopicRouteData {
            order_topic_conf: None,
            queue_datas: queues.values().cloned().collect(),
            broker_datas: brokers,
            filter_server_table,
            topic_queue_mapping_by_broker: self.mappings.get(topic).cloned(),
        })
    }

    fn filter_servers(&self, brokers: &[BrokerData]) -> BTreeMap<String, Vec<String>> {
        let mut servers = BTreeMap::new();
        for broker in brokers {
            for addr in broker.broker_addrs.values() {
                let live = self.live.get(&BrokerKey::new(&broker.cluster, addr));
                if let Some(live) = live.filter(|live| !live.filter_servers.is_empty()) {
                    servers.insert(addr.clone(), live.filter_servers.clone());
                }
            }
        }
        servers
    }

    /// All clusters with all their brokers.
    pub(crate) fn cluster_info(&self) -> ClusterInfo {
        ClusterInfo {
            broker_addr_table: self.brokers.clone(),
            cluster_addr_table: self.clusters.clone(),
        }
    }

    /// The addresses that serve one broker; none when it is not known.
    pub(crate) fn member_group(&self, cluster: &str, broker: &str) -> BrokerMemberGroup {
        BrokerMemberGroup {
            cluster: cluster.to_owned(),
            broker_name: broker.to_owned(),
            broker_addrs: self
                .brokers
                .get(broker)
                .map(|broker| broker.broker_addrs.clone())
                .unwrap_or_default(),
        }
    }

    /// All topics.
    pub(crate) fn all_topics(&self) -> TopicList {
        topic_list(self.topics.keys().cloned())
    }

    /// The topics that any broker of a cluster offers.
    pub(crate) fn topics_of_cluster(&self, cluster: &str) -> TopicList {
        let Some(brokers) = self.clusters.get(cluster) else {
            return TopicList::default();
        };
        let of_cluster = |queues: &BTreeMap<String, QueueData>| {
            queues.keys().any(|broker| brokers.contains(broker))
        };
        topic_list(
            self.topics
                .iter()
                .filter(|(_, queues)| of_cluster(queues))
                .map(|(topic, _)| topic.clone()),
        )
    }

    /// The names of all clusters and brokers, each of which is a topic too, and some broker that
    /// can be asked for its other system topics.
    pub(crate) fn system_topics(&self) -> TopicList {
        let clusters = self.clusters.iter();
        let names: BTreeSet<String> = clusters
            .flat_map(|(cluster, brokers)| std::iter::once(cluster).chain(brokers))
            .cloned()
            .collect();
        let mut addrs = self
            .brokers
            .values()
            .flat_map(|broker| broker.broker_addrs.values());
        TopicList {
            broker_addr: addrs.next().cloned(),
            ..topic_list(names)
        }
    }

    /// The topics with certain system flags.
    pub(crate) fn unit_topics(&self, which: UnitTopics) -> TopicList {
        let is_asked_for = |queues: &BTreeMap<String, QueueData>| {
            let flag = queues
                .values()
                .next()
                .map_or(0, |queue| queue.topic_sys_flag);
            let (unit, subscribed) = (flag & FLAG_UNIT != 0, flag & FLAG_UNIT_SUB != 0);
            match which {
                UnitTopics::Unit => unit,
                UnitTopics::SubscribedByUnits => subscribed,
                UnitTopics::SubscribedByUnitsOnly => subscribed && !unit,
            }
        };
        topic_list(
            self.topics
                .iter()
                .filter(|(_, queues)| is_asked_for(queues))
                .map(|(topic, _)| topic.clone()),
        )
    }

    /// The version of the topics that a broker last registered with.
    pub(crate) fn data_version(&self, key: &BrokerKey) -> Option<DataVersion> {
        self.live.get(key).map(|live| live.data_version)
    }

    /// A broker has given a sign of life.
    pub(crate) fn heartbeat(&mut self, key: &BrokerKey, now: Duration) {
        if let Some(live) = self.live.get_mut(key) {
            live.last_update = now;
        }
    }

    /// Takes the permission to write from all topics of a broker, until it changes one of them.
    pub(crate) fn wipe_write_perm(&mut self, broker: &str) -> usize {
        self.change_perms(broker, |bits| bits & !perm::WRITE)
    }

    /// Permits reading and writing all topics of a broker.
    pub(crate) fn add_write_perm(&mut self, broker: &str) -> usize {
        self.change_perms(broker, |_| perm::READ | perm::WRITE)
    }

    fn change_perms(&mut self, broker: &str, change: impl Fn(i32) -> i32) -> usize {
        let mut count = 0;
        for queues in self.topics.values_mut() {
            if let Some(queue) = queues.get_mut(broker) {
                queue.perm = change(queue.perm);
                count += 1;
            }
        }
        count
    }
}

fn topic_list(topics: impl IntoIterator<Item = String>) -> TopicList {
    TopicList {
        topic_list: topics.into_iter().collect(),
        broker_addr: None,
    }
}

/// Shows the smallest slave as the master, where there is none.
fn promote_smallest_slave(broker: &mut BrokerData) {
    if broker.broker_addrs.contains_key(&MASTER_ID) {
        return;
    }
    if let Some((_, addr)) = broker.broker_addrs.pop_first() {
        broker.broker_addrs.insert(MASTER_ID, addr);
    }
}

#[cfg(test)]
mod tests;
