//! How brokers and topics enter the tables.

use super::{BROKERS_MAX, BrokerId, BrokerKey, BrokerLive, MASTER_ID, RouteInfo, TOPICS_MAX};
use crate::names::{self, BadName};
use protocol::body::{
    BrokerData, DataVersion, QueueData, TopicConfig, TopicQueueMappingInfo, perm,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a broker says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) cluster: String,
    pub(crate) broker: String,
    pub(crate) broker_id: i64,
    pub(crate) addr: String,
    pub(crate) ha_server_addr: String,
    pub(crate) zone: Option<String>,
    /// Brokers before 5.0 do not say.
    pub(crate) enable_acting_master: Option<bool>,
    /// How long it may be silent.
    pub(crate) timeout: Duration,
    pub(crate) data_version: DataVersion,
    pub(crate) topics: BTreeMap<String, TopicConfig>,
    /// Where the logical queues of its static topics are.
    pub(crate) mappings: BTreeMap<String, TopicQueueMappingInfo>,
    /// Brokers before 3.0.11 do not say; what is known of them then stays.
    pub(crate) filter_servers: Option<Vec<String>>,
    /// The connection that it came on.
    pub(crate) connection: u64,
}

impl Registration {
    fn check_names(&self) -> Result<(), BadName> {
        names::check_name("clusterName", &self.cluster)?;
        names::check_name("brokerName", &self.broker)?;
        names::check_addr("brokerAddr", &self.addr)?;
        match self.zone.as_deref() {
            None | Some("") => Ok(()),
            Some(zone) => names::check_name("the zone's name", zone),
        }
    }

    fn key(&self) -> BrokerKey {
        BrokerKey::new(&self.cluster, &self.addr)
    }
}

/// What a broker learns from its registration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Registered {
    /// For slaves: where to copy from.
    pub(crate) ha_server_addr: Option<String>,
    /// For slaves: who the master is.
    pub(crate) master_addr: Option<String>,
    /// Topics that were not taken, and why not.
    pub(crate) remark: Option<String>,
}

/// Why a registration changed nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A single topic before the first registration with all of them: in RocketMQ's words.
    #[error("register broker failed")]
    SingleTopicFirst,
    #[error("register broker failed: {0}")]
    BadName(#[from] BadName),
    #[error("register broker failed: {BROKERS_MAX} brokers are registered, the limit")]
    TooManyBrokers,
}

impl RouteInfo {
    /// Takes a broker's registration. With `delete_absent`, topics of the broker that the
    /// registration does not name leave its routes.
    pub(crate) fn register(
        &mut self,
        registration: &Registration,
        delete_absent: bool,
        now: Duration,
    ) -> Result<Registered, Refusal> {
        registration.check_names()?;
        let key = registration.key();
        self.forget_former_name(&key, &registration.broker);
        if self.is_outranked(registration) {
            self.drop_outranked(&key, &registration.broker);
            return Ok(Registered::default());
        }
        let known = self.brokers.get(&registration.broker);
        let is_first =
            known.is_none_or(|known| !known.broker_addrs.contains_key(&registration.broker_id));
        if is_first && registration.topics.len() == 1 {
            return Err(Refusal::SingleTopicFirst);
        }
        if !self.live.contains_key(&key) && self.live.len() >= BROKERS_MAX {
            return Err(Refusal::TooManyBrokers);
        }

        let role = self.place(registration);
        let remark = match role {
            Role::Slave => None,
            Role::Master | Role::SmallestSlave { .. } => {
                self.take_topics(registration, role, is_first, delete_absent)
            }
        };
        self.keep_alive(registration, key, now);
        Ok(self.answer(registration, remark))
    }

    /// A process that comes back under another name is no longer the broker it was.
    fn forget_former_name(&mut self, key: &BrokerKey, broker: &str) {
        let former = self.live.get(key).map(|live| live.broker_name.clone());
        if let Some(former) = former.filter(|former| former != broker) {
            tracing::info!(
                addr = key.addr,
                former,
                broker,
                "a broker has changed its name"
            );
            self.remove(&[BrokerId {
                key: key.clone(),
                broker: former,
            }]);
        }
    }

    /// Whether another process with the same id has newer data.
    fn is_outranked(&self, registration: &Registration) -> bool {
        let holder = self
            .brokers
            .get(&registration.broker)
            .and_then(|broker| broker.broker_addrs.get(&registration.broker_id))
            .filter(|addr| **addr != registration.addr)
            .and_then(|addr| self.live.get(&BrokerKey::new(&registration.cluster, addr)));
        holder.is_some_and(|holder| {
            holder.data_version.state_version > registration.data_version.state_version
        })
    }

    fn drop_outranked(&mut self, key: &BrokerKey, broker: &str) {
        tracing::warn!(
            broker,
            addr = key.addr,
            "ignoring a broker whose id belongs to another one with newer data"
        );
        self.live.remove(key);
        if let Some(data) = self.brokers.get_mut(broker) {
            // At least the address that holds the id is left.
            data.broker_addrs.retain(|_, addr| *addr != key.addr);
        }
    }

    /// Enters the broker and its address. One address has one id: a slave that has become the master
    /// is no longer a slave.
    fn place(&mut self, registration: &Registration) -> Role {
        let Registration {
            cluster,
            broker,
            broker_id,
            addr,
            ..
        } = registration;
        self.clusters
            .entry(cluster.clone())
            .or_default()
            .insert(broker.clone());
        let data = self
            .brokers
            .entry(broker.clone())
            .or_insert_with(|| BrokerData {
                cluster: cluster.clone(),
                broker_name: broker.clone(),
                broker_addrs: BTreeMap::new(),
                zone_name: None,
                enable_acting_master: false,
            });
        data.enable_acting_master = registration.enable_acting_master.unwrap_or(false);
        data.zone_name = registration.zone.clone();
        data.broker_addrs
            .retain(|id, known| known != addr || id == broker_id);
        data.broker_addrs.insert(*broker_id, addr.clone());
        let is_smallest = data.broker_addrs.keys().next() == Some(broker_id);
        if *broker_id == MASTER_ID {
            Role::Master
        } else if is_smallest && registration.enable_acting_master.is_some() {
            Role::SmallestSlave {
                is_acting_master: data.enable_acting_master,
            }
        } else {
            Role::Slave
        }
    }

    /// Enters the topics that are new or changed. Returns what was wrong with those that were not
    /// taken.
    fn take_topics(
        &mut self,
        registration: &Registration,
        role: Role,
        is_first: bool,
        delete_absent: bool,
    ) -> Option<String> {
        let is_changed =
            is_first || self.data_version(&registration.key()) != Some(registration.data_version);
        if delete_absent && registration.mappings.is_empty() {
            self.delete_absent_topics(registration);
        }
        let mut refused = Refused::default();
        for config in registration.topics.values() {
            let topic = &config.topic_name;
            if let Err(reason) =
                names::check_topic(topic, &registration.cluster, &registration.broker)
            {
                refused.add(reason.to_string());
                continue;
            }
            let is_full = self.topics.len() >= TOPICS_MAX;
            let queues = self.topics.get_mut(topic);
            if is_full && queues.is_none() {
                refused.add(format!("{TOPICS_MAX} topics are registered, the limit"));
                continue;
            }
            let is_offered = queues.is_some_and(|queues| queues.contains_key(&registration.broker));
            if is_changed || !is_offered {
                let queue = queue_data(&registration.broker, config, role);
                self.topics
                    .entry(topic.clone())
                    .or_default()
                    .insert(registration.broker.clone(), queue);
            }
        }
        if is_changed {
            self.take_mappings(registration);
        }
        refused.into_remark()
    }

    fn delete_absent_topics(&mut self, registration: &Registration) {
        let named = &registration.topics;
        self.topics.retain(|topic, queues| {
            if !named.contains_key(topic) {
                queues.remove(&registration.broker);
            }
            !queues.is_empty()
        });
        self.forget_unused_mappings();
    }

    /// A broker speaks for the queues on itself only.
    fn take_mappings(&mut self, registration: &Registration) {
        let broker = &registration.broker;
        for (topic, info) in &registration.mappings {
            if info.bname == *broker && self.topics.contains_key(topic) {
                let mappings = self.mappings.entry(topic.clone()).or_default();
                mappings.insert(broker.clone(), info.clone());
            }
        }
    }

    fn keep_alive(&mut self, registration: &Registration, key: BrokerKey, now: Duration) {
        let known = self.live.remove(&key);
        if known.is_none() {
            let Registration {
                cluster,
                broker,
                broker_id,
                addr,
                ..
            } = registration;
            tracing::info!(cluster, broker, broker_id, addr, "a broker has registered");
        }
        let filter_servers = match &registration.filter_servers {
            Some(servers) => servers.clone(),
            None => known.map(|known| known.filter_servers).unwrap_or_default(),
        };
        self.live.insert(
            key,
            BrokerLive {
                broker_name: registration.broker.clone(),
                last_update: now,
                timeout: registration.timeout,
                data_version: registration.data_version,
                connection: registration.connection,
                ha_server_addr: registration.ha_server_addr.clone(),
                filter_servers,
            },
        );
    }

    fn answer(&self, registration: &Registration, remark: Option<String>) -> Registered {
        let master = self
            .brokers
            .get(&registration.broker)
            .filter(|_| registration.broker_id != MASTER_ID)
            .and_then(|broker| broker.broker_addrs.get(&MASTER_ID))
            .and_then(|addr| {
                let live = self
                    .live
                    .get(&BrokerKey::new(&registration.cluster, addr))?;
                Some((addr.clone(), live.ha_server_addr.clone()))
            });
        let (master_addr, ha_server_addr) = master.unzip();
        Registered {
            ha_server_addr,
            master_addr,
            remark,
        }
    }

    /// Enters a topic for brokers that are known; returns the first one that is not, and then
    /// nothing has changed.
    pub(crate) fn register_topic(
        &mut self,
        topic: &str,
        queues: Vec<QueueData>,
    ) -> Result<(), TopicRefusal> {
        let unknown = |queue: &&QueueData| !self.brokers.contains_key(&queue.broker_name);
        if let Some(queue) = queues.iter().find(unknown) {
            return Err(TopicRefusal::UnknownBroker(queue.broker_name.clone()));
        }
        if !self.topics.contains_key(topic) && self.topics.len() >= TOPICS_MAX {
            return Err(TopicRefusal::TooManyTopics);
        }
        if !queues.is_empty() {
            let known = self.topics.entry(topic.to_owned()).or_default();
            known.extend(
                queues
                    .into_iter()
                    .map(|queue| (queue.broker_name.clone(), queue)),
            );
        }
        Ok(())
    }
}

/// Why a topic was not entered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TopicRefusal {
    #[error("broker {0:?} is not registered")]
    UnknownBroker(String),
    #[error("{TOPICS_MAX} topics are registered, the limit")]
    TooManyTopics,
}

/// Whose topics count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Master,
    /// Speaks for the broker while there is no master; as acting master it can be read from only.
    SmallestSlave {
        is_acting_master: bool,
    },
    Slave,
}

fn queue_data(broker: &str, config: &TopicConfig, role: Role) -> QueueData {
    let is_read_only = role
        == Role::SmallestSlave {
            is_acting_master: true,
        };
    QueueData {
        broker_name: broker.to_owned(),
        read_queue_nums: config.read_queue_nums,
        write_queue_nums: config.write_queue_nums,
        perm: if is_read_only {
            config.perm & !perm::WRITE
        } else {
            config.perm
        },
        topic_sys_flag: config.topic_sys_flag,
    }
}

/// Topics that were not taken: how many, and why the first of them was not.
#[derive(Debug, Default)]
struct Refused {
    count: usize,
    first_reason: Option<String>,
}

impl Refused {
    fn add(&mut self, reason: String) {
        self.count += 1;
        self.first_reason.get_or_insert(reason);
    }

    fn into_remark(self) -> Option<String> {
        let reason = self.first_reason?;
        let count = self.count;
        tracing::warn!(count, reason, "topics of a broker were not taken");
        Some(format!("{count} topics were not taken: {reason}"))
    }
}
