//! Putting and getting, the rules for offsets, the bytes on the disk.

use std::sync::Arc;

use parking_lot::Mutex;
use protocol::message::RecordView;

use super::support::{Fixture, bodies, get, put, put_with, read_all, record};
use crate::storage::MmapStorage;
use crate::{
    AcceptAll, Arrival, GetLimits, GetMessageStatus, MessageArrivingListener, PutError, Queue,
    TimeBoundary,
};

#[test]
fn what_is_put_is_got_in_order() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for number in 0..200 {
        let outcome = put(&store, "orders", 3, &format!("m{number}"));
        assert_eq!(outcome.queue_offset, number);
    }
    let expected: Vec<_> = (0..200)
        .map(|number| (number, format!("m{number}")))
        .collect();
    assert_eq!(read_all(&store, "orders", 3), expected);
    store.write_queues_once().expect("write");
    assert_eq!(read_all(&store, "orders", 3), expected);
    store.shutdown().expect("shutdown");
    drop(store);
    let store = fixture.open();
    assert_eq!(read_all(&store, "orders", 3), expected);
    assert_eq!(store.recovery_report().damaged_count, 0);
    assert_eq!(put(&store, "orders", 3, "next").queue_offset, 200);
}

#[test]
fn offsets_out_of_range_say_where_to_go_on() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut none = Vec::new();
    let empty = get(&store, "t", 0, 7, 32, &mut none);
    assert_eq!(empty.status, GetMessageStatus::NoMessageInQueue);
    assert_eq!(empty.next_begin_offset, 0);
    for number in 0..3 {
        put(&store, "t", 0, &number.to_string());
    }
    let end = get(&store, "t", 0, 3, 32, &mut none);
    assert_eq!(
        (end.status, end.next_begin_offset),
        (GetMessageStatus::OffsetOverflowOne, 3)
    );
    let beyond = get(&store, "t", 0, 9, 32, &mut none);
    assert_eq!(
        (beyond.status, beyond.next_begin_offset),
        (GetMessageStatus::OffsetOverflowBadly, 3)
    );
    let small = get(&store, "t", 0, -1, 32, &mut none);
    assert_eq!(
        (small.status, small.next_begin_offset),
        (GetMessageStatus::OffsetTooSmall, 0)
    );
    assert!(none.is_empty());
    assert_eq!(
        GetMessageStatus::OffsetOverflowBadly.name(),
        "OFFSET_OVERFLOW_BADLY"
    );
}

#[test]
fn a_get_stops_at_its_limits_but_gives_one_message_at_least() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for _ in 0..10 {
        put(&store, "t", 0, &"x".repeat(1000));
    }
    let queue = store.queue("t", 0).expect("queue");
    let take = |limits| store.get_messages(&queue, 0, limits, &mut AcceptAll, &mut |_| {});
    assert_eq!(take(GetLimits::count(4)).count, 4);
    assert_eq!(
        take(GetLimits {
            count_max: 32,
            bytes_max: 3500
        })
        .count,
        3
    );
    let one = take(GetLimits {
        count_max: 32,
        bytes_max: 1,
    });
    assert_eq!((one.count, one.next_begin_offset), (1, 1));
}

#[test]
fn a_filter_skips_what_is_not_wanted_and_goes_on() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for number in 0..1000 {
        let tag = if number == 900 { "rare" } else { "usual" };
        put_with(
            &store,
            "t",
            0,
            &number.to_string(),
            &format!("TAGS\u{1}{tag}\u{2}"),
        );
    }
    let queue = store.queue("t", 0).expect("queue");
    let rare = protocol::message::tags_code("rare");
    let mut found = Vec::new();
    let mut filter = |code: i64| code == rare;
    let limits = GetLimits::count(32);
    let first = store.get_messages(&queue, 0, limits, &mut filter, &mut |_| {});
    assert_eq!(first.status, GetMessageStatus::NoMatchedMessage);
    assert_eq!(first.next_begin_offset, 800);
    let second = store.get_messages(&queue, 800, limits, &mut filter, &mut |record| {
        found.push(record.queue_offset());
    });
    assert_eq!(
        (second.status, second.next_begin_offset),
        (GetMessageStatus::Found, 1000)
    );
    assert_eq!(found, [900]);
}

#[test]
fn a_batch_lies_side_by_side_and_counts_as_one_put() {
    let fixture = Fixture::new();
    let store = fixture.open();
    put(&store, "t", 1, "before");
    let queue = store.queue("t", 1).expect("queue");
    let mut records: Vec<u8> = ["a", "b", "c"]
        .iter()
        .flat_map(|body| record("t", 1, body.as_bytes(), ""))
        .collect();
    let mut offsets = Vec::new();
    let outcome = store
        .put_batch(&queue, &mut records, &mut offsets)
        .expect("batch");
    assert_eq!((outcome.queue_offset, outcome.message_count), (1, 3));
    let size = i64::from(outcome.size) / 3;
    let first = outcome.physical_offset;
    assert_eq!(offsets, [first, first + size, first + 2 * size]);
    assert_eq!(bodies(&store, "t", 1), ["before", "a", "b", "c"]);
    let refused = store.put_batch(&queue, &mut [], &mut offsets);
    assert!(matches!(
        refused,
        Err(PutError::BatchCount { count: 0, .. })
    ));
}

#[test]
fn a_full_file_ends_with_a_blank_and_the_next_one_begins() {
    for storage in [Fixture::new().storage, Arc::new(MmapStorage::default())] {
        let fixture = Fixture::new().on(storage);
        let store = fixture.open();
        let size = put(&store, "t", 0, &"x".repeat(8000)).size;
        let per_file = 64 * 1024 / size;
        for _ in 1..per_file {
            put(&store, "t", 0, &"x".repeat(8000));
        }
        let rolled = put(&store, "t", 0, &"x".repeat(8000));
        assert_eq!(rolled.physical_offset, 64 * 1024);
        store.shutdown().expect("shutdown");
        let log = std::fs::read(fixture.config.commit_log_dir().join("00000000000000000000"));
        let log = log.expect("the first file");
        let blank_at = (per_file * size) as usize;
        let left = (64 * 1024 - per_file * size).to_be_bytes();
        assert_eq!(log[blank_at..blank_at + 4], left);
        assert_eq!(log[blank_at + 4..blank_at + 8], [0xcb, 0xd4, 0x31, 0x94]);
        assert!(log[blank_at + 8..].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn the_blank_needs_eight_bytes_and_a_record_may_leave_just_them() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let overhead = record("t", 0, b"", "").len();
    let body = "x".repeat(64 * 1024 - overhead - 8);
    assert_eq!(put(&store, "t", 0, &body).physical_offset, 0);
    assert_eq!(put(&store, "t", 0, "next").physical_offset, 64 * 1024);
    drop(store);
    let store = fixture.open();
    assert_eq!(bodies(&store, "t", 0), [body, "next".to_owned()]);

    let queue = store.queue("t", 0).expect("queue");
    let mut large = record("t", 0, "x".repeat(64 * 1024 - overhead - 7).as_bytes(), "");
    let refused = store.put(&queue, &mut large);
    assert!(matches!(refused, Err(PutError::MessageTooLarge { .. })));
}

#[test]
fn golden_bytes_of_record_and_consume_queue() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fixture.clock.set_wall_ms(1_700_000_000_005);
    for _ in 0..3 {
        put_with(
            &store,
            "TopicTest",
            3,
            "hello",
            "TAGS\u{1}TagA\u{2}KEYS\u{1}k1\u{2}",
        );
    }
    store.shutdown().expect("shutdown");
    let log = std::fs::read(fixture.config.commit_log_dir().join("00000000000000000000"));
    let log = log.expect("the log");
    let expected: Vec<u8> = [
        "0000007bdaa320a73610a68600000003000000000000000000000002",
        "00000000000000f6000000000000018bcfe568007f0000010000c350",
        "0000018bcfe568057f00000100002a9f000000000000000000000000",
        "0000000568656c6c6f09546f7069635465737400125441475301546167410",
        "24b455953016b3102",
    ]
    .concat()
    .as_bytes()
    .chunks(2)
    .map(|hex| u8::from_str_radix(std::str::from_utf8(hex).expect("ascii"), 16).expect("hex"))
    .collect();
    assert_eq!(log[246..369], expected);
    let queue = fixture
        .config
        .consume_queue_dir()
        .join("TopicTest/3/00000000000000000000");
    let queue = std::fs::read(queue).expect("the queue");
    assert_eq!(queue.len(), 1000);
    assert_eq!(
        queue[40..60],
        [
            0, 0, 0, 0, 0, 0, 0, 0xf6, 0, 0, 0, 0x7b, 0, 0, 0, 0, 0, 0x27, 0xa8, 7
        ]
    );
    assert!(queue[60..].iter().all(|byte| *byte == 0));
}

#[test]
fn delayed_messages_carry_their_time_in_the_queue_also_when_it_is_rebuilt() {
    let fixture = Fixture::new();
    let topic = "SCHEDULE_TOPIC_XXXX";
    let due = |store: &crate::MessageStore| {
        let queue = store.queue(topic, 2).expect("queue");
        store.unit_at(&queue, 0).expect("unit").tags_code
    };
    let store = fixture.open();
    let outcome = put_with(&store, topic, 2, "late", "DELAY\u{1}3\u{2}");
    assert_eq!(due(&store), outcome.store_timestamp + 10_000);
    store.shutdown().expect("shutdown");
    drop(store);
    std::fs::remove_dir_all(fixture.config.consume_queue_dir()).expect("remove");
    let store = fixture.open();
    assert_eq!(due(&store), outcome.store_timestamp + 10_000);
}

#[test]
fn half_messages_and_rollbacks_get_no_place_in_the_queue() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let queue = store.queue("t", 0).expect("queue");
    for sys_flag in [0_i32, 0x4, 0xC, 0x8] {
        let mut bytes = record("t", 0, b"x", "");
        bytes[36..40].copy_from_slice(&sys_flag.to_be_bytes());
        store.put(&queue, &mut bytes).expect("put");
    }
    assert_eq!(queue.max_offset(), 2);
    drop(store);
    assert_eq!(fixture.open().queue("t", 0).expect("queue").max_offset(), 2);
}

#[test]
fn what_is_no_record_of_the_queue_is_refused() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let queue = store.queue("t", 0).expect("queue");
    let mut other = record("u", 0, b"x", "");
    assert!(matches!(
        store.put(&queue, &mut other),
        Err(PutError::WrongQueue { .. })
    ));
    assert!(matches!(
        store.put(&queue, &mut [1; 50]),
        Err(PutError::IllegalRecord(_))
    ));
    let mut two = [record("t", 0, b"x", ""), record("t", 0, b"y", "")].concat();
    assert!(store.put(&queue, &mut two).is_err());
    for topic in ["", "../x", "a/b", "a\0b"] {
        assert!(store.queue(topic, 0).is_err(), "{topic:?}");
    }
    assert!(store.queue("t", -1).is_err());
    assert_eq!(store.max_physical_offset(), 0);
}

#[derive(Default)]
struct Arrivals(Mutex<Vec<(String, i64)>>);

impl MessageArrivingListener for Arrivals {
    fn arriving(&self, queue: &Arc<Queue>, arrival: Arrival) {
        self.0
            .lock()
            .push((queue.topic().to_owned(), arrival.queue_offset));
    }
}

#[test]
fn only_queues_that_are_waited_for_tell_of_arrivals() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let arrivals = Arc::new(Arrivals::default());
    store.set_arriving_listener(Arc::clone(&arrivals) as Arc<dyn MessageArrivingListener>);
    put(&store, "t", 0, "a");
    store.queue("t", 0).expect("queue").set_waited_for(true);
    put(&store, "t", 0, "b");
    put(&store, "u", 0, "c");
    assert_eq!(*arrivals.0.lock(), [("t".to_owned(), 1)]);
}

#[test]
fn times_are_found_by_both_boundaries() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let queue = store.queue("t", 0).expect("queue");
    assert_eq!(store.offset_by_time(&queue, 5, TimeBoundary::Lower), 0);
    // Offsets: 0 1 2 at 1000, 3 4 at 3000.
    for time in [1000, 1000, 1000, 3000, 3000] {
        fixture.clock.set_wall_ms(time);
        put(&store, "t", 0, "x");
    }
    let search = |time| {
        let lower = store.offset_by_time(&queue, time, TimeBoundary::Lower);
        (
            lower,
            store.offset_by_time(&queue, time, TimeBoundary::Upper),
        )
    };
    assert_eq!(search(500), (0, 0));
    assert_eq!(search(1000), (0, 2));
    assert_eq!(search(2000), (3, 2));
    assert_eq!(search(3000), (3, 4));
    assert_eq!(search(4000), (5, 4));
    assert_eq!(store.earliest_store_time(&queue), Some(1000));
    assert_eq!(store.earliest_message_time(), Some(1000));
}

#[test]
fn a_message_is_found_by_its_physical_offset() {
    let fixture = Fixture::new();
    let store = fixture.open();
    put(&store, "t", 0, "a");
    let outcome = put(&store, "t", 0, "b");
    let mut found = Vec::new();
    assert!(store.message_at(outcome.physical_offset, &mut found));
    assert_eq!(RecordView::parse(&found).expect("record").body(), b"b");
    assert!(!store.message_at(outcome.physical_offset + 1, &mut found));
    assert!(!store.message_at(outcome.end_physical_offset, &mut found));
    assert!(!store.message_at(-1, &mut found));
    assert!(!store.message_at(i64::MAX, &mut found));
}

#[test]
fn a_deleted_topic_is_gone_and_may_begin_anew() {
    let fixture = Fixture::new();
    let store = fixture.open();
    put(&store, "t", 0, "old");
    put(&store, "t", 1, "old");
    put(&store, "u", 0, "stays");
    store.write_queues_once().expect("write");
    let stale = store.queue("t", 0).expect("queue");
    assert_eq!(
        store.clean_unused(&|topic| topic == "u").expect("clean"),
        ["t"]
    );
    assert!(!fixture.config.consume_queue_dir().join("t").exists());
    assert!(stale.is_deleted());
    let mut bytes = record("t", 0, b"x", "");
    assert!(matches!(
        store.put(&stale, &mut bytes),
        Err(PutError::QueueDeleted)
    ));
    assert_eq!(put(&store, "t", 0, "new").queue_offset, 0);
    assert_eq!(bodies(&store, "u", 0), ["stays"]);
}

#[test]
fn both_storages_write_the_same_bytes() {
    let mut logs = Vec::new();
    for storage in [Fixture::new().storage, Arc::new(MmapStorage::default())] {
        let fixture = Fixture::new().on(storage);
        for _ in 0..2 {
            let store = fixture.open();
            for number in 0..300 {
                let body = "x".repeat(number * 7 % 900);
                put_with(&store, "t", 0, &body, &format!("KEYS\u{1}k{number}\u{2}"));
            }
            store.derive_once().expect("derive");
            store.shutdown().expect("shutdown");
        }
        let mut files = Vec::new();
        for dir in ["commitlog", "consumequeue/t/0", "index", ""] {
            let dir = fixture.config.root.join(dir);
            for entry in crate::storage::disk::list(&dir).expect("list") {
                if !entry.is_dir {
                    files.push((
                        entry.name.clone(),
                        std::fs::read(dir.join(entry.name)).expect("read"),
                    ));
                }
            }
        }
        logs.push(files);
    }
    assert_eq!(
        logs[0].iter().map(|(name, _)| name).collect::<Vec<_>>(),
        logs[1].iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    assert!(logs[0] == logs[1]);
}
