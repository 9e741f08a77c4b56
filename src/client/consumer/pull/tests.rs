//! Reading from brokers that have messages, have none, and have others than asked for.

use bytes::Bytes;
use protocol::message::{CompressionKind, compress, property, sys_flag};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::*;
use crate::PullStatus;
use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of};

struct Reading {
    broker: FakeBroker,
    consumer: PullConsumer,
    queue: MessageQueue,
    _namesrv: FakeNamesrv,
}

impl Reading {
    async fn start() -> Self {
        let (namesrv, broker) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
        namesrv.set_topic("T", 2, &[&broker]);
        let (client, _) = client_of(&[&namesrv]);
        let consumer = client.pull_consumer(crate::TOOLS_CONSUMER_GROUP).unwrap();
        Self {
            broker,
            consumer,
            queue: MessageQueue::new("T", "a", 0),
            _namesrv: namesrv,
        }
    }

    async fn pull(&self, offset: i64) -> PullResult {
        self.consumer
            .pull(&self.queue, offset, &PullOptions::default())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn messages_come_in_order_until_there_are_no_more() {
    let reading = Reading::start().await;
    reading.broker.put("T", 0, &["a", "b", "c"]);
    let options = PullOptions {
        messages_max: 2,
        ..PullOptions::default()
    };
    let first = reading
        .consumer
        .pull(&reading.queue, 0, &options)
        .await
        .unwrap();
    let bodies: Vec<_> = first
        .messages
        .iter()
        .map(|message| &message.body[..])
        .collect();
    assert_eq!(bodies, [b"a", b"b"]);
    assert_eq!(
        (first.status, first.next_offset, first.max_offset),
        (PullStatus::Found, 2, 3)
    );
    assert_eq!(first.messages[0].broker_name, "a");
    let end = reading.pull(3).await;
    assert_eq!((end.status, end.next_offset), (PullStatus::NoNewMessage, 3));
    let beyond = reading.pull(9).await;
    assert_eq!(
        (beyond.status, beyond.next_offset),
        (PullStatus::OffsetIllegal, 3)
    );
    assert_eq!(reading.consumer.queues("T").await.unwrap().len(), 2);
    assert_eq!(reading.consumer.max_offset(&reading.queue).await, Ok(3));
}

#[tokio::test]
async fn a_pull_that_may_wait_is_answered_when_there_is_something() {
    let reading = Reading::start().await;
    let (consumer, queue) = (reading.consumer.clone(), reading.queue.clone());
    let options = PullOptions {
        wait: Duration::from_secs(15),
        ..PullOptions::default()
    };
    let pulling = tokio::spawn(async move { consumer.pull(&queue, 0, &options).await.unwrap() });
    let request = reading.broker.wait_for(RequestCode::PullMessage).await;
    // suspend and subscription; the group has no heartbeats that would name it
    assert_eq!(request.ext_fields.get("sysFlag"), Some("6"));
    assert_eq!(
        request.ext_fields.get("suspendTimeoutMillis"),
        Some("15000")
    );
    assert_eq!(request.ext_fields.get("subscription"), Some("*"));
    assert!(!pulling.is_finished());
    reading.broker.put("T", 0, &["late"]);
    assert_eq!(pulling.await.unwrap().messages[0].body, "late");
}

#[tokio::test]
async fn tags_with_one_hash_are_told_apart() {
    let reading = Reading::start().await;
    for tags in ["Aa", "BB", "Aa"] {
        reading.broker.put_message("T", 0, |message| {
            message.properties.insert(property::TAGS, tags);
        });
    }
    let options = PullOptions {
        filter: FilterExpression::tags("Aa"),
        ..PullOptions::default()
    };
    let result = reading
        .consumer
        .pull(&reading.queue, 0, &options)
        .await
        .unwrap();
    let offsets: Vec<_> = result
        .messages
        .iter()
        .map(|message| message.queue_offset)
        .collect();
    assert_eq!((offsets, result.next_offset), (vec![0, 2], 3));
}

#[tokio::test]
async fn bodies_are_decompressed_where_that_is_possible() {
    let reading = Reading::start().await;
    let kind = CompressionKind::Zlib;
    let squeezed = Bytes::from(compress(kind, b"hello hello hello", 5).unwrap());
    reading.broker.put_message("T", 0, |message| {
        message.body = squeezed;
        message.sys_flag = sys_flag::with_compression(0, Some(kind));
    });
    reading.broker.put_message("T", 0, |message| {
        message.body = Bytes::from_static(b"compressed in some other way");
        message.sys_flag = sys_flag::with_compression(0, Some(kind));
    });
    let result = reading.pull(0).await;
    assert_eq!(result.messages[0].body, "hello hello hello");
    assert_eq!(result.messages[1].body, "compressed in some other way");
    assert!(sys_flag::is_compressed(result.messages[1].sys_flag));
}

#[tokio::test]
async fn a_damaged_body_is_an_error_and_not_a_message() {
    let reading = Reading::start().await;
    reading.broker.put("T", 0, &["abcdef"]);
    let addr = reading.broker.addr().to_owned();
    let whole = reading.pull(0).await;
    let mut record = Vec::new();
    whole.messages[0].encode_record(&mut record).unwrap();
    let at = record
        .windows(6)
        .position(|bytes| bytes == b"abcdef")
        .unwrap();
    record[at] ^= 1;
    reading.broker.on(RequestCode::PullMessage, move |_| {
        let header = protocol::header::PullMessageResponseHeader::default();
        let found = RemotingCommand::response(ResponseCode::Success);
        Said::Answer(found.with_header(&header).with_body(record.clone()))
    });
    let options = PullOptions::default();
    let error = reading
        .consumer
        .pull(&reading.queue, 0, &options)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClientError::Protocol { addr: at, .. } if *at == addr),
        "{error}"
    );
}

#[tokio::test]
async fn offsets_are_committed_and_found_again() {
    let reading = Reading::start().await;
    let (consumer, queue) = (&reading.consumer, &reading.queue);
    assert_eq!(consumer.committed_offset(queue).await, Ok(None));
    consumer.commit_offset(queue, 7).await.unwrap();
    assert_eq!(consumer.committed_offset(queue).await, Ok(Some(7)));
    assert_eq!(reading.broker.offset("TOOLS_CONSUMER", "T", 0), Some(7));
    reading
        .broker
        .on(RequestCode::SearchOffsetByTimestamp, |request| {
            assert_eq!(request.ext_fields.get("boundaryType"), Some("upper"));
            Said::Answer(RemotingCommand::response(ResponseCode::Success).with_field("offset", "5"))
        });
    assert_eq!(
        consumer.search_offset(queue, 1, Boundary::Upper).await,
        Ok(5)
    );
}

#[tokio::test]
async fn a_refusal_is_passed_on_and_a_missing_queue_is_named() {
    let reading = Reading::start().await;
    reading.broker.on(RequestCode::PullMessage, |_| {
        Said::code(ResponseCode::NoPermission, "no")
    });
    let options = PullOptions::default();
    let error = reading
        .consumer
        .pull(&reading.queue, 0, &options)
        .await
        .unwrap_err();
    assert_eq!(error.code_name(), Some("NO_PERMISSION"));
    let elsewhere = MessageQueue::new("T", "b", 0);
    let error = reading
        .consumer
        .pull(&elsewhere, 0, &options)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ClientError::QueueNotFound {
            queue: elsewhere,
            known: 2
        }
    );
}

#[tokio::test]
async fn the_broker_says_from_which_replica_to_read_next() {
    let reading = Reading::start().await;
    reading.broker.put("T", 0, &["a"]);
    reading.broker.on(RequestCode::PullMessage, |_| {
        let found = RemotingCommand::response(ResponseCode::PullNotFound);
        Said::Answer(
            found.with_header(&protocol::header::PullMessageResponseHeader {
                suggest_which_broker_id: 1,
                ..Default::default()
            }),
        )
    });
    reading.pull(0).await;
    // there is no such replica: the master is asked again
    reading.pull(0).await;
    assert_eq!(reading.broker.asked(RequestCode::PullMessage).len(), 2);
}
