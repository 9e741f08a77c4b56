//! Topics, from what brokers said.

use std::collections::{BTreeMap, BTreeSet};

use protocol::body::{MessageQueue, TopicConfig};
use protocol::name;

use super::gathered::{Gathered, Roll};
use super::rates::Rates;
use super::slot::Slot;
use super::{Moment, Reading};
use crate::snapshot::{TopicKind, TopicQueue, TopicState};

/// The attribute that says what a topic is for.
const MESSAGE_TYPE: &str = "message.type";

/// The section of topics.
pub(super) fn section(
    gathered: &Gathered,
    rates: &Rates,
    visible: &[String],
    moment: &Moment,
) -> Reading<Vec<TopicState>> {
    let mut roll = Roll::default();
    gathered.note_namesrvs(&mut roll, moment);
    roll.note(
        "name server",
        &gathered.topic_names,
        moment.now,
        moment.patience,
    );
    for (name, slot) in &gathered.topic_configs {
        roll.note_aside(name, slot, moment.now, moment.patience);
    }
    for (name, slot) in &gathered.progress {
        roll.note(name, slot, moment.now, moment.patience);
    }
    let read = Read::of(gathered, rates);
    let registered = gathered.topic_names.value().into_iter().flatten();
    let configured = gathered.topic_configs.values().filter_map(Slot::value);
    let names: BTreeSet<&String> = registered
        .chain(configured.flat_map(|configs| configs.keys()))
        .collect();
    let own = |topic: &str| {
        let mut brokers = gathered.brokers.iter();
        brokers.any(|known| known.node.name == topic || known.node.cluster == topic)
    };
    let value = names
        .into_iter()
        .map(|topic| {
            if visible.contains(topic) {
                for (name, slot) in gathered.topic_stats.get(topic).into_iter().flatten() {
                    roll.note_aside(name, slot, moment.now, moment.patience);
                }
            }
            let mut state = topic_state(gathered, rates, topic, &read);
            if state.kind == TopicKind::Normal && own(topic) {
                state.kind = TopicKind::System;
            }
            state
        })
        .collect();
    Reading { value, roll }
}

/// What groups do with topics.
struct Read<'a> {
    /// Whether any broker has said how far groups are.
    is_known: bool,
    lags: BTreeMap<&'a str, BTreeMap<&'a str, i64>>,
    out_per_s: BTreeMap<&'a str, f64>,
    queues: BTreeMap<&'a str, BTreeSet<&'a MessageQueue>>,
}

impl<'a> Read<'a> {
    fn of(gathered: &'a Gathered, rates: &Rates) -> Self {
        let mut read = Self {
            is_known: gathered.progress.values().any(|slot| slot.said().is_some()),
            lags: BTreeMap::new(),
            out_per_s: BTreeMap::new(),
            queues: BTreeMap::new(),
        };
        let said = gathered.progress.values().filter_map(Slot::value);
        for (group, queues) in said.flatten() {
            for (queue, offsets) in queues {
                let topic = queue.topic.as_str();
                let lag = read
                    .lags
                    .entry(topic)
                    .or_default()
                    .entry(group)
                    .or_default();
                *lag = lag.saturating_add(offsets.diff().max(0));
                read.queues.entry(topic).or_default().insert(queue);
                // A tuple of references cannot look up a tuple of values.
                if let Some(rate) = rates.queue_out.per_s(&(group.clone(), queue.clone())) {
                    *read.out_per_s.entry(topic).or_default() += rate;
                }
            }
        }
        read
    }

    fn groups(&self, topic: &str) -> Option<Vec<(String, i64)>> {
        if !self.is_known {
            return None;
        }
        let lags = self.lags.get(topic).into_iter().flatten();
        let mut groups: Vec<(String, i64)> = lags
            .filter(|(group, _)| !name::is_system_group(group))
            .map(|(group, lag)| ((*group).to_owned(), *lag))
            .collect();
        groups.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        Some(groups)
    }
}

fn topic_state(gathered: &Gathered, rates: &Rates, topic: &str, read: &Read<'_>) -> TopicState {
    let mut kind = name_kind(topic);
    let mut brokers = Vec::new();
    for (broker, slot) in &gathered.topic_configs {
        let Some(config) = slot.value().and_then(|configs| configs.get(topic)) else {
            continue;
        };
        kind = kind.or_else(|| config_kind(config));
        brokers.push((
            broker.clone(),
            config.read_queue_nums,
            config.write_queue_nums,
            config.perm,
        ));
    }
    let queues = queues(gathered, rates, topic);
    let in_per_s = match &queues {
        Some(queues) => sum(queues.iter().map(|queue| queue.in_per_s)),
        None => sum(read
            .queues
            .get(topic)
            .into_iter()
            .flatten()
            .map(|queue| rates.queue_in.per_s(queue))),
    };
    let count = |queue: &TopicQueue| queue.max_offset.saturating_sub(queue.min_offset);
    let of_queues = queues.as_deref();
    TopicState {
        topic: topic.to_owned(),
        kind: kind.unwrap_or(TopicKind::Normal),
        brokers,
        messages: of_queues.map(|queues| queues.iter().map(count).sum()),
        in_per_s,
        out_per_s: read.out_per_s.get(topic).copied(),
        groups: read.groups(topic),
        last_write_ms: of_queues
            .and_then(|queues| queues.iter().map(|queue| queue.last_write_ms).max())
            .filter(|last| *last > 0),
        oldest_ms: None,
        queues,
    }
}

/// The sum of what is known; `None` if nothing is.
fn sum(rates: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    rates
        .flatten()
        .fold(None, |sum, rate| Some(sum.unwrap_or(0.0) + rate))
}

/// The queues of a topic, sorted, if its brokers were asked.
pub(super) fn queues(gathered: &Gathered, rates: &Rates, topic: &str) -> Option<Vec<TopicQueue>> {
    let slots = gathered.topic_stats.get(topic)?;
    let mut said = slots.values().filter_map(Slot::value).peekable();
    said.peek()?;
    let mut queues: Vec<TopicQueue> = said
        .flatten()
        .map(|stats| TopicQueue {
            queue: stats.queue.clone(),
            min_offset: stats.min_offset,
            max_offset: stats.max_offset,
            last_write_ms: stats.last_update_ms,
            in_per_s: rates.queue_in.per_s(&stats.queue),
        })
        .collect();
    queues.sort_by(|one, other| one.queue.cmp(&other.queue));
    Some(queues)
}

/// What the name alone says.
fn name_kind(topic: &str) -> Option<TopicKind> {
    if name::is_retry_topic(topic) {
        Some(TopicKind::Retry)
    } else if name::is_dlq_topic(topic) {
        Some(TopicKind::DeadLetter)
    } else if name::is_system_topic(topic) {
        Some(TopicKind::System)
    } else {
        None
    }
}

fn config_kind(config: &TopicConfig) -> Option<TopicKind> {
    match config.attributes.get(MESSAGE_TYPE).map(String::as_str) {
        Some("FIFO") => Some(TopicKind::Fifo),
        Some("DELAY") => Some(TopicKind::Delay),
        Some("TRANSACTION") => Some(TopicKind::Transaction),
        _ => config.order.then_some(TopicKind::Fifo),
    }
}
