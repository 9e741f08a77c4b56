//! Every setting takes what fits and names what does not.

use super::*;

fn set(key: &str, value: &str) -> Result<String, String> {
    let mut config = NamesrvConfig::default();
    config
        .set(key, value)
        .map_err(|error| error.to_string())
        .map(|()| {
            let entry = config.entries().find(|(known, _)| *known == key);
            entry.map(|(_, value)| value).unwrap()
        })
}

#[test]
fn values_are_taken_under_the_names_of_rocketmq() {
    for (key, value) in [
        ("bindAddress", "0.0.0.0"),
        ("brokerChannelExpiredTime", "30000"),
        ("deleteTopicWithBrokerRegistration", "true"),
        ("kvConfigPath", "/var/lib/mq/kvConfig.json"),
        ("listenPort", "9877"),
        ("orderMessageEnable", "true"),
        ("scanNotActiveBrokerInterval", "10000"),
        ("serverChannelMaxIdleTimeSeconds", "60"),
        ("waitSecondsForService", "1"),
    ] {
        assert_eq!(set(key, value).as_deref(), Ok(value), "{key}");
    }
    assert_eq!(set("enableTopicList", " FALSE ").as_deref(), Ok("false"));
}

#[test]
fn a_value_that_does_not_fit_is_named_with_what_would() {
    for (key, value, expected) in [
        ("listenPort", "0", "a port from 1 to 65535"),
        ("listenPort", "99876", "a port from 1 to 65535"),
        ("bindAddress", "localhost", "an IP address of this machine"),
        ("orderMessageEnable", "yes", "true or false"),
        (
            "scanNotActiveBrokerInterval",
            "-1",
            "milliseconds, from 10 to a day",
        ),
        (
            "brokerChannelExpiredTime",
            "86400001",
            "milliseconds, from 1000 to a day",
        ),
        (
            "waitSecondsForService",
            "18446744073709551615",
            "seconds, up to a day",
        ),
        ("kvConfigPath", "/tmp/..", "the path of a file"),
    ] {
        let message = format!("`{value}` is not a value for `{key}`: it takes {expected}");
        assert_eq!(set(key, value), Err(message));
    }
}

#[test]
fn a_long_wrong_value_is_cut() {
    let message = set("listenPort", &"9".repeat(10_000)).unwrap_err();
    assert!(message.len() < 200, "{message}");
}

#[test]
fn a_name_that_means_nothing_here_says_so() {
    assert_eq!(
        set("serverWorkerThreads", "8"),
        Err(
            "`serverWorkerThreads` is a setting of RocketMQ that has no effect in this name \
             server"
                .to_owned()
        )
    );
    assert_eq!(
        set("listenport", "9877"),
        Err("`listenport` is not a setting of the name server".to_owned())
    );
}

#[test]
fn names_are_listed_once_and_in_order() {
    let keys: Vec<_> = NamesrvConfig::known_keys().collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    assert!(WITHOUT_EFFECT.is_sorted_by(|a, b| a < b));
    assert!(keys.iter().all(|key| !WITHOUT_EFFECT.contains(key)));
}

#[test]
fn a_setting_without_a_value_is_not_shown() {
    let config = NamesrvConfig::default();
    assert!(config.entries().all(|(key, _)| key != "kvConfigPath"));
}

#[test]
fn a_request_changes_neither_addresses_nor_paths_nor_limits() {
    for key in NamesrvConfig::known_keys() {
        let mut config = NamesrvConfig::default();
        let harmless = key.starts_with("enable")
            || key.ends_with("Enable")
            || key.contains("WaitForService")
            || key.starts_with("wait")
            || key == "scanNotActiveBrokerInterval"
            || key == "supportActingMaster"
            || key == "deleteTopicWithBrokerRegistration"
            || key == "returnOrderTopicConfigToBroker";
        let refused = Err(SettingError::Fixed {
            key: key.to_owned(),
        });
        assert_eq!(config.change(key, "x") != refused, harmless, "{key}");
    }
}
