//! Who of the chosen group reads which queue of the chosen topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::body::{Connection, MessageModel, MessageQueue, OffsetWrapper};
use protocol::version;

use super::gathered::{Gathered, Roll};
use super::rates::Rates;
use super::slot::Slot;
use super::{Moment, Reading, groups, topics};
use crate::consumer::rebalance::{
    AllocateStrategy, Averagely, AveragelyByCircle, ConsistentHash, MachineRoomNearby, PrefixRooms,
    sort_members,
};
use crate::route::TopicRoute;
use crate::snapshot::{AllocatedQueue, Allocation, Member, OwnedBy};

/// The section of the chosen group and topic.
pub(super) fn section(
    gathered: &Gathered,
    rates: &Rates,
    group: &str,
    topic: &str,
    moment: &Moment,
) -> Reading<Allocation> {
    let mut roll = Roll::default();
    let chosen = &gathered.chosen;
    gathered.note_namesrvs(&mut roll, moment);
    roll.note("name server", &chosen.route, moment.now, moment.patience);
    for (name, slot) in &chosen.progress {
        roll.note(name, slot, moment.now, moment.patience);
    }
    for (name, slot) in gathered.connections.get(group).into_iter().flatten() {
        roll.note_aside(name, slot, moment.now, moment.patience);
    }
    let queues = chosen.route.value().map(TopicRoute::subscribe_queues);
    let queues = queues.unwrap_or_default();
    let members = members(gathered, group);
    let is_shared = groups::connection(gathered, group)
        .is_none_or(|said| said.message_model == MessageModel::Clustering);
    let said = said_owners(gathered, group, topic);
    let ids: Vec<String> = {
        let mut ids = members
            .iter()
            .map(|member| member.client_id.clone())
            .collect();
        sort_members(&mut ids);
        ids
    };
    let strategy = if is_shared {
        explaining(&said, queues, &ids)
    } else {
        None
    };
    let owners = if is_shared {
        owners(&said, queues, &ids, strategy.as_deref())
    } else {
        // Everybody reads everything.
        BTreeMap::new()
    };
    let value = Allocation {
        group: group.to_owned(),
        topic: topic.to_owned(),
        queues: allocated(gathered, rates, queues, &owners),
        members,
        strategy: strategy.and_then(|strategy| match strategy.name() {
            std::borrow::Cow::Borrowed(name) => Some(name),
            std::borrow::Cow::Owned(_) => None,
        }),
    };
    Reading { value, roll }
}

fn members(gathered: &Gathered, group: &str) -> Vec<Member> {
    let slots = gathered.connections.get(group).into_iter().flatten();
    let said = slots.filter_map(|(_, slot)| slot.value()).flatten();
    let members: BTreeMap<&str, &Connection> = said
        .flat_map(|said| &said.connection_set)
        .map(|member| (member.client_id.as_str(), member))
        .collect();
    members
        .into_values()
        .map(|member| Member {
            client_id: member.client_id.clone(),
            addr: member.client_addr.clone(),
            language: member.language.name().to_lowercase(),
            version: version::name_of(member.version),
        })
        .collect()
}

/// The queues of the topic that each member says it reads, sorted; only of those that say anything.
type Said = BTreeMap<String, Vec<MessageQueue>>;

fn said_owners(gathered: &Gathered, group: &str, topic: &str) -> Said {
    let infos = gathered.infos.get(group).into_iter().flatten();
    let said = infos.filter_map(|(id, slot)| Some((id, Slot::value(slot)?)));
    said.map(|(id, info)| {
        let pulled = info.mq_table.iter().filter(|(_, state)| !state.droped);
        let popped = info.mq_pop_table.iter().filter(|(_, state)| !state.droped);
        let mut queues: Vec<MessageQueue> = pulled
            .map(|(queue, _)| queue)
            .chain(popped.map(|(queue, _)| queue))
            .filter(|queue| queue.topic == topic)
            .cloned()
            .collect();
        queues.sort();
        (id.clone(), queues)
    })
    .collect()
}

/// The strategies that need no settings of the members.
fn known_strategies() -> [Arc<dyn AllocateStrategy>; 4] {
    [
        Arc::new(Averagely),
        Arc::new(AveragelyByCircle),
        Arc::new(ConsistentHash::default()),
        Arc::new(MachineRoomNearby {
            inner: Arc::new(Averagely),
            rooms: Arc::new(PrefixRooms::default()),
        }),
    ]
}

/// The first strategy that gives every member that has said something just what it says.
fn explaining(
    said: &Said,
    queues: &[MessageQueue],
    ids: &[String],
) -> Option<Arc<dyn AllocateStrategy>> {
    let explains = |strategy: &Arc<dyn AllocateStrategy>| {
        said.iter().all(|(id, own)| {
            let share = strategy.allocate(id, queues, ids);
            share.is_ok_and(|mut share| {
                share.sort();
                share == *own
            })
        })
    };
    let is_something = said.values().any(|own| !own.is_empty());
    let strategies = known_strategies().into_iter();
    is_something
        .then(|| strategies.into_iter().find(|strategy| explains(strategy)))
        .flatten()
}

/// The owner of each queue that has one.
fn owners(
    said: &Said,
    queues: &[MessageQueue],
    ids: &[String],
    strategy: Option<&dyn AllocateStrategy>,
) -> BTreeMap<MessageQueue, OwnedBy> {
    let mut owners = BTreeMap::new();
    for (id, own) in said {
        for queue in own {
            owners.insert(queue.clone(), OwnedBy::Said(id.clone()));
        }
    }
    // Of those who say nothing: what the strategy of the others gives them, or RocketMQ's default.
    let strategy = strategy.unwrap_or(&Averagely);
    for id in ids.iter().filter(|id| !said.contains_key(*id)) {
        let share = strategy.allocate(id, queues, ids).unwrap_or_default();
        for queue in share {
            let computed = || OwnedBy::Computed(id.clone());
            owners.entry(queue).or_insert_with(computed);
        }
    }
    owners
}

fn allocated(
    gathered: &Gathered,
    rates: &Rates,
    queues: &[MessageQueue],
    owners: &BTreeMap<MessageQueue, OwnedBy>,
) -> Vec<AllocatedQueue> {
    let chosen = &gathered.chosen;
    let said = chosen.progress.values().filter_map(Slot::value);
    let offsets: BTreeMap<&MessageQueue, &OffsetWrapper> =
        said.flat_map(|said| &said.offset_table).collect();
    let stats = topics::queues(gathered, rates, &chosen.topic).unwrap_or_default();
    let mut next_stored: BTreeMap<&MessageQueue, i64> = BTreeMap::new();
    for said in chosen.spans.values().filter_map(Slot::said) {
        for span in said.value.iter().filter(|span| span.delay_time > 0) {
            // By the broker's clock it waits that long; by ours it was stored then.
            let stored_ms = said.at_ms.saturating_sub(span.delay_time);
            next_stored.insert(&span.message_queue, stored_ms);
        }
    }
    queues
        .iter()
        .map(|queue| {
            let stats = stats.iter().find(|stats| stats.queue == *queue);
            let offsets = offsets.get(queue);
            let max_of_stats = stats.map(|stats| stats.max_offset);
            let key = (chosen.group.clone(), queue.clone());
            let consumed = offsets.map(|offsets| offsets.consumer_offset);
            let max_offset = max_of_stats.max(offsets.map(|offsets| offsets.broker_offset));
            let is_behind = consumed
                .zip(max_offset)
                .is_some_and(|(next, max)| next < max);
            AllocatedQueue {
                queue: queue.clone(),
                owner: owners.get(queue).cloned().unwrap_or(OwnedBy::Nobody),
                min_offset: stats.map(|stats| stats.min_offset),
                max_offset,
                consumer_offset: consumed,
                in_per_s: rates.queue_in.per_s(queue),
                out_per_s: rates.queue_out.per_s(&key),
                next_stored_ms: next_stored.get(queue).copied().filter(|_| is_behind),
                last_write_ms: stats
                    .map(|stats| stats.last_write_ms)
                    .filter(|last| *last > 0),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues(count: i32) -> Vec<MessageQueue> {
        (0..count)
            .map(|id| MessageQueue::new("t", "b", id))
            .collect()
    }

    fn said(own: &[(&str, &[i32])]) -> Said {
        let queues = |ids: &[i32]| {
            ids.iter()
                .map(|id| MessageQueue::new("t", "b", *id))
                .collect()
        };
        own.iter()
            .map(|(id, ids)| ((*id).to_owned(), queues(ids)))
            .collect()
    }

    fn shown(owners: &BTreeMap<MessageQueue, OwnedBy>) -> String {
        let shown = owners.iter().map(|(queue, owner)| match owner {
            OwnedBy::Said(id) => format!("{}={id}", queue.queue_id),
            OwnedBy::Computed(id) => format!("{}={id}?", queue.queue_id),
            OwnedBy::Nobody => format!("{}=nobody", queue.queue_id),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_strategy_that_explains_what_was_said_places_the_silent_members() {
        let ids = ["x".to_owned(), "y".to_owned()];
        let check = |own: &[(&str, &[i32])], name: Option<&str>, expected: &str| {
            let said = said(own);
            let strategy = explaining(&said, &queues(4), &ids);
            let found = strategy
                .as_ref()
                .map(|strategy| strategy.name().into_owned());
            assert_eq!(found.as_deref(), name);
            let owners = owners(&said, &queues(4), &ids, strategy.as_deref());
            assert_eq!(shown(&owners), expected);
        };
        check(&[], None, "0=x? 1=x? 2=y? 3=y?");
        check(&[("x", &[0, 1])], Some("AVG"), "0=x 1=x 2=y? 3=y?");
        check(
            &[("x", &[0, 2])],
            Some("AVG_BY_CIRCLE"),
            "0=x 1=y? 2=x 3=y?",
        );
        check(&[("x", &[3]), ("y", &[0])], None, "0=y 3=x");
    }
}
