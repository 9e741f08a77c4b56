//! Counters of a store, under RocketMQ's names.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// How often the rates are sampled.
const SAMPLE_INTERVAL_MS: i64 = 10_000;
/// Samples kept: those of the last ten minutes.
const SAMPLES_MAX: usize = 61;

/// What has been read so far.
#[derive(Debug, Default)]
pub(crate) struct GetCounters {
    /// Gets that found messages.
    pub(crate) found: AtomicU64,
    /// Gets that found none.
    pub(crate) missed: AtomicU64,
    /// Messages handed out.
    pub(crate) transferred: AtomicU64,
    /// Records that were asked for and turned out to be damaged.
    pub(crate) corrupt: AtomicU64,
}

/// What has been stored so far; kept under the put lock.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct PutCounters {
    /// Messages stored.
    pub(crate) messages: u64,
    /// Bytes of their records.
    pub(crate) bytes: u64,
    /// Puts that were refused.
    pub(crate) failed: u64,
}

/// The totals at one moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) at_ms: i64,
    pub(crate) put: u64,
    pub(crate) found: u64,
    pub(crate) missed: u64,
    pub(crate) transferred: u64,
}

/// Totals of the last ten minutes, from which rates are made.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    samples: Mutex<VecDeque<Totals>>,
}

impl Samples {
    /// Keeps these totals, if the last ones are old enough.
    pub(crate) fn offer(&self, totals: Totals) {
        let mut samples = self.samples.lock();
        let last = samples.back().map(|last| last.at_ms);
        if last.is_some_and(|last| (last..last + SAMPLE_INTERVAL_MS).contains(&totals.at_ms)) {
            return;
        }
        if samples.len() >= SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(totals);
    }

    /// Messages per second over the last ten seconds, minute and ten minutes, as RocketMQ prints them.
    pub(crate) fn rates(&self, now: Totals, of: fn(&Totals) -> u64) -> String {
        let samples = self.samples.lock();
        let mut text = String::new();
        for seconds in [10, 60, 600] {
            let since = now.at_ms - seconds * 1000;
            let from = samples.iter().rev().find(|sample| sample.at_ms <= since);
            let from = from.or_else(|| samples.front()).copied().unwrap_or(now);
            let elapsed_ms = (now.at_ms - from.at_ms).max(1);
            let count = of(&now).saturating_sub(of(&from));
            let separator = if text.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            let _written = write!(text, "{separator}{:.4}", per_second(count, elapsed_ms));
        }
        text
    }
}

/// A rate with more digits than anyone reads.
fn per_second(count: u64, elapsed_ms: i64) -> f64 {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let elapsed_ms = f64::from(u32::try_from(elapsed_ms).unwrap_or(u32::MAX));
    count * 1000.0 / elapsed_ms
}

/// Adds to a counter that nobody orders anything by.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// Numbers that describe a running store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuntimeInfo {
    /// Messages stored since the start.
    pub put_message_times_total: u64,
    /// Puts refused since the start.
    pub put_message_failed_times: u64,
    /// Bytes stored since the start.
    pub put_message_size_total: u64,
    /// Gets that found messages.
    pub get_found_total: u64,
    /// Gets that found none.
    pub get_missed_total: u64,
    /// Messages handed out.
    pub get_transferred_total: u64,
    /// Damaged records met: by recovery, and by gets since then.
    pub corrupt_records: u64,
    /// Messages stored per second: over ten seconds, a minute, ten minutes.
    pub put_tps: String,
    /// Gets per second that found messages.
    pub get_found_tps: String,
    /// Gets per second that found none.
    pub get_miss_tps: String,
    /// Gets per second.
    pub get_total_tps: String,
    /// Messages handed out per second.
    pub get_transferred_tps: String,
    /// When the store was opened (ms since the epoch).
    pub boot_timestamp: i64,
    /// Ms since then.
    pub runtime_ms: i64,
    /// Used share of the CommitLog's disk; -1 when unknown.
    pub commit_log_disk_ratio: f64,
    /// Used share of the ConsumeQueues' disk; -1 when unknown.
    pub consume_queue_disk_ratio: f64,
    /// Where the CommitLog begins.
    pub commit_log_min_offset: i64,
    /// Where it ends.
    pub commit_log_max_offset: i64,
    /// Bytes of it not synced yet.
    pub unsynced_bytes: i64,
    /// Bytes of it not in the ConsumeQueues yet.
    pub dispatch_behind_bytes: i64,
    /// Bytes of it not in the index yet.
    pub index_behind_bytes: i64,
    /// Queues in memory.
    pub queue_count: usize,
    /// Whether a sync failed: no message is taken until the store is reopened.
    pub flush_failed: bool,
    /// Whether messages are refused for want of disk space.
    pub disk_full: bool,
}

impl RuntimeInfo {
    /// The numbers under the keys that `mqadmin brokerStatus` shows.
    #[must_use]
    pub fn to_table(&self) -> Vec<(&'static str, String)> {
        let average = self
            .put_message_size_total
            .checked_div(self.put_message_times_total);
        vec![
            (
                "putMessageTimesTotal",
                self.put_message_times_total.to_string(),
            ),
            (
                "putMessageFailedTimes",
                self.put_message_failed_times.to_string(),
            ),
            (
                "putMessageSizeTotal",
                self.put_message_size_total.to_string(),
            ),
            (
                "putMessageAverageSize",
                format!("{}.0", average.unwrap_or(0)),
            ),
            ("putTps", self.put_tps.clone()),
            ("getFoundTps", self.get_found_tps.clone()),
            ("getMissTps", self.get_miss_tps.clone()),
            ("getTotalTps", self.get_total_tps.clone()),
            ("getTransferredTps", self.get_transferred_tps.clone()),
            ("bootTimestamp", self.boot_timestamp.to_string()),
            ("runtime", runtime_text(self.runtime_ms)),
            ("commitLogDiskRatio", self.commit_log_disk_ratio.to_string()),
            (
                "consumeQueueDiskRatio",
                self.consume_queue_disk_ratio.to_string(),
            ),
            ("commitLogMinOffset", self.commit_log_min_offset.to_string()),
            ("commitLogMaxOffset", self.commit_log_max_offset.to_string()),
            (
                "dispatchBehindBytes",
                self.dispatch_behind_bytes.to_string(),
            ),
            ("remainHowManyDataToFlush", self.unsynced_bytes.to_string()),
        ]
    }
}

/// `[ 1 days, 2 hours, 3 minutes, 4 seconds ]`, as RocketMQ says it.
fn runtime_text(runtime_ms: i64) -> String {
    let seconds = runtime_ms / 1000;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    format!("[ {days} days, {hours} hours, {minutes} minutes, {seconds} seconds ]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_over_the_time_that_was_sampled() {
        let samples = Samples::default();
        for second in 0..=60 {
            samples.offer(Totals {
                at_ms: second * 1000,
                put: 5 * second.unsigned_abs(),
                ..Totals::default()
            });
        }
        let now = Totals {
            at_ms: 60_000,
            put: 300,
            ..Totals::default()
        };
        assert_eq!(
            samples.rates(now, |totals| totals.put),
            "5.0000 5.0000 5.0000"
        );
    }

    #[test]
    fn a_new_store_has_no_rates() {
        let samples = Samples::default();
        assert_eq!(
            samples.rates(Totals::default(), |totals| totals.put),
            "0.0000 0.0000 0.0000"
        );
    }

    #[test]
    fn the_runtime_reads_as_in_rocketmq() {
        assert_eq!(
            runtime_text(93_784_000),
            "[ 1 days, 2 hours, 3 minutes, 4 seconds ]"
        );
    }
}
