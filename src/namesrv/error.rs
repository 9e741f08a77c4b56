//! What can go wrong before a name server runs, and when a setting is given.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a name server did not start.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken, not ours, or may not be used.
    #[error("the name server cannot listen on {addr}: {source}")]
    Bind {
        /// Where it should have listened.
        addr: SocketAddr,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The KV configuration is there but cannot be read.
    #[error("the KV configuration {} cannot be read: {source}", path.display())]
    KvConfigUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The KV configuration is there but is not what a name server writes.
    #[error("the KV configuration {} is damaged: {reason}", path.display())]
    KvConfigDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a setting was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// No name server has this setting.
    #[error("`{key}` is not a setting of the name server")]
    Unknown {
        /// The name as it was given.
        key: String,
    },
    /// RocketMQ has this setting, for something that does not exist here.
    #[error("`{key}` is a setting of RocketMQ that has no effect in this name server")]
    WithoutEffect {
        /// The name as it was given.
        key: String,
    },
    /// The setting is fixed from the start on: no request may change it.
    #[error("`{key}` cannot be changed while the name server runs")]
    Fixed {
        /// The name as it was given.
        key: String,
    },
    /// The value does not fit the setting.
    #[error("`{value}` is not a value for `{key}`: it takes {expected}")]
    Invalid {
        /// The name as it was given.
        key: String,
        /// The value as it was given, cut where it is long.
        value: String,
        /// What the setting takes.
        expected: &'static str,
    },
}
