//! Makes the CommitLog durable: group commit in synchronous mode, every half second otherwise.
//!
//! Invariant: a failed sync is final. The system may have dropped what it could not write, and a
//! second sync would call that success; so the store takes no more messages, everyone who waits is
//! told, and nothing is tried again.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::commit_log::{CommitLog, PrepareError};
use crate::convert::{to_i64, to_u64};
use crate::dispatch::DispatchRequest;
use crate::shared::Shared;

/// How waiting for durability ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The message counts as stored, as [`FlushMode`](crate::FlushMode) defines it.
    Durable,
    /// A sync failed: whether the message survives a power cut is unknown.
    Failed,
}

/// Called once when durability is decided.
pub type DurabilityCallback = Box<dyn FnOnce(Durability) + Send>;

/// What waits for the next sync.
#[derive(Default)]
struct Waiting {
    callbacks: Vec<(u64, DurabilityCallback)>,
    /// Records that consumers may not see yet, in the order of the log.
    dispatches: VecDeque<DispatchRequest>,
}

/// State of the flush.
#[derive(Default)]
pub(crate) struct Flush {
    synced: AtomicU64,
    failed: AtomicBool,
    waiting: Mutex<Waiting>,
    /// Held during a sync: there is one at a time.
    flushing: Mutex<()>,
    /// Until so many messages were put, nobody needs to wake the flush thread: it gathers a group.
    wake_at: AtomicU64,
}

impl fmt::Debug for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flush")
            .field("synced", &self.synced)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Flush {
    /// The log is synced below `synced`.
    pub(crate) fn new(synced: u64) -> Self {
        Self {
            synced: AtomicU64::new(synced),
            ..Self::default()
        }
    }

    /// Everything in the log below survives a power cut.
    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Whether a sync failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// A sync of the log failed somewhere: as final here as anywhere.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Whether the flush thread wants to know that `put` messages were put.
    pub(crate) fn is_expecting(&self, put: u64) -> bool {
        put >= self.wake_at.load(Ordering::SeqCst)
    }

    /// From now on only the `wake_at`th message wakes the flush thread; with 0, any.
    pub(crate) fn expect(&self, wake_at: u64) {
        self.wake_at.store(wake_at, Ordering::SeqCst);
    }

    /// Keeps a record back until it is synced.
    pub(crate) fn hold_back(&self, request: DispatchRequest) {
        self.waiting.lock().dispatches.push_back(request);
    }

    /// Calls back when the log is synced up to `end`: at once when it is.
    pub(crate) fn when_synced(&self, end: u64, callback: DurabilityCallback) {
        let mut waiting = self.waiting.lock();
        let decided = if self.synced() >= end {
            Durability::Durable
        } else if self.has_failed() {
            Durability::Failed
        } else {
            waiting.callbacks.push((end, callback));
            return;
        };
        drop(waiting);
        callback(decided);
    }

    /// Syncs the log up to its end of now. Says whether that is so.
    fn sync(&self, log: &CommitLog) -> bool {
        let _one_at_a_time = self.flushing.lock();
        let (from, to) = (self.synced(), log.end());
        if self.has_failed() {
            return false;
        }
        if from >= to {
            return true;
        }
        if let Err(error) = log.sync(from, to) {
            tracing::error!(%error, from, to, "the log cannot be synced; no more messages are taken");
            self.fail();
            return false;
        }
        self.synced.store(to, Ordering::Release);
        true
    }

    /// Whether there is something to sync, or to show after a sync.
    pub(crate) fn has_work(&self, log: &CommitLog) -> bool {
        if self.has_failed() {
            // They are told that there will be no sync.
            return !self.waiting.lock().callbacks.is_empty();
        }
        self.synced() < log.end() || !self.waiting.lock().dispatches.is_empty()
    }

    fn take_dispatches(&self) -> VecDeque<DispatchRequest> {
        let synced = to_i64(self.synced());
        let mut waiting = self.waiting.lock();
        let count = waiting
            .dispatches
            .partition_point(|request| request.end() <= synced);
        let later = waiting.dispatches.split_off(count);
        std::mem::replace(&mut waiting.dispatches, later)
    }

    fn take_callbacks(&self) -> Vec<(Durability, DurabilityCallback)> {
        let mut waiting = self.waiting.lock();
        let (synced, failed) = (self.synced(), self.has_failed());
        let all = std::mem::take(&mut waiting.callbacks);
        let mut decided = Vec::with_capacity(all.len());
        for (end, callback) in all {
            if end <= synced {
                decided.push((Durability::Durable, callback));
            } else if failed {
                decided.push((Durability::Failed, callback));
            } else {
                waiting.callbacks.push((end, callback));
            }
        }
        decided
    }

    /// Fails everyone who still waits: the store is going away.
    pub(crate) fn abandon(&self) {
        self.fail();
        for (durability, callback) in self.take_callbacks() {
            callback(durability);
        }
    }
}

impl Shared {
    /// Syncs the log, shows consumers what was kept back for that, and tells everyone who waits.
    ///
    /// Returns whether the log is synced up to where it ended when the call began.
    pub(crate) fn flush_once(&self) -> bool {
        let is_synced = self.flush.sync(&self.log);
        let shown_until = self.flush.synced();
        let dispatches = self.flush.take_dispatches();
        let mut newest = i64::MIN;
        for request in &dispatches {
            self.dispatcher
                .apply(&request.queue, &request.arrival, request.size);
        }
        if let Some(last) = dispatches.back() {
            self.derive_waker.wake();
            newest = last.arrival.store_timestamp;
        }
        if self.holds_back() {
            self.show(shown_until);
            self.visible_timestamp.fetch_max(newest, Ordering::AcqRel);
        }
        for (index, request) in dispatches.iter().enumerate() {
            // Several messages of one queue in a row are one arrival, as for a batch.
            let next = dispatches.get(index + 1);
            if next.is_none_or(|next| !std::sync::Arc::ptr_eq(&next.queue, &request.queue)) {
                self.dispatcher.notify(&request.queue, request.arrival);
            }
        }
        for (durability, callback) in self.flush.take_callbacks() {
            callback(durability);
        }
        is_synced
    }

    /// Wakes the flush thread, unless it waits for more than `put` messages.
    pub(crate) fn wake_flush(&self, put: u64) {
        if self.flush.is_expecting(put) {
            self.flush_waker.wake();
        }
    }

    /// Makes room ahead of the log, `rate` bytes per second being written.
    pub(crate) fn prepare_log(&self, rate: u64) {
        match self.log.prepare(rate) {
            Ok(()) => {}
            // The put that finds no room tells its sender; making it only saves time.
            Err(PrepareError::Room(error)) => {
                tracing::debug!(%error, "no room ahead of the log");
            }
            Err(PrepareError::Sync(error)) => {
                tracing::error!(%error, "the log cannot be synced; no more messages are taken");
                self.flush.fail();
                // Those who wait are told.
                self.flush_once();
            }
        }
    }

    /// Calls back when the log counts as stored up to `end_physical_offset`.
    pub(crate) fn when_durable(&self, end_physical_offset: i64, callback: DurabilityCallback) {
        if self.holds_back() {
            self.flush
                .when_synced(to_u64(end_physical_offset), callback);
            self.wake_flush(self.messages_put.load(Ordering::Relaxed));
        } else if self.flush.has_failed() {
            callback(Durability::Failed);
        } else {
            callback(Durability::Durable);
        }
    }
}
