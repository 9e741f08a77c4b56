//! Messages with a delay level: they wait in `SCHEDULE_TOPIC_XXXX`, one queue a level, until their
//! time has come.
//!
//! All messages of a queue have the same delay, so that only its first one has to be looked at: the
//! queue's entries hold the due times. One task sleeps until the earliest of them; it is woken when a
//! message arrives in a queue that had none, and never looks while there is nothing. How far each level
//! has come is in `config/delayOffset.json`, and never further than what was delivered survives: after a
//! crash a message may come twice, never not at all.

mod delivery;
mod due_time;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::body::{DataVersion, DelayOffsetSerializeWrapper};
use protocol::name;
use store::Queue;
use tokio::sync::Notify;

use crate::broker::BrokerContext;
use crate::config::BrokerConfig;
use crate::error::StartError;
use crate::table_file;
use due_time::{DueTimes, JUMP_MS_MIN};

/// How soon a delivery is tried again that the store refused (`DELAY_FOR_A_WHILE`).
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How much further away than its delay a message may be because the two clocks run differently fast.
const DRIFT_MAX: Duration = Duration::from_secs(1);
/// Messages of one level that are delivered before the other levels get their turn.
const TURN_MESSAGES_MAX: usize = 256;
/// The levels and how far each has come.
#[derive(Debug)]
pub(crate) struct Schedule {
    clock: SharedClock,
    path: PathBuf,
    levels: Mutex<Vec<Level>>,
    /// By level: whether everything there was has been delivered, so that an arrival is news.
    idle: Vec<AtomicBool>,
    due_times: Mutex<DueTimes>,
    wake: Notify,
    version: Mutex<DataVersion>,
}

#[derive(Debug)]
struct Level {
    /// From 1.
    number: i32,
    delay: Duration,
    /// Queue offset of the first message that was not delivered.
    next: i64,
    /// The store refused the first message: not before this moment again.
    retry_at: Option<Duration>,
    /// Whether anything was delivered here, or was read from the file.
    is_used: bool,
}

/// How far the levels had come, and what of the log has to survive before that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    offsets: BTreeMap<i32, i64>,
    pub(crate) end_physical_offset: i64,
}

/// What became of the first message of a level.
enum Step {
    /// It is done with: delivered, or nothing that could ever be.
    Done,
    /// Nothing to do before this moment of the monotonic clock.
    NotBefore(Duration),
    /// There is no message.
    Idle,
}

impl Schedule {
    /// Reads how far the levels had come.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open(config: &BrokerConfig, clock: SharedClock) -> Result<Self, StartError> {
        let path = config.config_dir().join("delayOffset.json");
        let read = table_file::read_json(&path, DelayOffsetSerializeWrapper::from_json)?;
        let file = read.unwrap_or_default();
        let level = |(number, delay_ms): (i32, i64)| {
            let offset = file.offset_table.get(&number).copied();
            Level {
                number,
                delay: Duration::from_millis(delay_ms.unsigned_abs()),
                next: offset.unwrap_or_default().max(0),
                retry_at: None,
                is_used: offset.is_some(),
            }
        };
        let levels: Vec<Level> = config.message_delay_level.iter().map(level).collect();
        Ok(Self {
            path,
            idle: levels.iter().map(|_| AtomicBool::new(false)).collect(),
            due_times: Mutex::new(DueTimes::new(&*clock, levels.len())),
            levels: Mutex::new(levels),
            wake: Notify::new(),
            version: Mutex::new(file.data_version),
            clock,
        })
    }

    /// Starts delivering, and writing down how far it has come.
    pub(crate) fn start(broker: &Arc<BrokerContext>) {
        broker.tasks.spawn(run::keep_delivering(Arc::clone(broker)));
        broker.tasks.spawn(run::keep_progress(Arc::clone(broker)));
    }

    /// A message has arrived in the queue of a level. Quick, and called by whoever put it there.
    pub(crate) fn arrived(&self, queue: &Queue, queue_offset: i64) {
        // Every arrival is to be told: a changed date shows in the first message after it.
        queue.set_waited_for(true);
        let Ok(index) = usize::try_from(queue.queue_id()) else {
            return;
        };
        self.due_times
            .lock()
            .observe(&*self.clock, index, queue_offset);
        if self
            .idle
            .get(index)
            .is_some_and(|idle| idle.swap(false, Ordering::SeqCst))
        {
            self.wake.notify_one();
        }
    }

    /// Delivers what is due; gives back when to look again, by the monotonic clock, or nothing while
    /// no message waits. Blocks on the disk.
    pub(crate) fn deliver_due(&self, broker: &BrokerContext) -> Option<Duration> {
        let mut record = Vec::new();
        let mut levels = self.levels.lock();
        levels
            .iter_mut()
            .filter_map(|level| self.deliver_level(broker, level, &mut record))
            .min()
    }

    /// Delivers what is due of one level; gives back when to look again.
    fn deliver_level(
        &self,
        broker: &BrokerContext,
        level: &mut Level,
        record: &mut Vec<u8>,
    ) -> Option<Duration> {
        let queue = match broker.store.queue(name::SCHEDULE_TOPIC, level.number - 1) {
            Ok(queue) => queue,
            Err(error) => {
                tracing::error!(level = level.number, %error, "delayed messages cannot be read");
                return Some(self.clock.elapsed() + RETRY_AFTER);
            }
        };
        queue.set_waited_for(true);
        self.due_times
            .lock()
            .note_end(level.number, queue.max_offset());
        for _ in 0..TURN_MESSAGES_MAX {
            match self.step(broker, level, &queue, record) {
                Step::Done => level.next += 1,
                Step::NotBefore(moment) => return Some(moment),
                Step::Idle => return None,
            }
        }
        Some(self.clock.elapsed())
    }

    fn step(
        &self,
        broker: &BrokerContext,
        level: &mut Level,
        queue: &Queue,
        record: &mut Vec<u8>,
    ) -> Step {
        let now = self.clock.elapsed();
        if let Some(moment) = level.retry_at.filter(|moment| *moment > now) {
            return Step::NotBefore(moment);
        }
        level.retry_at = None;
        let (min, max) = (queue.min_offset(), queue.max_offset());
        if !(min..=max).contains(&level.next) {
            tracing::warn!(
                level = level.number,
                level.next,
                min,
                max,
                "delayed messages are gone"
            );
            level.next = level.next.clamp(min, max);
        }
        if level.next == max && self.becomes_idle(level, queue) {
            return Step::Idle;
        }
        let Some(unit) = broker.store.unit_at(queue, level.next) else {
            tracing::error!(
                level = level.number,
                level.next,
                "a delayed message cannot be found"
            );
            return Step::Done;
        };
        let due = self
            .due_times
            .lock()
            .due_at(level.number, level.next, unit.tags_code);
        let latest = now + level.delay;
        if due > now && due <= latest + DRIFT_MAX {
            return Step::NotBefore(due.min(latest));
        }
        // While the wall clock is being kept right it runs a little slower or faster than the other;
        // nobody who looks at it shall see a message before its time.
        let early_ms = unit.tags_code.saturating_sub(self.clock.now_ms());
        if (1..JUMP_MS_MIN).contains(&early_ms) {
            return Step::NotBefore(now + Duration::from_millis(early_ms.unsigned_abs()));
        }
        // Due, or further away than its delay: then the clock was set back while we were not there.
        match delivery::deliver(broker, unit, record) {
            Ok(()) => {
                level.is_used = true;
                Step::Done
            }
            Err(error) => {
                tracing::warn!(level = level.number, level.next, %error, "a delayed message has to wait");
                let moment = now + RETRY_AFTER;
                level.retry_at = Some(moment);
                Step::NotBefore(moment)
            }
        }
    }

    /// Asks to be told of the next arrival; says whether there is nothing to do until then.
    fn becomes_idle(&self, level: &Level, queue: &Queue) -> bool {
        let index = usize::try_from(level.number - 1).unwrap_or(usize::MAX);
        let Some(idle) = self.idle.get(index) else {
            return true;
        };
        idle.store(true, Ordering::SeqCst);
        // Looked at once more after the wish is known: an arrival in between is not missed.
        queue.set_waited_for(true);
        queue.max_offset() <= level.next
    }

    /// How far the levels have come; what was delivered ends below the offset that comes with it.
    pub(crate) fn progress(&self, broker: &BrokerContext) -> Progress {
        let levels = self.levels.lock();
        let used = levels.iter().filter(|level| level.is_used);
        let offsets = used.map(|level| (level.number, level.next)).collect();
        Progress {
            offsets,
            end_physical_offset: broker.store.max_physical_offset(),
        }
    }

    /// Writes how far the levels had come. The log must be on the disk up to the offset in it.
    pub(crate) fn persist(&self, progress: &Progress) -> std::io::Result<()> {
        let mut version = self.version.lock();
        version.next_version(self.clock.now_ms(), 0);
        let offset_table = progress.offsets.clone();
        let file = DelayOffsetSerializeWrapper {
            data_version: *version,
            offset_table,
        };
        table_file::write(&self.path, &file.to_json())
    }

    /// The progress as tools and replicas read it.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let levels = self.levels.lock();
        let offset_table = levels
            .iter()
            .map(|level| (level.number, level.next))
            .collect();
        DelayOffsetSerializeWrapper {
            data_version: *self.version.lock(),
            offset_table,
        }
        .to_json()
    }

    /// For each level that is in use: its number, the offset it has come to, where its queue ends.
    pub(crate) fn offsets(&self, broker: &BrokerContext) -> Vec<(i32, i64, i64)> {
        let levels = self.levels.lock();
        let queue = |number| broker.store.find_queue(name::SCHEDULE_TOPIC, number - 1);
        let end = |number| queue(number).map_or(0, |queue| queue.max_offset());
        let used = levels
            .iter()
            .filter(|level| level.is_used || end(level.number) > 0);
        used.map(|level| (level.number, level.next, end(level.number)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
