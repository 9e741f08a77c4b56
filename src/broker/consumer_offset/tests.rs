//! Stories of groups that come along, start again and are sent elsewhere.

use clock::ManualClock;

use super::*;
use crate::table_file;

const TOPIC: &str = "orders";

struct Story {
    folder: tempfile::TempDir,
    table: ConsumerOffsetTable,
}

fn story() -> Story {
    let folder = tempfile::tempdir().unwrap();
    let table = open(&folder);
    Story { folder, table }
}

fn open(folder: &tempfile::TempDir) -> ConsumerOffsetTable {
    let path = folder.path().join("config").join("consumerOffset.json");
    ConsumerOffsetTable::open(path, ManualClock::at(1_700_000_000_000)).unwrap()
}

impl Story {
    fn restart(self) -> Self {
        let table = open(&self.folder);
        Self {
            folder: self.folder,
            table,
        }
    }

    fn commit(&self, group: &str, queue_id: i32, offset: i64) {
        self.table
            .commit_offset(group, TOPIC, queue_id, offset)
            .unwrap();
    }
}

#[test]
fn a_group_goes_on_where_it_committed_even_backwards() {
    let story = story();
    assert_eq!(story.table.query_offset("g", TOPIC, 0), None);
    story.commit("g", 0, 10);
    story.commit("g", 1, 7);
    story.commit("g", 0, 4);
    assert_eq!(story.table.query_offset("g", TOPIC, 0), Some(4));
    assert_eq!(story.table.query_offset("g", TOPIC, 1), Some(7));
    assert_eq!(story.table.query_offset("other", TOPIC, 0), None);
}

#[test]
fn a_commit_of_nothing_counts_as_none() {
    let story = story();
    story.commit("g", 0, -1);
    assert_eq!(story.table.query_offset("g", TOPIC, 0), None);
}

#[test]
fn a_killed_broker_knows_what_was_written_last() {
    let story = story();
    story.commit("g", 0, 10);
    story.table.persist().unwrap();
    story.commit("g", 0, 11);
    let story = story.restart();
    assert_eq!(story.table.query_offset("g", TOPIC, 0), Some(10));
    assert_eq!(story.table.topics_of_group("g"), [TOPIC.to_owned()].into());
}

#[test]
fn a_table_without_changes_is_not_written_again() {
    let story = story();
    story.table.persist().unwrap();
    assert!(table_file::read(&story.table.path).unwrap().is_none());
    story.commit("g", 0, 1);
    story.table.persist().unwrap();
    story.table.persist().unwrap();
    assert!(
        table_file::read_backup(&story.table.path)
            .unwrap()
            .is_none()
    );
}

#[test]
fn the_file_is_rocketmqs() {
    let story = story();
    story.commit("g", 1, 5);
    story.commit("g", 0, 123);
    let text = String::from_utf8(story.table.encode()).unwrap();
    assert!(
        text.contains(r#""offsetTable":{"orders@g":{0:123,1:5}}"#),
        "{text}"
    );
}

#[test]
fn a_file_written_by_java_is_read_without_its_illegal_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config").join("consumerOffset.json");
    let text = r#"{
	"dataVersion":{"counter":3,"stateVersion":0,"timestamp":1},
	"groupTopicMap":{"g":["orders"]},
	"offsetTable":{"orders@g":{0:5,1:-1},"../../x@g":{0:1},"orders":{0:1},"%RETRY%g@g":{0:2}
	}
}"#;
    table_file::write(&path, text.as_bytes()).unwrap();
    let table = open(&folder);
    assert_eq!(table.query_offset("g", TOPIC, 0), Some(5));
    assert_eq!(table.query_offset("g", TOPIC, 1), None);
    let expected = ["%RETRY%g".to_owned(), TOPIC.to_owned()];
    assert_eq!(table.topics_of_group("g"), expected.into());
}

#[test]
fn a_broken_file_gives_way_to_its_backup() {
    let story = story();
    story.commit("g", 0, 1);
    story.table.persist().unwrap();
    story.commit("g", 0, 2);
    story.table.persist().unwrap();
    std::fs::write(&story.table.path, b"{\"offsetTable\":{\"ord").unwrap();
    assert_eq!(story.restart().table.query_offset("g", TOPIC, 0), Some(1));
}

#[test]
fn a_reset_waits_for_the_next_pull_whatever_is_committed_until_then() {
    let story = story();
    story.commit("g", 0, 10);
    story.table.assign_reset_offset("g", TOPIC, 0, 3).unwrap();
    assert!(story.table.has_reset_offset("g", TOPIC, 0));
    assert_eq!(story.table.query_offset("g", TOPIC, 0), Some(3));
    assert_eq!(story.table.take_reset_offset("g", TOPIC, 1), None);
    assert_eq!(story.table.take_reset_offset("g", TOPIC, 0), Some(3));
    assert_eq!(story.table.take_reset_offset("g", TOPIC, 0), None);
    assert_eq!(
        story.table.query_offset("g", TOPIC, 0),
        Some(3),
        "also for a group that is offline"
    );
}

#[test]
fn a_deleted_topic_or_group_takes_its_offsets_along() {
    let story = story();
    story.commit("g", 0, 1);
    story.commit("h", 0, 2);
    story.table.assign_reset_offset("g", TOPIC, 0, 0).unwrap();
    story.table.remove_group("g");
    assert_eq!(story.table.groups_of_topic(TOPIC), ["h".to_owned()].into());
    assert!(!story.table.is_any_reset());
    story.table.remove_topic(TOPIC);
    assert!(story.table.groups_of_topic(TOPIC).is_empty());
    assert_eq!(story.table.pairs.load(Ordering::Relaxed), 0);
}

#[test]
fn another_group_can_start_from_the_same_offsets() {
    let story = story();
    story.commit("g", 0, 5);
    story.table.clone_offsets("g", "h", TOPIC).unwrap();
    story.table.clone_offsets("nobody", "i", TOPIC).unwrap();
    story.commit("g", 0, 6);
    assert_eq!(story.table.query_offset("h", TOPIC, 0), Some(5));
    assert_eq!(story.table.query_offset("i", TOPIC, 0), None);
}

#[test]
fn what_was_pulled_is_shown_and_not_what_counts() {
    let story = story();
    story.commit("g", 0, 5);
    assert_eq!(story.table.query_pull_offset("g", TOPIC, 0), Some(5));
    story.table.commit_pull_offset("g", TOPIC, 0, 9);
    assert_eq!(story.table.query_pull_offset("g", TOPIC, 0), Some(9));
    assert_eq!(story.table.query_offset("g", TOPIC, 0), Some(5));
}

#[test]
fn every_five_hundred_commits_are_a_new_version() {
    let story = story();
    let before = *story.table.version.lock();
    for offset in 0..COMMITS_PER_VERSION {
        story.commit("g", 0, offset);
    }
    assert_eq!(story.table.version.lock().counter, before.counter + 1);
}
