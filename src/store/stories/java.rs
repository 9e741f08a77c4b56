//! Directories as a Java broker leaves them: its checkpoint knows times only, and it cuts files by
//! moving a pointer, so old bytes stay behind the end.

use std::path::PathBuf;
use std::sync::Arc;

use super::support::{Fixture, bodies, put, put_with, read_all};
use crate::storage::crash::CrashStorage;
use crate::{CqUnit, KeyQuery, LastStop};

const COUNT: usize = 120;

fn body(number: usize) -> String {
    format!("{number}:{}", "j".repeat(1000))
}

/// A store of two CommitLog files, stopped; Gantry's part of the checkpoint is gone.
fn left_by_java(clean: bool) -> (Fixture, Arc<CrashStorage>) {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    for number in 0..COUNT {
        fixture.clock.advance(std::time::Duration::from_millis(100));
        let queue_id = i32::try_from(number % 2).expect("small");
        put_with(
            &store,
            "t",
            queue_id,
            &body(number),
            &format!("KEYS\u{1}k{number}\u{2}"),
        );
    }
    store.shutdown().expect("shutdown");
    drop(store);
    disk.change(&fixture.config.root.join("checkpoint"), |bytes| {
        bytes[512..].fill(0);
    });
    if !clean {
        fixture
            .storage
            .write(&fixture.config.root.join("abort"), b"4711")
            .expect("abort");
    }
    (fixture, disk)
}

fn queue_file(fixture: &Fixture, queue_id: i32) -> PathBuf {
    let dir = fixture.config.consume_queue_dir();
    dir.join(format!("t/{queue_id}/00000000000000001000"))
}

fn check_whole(fixture: &Fixture, last_stop: LastStop) {
    let store = fixture.open();
    assert_eq!(store.recovery_report().last_stop, last_stop);
    for queue_id in 0..2 {
        let expected: Vec<String> = (0..COUNT)
            .filter(|number| number % 2 == queue_id)
            .map(body)
            .collect();
        let queue_id = i32::try_from(queue_id).expect("small");
        assert_eq!(bodies(&store, "t", queue_id), expected);
    }
    let query = KeyQuery {
        count_max: 8,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    for number in [0, 50, COUNT - 1] {
        let found = store
            .query_by_key("t", &format!("k{number}"), query)
            .expect("query");
        assert_eq!(found.physical_offsets.len(), 1, "k{number}");
    }
    assert_eq!(put(&store, "t", 0, "next").queue_offset, 60);
}

#[test]
fn a_store_that_java_stopped_in_order_is_whole() {
    let (fixture, _disk) = left_by_java(true);
    check_whole(&fixture, LastStop::JavaClean);
}

#[test]
fn a_store_that_java_did_not_stop_in_order_is_whole() {
    let (fixture, _disk) = left_by_java(false);
    check_whole(&fixture, LastStop::JavaUnclean);
}

#[test]
fn a_store_of_java_without_its_derived_files_is_whole() {
    for clean in [true, false] {
        let (fixture, disk) = left_by_java(clean);
        disk.lose(&fixture.config.consume_queue_dir());
        disk.lose(&fixture.config.index_dir());
        let last_stop = if clean {
            LastStop::JavaClean
        } else {
            LastStop::JavaUnclean
        };
        check_whole(&fixture, last_stop);
    }
}

#[test]
fn units_that_java_left_behind_the_end_of_a_queue_are_no_messages() {
    for clean in [true, false] {
        let (fixture, disk) = left_by_java(clean);
        // Old units, which point to records that are now another queue's.
        let other = disk.bytes(&queue_file(&fixture, 1)).expect("queue file");
        let stale = CqUnit::from_bytes(other[0..20].try_into().expect("a unit"));
        disk.change(&queue_file(&fixture, 0), |bytes| {
            for unit in bytes[200..400].chunks_exact_mut(20) {
                unit.copy_from_slice(&stale.to_bytes());
            }
        });
        let last_stop = if clean {
            LastStop::JavaClean
        } else {
            LastStop::JavaUnclean
        };
        check_whole(&fixture, last_stop);
    }
}

#[test]
fn records_that_java_left_behind_the_end_of_the_log_do_not_come_back() {
    let (fixture, disk) = left_by_java(false);
    let log = fixture.config.commit_log_dir().join("00000000000000065536");
    // The end was cut in the middle of a record; a whole one stands behind it, at its own place.
    let bytes = disk.bytes(&log).expect("log");
    let size = u32::from_be_bytes(bytes[..4].try_into().expect("a size"));
    let size = usize::try_from(size).expect("small");
    disk.change(&log, |bytes| {
        bytes[3 * size + 100..3 * size + 120].fill(0xEE);
    });
    let store = fixture.open();
    let left = [read_all(&store, "t", 0), read_all(&store, "t", 1)]
        .concat()
        .len();
    let whole = COUNT - (COUNT - left);
    assert!(left < COUNT);
    drop(store);
    let after = disk.bytes(&log).expect("log");
    assert!(after[3 * size..].iter().all(|byte| *byte == 0), "{whole}");
}

#[test]
fn a_tags_code_that_is_an_address_is_left_to_the_consumer() {
    let (fixture, disk) = left_by_java(true);
    let file = fixture
        .config
        .consume_queue_dir()
        .join("t/0/00000000000000000000");
    disk.change(&file, |bytes| {
        bytes[12..20].copy_from_slice(&i64::MIN.to_be_bytes());
    });
    let store = fixture.open();
    let queue = store.queue("t", 0).expect("queue");
    let mut none = |_code: i64| false;
    let mut offsets = Vec::new();
    store.get_messages(
        &queue,
        0,
        crate::GetLimits::count(32),
        &mut none,
        &mut |record| {
            offsets.push(record.queue_offset());
        },
    );
    assert_eq!(offsets, [0]);
}
