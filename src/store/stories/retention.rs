//! What goes when it is old or when the disk fills up, and what stays.

use std::sync::Arc;
use std::time::Duration;

use super::support::{BEGIN_MS, Fixture, put, put_with, read_all};
use crate::storage::crash::CrashStorage;
use crate::{GetMessageStatus, KeyQuery, MessageStore, hours, parse_delete_when};

/// A store with five CommitLog files, the first messages two hours older than the next, and so on.
fn filled() -> (Fixture, Arc<CrashStorage>, MessageStore) {
    let (mut fixture, disk) = Fixture::new().on_crash_storage();
    fixture.config.file_reserved = hours(72);
    // Not at this hour: only what the stories ask for is removed.
    fixture.config.delete_when = Vec::new();
    fixture.config.disk_max_used_ratio = 0.75;
    fixture.config.index_entries = 30;
    let store = fixture.open();
    let mut number = 0;
    while store.max_physical_offset() < 4 * 64 * 1024 + 10_000 {
        disk.set_now_ms(fixture.clock_ms());
        put_with(
            &store,
            "t",
            0,
            &"x".repeat(1000),
            &format!("KEYS\u{1}k{number}\u{2}"),
        );
        number += 1;
        if store.max_physical_offset() % (64 * 1024) < 1200 {
            fixture.clock.advance(hours(2));
        }
    }
    put(&store, "idle", 0, "in the last file");
    store.derive_once().expect("derive");
    (fixture, disk, store)
}

fn log_files(disk: &CrashStorage) -> usize {
    disk.paths()
        .iter()
        .filter(|path| path.starts_with("/store/commitlog"))
        .count()
}

#[test]
fn nothing_goes_before_its_time_on_a_roomy_disk() {
    let (fixture, disk, store) = filled();
    fixture.clock.advance(hours(1000));
    assert_eq!(store.clean_once().commit_log_files, 0);
    assert_eq!(log_files(&disk), 5);
}

#[test]
fn old_files_go_at_the_hour_and_take_their_queues_and_keys_along() {
    let (mut fixture, disk, store) = filled();
    drop(store);
    fixture.config.delete_when = (0..24).collect();
    let store = fixture.open();
    assert_eq!(store.clean_once().commit_log_files, 0);
    // Each file was written for two hours: five hours past the 72, two of them are old enough.
    fixture.clock.set_wall_ms(BEGIN_MS);
    fixture.clock.advance(hours(72 + 5));
    let outcome = store.clean_once();
    assert_eq!(outcome.commit_log_files, 2);
    assert!(
        outcome.consume_queue_files > 0 && outcome.index_files > 0,
        "{outcome:?}"
    );
    assert_eq!(store.min_physical_offset(), 2 * 64 * 1024);

    let queue = store.queue("t", 0).expect("queue");
    assert!(queue.min_offset() > 0);
    let left = read_all(&store, "t", 0);
    assert_eq!(
        left.len(),
        usize::try_from(queue.max_offset() - queue.min_offset()).expect("small")
    );
    let mut none = Vec::new();
    let too_small = super::support::get(&store, "t", 0, 0, 32, &mut none);
    assert_eq!(too_small.status, GetMessageStatus::OffsetTooSmall);
    assert_eq!(too_small.next_begin_offset, queue.min_offset());
    let idle = store.queue("idle", 0).expect("queue");
    assert_eq!((idle.min_offset(), idle.max_offset()), (0, 1));
    let query = KeyQuery {
        count_max: 32,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    assert!(
        store
            .query_by_key("t", "k0", query)
            .expect("query")
            .physical_offsets
            .is_empty()
    );

    // The same after it was opened again, in order or not.
    let min_offset = queue.min_offset();
    for clean in [false, true] {
        if clean {
            store.shutdown().expect("shutdown");
        }
        let again = fixture.with(&disk.after_kill()).open();
        let queue = again.queue("t", 0).expect("queue");
        assert_eq!(queue.min_offset(), min_offset, "clean {clean}");
        assert_eq!(read_all(&again, "t", 0), left, "clean {clean}");
    }
}

#[test]
fn a_queue_whose_messages_are_all_gone_keeps_its_offset() {
    let (fixture, disk, store) = filled();
    // The queue's only message lies in the first file.
    drop(store);
    let store = fixture.open();
    let first = put(&store, "lonely", 0, "only").queue_offset;
    assert_eq!(first, 0);
    store.derive_once().expect("derive");
    for _ in 0..200 {
        put(&store, "t", 0, &"x".repeat(1000));
    }
    disk.set_used_ratio(0.88);
    while store.clean_once().commit_log_files > 0 {}
    assert_eq!(log_files(&disk), 1, "the last file stays");
    let lonely = store.queue("lonely", 0).expect("queue");
    assert_eq!((lonely.min_offset(), lonely.max_offset()), (1, 1));
    disk.set_used_ratio(0.10);
    store.shutdown().expect("shutdown");
    drop(store);
    let store = fixture.open();
    assert_eq!(put(&store, "lonely", 0, "next").queue_offset, 1);
    assert_eq!(read_all(&store, "lonely", 0), [(1, "next".to_owned())]);
}

#[test]
fn a_disk_that_fills_up_loses_old_files_at_any_hour_and_young_ones_in_need() {
    let (fixture, disk, store) = filled();
    disk.set_used_ratio(0.80);
    assert_eq!(store.clean_once().commit_log_files, 0, "none is old enough");
    fixture.clock.advance(hours(66));
    assert!(store.clean_once().commit_log_files > 0, "at any hour");
    let left = log_files(&disk);
    disk.set_used_ratio(0.87);
    assert_eq!(store.clean_once().commit_log_files, left - 1, "in need");
}

#[test]
fn where_nothing_may_go_before_its_time_a_full_disk_stops_the_puts_instead() {
    let (mut fixture, disk, store) = filled();
    drop(store);
    fixture.config.clean_forcibly = false;
    let store = fixture.open();
    disk.set_used_ratio(0.99);
    assert_eq!(store.clean_once().commit_log_files, 0);
    assert!(!store.is_writable());
    disk.set_used_ratio(0.50);
    store.clean_once();
    assert!(store.is_writable());
}

#[test]
fn an_operator_may_ask_for_it() {
    let (fixture, _disk, store) = filled();
    fixture.clock.advance(hours(1000));
    store.delete_expired_now();
    assert_eq!(store.clean_once().commit_log_files, 4);
}

#[test]
fn no_more_than_a_batch_goes_in_one_pass() {
    let (mut fixture, _disk, store) = filled();
    drop(store);
    fixture.config.delete_file_batch_max = 1;
    fixture.clock.advance(Duration::from_secs(3600 * 1000));
    let store = fixture.open();
    store.delete_expired_now();
    assert_eq!(store.clean_once().commit_log_files, 1);
}

#[test]
fn hours_of_deletion_are_read_as_in_rocketmq() {
    assert_eq!(parse_delete_when("04"), Some(vec![4]));
    assert_eq!(parse_delete_when("04; 22"), Some(vec![4, 22]));
    assert_eq!(parse_delete_when("24"), None);
    assert_eq!(parse_delete_when("x"), None);
}
