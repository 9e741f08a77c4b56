//! One peer, as the rest of a node sees it: what waits to be written to it, what it still has to
//! answer, whether it is there. The task that reads and writes its socket is in [`crate::wire`].

use crate::error::{InvokeError, SendError};
use crate::limits::Limits;
use crate::response_table::{NotExpected, ResponseTable};
use clock::SharedClock;
use parking_lot::Mutex;
use protocol::RemotingCommand;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One peer.
#[derive(Debug)]
pub struct Connection {
    id: u64,
    peer: SocketAddr,
    local: SocketAddr,
    limits: Limits,
    clock: SharedClock,
    outbox: Mutex<Outbox>,
    /// Told when the outbox is no longer empty, and when the last deferred answer has been given.
    pub(crate) outbox_filled: Notify,
    pub(crate) responses: ResponseTable,
    /// Ends the connection's task at once.
    pub(crate) close: CancellationToken,
    closed: AtomicBool,
    deferred_count: AtomicUsize,
    /// When something last came or went; the clock's elapsed time in milliseconds.
    active_at_ms: AtomicU64,
    /// When the frame that is not whole yet began; 0 when there is none.
    partial_since_ms: AtomicU64,
}

/// Frames that wait for the connection's task to write them.
#[derive(Debug, Default)]
struct Outbox {
    bytes: Vec<u8>,
    closed: bool,
}

impl Connection {
    pub(crate) fn new(
        id: u64,
        peer: SocketAddr,
        local: SocketAddr,
        limits: Limits,
        clock: SharedClock,
        close: CancellationToken,
    ) -> Self {
        let connection = Self {
            id,
            peer,
            local,
            limits,
            clock,
            outbox: Mutex::default(),
            outbox_filled: Notify::new(),
            responses: ResponseTable::default(),
            close,
            closed: AtomicBool::new(false),
            deferred_count: AtomicUsize::new(0),
            active_at_ms: AtomicU64::new(0),
            partial_since_ms: AtomicU64::new(0),
        };
        connection.touch();
        connection
    }

    /// A number that no other connection of this node has had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The peer's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Our own end.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether the peer is gone, or is being sent away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.close.is_cancelled()
    }

    /// Sends the peer away, without waiting for anything.
    pub fn close(&self) {
        self.close.cancel();
    }

    /// Sends a one-way request to the peer. Never waits: it is written as soon as the peer reads.
    ///
    /// # Errors
    /// The connection is closed, or the peer reads too slowly and has been sent away for it.
    pub fn push(&self, request: RemotingCommand) -> Result<(), SendError> {
        let mut request = request.oneway();
        request.opaque = self.responses.next_opaque();
        self.append(|out| request.encode_into(out))
    }

    /// Sends a request to the peer and waits for its answer.
    ///
    /// # Errors
    /// The connection is closed before the answer comes, the time runs out, or too many requests
    /// wait for this peer already.
    pub async fn invoke(
        &self,
        request: RemotingCommand,
        timeout: Duration,
    ) -> Result<RemotingCommand, InvokeError> {
        let addr = || self.peer.to_string();
        let mut expected =
            self.responses
                .expect(self.limits.invocations_max)
                .map_err(|reason| match reason {
                    NotExpected::Closed => InvokeError::Closed { addr: addr() },
                    NotExpected::Full => InvokeError::Overloaded { addr: addr() },
                })?;
        let mut request = request;
        request.opaque = expected.opaque;
        self.append(|out| request.encode_into(out))
            .map_err(|_| InvokeError::Closed { addr: addr() })?;
        match tokio::time::timeout(timeout, &mut expected.answer).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(InvokeError::Closed { addr: addr() }),
            Err(_) => Err(InvokeError::Timeout {
                addr: addr(),
                after: timeout,
            }),
        }
    }

    /// Lets `write` append frames to the outbox and wakes the task that writes them.
    pub(crate) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SendError> {
        let mut outbox = self.outbox.lock();
        if outbox.closed {
            return Err(SendError::Closed);
        }
        if outbox.bytes.len() > self.limits.outbox_bytes_max {
            drop(outbox);
            tracing::warn!(peer = %self.peer, "closing a peer that does not read its answers");
            self.close();
            return Err(SendError::Full);
        }
        let was_empty = outbox.bytes.is_empty();
        write(&mut outbox.bytes);
        drop(outbox);
        if was_empty {
            self.outbox_filled.notify_one();
        }
        Ok(())
    }

    /// Moves what waits to the end of `output`.
    pub(crate) fn take_outbox(&self, output: &mut Vec<u8>) {
        let mut outbox = self.outbox.lock();
        if output.is_empty() {
            std::mem::swap(&mut outbox.bytes, output);
        } else {
            output.append(&mut outbox.bytes);
        }
    }

    pub(crate) fn deferred_begins(&self) {
        self.deferred_count.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn deferred_ends(&self) {
        if self.deferred_count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.outbox_filled.notify_one();
        }
    }

    /// Whether an answer is still owed to the peer.
    pub(crate) fn owes_answers(&self) -> bool {
        self.deferred_count.load(Ordering::Acquire) > 0
    }

    fn now_ms(&self) -> u64 {
        // From 1, so that 0 can mean "never".
        u64::try_from(self.clock.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }

    /// Notes that something came or went.
    pub(crate) fn touch(&self) {
        self.active_at_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Notes whether a frame has begun and is not whole yet.
    pub(crate) fn note_partial(&self, partial: bool) {
        let since = self.partial_since_ms.load(Ordering::Relaxed);
        if partial && since == 0 {
            self.partial_since_ms
                .store(self.now_ms(), Ordering::Relaxed);
        } else if !partial && since != 0 {
            self.partial_since_ms.store(0, Ordering::Relaxed);
        }
    }

    /// Closes the connection if nothing has happened on it, or a frame has been unfinished, for
    /// longer than the limits allow.
    pub(crate) fn close_if_stale(&self) {
        let now = self.now_ms();
        let older_than =
            |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let partial_since = self.partial_since_ms.load(Ordering::Relaxed);
        let reason =
            if partial_since != 0 && older_than(partial_since, self.limits.partial_frame_timeout) {
                "its frame does not come to an end"
            } else if older_than(
                self.active_at_ms.load(Ordering::Relaxed),
                self.limits.idle_timeout,
            ) {
                "nothing has happened on it"
            } else {
                return;
            };
        tracing::debug!(peer = %self.peer, reason, "closing a connection");
        self.close();
    }

    /// The socket is gone: nothing more is taken, everyone who waits is told.
    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
        let mut outbox = self.outbox.lock();
        outbox.closed = true;
        outbox.bytes = Vec::new();
        drop(outbox);
        self.responses.close();
    }
}
