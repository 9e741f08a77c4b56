//! Consumer groups, from what brokers and members said.

use std::collections::{BTreeMap, BTreeSet};

use protocol::body::{ConsumeType, ConsumerConnection, MessageModel, MessageQueue};
use protocol::name;

use super::gathered::{Gathered, Roll};
use super::rates::Rates;
use super::slot::Slot;
use super::{Moment, Reading, findings};
use crate::snapshot::{GroupHealth, GroupQueue, GroupState};

/// More messages than this are a lag worth a word.
const LAG_WORTH_A_WORD: i64 = 1_000;
/// Fewer than this are none, even when they grow.
const LAG_THAT_GROWS_MIN: i64 = 50;
/// What members consume in so many seconds is with them, or consumed and not committed.
const SECONDS_OF_WORK: f64 = 10.0;

/// The section of groups.
pub(super) fn section(
    gathered: &Gathered,
    rates: &mut Rates,
    visible: &[String],
    moment: &Moment,
) -> Reading<Vec<GroupState>> {
    let mut roll = Roll::default();
    gathered.note_namesrvs(&mut roll, moment);
    for (name, slot) in &gathered.groups {
        roll.note_aside(name, slot, moment.now, moment.patience);
    }
    for (name, slot) in &gathered.progress {
        roll.note(name, slot, moment.now, moment.patience);
    }
    let value = gathered
        .group_names()
        .into_iter()
        .map(|group| {
            if visible.contains(&group) {
                for (name, slot) in gathered.connections.get(&group).into_iter().flatten() {
                    roll.note_aside(name, slot, moment.now, moment.patience);
                }
            }
            group_state(gathered, rates, group, moment)
        })
        .collect();
    Reading { value, roll }
}

fn group_state(
    gathered: &Gathered,
    rates: &mut Rates,
    group: String,
    moment: &Moment,
) -> GroupState {
    let connection = connection(gathered, &group);
    let model = connection.map(|said| said.message_model);
    let queues =
        group_queues(gathered, &group).filter(|_| model != Some(MessageModel::Broadcasting));
    let is_retry = |queue: &GroupQueue| name::is_retry_topic(&queue.queue.topic);
    let lag = queues
        .as_ref()
        .map(|queues| queues.iter().map(GroupQueue::lag).sum::<i64>());
    if let Some(lag) = lag {
        let said = gathered.progress.values().filter_map(Slot::said);
        let at = said.map(|said| said.at).max().unwrap_or(moment.now);
        rates.lag.read(group.clone(), at, lag);
    }
    let retries = queues.iter().flatten().filter(|queue| is_retry(queue));
    let retry = queues
        .as_ref()
        .filter(|queues| queues.iter().any(is_retry))
        .map(|_| retries.map(GroupQueue::lag).sum());
    let members = gathered.members(&group).map(|members| members.len());
    let growth = lag.and(rates.lag.per_s(&group));
    let out_per_s = out_per_s(rates, &group, queues.as_deref());
    let subscribed = connection
        .into_iter()
        .flat_map(|said| said.subscription_table.keys());
    let read = queues.iter().flatten().map(|queue| &queue.queue.topic);
    let topics: BTreeSet<&String> = subscribed
        .chain(read)
        .filter(|topic| !name::is_retry_topic(topic))
        .collect();
    GroupState {
        model,
        kind: connection.map(|said| kind(said.consume_type)),
        members,
        topics: topics.into_iter().cloned().collect(),
        lag,
        lag_by_topic: lag_by_topic(queues.as_deref().unwrap_or_default()),
        lag_growth_per_s: growth,
        out_per_s,
        retry,
        dead_letters: dead_letters(gathered, &group),
        health: health(members, lag, growth, out_per_s),
        findings: findings::of(gathered, &group),
        owned: owned(gathered, &group),
        queues,
        group,
    }
}

/// What one of the brokers said of the members; the others say the same, but for who is connected.
pub(super) fn connection<'a>(
    gathered: &'a Gathered,
    group: &str,
) -> Option<&'a ConsumerConnection> {
    let slots = gathered.connections.get(group)?;
    let said = slots.values().filter_map(Slot::value).flatten();
    said.max_by_key(|said| said.connection_set.len())
}

fn group_queues(gathered: &Gathered, group: &str) -> Option<Vec<GroupQueue>> {
    let said = gathered.progress.values().filter_map(Slot::value);
    let mut queues: Vec<GroupQueue> = said
        .filter_map(|progress| progress.get(group))
        .flatten()
        .map(|(queue, offsets)| GroupQueue {
            queue: queue.clone(),
            consumer_offset: offsets.consumer_offset,
            max_offset: offsets.broker_offset,
        })
        .collect();
    queues.sort_by(|one, other| one.queue.cmp(&other.queue));
    (!queues.is_empty()).then_some(queues)
}

fn out_per_s(rates: &Rates, group: &str, queues: Option<&[GroupQueue]>) -> Option<f64> {
    let rates = queues?.iter().filter_map(|queue| {
        rates
            .queue_out
            .per_s(&(group.to_owned(), queue.queue.clone()))
    });
    rates.fold(None, |sum, rate| Some(sum.unwrap_or(0.0) + rate))
}

fn lag_by_topic(queues: &[GroupQueue]) -> Vec<(String, i64)> {
    let mut lags: BTreeMap<&str, i64> = BTreeMap::new();
    for queue in queues {
        let lag = lags.entry(&queue.queue.topic).or_default();
        *lag = lag.saturating_add(queue.lag());
    }
    let mut lags: Vec<(String, i64)> = lags
        .into_iter()
        .map(|(topic, lag)| (topic.to_owned(), lag))
        .collect();
    lags.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    lags
}

/// How many messages the group has given up: 0 without a topic for them, where all brokers have said
/// which topics there are.
fn dead_letters(gathered: &Gathered, group: &str) -> Option<i64> {
    let topic = name::dlq_topic(group);
    if let Some(slots) = gathered.topic_stats.get(&topic) {
        let mut said = slots.values().filter_map(Slot::value).peekable();
        said.peek()?;
        let counts = said
            .flatten()
            .map(|stats| stats.max_offset.saturating_sub(stats.min_offset));
        return Some(counts.sum());
    }
    let is_there = |topic: &str| !gathered.brokers_with(topic).is_empty();
    let all_said = gathered
        .topic_configs
        .values()
        .all(|slot| slot.said().is_some());
    (all_said && !gathered.topic_configs.is_empty() && !is_there(&topic)).then_some(0)
}

/// RocketMQ's word for how a group gets its messages, for people.
const fn kind(consume_type: ConsumeType) -> &'static str {
    match consume_type {
        ConsumeType::ConsumeActively => "pull",
        ConsumeType::ConsumePassively => "push",
        ConsumeType::ConsumePop => "pop",
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a lag is compared with a rate, not counted"
)]
fn health(
    members: Option<usize>,
    lag: Option<i64>,
    growth: Option<f64>,
    out_per_s: Option<f64>,
) -> GroupHealth {
    let waits = lag.unwrap_or_default();
    match members {
        None => GroupHealth::Unknown,
        Some(0) if waits > 0 => GroupHealth::Offline,
        Some(0) => GroupHealth::Idle,
        Some(_) => {
            let is_work = waits as f64 <= SECONDS_OF_WORK * out_per_s.unwrap_or_default();
            let grows = growth.is_some_and(|growth| growth >= 1.0) && waits > LAG_THAT_GROWS_MIN;
            if !is_work && (waits > LAG_WORTH_A_WORD || grows) {
                GroupHealth::Lagging
            } else {
                GroupHealth::Ok
            }
        }
    }
}

/// Which queues each member says that it reads.
fn owned(gathered: &Gathered, group: &str) -> Option<BTreeMap<String, Option<Vec<MessageQueue>>>> {
    let members = gathered.members(group)?.into_iter();
    let infos = gathered.infos.get(group);
    let own = |id: &str| {
        let info = infos?.get(id)?.value()?;
        let pulled = info.mq_table.iter().filter(|(_, state)| !state.droped);
        let popped = info.mq_pop_table.iter().filter(|(_, state)| !state.droped);
        let mut queues: Vec<MessageQueue> = pulled
            .map(|(queue, _)| queue.clone())
            .chain(popped.map(|(queue, _)| queue.clone()))
            .collect();
        queues.sort();
        Some(queues)
    };
    Some(members.map(|id| (id.to_owned(), own(id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_what_lag_members_and_rates_mean_together() {
        let cases = [
            ((None, Some(5_000), None, None), GroupHealth::Unknown),
            ((Some(0), Some(1), None, None), GroupHealth::Offline),
            ((Some(0), Some(0), None, None), GroupHealth::Idle),
            ((Some(0), None, None, None), GroupHealth::Idle),
            ((Some(2), Some(0), Some(0.0), Some(0.0)), GroupHealth::Ok),
            ((Some(2), Some(1_001), None, None), GroupHealth::Lagging),
            ((Some(2), Some(1_000), None, None), GroupHealth::Ok),
            (
                (Some(2), Some(60), Some(1.0), Some(0.0)),
                GroupHealth::Lagging,
            ),
            // two commits' worth of messages is what a group of that speed always seems to lag
            (
                (Some(2), Some(5_000), Some(0.0), Some(1_000.0)),
                GroupHealth::Ok,
            ),
            (
                (Some(2), Some(10_001), Some(9.0), Some(1_000.0)),
                GroupHealth::Lagging,
            ),
        ];
        for ((members, lag, growth, out), expected) in cases {
            let said = health(members, lag, growth, out);
            assert_eq!(said, expected, "{members:?} {lag:?} {growth:?} {out:?}");
        }
    }
}
