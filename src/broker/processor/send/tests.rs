//! Producers of all kinds, over real sockets.

use protocol::header::{
    NoHeader, SendMessageRequestHeader, SendMessageResponseHeader, ViewMessageRequestHeader,
};
use protocol::message::{Message, OffsetMsgId, batch, property};
use protocol::{RemotingCommand, RequestCode, ResponseCode, SerializeType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::FlushDiskType;
use crate::testing::{TestBroker, bodies, messages, pull_header, send_header, send_request};

const UNIQUE_KEY: &str = "UNIQ_KEY\u{1}7F0000010001\u{2}";

fn code(answer: &RemotingCommand) -> ResponseCode {
    answer.response_code().unwrap()
}

#[tokio::test]
async fn an_old_client_sends_with_long_names_in_json() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        properties: UNIQUE_KEY,
        ..send_header("orders")
    };
    let request = RemotingCommand::request(RequestCode::SendMessage)
        .with_header(&header.with_long_names())
        .with_body("hello");
    let answer = broker.ask(request).await;
    assert!(answer.is_success(), "{answer:?}");
    assert_eq!(answer.serialize_type, SerializeType::Json);
    assert_eq!(answer.ext_fields.get("MSG_REGION"), Some("DefaultRegion"));
    assert_eq!(answer.ext_fields.get("TRACE_ON"), Some("true"));

    let sent: SendMessageResponseHeader = answer.header().unwrap();
    assert!((0..4).contains(&sent.queue_id));
    assert_eq!(sent.queue_offset, 0);
    assert_eq!(sent.transaction_id.as_deref(), Some("7F0000010001"));
    assert!(sent.msg_id.len() == 32 && sent.msg_id == sent.msg_id.to_uppercase());
    let id: OffsetMsgId = sent.msg_id.parse().unwrap();
    assert_eq!(id.host, broker.socket_addr());

    let view = ViewMessageRequestHeader {
        topic: None,
        offset: id.physical_offset,
    };
    let request = RemotingCommand::request(RequestCode::ViewMessageById).with_header(&view);
    let stored = messages(&broker.ask(request).await).remove(0);
    assert_eq!(
        (stored.topic.as_str(), &stored.body[..]),
        ("orders", &b"hello"[..])
    );
    assert_eq!(stored.store_host, broker.socket_addr());
    assert_eq!(stored.born_timestamp, header.born_timestamp);
    let expected = [
        (property::UNIQUE_KEY, "7F0000010001"),
        (property::MSG_REGION, "DefaultRegion"),
        (property::TRACE_SWITCH, "true"),
        (property::CLUSTER, "DefaultCluster"),
    ];
    assert_eq!(stored.properties.iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_new_client_sends_with_letters_in_binary() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        properties: "POP_CK\u{1}forged\u{2}TAGS\u{1}TagA",
        queue_id: 3,
        ..send_header("orders")
    };
    let mut request = send_request(&header, b"hello");
    request.serialize_type = SerializeType::RocketMq;
    let answer = broker.ask(request).await;
    assert!(answer.is_success(), "{answer:?}");
    assert_eq!(answer.serialize_type, SerializeType::RocketMq);
    let sent: SendMessageResponseHeader = answer.header().unwrap();
    assert_eq!((sent.queue_id, sent.queue_offset), (3, 0));

    let pull = protocol::header::PullMessageRequestHeader {
        queue_id: 3,
        ..pull_header("orders")
    };
    let stored = messages(&broker.pull(&pull).await).remove(0);
    assert_eq!(stored.properties.get(property::POP_CK), None);
    assert_eq!(stored.properties.get(property::TAGS), Some("TagA"));
    let made_key = stored.properties.get(property::UNIQUE_KEY).unwrap();
    assert_eq!(made_key.len(), 32);
    assert_eq!(sent.transaction_id.as_deref(), Some(made_key));
}

#[tokio::test]
async fn a_batch_is_stored_side_by_side() {
    let broker = TestBroker::start().await;
    let batch: Vec<Message> = ["a", "b", "c"]
        .map(|body| Message::new("orders", body))
        .to_vec();
    let header = SendMessageRequestHeader {
        batch: true,
        queue_id: 0,
        ..send_header("orders")
    };
    broker.send("orders", "", b"before").await;
    let answer = broker
        .ask(send_request(&header, &batch::encode(&batch).unwrap()))
        .await;
    let sent: SendMessageResponseHeader = answer.header().unwrap();
    assert_eq!(sent.queue_offset, 1);
    let ids: Vec<OffsetMsgId> = sent
        .msg_id
        .split(',')
        .map(|id| id.parse().unwrap())
        .collect();
    assert_eq!(ids.len(), 3);
    let stored = broker.pull(&pull_header("orders")).await;
    assert_eq!(bodies(&stored), ["before", "a", "b", "c"]);
    let offsets: Vec<i64> = messages(&stored)
        .iter()
        .map(|one| one.physical_offset)
        .collect();
    assert_eq!(
        offsets[1..],
        ids.iter().map(|id| id.physical_offset).collect::<Vec<_>>()
    );

    for (header, body) in [
        (header, &b"cut"[..]),
        (header, &b""[..]),
        (
            SendMessageRequestHeader {
                topic: "%RETRY%g",
                ..header
            },
            &b""[..],
        ),
        (
            SendMessageRequestHeader {
                properties: "DELAY\u{1}3\u{2}",
                ..header
            },
            &b""[..],
        ),
    ] {
        let answer = broker.ask(send_request(&header, body)).await;
        assert_eq!(code(&answer), ResponseCode::MessageIllegal, "{answer:?}");
    }
    assert_eq!(bodies(&broker.pull(&pull_header("orders")).await).len(), 4);
}

#[tokio::test]
async fn a_send_makes_its_topic_with_the_queues_the_client_asks_for() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        default_topic_queue_nums: 2,
        ..send_header("new")
    };
    assert!(broker.ask(send_request(&header, b"x")).await.is_success());
    let third = SendMessageRequestHeader {
        queue_id: 2,
        ..header
    };
    let answer = broker.ask(send_request(&third, b"x")).await;
    assert_eq!(code(&answer), ResponseCode::InvalidParameter);
    assert!(
        answer
            .remark
            .unwrap()
            .starts_with("request queueId[2] is illegal")
    );
    assert_eq!(answer.ext_fields.get("MSG_REGION"), Some("DefaultRegion"));
}

#[tokio::test]
async fn topics_that_must_not_be_are_refused_and_leave_nothing_behind() {
    let broker = TestBroker::start().await;
    let refused = async |topic: &str| {
        let answer = broker.ask(send_request(&send_header(topic), b"x")).await;
        assert_eq!(answer.ext_fields.get("TRACE_ON"), Some("true"), "{topic}");
        code(&answer)
    };
    let too_long = "t".repeat(128);
    for illegal in [
        "../../../evil",
        "a/b",
        "a b",
        "a.b",
        "",
        "\u{e9}",
        too_long.as_str(),
    ] {
        assert_eq!(
            refused(illegal).await,
            ResponseCode::InvalidParameter,
            "{illegal:?}"
        );
    }
    for forbidden in [
        "SCHEDULE_TOPIC_XXXX",
        "RMQ_SYS_TRANS_HALF_TOPIC",
        "OFFSET_MOVED_EVENT",
    ] {
        assert_eq!(
            refused(forbidden).await,
            ResponseCode::NoPermission,
            "{forbidden}"
        );
    }
    let made: Vec<_> = std::fs::read_dir(broker.dir().join("consumequeue"))
        .unwrap()
        .collect();
    assert!(made.is_empty(), "{made:?}");
    assert!(!broker.dir().join("../evil").exists());
}

#[tokio::test]
async fn without_auto_creation_an_unknown_topic_is_code_17() {
    let broker = TestBroker::start_with(|config| config.auto_create_topic_enable = false).await;
    let answer = broker
        .ask(send_request(&send_header("unknown"), b"x"))
        .await;
    assert_eq!(code(&answer), ResponseCode::TopicNotExist);
    let remark = answer.remark.unwrap();
    assert!(
        remark.starts_with("topic[unknown] not exist, apply first please!"),
        "{remark}"
    );
}

#[tokio::test]
async fn a_body_at_the_limit_is_taken_and_one_beyond_leaves_the_connection_open() {
    let broker = TestBroker::start_with(|config| config.max_message_size = 3 * 1024 * 1024).await;
    let body = vec![b'x'; 3 * 1024 * 1024];
    broker.send("big", "", &body).await;
    let answer = broker
        .ask(send_request(
            &send_header("big"),
            &[&body[..], b"x"].concat(),
        ))
        .await;
    assert_eq!(code(&answer), ResponseCode::MessageIllegal);
    assert!(
        answer
            .remark
            .unwrap()
            .contains("msg body length limit 3145728B")
    );
    let long = format!("a\u{1}{}\u{2}", "x".repeat(40_000));
    let header = SendMessageRequestHeader {
        properties: &long,
        ..send_header("big")
    };
    assert_eq!(
        code(&broker.ask(send_request(&header, b"x")).await),
        ResponseCode::MessageIllegal
    );
    broker.send("big", "", b"small").await;
    let stored = messages(&broker.pull(&pull_header("big")).await);
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].body.len(), body.len());
}

#[tokio::test]
async fn a_one_way_send_is_stored_and_not_answered() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        queue_id: 0,
        ..send_header("orders")
    };
    for number in 0..3 {
        broker
            .tell(send_request(&header, number.to_string().as_bytes()))
            .await;
    }
    // On the same connection, so that it is processed after them.
    assert_eq!(
        bodies(&broker.pull(&pull_header("orders")).await),
        ["0", "1", "2"]
    );
}

#[tokio::test]
async fn a_synchronous_broker_answers_when_the_message_is_on_the_disk() {
    let broker =
        TestBroker::start_with(|config| config.flush_disk_type = FlushDiskType::SyncFlush).await;
    let answer = broker.send("orders", UNIQUE_KEY, b"on the disk").await;
    let sent: SendMessageResponseHeader = answer.header().unwrap();
    assert_eq!(sent.transaction_id.as_deref(), Some("7F0000010001"));
    assert_eq!(answer.ext_fields.get("MSG_REGION"), Some("DefaultRegion"));
    let context = broker.broker.context();
    assert!(context.store.durable_physical_offset() > 0);
    assert_eq!(
        bodies(&broker.pull(&pull_header("orders")).await),
        ["on the disk"]
    );
    broker.send("orders", "WAIT\u{1}false\u{2}", b"soon").await;
}

#[tokio::test]
async fn half_messages_are_refused() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        properties: "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}g\u{2}",
        sys_flag: 4,
        ..send_header("orders")
    };
    let answer = broker.ask(send_request(&header, b"x")).await;
    assert_eq!(code(&answer), ResponseCode::NoPermission);
    assert_eq!(
        answer.remark.as_deref(),
        Some("transactions are not supported yet")
    );
}

#[tokio::test]
async fn a_message_retried_often_enough_becomes_a_dead_letter() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        properties: "DELAY\u{1}3\u{2}RETRY_TOPIC\u{1}orders\u{2}",
        reconsume_times: 3,
        max_reconsume_times: Some(2),
        ..send_header("%RETRY%g")
    };
    assert!(
        broker
            .ask(send_request(&header, b"dead"))
            .await
            .is_success()
    );
    let stored = messages(&broker.pull(&pull_header("%DLQ%g")).await);
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].properties.get(property::DELAY), None);
    assert_eq!(stored[0].reconsume_times, 3);
}

#[tokio::test]
async fn a_delayed_message_waits_in_the_queue_of_its_level() {
    let broker = TestBroker::start().await;
    let header = SendMessageRequestHeader {
        properties: "DELAY\u{1}99\u{2}",
        queue_id: 2,
        ..send_header("orders")
    };
    let answer = broker.ask(send_request(&header, b"later")).await;
    let sent: SendMessageResponseHeader = answer.header().unwrap();
    assert_eq!(sent.queue_id, 2);
    let pull = protocol::header::PullMessageRequestHeader {
        queue_id: 17,
        ..pull_header("SCHEDULE_TOPIC_XXXX")
    };
    let waiting = messages(&broker.pull(&pull).await).remove(0);
    assert_eq!(waiting.properties.get(property::DELAY), Some("18"));
    assert_eq!(waiting.properties.get(property::REAL_TOPIC), Some("orders"));
    assert_eq!(waiting.properties.get(property::REAL_QUEUE_ID), Some("2"));
}

#[tokio::test]
async fn fields_that_are_numbers_and_booleans_are_read() {
    let broker = TestBroker::start().await;
    let header = br#"{"code":310,"language":"CPP","version":63,"opaque":7,"flag":0,"extFields":{"a":"g","b":"raw","c":"TBW102","d":4,"e":1,"f":0,"g":1700000000000,"h":0,"i":"","j":"0","k":false,"m":"0"},"remark":null}"#;
    let mut frame = Vec::new();
    let header_length = u32::try_from(header.len()).unwrap();
    frame.extend_from_slice(&(4 + header_length + 4).to_be_bytes());
    frame.extend_from_slice(&header_length.to_be_bytes());
    frame.extend_from_slice(header);
    frame.extend_from_slice(b"body");
    let mut socket = TcpStream::connect(broker.socket_addr()).await.unwrap();
    socket.write_all(&frame).await.unwrap();
    let length = socket.read_u32().await.unwrap();
    let mut answer = vec![0; usize::try_from(length).unwrap()];
    socket.read_exact(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.contains(r#""code":0"#) && answer.contains(r#""opaque":7"#),
        "{answer}"
    );
    assert!(answer.contains(r#""queueId":"1""#), "{answer}");
}

#[tokio::test]
async fn a_code_that_is_not_there_is_answered_in_rocketmqs_words() {
    let broker = TestBroker::start().await;
    let mut request = RemotingCommand::request(RequestCode::PopMessage).with_header(&NoHeader);
    let answer = broker.ask(request.clone()).await;
    assert_eq!(code(&answer), ResponseCode::RequestCodeNotSupported);
    let remark = answer.remark.unwrap();
    assert_eq!(remark, " request type 200050 not supported (POP_MESSAGE)");
    request.code = 9_999;
    let remark = broker.ask(request).await.remark.unwrap();
    assert_eq!(remark, " request type 9999 not supported");
}
