//! Store directories whose files were changed behind the store's back.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use clock::ManualClock;
use protocol::message::{RecordParts, RecordView, encode_record};
use store::inspect::inspect_on;
use store::repair::repair_on;
use store::storage::crash::CrashStorage;
use store::{AcceptAll, GetLimits, KeyQuery, MessageStore, OpenError, StoreConfig};

/// Messages in the store to begin with.
const COUNT: usize = 24;
const QUEUES: usize = 2;
/// Changes that one input makes at most.
const CHANGES_MAX: usize = 8;

pub(crate) fn config() -> StoreConfig {
    StoreConfig {
        commit_log_file_size: 4096,
        consume_queue_units: 5,
        index_slots: 7,
        index_entries: 16,
        ..StoreConfig::new("/store")
    }
}

pub(crate) fn open(
    disk: &Arc<CrashStorage>,
    config: &StoreConfig,
) -> Result<MessageStore, OpenError> {
    let clock = ManualClock::at(1_700_000_000_000);
    MessageStore::open_without_threads(config.clone(), clock, disk.shared())
}

/// A record as a broker encodes it.
pub(crate) fn encode(queue_id: i32, body: &[u8], properties: &str) -> Vec<u8> {
    let host = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 10911));
    let parts = RecordParts {
        topic: "t",
        body,
        properties,
        queue_id,
        flag: 0,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        born_host: host,
        store_host: host,
        reconsume_times: 0,
        prepared_transaction_offset: 0,
    };
    let mut record = Vec::new();
    encode_record(&parts, &mut record).expect("a legal message");
    record
}

/// Puts a message; gives its queue offset.
pub(crate) fn put(store: &MessageStore, queue_id: i32, body: &[u8], key: &str) -> i64 {
    let queue = store.queue("t", queue_id).expect("a legal queue");
    let mut record = encode(queue_id, body, &format!("KEYS\u{1}{key}\u{2}"));
    let outcome = store.put(&queue, &mut record);
    outcome.expect("the store takes the message").queue_offset
}

/// Every message of a queue: offset and body. Reading makes progress and ends.
pub(crate) fn read(store: &MessageStore, queue_id: i32) -> Vec<(i64, Vec<u8>)> {
    let Some(queue) = store.find_queue("t", queue_id) else {
        return Vec::new();
    };
    let mut messages = Vec::new();
    let mut next = queue.min_offset();
    while next < queue.max_offset() {
        let mut sink = |record: &RecordView<'_>| {
            messages.push((record.queue_offset(), record.body().to_vec()));
        };
        let limits = GetLimits::count(32);
        let outcome = store.get_messages(&queue, next, limits, &mut AcceptAll, &mut sink);
        assert!(
            outcome.next_begin_offset > next,
            "a get makes progress: {outcome:?}"
        );
        next = outcome.next_begin_offset;
    }
    let is_ordered = messages.windows(2).all(|pair| pair[0].0 < pair[1].0);
    assert!(is_ordered, "each offset is served once, in order");
    messages
}

fn body(number: usize) -> Vec<u8> {
    format!("{number}:{}", "x".repeat(number * 37 % 300)).into_bytes()
}

/// The same store three times: killed, killed after everything was written, stopped in order.
struct Stores {
    disks: [Arc<CrashStorage>; 3],
    paths: Vec<PathBuf>,
}

fn stores() -> &'static Stores {
    static STORES: OnceLock<Stores> = OnceLock::new();
    STORES.get_or_init(|| {
        let disk = CrashStorage::new();
        let store = open(&disk, &config()).expect("a new store");
        for number in 0..COUNT {
            let queue_id = i32::try_from(number % QUEUES).unwrap_or_default();
            let offset = put(&store, queue_id, &body(number), &format!("k{number}"));
            assert_eq!(usize::try_from(offset), Ok(number / QUEUES));
        }
        let killed = disk.after_kill();
        store.derive_once().expect("nothing fails");
        let written = disk.after_kill();
        store.shutdown().expect("nothing fails");
        let stopped = disk.after_kill();
        let paths = stopped.paths();
        Stores {
            disks: [killed, written, stopped],
            paths,
        }
    })
}

/// Names of the files that an input may change, in the order in which it counts them.
pub(crate) fn file_count() -> usize {
    stores().paths.len()
}

/// Makes the changes that the input says: each five bytes of file, kind, place (two) and length, and
/// then as many bytes as are written. Says whether the log itself was touched.
fn change(disk: &CrashStorage, mut data: &[u8]) -> bool {
    let mut touches_log = false;
    for _ in 0..CHANGES_MAX {
        let [file, kind, high, low, length, rest @ ..] = data else {
            break;
        };
        let paths = &stores().paths;
        let path = &paths[usize::from(*file) % paths.len()];
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        let length = usize::from(*length);
        let bytes = &rest[..length.min(rest.len())];
        touches_log |= path.to_string_lossy().contains("commitlog");
        let mut written = 0;
        match kind % 6 {
            0 => disk.lose(path),
            1 => disk.change(path, |content| content.truncate(at)),
            2 => disk.change(path, |content| fill(content, at, length, 0)),
            3 => disk.change(path, |content| fill(content, at, length, 0xFF)),
            // A flipped bit.
            4 => disk.change(path, |content| {
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= 1 << (length % 8);
                }
            }),
            _ => {
                written = bytes.len();
                disk.change(path, |content| {
                    for (place, byte) in content.iter_mut().skip(at).zip(bytes) {
                        *place = *byte;
                    }
                });
            }
        }
        data = &rest[written..];
    }
    touches_log
}

fn fill(content: &mut [u8], at: usize, length: usize, value: u8) {
    let end = content.len().min(at + length * 16);
    if let Some(part) = content.get_mut(at..end) {
        part.fill(value);
    }
}

/// The messages of the store, each at an offset that it had. Text of the log may be anything, as long
/// as its body is one that was put.
fn check(store: &MessageStore, touches_log: bool) -> usize {
    let mut known: BTreeMap<Vec<u8>, (usize, i64)> = BTreeMap::new();
    for number in 0..COUNT {
        let offset = i64::try_from(number / QUEUES).unwrap_or_default();
        known.insert(body(number), (number % QUEUES, offset));
    }
    let mut count = 0;
    for queue in 0..QUEUES {
        let messages = read(store, i32::try_from(queue).unwrap_or_default());
        count += messages.len();
        for (offset, body) in messages {
            // A body without bytes has no checksum: the damage may have made one.
            if body.is_empty() || body == b"next" {
                continue;
            }
            let place = known.get(&body);
            assert!(place.is_some(), "a body that nobody put: {body:?}");
            if !touches_log {
                assert_eq!(place, Some(&(queue, offset)), "{body:?}");
            }
        }
    }
    count
}

/// A store whose files were changed opens, serves a part of what it had, and goes on; a repair brings
/// back everything that its log holds.
pub fn store_files(data: &[u8]) {
    let Some((&which, changes)) = data.split_first() else {
        return;
    };
    let stores = stores();
    let begin = &stores.disks[usize::from(which) % stores.disks.len()];
    let disk = begin.after_kill();
    let touches_log = change(&disk, changes);
    let broken = disk.after_kill();
    let config = config();
    let store = match open(&disk, &config) {
        Ok(store) => store,
        Err(OpenError::Layout { .. }) => return,
        Err(error) => return assert_eq!(error.to_string(), "", "opening fails"),
    };
    let before = check(&store, touches_log);
    let offset = put(&store, 0, b"next", "next");
    let after = read(&store, 0);
    assert_eq!(
        after.last(),
        Some(&(offset, b"next".to_vec())),
        "it goes on"
    );
    let query = KeyQuery {
        count_max: 64,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    let _any = store.query_by_key("t", "next", query);
    drop(store);
    let store = open(&disk, &config).expect("what was mended opens again");
    assert!(check(&store, touches_log) > before, "and has all it had");
    drop(store);
    repair(&broken, touches_log);
}

/// After a repair nothing is left to repair, and a log that was not touched is served whole.
fn repair(disk: &Arc<CrashStorage>, touches_log: bool) {
    let config = config();
    let clock = ManualClock::at(1_700_000_000_000);
    let unseen = &mut |_: u64, _: u64| ControlFlow::Continue(());
    let repaired = repair_on(&config, clock, &disk.shared(), unseen).expect("a repair");
    let mut left = Vec::new();
    let unseen = &mut |_: u64, _: u64| ControlFlow::Continue(());
    inspect_on(&config, disk.shared(), false, unseen, &mut |finding| {
        left.push(finding);
    })
    .expect("a check");
    left.retain(|finding| finding.remedy.is_some());
    if !touches_log {
        assert!(left.is_empty(), "{left:#?}\nafter {:#?}", repaired.findings);
        let store = open(disk, &config).expect("what was repaired opens");
        assert_eq!(
            check(&store, false),
            COUNT,
            "after {:#?}",
            repaired.findings
        );
    }
}
