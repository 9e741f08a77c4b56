//! Members that come and go, and what each of them reads.

use protocol::RequestCode;

use super::*;
use crate::consumer::rebalance::AveragelyByCircle;

/// A topic with four queues, dealt out by circle.
fn circle(seen: &Seen, cluster: &Cluster) -> PushConsumerConfig {
    cluster.namesrv.set_topic("T", 4, &[&cluster.a]);
    let mut config = seen.config();
    config.strategy = Arc::new(AveragelyByCircle);
    config
}

async fn join(cluster: &Cluster, config: PushConsumerConfig, seen: &Seen) -> PushConsumer {
    cluster
        .client()
        .push_consumer(config, seen.always(Consumed::Success))
        .await
        .unwrap()
}

#[tokio::test]
async fn two_members_share_and_the_last_one_has_all() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let config = circle(&seen, &cluster);
    let one = join(&cluster, config.clone(), &seen).await;
    until("all queues", || of_topic(one.queues(), "T") == [0, 1, 2, 3]).await;
    let two = join(&cluster, config, &seen).await;
    cluster.a.notify("g");
    let (first, second) = if one.client_id() < two.client_id() {
        (one, two)
    } else {
        (two, one)
    };
    until("half of them", || {
        of_topic(first.queues(), "T") == [0, 2] && of_topic(second.queues(), "T") == [1, 3]
    })
    .await;
    let shared = || {
        seen.has_event(|event| match event {
            ConsumerEvent::Allocated {
                topic,
                members,
                queues,
                removed,
                ..
            } => topic == "T" && members.len() == 2 && queues.len() == 4 && removed.len() == 2,
            _ => false,
        })
    };
    until("the event", shared).await;

    let bodies = ["0", "1", "2", "3"];
    for (id, body) in (0..4).zip(bodies) {
        cluster.a.put("T", id, &[body]);
    }
    seen.wait_for_bodies(&bodies).await;

    first.shutdown().await;
    cluster.a.notify("g");
    until("all queues again", || {
        of_topic(second.queues(), "T") == [0, 1, 2, 3]
    })
    .await;
    second.shutdown().await;
    assert_eq!(
        (0..4)
            .map(|id| cluster.a.offset("g", "T", id))
            .collect::<Vec<_>>(),
        [Some(1); 4]
    );
}

#[tokio::test]
async fn a_queue_that_is_given_up_goes_on_where_it_was_left() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let mut config = circle(&seen, &cluster);
    config.commit_interval = Duration::from_millis(5);
    let bodies = ["0", "1", "2", "3"];
    for (id, body) in (0..4).zip(bodies) {
        cluster.a.put("T", id, &[body]);
    }
    let one = join(&cluster, config.clone(), &seen).await;
    seen.wait_for_bodies(&bodies).await;
    // Until then a new member cannot know that they have been read.
    let committed = || (0..4).all(|id| cluster.a.offset("g", "T", id) == Some(1));
    until("all offsets to be committed", committed).await;
    let two = join(&cluster, config, &seen).await;
    cluster.a.notify("g");
    until("a share each", || {
        of_topic(one.queues(), "T").len() == 2 && of_topic(two.queues(), "T").len() == 2
    })
    .await;
    for (id, body) in (0..4).zip(["4", "5", "6", "7"]) {
        cluster.a.put("T", id, &[body]);
    }
    seen.wait_for_bodies(&["0", "1", "2", "3", "4", "5", "6", "7"])
        .await;
    one.shutdown().await;
    two.shutdown().await;
}

#[tokio::test]
async fn a_broker_that_has_forgotten_the_group_hears_from_it() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let config = circle(&seen, &cluster);
    let one = join(&cluster, config, &seen).await;
    until("all queues", || of_topic(one.queues(), "T").len() == 4).await;
    let beats = cluster.a.asked(RequestCode::HeartBeat).len();
    cluster.a.forget_members();
    cluster.a.notify("g");
    until("a heartbeat", || {
        cluster.a.asked(RequestCode::HeartBeat).len() > beats
    })
    .await;
    until("the member", || cluster.a.members("g") == [one.client_id()]).await;
    until("all queues", || of_topic(one.queues(), "T").len() == 4).await;
    one.shutdown().await;
}

#[tokio::test]
async fn a_broker_that_joins_is_read_and_one_that_leaves_is_given_up() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let b = FakeBroker::start("b").await;
    let mut config = crate::ClientConfig::new(vec![cluster.namesrv.addr().to_owned()]);
    config.route_refresh_interval = Duration::from_millis(5);
    let (client, _) = crate::testing::client_with(config);
    let listener = seen.always(Consumed::Success);
    let consumer = client.push_consumer(seen.config(), listener).await.unwrap();
    until("its queues", || of_topic(consumer.queues(), "T") == [0, 1]).await;
    cluster.namesrv.set_topic("T", 2, &[&cluster.a, &b]);
    b.put("T", 1, &["new"]);
    seen.wait_for_bodies(&["new"]).await;
    assert_eq!(of_topic(consumer.queues(), "T"), [0, 1, 0, 1]);

    cluster.a.kill().await;
    cluster.namesrv.set_topic("T", 2, &[&b]);
    cluster.namesrv.set_topic("%RETRY%g", 1, &[&b]);
    until("its queues given up", || {
        consumer
            .queues()
            .iter()
            .all(|queue| queue.broker_name == "b")
    })
    .await;
    b.put("T", 0, &["newer"]);
    seen.wait_for_bodies(&["new", "newer"]).await;
    consumer.shutdown().await;
    assert_eq!(b.offset("g", "T", 1), Some(1));
}

#[tokio::test]
async fn a_retry_topic_may_come_later() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.namesrv.remove_topic("%RETRY%g");
    let listener = seen.always(Consumed::Success);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    until("its queues", || of_topic(consumer.queues(), "T") == [0, 1]).await;
    cluster.namesrv.set_topic("%RETRY%g", 1, &[&cluster.a]);
    until("the retry queue", || {
        of_topic(consumer.queues(), "%RETRY%g") == [0]
    })
    .await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn news_of_the_group_commit_what_is_reached() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let config = circle(&seen, &cluster);
    cluster.a.put("T", 2, &["a"]);
    let one = join(&cluster, config, &seen).await;
    seen.wait_for_bodies(&["a"]).await;
    let reached = || {
        let states = one.queue_states();
        states.iter().any(|state| state.consumed_offset == Some(1))
    };
    until("the offset", reached).await;
    assert_eq!(cluster.a.offset("g", "T", 2), None);
    cluster.a.notify("g");
    until("the commit", || cluster.a.offset("g", "T", 2) == Some(1)).await;
    one.shutdown().await;
}
