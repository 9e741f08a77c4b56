//! The store with its threads: what they do by themselves, and many callers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::support::{Fixture, put, read_all, record};
use crate::storage::MmapStorage;
use crate::{Arrival, KeyQuery, MessageArrivingListener, Queue};

const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds.
#[expect(
    clippy::disallowed_methods,
    reason = "a deadline of the machine's own clock"
)]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

fn mapped(fixture: Fixture) -> Fixture {
    let mut fixture = fixture.on(Arc::new(MmapStorage::default()));
    fixture.config.flush_interval = Duration::from_millis(5);
    fixture.config.consume_queue_flush_interval = Duration::from_millis(5);
    fixture.config.flush_thorough_interval = Duration::from_millis(20);
    fixture.config.clean_interval = Duration::from_millis(10);
    fixture
}

#[test]
fn the_threads_sync_index_and_write_by_themselves_and_end() {
    let fixture = mapped(Fixture::new());
    let store = fixture.open_running();
    let mut bytes = record("t", 0, b"x", "KEYS\u{1}k\u{2}");
    let queue = store.queue("t", 0).expect("queue");
    let outcome = store.put(&queue, &mut bytes).expect("put");
    let end = outcome.end_physical_offset;
    wait_until("synced", || store.durable_physical_offset() == end);
    wait_until("indexed", || store.runtime_info().index_behind_bytes == 0);
    let file = fixture
        .config
        .consume_queue_dir()
        .join("t/0/00000000000000000000");
    wait_until("written", || file.exists());
    let query = KeyQuery {
        count_max: 1,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    assert_eq!(
        store
            .query_by_key("t", "k", query)
            .expect("query")
            .physical_offsets,
        [0]
    );
    store.shutdown().expect("shutdown");
}

#[test]
fn group_commit_answers_everyone_and_shows_messages_before() {
    let mut fixture = mapped(Fixture::new().sync_flush());
    fixture.config.commit_log_file_size = 1 << 20;
    let store = fixture.open_running();
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for queue_id in 0..4 {
            let (store, answered) = (&store, &answered);
            scope.spawn(move || {
                let queue = store.queue("t", queue_id).expect("queue");
                for number in 0..50 {
                    let body = format!("{queue_id}-{number}");
                    let mut bytes = record("t", queue_id, body.as_bytes(), "");
                    let outcome = store.put(&queue, &mut bytes).expect("put");
                    let (sender, receiver) = mpsc::channel();
                    store.when_durable(
                        outcome.end_physical_offset,
                        Box::new(move |durability| {
                            let _heard = sender.send(durability);
                        }),
                    );
                    let durability = receiver.recv_timeout(DEADLINE).expect("an answer");
                    assert_eq!(durability, crate::Durability::Durable);
                    assert!(queue.max_offset() > outcome.queue_offset);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.load(Ordering::Relaxed), 200);
}

#[test]
fn many_producers_and_consumers_see_every_message_once_and_in_order() {
    const PRODUCERS: i32 = 3;
    const MESSAGES: usize = 400;
    let fixture = mapped(Fixture::new());
    let store = fixture.open_running();
    std::thread::scope(|scope| {
        for queue_id in 0..PRODUCERS {
            let store = &store;
            scope.spawn(move || {
                let queue = store.queue("t", queue_id).expect("queue");
                for number in 0..MESSAGES {
                    let body = format!("{number}:{}", "y".repeat(number % 500));
                    let mut bytes = record("t", queue_id, body.as_bytes(), "");
                    let outcome = store.put(&queue, &mut bytes).expect("put");
                    assert_eq!(usize::try_from(outcome.queue_offset), Ok(number));
                }
            });
            scope.spawn(move || {
                let mut seen = 0;
                let mut next = 0;
                while seen < MESSAGES {
                    let mut messages = Vec::new();
                    let got = super::support::get(store, "t", queue_id, next, 32, &mut messages);
                    for (offset, body) in messages {
                        assert_eq!(usize::try_from(offset), Ok(seen));
                        assert!(body.starts_with(&format!("{seen}:")), "{body}");
                        seen += 1;
                    }
                    next = got.next_begin_offset;
                }
            });
        }
    });
    drop(store);
    // Dropped, not shut down: as after a kill.
    let store = fixture.open_running();
    for queue_id in 0..PRODUCERS {
        assert_eq!(read_all(&store, "t", queue_id).len(), MESSAGES);
    }
}

struct Bell(mpsc::Sender<i64>);

impl MessageArrivingListener for Bell {
    fn arriving(&self, queue: &Arc<Queue>, arrival: Arrival) {
        queue.set_waited_for(false);
        let _heard = self.0.send(arrival.queue_offset);
    }
}

#[test]
fn no_arrival_is_missed_by_a_consumer_that_follows_the_rule() {
    const ROUNDS: i64 = 3_000;
    for fixture in [mapped(Fixture::new()), mapped(Fixture::new().sync_flush())] {
        let store = fixture.open_running();
        let (sender, receiver) = mpsc::channel();
        store.set_arriving_listener(Arc::new(Bell(sender)));
        let queue = store.queue("t", 0).expect("queue");
        let rounds = if store.is_writable() && fixture.config.flush_mode == crate::FlushMode::Sync {
            200
        } else {
            ROUNDS
        };
        std::thread::scope(|scope| {
            let consumer = Arc::clone(&queue);
            scope.spawn(move || {
                for wanted in 0..rounds {
                    while consumer.max_offset() <= wanted {
                        consumer.set_waited_for(true);
                        if consumer.max_offset() > wanted {
                            break;
                        }
                        receiver.recv_timeout(DEADLINE).expect("a wake-up");
                    }
                }
            });
            for number in 0..rounds {
                put(&store, "t", 0, &number.to_string());
            }
        });
    }
}

#[test]
fn topics_are_deleted_under_load_without_harm() {
    let fixture = mapped(Fixture::new());
    let store = fixture.open_running();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let queue = store.queue("t", 0).expect("queue");
                let mut bytes = record("t", 0, b"x", "");
                match store.put(&queue, &mut bytes) {
                    Ok(_) | Err(crate::PutError::QueueDeleted) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let mut messages = Vec::new();
                super::support::get(&store, "t", 0, 0, 32, &mut messages);
                assert!(messages.iter().all(|(_, body)| body == "x"));
            }
        });
        for _ in 0..100 {
            store.delete_topic("t").expect("delete");
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
    });
    store.shutdown().expect("shutdown");
}
