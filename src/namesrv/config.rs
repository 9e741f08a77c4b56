//! The settings of a name server, under RocketMQ's own names (`NamesrvConfig`, `NettyServerConfig`).
//!
//! One table, [`SETTINGS`], holds for each name how it is read, how it is shown, and whether a
//! request may change it in a running name server. Invariant: no path and no address is ever
//! changed by a request (CVE-2023-37582 wrote files of the sender's choice that way).

use crate::error::SettingError;
use remoting::Limits;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where RocketMQ's name servers listen.
pub const DEFAULT_PORT: u16 = 9876;

/// The longest time that a setting in milliseconds may name: a day.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest time that a peer may be given for anything.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);

const MIB: usize = 1024 * 1024;

/// The most bytes that a setting may name: RocketMQ's settings are Java's `int`.
const BYTES_MAX: usize = 2_147_483_647;

/// The most connections that a setting may name.
const CONNECTIONS_MAX: usize = 1_000_000;

/// How much of a wrong value an error repeats.
const VALUE_SHOWN_MAX: usize = 64;

/// How a name server is started.
#[derive(Debug, Clone)]
pub struct NamesrvConfig {
    /// `bindAddress` and `listenPort`: where to listen; 127.0.0.1:9876.
    pub listen: SocketAddr,
    /// `kvConfigPath`: where the KV configuration is kept; in memory alone when absent.
    pub kv_config_path: Option<PathBuf>,
    /// `brokerChannelExpiredTime`: how long a broker that names no time of its own may be silent
    /// before it is taken out of the routes; 120 s, a constant in RocketMQ.
    pub broker_expiry: Duration,
    /// `scanNotActiveBrokerInterval`: how often to look for silent brokers; 5 s.
    pub scan_interval: Duration,
    /// `orderMessageEnable`: routes carry the order configuration of their topic; off.
    pub order_message_enable: bool,
    /// `returnOrderTopicConfigToBroker`: registrations are answered with all order configurations.
    pub return_order_topic_config_to_broker: bool,
    /// `supportActingMaster`: routes show the smallest slave of a broker without a master as its
    /// master, to be read from; off.
    pub support_acting_master: bool,
    /// `enableAllTopicList`: `GET_ALL_TOPIC_LIST_FROM_NAMESERVER` is answered.
    pub enable_all_topic_list: bool,
    /// `enableTopicList`: the other lists of topics are answered.
    pub enable_topic_list: bool,
    /// `deleteTopicWithBrokerRegistration`: topics that a broker no longer names in a registration
    /// leave its routes; off, and then only deletion removes them.
    pub delete_topic_with_broker_registration: bool,
    /// `needWaitForService`: routes are refused until `wait_for_service` has passed; off.
    pub need_wait_for_service: bool,
    /// `waitSecondsForService`: 45 s.
    pub wait_for_service: Duration,
    /// What one peer, and all of them together, may take; `serverChannelMaxIdleTimeSeconds` is in it.
    pub limits: Limits,
}

impl Default for NamesrvConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            kv_config_path: None,
            broker_expiry: Duration::from_secs(120),
            scan_interval: Duration::from_secs(5),
            order_message_enable: false,
            return_order_topic_config_to_broker: true,
            support_acting_master: false,
            enable_all_topic_list: true,
            enable_topic_list: true,
            delete_topic_with_broker_registration: false,
            need_wait_for_service: false,
            wait_for_service: Duration::from_secs(45),
            limits: Limits {
                outbox_bytes_max: 16 * MIB,
                ..Limits::default()
            },
        }
    }
}

impl NamesrvConfig {
    /// Takes one line of a properties file.
    ///
    /// # Errors
    /// The name is not known or has no effect here, or the value does not fit; nothing has changed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        let setting = find(key)?;
        setting.apply(self, value.trim())
    }

    /// Takes a change that a request asks for: only what is harmless to change while running.
    pub(crate) fn change(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        let setting = find(key)?;
        match setting.changes {
            Changes::WhileRunning => setting.apply(self, value.trim()),
            Changes::BeforeStart => Err(SettingError::Fixed {
                key: key.to_owned(),
            }),
        }
    }

    /// All names that [`set`](Self::set) takes.
    pub fn known_keys() -> impl Iterator<Item = &'static str> {
        SETTINGS.iter().map(|setting| setting.key)
    }

    /// All settings that have a value, with their names, in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        SETTINGS
            .iter()
            .filter_map(|setting| Some((setting.key, (setting.show)(self)?)))
    }
}

/// When a setting may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changes {
    BeforeStart,
    WhileRunning,
}
use Changes::{BeforeStart, WhileRunning};

/// One name: how it is shown and taken.
struct Setting {
    key: &'static str,
    changes: Changes,
    expected: &'static str,
    show: fn(&NamesrvConfig) -> Option<String>,
    /// `None` when the value does not fit.
    take: fn(&mut NamesrvConfig, &str) -> Option<()>,
}

impl Setting {
    fn apply(&self, config: &mut NamesrvConfig, value: &str) -> Result<(), SettingError> {
        (self.take)(config, value).ok_or_else(|| SettingError::Invalid {
            key: self.key.to_owned(),
            value: value.chars().take(VALUE_SHOWN_MAX).collect(),
            expected: self.expected,
        })
    }
}

fn find(key: &str) -> Result<&'static Setting, SettingError> {
    SETTINGS
        .iter()
        .find(|setting| setting.key == key)
        .ok_or_else(|| {
            let key = key.to_owned();
            if WITHOUT_EFFECT.contains(&key.as_str()) {
                SettingError::WithoutEffect { key }
            } else {
                SettingError::Unknown { key }
            }
        })
}

/// A setting that is on or off, held in one field.
macro_rules! switch {
    ($key:literal, $field:ident) => {
        Setting {
            key: $key,
            changes: WhileRunning,
            expected: "true or false",
            show: |config| Some(config.$field.to_string()),
            take: |config, value| {
                config.$field = boolean(value)?;
                Some(())
            },
        }
    };
}

/// Every setting, by name.
static SETTINGS: [Setting; 20] = [
    Setting {
        key: "bindAddress",
        changes: BeforeStart,
        expected: "an IP address of this machine",
        show: |config| Some(config.listen.ip().to_string()),
        take: |config, value| {
            config.listen.set_ip(value.parse().ok()?);
            Some(())
        },
    },
    Setting {
        key: "brokerChannelExpiredTime",
        changes: BeforeStart,
        expected: "milliseconds, from 1000 to a day",
        show: |config| Some(config.broker_expiry.as_millis().to_string()),
        take: |config, value| {
            config.broker_expiry = milliseconds(value, Duration::from_secs(1))?;
            Some(())
        },
    },
    switch!(
        "deleteTopicWithBrokerRegistration",
        delete_topic_with_broker_registration
    ),
    switch!("enableAllTopicList", enable_all_topic_list),
    switch!("enableTopicList", enable_topic_list),
    Setting {
        key: "kvConfigPath",
        changes: BeforeStart,
        expected: "the path of a file",
        show: |config| Some(config.kv_config_path.as_deref()?.display().to_string()),
        take: |config, value| {
            let path = Path::new(value);
            path.file_name()?;
            config.kv_config_path = Some(path.to_owned());
            Some(())
        },
    },
    Setting {
        key: "listenPort",
        changes: BeforeStart,
        expected: "a port from 1 to 65535",
        show: |config| Some(config.listen.port().to_string()),
        take: |config, value| {
            config
                .listen
                .set_port(value.parse().ok().filter(|port| *port != 0)?);
            Some(())
        },
    },
    switch!("needWaitForService", need_wait_for_service),
    switch!("orderMessageEnable", order_message_enable),
    switch!(
        "returnOrderTopicConfigToBroker",
        return_order_topic_config_to_broker
    ),
    Setting {
        key: "scanNotActiveBrokerInterval",
        changes: WhileRunning,
        expected: "milliseconds, from 10 to a day",
        show: |config| Some(config.scan_interval.as_millis().to_string()),
        take: |config, value| {
            config.scan_interval = milliseconds(value, Duration::from_millis(10))?;
            Some(())
        },
    },
    Setting {
        key: "serverChannelMaxIdleTimeSeconds",
        changes: BeforeStart,
        expected: "seconds, from 1 to a day",
        show: |config| Some(config.limits.idle_timeout.as_secs().to_string()),
        take: |config, value| {
            config.limits.idle_timeout = seconds(value).filter(|idle| !idle.is_zero())?;
            Some(())
        },
    },
    Setting {
        key: "serverMaxConnections",
        changes: BeforeStart,
        expected: "a number from 1 to 1000000",
        show: |config| Some(config.limits.connections_max.to_string()),
        take: |config, value| {
            config.limits.connections_max = number(value, 1, CONNECTIONS_MAX)?;
            Some(())
        },
    },
    Setting {
        key: "serverMaxInputBytes",
        changes: BeforeStart,
        expected: "bytes, from 16777216 to 2147483647",
        show: |config| Some(config.limits.input_bytes_max.to_string()),
        take: |config, value| {
            config.limits.input_bytes_max = number(value, 16 * MIB, BYTES_MAX)?;
            Some(())
        },
    },
    Setting {
        key: "serverMaxOutboxBytes",
        changes: BeforeStart,
        expected: "bytes, from 1048576 to 2147483647",
        show: |config| Some(config.limits.outbox_bytes_max.to_string()),
        take: |config, value| {
            config.limits.outbox_bytes_max = number(value, MIB, BYTES_MAX)?;
            Some(())
        },
    },
    Setting {
        key: "serverMaxOutputBytes",
        changes: BeforeStart,
        expected: "bytes, from 16777216 to 2147483647",
        show: |config| Some(config.limits.output_bytes_max.to_string()),
        take: |config, value| {
            config.limits.output_bytes_max = number(value, 16 * MIB, BYTES_MAX)?;
            Some(())
        },
    },
    Setting {
        key: "serverUnfinishedFrameTimeoutMillis",
        changes: BeforeStart,
        expected: "milliseconds, from 100 to a day",
        show: |config| Some(config.limits.partial_frame_timeout.as_millis().to_string()),
        take: |config, value| {
            config.limits.partial_frame_timeout = milliseconds(value, SHORTEST_TIMEOUT)?;
            Some(())
        },
    },
    Setting {
        key: "serverWriteTimeoutMillis",
        changes: BeforeStart,
        expected: "milliseconds, from 100 to a day",
        show: |config| Some(config.limits.write_timeout.as_millis().to_string()),
        take: |config, value| {
            config.limits.write_timeout = milliseconds(value, SHORTEST_TIMEOUT)?;
            Some(())
        },
    },
    switch!("supportActingMaster", support_acting_master),
    Setting {
        key: "waitSecondsForService",
        changes: WhileRunning,
        expected: "seconds, up to a day",
        show: |config| Some(config.wait_for_service.as_secs().to_string()),
        take: |config, value| {
            config.wait_for_service = seconds(value)?;
            Some(())
        },
    },
];

/// Settings of RocketMQ's name server for things that do not exist here: thread pools and their
/// queues, Netty's buffers, the embedded controller, the place of an installation.
const WITHOUT_EFFECT: [&str; 27] = [
    "clientRequestThreadPoolNums",
    "clientRequestThreadPoolQueueCapacity",
    "clusterTest",
    "configBlackList",
    "configStorePath",
    "defaultThreadPoolNums",
    "defaultThreadPoolQueueCapacity",
    "enableControllerInNamesrv",
    "enableShutdownGracefully",
    "notifyMinBrokerIdChanged",
    "productEnvName",
    "rocketmqHome",
    "serverAsyncSemaphoreValue",
    "serverCallbackExecutorThreads",
    "serverNettyWorkerGroupEnable",
    "serverOnewaySemaphoreValue",
    "serverPooledByteBufAllocatorEnable",
    "serverSelectorThreads",
    "serverSocketBacklog",
    "serverSocketRcvBufSize",
    "serverSocketSndBufSize",
    "serverWorkerThreads",
    "shutdownWaitTimeSeconds",
    "unRegisterBrokerQueueCapacity",
    "useEpollNativeSelector",
    "writeBufferHighWaterMark",
    "writeBufferLowWaterMark",
];

fn boolean(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn number(value: &str, least: usize, most: usize) -> Option<usize> {
    let number = value.parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}

fn milliseconds(value: &str, at_least: Duration) -> Option<Duration> {
    let duration = Duration::from_millis(value.parse().ok()?);
    (at_least..=DURATION_MAX)
        .contains(&duration)
        .then_some(duration)
}

fn seconds(value: &str) -> Option<Duration> {
    let duration = Duration::from_secs(value.parse().ok()?);
    (duration <= DURATION_MAX).then_some(duration)
}

#[cfg(test)]
mod tests;
