//! What consumers are asked on behalf of tools.

use protocol::body::{GetConsumerStatusBody, MessageQueue};
use protocol::header::{
    ConsumeMessageDirectlyResultRequestHeader, GetConsumerRunningInfoRequestHeader,
    GetConsumerStatusRequestHeader,
};
use protocol::message::MessageExt;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{ask, broker_with_messages, refused};
use crate::testing::{TestBroker, messages, pull_header};
use crate::testing_client::{TestClient, consumer_of};

fn running_info(client_id: &str) -> GetConsumerRunningInfoRequestHeader {
    GetConsumerRunningInfoRequestHeader {
        consumer_group: "g".to_owned(),
        client_id: client_id.to_owned(),
        jstack_enable: Some(false),
    }
}

#[tokio::test]
async fn a_consumer_tells_of_itself_through_the_broker() {
    let broker = TestBroker::start().await;
    let consumer = TestClient::of(&broker, "c");
    let code = RequestCode::GetConsumerRunningInfo;
    let answer =
        RemotingCommand::response(ResponseCode::Success).with_body(&b"{\"properties\":{}}"[..]);
    consumer.answers(code, answer);
    consumer.consume("g", &["orders"]).await;
    let request = RemotingCommand::request(code)
        .with_header(&running_info("c"))
        .with_field("AccessKey", "ak")
        .with_field("Signature", "s");
    let answer = broker.ask(request).await;
    assert_eq!(&answer.body[..], b"{\"properties\":{}}");
    let asked = consumer.heard(code).remove(0);
    assert_eq!(asked.ext_fields.get("jstackEnable"), Some("false"));
    assert_eq!(
        asked.ext_fields.get("Signature"),
        None,
        "credentials are the broker's business"
    );

    let (code, remark) = refused(&broker, code, &running_info("nobody")).await;
    assert_eq!(code, ResponseCode::SystemError);
    assert_eq!(remark, "The Consumer <g> <nobody> not online");
}

#[tokio::test]
async fn a_consumer_that_is_too_old_is_not_asked() {
    let broker = TestBroker::start().await;
    let consumer = TestClient::of(&broker, "old");
    let mut heartbeat = consumer_of("g", &["orders"]);
    heartbeat.client_id = "old".to_owned();
    let mut request =
        RemotingCommand::request(RequestCode::HeartBeat).with_body(heartbeat.to_json());
    request.version = protocol::version::V3_1_8_SNAPSHOT - 1;
    assert!(consumer.ask(request).await.is_success());
    let (_, remark) = refused(
        &broker,
        RequestCode::GetConsumerRunningInfo,
        &running_info("old"),
    )
    .await;
    assert!(remark.contains("too low to finish"), "{remark}");
}

#[tokio::test]
async fn a_consumer_that_hangs_up_meanwhile_is_an_error_and_not_silence() {
    let broker = TestBroker::start().await;
    let consumer = TestClient::of(&broker, "c");
    consumer.consume("g", &["orders"]).await;
    // It was not taught an answer, so that it says what any client says of a code it does not know.
    let request = RemotingCommand::request(RequestCode::GetConsumerRunningInfo)
        .with_header(&running_info("c"));
    let answer = broker.ask(request).await;
    assert_eq!(
        answer.response_code(),
        Some(ResponseCode::RequestCodeNotSupported)
    );
}

#[tokio::test]
async fn a_consumer_consumes_one_message_by_request() {
    let broker = broker_with_messages().await;
    let consumer = TestClient::of(&broker, "c");
    let code = RequestCode::ConsumeMessageDirectly;
    let result = &b"{\"consumeResult\":\"CR_SUCCESS\"}"[..];
    consumer.answers(
        code,
        RemotingCommand::response(ResponseCode::Success).with_body(result),
    );
    consumer.consume("g", &["orders"]).await;
    let stored = messages(&broker.pull(&pull_header("orders")).await).remove(1);
    let header = ConsumeMessageDirectlyResultRequestHeader {
        consumer_group: "g".to_owned(),
        client_id: Some("c".to_owned()),
        msg_id: Some(stored.offset_msg_id()),
        topic: Some("orders".to_owned()),
        ..ConsumeMessageDirectlyResultRequestHeader::default()
    };
    let answer = ask(&broker, code, &header).await;
    assert_eq!(&answer.body[..], result);
    let asked = consumer.heard(code).remove(0);
    assert_eq!(asked.ext_fields.get("brokerName"), Some("DEFAULT_BROKER"));
    assert_eq!(asked.ext_fields.get("topicSysFlag"), Some("0"));
    assert_eq!(asked.ext_fields.get("groupSysFlag"), Some("0"));
    let record = protocol::message::RecordView::parse(&asked.body).unwrap();
    assert_eq!(
        &MessageExt::from_record(&record, false).unwrap().body[..],
        b"b"
    );

    for msg_id in [
        None,
        Some("nonsense"),
        Some("7F00000100002A9F00000000000F0000"),
    ] {
        let header = ConsumeMessageDirectlyResultRequestHeader {
            msg_id: msg_id.map(str::to_owned),
            ..header.clone()
        };
        assert_eq!(
            refused(&broker, code, &header).await.0,
            ResponseCode::SystemError
        );
    }
}

#[tokio::test]
async fn the_consumers_of_a_group_tell_how_far_they_have_come() {
    let broker = TestBroker::start().await;
    let header = |client: Option<&str>| GetConsumerStatusRequestHeader {
        topic: "orders".to_owned(),
        group: "g".to_owned(),
        client_addr: client.map(str::to_owned),
    };
    let code = RequestCode::InvokeBrokerToGetConsumerStatus;
    let (_, remark) = refused(&broker, code, &header(None)).await;
    assert_eq!(remark, "No Any Consumer online in the consumer group: [g]");

    let consumers = [(1, "a"), (2, "b")].map(|(offset, id)| {
        let consumer = TestClient::of(&broker, id);
        let message_queue_table =
            [(MessageQueue::new("orders", "DEFAULT_BROKER", 0), offset)].into();
        let body = GetConsumerStatusBody {
            message_queue_table,
            ..GetConsumerStatusBody::default()
        };
        let answer = RemotingCommand::response(ResponseCode::Success).with_body(body.to_json());
        consumer.answers(RequestCode::GetConsumerStatusFromClient, answer);
        consumer
    });
    for consumer in &consumers {
        consumer.consume("g", &["orders"]).await;
    }
    let told = async |client: Option<&str>| {
        let answer = ask(&broker, code, &header(client)).await;
        let table = GetConsumerStatusBody::from_json(&answer.body)
            .unwrap()
            .consumer_table;
        let offsets = table
            .into_iter()
            .map(|(id, queues)| (id, queues.into_values().sum::<i64>()));
        offsets.collect::<Vec<_>>()
    };
    assert_eq!(told(None).await, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(told(Some("b")).await, [("b".to_owned(), 2)]);
}
