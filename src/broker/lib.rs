//! RocketMQ's broker: takes messages in, hands them out, and keeps the progress of consumer groups.
//!
//! # Layout
//! - [`config`]: every setting under RocketMQ's own property name.
//! - `broker`: starting, stopping and killing one; the context that every request is processed in.
//! - `processor`: one function a request code, chosen in one `match`.
//! - `put`: how every message enters the store, whoever brings it.
//! - `topic_config`, `subscription_group`, `consumer_offset`: the tables that survive a restart.
//! - `consumer_manager`, `producer_manager`, `rebalance_lock`: what is known of connected clients.
//! - `long_polling`: pulls that wait for a message.
//! - `tag_filter`, `sql_filter`: which messages a pull wants.
//! - `schedule`, `retry`: delayed messages, messages that were consumed in vain.
//! - `namesrv_api`: registration with the name servers.
//! - `stats`: counters for people and tools.
//!
//! Invariant: nothing here prints, and nothing here knows the client crate; what a broker knows of
//! others it learned over the wire.

#![forbid(unsafe_code)]

mod broker;
mod broker_settings;
pub mod config;
mod connected_client;
mod consumer_manager;
mod consumer_offset;
mod error;
mod flush_wait;
mod local_time;
mod long_polling;
mod map;
mod metadata_log;
mod namesrv_api;
mod periodic;
mod processor;
mod producer_manager;
mod put;
mod rebalance_lock;
mod retry;
mod saved_table;
mod schedule;
mod scratch;
mod sql_filter;
mod stats;
mod subscription_group;
mod table_file;
mod tag_filter;
mod tasks;
mod topic_attributes;
mod topic_config;

pub use broker::Broker;
pub use config::{BrokerConfig, BrokerRole, FlushDiskType, SettingError};
pub use error::StartError;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_client;
