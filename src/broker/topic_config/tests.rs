//! What becomes of topics when they are made, changed, deleted, and after a restart.

use std::sync::Arc;

use clock::ManualClock;
use protocol::name;

use super::*;

fn config(dir: &std::path::Path) -> BrokerConfig {
    BrokerConfig {
        store_path_root_dir: dir.to_owned(),
        ..BrokerConfig::default()
    }
}

fn open(dir: &std::path::Path) -> TopicConfigTable {
    let config = config(dir);
    let clock: SharedClock = ManualClock::at(1_000);
    let namesrv = Arc::new(NamesrvApi::new(&config, Arc::clone(&clock)));
    TopicConfigTable::open(&config, clock, namesrv).unwrap()
}

fn topic(name: &str, queue_nums: i32) -> TopicConfig {
    TopicConfig {
        topic_name: name.to_owned(),
        read_queue_nums: queue_nums,
        write_queue_nums: queue_nums,
        perm: 6,
        ..TopicConfig::default()
    }
}

#[test]
fn the_predefined_topics_are_rocketmqs() {
    let dir = tempfile::tempdir().unwrap();
    let table = open(dir.path());
    let found: Vec<String> = table
        .snapshot()
        .iter()
        .map(|entry| {
            let config = &entry.config;
            format!(
                "{} {} {}",
                config.topic_name, config.write_queue_nums, config.perm
            )
        })
        .collect();
    let expected = [
        "BenchmarkTest 1024 6",
        "DEFAULT_BROKER 1 7",
        "DefaultCluster 16 7",
        "DefaultCluster_REPLY_TOPIC 1 6",
        "OFFSET_MOVED_EVENT 1 6",
        "RMQ_SYS_TRANS_HALF_TOPIC 1 6",
        "RMQ_SYS_TRANS_OP_HALF_TOPIC 1 6",
        "SCHEDULE_TOPIC_XXXX 18 6",
        "SELF_TEST_TOPIC 1 6",
        "TBW102 8 7",
        "rmq_sys_REVIVE_LOG_DefaultCluster 8 6",
        "rmq_sys_SYNC_BROKER_MEMBER_DEFAULT_BROKER 1 1",
        "rmq_sys_wheel_timer 1 6",
    ];
    assert_eq!(found, expected);
}

#[test]
fn changes_survive_with_and_without_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let table = open(dir.path());
    assert_eq!(table.put(topic("a", 4)), Ok(true));
    assert_eq!(table.put(topic("a", 4)), Ok(false));
    assert_eq!(table.put(topic("b", 1)), Ok(true));
    assert!(table.delete("b"));
    assert!(!table.delete("b"));
    let version = table.to_wrapper().data_version;
    assert_eq!(version.counter, 3);
    drop(table);

    // Nothing but the log was written.
    assert!(!dir.path().join("config/topics.json").exists());
    let table = open(dir.path());
    assert_eq!(table.to_wrapper().data_version, version);
    assert_eq!(table.get("a").unwrap().config, topic("a", 4));
    assert!(!table.contains("b"));
    table.persist();
    assert_eq!(
        std::fs::metadata(dir.path().join("config/topics.log"))
            .unwrap()
            .len(),
        0
    );
    table.put(topic("a", 8)).unwrap();
    drop(table);

    let table = open(dir.path());
    assert_eq!(table.get("a").unwrap().config.write_queue_nums, 8);
    assert_eq!(table.to_wrapper().data_version.counter, 4);
}

#[test]
fn a_table_that_cannot_be_read_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("config")).unwrap();
    std::fs::write(
        dir.path().join("config/topics.json"),
        b"{\"topicConfigTable\":7",
    )
    .unwrap();
    let config = config(dir.path());
    let clock: SharedClock = ManualClock::at(0);
    let namesrv = Arc::new(NamesrvApi::new(&config, Arc::clone(&clock)));
    let error = TopicConfigTable::open(&config, clock, namesrv).unwrap_err();
    assert!(error.to_string().contains("topics.json"), "{error}");
}

#[test]
fn a_send_makes_its_topic_after_the_template() {
    let dir = tempfile::tempdir().unwrap();
    let table = open(dir.path());
    let queues = |topic: &str, wanted: i32| {
        let made = table
            .create_on_send(topic, name::AUTO_CREATE_TOPIC, wanted, 0, true)
            .unwrap();
        (made.config.write_queue_nums, made.config.perm)
    };
    assert_eq!(queues("few", 4), (4, 6));
    assert_eq!(queues("many", 100), (8, 6));
    assert_eq!(queues("none", 0), (1, 6));
    assert_eq!(queues("few", 7), (4, 6));

    let refused = |template: &str, auto_create| {
        table
            .create_on_send("new", template, 4, 0, auto_create)
            .unwrap_err()
    };
    assert_eq!(
        refused(name::AUTO_CREATE_TOPIC, false),
        TopicError::NoTemplate
    );
    assert_eq!(refused("no-such-topic", true), TopicError::NoTemplate);
    assert_eq!(refused(name::SELF_TEST_TOPIC, true), TopicError::NoTemplate);
    assert!(!table.contains("new"));
}

#[test]
fn a_retry_topic_is_made_once_and_learns_of_order() {
    let dir = tempfile::tempdir().unwrap();
    let table = open(dir.path());
    let made = table
        .create_retry_topic("%RETRY%g", 1, 6, false, 0)
        .unwrap();
    let again = table
        .create_retry_topic("%RETRY%g", 5, 2, false, 0)
        .unwrap();
    assert!(Arc::ptr_eq(&made, &again));
    let ordered = table.create_retry_topic("%RETRY%g", 1, 6, true, 0).unwrap();
    assert!(ordered.config.order);
    assert_eq!(ordered.config.read_queue_nums, 1);
    assert!(Arc::ptr_eq(&ordered.stats, &made.stats));
}

#[test]
fn there_are_as_many_topics_as_the_limit_says() {
    let dir = tempfile::tempdir().unwrap();
    let table = open(dir.path());
    let stand_in = table.get(name::SELF_TEST_TOPIC).unwrap();
    {
        let mut entries = table.entries.write();
        for number in entries.len()..TOPICS_MAX - 1 {
            entries.insert(format!("t{number}").into(), Arc::clone(&stand_in));
        }
    }
    assert_eq!(table.put(topic("last", 1)), Ok(true));
    assert_eq!(table.put(topic("one-more", 1)), Err(TopicError::TooMany));
    let by_send = table.create_on_send("one-more", name::AUTO_CREATE_TOPIC, 1, 0, true);
    assert_eq!(by_send.unwrap_err(), TopicError::TooMany);
    let by_retry = table.create_retry_topic("%RETRY%g", 1, 6, false, 0);
    assert_eq!(by_retry.unwrap_err(), TopicError::TooMany);
    assert_eq!(table.put(topic("last", 2)), Ok(true));
}
