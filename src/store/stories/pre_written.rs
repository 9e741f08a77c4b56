//! Logs of synchronous mode: records go into zeros that were written before them.

use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Fixture, bodies, put, record};
use crate::storage::{FileKind, MmapStorage, PlainStorage, Storage as _};
use crate::{Durability, FlushMode, LastStop, MessageStore, PutError};

const FILE_SIZE: u64 = 4 << 20;

fn mapped() -> Fixture {
    let mut fixture = Fixture::new()
        .sync_flush()
        .on(Arc::new(MmapStorage::default()));
    fixture.config.commit_log_file_size = FILE_SIZE;
    fixture
}

/// Bytes that the first file of the log takes on the disk.
fn stored(fixture: &Fixture) -> u64 {
    let path = fixture.config.commit_log_dir().join("00000000000000000000");
    std::fs::metadata(path).expect("the log").blocks() * 512
}

fn put_numbers(store: &MessageStore, numbers: std::ops::Range<usize>) {
    for number in numbers {
        put(store, "t", 0, &format!("{number}:{}", "s".repeat(900)));
    }
}

fn check_numbers(store: &MessageStore, count: usize) {
    let bodies = bodies(store, "t", 0);
    assert_eq!(bodies.len(), count);
    for (number, body) in bodies.iter().enumerate() {
        assert!(body.starts_with(&format!("{number}:")), "{number}");
    }
}

#[test]
fn a_killed_broker_finds_its_records_before_the_zeros() {
    let fixture = mapped();
    let mut count = 0;
    // Some records before there is room, some into it, some past it.
    for (round, more) in [1, 300, 2000].into_iter().enumerate() {
        let store = fixture.open();
        check_numbers(&store, count);
        if round > 0 {
            assert_eq!(store.recovery_report().last_stop, LastStop::ProcessEnded);
            assert_eq!(store.recovery_report().lost_bytes, 0);
            assert_eq!(store.recovery_report().damaged_count, 0);
        }
        put_numbers(&store, count..count + 1);
        store.prepare_once(0);
        put_numbers(&store, count + 1..count + more);
        assert!(store.flush_once());
        count += more;
        check_numbers(&store, count);
    }
    check_numbers(&fixture.open(), count);
}

#[test]
fn each_mode_goes_on_where_the_other_stopped() {
    let mut fixture = mapped();
    let modes = [FlushMode::Sync, FlushMode::Async];
    for (round, mode) in modes.into_iter().cycle().take(6).enumerate() {
        fixture.config.flush_mode = mode;
        let store = fixture.open();
        check_numbers(&store, round * 150);
        store.prepare_once(0);
        put_numbers(&store, round * 150..(round + 1) * 150);
        assert!(store.flush_once());
        // Every other pair of rounds ends in order, the others do not.
        if round % 4 < 2 {
            store.shutdown().expect("shutdown");
        }
    }
    fixture = fixture.on(Arc::new(PlainStorage));
    check_numbers(&fixture.open(), 6 * 150);
}

#[test]
fn a_record_that_was_torn_in_the_zeros_is_cut_off() {
    let fixture = mapped();
    let store = fixture.open();
    store.prepare_once(0);
    put_numbers(&store, 0..20);
    assert!(store.flush_once());
    let end = u64::try_from(store.max_physical_offset()).expect("an offset");
    drop(store);
    // The process was killed in the middle of a write: the first bytes of a record, then zeros.
    let path = fixture.config.commit_log_dir().join("00000000000000000000");
    let mut torn = record("t", 0, &[b't'; 900], "");
    torn[20..28].copy_from_slice(&20_i64.to_be_bytes());
    torn[28..36].copy_from_slice(&end.to_be_bytes());
    let half = torn.len() / 2;
    let mut bytes = std::fs::read(&path).expect("the log");
    let at = usize::try_from(end).expect("small");
    bytes[at..at + half].copy_from_slice(&torn[..half]);
    std::fs::write(&path, &bytes).expect("the log");
    let store = fixture.open();
    check_numbers(&store, 20);
    assert_eq!(store.max_physical_offset().unsigned_abs(), end);
    put_numbers(&store, 20..40);
    assert!(store.flush_once());
    drop(store);
    check_numbers(&fixture.open(), 40);
}

#[test]
fn zeros_are_only_written_ahead_and_only_so_many() {
    let mut fixture = mapped();
    fixture.config.commit_log_file_size = 1 << 30;
    let store = fixture.open();
    put_numbers(&store, 0..1);
    store.prepare_once(0);
    let room = stored(&fixture);
    assert!((1 << 20..2 << 20).contains(&room), "{room}");
    // A faster producer gets more, but no more than the limit.
    store.prepare_once(u64::MAX);
    let room = stored(&fixture);
    assert!((64 << 20..65 << 20).contains(&room), "{room}");
    drop(store);
    // A store that is not asked to be synchronous keeps its log nearly empty.
    let mut fixture = mapped();
    fixture.config.commit_log_file_size = 1 << 30;
    fixture.config.flush_mode = FlushMode::Async;
    let store = fixture.open();
    put_numbers(&store, 0..1);
    store.prepare_once(0);
    let room = stored(&fixture);
    assert!(room < 512 << 10, "{room}");
}

#[test]
fn a_failed_sync_of_zeros_is_as_final_as_any() {
    let (mut fixture, disk) = Fixture::new().sync_flush().on_crash_storage();
    // The disk in memory has room everywhere; only the file behind the first is made ahead.
    fixture.config.commit_log_file_size = 16 * 1024;
    let store = fixture.open();
    let outcome = put(&store, "t", 0, "waits");
    let failed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&failed);
    let callback = move |durability| {
        counter.fetch_add(
            usize::from(durability == Durability::Failed),
            Ordering::SeqCst,
        );
    };
    store.when_durable(outcome.end_physical_offset, Box::new(callback));
    disk.fail_syncs(true);
    store.prepare_once(0);
    disk.fail_syncs(false);
    assert_eq!(failed.load(Ordering::SeqCst), 1);
    let queue = store.queue("t", 0).expect("queue");
    let refused = store.put(&queue, &mut record("t", 0, b"x", ""));
    assert!(matches!(refused, Err(PutError::FlushFailed)));
    assert!(!store.flush_once());
}

#[test]
fn a_log_written_by_system_calls_is_shown_by_its_mapping() {
    let dir = tempfile::tempdir().expect("temp dir");
    let file = MmapStorage::default()
        .open(&dir.path().join("file"), FileKind::SyncedLog, FILE_SIZE)
        .expect("open");
    file.write_at(0, b"first").expect("write");
    assert_eq!(file.view(0, 5), Some(&b"first"[..]));
    file.prepare(10_000).expect("room");
    assert!(file.prepared() >= 10_000);
    assert_eq!(file.view(0, 6), None, "zeros are not lent out");
    file.write_at(5, &[7; 20_000]).expect("past the room");
    assert_eq!(file.view(0, 5), Some(&b"first"[..]), "no zero over it");
    assert_eq!(file.view(5, 20_000), Some(&[7; 20_000][..]));
    file.prepare(30_000).expect("room behind it");
    assert_eq!(file.view(5, 20_000), Some(&[7; 20_000][..]));
    assert!(file.write_at(3, b"again").is_err());
    assert!(file.write_at(FILE_SIZE - 1, b"beyond").is_err());
}
