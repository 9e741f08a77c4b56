//! What a store removes: old CommitLog files, and with them what they held up.
//!
//! Invariant: the last CommitLog file stays, and a file goes only as a whole, oldest first.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::convert::to_i64;
use crate::shared::Shared;
use crate::stats::Totals;

/// Highest ratio at which messages may still be taken, whatever is configured.
const WARNING_RATIO_MAX: f64 = 0.90;
/// Highest ratio at which files are not removed before their time, whatever is configured.
const FORCIBLY_RATIO_MAX: f64 = 0.85;
/// Passes that an operator's wish to delete lasts.
const MANUAL_DELETE_PASSES: u64 = 20;

/// What a pass of retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CleanOutcome {
    /// Used share of the disk; `None` when the system does not tell.
    pub disk_used_ratio: Option<f64>,
    /// CommitLog files removed.
    pub commit_log_files: usize,
    /// ConsumeQueue files removed.
    pub consume_queue_files: usize,
    /// Index files removed.
    pub index_files: usize,
}

impl Shared {
    /// One pass: looks at the disk, removes what may go.
    pub(crate) fn clean_once(&self) -> CleanOutcome {
        self.samples.offer(self.totals());
        let usage = self.storage.disk_usage(&self.config.root).ok();
        let ratio = usage.map(|usage| usage.used_ratio());
        let mut outcome = CleanOutcome {
            disk_used_ratio: ratio,
            ..CleanOutcome::default()
        };
        let is_full = ratio.is_some_and(|ratio| ratio > self.warning_ratio());
        if self.disk_full.swap(is_full, Ordering::Relaxed) != is_full {
            tracing::warn!(is_full, ?ratio, "the disk is full, or is no longer");
        }
        if let Err(error) = self.remove_old_files(ratio, &mut outcome) {
            tracing::warn!(%error, "old files cannot be removed");
        }
        outcome
    }

    fn warning_ratio(&self) -> f64 {
        self.config.disk_warning_ratio.min(WARNING_RATIO_MAX)
    }

    /// Removes old files in the next passes, whatever the hour.
    pub(crate) fn delete_expired_now(&self) {
        self.manual_deletes
            .store(MANUAL_DELETE_PASSES, Ordering::Relaxed);
    }

    fn remove_old_files(&self, ratio: Option<f64>, outcome: &mut CleanOutcome) -> io::Result<()> {
        let above = |limit: f64| ratio.is_some_and(|ratio| ratio > limit);
        let forcibly = self
            .config
            .disk_clean_forcibly_ratio
            .min(FORCIBLY_RATIO_MAX);
        let forcibly =
            self.config.clean_forcibly && (above(forcibly) || above(self.warning_ratio()));
        let manual = self.manual_deletes.load(Ordering::Relaxed);
        self.manual_deletes
            .store(manual.saturating_sub(1), Ordering::Relaxed);
        let now = self.clock.now_ms();
        if self.is_time_to_delete(now)
            || forcibly
            || above(self.config.disk_max_used_ratio)
            || manual > 0
        {
            outcome.commit_log_files = self.remove_log_files(now, forcibly)?;
        }
        if outcome.commit_log_files > 0 {
            self.follow_log_start(outcome)?;
        }
        Ok(())
    }

    fn is_time_to_delete(&self, now_ms: i64) -> bool {
        let Ok(now) = Timestamp::from_millisecond(now_ms) else {
            return false;
        };
        let hour = now.to_zoned(TimeZone::system()).hour();
        self.config
            .delete_when
            .iter()
            .any(|when| i8::try_from(*when) == Ok(hour))
    }

    fn remove_log_files(&self, now_ms: i64, forcibly: bool) -> io::Result<usize> {
        let reserved_ms = i64::try_from(self.config.file_reserved.as_millis()).unwrap_or(i64::MAX);
        let mut removed = 0;
        while removed < self.config.delete_file_batch_max {
            let Some(modified_ms) = self.log.oldest_file_modified_ms()? else {
                break;
            };
            let is_old = now_ms >= modified_ms.saturating_add(reserved_ms);
            if !(is_old || forcibly) || !self.log.remove_first()? {
                break;
            }
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes what only speaks of messages that are gone.
    fn follow_log_start(&self, outcome: &mut CleanOutcome) -> io::Result<()> {
        let log_start = to_i64(self.log.start());
        let _alone = self.deriving.lock();
        for queue in self.queues.all() {
            let consume_queue = queue.consume_queue();
            consume_queue.correct_min(&self.queue_files, log_start)?;
            outcome.consume_queue_files += consume_queue.remove_expired(&self.queue_files)?;
        }
        if let Some(index) = &self.index {
            outcome.index_files = index.remove_expired(log_start)?;
        }
        Ok(())
    }

    /// Removes a topic with its queues; its messages stay in the log until their files go.
    pub(crate) fn delete_topic(&self, topic: &str) -> io::Result<usize> {
        let _alone = self.deriving.lock();
        let removed = {
            // Under the put lock, so that no put is between finding the queue and using it.
            let _no_put_under_way = self.put.lock();
            self.queues.remove_topic(topic)
        };
        // The name was checked when the first queue was made; without a queue there is no directory.
        if !removed.is_empty() {
            self.queue_files.remove_topic(topic)?;
            self.write_checkpoint_count()?;
        }
        Ok(removed.len())
    }

    /// The counters of now.
    pub(crate) fn totals(&self) -> Totals {
        let get = &self.get_counters;
        Totals {
            at_ms: self.clock.now_ms(),
            put: self.messages_put.load(Ordering::Relaxed),
            found: get.found.load(Ordering::Relaxed),
            missed: get.missed.load(Ordering::Relaxed),
            transferred: get.transferred.load(Ordering::Relaxed),
        }
    }
}

/// RocketMQ's `deleteWhen`: hours separated by semicolons.
#[must_use]
pub fn parse_delete_when(text: &str) -> Option<Vec<u8>> {
    let hours = text
        .split(';')
        .map(str::trim)
        .filter(|hour| !hour.is_empty());
    hours
        .map(|hour| hour.parse().ok().filter(|hour| *hour < 24))
        .collect()
}

/// Hours of retention as a duration.
#[must_use]
pub fn hours(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60 * 60)
}
