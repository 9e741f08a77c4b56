//! Sends against brokers that answer, refuse, are slow or are gone.

use protocol::body::HeartbeatData;
use protocol::message::{CompressionKind, batch, decompress};
use protocol::{RemotingCommand, RequestCode};

use super::*;
use crate::Client;
use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of, until};

const SEND: RequestCode = RequestCode::SendMessageV2;

/// A topic `T` with two queues on each of two brokers.
struct Cluster {
    namesrv: FakeNamesrv,
    a: FakeBroker,
    b: FakeBroker,
    client: Client,
}

impl Cluster {
    async fn start() -> Self {
        let namesrv = FakeNamesrv::start().await;
        let (a, b) = (FakeBroker::start("a").await, FakeBroker::start("b").await);
        namesrv.set_topic("T", 2, &[&a, &b]);
        let (client, _) = client_of(&[&namesrv]);
        Self {
            namesrv,
            a,
            b,
            client,
        }
    }

    fn producer(&self) -> Producer {
        self.client.producer(ProducerConfig::new("g")).unwrap()
    }

    /// How many sends each broker has seen.
    fn sends(&self) -> (usize, usize) {
        (self.a.asked(SEND).len(), self.b.asked(SEND).len())
    }
}

fn message() -> Message {
    Message::new("T", "hello").with_tags("TagA")
}

fn refuse(broker: &FakeBroker, code: ResponseCode) {
    broker.on(SEND, move |_| Said::code(code, "no"));
}

#[tokio::test]
async fn sends_go_round_all_queues_and_say_where_they_went() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    let mut queues = Vec::new();
    for _ in 0..4 {
        let result = producer.send(message()).await.unwrap();
        assert_eq!(
            (result.status, result.queue_offset),
            (SendStatus::SendOk, 0)
        );
        assert_eq!((result.msg_id.len(), result.offset_msg_id.len()), (32, 32));
        queues.push(result.queue);
    }
    queues.sort();
    assert_eq!(queues, producer.queues("T").await.unwrap());
    assert_eq!(producer.send(message()).await.unwrap().queue_offset, 1);
    let request = cluster.a.asked(SEND).remove(0);
    assert_eq!(request.ext_fields.get("a"), Some("g"));
    assert_eq!(request.ext_fields.get("g"), Some("1700000000000"));
    assert!(
        request
            .ext_fields
            .get("i")
            .unwrap()
            .contains("TAGS\u{1}TagA\u{2}")
    );
    assert_eq!(request.body, "hello");
}

#[tokio::test]
async fn what_one_broker_cannot_do_another_can() {
    for code in [
        ResponseCode::SystemBusy,
        ResponseCode::NoPermission,
        ResponseCode::GoAway,
    ] {
        let cluster = Cluster::start().await;
        refuse(&cluster.a, code);
        let producer = cluster.producer();
        for _ in 0..4 {
            let result = producer.send(message()).await.unwrap();
            assert_eq!(result.queue.broker_name, "b", "{code:?}");
        }
        assert!(cluster.sends().0 > 0, "{code:?}");
    }
}

#[tokio::test]
async fn what_no_broker_will_do_is_tried_once() {
    let cluster = Cluster::start().await;
    refuse(&cluster.a, ResponseCode::MessageIllegal);
    refuse(&cluster.b, ResponseCode::MessageIllegal);
    let error = cluster.producer().send(message()).await.unwrap_err();
    assert_eq!(error.response_code(), Some(ResponseCode::MessageIllegal));
    assert_eq!(cluster.sends().0 + cluster.sends().1, 1);
}

#[tokio::test]
async fn tries_come_to_an_end() {
    let cluster = Cluster::start().await;
    refuse(&cluster.a, ResponseCode::SystemError);
    refuse(&cluster.b, ResponseCode::SystemError);
    let error = cluster.producer().send(message()).await.unwrap_err();
    assert_eq!(error.response_code(), Some(ResponseCode::SystemError));
    assert_eq!(cluster.sends().0 + cluster.sends().1, 3);
}

#[tokio::test]
async fn a_chosen_queue_is_not_exchanged_for_another() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    let queue = MessageQueue::new("T", "a", 1);
    let result = producer.send_to_queue(&queue, message()).await.unwrap();
    assert_eq!(result.queue, queue);
    refuse(&cluster.a, ResponseCode::SystemBusy);
    assert!(producer.send_to_queue(&queue, message()).await.is_err());
    assert_eq!(cluster.sends(), (2, 0));
    let nowhere = MessageQueue::new("T", "c", 0);
    let error = producer
        .send_to_queue(&nowhere, message())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ClientError::QueueNotFound {
            queue: nowhere,
            known: 4
        }
    );
}

#[tokio::test]
async fn one_key_goes_to_one_queue() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    let mut queues = Vec::new();
    for _ in 0..3 {
        queues.push(
            producer
                .send_by_key("order-7", message())
                .await
                .unwrap()
                .queue,
        );
        let keyed = message().with_property("__SHARDINGKEY", "order-7");
        queues.push(producer.send(keyed.clone()).await.unwrap().queue);
        queues.push(producer.send_oneway(keyed).await.unwrap());
    }
    queues.dedup();
    assert_eq!(queues.len(), 1);
}

#[tokio::test]
async fn a_broker_that_is_gone_is_gone_round() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    producer.send(message()).await.unwrap();
    cluster.a.kill().await;
    cluster.namesrv.set_topic("T", 2, &[&cluster.b]);
    for _ in 0..4 {
        let result = producer.send(message()).await.unwrap();
        assert_eq!(result.queue.broker_name, "b");
    }
}

#[tokio::test]
async fn when_all_are_gone_the_error_says_who_and_why() {
    let cluster = Cluster::start().await;
    cluster.a.kill().await;
    cluster.b.kill().await;
    let error = cluster.producer().send(message()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cannot be reached: 127.0.0.1:"), "{text}");
    assert!(text.ends_with("connection refused"), "{text}");
}

#[tokio::test]
async fn silence_ends_with_the_time_for_the_send() {
    let cluster = Cluster::start().await;
    cluster.a.on(SEND, |_| Said::Nothing);
    let config = ProducerConfig {
        send_timeout: Duration::from_millis(60),
        ..ProducerConfig::new("g")
    };
    let producer = cluster.client.producer(config).unwrap();
    let queue = MessageQueue::new("T", "a", 0);
    let error = producer.send_to_queue(&queue, message()).await.unwrap_err();
    let (what, addr) = ("broker a".to_owned(), cluster.a.addr().to_owned());
    assert_eq!(
        error,
        ClientError::Timeout {
            what,
            addr,
            after: Duration::from_millis(60)
        }
    );
}

#[tokio::test]
async fn stored_but_less_safe_is_said_and_can_be_tried_elsewhere() {
    let cluster = Cluster::start().await;
    cluster.a.on(SEND, |_| {
        let header = protocol::header::SendMessageResponseHeader::default();
        let code = ResponseCode::FlushDiskTimeout;
        Said::Answer(RemotingCommand::response(code).with_header(&header))
    });
    let queue = MessageQueue::new("T", "a", 0);
    let result = cluster
        .producer()
        .send_to_queue(&queue, message())
        .await
        .unwrap();
    assert_eq!(result.status.name(), "FLUSH_DISK_TIMEOUT");
    let config = ProducerConfig {
        retry_another_broker_when_not_store_ok: true,
        ..ProducerConfig::new("g")
    };
    let producer = cluster.client.producer(config).unwrap();
    for _ in 0..4 {
        assert_eq!(
            producer.send(message()).await.unwrap().status,
            SendStatus::SendOk
        );
    }
}

#[tokio::test]
async fn a_new_topic_goes_where_its_template_is() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    let error = producer.send(Message::new("new", "a")).await.unwrap_err();
    let namesrv = cluster.namesrv.addr().to_owned();
    assert_eq!(
        error,
        ClientError::TopicNotFound {
            topic: "new".into(),
            namesrv
        }
    );
    cluster.namesrv.set_topic("TBW102", 8, &[&cluster.a]);
    assert_eq!(producer.queues("new").await.unwrap().len(), 4);
    let result = producer.send(Message::new("new", "a")).await.unwrap();
    assert_eq!(result.queue.topic, "new");
    let request = cluster.a.asked(SEND).remove(0);
    assert_eq!(request.ext_fields.get("c"), Some("TBW102"));
    assert_eq!(request.ext_fields.get("d"), Some("4"));
    // what is only guessed is nothing to read from
    assert!(cluster.client.topic_route("new").await.is_err());
}

#[tokio::test]
async fn a_topic_without_a_master_takes_nothing() {
    let cluster = Cluster::start().await;
    cluster.namesrv.set_topic("T", 0, &[&cluster.a]);
    let error = cluster.producer().send(message()).await.unwrap_err();
    assert!(matches!(error, ClientError::NoQueue { .. }), "{error}");
}

#[tokio::test]
async fn one_way_sends_wait_for_nobody() {
    let cluster = Cluster::start().await;
    cluster.a.on(SEND, |_| Said::Nothing);
    let queue = MessageQueue::new("T", "a", 0);
    cluster
        .producer()
        .send_oneway_to_queue(&queue, message())
        .await
        .unwrap();
    assert!(cluster.a.wait_for(SEND).await.is_oneway());
}

#[tokio::test]
async fn batches_and_long_bodies_arrive_as_they_should() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    let queue = MessageQueue::new("T", "a", 0);
    let result = producer
        .send_batch_to_queue(&queue, vec![message(), message()])
        .await
        .unwrap();
    assert_eq!(result.msg_id.split(',').count(), 2);
    let request = cluster.a.asked(RequestCode::SendBatchMessage).remove(0);
    assert_eq!(batch::elements(&request.body).count(), 2);

    let long = vec![b'x'; 10_000];
    producer
        .send_to_queue(&queue, Message::new("T", long.clone()))
        .await
        .unwrap();
    let request = cluster.a.asked(SEND).remove(0);
    assert_eq!(request.ext_fields.get("f"), Some("769"));
    assert_eq!(
        decompress(CompressionKind::Zlib, &request.body, 20_000).unwrap(),
        long
    );
}

#[tokio::test]
async fn brokers_hear_of_a_producer_that_comes_and_goes() {
    let cluster = Cluster::start().await;
    let producer = cluster.producer();
    producer.send(message()).await.unwrap();
    let beat = cluster.b.wait_for(RequestCode::HeartBeat).await;
    let data = HeartbeatData::from_json(&beat.body).unwrap();
    assert_eq!(data.client_id, cluster.client.client_id());
    assert_eq!(data.producer_data_set[0].group_name, "g");
    producer.shutdown().await;
    let farewell = cluster.a.asked(RequestCode::UnregisterClient).remove(0);
    assert_eq!(farewell.ext_fields.get("producerGroup"), Some("g"));
    assert_eq!(producer.send(message()).await, Err(ClientError::ShutDown));
    cluster.client.shutdown().await;
    until("all connections to end", || {
        cluster.a.connections().is_empty()
    })
    .await;
}
