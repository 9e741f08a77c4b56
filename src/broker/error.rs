//! Why a broker does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a broker does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The messages cannot be opened.
    #[error("cannot open the store in {}: {source}", dir.display())]
    Store {
        /// The store's folder.
        dir: PathBuf,
        /// What the store said.
        source: store::OpenError,
    },
    /// A table of the config folder cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting's value is in order by itself, but not for this broker.
    #[error("setting {key}: {reason}")]
    Setting {
        /// The setting under RocketMQ's name.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
