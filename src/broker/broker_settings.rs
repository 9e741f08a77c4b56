//! The settings that can change while the broker runs, and who may change them.
//!
//! [`Settings`] holds them all; those that requests are processed by are atomics, read without a lock.
//! A request (`UPDATE_BROKER_CONFIG`) may change what is declared below and nothing else: no path, no
//! address, no name. All keys of a request are checked before the first one is changed. What was
//! changed outlives a restart in `config/brokerSettings.properties`, the only file written here.

mod shared;

use std::path::PathBuf;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::ResponseCode;
use protocol::body::DataVersion;
use protocol::properties_file::{self, Property};

use crate::config::{BrokerConfig, SettingError};
use crate::error::StartError;
use crate::table_file;
use shared::{Shared, changeable};

/// File name of the changes within the config folder.
const FILE_NAME: &str = "brokerSettings.properties";

/// Bytes that a request for changes may have.
pub(crate) const CHANGES_LENGTH_MAX: usize = 64 * 1024;

changeable! {
    "brokerPermission" broker_permission: i32;
    "autoCreateTopicEnable" auto_create_topic_enable: bool;
    "autoCreateSubscriptionGroup" auto_create_subscription_group: bool;
    "traceOn" trace_on: bool;
    "validateSystemTopicWhenUpdateTopic" validate_system_topic_when_update_topic: bool;
    "clearRetryTopicWhenDeleteTopic" clear_retry_topic_when_delete_topic: bool;
    "notifyConsumerIdsChangedEnable" notify_consumer_ids_changed_enable: bool;
    "channelExpiredTimeout" channel_expired_timeout: Duration;
    "flushConsumerOffsetInterval" flush_consumer_offset_interval: Duration;
    "useServerSideResetOffset" use_server_side_reset_offset: bool;
    "maxMessageSize" max_message_size: i32;
    "enablePropertyFilter" enable_property_filter: bool;
    "rejectTransactionMessage" reject_transaction_message: bool;
    "startAcceptSendRequestTimeStamp" start_accept_send_request_timestamp: i64;
    "litePullMessageEnable" lite_pull_message_enable: bool;
    "longPollingEnable" long_polling_enable: bool;
    "shortPollingTimeMills" short_polling_time: Duration;
    "defaultQueryMaxNum" default_query_max_num: i32;
    "flushDelayOffsetInterval" flush_delay_offset_interval: Duration;
    "registerNameServerPeriod" register_namesrv_period: Duration;
}

/// Settings of Apache RocketMQ that no request may change, there or here, and that are none of ours:
/// each once led from an open port to a file or a process.
const NEVER_BY_REQUEST: [&str; 7] = [
    "rocketmqHome",
    "brokerConfigPath",
    "configBlackList",
    "configStorePath",
    "configStorePathName",
    "filterServerNums",
    "authConfigPath",
];

/// Why settings were not changed. None of a request's settings has been changed then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The request is no properties text.
    #[error("the settings are not a properties text: {reason}")]
    NoProperties { reason: String },
    /// The setting is not to be changed by a request.
    #[error("{key} cannot be changed by a request")]
    Forbidden { key: String },
    /// There is no such setting, or it cannot have this value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The change could not be written down.
    #[error("the settings cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

impl ChangeError {
    /// The response code that says it.
    pub(crate) const fn response_code(&self) -> ResponseCode {
        match self {
            Self::Forbidden { .. } => ResponseCode::NoPermission,
            Self::NoProperties { .. } | Self::Setting(_) => ResponseCode::InvalidParameter,
            Self::Write(_) => ResponseCode::SystemError,
        }
    }
}

/// What a change came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// Name servers have to be told.
    pub(crate) permission_changed: bool,
}

/// The settings of a running broker.
#[derive(Debug)]
pub(crate) struct Settings {
    values: Values,
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: BrokerConfig,
    /// Keys that requests have changed, in the order of their first change.
    changed: Vec<&'static str>,
    version: DataVersion,
}

impl Settings {
    /// The settings at the start: those given, and over them what requests changed before.
    ///
    /// # Errors
    /// The file with the changes cannot be read, or holds what cannot be set.
    pub(crate) fn open(mut config: BrokerConfig) -> Result<Self, StartError> {
        let path = config.config_dir().join(FILE_NAME);
        let changed = load_changes(&mut config, &path).map_err(|reason| StartError::Table {
            path: path.clone(),
            reason,
        })?;
        let values = Values::new(&config);
        let state = State {
            config,
            changed,
            version: DataVersion::default(),
        };
        Ok(Self {
            values,
            path,
            state: Mutex::new(state),
        })
    }

    /// Changes settings as a properties text says: all of them or, when one cannot be, none.
    pub(crate) fn change(&self, text: &[u8], now_ms: i64) -> Result<Change, ChangeError> {
        let entries = read_entries(text)?;
        let mut state = self.state.lock();
        let mut config = state.config.clone();
        let mut changed = state.changed.clone();
        for Property { key, value, .. } in &entries {
            let key = changeable_key(key)?;
            config.set(key, value)?;
            if !changed.contains(&key) {
                changed.push(key);
            }
        }
        if !entries.is_empty() {
            table_file::write(&self.path, changes_text(&config, &changed).as_bytes())?;
        }
        let permission_changed = config.broker_permission != state.config.broker_permission;
        self.values.set(&config);
        state.config = config;
        state.changed = changed;
        state.version.next_version(now_ms, 0);
        Ok(Change { permission_changed })
    }

    /// All settings as a properties text, but for what is secret, and the version they have.
    pub(crate) fn describe(&self) -> (String, DataVersion) {
        let state = self.state.lock();
        let mut text = String::new();
        for (key, value) in state.config.entries() {
            if !is_secret(key) {
                properties_file::write_entry(&mut text, key, &value);
            }
        }
        (text, state.version)
    }
}

/// Reads the changes of earlier runs into the config.
fn load_changes(
    config: &mut BrokerConfig,
    path: &std::path::Path,
) -> Result<Vec<&'static str>, String> {
    let Some(text) = table_file::read(path).map_err(|error| error.to_string())? else {
        return Ok(Vec::new());
    };
    let mut changed = Vec::new();
    for Property { key, value, .. } in read_entries(&text).map_err(|error| error.to_string())? {
        let key = changeable_key(&key).map_err(|error| error.to_string())?;
        config.set(key, &value).map_err(|error| error.to_string())?;
        tracing::info!(
            key,
            value,
            "setting taken over from an earlier change by request"
        );
        changed.push(key);
    }
    Ok(changed)
}

fn read_entries(text: &[u8]) -> Result<Vec<Property>, ChangeError> {
    let problem = |reason: String| ChangeError::NoProperties { reason };
    if text.len() > CHANGES_LENGTH_MAX {
        return Err(problem(format!(
            "{} bytes, the limit is {CHANGES_LENGTH_MAX}",
            text.len()
        )));
    }
    let text = std::str::from_utf8(text).map_err(|error| problem(error.to_string()))?;
    let mut entries = properties_file::parse(text).map_err(|error| problem(error.to_string()))?;
    // Java leaves white space at the end of a value; no setting wants it.
    for entry in &mut entries {
        entry.value.truncate(entry.value.trim_end().len());
    }
    Ok(entries)
}

/// The key as it is declared, if a request may change it.
fn changeable_key(key: &str) -> Result<&'static str, ChangeError> {
    if let Some(known) = CHANGEABLE.iter().find(|known| **known == key) {
        return Ok(known);
    }
    let is_ours = BrokerConfig::known_keys().any(|known| known == key);
    if is_ours || is_forbidden(key) {
        return Err(ChangeError::Forbidden {
            key: key.to_owned(),
        });
    }
    // Not a setting at all: the config knows what is nearest to it.
    let mut probe = BrokerConfig::default();
    match probe.set(key, "") {
        Err(unknown @ SettingError::UnknownKey { .. }) => Err(unknown.into()),
        // Another name of a setting that is not changeable.
        _ => Err(ChangeError::Forbidden {
            key: key.to_owned(),
        }),
    }
}

/// Whether a key that is none of ours names something that requests must never change.
fn is_forbidden(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    NEVER_BY_REQUEST.contains(&key)
        || ["path", "home", "blacklist", "listenport"]
            .iter()
            .any(|part| lower.contains(part))
}

/// Whether a setting's value is nobody's business.
fn is_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    ["secret", "password", "accesskey", "credential", "token"]
        .iter()
        .any(|part| lower.contains(part))
}

fn changes_text(config: &BrokerConfig, changed: &[&'static str]) -> String {
    let mut text = String::from(
        "# Settings that requests have changed; they take precedence over the broker's own.\n",
    );
    for (key, value) in config.entries().filter(|(key, _)| changed.contains(key)) {
        properties_file::write_entry(&mut text, key, &value);
    }
    text
}

#[cfg(test)]
mod tests;
