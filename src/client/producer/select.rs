//! Which queue the next message goes to.

use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::message::java_hash;

use crate::fault::FaultTable;

/// The next queue of a round, on another broker than the last try if there is one.
///
/// `avoid` is the table of slow brokers, where those are to be avoided: then first a queue of a broker
/// that is fast, then one of a broker that answers at all, then any.
pub(super) fn next<'a>(
    queues: &'a [MessageQueue],
    round: usize,
    last_broker: Option<&str>,
    avoid: Option<(&FaultTable, Duration)>,
) -> Option<&'a MessageQueue> {
    let start = round.checked_rem(queues.len())?;
    let (before, from_start) = queues.split_at(start);
    let in_turn = || from_start.iter().chain(before);
    let is_other = |queue: &&MessageQueue| Some(queue.broker_name.as_str()) != last_broker;
    if let Some((faults, now)) = avoid {
        let available = |queue: &&MessageQueue| faults.is_available(&queue.broker_name, now);
        let reachable = |queue: &&MessageQueue| faults.is_reachable(&queue.broker_name);
        let fast = in_turn().filter(available).find(is_other);
        let found = fast.or_else(|| in_turn().filter(reachable).find(is_other));
        if found.is_some() {
            return found;
        }
    }
    in_turn().find(is_other).or_else(|| in_turn().next())
}

/// The queue of all messages with one key (RocketMQ `SelectMessageQueueByHash`).
pub(super) fn by_key<'a>(queues: &'a [MessageQueue], key: &str) -> Option<&'a MessageQueue> {
    let count = i32::try_from(queues.len())
        .ok()
        .filter(|count| *count > 0)?;
    let index = (java_hash(key) % count).unsigned_abs();
    queues.get(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues() -> Vec<MessageQueue> {
        let queue = |(broker, id)| MessageQueue::new("T", broker, id);
        [("a", 0), ("a", 1), ("b", 0), ("b", 1)].map(queue).into()
    }

    fn name(queue: Option<&MessageQueue>) -> String {
        queue
            .map(|queue| format!("{}{}", queue.broker_name, queue.queue_id))
            .unwrap_or_default()
    }

    #[test]
    fn sends_take_turns() {
        let queues = queues();
        let turns: Vec<_> = (0..5)
            .map(|round| name(next(&queues, round, None, None)))
            .collect();
        assert_eq!(turns, ["a0", "a1", "b0", "b1", "a0"]);
        assert_eq!(next(&[], 3, None, None), None);
    }

    #[test]
    fn a_retry_goes_to_another_broker_if_there_is_one() {
        let queues = queues();
        assert_eq!(name(next(&queues, 0, Some("a"), None)), "b0");
        assert_eq!(name(next(&queues, 3, Some("b"), None)), "a0");
        assert_eq!(name(next(&queues[..2], 1, Some("a"), None)), "a1");
    }

    #[test]
    fn slow_brokers_are_avoided_but_better_than_none() {
        let (queues, faults, now) = (queues(), FaultTable::default(), Duration::from_secs(60));
        faults.failed("a", true, now);
        assert_eq!(name(next(&queues, 0, None, Some((&faults, now)))), "b0");
        faults.failed("b", false, now);
        assert_eq!(name(next(&queues, 2, None, Some((&faults, now)))), "a0");
        faults.failed("a", false, now);
        assert_eq!(name(next(&queues, 2, None, Some((&faults, now)))), "b0");
        let later = now + Duration::from_secs(11);
        assert_eq!(
            name(next(&queues, 0, Some("a"), Some((&faults, later)))),
            "b0"
        );
    }

    #[test]
    fn one_key_has_one_queue() {
        let queues = queues();
        // Java: "TagA".hashCode() is 2598919; this one is Integer.MIN_VALUE, whose abs is negative.
        assert_eq!(name(by_key(&queues, "TagA")), "b1");
        assert_eq!(name(by_key(&queues, "polygenelubricants")), "a0");
        assert_eq!(by_key(&[], "k"), None);
    }
}
