//! Brokers come, change their topics, fall silent and go.

use super::*;

#[test]
fn two_masters_and_a_slave_share_a_topic() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    let answer = story.register(&broker("a", 1, "a2:1"));
    assert_eq!(answer.master_addr.as_deref(), Some("a:1"));
    assert_eq!(answer.ha_server_addr.as_deref(), Some("ha-of-a:1"));
    let answer = story.register(&broker("b", 0, "b:1").with_topics(&["T", "V"]));
    assert_eq!(answer, Registered::default());
    story.check("T", "a 0=a:1,1=a2:1 4r4w RW- / b 0=b:1 4r4w RW-");
    story.check("U", "a 0=a:1,1=a2:1 4r4w RW-");
    story.check("V", "b 0=b:1 4r4w RW-");
    story.check("W", "no route");
    story.check_clusters("C: a b");
}

#[test]
fn a_changed_topic_shows_once_its_version_does() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("a", 0, "a:1").with_queues("T", 8));
    story.check("T", "a 0=a:1 4r4w RW-");
    story.register(&broker("a", 0, "a:1").with_queues("T", 8).with_version(2));
    story.check("T", "a 0=a:1 8r8w RW-");
}

#[test]
fn a_new_topic_shows_though_it_comes_alone_and_its_version_is_known() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("a", 0, "a:1").with_topics(&["new"]));
    story.check("new", "a 0=a:1 4r4w RW-");
    story.check("T", "a 0=a:1 4r4w RW-");
}

#[test]
fn a_broker_that_is_not_known_may_not_begin_with_a_single_topic() {
    let mut story = Story::default();
    let refusal = story.try_register(&broker("a", 0, "a:1").with_topics(&["T"]));
    assert_eq!(refusal, Err(Refusal::SingleTopicFirst));
    story.check_clusters("");
    story.register(&broker("a", 0, "a:1").with_topics(&[]));
    story.check_clusters("C: a");
    story.register(&broker("a", 0, "a:1").with_topics(&["T"]));
    story.check("T", "a 0=a:1 4r4w RW-");
    let refusal = story.try_register(&broker("a", 1, "a2:1").with_topics(&["T"]));
    assert_eq!(refusal, Err(Refusal::SingleTopicFirst));
}

#[test]
fn topics_that_a_registration_does_not_name_stay_unless_configured() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("b", 0, "b:1"));
    story.register(
        &broker("a", 0, "a:1")
            .with_topics(&["U", "V"])
            .with_version(2),
    );
    story.check("T", "a 0=a:1 4r4w RW- / b 0=b:1 4r4w RW-");
    story.delete_absent = true;
    story.register(
        &broker("a", 0, "a:1")
            .with_topics(&["U", "W"])
            .with_version(3),
    );
    story.check("T", "b 0=b:1 4r4w RW-");
    story.check("V", "no route");
}

#[test]
fn a_broker_leaves_with_its_topics_and_its_cluster_with_its_last_broker() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(
        &broker("b", 0, "b:1")
            .with_topics(&["T", "V"])
            .in_cluster("D"),
    );
    story.check_clusters("C: a, D: b");
    story.unregister("a", "a:1");
    story.check("T", "b 0=b:1 4r4w RW-");
    story.check("U", "no route");
    story.check_clusters("D: b");
    story.unregister("nobody", "x:1");
    story.check_clusters("D: b");
}

#[test]
fn the_end_of_the_connection_is_the_end_of_those_that_registered_on_it_last() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1").on(1));
    story.register(&broker("b", 0, "b:1").on(2));
    story.register(&broker("c", 0, "c:1").on(2));
    assert_eq!(story.routes.connection_closed(3), []);
    let gone = story.routes.connection_closed(2);
    assert_eq!(gone.len(), 2);
    story.check("T", "a 0=a:1 4r4w RW-");

    story.register(&broker("a", 0, "a:1").on(4));
    assert_eq!(story.routes.connection_closed(1), [], "it has moved on");
    story.check("T", "a 0=a:1 4r4w RW-");
    story.routes.connection_closed(4);
    story.check("T", "no route");
}

#[test]
fn a_silent_broker_expires_after_its_own_time_and_not_before() {
    let mut story = Story::default();
    let mut short = broker("b", 0, "b:1").on(2);
    short.timeout = Duration::from_secs(10);
    story.register(&broker("a", 0, "a:1"));
    story.register(&short);
    let key = BrokerKey::new("C", "b:1");

    story.now += Duration::from_secs(10);
    assert_eq!(story.routes.expire(story.now), []);
    story.routes.heartbeat(&key, story.now);
    story.now += Duration::from_secs(10);
    assert_eq!(story.routes.expire(story.now), []);
    story.now += Duration::from_millis(1);
    let broker = "b".to_owned();
    assert_eq!(
        story.routes.expire(story.now),
        [(BrokerId { key, broker }, 2)]
    );
    story.check("T", "a 0=a:1 4r4w RW-");
    story.now += Duration::from_secs(120);
    assert_eq!(story.routes.expire(story.now).len(), 1);
    story.check_clusters("");
    story
        .routes
        .heartbeat(&BrokerKey::new("C", "a:1"), story.now);
    story.check_clusters("");
}

#[test]
fn a_process_that_comes_back_under_another_name_leaves_no_ghost() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1").on(1));
    story.register(&broker("renamed", 0, "a:1").on(2));
    assert_eq!(story.routes.connection_closed(1), []);
    story.check("T", "renamed 0=a:1 4r4w RW-");
    story.check_clusters("C: renamed");
}
