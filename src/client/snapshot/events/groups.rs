//! What happened to groups and their members.

use std::collections::{BTreeMap, BTreeSet};

use protocol::body::MessageQueue;

use super::{EventKind, Events, counted, counted_usize};
use crate::snapshot::{ClientKind, ClientState, GroupHealth, GroupState, Snapshot};

pub(super) fn between(before: &Snapshot, after: &Snapshot, events: &mut Events) {
    if let Some((before, after)) = events.look(&before.clients, &after.clients) {
        members(before, after, events);
    }
    let are_members_told = before.clients.get().is_some() && after.clients.get().is_some();
    let Some((before, after)) = events.look(&before.groups, &after.groups) else {
        return;
    };
    let by_name = |groups| -> BTreeMap<_, _> {
        let groups: &[GroupState] = groups;
        groups
            .iter()
            .map(|group| (group.group.as_str(), group))
            .collect()
    };
    let (known, now) = (by_name(before), by_name(after));
    for (name, group) in &now {
        let Some(was) = known.get(name) else {
            let text = format!("group {name} appeared");
            events.add(EventKind::GroupAppeared, name, text);
            continue;
        };
        if !are_members_told {
            member_counts(was, group, events);
        }
        rebalance(was, group, events);
        lag(was, group, events);
        offsets(was, group, events);
    }
    for name in known.keys().filter(|name| !now.contains_key(*name)) {
        let text = format!("group {name} is gone");
        events.add(EventKind::GroupGone, name, text);
    }
}

fn members(before: &[ClientState], after: &[ClientState], events: &mut Events) {
    type Member<'a> = (&'a str, ClientKind, &'a str);
    let members = |clients| -> BTreeSet<Member<'_>> {
        let clients: &[ClientState] = clients;
        let member = |client| {
            let client: &ClientState = client;
            let (group, id) = (client.group.as_str(), client.client_id.as_str());
            (group, client.kind, id)
        };
        clients.iter().map(member).collect()
    };
    let (known, now) = (members(before), members(after));
    let word = |kind| match kind {
        ClientKind::Consumer => "group",
        ClientKind::Producer => "producer group",
    };
    for (group, kind, id) in now.difference(&known) {
        let text = format!("{id} joined {} {group}", word(*kind));
        events.add(EventKind::MemberJoined, group, text);
    }
    for (group, kind, id) in known.difference(&now) {
        let text = format!("{id} left {} {group}", word(*kind));
        events.add(EventKind::MemberLeft, group, text);
    }
}

/// Where only the numbers of members are known.
fn member_counts(was: &GroupState, group: &GroupState, events: &mut Events) {
    let name = &group.group;
    let Some((had, has)) = was.members.zip(group.members) else {
        return;
    };
    let text = format!(
        "group {name} has {}, had {had}",
        counted_usize(has, "member")
    );
    if has > had {
        events.add(EventKind::MemberJoined, name, text);
    } else if has < had {
        events.add(EventKind::MemberLeft, name, text);
    }
}

fn rebalance(was: &GroupState, group: &GroupState, events: &mut Events) {
    let Some((had, has)) = was.owned.as_ref().zip(group.owned.as_ref()) else {
        return;
    };
    let owners = |owned| {
        let owned: &BTreeMap<String, Option<Vec<MessageQueue>>> = owned;
        let mut owners: BTreeMap<MessageQueue, BTreeSet<String>> = BTreeMap::new();
        for (id, queues) in owned {
            for queue in queues.iter().flatten() {
                owners.entry(queue.clone()).or_default().insert(id.clone());
            }
        }
        owners
    };
    let (owned_before, owned_now) = (owners(had), owners(has));
    // Who had not said anything before may have read its queues for long.
    let was_heard = |id: &String| had.get(id).is_none_or(Option::is_some);
    let nobody = BTreeSet::new();
    let moved = owned_now.iter().filter(|(queue, ids)| {
        let before = owned_before.get(queue).unwrap_or(&nobody);
        let is_new = |id: &String| !before.contains(id) && was_heard(id);
        // While a queue changes hands both may name it: that it has a new owner is told once.
        ids.iter().any(is_new)
    });
    let moved = moved.count();
    if moved > 0 {
        let text = format!(
            "group {} rebalanced: {}, {moved} moved",
            group.group,
            counted_usize(owned_now.len(), "queue")
        );
        events.add(EventKind::Rebalanced, &group.group, text);
    }
}

fn lag(was: &GroupState, group: &GroupState, events: &mut Events) {
    use GroupHealth::{Idle, Lagging, Offline, Ok};
    let name = &group.group;
    let lag = group.lag.unwrap_or_default();
    match (was.health, group.health) {
        (Ok | Idle | Offline, Lagging) => {
            let growth = match group.lag_growth_per_s {
                Some(growth) if growth >= 1.0 => format!(", growing by {growth:.0}/s"),
                _ => String::new(),
            };
            let text = format!("group {name} lags by {}{growth}", counted(lag, "message"));
            events.add(EventKind::LagGrowing, name, text);
        }
        (Lagging | Offline, Ok | Idle) if lag == 0 && was.lag.is_some_and(|was| was > 0) => {
            let was = was.lag.unwrap_or_default();
            let text = format!(
                "group {name} has caught up: nothing waits, {} did",
                counted(was, "message")
            );
            events.add(EventKind::LagDrained, name, text);
        }
        _ => {}
    }
}

fn offsets(was: &GroupState, group: &GroupState, events: &mut Events) {
    let Some((had, has)) = was.queues.as_ref().zip(group.queues.as_ref()) else {
        return;
    };
    let known: BTreeMap<_, _> = had.iter().map(|queue| (&queue.queue, queue)).collect();
    let back: Vec<i64> = has
        .iter()
        .filter_map(|now| {
            let was = known.get(&now.queue)?;
            // A queue that is shorter than it was is another queue of the same name.
            let is_same = now.max_offset >= was.max_offset;
            let back = was.consumer_offset.saturating_sub(now.consumer_offset);
            (is_same && back > 0).then_some(back)
        })
        .collect();
    if !back.is_empty() {
        let name = &group.group;
        let text = format!(
            "group {name} went back by {} in {}",
            counted(back.iter().sum(), "message"),
            counted_usize(back.len(), "queue")
        );
        events.add(EventKind::OffsetsReset, name, text);
    }
}
