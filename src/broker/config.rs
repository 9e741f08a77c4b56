//! Every setting of a broker under RocketMQ's own property name.
//!
//! One table says it all: property, field, type, range and default. Defaults are those of RocketMQ
//! 5.3.3 except `bindAddress`, which keeps a broker to this machine until it is told otherwise, and
//! `enablePropertyFilter`: who subscribes with an expression is served.
//! Invariant: a [`BrokerConfig`] never holds a value that its type or range forbids.

mod setting;
mod value;

pub use setting::SettingError;
pub use store::DelayLevels;
pub use value::{BrokerRole, FlushDiskType, Hours};

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::StartError;
use remoting::Limits;
use setting::settings;
use store::{FlushMode, StoreConfig};

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The queues that a topic may have at most; RocketMQ knows no limit, a typing error does.
pub const QUEUE_NUMS_MAX: i32 = 4_096;

/// Bytes of a ConsumeQueue unit.
const CONSUME_QUEUE_UNIT: u32 = 20;

const MIB: i32 = 1024 * 1024;

/// The largest body that fits into one frame with its header.
const MESSAGE_SIZE_MAX: i32 = 16 * 1024 * 1024 - 128 * 1024;

settings! {
    // who and where
    /// Name of the cluster.
    "brokerClusterName" cluster_name: String => "DefaultCluster".to_owned();
    /// Name of the broker set.
    "brokerName" broker_name: String => "DEFAULT_BROKER".to_owned();
    /// Place in the set; 0 is the master.
    "brokerId" broker_id: i64 [0..=0] => 0;
    /// Role in the set.
    "brokerRole" broker_role: BrokerRole => BrokerRole::AsyncMaster;
    /// Address that is listened on.
    "bindAddress" bind_address: IpAddr => IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// Port that is listened on.
    "listenPort" listen_port: u16 => 10_911;
    /// Address that clients are told.
    "brokerIP1" broker_ip1: Option<IpAddr> => None;
    /// Address that replicas are told.
    "brokerIP2" broker_ip2: Option<IpAddr> => None;
    /// Port that replicas are told.
    "haListenPort" ha_listen_port: u16 => 10_912;
    /// Region that is written into messages.
    "regionId" region_id: String => "DefaultRegion".to_owned();

    // connections
    /// Connections at a time; a further one is closed at once.
    "serverMaxConnections" server_max_connections: i32 [1..=1_000_000] => 20_000;
    /// Seconds after which a silent connection is closed.
    "serverChannelMaxIdleTimeSeconds" server_channel_max_idle_time_seconds: i32 [1..=86_400]
        => 120;
    /// Milliseconds within which a request that has begun has to be whole.
    "serverUnfinishedFrameTimeoutMillis" server_unfinished_frame_timeout: Duration
        [millis(100)..=secs(3_600)] => secs(30);
    /// Milliseconds after which a peer that takes no answers is closed.
    "serverWriteTimeoutMillis" server_write_timeout: Duration [millis(100)..=secs(3_600)]
        => secs(60);
    /// Bytes of unfinished requests, of all connections together.
    "serverMaxInputBytes" server_max_input_bytes: i32 [16 * MIB..=i32::MAX] => 256 * MIB;
    /// Bytes of unread answers, of one connection.
    "serverMaxOutboxBytes" server_max_outbox_bytes: i32 [MIB..=i32::MAX] => 16 * MIB;
    /// Bytes of unread answers, of all connections together.
    "serverMaxOutputBytes" server_max_output_bytes: i32 [16 * MIB..=i32::MAX] => 256 * MIB;

    // name servers
    /// Name servers, separated by `;`.
    "namesrvAddr" namesrv_addrs: Vec<String> => Vec::new();
    /// Milliseconds between registrations.
    "registerNameServerPeriod" register_namesrv_period: Duration [secs(1)..=secs(60)] => secs(30);
    /// Milliseconds that a registration may take.
    "registerBrokerTimeoutMills" register_broker_timeout: Duration [millis(1)..=secs(600)]
        => secs(24);

    // topics and groups
    /// Bits: 4 read, 2 write.
    "brokerPermission" broker_permission: i32 [0..=6] => 6;
    /// Whether a send may create its topic.
    "autoCreateTopicEnable" auto_create_topic_enable: bool => true;
    /// Whether a consumer may create its group.
    "autoCreateSubscriptionGroup" auto_create_subscription_group: bool => true;
    /// Queues of the template topic.
    "defaultTopicQueueNums" default_topic_queue_nums: i32 [1..=QUEUE_NUMS_MAX] => 8;
    /// Whether the topic named like the cluster may be used.
    "clusterTopicEnable" cluster_topic_enable: bool => true;
    /// Whether the topic named like the broker may be used.
    "brokerTopicEnable" broker_topic_enable: bool => true;
    /// Whether the topic for message traces is made.
    "traceTopicEnable" trace_topic_enable: bool => false;
    /// Topic for message traces.
    "msgTraceTopicName" trace_topic_name: String => "RMQ_SYS_TRACE_TOPIC".to_owned();
    /// Whether producers are told to trace.
    "traceOn" trace_on: bool => true;
    /// Whether tools may not change system topics.
    "validateSystemTopicWhenUpdateTopic" validate_system_topic_when_update_topic: bool => true;
    /// Whether pop retry topics go with their topic.
    "clearRetryTopicWhenDeleteTopic" clear_retry_topic_when_delete_topic: bool => true;
    /// Whether members of a group are told of changes.
    "notifyConsumerIdsChangedEnable" notify_consumer_ids_changed_enable: bool => true;
    /// Milliseconds without heartbeat after which a client is gone.
    "channelExpiredTimeout" channel_expired_timeout: Duration [secs(1)..=secs(86_400)]
        => secs(120);
    /// Milliseconds between writes of the consumer offsets.
    "flushConsumerOffsetInterval" flush_consumer_offset_interval: Duration [millis(10)..=secs(3_600)]
        => secs(5);
    /// Whether reset offsets are kept by the broker.
    "useServerSideResetOffset" use_server_side_reset_offset: bool => true;

    // sending and pulling
    /// Bytes that a body may have.
    "maxMessageSize" max_message_size: i32 [1..=MESSAGE_SIZE_MAX] => 4 * 1024 * 1024;
    /// Whether half messages are refused.
    "rejectTransactionMessage" reject_transaction_message: bool => false;
    /// Time before which sends are refused, in ms since the epoch.
    "startAcceptSendRequestTimeStamp" start_accept_send_request_timestamp: i64 => 0;
    /// Whether SQL92 filters are served.
    "enablePropertyFilter" enable_property_filter: bool => true;
    /// Whether lite pull consumers are served.
    "litePullMessageEnable" lite_pull_message_enable: bool => true;
    /// Whether pulls wait as long as they ask for.
    "longPollingEnable" long_polling_enable: bool => true;
    /// Milliseconds that pulls wait without long polling.
    "shortPollingTimeMills" short_polling_time: Duration => secs(1);
    /// Messages that one pull gets at most.
    "maxTransferCountOnMessageInMemory" max_transfer_count: i32 [1..=4_096] => 32;
    /// Bytes that one pull gets at most, if more than one message.
    "maxTransferBytesOnMessageInMemory" max_transfer_bytes: i32 [1..=MESSAGE_SIZE_MAX]
        => 256 * 1024;
    /// Messages that a query by unique key finds at most.
    "defaultQueryMaxNum" default_query_max_num: i32 [1..=1_024] => 32;
    /// The delays of the levels, from level 1 on.
    "messageDelayLevel" message_delay_level: DelayLevels => DelayLevels::default();
    /// Milliseconds between writes of the delay offsets.
    "flushDelayOffsetInterval" flush_delay_offset_interval: Duration [millis(10)..=secs(3_600)]
        => secs(10);

    // storage
    /// Folder of all that is stored.
    "storePathRootDir" store_path_root_dir: PathBuf => default_store_dir();
    /// Folder of the commit log, when it is elsewhere.
    "storePathCommitLog" store_path_commit_log: Option<PathBuf> => None;
    /// Bytes of a commit log file.
    "mappedFileSizeCommitLog" mapped_file_size_commit_log: i32 [64 * 1024..=i32::MAX]
        => 1024 * 1024 * 1024;
    /// Bytes of a consume queue file.
    "mappedFileSizeConsumeQueue" mapped_file_size_consume_queue: i32 [20..=i32::MAX]
        => 300_000 * 20;
    /// Whether an answer waits for the disk.
    "flushDiskType" flush_disk_type: FlushDiskType => FlushDiskType::AsyncFlush;
    /// Milliseconds between flushes of the commit log.
    "flushIntervalCommitLog" flush_interval_commit_log: Duration [millis(1)..=secs(3_600)]
        => millis(500);
    /// Milliseconds between flushes of the consume queues.
    "flushIntervalConsumeQueue" flush_interval_consume_queue: Duration [millis(1)..=secs(3_600)]
        => secs(1);
    /// Milliseconds that an answer waits for the disk at most.
    "syncFlushTimeout" sync_flush_timeout: Duration [millis(1)..=secs(600)] => secs(5);
    /// Whether messages are indexed by key.
    "messageIndexEnable" message_index_enable: bool => true;
    /// Hash slots of an index file.
    "maxHashSlotNum" max_hash_slot_num: i32 [1..=i32::MAX] => 5_000_000;
    /// Entries of an index file.
    "maxIndexNum" max_index_num: i32 [2..=i32::MAX] => 20_000_000;
    /// Hours after which a commit log file may go.
    "fileReservedTime" file_reserved_time: i32 [0..=i32::MAX] => 72;
    /// Hours of the day at which files go, separated by `;`.
    "deleteWhen" delete_when: Hours => Hours::default();
    /// Percent of the disk above which old files go at any hour.
    "diskMaxUsedSpaceRatio" disk_max_used_space_ratio: i32 [10..=95] => 75;
    /// Percent of the disk above which files go whatever their age.
    "diskSpaceCleanForciblyRatio" disk_space_clean_forcibly_ratio: i32 [10..=99] => 85;
    /// Percent of the disk above which sends are refused.
    "diskSpaceWarningLevelRatio" disk_space_warning_level_ratio: i32 [10..=100] => 90;
    /// Whether files go whatever their age when the disk is nearly full.
    "cleanFileForciblyEnable" clean_file_forcibly_enable: bool => true;
    /// Milliseconds between looks at the disk.
    "cleanResourceInterval" clean_resource_interval: Duration [millis(10)..=secs(3_600)]
        => secs(10);
}

impl BrokerConfig {
    /// The address that is listened on.
    #[must_use]
    pub const fn listen_addr(&self) -> SocketAddr {
        SocketAddr::new(self.bind_address, self.listen_port)
    }

    /// The address that clients are told and that is written into messages.
    #[must_use]
    pub fn advertised_addr(&self) -> SocketAddr {
        let ip = self.broker_ip1.unwrap_or_else(|| self.default_ip());
        SocketAddr::new(ip, self.listen_port)
    }

    /// The address that replicas are told.
    #[must_use]
    pub fn ha_addr(&self) -> SocketAddr {
        let ip = self
            .broker_ip2
            .unwrap_or_else(|| self.advertised_addr().ip());
        SocketAddr::new(ip, self.ha_listen_port)
    }

    /// The folder of the tables.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.store_path_root_dir.join("config")
    }

    /// What connections may cost.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let size = |bytes: i32| usize::try_from(bytes).unwrap_or_default();
        let idle = self.server_channel_max_idle_time_seconds;
        Limits {
            connections_max: size(self.server_max_connections),
            idle_timeout: Duration::from_secs(idle.max(1).unsigned_abs().into()),
            partial_frame_timeout: self.server_unfinished_frame_timeout,
            write_timeout: self.server_write_timeout,
            input_bytes_max: size(self.server_max_input_bytes),
            outbox_bytes_max: size(self.server_max_outbox_bytes),
            output_bytes_max: size(self.server_max_output_bytes),
            ..Limits::default()
        }
    }

    /// What the store is opened with.
    ///
    /// # Errors
    /// A setting asks for what the store does not do.
    pub fn store_config(&self) -> Result<StoreConfig, StartError> {
        let root = self.store_path_root_dir.clone();
        let elsewhere = self.store_path_commit_log.as_ref();
        if elsewhere.is_some_and(|path| *path != root.join("commitlog")) {
            return Err(StartError::Setting {
                key: "storePathCommitLog",
                reason: "a commit log outside of storePathRootDir is not supported yet".to_owned(),
            });
        }
        let unsigned = |value: i32| value.max(0).unsigned_abs();
        let ratio = |percent: i32| f64::from(percent) / 100.0;
        let units = unsigned(self.mapped_file_size_consume_queue) / CONSUME_QUEUE_UNIT;
        Ok(StoreConfig {
            commit_log_file_size: unsigned(self.mapped_file_size_commit_log).into(),
            consume_queue_units: units,
            index_slots: unsigned(self.max_hash_slot_num),
            index_entries: unsigned(self.max_index_num),
            index_enabled: self.message_index_enable,
            flush_mode: match self.flush_disk_type {
                FlushDiskType::SyncFlush => FlushMode::Sync,
                FlushDiskType::AsyncFlush => FlushMode::Async,
            },
            flush_interval: self.flush_interval_commit_log,
            consume_queue_flush_interval: self.flush_interval_consume_queue,
            // The broker itself refuses what is above `maxMessageSize`, which may change.
            message_size_max: usize::try_from(MESSAGE_SIZE_MAX).unwrap_or_default(),
            file_reserved: store::hours(unsigned(self.file_reserved_time)),
            delete_when: self.delete_when.as_slice().to_vec(),
            disk_max_used_ratio: ratio(self.disk_max_used_space_ratio),
            disk_clean_forcibly_ratio: ratio(self.disk_space_clean_forcibly_ratio),
            clean_forcibly: self.clean_file_forcibly_enable,
            disk_warning_ratio: ratio(self.disk_space_warning_level_ratio),
            clean_interval: self.clean_resource_interval,
            delay_levels: self.message_delay_level.clone(),
            ..StoreConfig::new(root)
        })
    }

    fn default_ip(&self) -> IpAddr {
        if self.bind_address.is_unspecified() {
            outward_ip().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
        } else {
            self.bind_address
        }
    }
}

/// The address of this machine that packets to elsewhere leave from. Sends none.
fn outward_ip() -> Option<IpAddr> {
    /// Of the documentation range: connecting a datagram socket only chooses a route.
    const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

fn default_store_dir() -> PathBuf {
    std::env::home_dir().unwrap_or_default().join("store")
}

#[cfg(test)]
mod tests;
