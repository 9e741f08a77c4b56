//! The messages of one queue that have been pulled and are not consumed yet (RocketMQ
//! `ProcessQueue`).
//!
//! Messages may be consumed in any order; the group's offset is the lowest one that is not, so that
//! nothing is skipped when another member takes over. Invariant: once dropped, a queue neither
//! hands out messages nor moves offsets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::message::MessageExt;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// How much one queue may have waiting before it is pulled no further.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheLimits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// Between the first and the last offset: one stuck message must not let the others run away.
    pub(crate) span: i64,
}

/// What is waiting, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cached {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) min_offset: i64,
    pub(crate) max_offset: i64,
    pub(crate) pulled_offset: i64,
    pub(crate) last_pull_ms: i64,
    pub(crate) last_consume_ms: i64,
}

#[derive(Debug)]
pub(crate) struct ProcessQueue {
    state: Mutex<State>,
    room: Notify,
    dropped: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<i64, Waiting>,
    bytes: usize,
    /// Behind the last message that was ever here.
    end_offset: i64,
    /// Where the next pull begins.
    pulled_offset: i64,
    last_pull_ms: i64,
    last_consume_ms: i64,
}

#[derive(Debug)]
struct Waiting {
    message: Arc<MessageExt>,
    /// When a handler got it, in ms since the epoch.
    handed_out_ms: Option<i64>,
}

impl ProcessQueue {
    pub(crate) fn new(start_offset: i64, now_ms: i64) -> Self {
        let state = State {
            pulled_offset: start_offset,
            last_pull_ms: now_ms,
            last_consume_ms: now_ms,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            room: Notify::new(),
            dropped: CancellationToken::new(),
        }
    }

    /// Takes the queue away from whoever works on it.
    pub(crate) fn drop_it(&self) {
        self.dropped.cancel();
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.is_cancelled()
    }

    pub(crate) fn dropped(&self) -> WaitForCancellationFuture<'_> {
        self.dropped.cancelled()
    }

    pub(crate) fn pull_begins(&self, now_ms: i64) {
        self.state.lock().last_pull_ms = now_ms;
    }

    /// Adds what a pull brought; the next one begins at `next_offset`.
    pub(crate) fn put(&self, messages: &[Arc<MessageExt>], next_offset: i64) {
        let mut state = self.state.lock();
        state.pulled_offset = next_offset;
        for message in messages {
            let waiting = Waiting {
                message: Arc::clone(message),
                handed_out_ms: None,
            };
            if state
                .waiting
                .insert(message.queue_offset, waiting)
                .is_none()
            {
                state.bytes += message.body.len();
                state.end_offset = message.queue_offset + 1;
            }
        }
    }

    /// Puts a message back that could not be sent back, to be handed out once more.
    pub(crate) fn replace(&self, message: &Arc<MessageExt>) {
        if let Some(waiting) = self.state.lock().waiting.get_mut(&message.queue_offset) {
            *waiting = Waiting {
                message: Arc::clone(message),
                handed_out_ms: None,
            };
        }
    }

    /// Notes that a handler has got these messages.
    pub(crate) fn hand_out(&self, messages: &[Arc<MessageExt>], now_ms: i64) {
        let mut state = self.state.lock();
        for message in messages {
            if let Some(waiting) = state.waiting.get_mut(&message.queue_offset) {
                waiting.handed_out_ms = Some(now_ms);
            }
        }
    }

    pub(crate) fn contains(&self, offset: i64) -> bool {
        self.state.lock().waiting.contains_key(&offset)
    }

    /// Takes out what is done with, and says up to where everything is: the group's new offset.
    pub(crate) fn remove(
        &self,
        offsets: impl IntoIterator<Item = i64>,
        now_ms: i64,
    ) -> Option<i64> {
        let mut state = self.state.lock();
        state.last_consume_ms = now_ms;
        if state.waiting.is_empty() {
            return None;
        }
        for offset in offsets {
            if let Some(done) = state.waiting.remove(&offset) {
                state.bytes = state.bytes.saturating_sub(done.message.body.len());
            }
        }
        let lowest = state.waiting.first_key_value().map(|(offset, _)| *offset);
        let reached = lowest.unwrap_or(state.end_offset);
        drop(state);
        self.room.notify_waiters();
        Some(reached)
    }

    /// The first message, if a handler has had it for longer than `timeout`.
    pub(crate) fn first_overdue(&self, now_ms: i64, timeout: Duration) -> Option<Arc<MessageExt>> {
        let state = self.state.lock();
        let (_, first) = state.waiting.first_key_value()?;
        let held_ms = u64::try_from(now_ms.saturating_sub(first.handed_out_ms?)).ok()?;
        (Duration::from_millis(held_ms) > timeout).then(|| Arc::clone(&first.message))
    }

    pub(crate) fn cached(&self) -> Cached {
        let state = self.state.lock();
        let offset = |entry: Option<(&i64, &Waiting)>| entry.map_or(0, |(offset, _)| *offset);
        Cached {
            messages: state.waiting.len(),
            bytes: state.bytes,
            min_offset: offset(state.waiting.first_key_value()),
            max_offset: offset(state.waiting.last_key_value()),
            pulled_offset: state.pulled_offset,
            last_pull_ms: state.last_pull_ms,
            last_consume_ms: state.last_consume_ms,
        }
    }

    /// Waits until there is less waiting than the limits allow.
    pub(crate) async fn wait_for_room(&self, limits: CacheLimits) {
        loop {
            let changed = self.room.notified();
            tokio::pin!(changed);
            // From here on a change is not missed.
            changed.as_mut().enable();
            if self.cached().is_within(limits) {
                return;
            }
            changed.await;
        }
    }
}

impl Cached {
    fn is_within(self, limits: CacheLimits) -> bool {
        self.messages <= limits.messages
            && self.bytes <= limits.bytes
            && self.max_offset - self.min_offset <= limits.span
    }
}

#[cfg(test)]
mod tests;
