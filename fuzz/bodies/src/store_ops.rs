//! Operations on a store, against a model that cannot be wrong.

use std::sync::Arc;

use store::storage::crash::CrashStorage;
use store::{FlushMode, MessageStore, StoreConfig};

use crate::store_files::{config, open, put, read};

/// Operations of one input at most.
const OPERATIONS_MAX: usize = 200;
const QUEUES: usize = 3;

/// A message as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    queue_id: usize,
    offset: i64,
    body: Vec<u8>,
}

struct Story {
    config: StoreConfig,
    disk: Arc<CrashStorage>,
    store: MessageStore,
    /// All messages in the order of the log.
    messages: Vec<Known>,
    /// How many of them survive a power cut for certain.
    synced: usize,
    /// Bodies are never the same twice.
    number: usize,
}

impl Story {
    fn reopen(&mut self, disk: Arc<CrashStorage>) {
        // The old store may not write any more once the new one is there.
        let elsewhere = CrashStorage::new();
        self.store = open(&elsewhere, &self.config).expect("a new store");
        self.disk = disk;
        self.store = open(&self.disk, &self.config).expect("the store opens");
    }

    fn put(&mut self, queue_id: usize, length: usize) {
        let body = format!("{}:{}", self.number, "z".repeat(length)).into_bytes();
        self.number += 1;
        let id = i32::try_from(queue_id).unwrap_or_default();
        let offset = put(&self.store, id, &body, &format!("k{}", self.number));
        self.messages.push(Known {
            queue_id,
            offset,
            body,
        });
    }

    /// What is there, in the order of the log.
    fn read(&self) -> Vec<Known> {
        let mut found = Vec::new();
        for queue_id in 0..QUEUES {
            let id = i32::try_from(queue_id).unwrap_or_default();
            found.extend(
                read(&self.store, id)
                    .into_iter()
                    .map(|(offset, body)| Known {
                        queue_id,
                        offset,
                        body,
                    }),
            );
        }
        let number = |known: &Known| {
            let text = String::from_utf8_lossy(&known.body).into_owned();
            text.split(':')
                .next()
                .and_then(|text| text.parse::<usize>().ok())
        };
        found.sort_by_key(number);
        found
    }

    /// After a power cut: a beginning of the log, with all that was synced.
    fn forget_lost(&mut self) {
        let left = self.read();
        assert!(
            left.len() >= self.synced,
            "{} of {} synced",
            left.len(),
            self.synced
        );
        assert!(left.len() <= self.messages.len());
        self.messages.truncate(left.len());
        assert_eq!(left, self.messages, "a beginning of the log");
        self.synced = self.synced.min(left.len());
    }

    fn step(&mut self, kind: u8, value: u8) {
        match kind % 12 {
            0..=4 => self.put(usize::from(value) % QUEUES, usize::from(value) * 3),
            5 => {
                assert!(self.store.flush_once());
                self.synced = self.messages.len();
            }
            6 => self.store.write_queues_once().expect("nothing fails"),
            7 => {
                self.store.derive_once().expect("nothing fails");
                self.synced = self.messages.len();
            }
            8 => {
                let disk = self.disk.after_kill();
                self.reopen(disk);
            }
            9 => {
                let disk = self.disk.after_power_cut(value.into());
                self.reopen(disk);
                self.forget_lost();
            }
            10 => {
                self.store.shutdown().expect("nothing fails");
                self.synced = self.messages.len();
                let disk = self.disk.after_kill();
                self.reopen(disk);
            }
            _ => {
                let disk = self.disk.after_kill();
                match value % 3 {
                    0 => disk.lose(&self.config.consume_queue_dir()),
                    1 => disk.lose(&self.config.index_dir()),
                    _ => disk.lose(&self.config.root.join("consumequeue/t/1")),
                }
                self.reopen(disk);
            }
        }
    }
}

/// Two bytes an operation; the first byte of all chooses the flush mode.
pub fn store_ops(data: &[u8]) {
    let Some((&mode, operations)) = data.split_first() else {
        return;
    };
    let mut config = config();
    if mode % 2 == 1 {
        config.flush_mode = FlushMode::Sync;
    }
    let disk = CrashStorage::new();
    let store = open(&disk, &config).expect("a new store");
    let mut story = Story {
        config,
        disk,
        store,
        messages: Vec::new(),
        synced: 0,
        number: 0,
    };
    for operation in operations.chunks_exact(2).take(OPERATIONS_MAX) {
        story.step(operation[0], operation[1]);
    }
    // In synchronous mode consumers see what is synced, which all of it now is.
    assert!(story.store.flush_once());
    assert_eq!(story.read(), story.messages);
    story.store.shutdown().expect("nothing fails");
    let disk = story.disk.after_power_cut(mode.into());
    story.reopen(disk);
    assert_eq!(
        story.read(),
        story.messages,
        "a clean stop survives a power cut"
    );
}
