//! What the stories share: a small store in a directory of its own, and messages for it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clock::{Clock as _, ManualClock};
use protocol::message::{RecordParts, encode_record};

use super::roomy::Roomy;
use crate::storage::crash::CrashStorage;
use crate::storage::{PlainStorage, SharedStorage};
use crate::{AcceptAll, FlushMode, GetLimits, GetOutcome, MessageStore, PutOutcome, StoreConfig};

/// When the stories begin (ms since the epoch).
pub(crate) const BEGIN_MS: i64 = 1_700_000_000_000;

/// A store directory that goes away with the test.
#[derive(Debug)]
pub(crate) struct Fixture {
    _dir: tempfile::TempDir,
    pub(crate) config: StoreConfig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) storage: SharedStorage,
    /// The disk in memory, where the store is on one.
    pub(crate) crash_disk: Option<Arc<CrashStorage>>,
}

impl Fixture {
    /// Small files, so that stories are short.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("temp dir");
        let mut config = StoreConfig::new(dir.path().join("store"));
        config.commit_log_file_size = 64 * 1024;
        config.consume_queue_units = 50;
        config.index_slots = 97;
        config.index_entries = 200;
        Self {
            _dir: dir,
            config,
            clock: ManualClock::at(BEGIN_MS),
            storage: Arc::new(Roomy(Arc::new(PlainStorage))),
            crash_disk: None,
        }
    }

    pub(crate) fn sync_flush(mut self) -> Self {
        self.config.flush_mode = FlushMode::Sync;
        self
    }

    pub(crate) fn on(mut self, storage: SharedStorage) -> Self {
        self.storage = Arc::new(Roomy(storage));
        self
    }

    /// The same store on a disk in memory, and the disk.
    pub(crate) fn on_crash_storage(mut self) -> (Self, Arc<CrashStorage>) {
        let disk = CrashStorage::new();
        self.config.root = "/store".into();
        self.storage = disk.shared();
        self.crash_disk = Some(Arc::clone(&disk));
        (self, disk)
    }

    /// What the fixture's clock says.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The same settings on another disk.
    pub(crate) fn with(&self, disk: &Arc<CrashStorage>) -> Self {
        let crash_disk = Some(Arc::clone(disk));
        Self {
            config: self.config.clone(),
            storage: disk.shared(),
            crash_disk,
            ..Self::new()
        }
    }

    /// Opens the store without threads.
    pub(crate) fn open(&self) -> MessageStore {
        let clock = Arc::clone(&self.clock);
        MessageStore::open_without_threads(self.config.clone(), clock, Arc::clone(&self.storage))
            .expect("the store opens")
    }

    /// Opens the store with its threads.
    pub(crate) fn open_running(&self) -> MessageStore {
        let clock = clock::SystemClock::shared();
        MessageStore::open_with(self.config.clone(), clock, Arc::clone(&self.storage))
            .expect("the store opens")
    }
}

/// A record, as a broker encodes it.
pub(crate) fn record(topic: &str, queue_id: i32, body: &[u8], properties: &str) -> Vec<u8> {
    let host = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let parts = RecordParts {
        topic,
        body,
        properties,
        queue_id,
        flag: 0,
        sys_flag: 0,
        born_timestamp: BEGIN_MS,
        born_host: host(50_000),
        store_host: host(10_911),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
    };
    let mut record = Vec::new();
    encode_record(&parts, &mut record).expect("a legal message");
    record
}

/// Puts a message.
pub(crate) fn put(store: &MessageStore, topic: &str, queue_id: i32, body: &str) -> PutOutcome {
    put_with(store, topic, queue_id, body, "")
}

/// Puts a message with properties.
pub(crate) fn put_with(
    store: &MessageStore,
    topic: &str,
    queue_id: i32,
    body: &str,
    properties: &str,
) -> PutOutcome {
    let queue = store.queue(topic, queue_id).expect("a legal queue");
    let mut record = record(topic, queue_id, body.as_bytes(), properties);
    store
        .put(&queue, &mut record)
        .expect("the store takes the message")
}

/// Reads a queue from its first message to its end: offset and body of each.
pub(crate) fn read_all(store: &MessageStore, topic: &str, queue_id: i32) -> Vec<(i64, String)> {
    let Some(queue) = store.find_queue(topic, queue_id) else {
        return Vec::new();
    };
    let mut messages = Vec::new();
    let mut next = queue.min_offset();
    while next < queue.max_offset() {
        let outcome = get(store, topic, queue_id, next, 32, &mut messages);
        assert!(
            outcome.next_begin_offset > next,
            "a get makes progress: {outcome:?}"
        );
        next = outcome.next_begin_offset;
    }
    messages
}

/// The bodies of a queue.
pub(crate) fn bodies(store: &MessageStore, topic: &str, queue_id: i32) -> Vec<String> {
    read_all(store, topic, queue_id)
        .into_iter()
        .map(|(_, body)| body)
        .collect()
}

/// Gets messages into `messages`.
pub(crate) fn get(
    store: &MessageStore,
    topic: &str,
    queue_id: i32,
    queue_offset: i64,
    count_max: usize,
    messages: &mut Vec<(i64, String)>,
) -> GetOutcome {
    let queue = store.queue(topic, queue_id).expect("a legal queue");
    store.get_messages(
        &queue,
        queue_offset,
        GetLimits::count(count_max),
        &mut AcceptAll,
        &mut |record| {
            let body = String::from_utf8_lossy(record.body()).into_owned();
            messages.push((record.queue_offset(), body));
        },
    )
}
