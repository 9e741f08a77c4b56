//! Stories of delayed messages, told with a clock that moves by hand.

use clock::{Clock as _, ManualClock};
use protocol::message::{MessageExt, RecordView};
use protocol::name::AUTO_CREATE_TOPIC;
use tempfile::TempDir;

use super::*;
use crate::put::{self, PutRequest};
use crate::testing::{TestBroker, config_in, until};
use crate::{Broker, StartError};

const START_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const TOPIC: &str = "orders";

/// Level 3, whose delay is ten seconds.
const TEN_SECONDS: i32 = 3;
/// Level 5, whose delay is a minute.
const ONE_MINUTE: i32 = 5;

struct Story {
    broker: Broker,
    clock: Arc<ManualClock>,
    folder: TempDir,
}

async fn story() -> Story {
    let folder = tempfile::tempdir().unwrap();
    start(folder, ManualClock::at(START_MS)).await
}

async fn start(folder: TempDir, clock: Arc<ManualClock>) -> Story {
    loop {
        match Broker::start(config_in(folder.path()), Arc::clone(&clock) as SharedClock).await {
            Ok(broker) => {
                return Story {
                    broker,
                    clock,
                    folder,
                };
            }
            // Another test has taken the port.
            Err(StartError::Bind { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

impl Story {
    fn context(&self) -> &Arc<BrokerContext> {
        self.broker.context()
    }

    async fn kill_and_restart(self) -> Self {
        self.broker.kill().await;
        start(self.folder, self.clock).await
    }

    /// Sends a message with a level of delay to queue 1.
    fn send(&self, level: i32, body: &str) {
        self.send_to(TOPIC, level, body);
    }

    fn send_to(&self, topic: &str, level: i32, body: &str) {
        let broker = self.context();
        let topic = broker
            .topics
            .create_on_send(topic, AUTO_CREATE_TOPIC, 4, 0, true)
            .unwrap();
        let request = PutRequest {
            topic: &topic,
            queue_id: 1,
            sys_flag: 0,
            flag: 7,
            born_timestamp: 5,
            born_host: "10.0.0.9:1234".parse().unwrap(),
            properties: &format!("TAGS\u{1}TagA\u{2}WAIT\u{1}true\u{2}DELAY\u{1}{level}\u{2}"),
            body: body.as_bytes(),
            reconsume_times: 2,
            prepared_transaction_offset: 0,
        };
        put::put_message(broker, &request).unwrap();
    }

    /// Lets time go by, and the schedule do what is due then.
    fn pass(&self, time: Duration) -> Option<Duration> {
        self.clock.advance(time);
        self.context().schedule.deliver_due(self.context())
    }

    fn pass_seconds(&self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    fn delivered(&self) -> Vec<MessageExt> {
        let broker = self.context();
        let Some(queue) = broker.store.find_queue(TOPIC, 1) else {
            return Vec::new();
        };
        let message = |offset| {
            let mut record = Vec::new();
            let unit = broker.store.unit_at(&queue, offset).unwrap();
            assert!(broker.store.message_at(unit.physical_offset, &mut record));
            MessageExt::from_record(&RecordView::parse(&record).unwrap(), false).unwrap()
        };
        (0..queue.max_offset()).map(message).collect()
    }

    fn bodies(&self) -> Vec<String> {
        let delivered = self.delivered();
        delivered
            .iter()
            .map(|message| String::from_utf8_lossy(&message.body).into_owned())
            .collect()
    }

    fn write_progress(&self) {
        let broker = self.context();
        broker.store.flush_once();
        let progress = broker.schedule.progress(broker);
        broker.schedule.persist(&progress).unwrap();
    }
}

#[tokio::test]
async fn a_message_comes_when_its_time_has_come_and_not_before() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    let next = story.pass(Duration::from_millis(9_999)).unwrap();
    assert_eq!(
        next,
        Duration::from_secs(10),
        "the schedule knows when to look again"
    );
    assert!(story.bodies().is_empty());
    assert_eq!(
        story.pass(Duration::from_millis(1)),
        None,
        "nothing waits any more"
    );
    assert_eq!(story.bodies(), ["a"]);
}

#[tokio::test]
async fn what_is_delivered_is_what_was_sent() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    story.pass_seconds(10);
    let message = story.delivered().remove(0);
    assert_eq!((message.topic.as_str(), message.queue_id), (TOPIC, 1));
    assert_eq!(
        (
            message.flag,
            message.born_timestamp,
            message.reconsume_times
        ),
        (7, 5, 2)
    );
    assert_eq!(message.born_host.to_string(), "10.0.0.9:1234");
    let property = |name| message.properties.get(name);
    assert_eq!(property("TAGS"), Some("TagA"));
    assert_eq!((property("DELAY"), property("WAIT")), (None, Some("false")));
    assert_eq!(
        (property("REAL_TOPIC"), property("REAL_QID")),
        (Some(TOPIC), Some("1"))
    );
    let queue = story.context().store.find_queue(TOPIC, 1).unwrap();
    let unit = story.context().store.unit_at(&queue, 0).unwrap();
    assert_eq!(unit.tags_code, protocol::message::tags_code("TagA"));
}

#[tokio::test]
async fn levels_do_not_wait_for_each_other_and_each_keeps_its_order() {
    let story = story().await;
    story.send(ONE_MINUTE, "minute 1");
    story.send(TEN_SECONDS, "ten 1");
    story.clock.advance(Duration::from_secs(1));
    story.send(TEN_SECONDS, "ten 2");
    story.send(ONE_MINUTE, "minute 2");
    story.pass_seconds(9);
    assert_eq!(story.bodies(), ["ten 1"]);
    story.pass_seconds(1);
    assert_eq!(story.bodies(), ["ten 1", "ten 2"]);
    story.pass_seconds(50);
    assert_eq!(story.bodies(), ["ten 1", "ten 2", "minute 1", "minute 2"]);
}

#[tokio::test]
async fn a_level_above_the_highest_is_the_highest() {
    let story = story().await;
    story.send(99, "late");
    story.pass_seconds(2 * 3_600 - 1);
    assert!(story.bodies().is_empty());
    story.pass_seconds(1);
    assert_eq!(story.bodies(), ["late"]);
}

#[tokio::test]
async fn a_changed_date_makes_no_message_early_or_late() {
    for jump_ms in [HOUR_MS, -HOUR_MS] {
        let story = story().await;
        story.send(ONE_MINUTE, "before");
        story.pass_seconds(10);
        story.clock.set_wall_ms(story.clock.now_ms() + jump_ms);
        story.send(ONE_MINUTE, "after");
        story.pass_seconds(49);
        assert!(story.bodies().is_empty(), "{jump_ms}");
        story.pass_seconds(1);
        assert_eq!(story.bodies(), ["before"], "{jump_ms}");
        story.pass_seconds(9);
        assert_eq!(story.bodies(), ["before"], "{jump_ms}");
        story.pass_seconds(1);
        assert_eq!(story.bodies(), ["before", "after"], "{jump_ms}");
    }
}

#[tokio::test]
async fn a_killed_broker_delivers_what_it_had_not_delivered() {
    let story = story().await;
    story.send(TEN_SECONDS, "first");
    story.clock.advance(Duration::from_secs(5));
    story.send(TEN_SECONDS, "second");
    story.pass_seconds(5);
    story.write_progress();
    let story = story.kill_and_restart().await;
    assert_eq!(story.bodies(), ["first"]);
    story.pass_seconds(4);
    assert_eq!(story.bodies(), ["first"]);
    story.pass_seconds(1);
    assert_eq!(story.bodies(), ["first", "second"]);
}

#[tokio::test]
async fn what_was_delivered_after_the_last_write_comes_once_more_rather_than_never() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    story.pass_seconds(10);
    let story = story.kill_and_restart().await;
    story.pass_seconds(0);
    assert_eq!(story.bodies(), ["a", "a"]);
}

#[tokio::test]
async fn what_became_due_while_the_broker_was_away_comes_at_once() {
    let story = story().await;
    story.send(ONE_MINUTE, "a");
    story.broker.kill().await;
    story.clock.advance(Duration::from_secs(3_600));
    let story = start(story.folder, story.clock).await;
    story.pass_seconds(0);
    assert_eq!(story.bodies(), ["a"]);
}

#[tokio::test]
async fn a_date_that_was_set_back_while_the_broker_was_away_keeps_nothing_waiting() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    story.broker.kill().await;
    story.clock.set_wall_ms(START_MS - HOUR_MS);
    let story = start(story.folder, story.clock).await;
    story.pass_seconds(0);
    assert_eq!(story.bodies(), ["a"]);
}

#[tokio::test]
async fn progress_beyond_the_end_of_the_queue_is_put_right() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    story.broker.shutdown().await;
    let path = story.folder.path().join("config").join("delayOffset.json");
    table_file::write(&path, br#"{"offsetTable":{3:500,77:1}}"#).unwrap();
    let story = start(story.folder, story.clock).await;
    story.pass_seconds(0);
    story.send(TEN_SECONDS, "b");
    story.pass_seconds(10);
    assert_eq!(story.bodies(), ["b"]);
}

#[tokio::test]
async fn a_message_of_a_deleted_topic_is_there_when_the_topic_is_made_again() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    assert!(story.context().topics.delete(TOPIC));
    story.pass_seconds(10);
    assert!(!story.context().topics.contains(TOPIC));
    assert_eq!(story.bodies(), ["a"]);
}

#[tokio::test]
async fn a_message_that_nobody_may_send_is_given_up_and_the_next_one_comes() {
    let story = story().await;
    story.send_to(name::TRANS_HALF_TOPIC, TEN_SECONDS, "half");
    story.send(TEN_SECONDS, "a");
    story.pass_seconds(10);
    assert_eq!(story.bodies(), ["a"]);
    assert!(
        story
            .context()
            .store
            .find_queue(name::TRANS_HALF_TOPIC, 1)
            .is_none()
    );
}

#[tokio::test]
async fn many_messages_that_are_due_together_come_in_turns() {
    let story = story().await;
    for number in 0..TURN_MESSAGES_MAX + 10 {
        story.send(TEN_SECONDS, &number.to_string());
    }
    story.clock.advance(Duration::from_secs(10));
    let schedule = &story.context().schedule;
    while schedule.deliver_due(story.context()).is_some() {}
    let expected: Vec<String> = (0..TURN_MESSAGES_MAX + 10)
        .map(|number| number.to_string())
        .collect();
    assert_eq!(story.bodies(), expected);
}

#[tokio::test]
async fn tools_see_how_far_the_levels_have_come() {
    let story = story().await;
    story.send(TEN_SECONDS, "a");
    story.pass_seconds(10);
    story.send(TEN_SECONDS, "b");
    assert_eq!(
        story.context().schedule.offsets(story.context()),
        [(TEN_SECONDS, 1, 2)]
    );
    let text = String::from_utf8(story.context().schedule.encode()).unwrap();
    assert!(text.contains("3:1,"), "{text}");
}

#[tokio::test]
async fn the_running_schedule_wakes_by_itself() {
    let broker = TestBroker::start().await;
    let context = broker.broker.context();
    let count = || {
        context
            .store
            .find_queue(TOPIC, 0)
            .map_or(0, |queue| queue.max_offset())
    };
    for number in 1..=2 {
        let sent_at = context.clock.elapsed();
        broker.send(TOPIC, "DELAY\u{1}1\u{2}", b"x").await;
        assert_eq!(count(), number - 1);
        until(async || count() == number).await;
        assert!(context.clock.elapsed() - sent_at >= Duration::from_secs(1));
    }
}
