//! What producers and consumers were promised and shown. Kept outside the broker, and written before
//! anyone looks at what the broker has.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// Topic of single messages and batches, of messages that keep an order, of delayed ones.
pub(super) const TOPIC: &str = "survival";
pub(super) const ORDERLY: &str = "survival-orderly";
pub(super) const DELAYED: &str = "survival-delayed";

/// Queues of the two topics that anyone sends to; the orderly one uses a single queue.
pub(super) const QUEUES: i32 = 4;

/// The group that commits offsets.
pub(super) const GROUP: &str = "survivors";

/// Topic and queue.
pub(super) type Line = (&'static str, i32);

/// A delayed message that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay {
    /// Wall clock before it was sent, in milliseconds.
    pub(super) sent_ms: i64,
    pub(super) delay_ms: i64,
}

/// An offset that was committed and acknowledged.
#[derive(Debug, Clone, Copy)]
struct Commit {
    at: Duration,
    offset: i64,
}

#[derive(Clone, Default)]
pub(super) struct Ledger {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
pub(super) struct Entries {
    /// The number of the next message; all below may have been sent.
    next: u64,
    /// Which message each place was given to, as producers were told.
    pub(super) acknowledged: HashMap<Line, BTreeMap<i64, u64>>,
    /// Which message each place held, as consumers were shown.
    pub(super) seen: HashMap<Line, BTreeMap<i64, u64>>,
    /// Delayed messages that were acknowledged and have not been found yet.
    pub(super) awaited: HashMap<u64, Delay>,
    /// Delayed messages that may have been stored: their answer never came.
    pub(super) delays: HashMap<u64, Delay>,
    commits: HashMap<i32, Commits>,
    batches: HashSet<u64>,
}

/// The progress of the group in one queue.
#[derive(Default)]
struct Commits {
    /// In the life of the broker that is on.
    in_this_life: Vec<Commit>,
    /// What the broker knew at the beginning of this life.
    base: i64,
    /// The furthest that anyone asked for.
    asked_max: i64,
}

impl Ledger {
    /// Numbers for new messages.
    pub(super) fn new_ids(&self, count: u64) -> std::ops::Range<u64> {
        let mut entries = self.entries.lock();
        let first = entries.next;
        entries.next += count;
        first..entries.next
    }

    /// Numbers for a batch, which is stored as a whole or not at all.
    pub(super) fn new_batch(&self, count: u64) -> std::ops::Range<u64> {
        let ids = self.new_ids(count);
        let mut entries = self.entries.lock();
        // All but the last are followed by the next one.
        entries.batches.extend(ids.start..ids.end - 1);
        ids
    }

    /// Notes that a message was given a place. No place may be given twice.
    pub(super) fn acknowledged(&self, line: Line, offset: i64, id: u64) {
        let mut entries = self.entries.lock();
        let places = entries.acknowledged.entry(line).or_default();
        let before = places.insert(offset, id);
        assert_eq!(
            before, None,
            "offset {offset} of {line:?} was given out twice"
        );
    }

    /// Notes what a consumer was shown. No place may ever show something else.
    pub(super) fn seen(&self, line: Line, offset: i64, id: u64) {
        let mut entries = self.entries.lock();
        let before = entries.seen.entry(line).or_default().insert(offset, id);
        assert!(
            before.is_none_or(|before| before == id),
            "offset {offset} of {line:?} held {before:?} and now {id}"
        );
    }

    /// Notes a delayed message before it is sent.
    pub(super) fn will_delay(&self, id: u64, delay: Delay) {
        self.entries.lock().delays.insert(id, delay);
    }

    /// Notes that a delayed message was acknowledged.
    pub(super) fn delay_acknowledged(&self, id: u64) {
        let mut entries = self.entries.lock();
        let delay = entries.delays[&id];
        entries.awaited.insert(id, delay);
    }

    /// Notes an offset that is about to be committed.
    pub(super) fn will_commit(&self, queue: i32, offset: i64) {
        let mut entries = self.entries.lock();
        let commits = entries.commits.entry(queue).or_default();
        commits.asked_max = commits.asked_max.max(offset);
    }

    /// Notes that the commit was acknowledged.
    pub(super) fn committed(&self, queue: i32, offset: i64, at: Duration) {
        let mut entries = self.entries.lock();
        let commits = entries.commits.entry(queue).or_default();
        commits.in_this_life.push(Commit { at, offset });
    }

    /// Checks where the group is after a kill: no further back than commits older than `safe_before`
    /// had brought it, and never further than anyone asked for. A new life begins.
    pub(super) fn check_progress(&self, queue: i32, found: i64, safe_before: Duration) -> i64 {
        let mut entries = self.entries.lock();
        let commits = entries.commits.entry(queue).or_default();
        let safe = commits.in_this_life.iter();
        let safe = safe.filter(|commit| commit.at < safe_before);
        let floor = safe
            .map(|commit| commit.offset)
            .fold(commits.base, i64::max);
        assert!(
            found >= floor,
            "queue {queue}: {found} is committed, {floor} was long before the kill"
        );
        assert!(
            found <= commits.asked_max,
            "queue {queue}: {found} is committed, nobody asked for more than {}",
            commits.asked_max
        );
        commits.in_this_life.clear();
        commits.base = found;
        found - floor
    }

    /// Whether this message, if it is stored, is followed by the next one.
    pub(super) fn continues(entries: &Entries, id: u64) -> bool {
        entries.batches.contains(&id)
    }

    /// Whether anybody has sent a message of this number.
    pub(super) fn was_sent(entries: &Entries, id: u64) -> bool {
        id < entries.next
    }

    pub(super) fn entries(&self) -> parking_lot::MutexGuard<'_, Entries> {
        self.entries.lock()
    }
}
