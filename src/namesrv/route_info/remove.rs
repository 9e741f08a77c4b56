//! How brokers and topics leave the tables: a broker says so, its connection ends, it falls silent,
//! or a tool deletes a topic.

use super::{BrokerKey, BrokerLive, MASTER_ID, RouteInfo};
use protocol::body::perm;
use std::collections::BTreeSet;
use std::time::Duration;

/// One process of a broker and the name it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerId {
    pub(crate) key: BrokerKey,
    pub(crate) broker: String,
}

impl RouteInfo {
    /// A broker says that it goes.
    pub(crate) fn unregister(&mut self, gone: BrokerId) {
        self.remove(&[gone]);
    }

    /// A connection has ended; whoever registered on it last is gone. Returns who that was.
    pub(crate) fn connection_closed(&mut self, connection: u64) -> Vec<BrokerId> {
        self.remove_where(|live| live.connection == connection)
    }

    /// Takes out every broker that has been silent for longer than it said it would be. Returns
    /// them with the connections that they registered on.
    pub(crate) fn expire(&mut self, now: Duration) -> Vec<(BrokerId, u64)> {
        let silent = |live: &BrokerLive| now.saturating_sub(live.last_update) > live.timeout;
        let expired: Vec<_> = self
            .live
            .iter()
            .filter(|(_, live)| silent(live))
            .map(|(key, live)| (id(key, live), live.connection))
            .collect();
        let gone: Vec<_> = expired.iter().map(|(id, _)| id.clone()).collect();
        self.remove(&gone);
        expired
    }

    fn remove_where(&mut self, is_gone: impl Fn(&BrokerLive) -> bool) -> Vec<BrokerId> {
        let gone: Vec<_> = self
            .live
            .iter()
            .filter(|(_, live)| is_gone(live))
            .map(|(key, live)| id(key, live))
            .collect();
        self.remove(&gone);
        gone
    }

    /// Removes processes of brokers, brokers that none is left of, clusters without brokers, and
    /// topics that nobody offers any more.
    pub(super) fn remove(&mut self, gone: &[BrokerId]) {
        let (mut removed, mut reduced) = (BTreeSet::new(), BTreeSet::new());
        for BrokerId { key, broker } in gone {
            self.live.remove(key);
            let Some(data) = self.brokers.get_mut(broker) else {
                continue;
            };
            data.broker_addrs.retain(|_, addr| *addr != key.addr);
            if data.broker_addrs.is_empty() {
                self.brokers.remove(broker);
                self.clusters.retain(|_, brokers| {
                    brokers.remove(broker);
                    !brokers.is_empty()
                });
                removed.insert(broker.as_str());
            } else if data.enable_acting_master && !data.broker_addrs.contains_key(&MASTER_ID) {
                reduced.insert(broker.as_str());
            }
        }
        reduced.retain(|broker| !removed.contains(broker));
        if removed.is_empty() && reduced.is_empty() {
            return;
        }
        self.topics.retain(|_, queues| {
            queues.retain(|broker, _| !removed.contains(broker.as_str()));
            for broker in &reduced {
                // Nobody is left who could take messages.
                if let Some(queue) = queues.get_mut(*broker) {
                    queue.perm &= !perm::WRITE;
                }
            }
            !queues.is_empty()
        });
        self.forget_unused_mappings();
    }

    /// Deletes a topic, at the brokers of one cluster or at all.
    pub(crate) fn delete_topic(&mut self, topic: &str, cluster: Option<&str>) {
        let Some(queues) = self.topics.get_mut(topic) else {
            return;
        };
        match cluster {
            None => queues.clear(),
            Some(cluster) => {
                if let Some(brokers) = self.clusters.get(cluster) {
                    queues.retain(|broker, _| !brokers.contains(broker));
                }
            }
        }
        if queues.is_empty() {
            self.topics.remove(topic);
            self.mappings.remove(topic);
        }
    }

    /// Where the logical queues of a topic are is of interest while the topic is there.
    pub(super) fn forget_unused_mappings(&mut self) {
        let topics = &self.topics;
        self.mappings.retain(|topic, _| topics.contains_key(topic));
    }
}

fn id(key: &BrokerKey, live: &BrokerLive) -> BrokerId {
    BrokerId {
        key: key.clone(),
        broker: live.broker_name.clone(),
    }
}
