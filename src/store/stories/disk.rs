//! Disks that fail and disks that are full.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Fixture, bodies, put, record};
use crate::{Durability, PutError};

#[test]
fn a_failed_sync_is_final_and_everyone_who_waits_is_told() {
    let (fixture, disk) = Fixture::new().sync_flush().on_crash_storage();
    let store = fixture.open();
    put(&store, "t", 0, "synced");
    assert!(store.flush_once());
    let outcome = put(&store, "t", 0, "not synced");
    let failed = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let failed = Arc::clone(&failed);
        store.when_durable(
            outcome.end_physical_offset,
            Box::new(move |durability| {
                failed.fetch_add(
                    usize::from(durability == Durability::Failed),
                    Ordering::SeqCst,
                );
            }),
        );
    }
    disk.fail_syncs(true);
    assert!(!store.flush_once());
    assert_eq!(failed.load(Ordering::SeqCst), 3);
    // The disk says that it is well again; what it holds is unknown all the same.
    disk.fail_syncs(false);
    assert!(!store.flush_once());
    let queue = store.queue("t", 0).expect("queue");
    let refused = store.put(&queue, &mut record("t", 0, b"x", ""));
    assert!(matches!(refused, Err(PutError::FlushFailed)));
    assert!(store.runtime_info().flush_failed && !store.is_writable());
    assert_eq!(bodies(&store, "t", 0), ["synced"]);
    let late = Arc::clone(&failed);
    store.when_durable(
        outcome.end_physical_offset,
        Box::new(move |durability| {
            late.fetch_add(
                usize::from(durability == Durability::Failed),
                Ordering::SeqCst,
            );
        }),
    );
    assert_eq!(failed.load(Ordering::SeqCst), 4);
    assert!(store.shutdown().is_err());
}

#[test]
fn a_failed_sync_stops_an_asynchronous_store_too() {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    put(&store, "t", 0, "a");
    disk.fail_syncs(true);
    assert!(!store.flush_once());
    assert!(!store.is_writable());
    // What was taken before can still be read.
    assert_eq!(bodies(&store, "t", 0), ["a"]);
}

#[test]
fn those_who_wait_are_told_when_the_store_goes_away() {
    let fixture = Fixture::new().sync_flush();
    let store = fixture.open();
    let outcome = put(&store, "t", 0, "a");
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    store.when_durable(
        outcome.end_physical_offset,
        Box::new(move |durability| {
            assert_eq!(durability, Durability::Failed);
            counter.fetch_add(1, Ordering::SeqCst);
        }),
    );
    drop(store);
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn a_full_disk_refuses_messages_and_takes_them_again_when_there_is_room() {
    for room in (0..6_000).step_by(256) {
        let (fixture, disk) = Fixture::new().on_crash_storage();
        let store = fixture.open();
        put(&store, "t", 0, "first");
        disk.leave_room(Some(room));
        let queue = store.queue("t", 0).expect("queue");
        let mut taken = vec!["first".to_owned()];
        let mut refused = 0;
        for number in 0..20 {
            let body = format!("{number}:{}", "x".repeat(300));
            match store.put(&queue, &mut record("t", 0, body.as_bytes(), "")) {
                Ok(_) => taken.push(body),
                Err(PutError::DiskFull) => refused += 1,
                Err(other) => panic!("room {room}: {other}"),
            }
            let _may_be_full = store.write_queues_once();
        }
        assert!(refused > 0, "room {room}");
        assert_eq!(bodies(&store, "t", 0), taken, "room {room}");
        // A crash now loses nothing of what was taken.
        let after = fixture.with(&disk.after_kill());
        assert_eq!(bodies(&after.open(), "t", 0), taken, "room {room}");
        disk.leave_room(None);
        store.write_queues_once().expect("there is room");
        put(&store, "t", 0, "last");
        taken.push("last".to_owned());
        assert_eq!(bodies(&store, "t", 0), taken, "room {room}");
        store.shutdown().expect("shutdown");
        drop(store);
        assert_eq!(bodies(&fixture.open(), "t", 0), taken, "room {room}");
    }
}

#[test]
fn a_store_is_opened_on_a_full_disk_and_takes_messages_when_there_is_room() {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    put(&store, "t", 0, "a");
    // Its ConsumeQueue was not written before the kill, and has to be now.
    let disk = disk.after_kill();
    drop(store);
    disk.leave_room(Some(0));
    let fixture = fixture.with(&disk);
    let store = fixture.open();
    assert_eq!(bodies(&store, "t", 0), ["a"]);
    let queue = store.queue("t", 0).expect("queue");
    let refused = store.put(&queue, &mut record("t", 0, b"b", ""));
    assert!(matches!(refused, Err(PutError::DiskFull)), "{refused:?}");
    disk.leave_room(None);
    store.write_queues_once().expect("there is room");
    put(&store, "t", 0, "b");
    assert_eq!(bodies(&store, "t", 0), ["a", "b"]);
}

#[test]
fn a_disk_that_is_nearly_full_refuses_messages_before_it_is() {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    put(&store, "t", 0, "a");
    disk.set_used_ratio(0.95);
    store.clean_once();
    let queue = store.queue("t", 0).expect("queue");
    let refused = store.put(&queue, &mut record("t", 0, b"b", ""));
    assert!(matches!(refused, Err(PutError::DiskFull)));
    assert!(store.runtime_info().disk_full);
    assert_eq!(bodies(&store, "t", 0), ["a"]);
    disk.set_used_ratio(0.50);
    store.clean_once();
    put(&store, "t", 0, "b");
    assert_eq!(bodies(&store, "t", 0), ["a", "b"]);
}
