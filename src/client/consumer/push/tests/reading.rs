//! From the brokers to the handler, and the offsets back.

use protocol::body::{ConsumeFromWhere, HeartbeatData, MessageModel};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::*;
use crate::ClientError;
use crate::testing::{Said, message};

#[tokio::test]
async fn everything_is_handled_once_and_committed_at_the_end() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a", "b", "c"]);
    cluster.a.put("T", 1, &["d"]);
    let client = cluster.client();
    let listener = seen.always(Consumed::Success);
    let consumer = client.push_consumer(seen.config(), listener).await.unwrap();
    seen.wait_for_bodies(&["a", "b", "c", "d"]).await;
    cluster.a.put("T", 1, &["e"]);
    seen.wait_for_bodies(&["a", "b", "c", "d", "e"]).await;
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(3));
    assert_eq!(cluster.a.offset("g", "T", 1), Some(2));
    assert_eq!(cluster.a.members("g"), Vec::<String>::new());
    assert_eq!(consumer.queues(), []);

    let again = seen.always(Consumed::Success);
    let consumer = client.push_consumer(seen.config(), again).await.unwrap();
    cluster.a.put("T", 0, &["f"]);
    seen.wait_for_bodies(&["a", "b", "c", "d", "e", "f"]).await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_heartbeat_says_what_java_says() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let client = cluster.client();
    let config = seen
        .config()
        .subscribe("U", FilterExpression::tags("TagA || TagB"));
    let listener = seen.always(Consumed::Success);
    let _consumer = client.push_consumer(config, listener).await.unwrap();
    let beat = HeartbeatData::from_json(&cluster.a.asked(RequestCode::HeartBeat)[0].body).unwrap();
    assert_eq!(
        (beat.client_id.as_str(), beat.without_sub),
        (client.client_id(), false)
    );
    let data = &beat.consumer_data_set[0];
    assert_eq!(
        (data.group_name.as_str(), data.message_model),
        ("g", MessageModel::Clustering)
    );
    assert_eq!(
        data.consume_from_where,
        ConsumeFromWhere::ConsumeFromFirstOffset
    );
    let mut wanted: Vec<_> = data
        .subscription_data_set
        .iter()
        .map(|data| (data.topic.as_str(), data.sub_string.as_str()))
        .collect();
    wanted.sort_unstable();
    assert_eq!(
        wanted,
        [("%RETRY%g", "*"), ("T", "*"), ("U", "TagA || TagB")]
    );
    // a topic that does not exist yet is no reason not to start
    assert!(seen.has_event(|event| matches!(event, ConsumerEvent::Warning { .. })));
    client.shutdown().await;
    assert_eq!(cluster.a.members("g"), Vec::<String>::new());
}

#[tokio::test]
async fn a_new_group_begins_where_it_is_told_to() {
    let check = async |start: StartFrom, offset: &'static str| {
        let (cluster, seen) = (Cluster::start().await, Seen::default());
        cluster.namesrv.set_topic("T", 1, &[&cluster.a]);
        cluster.a.put("T", 0, &["a", "b"]);
        cluster
            .a
            .on(RequestCode::SearchOffsetByTimestamp, |request| {
                assert_eq!(request.ext_fields.get("timestamp"), Some("123"));
                Said::Answer(
                    RemotingCommand::response(ResponseCode::Success).with_field("offset", "1"),
                )
            });
        let mut config = seen.config();
        config.start = start;
        let listener = seen.always(Consumed::Success);
        let consumer = cluster
            .client()
            .push_consumer(config, listener)
            .await
            .unwrap();
        until("a first pull", || first_pull(&cluster, "T").is_some()).await;
        assert_eq!(
            first_pull(&cluster, "T").as_deref(),
            Some(offset),
            "{start:?}"
        );
        consumer.shutdown().await;
    };
    check(StartFrom::FirstOffset, "0").await;
    check(StartFrom::LastOffset, "2").await;
    check(StartFrom::Timestamp(123), "1").await;
}

/// The offset of the first pull of a topic.
fn first_pull(cluster: &Cluster, topic: &str) -> Option<String> {
    let pulls = cluster.a.asked(RequestCode::PullMessage);
    let pull = pulls
        .iter()
        .find(|pull| pull.ext_fields.get("topic") == Some(topic))?;
    pull.ext_fields.get("queueOffset").map(str::to_owned)
}

#[tokio::test]
async fn pulls_carry_the_offset_that_is_reached() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a"]);
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["a"]).await;
    cluster.a.put("T", 0, &["b"]);
    seen.wait_for_bodies(&["a", "b"]).await;
    let committed = || {
        let pulls = cluster.a.asked(RequestCode::PullMessage);
        // commit and suspend
        let committing = pulls
            .iter()
            .filter(|pull| pull.ext_fields.get("sysFlag") == Some("3"));
        committing
            .filter_map(|pull| pull.ext_fields.get("commitOffset"))
            .count()
    };
    cluster.a.put("T", 0, &["c"]);
    until("a pull that commits", || committed() > 0).await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn offsets_are_committed_regularly() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a"]);
    let mut config = seen.config();
    config.commit_interval = Duration::from_millis(5);
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    until("a commit", || cluster.a.offset("g", "T", 0) == Some(1)).await;
    let commit = cluster.a.asked(RequestCode::UpdateConsumerOffset).remove(0);
    assert!(commit.is_oneway());
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_lets_handlers_finish() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a"]);
    let (started, finish) = (Arc::new(tokio::sync::Notify::new()), Arc::default());
    let listener = {
        let (started, finish): (_, Arc<tokio::sync::Notify>) =
            (Arc::clone(&started), Arc::clone(&finish));
        move |_: Delivery| {
            let (started, finish) = (Arc::clone(&started), Arc::clone(&finish));
            async move {
                started.notify_one();
                finish.notified().await;
                Consumed::Success
            }
        }
    };
    let mut config = seen.config();
    config.shutdown_wait = Duration::from_secs(20);
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    started.notified().await;
    let ending = tokio::spawn({
        let consumer = consumer.clone();
        async move { consumer.shutdown().await }
    });
    tokio::task::yield_now().await;
    assert_eq!(cluster.a.offset("g", "T", 0), None);
    finish.notify_one();
    ending.await.unwrap();
    assert_eq!(cluster.a.offset("g", "T", 0), Some(1));
}

#[tokio::test]
async fn deliveries_are_as_large_as_wanted_and_tags_are_checked() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.namesrv.set_topic("T", 1, &[&cluster.a]);
    for tags in ["Aa", "BB", "Aa", "Aa"] {
        cluster.a.put_message("T", 0, |message| {
            message.properties.insert("TAGS", tags);
        });
    }
    let mut config = seen.config();
    config.subscriptions = vec![("T".to_owned(), FilterExpression::tags("Aa"))];
    config.batch_max = 2;
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    until("all deliveries", || seen.bodies().len() == 3).await;
    let mut sizes: Vec<_> = seen
        .deliveries
        .lock()
        .iter()
        .map(|delivery| delivery.messages.len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(4));
}

#[tokio::test]
async fn nothing_more_is_pulled_than_may_wait() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.namesrv.set_topic("T", 1, &[&cluster.a]);
    cluster.a.put("T", 0, &["x"; 40]);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let listener = {
        let (gate, seen) = (Arc::clone(&gate), seen.clone());
        move |delivery: Delivery| {
            let (gate, seen) = (Arc::clone(&gate), seen.clone());
            async move {
                gate.acquire().await.unwrap().forget();
                seen.note(&delivery);
                Consumed::Success
            }
        }
    };
    let mut config = seen.config();
    config.cached_messages_max = 7;
    config.pull_batch = 4;
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    let cached = || {
        let states = consumer.queue_states();
        let of_topic = states.iter().find(|state| state.queue == queue(0));
        of_topic.map_or(0, |state| state.cached_messages)
    };
    until("a full cache", || cached() == 8).await;
    gate.add_permits(40);
    until("everything", || seen.bodies().len() == 40).await;
    let pulls = cluster.a.asked(RequestCode::PullMessage);
    let of_topic = pulls
        .iter()
        .filter(|pull| pull.ext_fields.get("topic") == Some("T"));
    assert!(of_topic.count() >= 10);
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_paused_consumer_pulls_nothing() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    until("both queues", || of_topic(consumer.queues(), "T") == [0, 1]).await;
    consumer.pause();
    // the pull that is held is answered with this one; the next does not go out
    cluster.a.put("T", 0, &["a"]);
    seen.wait_for_bodies(&["a"]).await;
    cluster.a.put("T", 0, &["b"]);
    consumer.resume();
    seen.wait_for_bodies(&["a", "b"]).await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let client = cluster.client();
    let refused = async |config| {
        let started = client
            .push_consumer(config, seen.always(Consumed::Success))
            .await;
        started.unwrap_err().to_string()
    };
    let nothing = refused(PushConsumerConfig::new("g")).await;
    assert_eq!(nothing, "a consumer needs at least one topic");
    let mut config = seen.config();
    config.concurrency = 0;
    assert!(refused(config).await.contains("0 messages at a time"));
    let config = PushConsumerConfig::new("no group").subscribe("T", FilterExpression::All);
    assert!(refused(config).await.contains("no group"));
    let config = seen
        .config()
        .subscribe("U", FilterExpression::Tags("||".into()));
    assert_eq!(refused(config).await, "the filter expression is empty");

    let first = client
        .push_consumer(seen.config(), seen.always(Consumed::Success))
        .await
        .unwrap();
    assert!(
        refused(seen.config())
            .await
            .contains("has a consumer of group g already")
    );
    first.shutdown().await;
}

#[tokio::test]
async fn without_a_name_server_nothing_starts() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.namesrv.kill().await;
    let client = cluster.client();
    let started = client
        .push_consumer(seen.config(), seen.always(Consumed::Success))
        .await;
    assert!(matches!(started, Err(ClientError::Unreachable { .. })));
    // and nothing is left behind
    let started = client
        .push_consumer(seen.config(), seen.always(Consumed::Success))
        .await;
    assert!(matches!(started, Err(ClientError::Unreachable { .. })));
}

#[tokio::test]
async fn a_broadcasting_consumer_keeps_its_own_offsets() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let folder = tempfile::tempdir().unwrap();
    cluster.a.put("T", 0, &["a", "b"]);
    let mut config = seen.config();
    config.mode = MessageModel::Broadcasting;
    config.offset_dir = Some(folder.path().to_owned());
    let client = cluster.client();
    // what fails is dropped: there is no retry topic for a group that does not share its queues
    let listener = seen.always(Consumed::Later);
    let consumer = client
        .push_consumer(config.clone(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["a", "b"]).await;
    assert_eq!(consumer.queues(), [queue(0), queue(1)]);
    let reached = || consumer.queue_states()[0].consumed_offset == Some(2);
    until("the offset", reached).await;
    consumer.shutdown().await;
    let file = folder
        .path()
        .join("127.0.0.1@DEFAULT")
        .join("g")
        .join("offsets.json");
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains(r#""queueId":0,"topic":"T"}:2"#)
    );
    assert_eq!(cluster.a.offset("g", "T", 0), None);
    assert!(cluster.a.asked(RequestCode::ConsumerSendMsgBack).is_empty());

    cluster.a.put("T", 0, &["c"]);
    let consumer = client
        .push_consumer(config, seen.always(Consumed::Success))
        .await
        .unwrap();
    seen.wait_for_bodies(&["a", "b", "c"]).await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_retry_shows_the_topic_that_it_was_sent_to() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put_message("%RETRY%g", 0, |retry| {
        *retry = message("%RETRY%g", 0);
        retry.properties.insert("RETRY_TOPIC", "T");
        retry.reconsume_times = 2;
    });
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["hello"]).await;
    let delivery = seen.deliveries.lock().remove(0);
    assert_eq!(delivery.queue, MessageQueue::new("%RETRY%g", "a", 0));
    assert_eq!(delivery.messages[0].topic, "T");
    assert_eq!(delivery.messages[0].reconsume_times, 2);
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "%RETRY%g", 0), Some(1));
}
