//! The last half hour, second by second: what charts are drawn from, and where one goes back to.
//!
//! A frame is a [`Snapshot`], whose sections are shared with the frames around it. Invariant: at most
//! [`FRAMES_MAX`] frames and about [`BYTES_MAX`] bytes; when a large cluster needs more, the older half
//! keeps every second frame, so that the span stays and the detail goes.

use std::collections::VecDeque;
use std::sync::Arc;

use client::snapshot::{Section, Snapshot};

/// How far back the timeline goes.
pub const SPAN_MS: i64 = 30 * 60 * 1_000;

/// How far apart frames are at least: one second, with room for a clock that is a little early.
const FRAME_MS: i64 = 900;

/// Frames that are kept: [`SPAN_MS`] at one a second.
pub const FRAMES_MAX: usize = 1_800;

/// What all frames together may hold, in bytes, as `weight` estimates it.
pub const BYTES_MAX: usize = 128 * 1024 * 1024;

/// The recent past.
#[derive(Debug, Clone)]
pub struct Timeline {
    frames: VecDeque<Frame>,
    bytes: usize,
    bytes_max: usize,
    /// Where one has gone back to; `None` while the screen is live.
    position: Option<i64>,
}

#[derive(Debug, Clone)]
struct Frame {
    snapshot: Snapshot,
    /// The bytes that no older frame shares.
    bytes: usize,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_limit(BYTES_MAX)
    }
}

impl Timeline {
    /// A timeline that holds about this many bytes at most.
    #[must_use]
    pub fn with_limit(bytes_max: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            bytes_max,
            position: None,
        }
    }

    /// Keeps a snapshot. One that comes too soon after the last takes its place.
    pub fn push(&mut self, snapshot: Snapshot) {
        let too_soon = self.frames.len() > 1
            && self.frames.iter().rev().nth(1).is_some_and(|before| {
                snapshot.taken_ms.saturating_sub(before.snapshot.taken_ms) < FRAME_MS
            });
        if too_soon && let Some(last) = self.frames.pop_back() {
            self.bytes -= last.bytes;
        }
        // The clock was set back: what came after this moment has not happened.
        while self
            .frames
            .back()
            .is_some_and(|last| last.snapshot.taken_ms > snapshot.taken_ms)
        {
            self.drop_last();
        }
        let bytes = weight(&snapshot, self.frames.back().map(|last| &last.snapshot));
        self.bytes += bytes;
        self.frames.push_back(Frame { snapshot, bytes });
        self.forget();
    }

    fn drop_last(&mut self) {
        if let Some(last) = self.frames.pop_back() {
            self.bytes -= last.bytes;
        }
    }

    fn forget(&mut self) {
        let newest = self.newest_ms();
        while self.frames.len() > FRAMES_MAX
            || self
                .frames
                .front()
                .is_some_and(|first| newest - first.snapshot.taken_ms > SPAN_MS)
        {
            if let Some(first) = self.frames.pop_front() {
                self.bytes -= first.bytes;
            }
        }
        while self.bytes > self.bytes_max && self.frames.len() > 2 {
            self.thin();
        }
    }

    /// Drops every second frame of the older half, never the first; the weights are taken anew, because a section may
    /// have been shared with a frame that goes.
    fn thin(&mut self) {
        let half = (self.frames.len() / 2).max(2);
        let mut at = 0;
        self.frames.retain(|_| {
            at += 1;
            at > half || at % 2 == 1
        });
        let mut before: Option<Snapshot> = None;
        self.bytes = 0;
        for frame in &mut self.frames {
            frame.bytes = weight(&frame.snapshot, before.as_ref());
            self.bytes += frame.bytes;
            before = Some(frame.snapshot.clone());
        }
    }

    /// How many frames there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What the frames hold, in bytes, as it is estimated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the newest frame was taken, in ms since the epoch; 0 without frames.
    #[must_use]
    pub fn newest_ms(&self) -> i64 {
        self.frames.back().map_or(0, |last| last.snapshot.taken_ms)
    }

    /// The frames of the last `span_ms` before the moment that is shown, oldest first.
    pub fn window(&self, span_ms: i64) -> impl DoubleEndedIterator<Item = &Snapshot> {
        let end = self.shown_ms();
        let from = self.at_or_after(end.saturating_sub(span_ms));
        let to = self.at_or_after(end.saturating_add(1));
        self.frames
            .range(from..to.max(from))
            .map(|frame| &frame.snapshot)
    }

    /// The moment that is shown, in ms since the epoch.
    #[must_use]
    pub fn shown_ms(&self) -> i64 {
        self.position.unwrap_or_else(|| self.newest_ms())
    }

    /// The frame that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Snapshot> {
        let after = self.at_or_after(self.shown_ms().saturating_add(1));
        let at = after.checked_sub(1).unwrap_or(after);
        self.frames.get(at).map(|frame| &frame.snapshot)
    }

    /// The last frame at or before a moment.
    #[must_use]
    pub fn at(&self, at_ms: i64) -> Option<&Snapshot> {
        let after = self.at_or_after(at_ms.saturating_add(1));
        self.frames
            .get(after.checked_sub(1)?)
            .map(|frame| &frame.snapshot)
    }

    fn at_or_after(&self, at_ms: i64) -> usize {
        self.frames
            .partition_point(|frame| frame.snapshot.taken_ms < at_ms)
    }

    /// Whether the screen stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.position.is_some()
    }

    /// Holds the screen at the newest frame.
    pub fn freeze(&mut self) {
        self.position = self.frames.back().map(|last| last.snapshot.taken_ms);
    }

    /// Goes back to what is now.
    pub fn live(&mut self) {
        self.position = None;
    }

    /// Moves the moment that is shown by this many frames; holds the screen. Stops at both ends.
    pub fn step(&mut self, frames: isize) {
        let shown = self.at_or_after(self.shown_ms().saturating_add(1));
        let last = self.frames.len().saturating_sub(1);
        let at = shown
            .saturating_sub(1)
            .saturating_add_signed(frames)
            .min(last);
        self.position = self.frames.get(at).map(|frame| frame.snapshot.taken_ms);
    }
}

/// About how many bytes a snapshot holds that the one before it does not: names and structures, by
/// the number of their elements. Sections that were not read anew are shared and weigh nothing.
fn weight(snapshot: &Snapshot, before: Option<&Snapshot>) -> usize {
    /// A name or an address with its allocation.
    const TEXT: usize = 48;
    let mut bytes = size_of::<Snapshot>();
    if is_new(&snapshot.cluster, before.map(|before| &before.cluster))
        && let Some(cluster) = snapshot.cluster.get()
    {
        let of_broker = size_of::<client::snapshot::BrokerState>() + 4 * TEXT;
        let runtime: usize = cluster
            .brokers
            .iter()
            .map(|broker| broker.runtime.len())
            .sum();
        bytes += cluster.brokers.len() * of_broker + runtime * 3 * TEXT;
    }
    if is_new(&snapshot.topics, before.map(|before| &before.topics))
        && let Some(topics) = snapshot.topics.get()
    {
        let of_queue = size_of::<client::snapshot::TopicQueue>() + 2 * TEXT;
        for topic in topics {
            let groups = topic.groups.as_ref().map_or(0, Vec::len);
            let queues = topic.queues.as_ref().map_or(0, Vec::len);
            bytes += size_of::<client::snapshot::TopicState>()
                + TEXT
                + (topic.brokers.len() + groups) * 2 * TEXT
                + queues * of_queue;
        }
    }
    if is_new(&snapshot.groups, before.map(|before| &before.groups))
        && let Some(groups) = snapshot.groups.get()
    {
        for group in groups {
            bytes += size_of::<client::snapshot::GroupState>()
                + TEXT
                + (group.topics.len() + 2 * group.lag_by_topic.len()) * TEXT;
        }
    }
    if is_new(
        &snapshot.allocation,
        before.map(|before| &before.allocation),
    ) && let Some(allocation) = snapshot.allocation.get()
    {
        let of_queue = size_of::<client::snapshot::AllocatedQueue>() + 3 * TEXT;
        bytes += allocation.queues.len() * of_queue + allocation.members.len() * 5 * TEXT;
    }
    if is_new(&snapshot.clients, before.map(|before| &before.clients))
        && let Some(clients) = snapshot.clients.get()
    {
        for client in clients {
            bytes += size_of::<client::snapshot::ClientState>()
                + (5 + client.brokers.len() + 2 * client.subscriptions.len()) * TEXT;
        }
    }
    bytes
}

/// Whether a section holds another value than it did.
pub(crate) fn is_new<T>(section: &Section<T>, before: Option<&Section<T>>) -> bool {
    match (
        &section.value,
        before.and_then(|before| before.value.as_ref()),
    ) {
        (Some(now), Some(before)) => !Arc::ptr_eq(now, before),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, topics_section};

    const SECOND: i64 = 1_000;

    fn at(seconds: i64) -> Snapshot {
        Snapshot {
            taken_ms: testing::NOW_MS + seconds * SECOND,
            ..Snapshot::default()
        }
    }

    fn shown(timeline: &Timeline) -> i64 {
        (timeline.shown().unwrap().taken_ms - testing::NOW_MS) / SECOND
    }

    #[test]
    fn half_an_hour_is_kept_and_no_more() {
        let mut timeline = Timeline::default();
        for second in 0..4_000 {
            timeline.push(at(second));
        }
        assert_eq!(timeline.len(), FRAMES_MAX);
        let first = timeline.window(i64::MAX).next().unwrap().taken_ms;
        assert!(timeline.newest_ms() - first <= SPAN_MS);
    }

    #[test]
    fn faster_readings_do_not_make_more_frames() {
        let mut timeline = Timeline::default();
        for tenth in 0..100 {
            timeline.push(Snapshot {
                taken_ms: testing::NOW_MS + tenth * 100,
                ..Snapshot::default()
            });
        }
        assert!(timeline.len() <= 15, "{}", timeline.len());
        assert_eq!(timeline.newest_ms(), testing::NOW_MS + 9_900);
    }

    #[test]
    fn a_large_cluster_loses_detail_before_it_loses_its_span() {
        const LIMIT: usize = 1024 * 1024;
        let mut timeline = Timeline::with_limit(LIMIT);
        for second in 0..600 {
            let taken_ms = testing::NOW_MS + second * SECOND;
            timeline.push(Snapshot {
                taken_ms,
                topics: topics_section(20, taken_ms),
                ..Snapshot::default()
            });
            assert!(timeline.bytes() <= LIMIT, "second {second}");
        }
        assert!(timeline.len() < 600);
        let first = timeline.window(i64::MAX).next().unwrap().taken_ms;
        assert_eq!(first, testing::NOW_MS);
    }

    #[test]
    fn a_section_that_is_shared_weighs_nothing() {
        let mut timeline = Timeline::default();
        let topics = topics_section(1_000, testing::NOW_MS);
        timeline.push(Snapshot {
            topics: topics.clone(),
            ..at(0)
        });
        let one = timeline.bytes();
        timeline.push(Snapshot { topics, ..at(1) });
        assert_eq!(timeline.bytes() - one, size_of::<Snapshot>());
    }

    #[test]
    fn scrubbing_stops_at_both_ends_and_new_frames_do_not_move_it() {
        let mut timeline = Timeline::default();
        (0..10).for_each(|second| timeline.push(at(second)));
        assert!(!timeline.is_frozen());
        timeline.step(-3);
        assert_eq!(shown(&timeline), 6);
        timeline.push(at(10));
        assert_eq!(shown(&timeline), 6);
        timeline.step(-100);
        assert_eq!(shown(&timeline), 0);
        timeline.step(100);
        assert_eq!(shown(&timeline), 10);
        timeline.live();
        timeline.push(at(11));
        assert_eq!(shown(&timeline), 11);
        assert_eq!(
            timeline.at(testing::NOW_MS + 4_500).unwrap().taken_ms,
            at(4).taken_ms
        );
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_no_future() {
        let mut timeline = Timeline::default();
        (0..10).for_each(|second| timeline.push(at(second)));
        timeline.push(at(4));
        assert_eq!(shown(&timeline), 4);
        let all: Vec<i64> = timeline
            .window(i64::MAX)
            .map(|frame| frame.taken_ms)
            .collect();
        assert!(all.is_sorted());
    }
}
