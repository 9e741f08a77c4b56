//! Orderly consumers that share out queues.

use protocol::body::MessageQueue;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::testing::TestBroker;

use super::*;

fn body(client_id: &str, queues: &[i32]) -> LockBatchRequestBody {
    let queue = |queue_id: &i32| MessageQueue::new("orders", "DEFAULT_BROKER", *queue_id);
    LockBatchRequestBody {
        client_id: client_id.to_owned(),
        consumer_group: "g".to_owned(),
        mq_set: queues.iter().map(queue).collect(),
        only_this_broker: false,
    }
}

async fn locked(broker: &TestBroker, client_id: &str, queues: &[i32]) -> Vec<i32> {
    let body = body(client_id, queues).to_json();
    let answer = broker
        .ask(RemotingCommand::request(RequestCode::LockBatchMq).with_body(body))
        .await;
    let body = LockBatchResponseBody::from_json(&answer.body).unwrap();
    body.lock_ok_mq_set
        .iter()
        .map(|queue| queue.queue_id)
        .collect()
}

#[tokio::test]
async fn a_queue_is_locked_for_one_client_until_it_gives_it_back() {
    let broker = TestBroker::start().await;
    assert_eq!(locked(&broker, "a", &[0, 1]).await, [0, 1]);
    assert_eq!(locked(&broker, "b", &[1, 2]).await, [2]);
    let unlock = RemotingCommand::request(RequestCode::UnlockBatchMq);
    let answer = broker
        .ask(unlock.with_body(body("a", &[0, 1]).to_json()))
        .await;
    assert!(answer.is_success());
    assert_eq!(locked(&broker, "b", &[0, 1]).await, [0, 1]);
}

#[tokio::test]
async fn an_illegal_group_locks_nothing() {
    let broker = TestBroker::start().await;
    let body = LockBatchRequestBody {
        consumer_group: "../g".to_owned(),
        ..body("a", &[0])
    };
    let request = RemotingCommand::request(RequestCode::LockBatchMq).with_body(body.to_json());
    assert_eq!(
        broker.ask(request).await.response_code(),
        Some(ResponseCode::InvalidParameter)
    );
}
