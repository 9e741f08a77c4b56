//! Why a request did not get its answer, or a push did not leave.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why a request got no answer.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// No connection could be made.
    #[error("cannot connect to {addr}: {source}")]
    Connect {
        /// The peer.
        addr: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The peer did not answer in time.
    #[error("{addr} did not answer within {after:?}")]
    Timeout {
        /// The peer.
        addr: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection was closed before the answer came.
    #[error("{addr} closed the connection")]
    Closed {
        /// The peer.
        addr: String,
    },
    /// As many requests as allowed are waiting for this peer already.
    #[error("too many requests are waiting for {addr}")]
    Overloaded {
        /// The peer.
        addr: String,
    },
}

impl InvokeError {
    /// Whether the peer was reached but was too slow.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// The peer that was asked.
    #[must_use]
    pub fn addr(&self) -> &str {
        match self {
            Self::Connect { addr, .. }
            | Self::Timeout { addr, .. }
            | Self::Closed { addr }
            | Self::Overloaded { addr } => addr,
        }
    }
}

/// Why a push did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The connection is closed.
    #[error("the connection is closed")]
    Closed,
    /// The peer reads too slowly; the connection has been closed for it.
    #[error("the peer reads too slowly")]
    Full,
}
