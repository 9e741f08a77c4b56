//! Brokers that refuse pulls, correct offsets, and pass on what administrators want.

use protocol::body::{
    CmResult, ConsumeMessageDirectlyResult, ConsumerRunningInfo, GetConsumerStatusBody,
    ResetOffsetBody,
};
use protocol::message::property;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::*;
use crate::testing::{Said, message};

const PULL: RequestCode = RequestCode::PullMessage;

/// A running consumer of `T` that has read one message of queue 0.
async fn running(cluster: &Cluster, seen: &Seen) -> PushConsumer {
    cluster.a.put("T", 0, &["a"]);
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["a"]).await;
    let reached = || {
        consumer
            .queue_states()
            .iter()
            .any(|state| state.consumed_offset == Some(1))
    };
    until("its offset", reached).await;
    consumer
}

/// Asks the consumer, as a broker does that relays a question.
async fn ask(cluster: &Cluster, request: RemotingCommand) -> RemotingCommand {
    let connection = cluster.a.connections().remove(0);
    connection
        .invoke(request, Duration::from_secs(10))
        .await
        .unwrap()
}

#[tokio::test]
async fn an_offset_that_is_no_more_is_corrected() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    for offset in 5..7 {
        cluster
            .a
            .put_message("T", 0, |message| message.queue_offset = offset);
    }
    cluster.a.set_offset("g", "T", 0, 2);
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["hello", "hello"]).await;
    assert!(seen.has_event(|event| match event {
        ConsumerEvent::OffsetIllegal {
            queue: of,
            requested,
            corrected,
        } => {
            *of == queue(0) && (*requested, *corrected) == (2, 5)
        }
        _ => false,
    }));
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(7));
}

#[tokio::test]
async fn a_broker_that_does_not_know_the_subscription_is_told() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let refusals = Arc::new(Mutex::new(3));
    cluster.a.script(move |request, _| {
        let mut left = refusals.lock();
        if request.code != PULL.code() || *left == 0 {
            return None;
        }
        *left -= 1;
        Some(Said::code(
            ResponseCode::SubscriptionNotExist,
            "the consumer's group info not exist",
        ))
    });
    let beats = || cluster.a.asked(RequestCode::HeartBeat).len();
    let consumer = running(&cluster, &seen).await;
    assert!(beats() > 2);
    assert!(seen.has_event(|event| matches!(event, ConsumerEvent::PullFailed { .. })));
    consumer.shutdown().await;
}

#[tokio::test]
async fn an_administrator_can_move_a_running_group() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let consumer = running(&cluster, &seen).await;
    let offsets = [(queue(0), 0), (MessageQueue::new("T", "elsewhere", 0), 9)].into();
    let request = RemotingCommand::request(RequestCode::ResetConsumerClientOffset)
        .with_field("topic", "T")
        .with_field("group", "g")
        .with_field("timestamp", "0")
        .with_field("isForce", "true")
        .with_body(
            ResetOffsetBody {
                offset_table: offsets,
            }
            .to_json(),
        );
    cluster.a.push(&request);
    seen.wait_for_bodies(&["a", "a"]).await;
    assert!(seen.has_event(|event| matches!(event, ConsumerEvent::OffsetReset { offset: 0, .. })));
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(1));
}

#[tokio::test]
async fn a_consumer_says_how_it_is() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let consumer = running(&cluster, &seen).await;
    let request = RemotingCommand::request(RequestCode::GetConsumerRunningInfo)
        .with_field("consumerGroup", "g")
        .with_field("clientId", consumer.client_id());
    let answer = ask(&cluster, request).await;
    let info = ConsumerRunningInfo::from_json(&answer.body).unwrap();
    assert_eq!(info.mq_table[&queue(0)].commit_offset, 1);
    assert_eq!(info.properties["PROP_CONSUME_TYPE"], "CONSUME_PASSIVELY");
    assert_eq!(
        info.properties["PROP_CONSUMER_START_TIMESTAMP"],
        "1700000000000"
    );
    assert!(info.status_table["T"].consume_ok_tps > 0.0);
    assert_eq!(info.subscription_set.len(), 2);

    let request = RemotingCommand::request(RequestCode::GetConsumerStatusFromClient)
        .with_field("group", "g")
        .with_field("topic", "T");
    let status = GetConsumerStatusBody::from_json(&ask(&cluster, request.clone()).await.body);
    assert_eq!(status.unwrap().message_queue_table[&queue(0)], 1);
    let of_others = request.with_field("group", "other");
    assert_eq!(
        ask(&cluster, of_others).await.response_code(),
        Some(ResponseCode::SystemError)
    );
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_message_can_be_handled_out_of_turn() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let consumer = running(&cluster, &seen).await;
    let mut record = Vec::new();
    let mut old = message("%RETRY%g", 3);
    old.properties.insert(property::RETRY_TOPIC, "T");
    old.encode_record(&mut record).unwrap();
    let request = RemotingCommand::request(RequestCode::ConsumeMessageDirectly)
        .with_field("consumerGroup", "g")
        .with_field("clientId", consumer.client_id())
        .with_field("brokerName", "a")
        .with_body(record);
    let answer = ask(&cluster, request).await;
    let result = ConsumeMessageDirectlyResult::from_json(&answer.body).unwrap();
    assert_eq!(result.consume_result, Some(CmResult::Success));
    assert_eq!(
        seen.deliveries.lock().last().unwrap().messages[0].topic,
        "T"
    );
    consumer.shutdown().await;
}
