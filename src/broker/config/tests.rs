//! Settings as people write them.

use super::*;

#[test]
fn defaults_are_rocketmqs() {
    let config = BrokerConfig::default();
    let value = |key: &str| config.entries().find(|(known, _)| *known == key).unwrap().1;
    for (key, expected) in [
        ("brokerClusterName", "DefaultCluster"),
        ("listenPort", "10911"),
        ("brokerPermission", "6"),
        ("defaultTopicQueueNums", "8"),
        ("autoCreateTopicEnable", "true"),
        ("flushDiskType", "ASYNC_FLUSH"),
        ("brokerRole", "ASYNC_MASTER"),
        ("mappedFileSizeCommitLog", "1073741824"),
        ("mappedFileSizeConsumeQueue", "6000000"),
        ("maxMessageSize", "4194304"),
        ("deleteWhen", "04"),
        ("fileReservedTime", "72"),
        (
            "messageDelayLevel",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
        ),
        ("flushConsumerOffsetInterval", "5000"),
        ("enablePropertyFilter", "true"),
        ("bindAddress", "127.0.0.1"),
        ("brokerIP1", ""),
        ("namesrvAddr", ""),
    ] {
        assert_eq!(value(key), expected, "{key}");
    }
    assert_eq!(config.advertised_addr().to_string(), "127.0.0.1:10911");
    assert!(config.store_path_root_dir.ends_with("store"));
}

#[test]
fn what_is_written_is_read_again() {
    let mut config = BrokerConfig::default();
    for (key, value) in [
        ("namesrvAddr", " 127.0.0.1:9876 ; namesrv.local:9877;"),
        ("brokerName", "broker-a"),
        ("brokerIP1", "10.0.0.7"),
        ("brokerPort", "10921"),
        ("deleteWhen", "04; 16"),
        ("messageDelayLevel", "1s 90s 2h 1d"),
        ("flushDiskType", "SYNC_FLUSH"),
        ("storePathRootDir", "/data/broker-a"),
    ] {
        config.set(key, value).unwrap();
    }
    assert_eq!(
        config.namesrv_addrs,
        ["127.0.0.1:9876", "namesrv.local:9877"]
    );
    assert_eq!(config.advertised_addr().to_string(), "10.0.0.7:10921");
    assert_eq!(config.delete_when.as_slice(), [4, 16]);
    let mut again = BrokerConfig::default();
    for (key, value) in config.entries() {
        again.set(key, &value).unwrap();
    }
    assert_eq!(again, config);
}

#[test]
fn every_known_key_is_taken_under_each_of_its_names() {
    let config = BrokerConfig::default();
    assert!(BrokerConfig::known_keys().count() > config.entries().count());
    for key in BrokerConfig::known_keys() {
        let refused = BrokerConfig::default().set(key, "\0").err();
        let is_unknown = matches!(refused, Some(SettingError::UnknownKey { .. }));
        assert!(!is_unknown, "{key}");
    }
    assert!(BrokerConfig::known_keys().any(|key| key == "brokerPort"));
}

#[test]
fn what_cannot_be_is_refused_with_what_could() {
    let mut config = BrokerConfig::default();
    let before = config.clone();
    for (key, value, expected) in [
        (
            "listenPort",
            "99999",
            "listenPort cannot be \"99999\", it has to be a port",
        ),
        (
            "brokerPermission",
            "8",
            "brokerPermission cannot be \"8\", it has to be a 32-bit number from 0 to 6",
        ),
        (
            "autoCreateTopicEnable",
            "yes",
            "autoCreateTopicEnable cannot be \"yes\", it has to be true or false",
        ),
        (
            "brokerRole",
            "SLAVE",
            "brokerRole cannot be \"SLAVE\", it has to be ASYNC_MASTER or SYNC_MASTER (slaves are not supported yet)",
        ),
        (
            "brokerId",
            "1",
            "brokerId cannot be \"1\", it has to be 0 (nothing else is supported yet)",
        ),
        (
            "deleteWhen",
            "24",
            "deleteWhen cannot be \"24\", it has to be hours from 00 to 23, separated by `;`",
        ),
        (
            "namesrvAddr",
            "localhost",
            "namesrvAddr cannot be \"localhost\", it has to be host:port, several separated by `;`",
        ),
        (
            "brokerNmae",
            "b",
            "no setting is called brokerNmae; did you mean brokerName?",
        ),
        (
            "sendMessageThreadPoolNums",
            "4",
            "no setting is called sendMessageThreadPoolNums",
        ),
    ] {
        assert_eq!(config.set(key, value).unwrap_err().to_string(), expected);
    }
    assert_eq!(config, before);
}
