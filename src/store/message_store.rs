//! The store as the broker sees it.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::message::RecordView;

use crate::append::RecordMeta;
use crate::config::StoreConfig;
use crate::consume_queue::CqUnit;
use crate::convert::to_i64;
use crate::dispatch::MessageArrivingListener;
use crate::error::{OpenError, PutError, QueueError, ShutdownError};
use crate::flush::DurabilityCallback;
use crate::get_message::{GetLimits, GetOutcome, MessageFilter};
use crate::index::{KeyQuery, KeyQueryOutcome};
use crate::queue::Queue;
use crate::recovery::{self, RecoveryReport, abort_path};
use crate::retention::CleanOutcome;
use crate::search::TimeBoundary;
use crate::shared::{Parts, PutOutcome, Shared};
use crate::stats::RuntimeInfo;
use crate::storage::{MmapStorage, SharedStorage, is_disk_full};
use crate::threads;

/// How often a query by key brings the index further before it takes what is there.
const QUERY_CATCH_UPS_MAX: usize = 16;
/// Records of one batch at most.
pub const BATCH_MESSAGES_MAX: usize = 65_536;

/// A message store in a directory, open.
///
/// Dropping it without [`shutdown`](Self::shutdown) is like the end of the process: nothing is
/// flushed, and the next open recovers.
#[derive(Debug)]
pub struct MessageStore {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl MessageStore {
    /// Opens or creates the store in `config.root` on the machine's file system, recovers it, and
    /// starts its threads.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when another broker has the directory; the others name what is wrong.
    pub fn open(config: StoreConfig, clock: SharedClock) -> Result<Self, OpenError> {
        Self::open_with(config, clock, Arc::new(MmapStorage::default()))
    }

    /// As [`open`](Self::open), on another storage.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with(
        config: StoreConfig,
        clock: SharedClock,
        storage: SharedStorage,
    ) -> Result<Self, OpenError> {
        let store = Self::open_without_threads(config, clock, storage)?;
        let threads =
            threads::start(&store.shared).map_err(OpenError::io(&store.shared.config.root))?;
        *store.threads.lock() = threads;
        Ok(store)
    }

    /// As [`open_with`](Self::open_with), without threads: whoever has the store calls
    /// [`flush_once`](Self::flush_once), [`derive_once`](Self::derive_once) and
    /// [`clean_once`](Self::clean_once) himself. For tests that want every step in their hand.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_without_threads(
        config: StoreConfig,
        clock: SharedClock,
        storage: SharedStorage,
    ) -> Result<Self, OpenError> {
        if let Some(problem) = config.problem() {
            return Err(OpenError::Config { problem });
        }
        let root = config.root.clone();
        for dir in [
            root.clone(),
            config.commit_log_dir(),
            config.consume_queue_dir(),
        ] {
            storage.create_dir_all(&dir).map_err(OpenError::io(dir))?;
        }
        let lock = storage
            .lock(&root.join("lock"))
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => OpenError::Locked { root: root.clone() },
                _ => OpenError::io(root.join("lock"))(error),
            })?;
        let recovered = recovery::recover(&config, &storage)?;
        log_report(&config, &recovered.report);
        let abort = abort_path(&config);
        let pid = std::process::id().to_string();
        storage
            .write(&abort, pid.as_bytes())
            .map_err(OpenError::io(&abort))?;
        storage.sync_dir(&root).map_err(OpenError::io(&root))?;
        let shared = Shared::new(Parts {
            config,
            clock,
            storage,
            recovered,
            lock,
        });
        // From here on the checkpoint speaks of this boot, and holds what recovery found.
        match shared.write_queues() {
            // What is there can be read without room; puts wait until there is some.
            Err(error) if is_disk_full(&error) => {
                tracing::warn!(%error, "the store is opened on a full disk");
            }
            written => written.map_err(OpenError::io(&root))?,
        }
        Ok(Self {
            shared: Arc::new(shared),
            threads: Mutex::default(),
        })
    }

    /// Sets who is told of arriving messages. The first listener stays.
    pub fn set_arriving_listener(&self, listener: Arc<dyn MessageArrivingListener>) {
        self.shared.dispatcher.set_listener(listener);
    }

    /// A queue, made if there is none: a queue without messages costs no file.
    ///
    /// # Errors
    /// [`QueueError`] when the topic or the id cannot be one.
    pub fn queue(&self, topic: &str, queue_id: i32) -> Result<Arc<Queue>, QueueError> {
        self.shared.queues.get_or_create(topic, queue_id)
    }

    /// A queue, if there is one.
    #[must_use]
    pub fn find_queue(&self, topic: &str, queue_id: i32) -> Option<Arc<Queue>> {
        self.shared.queues.get(topic, queue_id)
    }

    /// Every queue, by topic and id.
    #[must_use]
    pub fn queues(&self) -> Vec<Arc<Queue>> {
        self.shared.queues.all()
    }

    /// The queues of a topic, by id.
    #[must_use]
    pub fn queues_of(&self, topic: &str) -> Vec<Arc<Queue>> {
        self.shared.queues.of_topic(topic)
    }

    /// The topics that have queues, sorted.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        self.shared.queues.topics()
    }

    /// Appends one record, as [`encode_record`](protocol::message::encode_record) made it; its queue
    /// offset, physical offset and store timestamp are written into it.
    ///
    /// The message survives the end of the process when this returns, and a power cut when
    /// [`when_durable`](Self::when_durable) says so.
    ///
    /// # Errors
    /// [`PutError`]; the log is then as it was.
    pub fn put(&self, queue: &Arc<Queue>, record: &mut [u8]) -> Result<PutOutcome, PutError> {
        let view = RecordView::parse(record)?;
        if view.total_size() != record.len() {
            let (topic, queue_id) = (view.topic().to_owned(), view.queue_id());
            return Err(PutError::WrongQueue { topic, queue_id });
        }
        let meta = self.shared.examine(queue, 0, &view)?;
        self.shared.put(queue, record, &[meta])
    }

    /// Appends records of one queue that follow each other in `records`: all or none, side by side.
    /// Where each begins in the log is added to `physical_offsets`.
    ///
    /// # Errors
    /// [`PutError`]; the log is then as it was.
    pub fn put_batch(
        &self,
        queue: &Arc<Queue>,
        records: &mut [u8],
        physical_offsets: &mut Vec<i64>,
    ) -> Result<PutOutcome, PutError> {
        let mut metas = Vec::new();
        let mut at = 0;
        while at < records.len() {
            let view = RecordView::parse(&records[at..])?;
            metas.push(self.shared.examine(queue, at, &view)?);
            at += view.total_size();
        }
        if metas.is_empty() || metas.len() > BATCH_MESSAGES_MAX {
            return Err(PutError::BatchCount {
                count: metas.len(),
                max: BATCH_MESSAGES_MAX,
            });
        }
        let outcome = self.shared.put(queue, records, &metas)?;
        let offset_of = |meta: &RecordMeta| outcome.physical_offset + to_i64(meta.at as u64);
        physical_offsets.extend(metas.iter().map(offset_of));
        Ok(outcome)
    }

    /// Calls back when everything below `end_physical_offset` counts as stored: on this thread in
    /// asynchronous mode and when it does already, else on the flush thread, where the callback must
    /// be quick.
    pub fn when_durable(&self, end_physical_offset: i64, callback: DurabilityCallback) {
        self.shared.when_durable(end_physical_offset, callback);
    }

    /// Hands the messages of `queue` from `queue_offset` on to `sink`, straight from the log.
    pub fn get_messages(
        &self,
        queue: &Queue,
        queue_offset: i64,
        limits: GetLimits,
        filter: &mut dyn MessageFilter,
        sink: &mut dyn FnMut(&RecordView<'_>),
    ) -> GetOutcome {
        self.shared
            .get_messages(queue, queue_offset, limits, filter, sink)
    }

    /// Adds the record at a physical offset to `out`; `false` when no sound one begins there.
    pub fn message_at(&self, physical_offset: i64, out: &mut Vec<u8>) -> bool {
        u64::try_from(physical_offset).is_ok_and(|offset| self.shared.log.copy_record(offset, out))
    }

    /// The queue offset that a time stands for (ms since the epoch).
    ///
    /// `Lower`: the first message stored then or later; the end of the queue when all are older.
    /// `Upper`: the last one stored then or earlier; 0 when all are newer. 0 for an empty queue.
    #[must_use]
    pub fn offset_by_time(&self, queue: &Queue, timestamp_ms: i64, boundary: TimeBoundary) -> i64 {
        self.shared.offset_by_time(queue, timestamp_ms, boundary)
    }

    /// When a message was stored; `None` when it is gone or damaged.
    #[must_use]
    pub fn store_time_of(&self, queue: &Queue, queue_offset: i64) -> Option<i64> {
        self.shared.store_time_of(queue, queue_offset)
    }

    /// When the oldest message of a queue was stored.
    #[must_use]
    pub fn earliest_store_time(&self, queue: &Queue) -> Option<i64> {
        self.shared.store_time_of(queue, queue.min_offset())
    }

    /// When the oldest message of the store was stored.
    #[must_use]
    pub fn earliest_message_time(&self) -> Option<i64> {
        self.shared.earliest_message_time()
    }

    /// An entry of a queue.
    #[must_use]
    pub fn unit_at(&self, queue: &Queue, queue_offset: i64) -> Option<CqUnit> {
        queue
            .consume_queue()
            .unit_at(&self.shared.queue_files, queue_offset)
            .ok()
            .flatten()
    }

    /// Looks for messages by unique key or by key.
    ///
    /// # Errors
    /// What the system says when an index file cannot be read.
    pub fn query_by_key(
        &self,
        topic: &str,
        key: &str,
        query: KeyQuery,
    ) -> io::Result<KeyQueryOutcome> {
        let Some(index) = &self.shared.index else {
            return Ok(KeyQueryOutcome::default());
        };
        // What was sent before is found now: the rest of the log is indexed first, if it is not long.
        for _ in 0..QUERY_CATCH_UPS_MAX {
            if self.shared.index_once() {
                break;
            }
        }
        index.query(topic, key, query)
    }

    /// Removes a topic with its queues, and returns how many there were. Its messages stay in the log
    /// until their files go.
    ///
    /// # Errors
    /// What the system says.
    pub fn delete_topic(&self, topic: &str) -> io::Result<usize> {
        self.shared.delete_topic(topic)
    }

    /// Removes the topics that `keep` does not want, and returns them.
    ///
    /// # Errors
    /// What the system says.
    pub fn clean_unused(&self, keep: &dyn Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut unused = self.topics();
        unused.retain(|topic| !keep(topic));
        for topic in &unused {
            self.delete_topic(topic)?;
        }
        Ok(unused)
    }

    /// One pass of retention, as the store's own thread does it from time to time.
    pub fn clean_once(&self) -> CleanOutcome {
        self.shared.clean_once()
    }

    /// Removes old files in the next passes of retention, whatever the hour of the day.
    pub fn delete_expired_now(&self) {
        self.shared.delete_expired_now();
        self.shared.housekeeping_waker.wake();
    }

    /// One step of the flush thread. Returns whether the log is synced up to its end.
    pub fn flush_once(&self) -> bool {
        self.shared.flush_once()
    }

    /// One step of the thread that makes room ahead of the log, `rate` bytes per second being written.
    pub fn prepare_once(&self, rate: u64) {
        self.shared.prepare_log(rate);
    }

    /// One step of the thread that keeps the derived files: index, ConsumeQueue files, checkpoint.
    ///
    /// # Errors
    /// What the system says.
    pub fn derive_once(&self) -> io::Result<()> {
        while !self.shared.index_once() {}
        self.shared.sync_everything()
    }

    /// As [`derive_once`](Self::derive_once), but without a sync: what survives only the process.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_queues_once(&self) -> io::Result<()> {
        self.shared.write_queues()
    }

    /// Physical offset of the oldest byte of the log.
    #[must_use]
    pub fn min_physical_offset(&self) -> i64 {
        to_i64(self.shared.log.start())
    }

    /// Physical offset behind the last record.
    #[must_use]
    pub fn max_physical_offset(&self) -> i64 {
        to_i64(self.shared.log.end())
    }

    /// Physical offset below which the log survives a power cut.
    #[must_use]
    pub fn durable_physical_offset(&self) -> i64 {
        to_i64(self.shared.flush.synced())
    }

    /// Whether messages are taken now.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.shared.check_writable().is_ok()
    }

    /// What recovery found when the store was opened.
    #[must_use]
    pub fn recovery_report(&self) -> &RecoveryReport {
        &self.shared.report
    }

    /// Numbers that describe the store now.
    #[must_use]
    pub fn runtime_info(&self) -> RuntimeInfo {
        self.shared.runtime_info()
    }

    /// Takes no more messages, writes and syncs everything, and marks the directory as in order.
    /// Doing it again does nothing.
    ///
    /// # Errors
    /// [`ShutdownError`]; the next open then recovers as after a crash.
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        if !self.shared.refuse_puts() {
            return Ok(());
        }
        threads::stop(&self.shared, std::mem::take(&mut *self.threads.lock()));
        let shut_down = self.shut_down_in_order();
        self.shared.flush.abandon();
        *self.shared.lock.lock() = None;
        shut_down
    }

    fn shut_down_in_order(&self) -> Result<(), ShutdownError> {
        let shared = &self.shared;
        let root = &shared.config.root;
        if let Err(source) = shared.write_clean_checkpoint() {
            if shared.flush.has_failed() {
                return Err(ShutdownError::FlushFailed);
            }
            return Err(ShutdownError::Io {
                path: root.clone(),
                source,
            });
        }
        let abort = abort_path(&shared.config);
        let removed = shared.storage.remove_file(&abort);
        let removed = removed.and_then(|()| shared.storage.sync_dir(root));
        removed.map_err(|source| ShutdownError::Io {
            path: abort,
            source,
        })
    }
}

impl Drop for MessageStore {
    fn drop(&mut self) {
        self.shared.refuse_puts();
        threads::stop(&self.shared, std::mem::take(&mut *self.threads.lock()));
        self.shared.flush.abandon();
    }
}

fn log_report(config: &StoreConfig, report: &RecoveryReport) {
    let root = config.root.display();
    let RecoveryReport {
        last_stop,
        scan_from,
        end,
        records,
        damaged_count,
        lost_bytes,
        ..
    } = report;
    if *damaged_count > 0 || *lost_bytes > 0 {
        tracing::warn!(%root, ?last_stop, end, damaged_count, lost_bytes, "the log is damaged");
    }
    tracing::info!(%root, ?last_stop, scan_from, end, records, "store opened");
}
