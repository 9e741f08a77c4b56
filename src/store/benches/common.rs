//! Stores for benches, and the messages that go into them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clock::SystemClock;
use gantry_store::{AcceptAll, GetLimits, MessageFilter, MessageStore, Queue, StoreConfig};
use protocol::message::{RecordParts, encode_record};
use tempfile::TempDir;

/// Properties as a Java producer writes them; the tag is one of eight.
const TAGS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// A store in a directory that goes away with it.
pub(crate) struct Bench {
    pub(crate) store: MessageStore,
    pub(crate) dir: TempDir,
}

/// RocketMQ's settings, with files as large as a bench needs them.
pub(crate) fn config(dir: &TempDir) -> StoreConfig {
    let mut config = StoreConfig::new(dir.path().join("store"));
    // The machine's disk may be fuller than a broker would like it.
    config.disk_max_used_ratio = 1.1;
    config
}

/// A directory for one bench.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// A store with its threads.
pub(crate) fn running(change: impl FnOnce(&mut StoreConfig)) -> Bench {
    let dir = directory();
    let mut config = config(&dir);
    change(&mut config);
    let store = MessageStore::open(config, SystemClock::shared()).expect("the store opens");
    Bench { store, dir }
}

/// A store without threads: nothing happens that the bench does not ask for.
pub(crate) fn still(dir: TempDir, change: impl FnOnce(&mut StoreConfig)) -> Bench {
    let mut config = config(&dir);
    change(&mut config);
    let storage = Arc::new(gantry_store::storage::MmapStorage::default());
    let store = MessageStore::open_without_threads(config, SystemClock::shared(), storage)
        .expect("the store opens");
    Bench { store, dir }
}

/// The queues `0..count` of one topic.
pub(crate) fn queues(store: &MessageStore, topic: &str, count: i32) -> Vec<Arc<Queue>> {
    (0..count)
        .map(|queue_id| store.queue(topic, queue_id).expect("a legal queue"))
        .collect()
}

/// The record of message `number` for a queue, with `length` bytes of body.
pub(crate) fn record(queue: &Queue, length: usize, number: usize) -> Vec<u8> {
    let tag = TAGS[number % TAGS.len()];
    let properties = format!(
        "UNIQ_KEY\u{1}7F0000010A1B18B4AAC2{number:012X}\u{2}WAIT\u{1}true\u{2}TAGS\u{1}{tag}\u{2}"
    );
    let host = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let body = vec![b'x'; length];
    let parts = RecordParts {
        topic: queue.topic(),
        body: &body,
        properties: &properties,
        queue_id: queue.queue_id(),
        flag: 0,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        born_host: host(50_000),
        store_host: host(10_911),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
    };
    let mut record = Vec::new();
    encode_record(&parts, &mut record).expect("a legal message");
    record
}

/// Puts messages of `length` bytes, one queue after the other.
pub(crate) fn fill(store: &MessageStore, queues: &[Arc<Queue>], length: usize, count: usize) {
    for (number, queue) in (0..count).zip(queues.iter().cycle()) {
        let mut record = record(queue, length, number);
        store.put(queue, &mut record).expect("the message is taken");
    }
}

/// One pull of up to 32 messages; returns where to go on, and the bytes copied.
pub(crate) fn pull(
    store: &MessageStore,
    queue: &Queue,
    offset: i64,
    filter: &mut dyn MessageFilter,
    body: &mut Vec<u8>,
) -> i64 {
    body.clear();
    let outcome = store.get_messages(queue, offset, GetLimits::count(32), filter, &mut |record| {
        body.extend_from_slice(record.bytes());
    });
    if outcome.next_begin_offset >= outcome.max_offset {
        0
    } else {
        outcome.next_begin_offset
    }
}

/// As [`pull`], for a consumer that wants everything.
pub(crate) fn pull_all(
    store: &MessageStore,
    queue: &Queue,
    offset: i64,
    body: &mut Vec<u8>,
) -> i64 {
    pull(store, queue, offset, &mut AcceptAll, body)
}
