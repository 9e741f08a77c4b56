//! Random stories against a model that cannot be wrong: a vector for each queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::support::{Fixture, put_with, read_all};
use crate::storage::crash::CrashStorage;
use crate::{FlushMode, KeyQuery, MessageStore};

/// Something that happens to a store.
#[derive(Debug, Clone)]
enum Event {
    Put { queue_id: i32, length: usize },
    Flush,
    WriteQueues,
    Derive,
    Kill,
    PowerCut { seed: u64 },
    Restart,
    LoseDerivedFiles,
    DeleteTopic,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (0..4, 0..3000_usize).prop_map(|(queue_id, length)| Event::Put { queue_id, length }),
        3 => Just(Event::Flush),
        2 => Just(Event::WriteQueues),
        2 => Just(Event::Derive),
        1 => Just(Event::Kill),
        1 => any::<u64>().prop_map(|seed| Event::PowerCut { seed }),
        1 => Just(Event::Restart),
        1 => Just(Event::LoseDerivedFiles),
        1 => Just(Event::DeleteTopic),
    ]
}

/// A message as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    number: usize,
    topic: &'static str,
    queue_id: i32,
    queue_offset: i64,
    body: String,
}

struct Story {
    fixture: Fixture,
    disk: Arc<CrashStorage>,
    store: Option<MessageStore>,
    /// All messages in the order of the log.
    messages: Vec<Known>,
    /// How many of them survive a power cut for certain.
    synced: usize,
    numbers: usize,
}

impl Story {
    fn begin(flush_mode: FlushMode) -> Self {
        let (mut fixture, disk) = Fixture::new().on_crash_storage();
        fixture.config.flush_mode = flush_mode;
        fixture.config.commit_log_file_size = 16 * 1024;
        fixture.config.consume_queue_units = 7;
        fixture.config.index_entries = 30;
        let store = Some(fixture.open());
        Self {
            fixture,
            disk,
            store,
            messages: Vec::new(),
            synced: 0,
            numbers: 0,
        }
    }

    fn store(&self) -> &MessageStore {
        self.store.as_ref().expect("the store is open")
    }

    fn reopen_on(&mut self, disk: Arc<CrashStorage>) {
        self.store = None;
        self.fixture = self.fixture.with(&disk);
        self.disk = disk;
        self.store = Some(self.fixture.open());
    }

    fn play(&mut self, event: &Event) {
        match event {
            Event::Put { queue_id, length } => self.put(*queue_id, *length),
            Event::Flush => {
                assert!(self.store().flush_once());
                self.synced = self.messages.len();
            }
            Event::WriteQueues => self.store().write_queues_once().expect("write"),
            Event::Derive => {
                self.store().derive_once().expect("derive");
                self.synced = self.messages.len();
            }
            Event::Kill => {
                let disk = self.disk.after_kill();
                self.reopen_on(disk);
            }
            Event::PowerCut { seed } => {
                let disk = self.disk.after_power_cut(*seed);
                self.reopen_on(disk);
                self.forget_lost();
            }
            Event::Restart => {
                self.store().shutdown().expect("shutdown");
                self.synced = self.messages.len();
                let disk = Arc::clone(&self.disk);
                self.reopen_on(disk);
            }
            Event::LoseDerivedFiles => {
                let disk = self.disk.after_kill();
                disk.lose(&self.fixture.config.consume_queue_dir());
                disk.lose(&self.fixture.config.index_dir());
                self.reopen_on(disk);
            }
            Event::DeleteTopic => {
                self.store().delete_topic("gone").expect("delete");
            }
        }
    }

    fn put(&mut self, queue_id: i32, length: usize) {
        // One message in five goes to a topic that is deleted now and then.
        let topic = if self.numbers % 5 == 4 { "gone" } else { "t" };
        let number = self.numbers;
        self.numbers += 1;
        let body = format!("{number}:{}", "z".repeat(length));
        let keys = format!("KEYS\u{1}k{number}\u{2}");
        let queue_offset = put_with(self.store(), topic, queue_id, &body, &keys).queue_offset;
        self.messages.push(Known {
            number,
            topic,
            queue_id,
            queue_offset,
            body,
        });
    }

    /// After a power cut: what is left is a beginning of the log, and all that was synced.
    fn forget_lost(&mut self) {
        let left = self.left_of("t");
        let known: Vec<&Known> = self
            .messages
            .iter()
            .filter(|known| known.topic == "t")
            .collect();
        let kept = known
            .iter()
            .take_while(|known| left.contains_key(&known.number))
            .count();
        assert_eq!(left.len(), kept, "a hole in the log");
        let end = known.get(kept).map_or(usize::MAX, |lost| lost.number);
        let count = self
            .messages
            .iter()
            .take_while(|known| known.number < end)
            .count();
        assert!(
            count >= self.synced,
            "{count} of {} synced ones are left",
            self.synced
        );
        // A message of the other topic between the last kept and the first lost one may be either.
        self.messages.truncate(count);
        self.synced = self.synced.min(count);
    }

    /// Messages of a topic by number.
    fn left_of(&self, topic: &str) -> BTreeMap<usize, (i32, i64, String)> {
        let mut left = BTreeMap::new();
        for queue_id in 0..4 {
            for (offset, body) in read_all(self.store(), topic, queue_id) {
                let number = body
                    .split(':')
                    .next()
                    .and_then(|number| number.parse().ok());
                left.insert(number.expect("a number"), (queue_id, offset, body));
            }
        }
        left
    }

    /// The store holds what the model says.
    fn check(&self) {
        let visible = match self.fixture.config.flush_mode {
            FlushMode::Async => self.messages.len(),
            FlushMode::Sync => {
                // What is not synced is not shown; what was is.
                let shown = self.left_of("t").len();
                let synced = self.messages.iter().take(self.synced);
                assert!(shown >= synced.filter(|known| known.topic == "t").count());
                return;
            }
        };
        let expected: BTreeMap<_, _> = self.messages[..visible]
            .iter()
            .filter(|known| known.topic == "t")
            .map(|known| {
                (
                    known.number,
                    (known.queue_id, known.queue_offset, known.body.clone()),
                )
            })
            .collect();
        assert_eq!(self.left_of("t"), expected);
        let query = KeyQuery {
            count_max: 8,
            begin_ms: 0,
            end_ms: i64::MAX,
        };
        if let Some(last) = self.messages.iter().rfind(|known| known.topic == "t") {
            let key = format!("k{}", last.number);
            let found = self
                .store()
                .query_by_key(last.topic, &key, query)
                .expect("query");
            assert!(
                !found.physical_offsets.is_empty(),
                "{key} is not in the index"
            );
        }
    }
}

fn play(flush_mode: FlushMode, events: &[Event]) {
    let mut story = Story::begin(flush_mode);
    for event in events {
        story.play(event);
        story.check();
    }
    story.play(&Event::Restart);
    story.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_asynchronous_store_behaves_as_the_model(
        events in proptest::collection::vec(event(), 1..60),
    ) {
        play(FlushMode::Async, &events);
    }

    #[test]
    fn a_synchronous_store_behaves_as_the_model(
        events in proptest::collection::vec(event(), 1..60),
    ) {
        play(FlushMode::Sync, &events);
    }
}
