//! Which offset a queue has reached, whatever the order in which its messages are done.

use proptest::prelude::{Just, Strategy as _, proptest};

use super::*;
use crate::testing::message;

fn queue_with(offsets: impl IntoIterator<Item = i64>) -> ProcessQueue {
    let queue = ProcessQueue::new(0, 0);
    let messages: Vec<_> = offsets
        .into_iter()
        .map(|offset| Arc::new(message("T", offset)))
        .collect();
    let next = messages
        .last()
        .map_or(0, |message| message.queue_offset + 1);
    queue.put(&messages, next);
    queue
}

#[test]
fn the_offset_is_the_lowest_that_is_not_consumed() {
    let queue = queue_with([5, 6, 8]);
    assert_eq!(queue.remove([6], 1), Some(5));
    assert_eq!(queue.remove([5], 1), Some(8));
    assert_eq!(queue.remove([8], 1), Some(9));
    assert_eq!(queue.remove([8], 1), None);
    assert_eq!(queue.cached().bytes, 0);
}

#[test]
fn a_message_that_comes_twice_counts_once() {
    let queue = queue_with([1, 2]);
    queue.put(&[Arc::new(message("T", 2)), Arc::new(message("T", 3))], 4);
    let cached = queue.cached();
    assert_eq!(
        (cached.messages, cached.min_offset, cached.max_offset),
        (3, 1, 3)
    );
    assert_eq!(cached.pulled_offset, 4);
}

#[test]
fn only_what_a_handler_holds_can_be_overdue() {
    let queue = queue_with([1, 2]);
    let second = Duration::from_secs(1);
    assert_eq!(queue.first_overdue(10_000, second), None);
    queue.hand_out(&[Arc::new(message("T", 1))], 5_000);
    assert_eq!(queue.first_overdue(6_000, second), None);
    assert_eq!(queue.first_overdue(6_001, second).unwrap().queue_offset, 1);
}

#[tokio::test]
async fn a_full_queue_waits_until_something_is_done() {
    let limits = CacheLimits {
        messages: 2,
        bytes: 1 << 20,
        span: 100,
    };
    let queue = Arc::new(queue_with([1, 2, 3]));
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.wait_for_room(limits).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    queue.remove([2], 1);
    waiting.await.unwrap();
}

#[test]
fn every_limit_counts() {
    let cached = queue_with([1, 50]).cached();
    let limits = CacheLimits {
        messages: 2,
        bytes: cached.bytes,
        span: 49,
    };
    assert!(cached.is_within(limits));
    assert!(!cached.is_within(CacheLimits {
        messages: 1,
        ..limits
    }));
    assert!(!cached.is_within(CacheLimits {
        bytes: cached.bytes - 1,
        ..limits
    }));
    assert!(!cached.is_within(CacheLimits { span: 48, ..limits }));
}

proptest! {
    #[test]
    fn no_order_of_consuming_skips_a_message(
        order in (1..40_i64).prop_flat_map(|count| Just((0..count).collect::<Vec<_>>()).prop_shuffle())
    ) {
        let count = i64::try_from(order.len()).unwrap();
        let queue = queue_with(0..count);
        let mut done = vec![];
        for offset in order {
            done.push(offset);
            let lowest = (0..).find(|offset| !done.contains(offset));
            assert_eq!(queue.remove([offset], 1), lowest);
        }
    }
}
