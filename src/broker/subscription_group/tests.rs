//! What becomes of groups when they are made, changed, deleted, and after a restart.

use clock::ManualClock;

use super::*;

fn open(folder: &tempfile::TempDir) -> SubscriptionGroupTable {
    let config = BrokerConfig {
        store_path_root_dir: folder.path().to_owned(),
        ..BrokerConfig::default()
    };
    SubscriptionGroupTable::open(&config, ManualClock::at(1_700_000_000_000)).unwrap()
}

fn version_of(table: &SubscriptionGroupTable) -> DataVersion {
    table.to_wrapper().data_version
}

#[test]
fn the_predefined_groups_are_rocketmqs() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = PREDEFINED.map(ToOwned::to_owned);
    expected.sort();
    assert_eq!(open(&folder).names(), expected);
}

#[test]
fn a_consumer_makes_its_group_when_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    assert!(table.find("g", false).is_none());
    let made = table.find("g", true).unwrap();
    assert_eq!((made.retry_queue_nums, made.retry_max_times), (1, 16));
    assert!(table.find("g", false).is_some());
    assert!(
        table.find("CID_RMQ_SYS_x", false).is_some(),
        "RocketMQ's own may always"
    );
    for illegal in ["", " ", "../../x", "g@h", &"g".repeat(121)] {
        assert!(table.find(illegal, true).is_none(), "{illegal:?}");
    }
}

#[test]
fn changes_survive_with_and_without_a_clean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    table
        .put(SubscriptionGroupConfig {
            retry_max_times: 3,
            ..config_of("a")
        })
        .unwrap();
    table.find("b", true).unwrap();
    assert!(table.delete("b"));
    assert!(!table.delete("b"));
    table.set_read_forbidden("a", "orders", true).unwrap();
    let version = version_of(&table);

    let table = open(&folder);
    assert_eq!(version_of(&table), version);
    assert_eq!(table.get("a").unwrap().retry_max_times, 3);
    assert!(!table.contains("b"));
    assert_eq!(table.forbidden("a", "orders"), FORBIDDEN_READ);
    table.persist();
    table
        .put(SubscriptionGroupConfig {
            retry_max_times: 4,
            ..config_of("a")
        })
        .unwrap();

    let table = open(&folder);
    assert_eq!(table.get("a").unwrap().retry_max_times, 4);
    assert_eq!(table.forbidden("a", "orders"), FORBIDDEN_READ);
}

#[test]
fn a_change_that_changes_nothing_is_no_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    table.put(config_of("a")).unwrap();
    let version = version_of(&table);
    table.put(config_of("a")).unwrap();
    table.set_read_forbidden("a", "orders", false).unwrap();
    assert_eq!(version_of(&table), version);
}

#[test]
fn what_was_forbidden_is_allowed_again_topic_by_topic() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    table.set_read_forbidden("g", "a", true).unwrap();
    table.set_read_forbidden("g", "b", true).unwrap();
    table.set_read_forbidden("g", "a", false).unwrap();
    assert_eq!(
        (table.forbidden("g", "a"), table.forbidden("g", "b")),
        (0, FORBIDDEN_READ)
    );
}

#[test]
fn a_file_written_by_java_is_read_without_its_illegal_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config").join("subscriptionGroup.json");
    let text = r#"{
	"dataVersion":{"counter":2,"stateVersion":0,"timestamp":5},
	"forbiddenTable":{"g":{"orders":4}},
	"subscriptionGroupTable":{
		"g":{"brokerId":0,"consumeEnable":false,"groupName":"g","retryMaxTimes":5},
		"../x":{"groupName":"../x"}
	}
}"#;
    table_file::write(&path, text.as_bytes()).unwrap();
    let table = open(&folder);
    let group = table.get("g").unwrap();
    assert_eq!((group.consume_enable, group.retry_max_times), (false, 5));
    assert_eq!(table.forbidden("g", "orders"), FORBIDDEN_READ);
    assert!(!table.contains("../x"));
    assert_eq!(version_of(&table).counter, 2);
}

#[test]
fn there_are_as_many_groups_as_the_limit_says() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    {
        let mut groups = table.groups.write();
        let filler = Arc::new(config_of("filler"));
        for number in groups.len()..GROUPS_MAX {
            groups.insert(format!("g{number}").into(), Arc::clone(&filler));
        }
    }
    assert_eq!(table.put(config_of("one-more")), Err(GroupError::TooMany));
    assert!(table.find("one-more", true).is_none());
    let known = SubscriptionGroupConfig {
        retry_max_times: 1,
        ..config_of("TOOLS_CONSUMER")
    };
    assert_eq!(table.put(known), Ok(()));
}
