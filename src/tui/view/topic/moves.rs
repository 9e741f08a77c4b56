//! Which queues changed hands, and when: told apart by comparing what was read.

use std::collections::VecDeque;

use client::snapshot::{Allocation, Snapshot};
use protocol::body::MessageQueue;

use crate::timeline;

/// Moves that are remembered.
const MOVES_MAX: usize = 4_096;

/// Moves that are no further apart than this are one rebalance, in ms: members notice one after the
/// other.
const REBALANCE_MS: i64 = 25_000;

/// A queue that changed hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// When it was noticed, in ms since the epoch.
    pub(crate) at_ms: i64,
    pub(crate) group: String,
    pub(crate) queue: MessageQueue,
    /// Who had it; `None`: nobody.
    pub(crate) from: Option<String>,
    /// Who has it.
    pub(crate) to: Option<String>,
}

/// The moves that were noticed, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    moves: VecDeque<Move>,
}

impl Moves {
    /// Notes what moved between two readings of the same group and topic.
    pub(crate) fn note(&mut self, before: &Snapshot, now: &Snapshot) {
        if !timeline::is_new(&now.allocation, Some(&before.allocation)) {
            return;
        }
        let (Some(old), Some(new)) = (before.allocation.get(), now.allocation.get()) else {
            return;
        };
        if old.group != new.group || old.topic != new.topic {
            return;
        }
        for found in between(old, new, now.allocation.taken_ms) {
            if self.moves.len() == MOVES_MAX {
                self.moves.pop_front();
            }
            self.moves.push_back(found);
        }
    }

    /// The moves of the last rebalance of a group at or before a moment, oldest first.
    pub(crate) fn last_rebalance(&self, group: &str, topic: &str, until_ms: i64) -> Vec<&Move> {
        let mut last: Vec<&Move> = Vec::new();
        for one in self.of(group, topic, until_ms).rev() {
            if last
                .last()
                .is_some_and(|later| later.at_ms - one.at_ms > REBALANCE_MS)
            {
                break;
            }
            last.push(one);
        }
        last.reverse();
        last
    }

    /// The moves of one queue at or before a moment, newest first.
    pub(crate) fn of_queue(
        &self,
        group: &str,
        queue: &MessageQueue,
        until_ms: i64,
    ) -> impl Iterator<Item = &Move> {
        self.of(group, &queue.topic, until_ms)
            .rev()
            .filter(move |one| one.queue == *queue)
    }

    fn of(
        &self,
        group: &str,
        topic: &str,
        until_ms: i64,
    ) -> impl DoubleEndedIterator<Item = &Move> {
        self.moves.iter().filter(move |one| {
            one.group == group && one.queue.topic == topic && one.at_ms <= until_ms
        })
    }
}

/// What moved from one reading to the next. A queue that nobody had and somebody gets moved too, unless
/// the group was not there at all.
fn between(old: &Allocation, new: &Allocation, at_ms: i64) -> Vec<Move> {
    if old.members.is_empty() || new.members.is_empty() {
        return Vec::new();
    }
    let owner_before = |queue: &MessageQueue| {
        let found = old.queues.iter().find(|known| known.queue == *queue)?;
        Some(found.owner.client_id())
    };
    let mut moves = Vec::new();
    for queue in &new.queues {
        let Some(from) = owner_before(&queue.queue) else {
            continue;
        };
        let to = queue.owner.client_id();
        if from != to {
            moves.push(Move {
                at_ms,
                group: new.group.clone(),
                queue: queue.queue.clone(),
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
            });
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW_MS, allocation, allocation_section};

    fn snapshot(owners: &str, at_ms: i64) -> Snapshot {
        Snapshot {
            allocation: allocation_section(owners, at_ms),
            ..Snapshot::default()
        }
    }

    #[test]
    fn queues_that_change_hands_are_noted_with_the_time() {
        let mut moves = Moves::default();
        let first = snapshot("a a b b", NOW_MS);
        let second = snapshot("a b b -", NOW_MS + 1_000);
        moves.note(&first, &second);
        moves.note(&second, &second);
        let last = moves.last_rebalance("billing", "orders", NOW_MS + 1_000);
        let told: Vec<_> = last
            .iter()
            .map(|one| (one.queue.queue_id, one.from.as_deref(), one.to.as_deref()))
            .collect();
        assert_eq!(told, [(1, Some("a"), Some("b")), (3, Some("b"), None)]);
        assert!(moves.last_rebalance("billing", "orders", NOW_MS).is_empty());
        assert!(moves.last_rebalance("audit", "orders", i64::MAX).is_empty());
    }

    #[test]
    fn an_earlier_rebalance_is_another_one() {
        let mut moves = Moves::default();
        let steps = [
            snapshot("a a a a", NOW_MS),
            snapshot("a a b b", NOW_MS + 60_000),
            snapshot("a b b b", NOW_MS + 200_000),
        ];
        for pair in steps.windows(2) {
            moves.note(&pair[0], &pair[1]);
        }
        assert_eq!(moves.last_rebalance("billing", "orders", i64::MAX).len(), 1);
        let earlier = moves.last_rebalance("billing", "orders", NOW_MS + 100_000);
        assert_eq!(earlier.len(), 2);
        let queue = allocation("a a a a").queues[2].queue.clone();
        assert_eq!(moves.of_queue("billing", &queue, i64::MAX).count(), 1);
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut moves = Moves::default();
        let (one, other) = (snapshot("a b a b", NOW_MS), snapshot("b a b a", NOW_MS + 1));
        for _ in 0..MOVES_MAX {
            moves.note(&one, &other);
        }
        assert_eq!(moves.moves.len(), MOVES_MAX);
    }
}
