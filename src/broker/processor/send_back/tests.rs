//! Messages that come back, and come again, until they are dead letters.

use protocol::message::MessageExt;
use protocol::name::{SCHEDULE_TOPIC, retry_topic};
use protocol::{RemotingCommand, RequestCode};

use super::*;
use crate::testing::{TestBroker, messages, pull_header};

const GROUP: &str = "g";

fn header(offset: i64) -> ConsumerSendMsgBackRequestHeader {
    ConsumerSendMsgBackRequestHeader {
        offset,
        group: GROUP.to_owned(),
        delay_level: 0,
        origin_msg_id: None,
        origin_topic: Some("orders".to_owned()),
        unit_mode: None,
        max_reconsume_times: None,
    }
}

async fn give_back(
    broker: &TestBroker,
    header: &ConsumerSendMsgBackRequestHeader,
) -> RemotingCommand {
    broker
        .ask(RemotingCommand::request(RequestCode::ConsumerSendMsgBack).with_header(header))
        .await
}

async fn read(broker: &TestBroker, topic: &str, queue_id: i32) -> Vec<MessageExt> {
    let pull = protocol::header::PullMessageRequestHeader {
        queue_id,
        ..pull_header(topic)
    };
    messages(&broker.pull(&pull).await)
}

/// A broker with one message; gives back where it lies.
async fn broker_with_message() -> (TestBroker, i64) {
    let broker = TestBroker::start().await;
    broker
        .send("orders", "TAGS\u{1}TagA\u{2}UNIQ_KEY\u{1}K1\u{2}", b"hello")
        .await;
    let sent = read(&broker, "orders", 0).await.remove(0);
    (broker, sent.physical_offset)
}

fn set_group(broker: &TestBroker, change: impl Fn(&mut SubscriptionGroupConfig)) {
    let mut config = SubscriptionGroupConfig::new(GROUP);
    change(&mut config);
    broker.broker.context().groups.put(config).unwrap();
}

#[tokio::test]
async fn a_message_waits_in_the_third_level_first_and_comes_back_as_its_own_copy() {
    let (broker, offset) = broker_with_message().await;
    let answer = give_back(&broker, &header(offset)).await;
    assert!(answer.is_success(), "{answer:?}");
    let waiting = read(&broker, SCHEDULE_TOPIC, 2).await.remove(0);
    assert_eq!(
        (&waiting.body[..], waiting.reconsume_times),
        (&b"hello"[..], 1)
    );
    let property = |name| waiting.properties.get(name);
    assert_eq!(property("REAL_TOPIC"), Some("%RETRY%g"));
    assert_eq!(property("RETRY_TOPIC"), Some("orders"));
    assert_eq!(
        (property("TAGS"), property("UNIQ_KEY")),
        (Some("TagA"), Some("K1"))
    );
    assert_eq!(property("ORIGIN_MESSAGE_ID").map(str::len), Some(32));
    let retry = broker
        .broker
        .context()
        .topics
        .get(&retry_topic(GROUP))
        .unwrap();
    assert_eq!((retry.config.write_queue_nums, retry.config.perm), (1, 6));
}

#[tokio::test]
async fn a_message_that_failed_too_often_is_a_dead_letter() {
    let (broker, offset) = broker_with_message().await;
    set_group(&broker, |config| config.retry_max_times = 0);
    let answer = give_back(&broker, &header(offset)).await;
    assert!(answer.is_success(), "{answer:?}");
    let dead = read(&broker, "%DLQ%g", 0).await.remove(0);
    assert_eq!((&dead.body[..], dead.reconsume_times), (&b"hello"[..], 1));
    assert_eq!(dead.properties.get("RETRY_TOPIC"), Some("orders"));
    assert_eq!(dead.properties.get("DELAY"), None);
    let topic = broker.broker.context().topics.get("%DLQ%g").unwrap();
    assert_eq!((topic.config.read_queue_nums, topic.config.perm), (1, 6));
}

#[tokio::test]
async fn the_consumer_decides_how_long_and_how_often() {
    let (broker, offset) = broker_with_message().await;
    let level = |delay_level| ConsumerSendMsgBackRequestHeader {
        delay_level,
        ..header(offset)
    };
    assert!(give_back(&broker, &level(7)).await.is_success());
    assert_eq!(read(&broker, SCHEDULE_TOPIC, 6).await.len(), 1);
    assert!(give_back(&broker, &level(-1)).await.is_success());
    assert_eq!(read(&broker, "%DLQ%g", 0).await.len(), 1);
    let never = ConsumerSendMsgBackRequestHeader {
        max_reconsume_times: Some(0),
        ..header(offset)
    };
    assert!(give_back(&broker, &never).await.is_success());
    assert_eq!(read(&broker, "%DLQ%g", 0).await.len(), 2);

    // Clients of before 3.4.9 do not know that they may say so.
    let mut old = RemotingCommand::request(RequestCode::ConsumerSendMsgBack).with_header(&never);
    old.version = V3_4_9 - 1;
    assert!(broker.ask(old).await.is_success());
    assert_eq!(read(&broker, SCHEDULE_TOPIC, 2).await.len(), 1);
}

#[tokio::test]
async fn a_group_without_retries_passes_its_failures_over() {
    let (broker, offset) = broker_with_message().await;
    set_group(&broker, |config| config.retry_queue_nums = 0);
    assert!(give_back(&broker, &header(offset)).await.is_success());
    assert!(!broker.broker.context().topics.contains("%RETRY%g"));
    assert!(read(&broker, SCHEDULE_TOPIC, 2).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_rocketmqs_codes() {
    let (broker, offset) = broker_with_message().await;
    let answer = give_back(&broker, &header(offset + 1)).await;
    assert_eq!(answer.response_code(), Some(ResponseCode::SystemError));
    assert_eq!(
        answer.remark.unwrap(),
        format!("look message by offset failed, {}", offset + 1)
    );
    for offset in [-1, i64::MAX] {
        assert!(!give_back(&broker, &header(offset)).await.is_success());
    }
    let context = broker.broker.context();
    context
        .settings
        .change(b"autoCreateSubscriptionGroup=false", 0)
        .unwrap();
    let unknown = ConsumerSendMsgBackRequestHeader {
        group: "unknown".to_owned(),
        ..header(offset)
    };
    let answer = give_back(&broker, &unknown).await;
    assert_eq!(
        answer.response_code(),
        Some(ResponseCode::SubscriptionGroupNotExist)
    );
    context.settings.change(b"brokerPermission=4", 0).unwrap();
    let answer = give_back(&broker, &header(offset)).await;
    assert_eq!(answer.response_code(), Some(ResponseCode::NoPermission));
}

#[tokio::test]
async fn a_message_comes_again_and_again_until_it_is_dead() {
    let (broker, mut offset) = broker_with_message().await;
    set_group(&broker, |config| config.retry_max_times = 2);
    let first_id = read(&broker, "orders", 0).await.remove(0).offset_msg_id();
    for times in 1..=2 {
        let short = ConsumerSendMsgBackRequestHeader {
            delay_level: 1,
            ..header(offset)
        };
        assert!(give_back(&broker, &short).await.is_success());
        crate::testing::until(async || read(&broker, "%RETRY%g", 0).await.len() == times).await;
        let again = read(&broker, "%RETRY%g", 0).await.remove(times - 1);
        assert_eq!(again.reconsume_times, i32::try_from(times).unwrap());
        assert_eq!(
            again.properties.get("ORIGIN_MESSAGE_ID"),
            Some(first_id.as_str())
        );
        assert_eq!(again.properties.get("RETRY_TOPIC"), Some("orders"));
        offset = again.physical_offset;
    }
    assert!(give_back(&broker, &header(offset)).await.is_success());
    let dead = read(&broker, "%DLQ%g", 0).await.remove(0);
    assert_eq!((&dead.body[..], dead.reconsume_times), (&b"hello"[..], 3));
}

#[tokio::test]
async fn a_synchronous_broker_answers_when_the_copy_is_on_the_disk() {
    let broker =
        TestBroker::start_with(|config| config.flush_disk_type = FlushDiskType::SyncFlush).await;
    broker.send("orders", "", b"hello").await;
    let offset = read(&broker, "orders", 0).await.remove(0).physical_offset;
    assert!(give_back(&broker, &header(offset)).await.is_success());
    let store = &broker.broker.context().store;
    assert_eq!(store.durable_physical_offset(), store.max_physical_offset());
}
