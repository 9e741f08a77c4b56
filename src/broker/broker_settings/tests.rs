//! Who may change what, and what stays after a restart.

use super::*;

const NOW_MS: i64 = 1_700_000_000_000;

fn config_in(folder: &tempfile::TempDir) -> BrokerConfig {
    BrokerConfig {
        store_path_root_dir: folder.path().to_owned(),
        ..BrokerConfig::default()
    }
}

fn refused(text: &str) -> (ResponseCode, String) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(config_in(&folder)).unwrap();
    let before = settings.describe();
    let error = settings.change(text.as_bytes(), NOW_MS).expect_err(text);
    assert_eq!(
        settings.describe(),
        before,
        "a refused change changes nothing"
    );
    assert!(
        !folder.path().join("config").exists(),
        "a refused change writes nothing"
    );
    (error.response_code(), error.to_string())
}

#[test]
fn a_changed_setting_counts_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(config_in(&folder)).unwrap();
    assert!(settings.auto_create_topic_enable());
    let text = b"autoCreateTopicEnable=false\nflushConsumerOffsetInterval=250\n";
    let change = settings.change(text, NOW_MS).unwrap();
    assert_eq!(
        change,
        Change {
            permission_changed: false
        }
    );
    assert!(!settings.auto_create_topic_enable());
    assert_eq!(
        settings.flush_consumer_offset_interval(),
        Duration::from_millis(250)
    );

    let settings = Settings::open(config_in(&folder)).unwrap();
    assert!(!settings.auto_create_topic_enable());
    assert_eq!(
        settings.flush_consumer_offset_interval(),
        Duration::from_millis(250)
    );
    let (text, _) = settings.describe();
    assert!(text.contains("autoCreateTopicEnable=false\n"));
}

#[test]
fn a_changed_permission_is_news_for_the_name_servers() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(config_in(&folder)).unwrap();
    let change = settings.change(b"brokerPermission=4", NOW_MS).unwrap();
    assert!(change.permission_changed);
    assert_eq!(settings.broker_permission(), 4);
    let change = settings.change(b"brokerPermission=4", NOW_MS).unwrap();
    assert!(!change.permission_changed);
}

#[test]
fn no_request_changes_a_path_an_address_or_a_name() {
    for key in [
        "rocketmqHome",
        "brokerConfigPath",
        "configBlackList",
        "listenPort",
        "brokerPort",
        "storePathRootDir",
        "storePathCommitLog",
        "storePathIndex",
        "kvConfigPath",
        "bindAddress",
        "brokerIP1",
        "brokerName",
        "brokerClusterName",
        "namesrvAddr",
        "flushDiskType",
    ] {
        let (code, remark) = refused(&format!("traceOn=false\n{key}=10911"));
        assert_eq!(code, ResponseCode::NoPermission, "{key}");
        assert!(remark.contains(key), "{remark}");
    }
}

#[test]
fn an_unknown_setting_is_told_its_nearest() {
    let (code, remark) = refused("autoCreateTopicEnabled=true");
    assert_eq!(code, ResponseCode::InvalidParameter);
    assert!(remark.contains("autoCreateTopicEnable?"), "{remark}");
}

#[test]
fn a_value_out_of_range_is_told_the_range() {
    let (code, remark) = refused("brokerPermission=8");
    assert_eq!(code, ResponseCode::InvalidParameter);
    assert!(remark.contains("from 0 to 6"), "{remark}");
    let (code, _) = refused("traceOn=perhaps");
    assert_eq!(code, ResponseCode::InvalidParameter);
}

#[test]
fn a_request_is_bounded_text() {
    let (code, _) = refused(&"#".repeat(CHANGES_LENGTH_MAX + 1));
    assert_eq!(code, ResponseCode::InvalidParameter);
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(config_in(&folder)).unwrap();
    assert!(settings.change(b"\xFF\xFE", NOW_MS).is_err());
}

#[test]
fn each_change_is_a_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(config_in(&folder)).unwrap();
    let (_, before) = settings.describe();
    settings.change(b"traceOn=false", NOW_MS).unwrap();
    let (_, after) = settings.describe();
    assert_ne!(before, after);
}

#[test]
fn a_broken_file_of_changes_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config").join(FILE_NAME);
    table_file::write(&path, b"brokerPermission=99").unwrap();
    let error = Settings::open(config_in(&folder)).expect_err("99 is no permission");
    assert!(error.to_string().contains(FILE_NAME), "{error}");
}

#[test]
fn no_secret_is_shown() {
    for key in [
        "accessKey",
        "aclSecretKey",
        "tls.server.keyPassword",
        "innerClientAuthenticationCredentials",
    ] {
        assert!(is_secret(key), "{key}");
    }
    assert!(!BrokerConfig::known_keys().any(is_secret));
}
