//! Keeps the derived files behind the CommitLog: ConsumeQueue units, index, checkpoint.
//!
//! Invariant: the checkpoint is written last, and only says what was done before.

use std::io;
use std::sync::atomic::Ordering;

use crate::checkpoint::Extension;
use crate::consume_queue::tail_units;
use crate::convert::to_i64;
use crate::shared::Shared;
use crate::storage::is_disk_full;

/// Units that are not written before their time: 5 MB of them.
const UNWRITTEN_MANY: u64 = 256 * 1024;
/// Bytes of the log that go into the index at a time.
const INDEX_BUDGET: u64 = 4 * 1024 * 1024;

impl Shared {
    /// Brings the index a good step further. Says whether it has reached the end of the log.
    pub(crate) fn index_once(&self) -> bool {
        let Some(index) = &self.index else {
            return true;
        };
        let caught_up = index.catch_up(
            &self.log,
            self.visible_end(),
            INDEX_BUDGET,
            self.clock.now_ms(),
        );
        match caught_up {
            Ok(caught_up) => {
                if let Some(until) = caught_up.filled_until {
                    self.checkpoint.lock().checkpoint.java.index_timestamp = until;
                }
                caught_up.is_done
            }
            Err(error) => {
                // Tried again with the next message; until then only queries by key suffer.
                tracing::warn!(%error, "the index cannot be written");
                true
            }
        }
    }

    /// Whether the index has reached the end of the log.
    pub(crate) fn is_index_done(&self) -> bool {
        self.index
            .as_ref()
            .is_none_or(|index| index.position() >= self.visible_end())
    }

    /// Writes ConsumeQueue units to their files, and into the checkpoint how far they go.
    ///
    /// Survives the end of the process, not a power cut.
    pub(crate) fn write_queues(&self) -> io::Result<()> {
        let _alone = self.deriving.lock();
        self.write_queues_alone().inspect_err(|error| {
            if is_disk_full(error) {
                self.derived_disk_full.store(true, Ordering::Relaxed);
            }
        })
    }

    fn write_queues_alone(&self) -> io::Result<()> {
        // In this order: what is read later may only be newer than what it is said of.
        let timestamp = self.visible_timestamp.load(Ordering::Acquire);
        let end = self.visible_end();
        let messages = self.messages_put.load(Ordering::Relaxed);
        let kept = tail_units(self.queues.count());
        let mut dirty = self.dispatcher.take_dirty();
        while let Some(queue) = dirty.pop() {
            if queue.is_deleted() {
                continue;
            }
            if let Err(error) = queue.consume_queue().write_out(&self.queue_files, kept) {
                dirty.push(queue);
                self.dispatcher.put_back(dirty);
                return Err(error);
            }
        }
        self.derived_disk_full.store(false, Ordering::Relaxed);
        self.messages_written.store(messages, Ordering::Relaxed);
        let mut state = self.checkpoint.lock();
        let state = &mut *state;
        state.written_timestamp = timestamp;
        let extension = state.checkpoint.extension.get_or_insert_default();
        extension.queues_written = to_i64(end);
        self.describe(extension);
        state.file.write(&state.checkpoint)
    }

    /// What the checkpoint says beside the offsets that were synced.
    fn describe(&self, extension: &mut Extension) {
        extension.is_clean = false;
        extension.verify_from = to_i64(self.verify_from.load(Ordering::Relaxed));
        extension.queue_count = to_i64(self.queue_files.queue_count());
        extension.boot_id = self.storage.boot_id().unwrap_or_default();
        if let Some(index) = &self.index {
            extension.index_position = to_i64(index.position());
            extension.index_file_count = to_i64(index.file_count() as u64);
        }
    }

    /// Whether so many units wait to be written that it should be done before its time: recovery would
    /// have to find them in the log.
    pub(crate) fn has_many_unwritten(&self) -> bool {
        let put = self.messages_put.load(Ordering::Relaxed);
        put.saturating_sub(self.messages_written.load(Ordering::Relaxed)) > UNWRITTEN_MANY
    }

    /// Whether something was written that the checkpoint on the disk does not speak of.
    pub(crate) fn is_checkpoint_behind(&self) -> bool {
        let state = self.checkpoint.lock();
        let synced = state
            .checkpoint
            .extension
            .as_ref()
            .map_or(0, |it| it.queues_synced);
        !self.flush.has_failed() && synced < to_i64(self.visible_end())
    }

    /// Writes into the checkpoint that queues were removed. The caller holds `deriving`.
    pub(crate) fn write_checkpoint_count(&self) -> io::Result<()> {
        let mut state = self.checkpoint.lock();
        let state = &mut *state;
        let extension = state.checkpoint.extension.get_or_insert_default();
        self.describe(extension);
        state.file.write(&state.checkpoint)
    }

    /// Writes and syncs everything, and a checkpoint that survives a power cut.
    pub(crate) fn sync_everything(&self) -> io::Result<()> {
        self.write_queues()?;
        let (written, timestamp) = {
            let state = self.checkpoint.lock();
            let written = state.checkpoint.extension.as_ref();
            (
                written.map_or(0, |extension| extension.queues_written),
                state.written_timestamp,
            )
        };
        if !self.flush_once() {
            return Err(io::Error::other("the log cannot be synced"));
        }
        let synced = to_i64(self.flush.synced());
        let queues_changed = self.queue_files.sync()?;
        let mut state = self.checkpoint.lock();
        let state = &mut *state;
        let extension = state.checkpoint.extension.get_or_insert_default();
        if !queues_changed && extension.log_synced == synced && extension.queues_synced == written {
            return Ok(());
        }
        extension.log_synced = synced;
        extension.queues_synced = written;
        state.checkpoint.java.physic_timestamp = timestamp;
        state.checkpoint.java.logics_timestamp = timestamp;
        state.checkpoint.java.confirm = synced;
        state.file.write_synced(&state.checkpoint)
    }

    /// The last checkpoint of a store that is shut down: nothing follows it.
    pub(crate) fn write_clean_checkpoint(&self) -> io::Result<()> {
        self.sync_everything()?;
        while !self.index_once() {}
        let index_timestamp = self
            .index
            .as_ref()
            .map(crate::index::Index::sync)
            .transpose()?;
        let mut state = self.checkpoint.lock();
        let state = &mut *state;
        if let Some(until) = index_timestamp.flatten() {
            state.checkpoint.java.index_timestamp = until;
        }
        let extension = state.checkpoint.extension.get_or_insert_default();
        self.describe(extension);
        extension.is_clean = true;
        state.file.write_synced(&state.checkpoint)
    }
}
