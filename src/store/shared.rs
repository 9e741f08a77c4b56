//! The state that the store's callers and its threads share, and putting messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::message::RecordView;

use crate::append::{Appender, RecordMeta, physical_of};
use crate::checkpoint::{Checkpoint, CheckpointFile};
use crate::commit_log::{CommitLog, PrepareError};
use crate::config::{FlushMode, RECORD_OVERHEAD_MAX, StoreConfig};
use crate::convert::{to_i32, to_i64};
use crate::dispatch::{Arrival, DispatchRequest, Dispatcher};
use crate::error::PutError;
use crate::flush::Flush;
use crate::index::Index;
use crate::queue::{Queue, QueueTable};
use crate::queue_files::QueueFiles;
use crate::recovery::{RecoveryReport, VERIFY_STRETCH};
use crate::stats::{GetCounters, PutCounters, RuntimeInfo, Samples};
use crate::storage::{SharedStorage, StorageLock};
use crate::waker::Waker;

/// Messages that may wait to get into the ConsumeQueue files before puts are refused: a bound on
/// memory when the disk falls behind.
const UNWRITTEN_MESSAGES_MAX: u64 = 2 * 1024 * 1024;

const RUNNING: u8 = 0;
const SHUT_DOWN: u8 = 1;

/// Where the messages of a put went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOutcome {
    /// Queue offset of the (first) message.
    pub queue_offset: i64,
    /// Where its record begins in the CommitLog.
    pub physical_offset: i64,
    /// Where the last record ends: what [`when_durable`](crate::MessageStore::when_durable) asks for.
    pub end_physical_offset: i64,
    /// When it was stored (ms since the epoch).
    pub store_timestamp: i64,
    /// How many messages there were.
    pub message_count: u32,
    /// Bytes of their records.
    pub size: u32,
}

/// What is changed under the put lock.
#[derive(Debug)]
pub(crate) struct PutState {
    pub(crate) appender: Appender,
    pub(crate) counters: PutCounters,
    /// A record boundary, a stretch behind the last one that was kept.
    boundary: u64,
}

/// The checkpoint file and what it was last told.
#[derive(Debug)]
pub(crate) struct CheckpointState {
    pub(crate) file: CheckpointFile,
    pub(crate) checkpoint: Checkpoint,
    /// Store time up to which the ConsumeQueue files are complete.
    pub(crate) written_timestamp: i64,
}

/// See the head of the file.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: StoreConfig,
    pub(crate) clock: SharedClock,
    pub(crate) storage: SharedStorage,
    pub(crate) log: CommitLog,
    pub(crate) queues: QueueTable,
    pub(crate) queue_files: QueueFiles,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) index: Option<Index>,
    pub(crate) flush: Flush,
    pub(crate) put: Mutex<PutState>,
    pub(crate) checkpoint: Mutex<CheckpointState>,
    /// Held while ConsumeQueue files are written or removed.
    pub(crate) deriving: Mutex<()>,
    /// Consumers see the log below this, and the ConsumeQueues hold all of it.
    visible_end: AtomicU64,
    /// Store time of a record whose end is not behind `visible_end`.
    pub(crate) visible_timestamp: AtomicI64,
    /// A record boundary some way before the end.
    pub(crate) verify_from: AtomicU64,
    /// Messages that are in the ConsumeQueue files.
    pub(crate) messages_written: AtomicU64,
    pub(crate) messages_put: AtomicU64,
    /// The disk is fuller than retention allows.
    pub(crate) disk_full: AtomicBool,
    /// A ConsumeQueue or index file met a full disk.
    pub(crate) derived_disk_full: AtomicBool,
    /// Bytes read far behind the end since memory was given back for them.
    pub(crate) far_read: AtomicU64,
    /// Memory that shows the log is to be given back.
    pub(crate) release_wanted: AtomicBool,
    /// A put saw that there is little room ahead of the log.
    pub(crate) room_wanted: AtomicBool,
    state: AtomicU8,
    pub(crate) flush_waker: Waker,
    pub(crate) derive_waker: Waker,
    pub(crate) housekeeping_waker: Waker,
    pub(crate) get_counters: GetCounters,
    pub(crate) samples: Samples,
    pub(crate) booted_at_ms: i64,
    pub(crate) report: RecoveryReport,
    /// Files removed by an operator's wish still to come, in passes.
    pub(crate) manual_deletes: AtomicU64,
    pub(crate) lock: Mutex<Option<Box<dyn StorageLock>>>,
}

/// What [`Shared`] is made of, apart from what every store begins with.
pub(crate) struct Parts {
    pub(crate) config: StoreConfig,
    pub(crate) clock: SharedClock,
    pub(crate) storage: SharedStorage,
    pub(crate) recovered: crate::recovery::Recovered,
    pub(crate) lock: Box<dyn StorageLock>,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            config,
            clock,
            storage,
            recovered,
            lock,
        } = parts;
        let end = recovered.log.end();
        let booted_at_ms = clock.now_ms();
        let newest = recovered
            .last_timestamp
            .max(recovered.checkpoint.java.physic_timestamp);
        let put = PutState {
            appender: Appender::new(&recovered.log),
            counters: PutCounters::default(),
            boundary: end,
        };
        Self {
            flush: Flush::new(recovered.synced),
            put: Mutex::new(put),
            checkpoint: Mutex::new(CheckpointState {
                file: recovered.checkpoint_file,
                checkpoint: recovered.checkpoint,
                written_timestamp: newest,
            }),
            deriving: Mutex::new(()),
            visible_end: AtomicU64::new(end),
            visible_timestamp: AtomicI64::new(newest),
            verify_from: AtomicU64::new(recovered.verify_from),
            messages_written: AtomicU64::new(0),
            messages_put: AtomicU64::new(0),
            disk_full: AtomicBool::new(false),
            derived_disk_full: AtomicBool::new(false),
            far_read: AtomicU64::new(0),
            release_wanted: AtomicBool::new(false),
            room_wanted: AtomicBool::new(false),
            state: AtomicU8::new(RUNNING),
            flush_waker: Waker::default(),
            derive_waker: Waker::default(),
            housekeeping_waker: Waker::default(),
            get_counters: GetCounters::default(),
            samples: Samples::default(),
            booted_at_ms,
            report: recovered.report,
            manual_deletes: AtomicU64::new(0),
            lock: Mutex::new(Some(lock)),
            log: recovered.log,
            queues: recovered.queues,
            queue_files: recovered.queue_files,
            dispatcher: recovered.dispatcher,
            index: recovered.index,
            config,
            clock,
            storage,
        }
    }

    /// Whether messages are kept from consumers until they are synced.
    pub(crate) fn holds_back(&self) -> bool {
        self.config.flush_mode == FlushMode::Sync
    }

    /// Consumers see the log below this, and the ConsumeQueues hold all of it.
    pub(crate) fn visible_end(&self) -> u64 {
        self.visible_end.load(Ordering::SeqCst)
    }

    pub(crate) fn show(&self, end: u64) {
        self.visible_end.fetch_max(end, Ordering::SeqCst);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.state.load(Ordering::Acquire) == SHUT_DOWN
    }

    /// Refuses puts from now on; when this returns none is under way. Says whether they were taken
    /// until now.
    pub(crate) fn refuse_puts(&self) -> bool {
        let _none_under_way = self.put.lock();
        self.state.swap(SHUT_DOWN, Ordering::AcqRel) == RUNNING
    }

    /// Whether messages are refused for want of disk space.
    pub(crate) fn is_disk_full(&self) -> bool {
        self.disk_full.load(Ordering::Relaxed) || self.derived_disk_full.load(Ordering::Relaxed)
    }

    pub(crate) fn check_writable(&self) -> Result<(), PutError> {
        if self.is_shut_down() {
            Err(PutError::ShutDown)
        } else if self.flush.has_failed() {
            Err(PutError::FlushFailed)
        } else if self.is_disk_full() {
            Err(PutError::DiskFull)
        } else {
            Ok(())
        }
    }

    /// See [`MessageStore::runtime_info`](crate::MessageStore::runtime_info).
    pub(crate) fn runtime_info(&self) -> RuntimeInfo {
        let counters = self.put.lock().counters;
        let totals = self.totals();
        let ratio = self.storage.disk_usage(&self.config.root);
        let ratio = ratio.map_or(-1.0, |usage| usage.used_ratio());
        let rates = |of| self.samples.rates(totals, of);
        let behind = |position: u64| to_i64(self.log.end().saturating_sub(position));
        RuntimeInfo {
            put_message_times_total: counters.messages,
            put_message_failed_times: counters.failed,
            put_message_size_total: counters.bytes,
            get_found_total: totals.found,
            get_missed_total: totals.missed,
            get_transferred_total: totals.transferred,
            corrupt_records: self.get_counters.corrupt.load(Ordering::Relaxed)
                + self.report.damaged_count,
            put_tps: rates(|totals| totals.put),
            get_found_tps: rates(|totals| totals.found),
            get_miss_tps: rates(|totals| totals.missed),
            get_total_tps: rates(|totals| totals.found + totals.missed),
            get_transferred_tps: rates(|totals| totals.transferred),
            boot_timestamp: self.booted_at_ms,
            runtime_ms: (totals.at_ms - self.booted_at_ms).max(0),
            commit_log_disk_ratio: ratio,
            consume_queue_disk_ratio: ratio,
            commit_log_min_offset: to_i64(self.log.start()),
            commit_log_max_offset: to_i64(self.log.end()),
            unsynced_bytes: behind(self.flush.synced()),
            dispatch_behind_bytes: behind(self.visible_end()),
            index_behind_bytes: self
                .index
                .as_ref()
                .map_or(0, |index| behind(index.position())),
            queue_count: self.queues.count(),
            flush_failed: self.flush.has_failed(),
            disk_full: self.is_disk_full(),
        }
    }

    /// Checks a record before the lock is taken.
    pub(crate) fn examine(
        &self,
        queue: &Queue,
        at: usize,
        record: &RecordView<'_>,
    ) -> Result<RecordMeta, PutError> {
        if record.topic() != queue.topic() || record.queue_id() != queue.queue_id() {
            let topic = record.topic().to_owned();
            return Err(PutError::WrongQueue {
                topic,
                queue_id: record.queue_id(),
            });
        }
        let max = self.config.message_size_max;
        let (body, size) = (record.body().len(), record.total_size());
        if body > max || size > max + RECORD_OVERHEAD_MAX {
            return Err(PutError::MessageTooLarge { size: body, max });
        }
        Ok(RecordMeta::of(at, record, &self.config.delay_levels))
    }

    /// Appends records of one queue, all or none.
    pub(crate) fn put(
        &self,
        queue: &Arc<Queue>,
        records: &mut [u8],
        metas: &[RecordMeta],
    ) -> Result<PutOutcome, PutError> {
        let outcome = self.append(queue, records, metas);
        if outcome.is_err() {
            self.put.lock().counters.failed += metas.len() as u64;
        }
        outcome
    }

    fn append(
        &self,
        queue: &Arc<Queue>,
        records: &mut [u8],
        metas: &[RecordMeta],
    ) -> Result<PutOutcome, PutError> {
        let file_size = self.log.file_size();
        if (records.len() + protocol::message::layout::BLANK_LENGTH) as u64 > file_size {
            let max = usize::try_from(file_size).unwrap_or(usize::MAX);
            return Err(PutError::MessageTooLarge {
                size: records.len(),
                max,
            });
        }
        let mut state = self.put.lock();
        self.check_writable()?;
        if queue.is_deleted() {
            return Err(PutError::QueueDeleted);
        }
        let unwritten = state.counters.messages - self.messages_written.load(Ordering::Relaxed);
        if unwritten > UNWRITTEN_MESSAGES_MAX {
            return Err(PutError::Busy);
        }
        let physical = state
            .appender
            .place(&self.log, records.len())
            .map_err(|error| self.no_place(error))?;
        let now = self.clock.now_ms();
        let first = queue.next_offset();
        let mut next = first;
        for meta in metas {
            let offset = if meta.is_queued { next } else { 0 };
            meta.stamp(records, offset, physical_of(physical, meta.at), now);
            next += i64::from(meta.is_queued);
        }
        state
            .appender
            .write(physical, records)
            .map_err(PutError::from_io)?;

        let end = physical + records.len() as u64;
        queue.set_next_offset(next);
        // Before the end is published: a sync up to it then knows of all that it makes durable.
        let last = self.dispatch(
            queue,
            metas,
            Placed {
                physical,
                first,
                now,
            },
        );
        state.counters.messages += metas.len() as u64;
        state.counters.bytes += records.len() as u64;
        let put = state.counters.messages;
        self.messages_put.store(put, Ordering::Relaxed);
        self.log.set_end(end);
        if !self.holds_back() {
            self.show(end);
            self.visible_timestamp.store(now, Ordering::Release);
        }
        if physical.saturating_sub(state.boundary) >= VERIFY_STRETCH {
            self.verify_from.store(state.boundary, Ordering::Relaxed);
            state.boundary = physical;
        }
        let wants_room = state.appender.wants_room(&self.log);
        drop(state);

        if wants_room {
            self.room_wanted.store(true, Ordering::SeqCst);
            self.housekeeping_waker.wake();
        }
        self.wake_flush(put);
        self.derive_waker.wake();
        if let Some(arrival) = last.filter(|_| !self.holds_back()) {
            self.dispatcher.notify(queue, arrival);
        }
        Ok(PutOutcome {
            queue_offset: metas
                .first()
                .filter(|meta| meta.is_queued)
                .map_or(0, |_| first),
            physical_offset: to_i64(physical),
            end_physical_offset: to_i64(end),
            store_timestamp: now,
            message_count: u32::try_from(metas.len()).unwrap_or(u32::MAX),
            size: u32::try_from(records.len()).unwrap_or(u32::MAX),
        })
    }

    /// Why a record finds no place; a failed sync ends all puts.
    fn no_place(&self, error: PrepareError) -> PutError {
        match error {
            PrepareError::Room(error) => PutError::from_io(error),
            PrepareError::Sync(error) => {
                tracing::error!(%error, "the log cannot be synced; no more messages are taken");
                self.flush.fail();
                self.flush_waker.wake();
                PutError::FlushFailed
            }
        }
    }

    /// Makes the records visible, or keeps them back until they are synced; returns the last one.
    fn dispatch(
        &self,
        queue: &Arc<Queue>,
        metas: &[RecordMeta],
        placed: Placed,
    ) -> Option<Arrival> {
        let mut last = None;
        for (queue_offset, meta) in (placed.first..).zip(metas.iter().filter(|meta| meta.is_queued))
        {
            let arrival = Arrival {
                queue_offset,
                physical_offset: physical_of(placed.physical, meta.at),
                tags_code: meta.tags_code.at(placed.now),
                store_timestamp: placed.now,
            };
            let size = to_i32(meta.size);
            if self.holds_back() {
                self.flush.hold_back(DispatchRequest {
                    queue: Arc::clone(queue),
                    arrival,
                    size,
                });
            } else {
                self.dispatcher.apply(queue, &arrival, size);
            }
            last = Some(arrival);
        }
        last
    }
}

/// Where and when records were put.
#[derive(Debug, Clone, Copy)]
struct Placed {
    physical: u64,
    /// Queue offset of the first.
    first: i64,
    now: i64,
}
