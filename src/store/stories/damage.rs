//! Files that were cut, overwritten, flipped or lost while nobody looked.

use std::path::PathBuf;
use std::sync::Arc;

use super::support::{Fixture, bodies, put, put_with, read_all};
use crate::storage::crash::CrashStorage;
use crate::{KeyQuery, LastStop};

const COUNT: usize = 12;

fn body(number: usize) -> String {
    format!("{number}:{}", "x".repeat(number * 13 % 200))
}

/// A store with some messages in two queues, killed; and where each record begins.
fn killed_store() -> (Fixture, Arc<CrashStorage>, Vec<usize>) {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    let mut starts = Vec::new();
    for number in 0..COUNT {
        let queue_id = i32::try_from(number % 2).expect("small");
        let properties = format!("KEYS\u{1}key{number}\u{2}");
        let outcome = put_with(&store, "t", queue_id, &body(number), &properties);
        starts.push(usize::try_from(outcome.physical_offset).expect("positive"));
    }
    starts.push(usize::try_from(store.max_physical_offset()).expect("positive"));
    (fixture, disk, starts)
}

fn log_path(fixture: &Fixture) -> PathBuf {
    fixture.config.commit_log_dir().join("00000000000000000000")
}

/// All bodies of a store, in the order they were put.
fn all(store: &crate::MessageStore) -> Vec<String> {
    let mut messages = [read_all(store, "t", 0), read_all(store, "t", 1)].concat();
    messages.sort_by_key(|(_, body)| body.split(':').next().and_then(|n| n.parse::<usize>().ok()));
    messages.into_iter().map(|(_, body)| body).collect()
}

/// Bytes that mean nothing, other ones for each seed.
fn noise(seed: usize) -> Vec<u8> {
    let next = |state: &usize| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        )
    };
    let numbers = std::iter::successors(next(&seed), next);
    numbers
        .skip(3)
        .take(97)
        .map(|number| u8::try_from(number >> 40 & 0xFF).expect("one byte") | 1)
        .collect()
}

#[test]
fn a_torn_tail_keeps_every_whole_record_wherever_it_is_cut() {
    let (fixture, killed, starts) = killed_store();
    let (from, end) = (starts[COUNT - 3], starts[COUNT]);
    let stale = killed.bytes(&log_path(&fixture)).expect("log")[starts[0]..starts[1]].to_vec();
    for cut in from..end {
        let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
        // Each of them at every third place: together they are at every one.
        let kinds = [vec![0], vec![0xFF], noise(cut), stale.clone()];
        for (kind, garbage) in kinds.into_iter().enumerate() {
            if kind != 0 && (cut + kind) % 3 != 0 {
                continue;
            }
            let disk = killed.after_kill();
            disk.change(&log_path(&fixture), |bytes| {
                let garbage = garbage.iter().cycle();
                bytes[cut..end]
                    .iter_mut()
                    .zip(garbage)
                    .for_each(|(byte, new)| *byte = *new);
            });
            let after = fixture.with(&disk);
            let store = after.open();
            let mut expected: Vec<String> = (0..whole).map(body).collect();
            // The checksum covers the body alone. Text from elsewhere over the end of the properties,
            // the last bytes of a record, is something that nothing in the format tells.
            let in_properties = starts[whole + 1].saturating_sub(cut) <= "KEYS.key11.".len();
            if garbage == stale && in_properties {
                assert_eq!(all(&store)[..whole], expected, "cut at {cut} of {end}");
                continue;
            }
            assert_eq!(all(&store), expected, "cut at {cut} of {end}, {garbage:?}");
            assert_eq!(store.recovery_report().damaged_count, 0);
            // What was behind the cut never comes back, also not after the next crash.
            put(&store, "t", 0, &body(whole));
            drop(store);
            expected.push(body(whole));
            assert_eq!(all(&after.open()), expected, "cut at {cut}, second opening");
        }
        // The file itself cut short.
        let disk = killed.after_kill();
        disk.change(&log_path(&fixture), |bytes| bytes.truncate(cut));
        let store = fixture.with(&disk).open();
        assert_eq!(
            all(&store),
            (0..whole).map(body).collect::<Vec<_>>(),
            "short by {cut}"
        );
    }
}

#[test]
fn offsets_of_records_that_were_lost_are_not_given_out_again() {
    let (fixture, killed, starts) = killed_store();
    // This time the queues reached their files before the process ended.
    let store = fixture.with(&killed.after_kill()).open();
    store.write_queues_once().expect("write");
    drop(store);
    let fixture = fixture.with(&killed.after_kill());
    let store = fixture.open();
    store.write_queues_once().expect("write");
    let disk = fixture.crash_disk.clone().expect("disk").after_kill();
    disk.change(&log_path(&fixture), |bytes| {
        bytes[starts[COUNT - 2]..].fill(0);
    });
    let store = fixture.with(&disk).open();
    assert_eq!(all(&store), (0..COUNT - 2).map(body).collect::<Vec<_>>());
    assert!(store.recovery_report().lost_bytes > 0);
    let next = put(&store, "t", 0, "12:next");
    assert_eq!(next.queue_offset, 6);
    assert_eq!(
        next.physical_offset,
        i64::try_from(starts[COUNT]).expect("small")
    );
    assert_eq!(all(&store).last().map(String::as_str), Some("12:next"));
}

#[test]
fn a_flipped_bit_costs_at_most_the_record_it_is_in() {
    let (fixture, killed, starts) = killed_store();
    let victim = 5;
    let others: Vec<String> = (0..COUNT)
        .filter(|number| *number != victim)
        .map(body)
        .collect();
    for at in starts[victim]..starts[victim + 1] {
        for bit in 0..8 {
            let disk = killed.after_kill();
            disk.change(&log_path(&fixture), |bytes| bytes[at] ^= 1 << bit);
            let after = fixture.with(&disk);
            let store = after.open();
            let left = all(&store);
            // What is gone is told of, or stands in the queue that the flipped bit made it one of.
            let elsewhere = store
                .queues()
                .iter()
                .any(|queue| queue.topic() != "t" || !(0..2).contains(&queue.queue_id()));
            // The flag of half messages, which no queue has and no checksum covers.
            let is_half = at - starts[victim] == 39 && bit == 2;
            let is_told = store.recovery_report().damaged_count > 0 || elsewhere || is_half;
            assert!(
                is_told || left.contains(&body(victim)),
                "byte {} bit {bit}",
                at - starts[victim]
            );
            let missing = others.iter().filter(|body| !left.contains(body)).count();
            assert_eq!(
                missing,
                0,
                "byte {} bit {bit}: {left:?}",
                at - starts[victim]
            );
            let next = put(&store, "t", 1, "next").queue_offset;
            assert!(
                next >= 5,
                "byte {} bit {bit}: offset {next}",
                at - starts[victim]
            );
        }
    }
}

#[test]
fn a_flipped_bit_under_a_running_store_is_skipped_and_counted() {
    let (fixture, disk, starts) = {
        let (fixture, killed, starts) = killed_store();
        let disk = killed.after_kill();
        (fixture.with(&disk), disk, starts)
    };
    let store = fixture.open();
    disk.change(&log_path(&fixture), |bytes| bytes[starts[4] + 90] ^= 1);
    let others: Vec<String> = (0..COUNT).filter(|number| *number != 4).map(body).collect();
    assert_eq!(all(&store), others);
    assert!(store.runtime_info().corrupt_records > 0);
}

#[test]
fn damage_in_a_cleanly_stopped_store_leaves_what_follows() {
    let (fixture, killed, starts) = killed_store();
    let disk = killed.after_kill();
    let fixture = fixture.with(&disk);
    fixture.open().shutdown().expect("shutdown");
    disk.change(&log_path(&fixture), |bytes| {
        bytes[starts[3] + 4..starts[5]].fill(0xEE);
    });
    let store = fixture.open();
    assert_eq!(store.recovery_report().last_stop, LastStop::Clean);
    assert_eq!(store.recovery_report().damaged_count, 1);
    let others: Vec<String> = (0..COUNT)
        .filter(|number| ![3, 4].contains(number))
        .map(body)
        .collect();
    assert_eq!(all(&store), others);
    assert_eq!(put(&store, "t", 0, "x").queue_offset, 6);
}

#[test]
fn derived_files_may_be_lost_or_torn_in_any_way() {
    let (fixture, killed, _) = killed_store();
    for clean in [false, true] {
        let disk = killed.after_kill();
        let prepared = fixture.with(&disk);
        let store = prepared.open();
        store.derive_once().expect("derive");
        if clean {
            store.shutdown().expect("shutdown");
        }
        drop(store);
        let expected: Vec<String> = (0..COUNT).map(body).collect();
        let derived = disk.paths().into_iter().filter(|path| {
            !path.ends_with("00000000000000000000")
                || path.to_string_lossy().contains("consumequeue")
        });
        let derived: Vec<PathBuf> = derived.filter(|path| !path.ends_with("lock")).collect();
        assert!(derived.len() >= 4, "{derived:?}");
        let check = |what: &str, change: &dyn Fn(&CrashStorage)| {
            let disk = disk.after_kill();
            change(&disk);
            let after = fixture.with(&disk);
            let store = after.open();
            assert_eq!(all(&store), expected, "{what}, clean {clean}");
            let queue_offset = put(&store, "t", 0, "12:next").queue_offset;
            assert_eq!(queue_offset, 6, "{what}, clean {clean}");
            drop(store);
            assert_eq!(all(&after.open()).len(), COUNT + 1, "{what}, clean {clean}");
        };
        for path in &derived {
            let name = path.display().to_string();
            check(&format!("{name} lost"), &|disk| disk.lose(path));
            for length in [0, 1, 19, 20, 21, 39, 60, 100, 500, 513] {
                check(&format!("{name} cut to {length}"), &|disk| {
                    disk.change(path, |bytes| bytes.truncate(length));
                });
            }
            check(&format!("{name} zeroed"), &|disk| {
                disk.change(path, |bytes| bytes.fill(0));
            });
            check(&format!("{name} filled"), &|disk| {
                disk.change(path, |bytes| bytes.fill(0xFF));
            });
        }
        for dir in [
            "consumequeue",
            "consumequeue/t",
            "consumequeue/t/1",
            "index",
        ] {
            check(dir, &|disk| disk.lose(&fixture.config.root.join(dir)));
        }
        check("everything but the log", &|disk| {
            derived.iter().for_each(|path| disk.lose(path));
            disk.lose(&fixture.config.consume_queue_dir());
        });
    }
}

#[test]
fn derived_files_may_be_cut_or_overwritten_from_any_byte_on() {
    let (fixture, killed, _) = killed_store();
    let disk = killed.after_kill();
    let store = fixture.with(&disk).open();
    store.derive_once().expect("derive");
    let running = disk.after_kill();
    store.shutdown().expect("shutdown");
    let expected: Vec<String> = (0..COUNT).map(body).collect();
    // What is in use of each file, and a little more.
    let files = [
        (
            fixture
                .config
                .consume_queue_dir()
                .join("t/0/00000000000000000000"),
            130,
        ),
        (index_path(&disk), 70),
        (fixture.config.root.join("checkpoint"), 700),
    ];
    for (path, length) in files {
        let is_queue = path.starts_with(fixture.config.consume_queue_dir());
        for at in 0..length {
            for disk in [&disk, &running] {
                let changed = disk.after_kill();
                changed.change(&path, |bytes| bytes.truncate(at));
                let store = fixture.with(&changed).open();
                assert_eq!(all(&store), expected, "{} cut to {at}", path.display());
            }
            let changed = disk.after_kill();
            changed.change(&path, |bytes| {
                let garbage = noise(at);
                let garbage = garbage.iter().cycle();
                bytes[at..]
                    .iter_mut()
                    .zip(garbage)
                    .for_each(|(byte, new)| *byte = *new);
            });
            let store = fixture.with(&changed).open();
            let left = all(&store);
            // After a clean stop queues are believed: what was overwritten in them may be lost.
            let is_lost = |body: &&String| !left.contains(body);
            let lost = expected.iter().filter(is_lost).count();
            let touched = 6 - (at / 20).min(6);
            assert!(
                lost <= if is_queue { touched } else { 0 },
                "{} from {at}: {lost}",
                path.display()
            );
            assert!(left.iter().all(|body| expected.contains(body)), "{at}");
            assert!(
                put(&store, "t", 0, "12:next").queue_offset >= 6,
                "{} from {at}",
                path.display()
            );
        }
    }
}

fn index_path(disk: &CrashStorage) -> PathBuf {
    let mut paths = disk.paths().into_iter();
    let index = paths.find(|path| path.to_string_lossy().contains("/index/"));
    index.expect("an index file")
}

#[test]
fn flipped_bits_in_queue_files_cost_one_message_each() {
    let (fixture, killed, _) = killed_store();
    let disk = killed.after_kill();
    let prepared = fixture.with(&disk);
    prepared.open().shutdown().expect("shutdown");
    let path = fixture
        .config
        .consume_queue_dir()
        .join("t/0/00000000000000000000");
    for bit in 0..6 * 20 * 8 {
        let disk = disk.after_kill();
        disk.change(&path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let store = fixture.with(&disk).open();
        assert_eq!(bodies(&store, "t", 1).len(), 6, "bit {bit}");
        assert!(bodies(&store, "t", 0).len() >= 5, "bit {bit}");
        assert!(put(&store, "t", 0, "x").queue_offset >= 6, "bit {bit}");
    }
}

#[test]
fn a_lost_queue_begins_where_its_log_does() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for number in 0..100 {
        put(&store, "t", 0, &body(number).repeat(10));
    }
    store.shutdown().expect("shutdown");
    drop(store);
    let first = log_path(&fixture);
    std::fs::remove_file(&first).expect("remove");
    std::fs::remove_dir_all(fixture.config.consume_queue_dir()).expect("remove");
    let store = fixture.open();
    let queue = store.find_queue("t", 0).expect("queue");
    assert!(queue.min_offset() > 0);
    assert_eq!(queue.max_offset(), 100);
    let messages = read_all(&store, "t", 0);
    assert_eq!(
        messages.first().map(|(offset, _)| *offset),
        Some(queue.min_offset())
    );
    assert_eq!(
        messages.len(),
        usize::try_from(100 - queue.min_offset()).expect("small")
    );
    // As in Java, the room before the first unit of the file is filled.
    store.write_queues_once().expect("write");
    let start = queue.min_offset() / 50 * 50 * 20;
    let file = fixture
        .config
        .consume_queue_dir()
        .join(format!("t/0/{start:020}"));
    let blank = [
        0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    if queue.min_offset() % 50 != 0 {
        assert_eq!(std::fs::read(file).expect("queue file")[..20], blank);
    }
    drop(store);
    assert_eq!(read_all(&fixture.open(), "t", 0), messages);
}

#[test]
fn keys_are_found_again_after_the_index_was_lost_or_the_process_killed() {
    let query = KeyQuery {
        count_max: 32,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    let (fixture, killed, starts) = killed_store();
    for lose in [false, true] {
        let disk = killed.after_kill();
        if lose {
            disk.lose(&fixture.config.index_dir());
        }
        let store = fixture.with(&disk).open();
        for (number, start) in starts.iter().take(COUNT).enumerate() {
            let found = store
                .query_by_key("t", &format!("key{number}"), query)
                .expect("query");
            let start = i64::try_from(*start).expect("small");
            assert!(found.physical_offsets.contains(&start), "key{number}");
        }
        let none = store.query_by_key("t", "none", query).expect("query");
        assert!(none.physical_offsets.is_empty());
    }
}
