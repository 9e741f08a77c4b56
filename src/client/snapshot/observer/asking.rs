//! What a reading asks, in rounds: each round needs the answers of the one before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use protocol::name;
use tokio::sync::Semaphore;

use super::gathered::{Chosen, Gathered};
use super::questions;
use super::slot::{Round, Slot};
use crate::route::TopicRoute;
use crate::snapshot::Wants;
use crate::{Admin, BrokerNode, ClientError};

/// How often what moves all the time is asked for.
const OFTEN: Duration = Duration::from_millis(900);
/// How often what is asked of each visible row is asked for.
const ROWS: Duration = Duration::from_millis(1_900);
/// How often clients are asked what they are doing, and dead letters are counted.
const SLOWLY: Duration = Duration::from_secs(5);
/// How often settings are read again while the list of topics stays the same.
const SETTINGS: Duration = Duration::from_secs(10);
/// How long a client that does not speak of itself is left alone.
const MUTE_REST: Duration = Duration::from_secs(30);
/// The most groups beyond the visible ones whose members one reading asks for.
const OTHER_GROUPS_MAX: usize = 8;
/// The same while all clients are wanted.
const OTHER_GROUPS_OF_CLIENTS_MAX: usize = 32;
/// The most clients that one reading asks what they are doing.
const INFOS_MAX: usize = 32;

/// Asks on behalf of an observer.
pub(super) struct Asker {
    pub(super) admin: Admin,
    pub(super) clock: SharedClock,
    pub(super) room: Arc<Semaphore>,
    pub(super) patience: Duration,
    /// Whether to wait for everybody, and to leave no group out.
    pub(super) is_patient: bool,
}

impl Asker {
    fn round(&self) -> Round {
        Round::new(
            Arc::clone(&self.room),
            Arc::clone(&self.clock),
            self.is_patient,
        )
    }

    async fn end(&self, round: Round, gathered: &mut Gathered) {
        round.wait(self.patience).await;
        gathered.settle(self.clock.elapsed());
    }

    /// Asks all that is wanted.
    pub(super) async fn ask(&self, gathered: &mut Gathered, wants: &Wants) {
        gathered.settle(self.clock.elapsed());
        self.ask_namesrvs(gathered, wants).await;
        self.ask_brokers(gathered, wants).await;
        gathered.forget_gone(wants);
        self.ask_for_rows(gathered, wants).await;
        gathered.forget_gone(wants);
        self.ask_clients(gathered, wants).await;
    }

    async fn ask_namesrvs(&self, gathered: &mut Gathered, wants: &Wants) {
        let (mut round, now) = (self.round(), self.clock.elapsed());
        for addr in self.admin.namesrvs() {
            let slot = gathered.cluster_info.entry(addr.clone()).or_default();
            if slot.is_due(now, OFTEN) {
                slot.ask(
                    &mut round,
                    questions::cluster_info(self.admin.clone(), addr.clone()),
                );
            }
        }
        if wants_topics_or_groups(wants) && gathered.topic_names.is_due(now, OFTEN) {
            let names = questions::topic_names(self.admin.clone());
            gathered.topic_names.ask(&mut round, names);
        }
        let names_before = gathered
            .topic_names
            .said()
            .map(|said| Arc::clone(&said.value));
        self.end(round, gathered).await;
        gathered.note_brokers(self.clock.elapsed());
        let names = gathered.topic_names.value();
        if names_before.as_deref() != names {
            gathered.topic_configs.values_mut().for_each(Slot::hurry);
            gathered.groups.values_mut().for_each(Slot::hurry);
        }
    }

    async fn ask_brokers(&self, gathered: &mut Gathered, wants: &Wants) {
        let (mut round, now) = (self.round(), self.clock.elapsed());
        if wants.cluster {
            for known in &gathered.brokers {
                let slot = gathered.runtime.entry(known.node.clone()).or_default();
                if slot.is_due(now, OFTEN) {
                    let question = questions::runtime(self.admin.clone(), known.node.clone());
                    slot.ask(&mut round, question);
                }
            }
        }
        let masters = gathered.one_of_each();
        for (name, node) in masters {
            let (admin, name) = (|| self.admin.clone(), || name.clone());
            if wants_topics_or_groups(wants) {
                let slot = gathered.topic_configs.entry(name()).or_default();
                if slot.is_due(now, SETTINGS) {
                    slot.ask(&mut round, questions::topic_configs(admin(), node.clone()));
                }
                let slot = gathered.groups.entry(name()).or_default();
                if slot.is_due(now, SETTINGS) {
                    slot.ask(&mut round, questions::groups(admin(), node.clone()));
                }
            }
            if wants.topics || wants.groups {
                let slot = gathered.progress.entry(name()).or_default();
                if slot.is_due(now, OFTEN) {
                    slot.ask(&mut round, questions::progress(admin(), node.clone()));
                }
            }
            if wants.clients {
                let slot = gathered.producers.entry(name()).or_default();
                if slot.is_due(now, OFTEN) {
                    slot.ask(&mut round, questions::producers(admin(), node));
                }
            }
        }
        self.choose(gathered, wants, &mut round, now);
        self.end(round, gathered).await;
    }

    /// Asks for the route of the chosen topic.
    fn choose(&self, gathered: &mut Gathered, wants: &Wants, round: &mut Round, now: Duration) {
        let Some((group, topic)) = &wants.allocation else {
            return;
        };
        if (&gathered.chosen.group, &gathered.chosen.topic) != (group, topic) {
            gathered.chosen = Chosen {
                group: group.clone(),
                topic: topic.clone(),
                ..Chosen::default()
            };
        }
        if gathered.chosen.route.is_due(now, OFTEN) {
            let question = route(self.admin.clone(), topic.clone());
            gathered.chosen.route.ask(round, question);
        }
    }

    async fn ask_for_rows(&self, gathered: &mut Gathered, wants: &Wants) {
        let (mut round, now) = (self.round(), self.clock.elapsed());
        if wants.topics {
            for topic in &wants.visible_topics {
                self.ask_topic(gathered, &mut round, topic, ROWS);
            }
        }
        if wants.groups {
            for group in &wants.visible_groups {
                self.ask_topic(gathered, &mut round, &name::dlq_topic(group), SLOWLY);
            }
        }
        for (group, interval) in self.groups_to_ask(gathered, wants, now) {
            for node in gathered.brokers_of_group(&group) {
                let slots = gathered.connections.entry(group.clone()).or_default();
                let slot = slots.entry(node.name.clone()).or_default();
                if slot.is_due(now, interval) {
                    let (admin, group) = (self.admin.clone(), group.clone());
                    slot.ask(&mut round, questions::connection(admin, node, group));
                }
            }
        }
        if let Some((group, topic)) = &wants.allocation {
            for node in chosen_nodes(gathered) {
                let args = || {
                    let admin = self.admin.clone();
                    (admin, node.clone(), group.clone(), topic.clone())
                };
                let chosen = &mut gathered.chosen;
                let slot = chosen.progress.entry(node.name.clone()).or_default();
                if slot.is_due(now, OFTEN) {
                    let (admin, node, group, topic) = args();
                    slot.ask(
                        &mut round,
                        questions::consume_stats(admin, node, group, topic),
                    );
                }
                let slot = chosen.spans.entry(node.name.clone()).or_default();
                if slot.is_due(now, OFTEN) {
                    let (admin, node, group, topic) = args();
                    slot.ask(&mut round, questions::time_spans(admin, node, group, topic));
                }
            }
            self.ask_topic(gathered, &mut round, topic, OFTEN);
        }
        self.end(round, gathered).await;
    }

    /// Asks the brokers of a topic how full it is there.
    fn ask_topic(
        &self,
        gathered: &mut Gathered,
        round: &mut Round,
        topic: &str,
        interval: Duration,
    ) {
        let now = self.clock.elapsed();
        let nodes = gathered.brokers_with(topic);
        if nodes.is_empty() {
            return;
        }
        let slots = gathered.topic_stats.entry(topic.to_owned()).or_default();
        slots.retain(|name, _| nodes.iter().any(|node| node.name == *name));
        for node in nodes {
            let slot = slots.entry(node.name.clone()).or_default();
            if slot.is_due(now, interval) {
                let (admin, topic) = (self.admin.clone(), topic.to_owned());
                slot.ask(round, questions::topic_stats(admin, node, topic));
            }
        }
    }

    /// The groups whose members are asked for: the chosen one, those that can be seen, and of the
    /// others those that were asked longest ago.
    fn groups_to_ask(
        &self,
        gathered: &Gathered,
        wants: &Wants,
        now: Duration,
    ) -> Vec<(String, Duration)> {
        let mut asked = Vec::new();
        if let Some((group, _)) = &wants.allocation {
            asked.push((group.clone(), OFTEN));
        }
        if !wants.groups && !wants.clients {
            return asked;
        }
        asked.extend(
            wants
                .visible_groups
                .iter()
                .map(|group| (group.clone(), ROWS)),
        );
        let seen: BTreeSet<&String> = wants.visible_groups.iter().collect();
        let last_asked = |group: &String| {
            let slots = gathered.connections.get(group);
            let slots = slots.into_iter().flat_map(|slots| slots.values());
            slots.filter_map(Slot::started).min()
        };
        let mut others: Vec<(Option<Duration>, String)> = gathered
            .group_names()
            .into_iter()
            .filter(|group| !seen.contains(group))
            .map(|group| (last_asked(&group), group))
            .collect();
        others.sort();
        let is_new = |last: &Option<Duration>| last.is_none();
        let new = others.iter().filter(|(last, _)| is_new(last)).count();
        let room = match (wants.clients, self.is_patient) {
            (_, true) => others.len(),
            // A list of clients that fills by and by would look like clients that connect.
            (true, false) => new.max(OTHER_GROUPS_OF_CLIENTS_MAX),
            (false, false) => OTHER_GROUPS_MAX,
        };
        let is_due =
            |last: &Option<Duration>| last.is_none_or(|last| now.saturating_sub(last) >= ROWS);
        let others = others.into_iter().filter(|(last, _)| is_due(last));
        asked.extend(others.take(room).map(|(_, group)| (group, ROWS)));
        asked
    }

    /// Asks the members of the chosen and the visible groups, and the visible clients, what they are
    /// doing.
    async fn ask_clients(&self, gathered: &mut Gathered, wants: &Wants) {
        let (mut round, now) = (self.round(), self.clock.elapsed());
        let mut wanted: Vec<(String, String, Duration)> = Vec::new();
        if let Some((group, _)) = &wants.allocation {
            let members = gathered.members(group).unwrap_or_default().into_iter();
            wanted.extend(members.map(|id| (group.clone(), id.to_owned(), OFTEN)));
        }
        if wants.groups {
            for group in &wants.visible_groups {
                let members = gathered.members(group).unwrap_or_default().into_iter();
                wanted.extend(members.map(|id| (group.clone(), id.to_owned(), SLOWLY)));
            }
        }
        if wants.clients {
            let ids: BTreeSet<&str> = wants.visible_clients.iter().map(String::as_str).collect();
            for group in gathered.connections.keys() {
                let members = gathered.members(group).unwrap_or_default().into_iter();
                let seen = members.filter(|id| ids.contains(id));
                wanted.extend(seen.map(|id| (group.clone(), id.to_owned(), ROWS)));
            }
        }
        let most = if self.is_patient {
            usize::MAX
        } else {
            INFOS_MAX
        };
        let mut asked = 0;
        for (group, id, interval) in wanted {
            let nodes = gathered.brokers_of_client(&group, &id);
            let infos = gathered.infos.entry(group.clone()).or_default();
            let slot = infos.entry(id.clone()).or_default();
            let interval = if slot.has_failed() {
                MUTE_REST
            } else {
                interval
            };
            if asked < most && slot.is_due(now, interval) {
                let admin = self.admin.clone();
                slot.ask(&mut round, async move {
                    admin.running_info_through(&nodes, &group, &id, false).await
                });
                asked += 1;
            }
        }
        self.end(round, gathered).await;
    }
}

async fn route(admin: Admin, topic: String) -> Result<TopicRoute, ClientError> {
    let data = admin.topic_route(&topic).await?;
    Ok(TopicRoute::new(&topic, data))
}

/// The brokers that have queues of the chosen topic, one of each name.
fn chosen_nodes(gathered: &Gathered) -> Vec<BrokerNode> {
    let mut nodes = gathered.one_of_each();
    let queues = gathered
        .chosen
        .route
        .value()
        .map(TopicRoute::subscribe_queues);
    let names: BTreeSet<&str> = queues
        .unwrap_or_default()
        .iter()
        .map(|queue| queue.broker_name.as_str())
        .collect();
    nodes.retain(|name, _| names.contains(name.as_str()));
    nodes.into_values().collect()
}

/// Topics and groups are needed for the members of groups, too.
const fn wants_topics_or_groups(wants: &Wants) -> bool {
    wants.topics || wants.groups || wants.clients || wants.allocation.is_some()
}
