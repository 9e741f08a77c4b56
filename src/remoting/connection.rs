//! One peer, as the rest of a node sees it: what waits to be written to it, what it still has to
//! answer, whether it is there. The task that reads and writes its socket is in [`crate::wire`].

use crate::bell::{Bell, CLOSE, DRAIN, OUTBOX};
use crate::budget::{Budget, Share};
use crate::error::{InvokeError, SendError};
use crate::limits::{Limits, OUTPUT_BYTES_FREE};
use crate::response_table::{NotExpected, ResponseTable};
use clock::SharedClock;
use parking_lot::Mutex;
use protocol::RemotingCommand;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Room that the outbox keeps for the next late answer.
const OUTBOX_CAPACITY_KEPT: usize = 1024;

/// One peer.
#[derive(Debug)]
pub struct Connection {
    id: u64,
    peer: SocketAddr,
    local: SocketAddr,
    limits: Limits,
    clock: SharedClock,
    outbox: Mutex<Outbox>,
    /// Wakes the connection's task.
    pub(crate) bell: Bell,
    pub(crate) responses: ResponseTable,
    closed: AtomicBool,
    deferred_count: AtomicUsize,
    /// When something last came or went; the clock's elapsed time in milliseconds.
    active_at_ms: AtomicU64,
    /// When the frame that is not whole yet began; 0 when there is none.
    partial_since_ms: AtomicU64,
}

/// Frames that wait for the connection's task to write them.
#[derive(Debug)]
struct Outbox {
    bytes: Vec<u8>,
    share: Share,
    closed: bool,
}

impl Connection {
    pub(crate) fn new(
        id: u64,
        peer: SocketAddr,
        local: SocketAddr,
        limits: Limits,
        output: &Arc<Budget>,
        clock: SharedClock,
    ) -> Self {
        let connection = Self {
            id,
            peer,
            local,
            limits,
            clock,
            outbox: Mutex::new(Outbox {
                bytes: Vec::new(),
                share: Share::new(Arc::clone(output)),
                closed: false,
            }),
            bell: Bell::default(),
            responses: ResponseTable::default(),
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
        self.closed.load(Ordering::Acquire) || self.bell.has(CLOSE)
    }

    /// Sends the peer away, without waiting for anything.
    pub fn close(&self) {
        self.bell.ring(CLOSE);
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
        let waiting = outbox.bytes.len();
        if waiting > self.limits.outbox_bytes_max
            || !outbox
                .share
                .grow_to(waiting.saturating_sub(OUTPUT_BYTES_FREE))
        {
            drop(outbox);
            tracing::warn!(peer = %self.peer, waiting, "closing a peer that does not read its answers");
            self.close();
            return Err(SendError::Full);
        }
        write(&mut outbox.bytes);
        drop(outbox);
        if waiting == 0 {
            self.bell.ring(OUTBOX);
        }
        Ok(())
    }

    /// Moves what waits to the end of `output`, if anything does.
    pub(crate) fn take_outbox(&self, output: &mut Vec<u8>) {
        if !self.bell.take(OUTBOX) {
            return;
        }
        let mut outbox = self.outbox.lock();
        outbox.share.clear();
        output.extend_from_slice(&outbox.bytes);
        if outbox.bytes.capacity() > OUTBOX_CAPACITY_KEPT {
            outbox.bytes = Vec::new();
        } else {
            outbox.bytes.clear();
        }
    }

    pub(crate) fn deferred_begins(&self) {
        self.deferred_count.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn deferred_ends(&self) {
        // Either this sees that somebody waits for the last answer, or he sees that it was given.
        if self.deferred_count.fetch_sub(1, Ordering::SeqCst) == 1 && self.bell.has(DRAIN) {
            self.bell.ring(OUTBOX);
        }
    }

    /// Whether an answer is still owed to the peer.
    pub(crate) fn owes_answers(&self) -> bool {
        self.deferred_count.load(Ordering::SeqCst) > 0
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

    /// Notes whether a frame has begun and is not whole yet; `progressed` says that another one has
    /// become whole meanwhile, as on a connection on which one frame follows the other.
    pub(crate) fn note_partial(&self, partial: bool, progressed: bool) {
        let since = self.partial_since_ms.load(Ordering::Relaxed);
        if partial && (since == 0 || progressed) {
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
        outbox.share.clear();
        drop(outbox);
        self.responses.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const LIMITS: Limits = Limits {
        connections_max: 1,
        idle_timeout: Duration::from_secs(120),
        partial_frame_timeout: Duration::from_secs(30),
        write_timeout: Duration::from_secs(60),
        outbox_bytes_max: 200_000,
        input_bytes_max: 0,
        output_bytes_max: 300_000,
        invocations_max: 1,
    };

    fn connection(clock: &Arc<ManualClock>, budget: &Arc<Budget>) -> Connection {
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let clock = Arc::clone(clock) as SharedClock;
        Connection::new(0, addr, addr, LIMITS, budget, clock)
    }

    /// Lets so many seconds pass, and says whether the connection is still open.
    fn is_open_after(connection: &Connection, clock: &ManualClock, seconds: u64) -> bool {
        clock.advance(Duration::from_secs(seconds));
        connection.close_if_stale();
        !connection.is_closed()
    }

    #[test]
    fn a_frame_has_its_time_however_slowly_its_bytes_come() {
        let (clock, budget) = (ManualClock::at(0), Budget::new(0));
        let slow = connection(&clock, &budget);
        for _ in 0..30 {
            slow.touch();
            slow.note_partial(true, false);
            assert!(is_open_after(&slow, &clock, 1));
        }
        slow.touch();
        slow.note_partial(true, false);
        assert!(!is_open_after(&slow, &clock, 1));
    }

    #[test]
    fn a_connection_that_is_never_between_two_frames_is_a_busy_one() {
        let (clock, budget) = (ManualClock::at(0), Budget::new(0));
        let busy = connection(&clock, &budget);
        for _ in 0..300 {
            busy.touch();
            busy.note_partial(true, true);
            assert!(is_open_after(&busy, &clock, 1));
        }
        busy.note_partial(false, true);
        assert!(is_open_after(&busy, &clock, 100));
    }

    #[test]
    fn a_silent_connection_is_closed_after_its_time() {
        let (clock, budget) = (ManualClock::at(0), Budget::new(0));
        let silent = connection(&clock, &budget);
        assert!(is_open_after(&silent, &clock, 120));
        assert!(!is_open_after(&silent, &clock, 1));
    }

    #[test]
    fn what_waits_for_one_peer_and_for_all_has_a_limit() {
        let (clock, budget) = (ManualClock::at(0), Budget::new(LIMITS.output_bytes_max));
        let wait = |peer: &Connection| peer.append(|out| out.resize(out.len() + 50_000, 0));
        let (first, second, third) = (
            connection(&clock, &budget),
            connection(&clock, &budget),
            connection(&clock, &budget),
        );
        let fill = |peer: &Connection| (0..9).take_while(|_| wait(peer).is_ok()).count();
        assert_eq!(
            fill(&first),
            5,
            "one more than fits, which is only seen afterwards"
        );
        assert!(first.is_closed() && budget.used() > 0);
        assert_eq!(fill(&second), 5);
        assert!(
            fill(&third) < 5,
            "the two have used up what there is for all"
        );
        first.set_closed();
        let mut written = Vec::new();
        second.take_outbox(&mut written);
        assert_eq!((written.len(), budget.used()), (250_000, 0));
    }
}
