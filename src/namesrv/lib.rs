//! RocketMQ's name server: who has which topic.
//!
//! # Layout
//! - [`NamesrvConfig`]: the settings, under RocketMQ's names.
//! - [`Namesrv`]: one running name server.
//! - `processor`: one function for each request code, in files by what they are about.
//! - `route_info`: the tables of brokers and topics, and the rules by which they change; pure.
//! - `kv_config`: small texts in namespaces, kept on disk where a path is configured.
//! - `expiry`: takes brokers out of the routes that have fallen silent.
//! - `names`: what may be the name of a broker or an address.
//!
//! Any number of name servers stand side by side, none knows of another, and each is complete
//! because every broker registers with all of them. Invariant: nothing that a name server answers
//! outlives it, but for the KV configuration.
//!
//! ```
//! use gantry_namesrv::{Namesrv, NamesrvConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut config = NamesrvConfig::default();
//! config.set("orderMessageEnable", "true")?;
//! # config.listen.set_port(0);
//! let namesrv = Namesrv::start(config, clock::SystemClock::shared()).await?;
//! println!("NAMESRV_ADDR={}", namesrv.local_addr());
//! namesrv.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod config;
mod error;
mod expiry;
mod kv_config;
mod names;
mod namesrv;
mod node;
mod processor;
mod route_info;

pub use config::{DEFAULT_PORT, NamesrvConfig};
pub use error::{SettingError, StartError};
pub use namesrv::Namesrv;

#[cfg(test)]
mod wire_tests;
