//! Where groups go on, as consumers of several makers ask.

use protocol::{RemotingCommand, RequestCode};

use super::*;
use crate::testing::TestBroker;

const TOPIC: &str = "orders";

fn query_request(
    group: &str,
    queue_id: i32,
    set_zero_if_not_found: Option<bool>,
) -> RemotingCommand {
    let header = QueryConsumerOffsetRequestHeader {
        consumer_group: group.to_owned(),
        topic: TOPIC.to_owned(),
        queue_id,
        set_zero_if_not_found,
    };
    RemotingCommand::request(RequestCode::QueryConsumerOffset).with_header(&header)
}

fn update_request(group: &str, queue_id: i32, commit_offset: i64) -> RemotingCommand {
    let header = UpdateConsumerOffsetRequestHeader {
        consumer_group: group.to_owned(),
        topic: TOPIC.to_owned(),
        queue_id,
        commit_offset,
    };
    RemotingCommand::request(RequestCode::UpdateConsumerOffset).with_header(&header)
}

async fn offset_of(broker: &TestBroker, group: &str, queue_id: i32) -> Result<i64, ResponseCode> {
    let answer = broker.ask(query_request(group, queue_id, None)).await;
    match answer.response_code().unwrap() {
        ResponseCode::Success => Ok(answer.ext_fields.get("offset").unwrap().parse().unwrap()),
        code => Err(code),
    }
}

async fn update(broker: &TestBroker, group: &str, queue_id: i32, offset: i64) -> ResponseCode {
    broker
        .ask(update_request(group, queue_id, offset))
        .await
        .response_code()
        .unwrap()
}

/// A broker with a topic of four queues, the first of which has a message, and a group.
async fn broker() -> TestBroker {
    let broker = TestBroker::start().await;
    broker.send(TOPIC, "", b"x").await;
    broker.broker.context().groups.find("g", true).unwrap();
    broker
}

#[tokio::test]
async fn a_committed_offset_is_where_the_group_goes_on() {
    let broker = broker().await;
    assert_eq!(update(&broker, "g", 0, 1).await, ResponseCode::Success);
    assert_eq!(offset_of(&broker, "g", 0).await, Ok(1));
    broker.tell(update_request("g", 1, 5)).await;
    crate::testing::until(async || offset_of(&broker, "g", 1).await == Ok(5)).await;
}

#[tokio::test]
async fn a_new_group_begins_where_there_is_something_and_knows_where_there_is_nothing() {
    let broker = broker().await;
    assert_eq!(
        offset_of(&broker, "g", 0).await,
        Ok(0),
        "the first message is still there"
    );
    assert_eq!(
        offset_of(&broker, "g", 1).await,
        Err(ResponseCode::QueryNotFound),
        "nothing yet"
    );
    let asked = broker.ask(query_request("g", 0, Some(false))).await;
    assert_eq!(asked.response_code(), Some(ResponseCode::QueryNotFound));
}

#[tokio::test]
async fn commits_of_nobody_and_of_nothing_are_refused() {
    let broker = broker().await;
    assert_eq!(
        update(&broker, "nobody", 0, 1).await,
        ResponseCode::SubscriptionGroupNotExist
    );
    assert_eq!(
        update(&broker, "g", 4, 1).await,
        ResponseCode::InvalidParameter
    );
    assert_eq!(
        update(&broker, "g", -1, 1).await,
        ResponseCode::InvalidParameter
    );
    broker.broker.context().topics.delete(TOPIC);
    assert_eq!(
        update(&broker, "g", 0, 1).await,
        ResponseCode::TopicNotExist
    );
}

#[tokio::test]
async fn a_client_that_commits_minus_one_has_committed_nothing() {
    let broker = broker().await;
    assert_eq!(update(&broker, "g", 0, 1).await, ResponseCode::Success);
    assert_eq!(update(&broker, "g", 0, -1).await, ResponseCode::Success);
    assert_eq!(offset_of(&broker, "g", 0).await, Ok(1));
}

#[tokio::test]
async fn what_is_committed_before_a_reset_was_noticed_does_not_count() {
    let broker = broker().await;
    broker
        .broker
        .context()
        .offsets
        .assign_reset_offset("g", TOPIC, 0, 0)
        .unwrap();
    let answer = broker.ask(update_request("g", 0, 1)).await;
    assert!(answer.is_success());
    assert_eq!(
        answer.remark.as_deref(),
        Some("Offset has been previously reset")
    );
    assert_eq!(offset_of(&broker, "g", 0).await, Ok(0));
}

#[tokio::test]
async fn a_group_goes_on_after_a_restart_of_the_broker() {
    let broker = broker().await;
    assert_eq!(update(&broker, "g", 0, 1).await, ResponseCode::Success);
    let broker = broker.stop_and_restart().await;
    assert_eq!(offset_of(&broker, "g", 0).await, Ok(1));
    assert_eq!(update(&broker, "g", 0, 2).await, ResponseCode::Success);
    broker.broker.context().offsets.persist().unwrap();
    assert_eq!(update(&broker, "g", 0, 3).await, ResponseCode::Success);
    let broker = broker.kill_and_restart().await;
    assert_eq!(
        offset_of(&broker, "g", 0).await,
        Ok(2),
        "what was written last"
    );
}

#[test]
fn this_machine_has_memory() {
    assert!(*IN_MEMORY_BYTES > 64 << 20);
}
