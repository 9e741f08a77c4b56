//! From the CommitLog to the ConsumeQueues, and to the consumers that wait for a message.
//!
//! Invariant: a unit is applied after its record is in the log, and in synchronous mode after the
//! record is on the disk; so a consumer never sees what could still be lost.

use std::sync::Arc;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::consume_queue::CqUnit;
use crate::queue::Queue;

/// What became visible in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Offset of the (last) message in its queue.
    pub queue_offset: i64,
    /// Where its record begins in the CommitLog.
    pub physical_offset: i64,
    /// Hash of its tags, or the time of delivery for a delayed message.
    pub tags_code: i64,
    /// When it was stored, in ms since the epoch.
    pub store_timestamp: i64,
}

/// Is told when a message becomes visible in a queue that is waited for.
pub trait MessageArrivingListener: Send + Sync {
    /// Called once for a put, without any lock of the store held: by the putting thread in
    /// asynchronous mode, by the flush thread in synchronous mode. Must be quick.
    fn arriving(&self, queue: &Arc<Queue>, arrival: Arrival);
}

/// One record on its way into its ConsumeQueue.
#[derive(Debug, Clone)]
pub(crate) struct DispatchRequest {
    pub(crate) queue: Arc<Queue>,
    pub(crate) arrival: Arrival,
    pub(crate) size: i32,
}

impl DispatchRequest {
    /// Physical offset behind the record.
    pub(crate) fn end(&self) -> i64 {
        self.arrival.physical_offset + i64::from(self.size)
    }
}

/// Applies dispatch requests and remembers which queues have to be written.
#[derive(Default)]
pub(crate) struct Dispatcher {
    dirty: Mutex<Vec<Arc<Queue>>>,
    listener: OnceLock<Arc<dyn MessageArrivingListener>>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher")
            .field("dirty", &self.dirty)
            .finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// Sets who is told of arrivals; the first one stays.
    pub(crate) fn set_listener(&self, listener: Arc<dyn MessageArrivingListener>) {
        let _first_stays = self.listener.set(listener);
    }

    /// Makes a message visible.
    pub(crate) fn apply(&self, queue: &Arc<Queue>, arrival: &Arrival, size: i32) {
        let unit = CqUnit {
            physical_offset: arrival.physical_offset,
            size,
            tags_code: arrival.tags_code,
        };
        if queue.consume_queue().append(arrival.queue_offset, unit) {
            self.dirty.lock().push(Arc::clone(queue));
        }
    }

    /// Tells the listener, if the queue is waited for.
    pub(crate) fn notify(&self, queue: &Arc<Queue>, arrival: Arrival) {
        if queue.is_waited_for()
            && let Some(listener) = self.listener.get()
        {
            listener.arriving(queue, arrival);
        }
    }

    /// Hands out the queues that have units to be written.
    pub(crate) fn take_dirty(&self) -> Vec<Arc<Queue>> {
        std::mem::take(&mut *self.dirty.lock())
    }

    /// Gives back queues that could not be written.
    pub(crate) fn put_back(&self, queues: Vec<Arc<Queue>>) {
        self.dirty.lock().extend(queues);
    }

    /// Whether any queue has units to be written.
    pub(crate) fn has_dirty(&self) -> bool {
        !self.dirty.lock().is_empty()
    }
}
