//! What is shown of topics, and what tools change of them.

use super::*;

#[test]
fn write_permission_is_taken_until_the_broker_changes_its_topics() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("b", 0, "b:1"));
    assert_eq!(story.routes.wipe_write_perm("a"), 2);
    assert_eq!(story.routes.wipe_write_perm("nobody"), 0);
    story.check("T", "a 0=a:1 4r4w R-- / b 0=b:1 4r4w RW-");
    story.register(&broker("a", 0, "a:1"));
    story.check("T", "a 0=a:1 4r4w R-- / b 0=b:1 4r4w RW-");
    assert_eq!(story.routes.add_write_perm("a"), 2);
    story.check("U", "a 0=a:1 4r4w RW- / b 0=b:1 4r4w RW-");
    story.routes.wipe_write_perm("a");
    story.register(&broker("a", 0, "a:1").with_version(2));
    story.check("T", "a 0=a:1 4r4w RW- / b 0=b:1 4r4w RW-");
}

#[test]
fn a_topic_is_deleted_in_one_cluster_or_everywhere() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("b", 0, "b:1").in_cluster("D"));
    story.routes.delete_topic("T", Some("nowhere"));
    story.check("T", "a 0=a:1 4r4w RW- / b 0=b:1 4r4w RW-");
    story.routes.delete_topic("T", Some("D"));
    story.check("T", "a 0=a:1 4r4w RW-");
    story.routes.delete_topic("T", Some("C"));
    story.check("T", "no route");
    story.routes.delete_topic("U", None);
    story.check("U", "no route");
    story.routes.delete_topic("U", None);
}

#[test]
fn a_topic_is_entered_for_brokers_that_are_known() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    let queues = |broker: &str| QueueData {
        broker_name: broker.into(),
        perm: 6,
        read_queue_nums: 1,
        write_queue_nums: 1,
        topic_sys_flag: 0,
    };
    let both = vec![queues("a"), queues("nobody")];
    let refusal = TopicRefusal::UnknownBroker("nobody".into());
    assert_eq!(story.routes.register_topic("N", both), Err(refusal));
    story.check("N", "no route");
    assert_eq!(story.routes.register_topic("N", vec![queues("a")]), Ok(()));
    story.check("N", "a 0=a:1 1r1w RW-");
    assert_eq!(story.routes.register_topic("M", vec![]), Ok(()));
    assert!(!story.routes.all_topics().topic_list.contains("M"));
}

#[test]
fn lists_name_topics_clusters_and_brokers() {
    let mut story = Story::default();
    assert_eq!(story.routes.system_topics(), TopicList::default());
    story.register(&broker("a", 0, "a:1"));
    story.register(
        &broker("b", 0, "b:1")
            .with_topics(&["U", "V"])
            .in_cluster("D"),
    );
    let names = |list: TopicList| list.topic_list.into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(names(story.routes.all_topics()), "T U V");
    assert_eq!(names(story.routes.topics_of_cluster("D")), "U V");
    assert_eq!(names(story.routes.topics_of_cluster("nowhere")), "");
    let system = story.routes.system_topics();
    assert_eq!(system.broker_addr.as_deref(), Some("a:1"));
    assert_eq!(names(system), "C D a b");
    let group = story.routes.member_group("C", "a");
    assert_eq!(group.broker_addrs, [(0, "a:1".to_owned())].into());
    assert!(
        story
            .routes
            .member_group("C", "nobody")
            .broker_addrs
            .is_empty()
    );
}

#[test]
fn unit_topics_are_told_apart_by_their_flag() {
    let mut story = Story::default();
    let mut registration = broker("a", 0, "a:1").with_topics(&["none", "unit", "sub", "both"]);
    for (topic, flag) in [("unit", 1), ("sub", 2), ("both", 3)] {
        let config = registration.topics.get_mut(topic).unwrap();
        config.topic_sys_flag = flag;
    }
    story.register(&registration);
    for (which, expected) in [
        (UnitTopics::Unit, "both unit"),
        (UnitTopics::SubscribedByUnits, "both sub"),
        (UnitTopics::SubscribedByUnitsOnly, "sub"),
    ] {
        let list = story.routes.unit_topics(which).topic_list;
        assert_eq!(list.into_iter().collect::<Vec<_>>().join(" "), expected);
    }
}

#[test]
fn filter_servers_come_with_the_route_and_go_with_their_broker() {
    let mut story = Story::default();
    let mut with_servers = broker("a", 0, "a:1");
    with_servers.filter_servers = Some(vec!["f:1".into()]);
    story.register(&with_servers);
    let servers = |story: &Story| story.routes.route("T", false).unwrap().filter_server_table;
    assert_eq!(servers(&story), [("a:1".into(), vec!["f:1".into()])].into());
    let mut old = broker("a", 0, "a:1");
    old.filter_servers = None;
    story.register(&old);
    assert_eq!(servers(&story).len(), 1);
    story.register(&broker("a", 0, "a:1"));
    assert!(servers(&story).is_empty());
}

#[test]
fn the_queues_of_static_topics_are_passed_on() {
    let mut story = Story::default();
    let mut registration = broker("a", 0, "a:1");
    let info = TopicQueueMappingInfo {
        bname: "a".into(),
        topic: "T".into(),
        total_queues: 8,
        ..Default::default()
    };
    registration.mappings = [("T".into(), info.clone())].into();
    story.register(&registration);
    let mapping = |topic| {
        let route = story.routes.route(topic, false).unwrap();
        route.topic_queue_mapping_by_broker
    };
    assert_eq!(mapping("T"), Some([("a".into(), info)].into()));
    assert_eq!(mapping("U"), None);
    story.routes.delete_topic("T", None);
    assert!(story.routes.mappings.is_empty());
}
