//! Finding messages by key, by their own id and by where they lie.

use protocol::header::{
    QueryMessageRequestHeader, QueryMessageResponseHeader, ViewMessageRequestHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::testing::{TestBroker, bodies};

fn query(topic: &str, key: &str) -> RemotingCommand {
    let header = QueryMessageRequestHeader {
        topic: topic.to_owned(),
        key: key.to_owned(),
        max_num: 64,
        begin_timestamp: 0,
        end_timestamp: i64::MAX,
    };
    RemotingCommand::request(RequestCode::QueryMessage).with_header(&header)
}

#[tokio::test]
async fn messages_are_found_by_key_and_by_unique_key() {
    let broker = TestBroker::start().await;
    broker
        .send("orders", "KEYS\u{1}k1 k2\u{2}UNIQ_KEY\u{1}U1\u{2}", b"one")
        .await;
    broker
        .send("orders", "KEYS\u{1}k2\u{2}UNIQ_KEY\u{1}U2\u{2}", b"two")
        .await;
    broker.send("others", "KEYS\u{1}k2\u{2}", b"three").await;
    let found = async |request| {
        let mut bodies = bodies(&broker.ask(request).await);
        bodies.sort();
        bodies
    };
    assert_eq!(found(query("orders", "k2")).await, ["one", "two"]);
    assert_eq!(found(query("orders", "k1")).await, ["one"]);
    let by_id = query("orders", "U2").with_field("_UNIQUE_KEY_QUERY", "true");
    assert_eq!(found(by_id).await, ["two"]);
    let answer = broker.ask(query("orders", "k2")).await;
    let header: QueryMessageResponseHeader = answer.header().unwrap();
    assert!(header.index_last_update_phyoffset > 0);

    let answer = broker.ask(query("orders", "k3")).await;
    assert_eq!(answer.response_code(), Some(ResponseCode::QueryNotFound));
    let remark = answer.remark.unwrap();
    assert_eq!(remark, "can not find message, maybe time range not correct");
    // A count that nobody can mean.
    let mut absurd = query("orders", "k2");
    absurd.ext_fields.insert("maxNum", "2147483647");
    assert_eq!(found(absurd).await.len(), 2);
}

#[tokio::test]
async fn an_answer_to_a_query_fits_into_a_frame() {
    let broker = TestBroker::start().await;
    let body = vec![b'x'; 3 * 1024 * 1024];
    for _ in 0..4 {
        broker.send("big", "KEYS\u{1}k\u{2}", &body).await;
    }
    assert_eq!(bodies(&broker.ask(query("big", "k")).await).len(), 2);
}

#[tokio::test]
async fn what_lies_nowhere_is_not_found() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"x").await;
    for offset in [1, -1, i64::MAX] {
        let header = ViewMessageRequestHeader {
            topic: None,
            offset,
        };
        let request = RemotingCommand::request(RequestCode::ViewMessageById).with_header(&header);
        let answer = broker.ask(request).await;
        assert_eq!(answer.response_code(), Some(ResponseCode::SystemError));
        let remark = answer.remark.unwrap();
        assert_eq!(
            remark,
            format!("can not find message by the offset, {offset}")
        );
    }
}
