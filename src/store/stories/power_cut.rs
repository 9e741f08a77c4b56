//! What is left after the process ends, and after the power is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Fixture, bodies, put};
use crate::storage::crash::CrashStorage;
use crate::{Durability, LastStop, MessageStore};

/// Puts message `number` into one of three queues.
fn put_number(store: &MessageStore, number: usize) {
    let queue_id = i32::try_from(number % 3).expect("small");
    let body = format!("{number}:{}", "x".repeat(number * 37 % 900));
    put(store, "t", queue_id, &body);
}

/// The numbers of all messages in the store, each queue in its order.
fn numbers(store: &MessageStore) -> Vec<usize> {
    let mut all = Vec::new();
    for queue_id in 0..3 {
        let bodies = bodies(store, "t", queue_id);
        let of_queue: Vec<usize> = bodies
            .iter()
            .map(|body| {
                body.split(':')
                    .next()
                    .and_then(|number| number.parse().ok())
            })
            .map(|number| number.expect("a number"))
            .collect();
        assert!(of_queue.is_sorted(), "queue {queue_id}: {of_queue:?}");
        all.extend(of_queue);
    }
    all.sort_unstable();
    all
}

fn first(count: usize) -> Vec<usize> {
    (0..count).collect()
}

#[test]
fn a_killed_process_loses_nothing_wherever_it_is() {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    for number in 0..160 {
        put_number(&store, number);
        match number % 7 {
            2 => store.write_queues_once().expect("write"),
            5 if number % 2 == 0 => store.derive_once().expect("derive"),
            6 => assert!(store.flush_once()),
            _ => {}
        }
        let after = fixture.with(&disk.after_kill());
        let reopened = after.open();
        assert_eq!(numbers(&reopened), first(number + 1));
        assert_eq!(reopened.recovery_report().last_stop, LastStop::ProcessEnded);
        assert_eq!(reopened.recovery_report().lost_bytes, 0);
        put_number(&reopened, number + 1);
        assert_eq!(numbers(&reopened), first(number + 2));
    }
}

#[test]
fn a_power_cut_leaves_a_beginning_of_the_log_and_all_that_was_synced() {
    let mut lost = 0;
    for seed in 0..150 {
        let (fixture, disk) = Fixture::new().on_crash_storage();
        let store = fixture.open();
        let mut synced = 0;
        let count = 20 + usize::try_from(seed % 90).expect("small");
        for number in 0..count {
            put_number(&store, number);
            match (number as u64 * 31 + seed) % 11 {
                1 => store.write_queues_once().expect("write"),
                4 => {
                    assert!(store.flush_once());
                    synced = number + 1;
                }
                8 => {
                    store.derive_once().expect("derive");
                    synced = number + 1;
                }
                _ => {}
            }
        }
        let after = fixture.with(&disk.after_power_cut(seed));
        let reopened = after.open();
        let left = numbers(&reopened);
        assert_eq!(left, first(left.len()), "seed {seed}: a hole");
        assert!(
            left.len() >= synced,
            "seed {seed}: {} left of {synced}",
            left.len()
        );
        assert_eq!(reopened.recovery_report().last_stop, LastStop::PowerCut);
        lost += count - left.len();
        // It goes on, and a second cut right after the first one does no more harm.
        put_number(&reopened, left.len());
        let again = fixture.with(&disk_of(&after).after_power_cut(seed + 1));
        let again = again.open();
        assert!(numbers(&again).len() >= synced, "seed {seed}: second cut");
    }
    assert!(lost > 0, "the disk forgets what was not synced");
}

/// The disk below a fixture made by `with`.
fn disk_of(fixture: &Fixture) -> Arc<CrashStorage> {
    fixture.crash_disk.clone().expect("a disk in memory")
}

#[test]
fn in_synchronous_mode_what_was_acknowledged_or_seen_stays() {
    for seed in 0..150 {
        let (fixture, disk) = Fixture::new().sync_flush().on_crash_storage();
        let store = fixture.open();
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let count = 10 + usize::try_from(seed % 70).expect("small");
        for number in 0..count {
            let queue = store.queue("t", 0).expect("queue");
            let seen_before = queue.max_offset();
            put_number(&store, number);
            assert_eq!(queue.max_offset(), seen_before, "seen before it is synced");
            let counter = Arc::clone(&acknowledged);
            let end = store.max_physical_offset();
            store.when_durable(
                end,
                Box::new(move |durability| {
                    assert_eq!(durability, Durability::Durable);
                    counter.store(number + 1, Ordering::SeqCst);
                }),
            );
            match (number as u64 * 31 + seed) % 5 {
                1 => assert!(store.flush_once()),
                3 => store.write_queues_once().expect("write"),
                _ => {}
            }
        }
        let promised = acknowledged.load(Ordering::SeqCst);
        assert_eq!(numbers(&store), first(promised));
        let after = fixture.with(&disk.after_power_cut(seed));
        let reopened = after.open();
        let left = numbers(&reopened);
        assert_eq!(left, first(left.len()), "seed {seed}");
        assert!(
            left.len() >= promised,
            "seed {seed}: {} of {promised}",
            left.len()
        );
        store.flush_once();
    }
}

#[test]
fn a_clean_stop_survives_a_power_cut_whole() {
    for seed in 0..40 {
        let (fixture, disk) = Fixture::new().on_crash_storage();
        let store = fixture.open();
        for number in 0..100 {
            put_number(&store, number);
        }
        store.shutdown().expect("shutdown");
        let after = fixture.with(&disk.after_power_cut(seed));
        let reopened = after.open();
        assert_eq!(reopened.recovery_report().last_stop, LastStop::Clean);
        assert_eq!(numbers(&reopened), first(100), "seed {seed}");
    }
}

#[test]
fn shutting_down_again_does_nothing_and_a_second_store_is_refused() {
    let (fixture, _disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    let clock = Arc::clone(&fixture.clock);
    let second = MessageStore::open_without_threads(
        fixture.config.clone(),
        clock,
        Arc::clone(&fixture.storage),
    );
    assert!(matches!(second, Err(crate::OpenError::Locked { .. })));
    store.shutdown().expect("shutdown");
    store.shutdown().expect("again");
    assert!(!store.is_writable());
    drop(fixture.open());
}
