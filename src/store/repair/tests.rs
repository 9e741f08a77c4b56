//! After a repair everything that was sound is served, and what was taken away is still there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::KeyQuery;
use crate::inspect::Severity;
use crate::storage::crash::CrashStorage;
use crate::stories::support::{Fixture, put, put_with, read_all};

const COUNT: usize = 120;

fn body(number: usize) -> String {
    format!("{number}:{}", "r".repeat(number * 7 % 300))
}

fn filled() -> (Fixture, Arc<CrashStorage>, Vec<usize>) {
    let (fixture, disk) = Fixture::new().on_crash_storage();
    let store = fixture.open();
    let mut starts = Vec::new();
    for number in 0..COUNT {
        let queue_id = i32::try_from(number % 2).expect("small");
        let keys = format!("KEYS\u{1}k{number}\u{2}");
        let put = put_with(&store, "t", queue_id, &body(number), &keys);
        starts.push(usize::try_from(put.physical_offset).expect("small"));
    }
    store.shutdown().expect("shutdown");
    (fixture, disk, starts)
}

fn mend(fixture: &Fixture) -> Repaired {
    let clock = Arc::clone(&fixture.clock);
    let storage = Arc::clone(&fixture.storage);
    repair_on(&fixture.config, clock, &storage, &mut unseen).expect("repair")
}

fn findings(fixture: &Fixture) -> Vec<Finding> {
    let mut findings = Vec::new();
    let storage = Arc::clone(&fixture.storage);
    inspect::inspect_on(
        &fixture.config,
        storage,
        false,
        &mut unseen,
        &mut |finding| {
            findings.push(finding);
        },
    )
    .expect("check");
    findings
}

/// Damages a store, mends it, and looks whether all messages but those `lost` are served. Returns the
/// steps and what a check still says.
fn story(
    damage: impl FnOnce(&CrashStorage, &Path, &[usize]),
    lost: &[usize],
) -> (Vec<RepairStep>, Vec<Finding>) {
    let (fixture, disk, starts) = filled();
    damage(&disk, &fixture.config.root, &starts);
    let before: Vec<(PathBuf, Option<Vec<u8>>)> = disk
        .paths()
        .into_iter()
        .map(|path| (path.clone(), disk.bytes(&path)))
        .collect();
    let repaired = mend(&fixture);
    let left = findings(&fixture);
    assert!(
        left.iter().all(|finding| !finding.remedy.is_some()),
        "{left:#?}"
    );

    let store = fixture.open();
    let mut served = [read_all(&store, "t", 0), read_all(&store, "t", 1)].concat();
    served.sort_by_key(|(_, body)| body.split(':').next().and_then(|n| n.parse::<usize>().ok()));
    let served: Vec<String> = served.into_iter().map(|(_, body)| body).collect();
    let expected = (0..COUNT).filter(|number| !lost.contains(number)).map(body);
    assert_eq!(served, expected.collect::<Vec<_>>());
    let query = KeyQuery {
        count_max: 8,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    for number in (0..COUNT).filter(|number| !lost.contains(number)) {
        let found = store
            .query_by_key("t", &format!("k{number}"), query)
            .expect("query");
        let at = i64::try_from(starts[number]).expect("small");
        assert!(found.physical_offsets.contains(&at), "k{number}");
    }
    assert_eq!(put(&store, "t", 0, "next").queue_offset, 60);
    drop(store);

    // Undone: each file that changed is in the folder as it was.
    let folder = repaired
        .folder
        .as_ref()
        .map(|folder| fixture.config.root.join(folder));
    for (path, bytes) in before {
        let name = path
            .strip_prefix(&fixture.config.root)
            .expect("below the root");
        let is_derived = !name.starts_with("commitlog") && !name.starts_with("lock");
        let is_part = repaired
            .steps
            .iter()
            .any(|step| name.starts_with(step.file()));
        if is_derived && is_part {
            let folder = folder.as_ref().expect("a folder");
            assert_eq!(disk.bytes(&folder.join(name)), bytes, "{}", name.display());
        }
    }
    (repaired.steps, left)
}

fn names(steps: &[RepairStep]) -> Vec<&'static str> {
    steps.iter().map(RepairStep::name).collect()
}

#[test]
fn a_sound_store_is_left_alone() {
    let (fixture, disk, _) = filled();
    let before: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
    let repaired = mend(&fixture);
    assert_eq!((repaired.steps, repaired.folder), (Vec::new(), None));
    let after: Vec<_> = disk.paths().iter().map(|path| disk.bytes(path)).collect();
    assert!(before == after);
}

#[test]
fn a_store_in_use_is_refused() {
    let (fixture, _disk, _) = filled();
    let store = fixture.open();
    let clock = Arc::clone(&fixture.clock);
    let storage = Arc::clone(&fixture.storage);
    let refused = repair_on(&fixture.config, clock, &storage, &mut unseen);
    assert!(
        matches!(refused, Err(RepairError::InUse { .. })),
        "{refused:?}"
    );
    drop(store);
}

#[test]
fn wrong_and_lost_queue_files_are_built_anew() {
    let file = |root: &Path, queue: i32, start: u32| {
        root.join(format!("consumequeue/t/{queue}/{start:020}"))
    };
    let (steps, left) = story(|disk, root, _| disk.lose(&root.join("consumequeue")), &[]);
    assert_eq!(
        (names(&steps), left.len()),
        (vec!["rebuild_queue", "rebuild_queue"], 0)
    );
    let (steps, left) = story(
        |disk, root, _| {
            disk.change(&file(root, 0, 0), |bytes| bytes[100..400].fill(0xA5));
            disk.change(&file(root, 1, 1000), |bytes| bytes[..60].fill(0));
        },
        &[],
    );
    assert_eq!(
        (names(&steps), left.len()),
        (vec!["rebuild_queue", "rebuild_queue"], 0)
    );
    // Old units behind the end.
    let (steps, left) = story(
        |disk, root, _| {
            let stale = disk.bytes(&file(root, 1, 0)).expect("units")[..100].to_vec();
            disk.change(&file(root, 0, 1000), |bytes| {
                bytes[200..300].copy_from_slice(&stale);
            });
        },
        &[],
    );
    assert_eq!((names(&steps), left.len()), (vec!["rebuild_queue"], 0));
    story(|disk, root, _| disk.lose(&file(root, 0, 0)), &[]);
}

#[test]
fn a_damaged_record_costs_nothing_but_itself() {
    let (steps, left) = story(
        |disk, root, starts| {
            disk.change(&root.join("commitlog/00000000000000000000"), |bytes| {
                bytes[starts[7] + 100] ^= 1;
            });
            disk.lose(&root.join("consumequeue/t/1"));
        },
        &[7],
    );
    assert_eq!(names(&steps), ["rebuild_queue"]);
    let kinds: BTreeSet<_> = left.iter().map(|finding| finding.kind).collect();
    let expected = [FindingKind::DamagedRecords, FindingKind::LostMessages];
    assert!(kinds.is_subset(&BTreeSet::from(expected)), "{left:#?}");
    assert!(
        left.iter()
            .all(|finding| finding.severity == Severity::Damage)
    );
}

#[test]
fn nothing_behind_damage_is_thrown_away_after_a_power_cut_either() {
    let (fixture, disk, starts) = filled();
    drop(fixture.open());
    let disk = disk.after_power_cut(1);
    disk.change(&fixture.config.root.join("checkpoint"), |bytes| {
        bytes.fill(0);
    });
    disk.change(
        &fixture.config.commit_log_dir().join("00000000000000000000"),
        |bytes| {
            bytes[starts[7] + 100] ^= 1;
        },
    );
    disk.lose(&fixture.config.consume_queue_dir());
    let fixture = fixture.with(&disk);
    mend(&fixture);
    let store = fixture.open();
    let served = [read_all(&store, "t", 0), read_all(&store, "t", 1)].concat();
    assert_eq!(served.len(), COUNT - 1);
}

#[test]
fn a_torn_tail_is_cut_and_kept() {
    let (fixture, disk, starts) = filled();
    let log = fixture.config.commit_log_dir().join("00000000000000000000");
    let torn = disk.bytes(&log).expect("log")[starts[3]..starts[3] + 90].to_vec();
    let end = starts[COUNT - 1] + 400;
    disk.change(&log, |bytes| bytes[end..end + 90].copy_from_slice(&torn));
    let repaired = mend(&fixture);
    assert_eq!(names(&repaired.steps), ["cut_tail"]);
    assert_eq!(findings(&fixture), []);
    let bytes = disk.bytes(&log).expect("log");
    assert!(bytes[end..].iter().all(|byte| *byte == 0));
    let name = repaired
        .kept
        .iter()
        .find(|name| name.starts_with("commitlog"))
        .expect("kept");
    let kept = fixture
        .config
        .root
        .join(repaired.folder.expect("folder"))
        .join(name);
    assert!(disk.bytes(&kept).expect("kept").ends_with(&torn));
}

#[test]
fn index_checkpoint_and_tables_are_mended() {
    let (steps, left) = story(
        |disk, root, _| {
            let index = disk
                .paths()
                .into_iter()
                .find(|path| path.starts_with(root.join("index")));
            disk.change(&index.expect("an index"), |bytes| bytes[40..300].fill(0));
            disk.change(&root.join("checkpoint"), |bytes| bytes[600] ^= 4);
            let config = root.join("config");
            for (name, text) in [("topics.json", "{\"a\":"), ("topics.json.bak", "{\"a\":1}")] {
                crate::storage::Storage::write(disk, &config.join(name), text.as_bytes())
                    .expect("write");
            }
        },
        &[],
    );
    assert_eq!(
        names(&steps),
        ["rebuild_index", "write_checkpoint", "restore_table"]
    );
    assert_eq!(left, []);
}
