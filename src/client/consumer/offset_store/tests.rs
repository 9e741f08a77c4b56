//! Offsets in memory and in the file of a broadcasting consumer.

use super::*;

fn queue(id: i32) -> MessageQueue {
    MessageQueue::new("T", "b", id)
}

#[test]
fn progress_only_goes_forward_and_a_reset_goes_anywhere() {
    let store = OffsetStore::in_file(PathBuf::new());
    store.advance(&queue(0), 5);
    store.advance(&queue(0), 3);
    assert_eq!(store.reached(&queue(0)), Some(5));
    store.set(&queue(0), 2);
    assert_eq!(store.reached(&queue(0)), Some(2));
    assert_eq!(store.of_topic("T"), [(queue(0), 2)].into());
    store.forget(&queue(0));
    assert_eq!(store.reached(&queue(0)), None);
}

#[tokio::test]
async fn a_file_keeps_what_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join("client")
        .join("group")
        .join("offsets.json");
    let store = OffsetStore::in_file(path.clone());
    assert_eq!(store.load(&queue(0)).await, Ok(None));
    store.advance(&queue(0), 5);
    store.advance(&queue(1), 7);
    assert_eq!(store.keep(&[queue(0)], Commit::Regular).await, []);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        r#"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:5}}"#
    );
    assert_eq!(store.keep(&[queue(1)], Commit::Final).await, []);

    let again = OffsetStore::in_file(path);
    assert_eq!(again.load(&queue(0)).await, Ok(Some(5)));
    assert_eq!(again.load(&queue(1)).await, Ok(Some(7)));
    assert_eq!(again.reached(&queue(1)), Some(7));
}

#[tokio::test]
async fn a_damaged_file_falls_back_to_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offsets.json");
    let java = "{\n\t\"offsetTable\":{{\n\t\t\t\"brokerName\":\"b\",\n\t\t\t\"queueId\":0,\n\t\t\t\"topic\":\"T\"\n\t\t}:12\n\t}\n}";
    std::fs::write(folder.path().join("offsets.json.bak"), java).unwrap();
    std::fs::write(&path, "{\"offsetTable\":{{\"bro").unwrap();
    assert_eq!(
        OffsetStore::in_file(path.clone()).load(&queue(0)).await,
        Ok(Some(12))
    );

    std::fs::write(folder.path().join("offsets.json.bak"), "also broken").unwrap();
    let error = OffsetStore::in_file(path)
        .load(&queue(0))
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read offsets from"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "not a folder").unwrap();
    let store = OffsetStore::in_file(blocked.join("offsets.json"));
    store.advance(&queue(0), 1);
    let failed = store.keep(&[queue(0)], Commit::Final).await;
    assert_eq!(failed.len(), 1);
}
