//! Everything in this crate that has a maximum, by name.

use std::time::Duration;

/// How much one node spends on its connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections a server keeps; a further one is closed as soon as it is accepted.
    pub connections_max: usize,
    /// A connection on which nothing has come or gone for so long is closed (RocketMQ's
    /// `serverChannelMaxIdleTimeSeconds`).
    pub idle_timeout: Duration,
    /// A frame that has begun must be whole after so long, or its connection is closed.
    pub partial_frame_timeout: Duration,
    /// A peer that accepts no byte for so long is closed.
    pub write_timeout: Duration,
    /// Bytes of answers and pushes that may wait for one peer; one that reads slower is closed.
    pub outbox_bytes_max: usize,
    /// Bytes that may wait for all peers of a node together, beyond 64 KiB each; a peer that does not
    /// read while they are used up is closed.
    pub output_bytes_max: usize,
    /// Bytes that all connections of a node together may hold of requests that are not whole yet,
    /// beyond 64 KiB each.
    pub input_bytes_max: usize,
    /// Requests to one peer that may wait for its answer.
    pub invocations_max: usize,
}

/// What each connection may hold of an unfinished request without asking.
pub(crate) const INPUT_BYTES_FREE: usize = 64 * 1024;

/// What may wait for each peer without asking.
pub(crate) const OUTPUT_BYTES_FREE: usize = 64 * 1024;

/// Answers of one batch of requests are written once they are this many bytes, before more requests
/// are looked at: a peer that asks faster than it reads is held back by TCP, not by memory.
pub(crate) const OUTPUT_BYTES_HIGH: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            idle_timeout: Duration::from_secs(120),
            partial_frame_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            outbox_bytes_max: 64 * 1024 * 1024,
            output_bytes_max: 256 * 1024 * 1024,
            input_bytes_max: 256 * 1024 * 1024,
            invocations_max: 65_535,
        }
    }
}
