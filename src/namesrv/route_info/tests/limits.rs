//! What does not enter the tables.

use super::*;

#[test]
fn what_is_no_name_does_not_enter() {
    let mut story = Story::default();
    for registration in [
        broker("", 0, "a:1"),
        broker("a\u{1b}[2J", 0, "a:1"),
        broker("a", 0, "nowhere"),
        broker("a", 0, "a:1").in_cluster("two words"),
    ] {
        let refusal = story.try_register(&registration).unwrap_err();
        assert!(matches!(refusal, Refusal::BadName(_)), "{refusal}");
    }
    story.check_clusters("");
    let answer = story.register(&broker("a.b", 0, "a:1").with_topics(&["T", "../x", "a.b", ""]));
    let remark = answer.remark.unwrap();
    assert!(remark.starts_with("2 topics were not taken: "), "{remark}");
    let topics = story.routes.all_topics().topic_list;
    assert_eq!(topics, ["T".to_owned(), "a.b".to_owned()].into());
}

#[test]
fn the_last_broker_and_one_beyond() {
    let mut story = Story::default();
    for number in 0..BROKERS_MAX {
        let name = format!("b{number}");
        story.register(&broker(&name, 0, &format!("{name}:1")).with_topics(&[]));
    }
    let refusal = story
        .try_register(&broker("more", 0, "more:1"))
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "register broker failed: 4096 brokers are registered, the limit"
    );
    story.register(&broker("b0", 0, "b0:1"));
    story.check("T", "b0 0=b0:1 4r4w RW-");
}

#[test]
fn the_last_topic_and_one_beyond() {
    let mut story = Story::default();
    let mut registration = broker("a", 0, "a:1").with_topics(&[]);
    for number in 0..TOPICS_MAX {
        registration = registration.with_queues(&format!("t{number}"), 1);
    }
    assert_eq!(story.register(&registration).remark, None);
    let answer = story.register(&broker("a", 0, "a:1").with_version(2));
    assert_eq!(
        answer.remark.as_deref(),
        Some("2 topics were not taken: 200000 topics are registered, the limit")
    );
    let queues = vec![QueueData {
        broker_name: "a".into(),
        ..QueueData::default()
    }];
    let refusal = story.routes.register_topic("more", queues);
    assert_eq!(refusal, Err(TopicRefusal::TooManyTopics));
    story.register(
        &broker("a", 0, "a:1")
            .with_topics(&[])
            .with_queues("t7", 9)
            .with_version(3),
    );
    story.check("t7", "a 0=a:1 9r9w RW-");
}
