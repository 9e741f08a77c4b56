//! Groups: which there are, who is in them, how far they have come, and moving them.

use super::*;

#[tokio::test]
async fn groups_are_those_set_up_and_those_with_retries() {
    let cluster = Cluster::start().await;
    cluster.both(RequestCode::GetAllSubscriptiongroupConfig, |_| {
        let table = [("set-up".to_owned(), SubscriptionGroupConfig::new("set-up"))].into();
        let all = SubscriptionGroupWrapper {
            subscription_group_table: table,
            ..Default::default()
        };
        Said::body(all.to_json())
    });
    cluster
        .namesrv
        .on(RequestCode::GetAllTopicListFromNameserver, |_| {
            let topic_list = ["T", "%RETRY%g", "%DLQ%g"].map(str::to_owned).into();
            Said::body(
                TopicList {
                    topic_list,
                    ..Default::default()
                }
                .to_json(),
            )
        });
    let groups = cluster
        .admin
        .groups()
        .await
        .unwrap()
        .into_complete()
        .unwrap();
    let summary: Vec<_> = groups
        .iter()
        .map(|entry| {
            (
                entry.group.as_str(),
                entry.configs.len(),
                entry.seen_in_retry_topic,
            )
        })
        .collect();
    assert_eq!(summary, [("g", 0, true), ("set-up", 2, false)]);
}

#[tokio::test]
async fn members_of_all_brokers_are_one_group() {
    let cluster = Cluster::start().await;
    let online = |ids: &'static [&'static str], tags: &'static str, version| {
        move |_: &RemotingCommand| {
            let connection = |id: &&str| Connection {
                client_id: (*id).to_owned(),
                ..Default::default()
            };
            let subscription = SubscriptionData::build("T", tags, None, version).unwrap();
            let connection = ConsumerConnection {
                connection_set: ids.iter().map(connection).collect(),
                subscription_table: [("T".to_owned(), subscription)].into(),
                ..Default::default()
            };
            Said::body(connection.to_json())
        }
    };
    cluster.a.on(
        RequestCode::GetConsumerConnectionList,
        online(&["1", "2"], "new", 2),
    );
    cluster.b.on(
        RequestCode::GetConsumerConnectionList,
        online(&["2", "3"], "old", 1),
    );
    let group = cluster.admin.consumer_connection("g").await.unwrap();
    let ids: Vec<_> = group
        .connection_set
        .iter()
        .map(|one| one.client_id.as_str())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(group.subscription_table["T"].sub_string, "new");

    let offline = |_: &RemotingCommand| Said::code(ResponseCode::ConsumerNotOnline, "not online");
    cluster.both(RequestCode::GetConsumerConnectionList, offline);
    let error = cluster.admin.consumer_connection("g").await.unwrap_err();
    assert_eq!(error.response_code(), Some(ResponseCode::ConsumerNotOnline));
    // that somebody could not be asked is worth more than that nobody else knew
    cluster.b.kill().await;
    let error = cluster.admin.consumer_connection("g").await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn progress_is_that_of_all_brokers() {
    let cluster = Cluster::start().await;
    let stats = |name: &'static str, consumed| {
        move |request: &RemotingCommand| {
            assert_eq!(request.ext_fields.get("topic"), Some("T"));
            let offsets = OffsetWrapper {
                broker_offset: 10,
                consumer_offset: consumed,
                pull_offset: 8,
                last_timestamp: 5,
            };
            let offset_table = [(MessageQueue::new("T", name, 0), offsets)].into();
            Said::body(
                ConsumeStats {
                    consume_tps: 1.5,
                    offset_table,
                }
                .to_json(),
            )
        }
    };
    cluster.a.on(RequestCode::GetConsumeStats, stats("a", 4));
    cluster.b.on(RequestCode::GetConsumeStats, stats("b", 9));
    let progress = cluster.admin.consume_stats("g", Some("T")).await.unwrap();
    assert_eq!((progress.lag(), progress.consume_tps), (7, 3.0));
    let in_flight: Vec<_> = progress
        .queues
        .iter()
        .map(QueueProgress::in_flight)
        .collect();
    assert_eq!(in_flight, [4, 0]);
    cluster.b.kill().await;
    let progress = cluster.admin.consume_stats("g", Some("T")).await.unwrap();
    assert_eq!((progress.queues.len(), progress.failed.len()), (1, 1));
    cluster.a.kill().await;
    assert!(cluster.admin.consume_stats("g", Some("T")).await.is_err());
}

#[tokio::test]
async fn a_group_is_moved_by_the_brokers_or_else_by_hand() {
    let cluster = Cluster::start().await;
    cluster
        .a
        .on(RequestCode::InvokeBrokerToResetOffset, |request| {
            assert_eq!(request.ext_fields.get("timestamp"), Some("-1"));
            let offset_table = [(MessageQueue::new("T", "a", 0), 3)].into();
            Said::body(ResetOffsetBody { offset_table }.to_json())
        });
    cluster.b.on(RequestCode::InvokeBrokerToResetOffset, |_| {
        Said::code(ResponseCode::ConsumerNotOnline, "not online")
    });
    cluster.b.put("T", 0, &["x", "y"]);
    let mut reset = ResetOffset {
        group: "g".into(),
        topic: "T".into(),
        queue_id: None,
        to: ResetTo::End,
        force: true,
    };
    let moved = cluster
        .admin
        .reset_offset(&reset)
        .await
        .unwrap()
        .into_complete()
        .unwrap();
    let expected = [
        (MessageQueue::new("T", "a", 0), 3),
        (MessageQueue::new("T", "b", 0), 2),
    ];
    assert_eq!(moved, expected);
    assert_eq!(cluster.b.offset("g", "T", 0), Some(2));

    cluster
        .a
        .on(RequestCode::InvokeBrokerToResetOffset, |request| {
            let field = |name| request.ext_fields.get(name);
            assert_eq!((field("queueId"), field("offset")), (Some("0"), Some("1")));
            Said::code(ResponseCode::SystemError, "not in consume queue range")
        });
    reset.to = ResetTo::Offset(1);
    let moved = cluster.admin.reset_offset(&reset).await.unwrap();
    assert_eq!(moved.items, [(MessageQueue::new("T", "b", 0), 1)]);
    assert_eq!(moved.failed.len(), 1);
    assert_eq!(cluster.b.offset("g", "T", 0), Some(1));
}

#[tokio::test]
async fn offsets_of_queues_and_groups_are_asked_for() {
    let cluster = Cluster::start().await;
    let queue = MessageQueue::new("T", "a", 0);
    cluster.a.put("T", 0, &["x"]);
    let offset = |offset: &'static str| {
        move |_: &RemotingCommand| {
            Said::Answer(
                RemotingCommand::response(ResponseCode::Success).with_field("offset", offset),
            )
        }
    };
    cluster.a.on(RequestCode::GetMinOffset, offset("0"));
    cluster
        .a
        .on(RequestCode::SearchOffsetByTimestamp, offset("1"));
    let admin = &cluster.admin;
    assert_eq!(admin.min_offset(&queue).await, Ok(0));
    assert_eq!(admin.max_offset(&queue).await, Ok(1));
    assert_eq!(admin.search_offset(&queue, 5, Boundary::Lower).await, Ok(1));
    assert_eq!(admin.committed_offset("g", &queue).await, Ok(None));
    admin.update_offset("g", &queue, 1).await.unwrap();
    assert_eq!(admin.committed_offset("g", &queue).await, Ok(Some(1)));
}
