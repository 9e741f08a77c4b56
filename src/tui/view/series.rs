//! Small charts in a line of text, drawn from the timeline.

use client::snapshot::{GroupState, Snapshot, TopicState};

use crate::format::NOTHING;
use crate::state::State;
use crate::theme;

/// Values of equal parts of a span, oldest first; `None` where nothing was read.
pub(crate) fn sample(
    state: &State,
    span_ms: i64,
    points: usize,
    value: impl Fn(&Snapshot) -> Option<f64>,
) -> Vec<Option<f64>> {
    let mut values = vec![None; points];
    let Ok(count) = i64::try_from(points) else {
        return values;
    };
    if count == 0 || state.timeline.is_empty() {
        return values;
    }
    let end = state.timeline.shown_ms();
    let step = (span_ms / count).max(1);
    for (place, back) in values.iter_mut().zip((0..count).rev()) {
        let at = end - back * step;
        // A frame stands for the time after it until the next one, but not for longer than a gap.
        let snapshot = state.timeline.at(at);
        let snapshot = snapshot.filter(|snapshot| snapshot.taken_ms > at - step.max(GAP_MS));
        *place = snapshot.and_then(&value);
    }
    values
}

/// A gap in the readings of this length is shown as one.
const GAP_MS: i64 = 5_000;

/// The values as columns, scaled to the largest of them; `·` where nothing is known.
pub(crate) fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let glyph = |value: &Option<f64>| match value {
        None => NOTHING,
        Some(value) => theme::bar_glyph(height_of(*value, largest)),
    };
    values.iter().map(glyph).collect()
}

/// 0 to 7.
fn height_of(value: f64, largest: f64) -> u8 {
    if largest <= 0.0 {
        return 0;
    }
    eighths(value / largest)
}

/// A share of one in eighths, 0 to 7.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=7 before"
)]
fn eighths(share: f64) -> u8 {
    (share * 8.0).ceil().clamp(1.0, 8.0) as u8 - 1
}

/// A topic of a snapshot.
pub(crate) fn topic<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a TopicState> {
    let topics = snapshot.topics.get()?;
    let at = topics
        .binary_search_by(|topic| topic.topic.as_str().cmp(name))
        .ok()?;
    topics.get(at)
}

/// A group of a snapshot.
pub(crate) fn group<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a GroupState> {
    let groups = snapshot.groups.get()?;
    let at = groups
        .binary_search_by(|group| group.group.as_str().cmp(name))
        .ok()?;
    groups.get(at)
}

/// A lag as a number for a chart.
#[expect(clippy::cast_precision_loss, reason = "a chart shows three digits")]
pub(crate) fn as_value(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_scaled_to_its_largest_value() {
        let values = [None, Some(0.0), Some(1.0), Some(4.0), Some(8.0)];
        assert_eq!(sparkline(&values), "·▁▁▄█");
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)]), "▁▁");
    }
}
