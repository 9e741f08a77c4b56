//! What is wrong is found where it is, and nothing else is.

use std::path::{Path, PathBuf};

use super::*;
use crate::storage::crash::CrashStorage;
use crate::stories::support::{Fixture, put_with};

/// The findings of a check, and what it saw.
pub(crate) fn check(fixture: &Fixture) -> (InspectReport, Vec<Finding>) {
    let mut findings = Vec::new();
    let report = inspect_on(
        &fixture.config,
        Arc::clone(&fixture.storage),
        false,
        &mut |_, _| ControlFlow::Continue(()),
        &mut |finding| findings.push(finding),
    );
    (report.expect("the directory can be read"), findings)
}

fn filled() -> (Fixture, Arc<CrashStorage>) {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    for number in 0..300 {
        let keys = format!("KEYS\u{1}k{number}\u{2}TAGS\u{1}a\u{2}");
        put_with(&store, "t", number % 3, &"x".repeat(500), &keys);
    }
    store.shutdown().expect("shutdown");
    (fixture, disk)
}

/// A finding in short: kind, severity, messages, count.
fn short(finding: &Finding) -> String {
    let queue = finding
        .queue
        .as_ref()
        .map(|queue| format!(" {}/{} {:?}", queue.topic, queue.queue_id, queue.offsets));
    format!(
        "{} {}{}{} {:?}",
        finding.severity.name(),
        finding.kind.name(),
        queue.unwrap_or_default(),
        if finding.count == 0 {
            String::new()
        } else {
            format!(" x{}", finding.count)
        },
        finding.remedy,
    )
}

/// Changes a filled store and compares what a check says.
fn finds(change: impl Fn(&CrashStorage, &Path), expected: &[&str]) {
    let (fixture, disk) = filled();
    change(&disk, &fixture.config.root);
    let (_, findings) = check(&fixture);
    compare(&findings, expected);
}

/// The order in which findings come is not told.
fn compare(findings: &[Finding], expected: &[&str]) {
    let mut found: Vec<String> = findings.iter().map(short).collect();
    let mut expected: Vec<&str> = expected.to_vec();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

fn first_log() -> PathBuf {
    PathBuf::from("commitlog/00000000000000000000")
}

fn index_file(disk: &CrashStorage, number: usize) -> PathBuf {
    let mut files = disk.paths().into_iter();
    files
        .by_ref()
        .filter(|path| path.starts_with("/store/index"))
        .nth(number)
        .expect("a file")
}

#[test]
fn a_store_in_order_has_no_findings() {
    let (fixture, disk) = filled();
    let before: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
    let (report, findings) = check(&fixture);
    assert_eq!(findings, []);
    assert!(!report.is_running_or_crashed);
    assert_eq!(
        (report.records, report.queues.len(), report.log_files),
        (300, 3, 3)
    );
    assert_eq!(report.queues[2].max_offset, 100);
    assert_eq!(report.synced, Some(report.log_end));
    let keys: i64 = report.index_files.iter().map(|file| file.entries).sum();
    assert_eq!(keys, 300);
    let after: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
    assert!(before == after, "nothing is written");
}

#[test]
fn a_flipped_bit_is_one_lost_message() {
    finds(
        |disk, root| disk.change(&root.join(first_log()), |bytes| bytes[700] ^= 1),
        &[
            "damage damaged_records None",
            "damage lost_messages t/1 0..1 x1 None",
        ],
    );
}

#[test]
fn units_are_compared_in_both_directions() {
    finds(
        |disk, root| {
            let file =
                |queue: i32| root.join(format!("consumequeue/t/{queue}/00000000000000000000"));
            disk.change(&file(0), |bytes| bytes[40..60].fill(0));
            disk.change(&file(1), |bytes| {
                bytes[47] ^= 1;
                bytes[67] ^= 1;
            });
            disk.lose(&root.join("consumequeue/t/2"));
            // Old units behind the end of a queue.
            let stale = disk.bytes(&file(1)).expect("units")[..40].to_vec();
            let last = root.join("consumequeue/t/0/00000000000000001000");
            disk.change(&last, |bytes| bytes.truncate(999));
            disk.change(
                &root.join("consumequeue/t/1/00000000000000001000"),
                |bytes| {
                    bytes.truncate(1000);
                },
            );
            let behind = root.join("consumequeue/t/1/00000000000000002000");
            let _new = fixture_file(disk, &behind, &stale);
        },
        &[
            "damage missing_units t/0 2..3 x1 RebuildQueue",
            "damage wrong_units t/1 2..4 x2 RebuildQueue",
            "damage missing_units t/2 0..50 x50 RebuildQueue",
            "damage missing_units t/0 99..100 x1 RebuildQueue",
            "damage missing_units t/2 50..100 x50 RebuildQueue",
            "damage wrong_units t/1 100..102 x2 RebuildQueue",
        ],
    );
}

fn fixture_file(disk: &CrashStorage, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    crate::storage::Storage::write(disk, path, bytes)
}

#[test]
fn a_torn_tail_is_not_taken_for_damage() {
    let (fixture, disk) = filled();
    let (report, _) = check(&fixture);
    let end = usize::try_from(report.log_end).expect("small");
    let last = fixture.config.root.join("commitlog/00000000000000131072");
    disk.change(&last, |bytes| {
        let record = bytes[..300].to_vec();
        bytes[end - 131_072..][..300].copy_from_slice(&record);
    });
    let (_, findings) = check(&fixture);
    compare(&findings, &["damage torn_tail Cut"]);
    let physical = findings[0].physical.clone().expect("a place");
    assert_eq!(physical.start, report.log_end);
    // And one that is gone is missed.
    disk.change(&last, |bytes| bytes[end - 131_072 - 20..].fill(0));
    let (_, findings) = check(&fixture);
    compare(
        &findings,
        &[
            "damage torn_tail Cut",
            "damage lost_tail None",
            "damage lost_messages t/2 99..100 x1 None",
            "damage wrong_index_entries x1 RebuildIndex",
        ],
    );
}

#[test]
fn a_queue_offset_that_cannot_be_right_is_a_damaged_record() {
    finds(
        |disk, root| {
            disk.change(&root.join(first_log()), |bytes| {
                // The second record's, which no checksum covers.
                let size = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
                bytes[size + 23] ^= 0x40;
            });
        },
        &[
            "damage damaged_records x1 None",
            "damage lost_messages t/1 0..1 x1 None",
        ],
    );
}

#[test]
fn the_index_is_followed_entry_by_entry() {
    finds(
        |disk, _| disk.change(&index_file(disk, 0), |bytes| bytes[36..40].fill(0x7F)),
        &[
            "damage missing_index_entries x199 RebuildIndex",
            "damage unusable_index_file RebuildIndex",
        ],
    );
    // An entry that leads elsewhere, a chain, a slot.
    let entries = 40 + 97 * 4;
    for at in [entries + 5 * 20 + 11, entries + 150 * 20 + 19] {
        let (fixture, disk) = filled();
        disk.change(&index_file(&disk, 0), |bytes| bytes[at] ^= 1);
        let (_, findings) = check(&fixture);
        assert!(
            findings
                .iter()
                .any(|it| it.kind == FindingKind::WrongIndexEntries),
            "{at}: {findings:?}"
        );
    }
    finds(
        |disk, _| disk.change(&index_file(disk, 1), |bytes| bytes[40..40 + 4 * 97].fill(0)),
        &["damage wrong_index_entries x58 RebuildIndex"],
    );
    finds(
        |disk, root| disk.lose(&root.join("index")),
        &["damage missing_index_entries x300 RebuildIndex"],
    );
}

#[test]
fn a_killed_store_is_behind_and_not_damaged() {
    let (fixture, _disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    for number in 0..10 {
        put_with(&store, "t", 0, "x", &format!("KEYS\u{1}k{number}\u{2}"));
    }
    store.derive_once().expect("derive");
    for number in 10..15 {
        put_with(&store, "t", 0, "x", &format!("KEYS\u{1}k{number}\u{2}"));
    }
    drop(store);
    let (report, findings) = check(&fixture);
    assert!(report.is_running_or_crashed);
    compare(
        &findings,
        &[
            "note missing_units t/0 10..15 x5 NextOpen",
            "note missing_index_entries x5 NextOpen",
            "note unclean_stop NextOpen",
        ],
    );
}

#[test]
fn checkpoint_and_tables_are_read() {
    finds(
        |disk, root| disk.change(&root.join("checkpoint"), |bytes| bytes[580] ^= 1),
        &["damage damaged_checkpoint WriteCheckpoint"],
    );
    finds(
        |disk, root| disk.lose(&root.join("checkpoint")),
        &["damage missing_checkpoint WriteCheckpoint"],
    );
    finds(
        |disk, root| {
            let config = root.join("config");
            for (name, text) in [
                ("sound.json", "{\"offsetTable\":{\"t@g\":{0:1,1:2}}}"),
                ("half.json", "{\"offsetTable\":{\"t@g\":{0:1"),
                ("half.json.bak", "{\"offsetTable\":{}}"),
                ("lost.json", ""),
                ("gone.json.bak", "{}"),
                ("odd.json", "{}"),
                ("odd.json.bak", "{"),
                ("topics.log", "no table"),
            ] {
                fixture_file(disk, &config.join(name), text.as_bytes()).expect("write");
            }
        },
        &[
            "damage damaged_table RestoreTable",
            "damage damaged_table RestoreTable",
            "damage damaged_table None",
            "note damaged_table_backup NextOpen",
        ],
    );
}

#[test]
fn a_store_of_java_is_judged_by_its_own_rules() {
    let (fixture, disk) = filled();
    let root = &fixture.config.root;
    disk.change(&root.join("checkpoint"), |bytes| bytes[512..].fill(0));
    let (_, findings) = check(&fixture);
    assert_eq!(findings, []);
    // Killed: what Java had not dispatched is no damage.
    fixture_file(&disk, &root.join("abort"), b"4711").expect("abort");
    disk.change(
        &root.join("consumequeue/t/0/00000000000000001000"),
        |bytes| {
            bytes[900..].fill(0);
        },
    );
    let (_, findings) = check(&fixture);
    compare(
        &findings,
        &[
            "note missing_units t/0 95..100 x5 NextOpen",
            "note unclean_stop NextOpen",
        ],
    );
}

#[test]
fn contents_are_shown_as_they_lie_there() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut starts = Vec::new();
    for number in 0..5 {
        let keys = format!("KEYS\u{1}k{number}\u{2}");
        starts.push(put_with(&store, "t", 0, "x", &keys).physical_offset);
    }
    store.shutdown().expect("shutdown");
    let mut seen = Vec::new();
    let damaged = contents::records(&fixture.config, starts[1], &mut |record| {
        seen.push(record.physical_offset());
        if seen.len() == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(damaged.expect("walk"), []);
    assert_eq!(seen, starts[1..4]);
    assert_eq!(
        contents::queues(&fixture.config).expect("queues"),
        [("t".to_owned(), 0)]
    );
    let mut units = Vec::new();
    contents::units(&fixture.config, "t", 0, 3, &mut |offset, unit| {
        units.push((offset, unit.physical_offset));
        ControlFlow::Continue(())
    })
    .expect("units");
    assert_eq!(units, [(3, starts[3]), (4, starts[4])]);
    let mut entries = Vec::new();
    contents::index_entries(&fixture.config, &mut |_, _, entry| {
        entries.push(entry.physical_offset);
        ControlFlow::Continue(())
    })
    .expect("entries");
    assert_eq!(entries, starts);
    let fields = contents::checkpoint(&fixture.config)
        .expect("checkpoint")
        .expect("there");
    assert!(fields.contains(&("is_clean", "true".to_owned())));
    assert_eq!(
        settings_of(&fixture.config.root)
            .expect("settings")
            .consume_queue_units,
        50
    );
}
