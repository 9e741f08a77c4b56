//! All that servers have said so far.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::body::{
    ClusterInfo, ConsumeStats, ConsumerConnection, ConsumerRunningInfo, ProducerTableInfo,
    QueueTimeSpan, TopicConfig,
};
use protocol::name;

use super::Moment;
use super::questions::Progress;
use super::slot::Slot;
use crate::BrokerNode;
use crate::admin::{BrokerRuntime, QueueStats, nodes_of};
use crate::route::TopicRoute;
use crate::snapshot::{Fault, Wants};

/// How long a broker is shown after the name servers have forgotten it.
const FORGOTTEN_KEPT: Duration = Duration::from_secs(300);

/// Answers by broker name.
pub(super) type OfBrokers<T> = BTreeMap<String, Slot<T>>;

/// A broker.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) node: BrokerNode,
    /// When a name server last knew it.
    pub(super) routed_at: Duration,
    pub(super) is_routed: bool,
}

/// The answers, by question.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) cluster_info: BTreeMap<String, Slot<ClusterInfo>>,
    pub(super) topic_names: Slot<BTreeSet<String>>,
    /// Sorted.
    pub(super) brokers: Vec<Known>,
    pub(super) runtime: BTreeMap<BrokerNode, Slot<BrokerRuntime>>,
    pub(super) topic_configs: OfBrokers<BTreeMap<String, TopicConfig>>,
    pub(super) groups: OfBrokers<BTreeSet<String>>,
    pub(super) progress: OfBrokers<Progress>,
    pub(super) producers: OfBrokers<ProducerTableInfo>,
    /// By topic.
    pub(super) topic_stats: BTreeMap<String, OfBrokers<Vec<QueueStats>>>,
    /// By group.
    pub(super) connections: BTreeMap<String, OfBrokers<Option<ConsumerConnection>>>,
    /// By group and client id.
    pub(super) infos: BTreeMap<String, BTreeMap<String, Slot<ConsumerRunningInfo>>>,
    pub(super) chosen: Chosen,
}

/// What only one group and topic are asked.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) route: Slot<TopicRoute>,
    pub(super) progress: OfBrokers<ConsumeStats>,
    pub(super) spans: OfBrokers<Vec<QueueTimeSpan>>,
}

impl Gathered {
    /// Takes what has arrived.
    pub(super) fn settle(&mut self, now: Duration) {
        settle(&mut self.cluster_info, now);
        self.topic_names.settle(now);
        settle(&mut self.runtime, now);
        settle(&mut self.topic_configs, now);
        settle(&mut self.groups, now);
        settle(&mut self.progress, now);
        settle(&mut self.producers, now);
        self.topic_stats
            .values_mut()
            .for_each(|slots| settle(slots, now));
        self.connections
            .values_mut()
            .for_each(|slots| settle(slots, now));
        self.infos.values_mut().for_each(|slots| settle(slots, now));
        self.chosen.route.settle(now);
        settle(&mut self.chosen.progress, now);
        settle(&mut self.chosen.spans, now);
    }

    /// Notes which brokers the name servers know. One that they have forgotten stays for a while: who
    /// looks wants to see that it is gone.
    pub(super) fn note_brokers(&mut self, now: Duration) {
        // While no name server answers, none has forgotten anything.
        let is_blind = self.cluster_info.values().all(Slot::has_failed);
        let infos = self.cluster_info.values();
        let routed: BTreeSet<BrokerNode> = infos
            .filter(|slot| is_blind || !slot.has_failed())
            .filter_map(Slot::value)
            .flat_map(|info| info.broker_addr_table.values())
            .flat_map(nodes_of)
            .collect();
        for known in &mut self.brokers {
            known.is_routed = routed.contains(&known.node);
            if known.is_routed {
                known.routed_at = now;
            }
        }
        let is_known = |node: &BrokerNode| self.brokers.iter().any(|known| known.node == *node);
        let new: Vec<Known> = routed
            .iter()
            .filter(|node| !is_known(node))
            .map(|node| Known {
                node: node.clone(),
                routed_at: now,
                is_routed: true,
            })
            .collect();
        self.brokers.extend(new);
        self.brokers.retain(|known| {
            // One that has come back with another address is the same broker.
            let is_replaced =
                |node: &BrokerNode| (&node.name, node.id) == (&known.node.name, known.node.id);
            known.is_routed
                || now.saturating_sub(known.routed_at) < FORGOTTEN_KEPT
                    && !routed.iter().any(is_replaced)
        });
        self.brokers.sort_by(|one, other| one.node.cmp(&other.node));
        let is_there = |name: &str| self.brokers.iter().any(|known| known.node.name == name);
        self.runtime
            .retain(|node, _| self.brokers.iter().any(|known| known.node == *node));
        self.topic_configs.retain(|name, _| is_there(name));
        self.groups.retain(|name, _| is_there(name));
        self.progress.retain(|name, _| is_there(name));
        self.producers.retain(|name, _| is_there(name));
    }

    /// Of each broker name, the one to ask: the master, or else a slave.
    pub(super) fn one_of_each(&self) -> BTreeMap<String, BrokerNode> {
        let mut nodes = BTreeMap::new();
        for known in self.brokers.iter().filter(|known| known.is_routed) {
            let node = || known.node.clone();
            nodes.entry(known.node.name.clone()).or_insert_with(node);
        }
        nodes
    }

    /// The brokers that have a topic, as far as they have said.
    pub(super) fn brokers_with(&self, topic: &str) -> Vec<BrokerNode> {
        let mut nodes = self.one_of_each();
        nodes.retain(|name, _| {
            let configs = self.topic_configs.get(name).and_then(Slot::value);
            configs.is_some_and(|configs| configs.contains_key(topic))
        });
        nodes.into_values().collect()
    }

    /// The brokers that may know members of a group: heartbeats make its retry topic. A group without
    /// one is looked for where it is set up.
    pub(super) fn brokers_of_group(&self, group: &str) -> Vec<BrokerNode> {
        let with_retries = self.brokers_with(&name::retry_topic(group));
        if !with_retries.is_empty() {
            return with_retries;
        }
        let mut nodes = self.one_of_each();
        nodes.retain(|name, _| {
            let groups = self.groups.get(name).and_then(Slot::value);
            groups.is_some_and(|groups| groups.contains(group))
        });
        nodes.into_values().collect()
    }

    /// The groups of applications, as far as brokers have said.
    pub(super) fn group_names(&self) -> BTreeSet<String> {
        let set_up = self.groups.values().filter_map(Slot::value).flatten();
        let read = self.progress.values().filter_map(Slot::value);
        let read = read.flat_map(|progress| progress.keys());
        let topics = self.topic_configs.values().filter_map(Slot::value);
        let retried = topics
            .flat_map(|configs| configs.keys())
            .filter_map(|topic| topic.strip_prefix(name::RETRY_PREFIX));
        set_up
            .chain(read)
            .map(String::as_str)
            .chain(retried)
            .filter(|group| !name::is_system_group(group) && !name::is_predefined_group(group))
            .map(str::to_owned)
            .collect()
    }

    /// The members of a group that any broker knows; `None` while no broker has said anything.
    pub(super) fn members(&self, group: &str) -> Option<BTreeSet<&str>> {
        let slots = self.connections.get(group)?;
        let mut said = slots.values().filter_map(Slot::value).peekable();
        said.peek()?;
        let connections = said.flatten().flat_map(|said| &said.connection_set);
        Some(
            connections
                .map(|member| member.client_id.as_str())
                .collect(),
        )
    }

    /// The brokers that know a client as a member of a group.
    pub(super) fn brokers_of_client(&self, group: &str, client_id: &str) -> Vec<BrokerNode> {
        let Some(slots) = self.connections.get(group) else {
            return Vec::new();
        };
        let mut nodes = self.one_of_each();
        nodes.retain(|name, _| {
            let said = slots
                .get(name)
                .and_then(Slot::value)
                .and_then(Option::as_ref);
            said.is_some_and(|said| {
                let mut members = said.connection_set.iter();
                members.any(|member| member.client_id == client_id)
            })
        });
        nodes.into_values().collect()
    }

    /// Notes how the name servers did, on which everything depends.
    pub(super) fn note_namesrvs(&self, roll: &mut Roll, moment: &Moment) {
        for (addr, slot) in &self.cluster_info {
            roll.note(addr, slot, moment.now, moment.patience);
        }
    }

    /// Drops what was asked of topics and groups that are no longer there.
    pub(super) fn forget_gone(&mut self, wants: &Wants) {
        let groups = self.group_names();
        let is_wanted = |group: &String| {
            groups.contains(group)
                || wants.visible_groups.contains(group)
                || wants
                    .allocation
                    .as_ref()
                    .is_some_and(|(wanted, _)| wanted == group)
        };
        self.connections.retain(|group, _| is_wanted(group));
        self.infos.retain(|group, _| is_wanted(group));
        let configs = &self.topic_configs;
        self.topic_stats.retain(|topic, _| {
            let mut configs = configs.values().filter_map(Slot::value);
            configs.any(|configs| configs.contains_key(topic))
        });
        // Who is connected to a broker that is gone is known by the others, if there are others.
        let routed = self.one_of_each();
        for slots in self.connections.values_mut() {
            if slots.keys().any(|name| routed.contains_key(name)) {
                slots.retain(|name, _| routed.contains_key(name));
            }
        }
        for (group, infos) in &mut self.infos {
            let slots = self.connections.get(group);
            let said = slots.into_iter().flat_map(|slots| slots.values());
            let members: BTreeSet<&str> = said
                .filter_map(Slot::value)
                .flatten()
                .flat_map(|said| &said.connection_set)
                .map(|member| member.client_id.as_str())
                .collect();
            let is_new = members.iter().any(|id| !infos.contains_key(*id));
            let before = infos.len();
            infos.retain(|id, _| members.contains(id.as_str()));
            if !infos.is_empty() && (is_new || infos.len() < before) {
                // Those who are left are about to divide the queues anew.
                infos.values_mut().for_each(Slot::hurry);
            }
        }
    }
}

fn settle<K, T: Send + Sync + 'static>(slots: &mut BTreeMap<K, Slot<T>>, now: Duration) {
    slots.values_mut().for_each(|slot| slot.settle(now));
}

/// Collects who did not answer, and whether anybody did.
#[derive(Debug, Default)]
pub(super) struct Roll {
    faults: BTreeMap<String, String>,
    asked: usize,
    failed: usize,
}

impl Roll {
    /// Notes how one server did with a question of every reading.
    pub(super) fn note<T: Send + Sync + 'static>(
        &mut self,
        server: &str,
        slot: &Slot<T>,
        now: Duration,
        patience: Duration,
    ) {
        self.asked += usize::from(slot.is_asked());
        self.failed += usize::from(slot.reason(now, patience).is_some());
        self.note_aside(server, slot, now, patience);
    }

    /// Notes how one server did with a question that is asked now and then: an answer may be old.
    pub(super) fn note_aside<T: Send + Sync + 'static>(
        &mut self,
        server: &str,
        slot: &Slot<T>,
        now: Duration,
        patience: Duration,
    ) {
        if let Some(reason) = slot.reason(now, patience) {
            self.faults.entry(server.to_owned()).or_insert(reason);
        }
    }

    /// Whether nobody answered.
    pub(super) const fn is_nothing(&self) -> bool {
        self.failed == self.asked
    }

    /// Who did not answer, by name.
    pub(super) fn faults(self) -> Vec<Fault> {
        let faults = self.faults.into_iter();
        faults
            .map(|(server, reason)| Fault { server, reason })
            .collect()
    }
}
