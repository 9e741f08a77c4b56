//! Brokers and topics: what is where, and making and deleting it.

use super::*;

#[tokio::test]
async fn brokers_are_found_by_cluster_name_and_address() {
    let cluster = Cluster::start().await;
    let brokers = cluster.admin.brokers().await.unwrap();
    assert_eq!(Cluster::names(&brokers), ["a", "b"]);
    let by_addr = Target::Addr(cluster.b.addr().to_owned());
    assert_eq!(cluster.admin.masters(&by_addr).await.unwrap()[0].name, "b");
    let error = cluster
        .admin
        .masters(&Target::Broker("c".into()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "broker c not found; there are a, b");
    // whoever names an address does without a name server
    cluster.namesrv.kill().await;
    assert_eq!(
        cluster.admin.masters(&by_addr).await.unwrap()[0].addr,
        cluster.b.addr()
    );
    assert!(
        cluster
            .admin
            .masters(&Target::All)
            .await
            .unwrap_err()
            .is_unreachable()
    );
}

#[tokio::test]
async fn a_topic_is_made_on_every_master_that_is_meant() {
    let cluster = Cluster::start().await;
    cluster.both(RequestCode::UpdateAndCreateTopic, done);
    let config = TopicConfig::new("new", 3);
    let created = cluster
        .admin
        .create_topic(&Target::All, &config)
        .await
        .unwrap();
    assert_eq!(
        Cluster::names(&created.into_complete().unwrap()),
        ["a", "b"]
    );
    let request = cluster.a.asked(RequestCode::UpdateAndCreateTopic).remove(0);
    let field = |name| request.ext_fields.get(name);
    assert_eq!(
        (field("topic"), field("defaultTopic")),
        (Some("new"), Some("TBW102"))
    );
    assert_eq!(
        (field("readQueueNums"), field("perm")),
        (Some("3"), Some("6"))
    );
    assert_eq!(
        (field("topicFilterType"), field("order")),
        (Some("SINGLE_TAG"), Some("false"))
    );
    let one = Target::Broker("b".into());
    let created = cluster.admin.create_topic(&one, &config).await.unwrap();
    assert_eq!(Cluster::names(&created.items), ["b"]);
    let illegal = TopicConfig::new("not legal", 3);
    assert!(
        cluster
            .admin
            .create_topic(&Target::All, &illegal)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_broker_that_is_gone_does_not_keep_the_others_from_answering() {
    let cluster = Cluster::start().await;
    cluster.both(RequestCode::UpdateAndCreateTopic, done);
    cluster.b.kill().await;
    let config = TopicConfig::new("new", 3);
    let created = cluster
        .admin
        .create_topic(&Target::All, &config)
        .await
        .unwrap();
    assert_eq!(Cluster::names(&created.items), ["a"]);
    let [(addr, error)] = created.failed.as_slice() else {
        panic!("{created:?}")
    };
    assert_eq!(
        (addr.as_str(), error.is_unreachable()),
        (cluster.b.addr(), true)
    );
}

#[tokio::test]
async fn a_deleted_topic_is_gone_from_brokers_and_name_servers() {
    let cluster = Cluster::start().await;
    cluster.both(RequestCode::DeleteTopicInBroker, done);
    cluster.namesrv.on(RequestCode::DeleteTopicInNamesrv, done);
    let all = Target::Cluster("C".into());
    let deleted = cluster.admin.delete_topic(&all, "T").await.unwrap();
    assert!(deleted.is_complete());
    let request = cluster
        .namesrv
        .asked(RequestCode::DeleteTopicInNamesrv)
        .remove(0);
    assert_eq!(request.ext_fields.get("clusterName"), Some("C"));
    // of one broker alone, the name servers are not told: they would forget the others too
    let one = Target::Broker("a".into());
    cluster.admin.delete_topic(&one, "T").await.unwrap();
    assert_eq!(
        cluster
            .namesrv
            .asked(RequestCode::DeleteTopicInNamesrv)
            .len(),
        1
    );
}

#[tokio::test]
async fn what_brokers_say_of_a_topic_is_put_together() {
    let cluster = Cluster::start().await;
    let stats = |name: &'static str| {
        move |_: &RemotingCommand| {
            let offsets = TopicOffset {
                min_offset: 1,
                max_offset: 9,
                last_update_timestamp: 7,
            };
            let offset_table = [(MessageQueue::new("T", name, 0), offsets)].into();
            Said::body(
                TopicStatsTable {
                    offset_table,
                    ..Default::default()
                }
                .to_json(),
            )
        }
    };
    cluster.a.on(RequestCode::GetTopicStatsInfo, stats("a"));
    cluster.b.on(RequestCode::GetTopicStatsInfo, stats("b"));
    let queues = cluster
        .admin
        .topic_stats("T")
        .await
        .unwrap()
        .into_complete()
        .unwrap();
    assert_eq!(queues.len(), 2);
    assert_eq!(queues[1].queue, MessageQueue::new("T", "b", 0));
    assert_eq!(
        (
            queues[1].min_offset,
            queues[1].max_offset,
            queues[1].last_update_ms
        ),
        (1, 9, 7)
    );

    let groups = |names: &'static [&'static str]| {
        move |_: &RemotingCommand| {
            let group_list = names.iter().map(|name| (*name).to_owned()).collect();
            Said::body(GroupList { group_list }.to_json())
        }
    };
    cluster
        .a
        .on(RequestCode::QueryTopicConsumeByWho, groups(&["g", "h"]));
    cluster
        .b
        .on(RequestCode::QueryTopicConsumeByWho, groups(&["g"]));
    assert_eq!(
        cluster.admin.who_consumes("T").await.unwrap().items,
        ["g", "h"]
    );
    assert!(
        cluster
            .admin
            .topic_stats("unknown")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn brokers_of_rocketmq_4_hand_out_all_settings_instead_of_one() {
    let cluster = Cluster::start().await;
    cluster.a.on(RequestCode::GetAllTopicConfig, |_| {
        let topic_config_table = [("T".to_owned(), TopicConfig::new("T", 5))].into();
        let all = TopicConfigAndMappingSerializeWrapper {
            topic_config_table,
            ..Default::default()
        };
        Said::body(all.to_json())
    });
    cluster
        .a
        .on(RequestCode::GetAllSubscriptiongroupConfig, |_| {
            let table = [("g".to_owned(), SubscriptionGroupConfig::new("g"))].into();
            let all = SubscriptionGroupWrapper {
                subscription_group_table: table,
                ..Default::default()
            };
            Said::body(all.to_json())
        });
    let addr = cluster.a.addr();
    assert_eq!(
        cluster
            .admin
            .topic_config(addr, "T")
            .await
            .unwrap()
            .read_queue_nums,
        5
    );
    assert!(
        cluster
            .admin
            .topic_config(addr, "U")
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(
        cluster
            .admin
            .group_config(addr, "g")
            .await
            .unwrap()
            .retry_max_times,
        16
    );
    let unknown = cluster.admin.group_config(addr, "h").await.unwrap_err();
    assert_eq!(unknown.to_string(), format!("group h on {addr} not found"));
}
