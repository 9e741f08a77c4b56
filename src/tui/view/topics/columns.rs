//! The columns of the topics: what they hold, how they sort.

use std::cmp::Ordering;

use client::snapshot::{Snapshot, TopicKind, TopicState};

use crate::format::{self, NOTHING, or_nothing};
use crate::state::State;
use crate::theme::Role;
use crate::view::series;
use crate::view::table::{Cell, Column};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TopicColumn {
    #[default]
    Name,
    Kind,
    Queues,
    Messages,
    In,
    Trend,
    Out,
    Groups,
    WorstLag,
    Retained,
    HotQueue,
    LastWrite,
    Permission,
}

/// All columns with their shapes, in their order.
pub(super) const COLUMNS: &[(TopicColumn, Column)] = &[
    (TopicColumn::Name, Column::text("TOPIC", 18, 0)),
    (TopicColumn::Kind, Column::text("TYPE", 6, 6)),
    (TopicColumn::Queues, Column::text("QUEUES", 6, 5)),
    (TopicColumn::Messages, Column::number("MSGS", 10, 3)),
    (TopicColumn::In, Column::number("IN/s", 5, 0)),
    (TopicColumn::Trend, Column::text("TREND 60s", 9, 2)),
    (TopicColumn::Out, Column::number("OUT/s", 5, 2)),
    (TopicColumn::Groups, Column::number("GROUPS", 6, 4)),
    (TopicColumn::WorstLag, Column::text("WORST LAG", 18, 1)),
    (TopicColumn::Retained, Column::number("RETAINED", 8, 7)),
    (TopicColumn::HotQueue, Column::text("HOT QUEUE", 14, 5)),
    (TopicColumn::LastWrite, Column::number("WRITTEN", 8, 8)),
    (TopicColumn::Permission, Column::text("PERM", 4, 9)),
];

/// The span of the small chart, in ms, and its points.
const TREND_MS: i64 = 60_000;
const TREND_POINTS: usize = 9;

/// A queue that gets this many times its even share is hot.
const HOT: f64 = 1.5;

impl TopicColumn {
    pub(super) fn title(self) -> &'static str {
        let found = COLUMNS.iter().find(|(column, _)| *column == self);
        found.map_or("", |(_, shape)| shape.title)
    }

    /// Whether it is only shown when all are.
    pub(super) fn is_wide_only(self) -> bool {
        matches!(self, Self::LastWrite | Self::Permission)
    }

    /// Whether the largest comes first.
    pub(super) fn is_descending(self) -> bool {
        !matches!(self, Self::Name | Self::Kind | Self::Permission)
    }

    /// Sorts places in the list of topics; those of which nothing is known come last either way.
    pub(super) fn sort(self, topics: &[TopicState], rows: &mut [usize], is_reversed: bool) {
        if self == Self::Name {
            // They are sorted by name as they come.
            if is_reversed {
                rows.reverse();
            }
            return;
        }
        let is_descending = self.is_descending() != is_reversed;
        let key = |row: &usize| topics.get(*row).and_then(|topic| self.key(topic));
        rows.sort_by(|a, b| match (key(a), key(b)) {
            (Some(a), Some(b)) if is_descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }

    fn key(self, topic: &TopicState) -> Option<f64> {
        match self {
            Self::Name => None,
            Self::Kind => Some(f64::from(kind_rank(topic.kind))),
            Self::Queues => Some(f64::from(queue_count(topic))),
            Self::Messages => topic.messages.map(series::as_value),
            Self::In | Self::Trend => topic.in_per_s,
            Self::Out => topic.out_per_s,
            Self::Groups => {
                let groups = topic.groups.as_ref()?.len();
                i64::try_from(groups).ok().map(series::as_value)
            }
            Self::WorstLag => {
                let (_, lag) = topic.groups.as_ref()?.first()?;
                Some(series::as_value(*lag))
            }
            // The oldest message has been kept for the longest time.
            Self::Retained => topic.oldest_ms.map(|at| -series::as_value(at)),
            Self::HotQueue => hottest(topic).map(|(_, share, _)| share),
            Self::LastWrite => topic.last_write_ms.map(series::as_value),
            Self::Permission => {
                let (_, _, _, permission) = topic.brokers.first()?;
                Some(f64::from(*permission))
            }
        }
    }

    /// What stands in the column for a topic.
    pub(super) fn cell(self, state: &State, topic: &TopicState) -> Cell {
        let rate = |value: Option<f64>| Cell::new(or_nothing(value, format::short));
        let age = |at: Option<i64>| {
            let age = at.map(|at| state.shown_ms() - at);
            Cell::new(or_nothing(age, format::span))
        };
        match self {
            Self::Name => Cell::new(topic.topic.clone()),
            Self::Kind => Cell::new(kind_word(topic.kind)).role(Role::Dim),
            Self::Queues => Cell::new(queues_shown(topic)),
            Self::Messages => Cell::new(or_nothing(topic.messages, format::grouped)),
            Self::In => rate(topic.in_per_s),
            Self::Trend => Cell::new(trend(state, &topic.topic)).role(Role::Accent),
            Self::Out => rate(topic.out_per_s),
            Self::Groups => Cell::new(or_nothing(topic.groups.as_ref(), |groups| {
                groups.len().to_string()
            })),
            Self::WorstLag => worst_lag(state, topic),
            Self::Retained => age(topic.oldest_ms),
            Self::HotQueue => hot_queue(topic),
            Self::LastWrite => age(topic.last_write_ms),
            Self::Permission => Cell::new(permission(topic)),
        }
    }
}

fn kind_rank(kind: TopicKind) -> u8 {
    match kind {
        TopicKind::Normal => 0,
        TopicKind::Fifo => 1,
        TopicKind::Delay => 2,
        TopicKind::Transaction => 3,
        TopicKind::Retry => 4,
        TopicKind::DeadLetter => 5,
        TopicKind::System => 6,
    }
}

fn kind_word(kind: TopicKind) -> &'static str {
    match kind {
        TopicKind::Normal => "normal",
        TopicKind::Fifo => "fifo",
        TopicKind::Delay => "delay",
        TopicKind::Transaction => "trans",
        TopicKind::Retry => "retry",
        TopicKind::DeadLetter => "dlq",
        TopicKind::System => "system",
    }
}

fn queue_count(topic: &TopicState) -> i32 {
    let counts = topic
        .brokers
        .iter()
        .map(|(_, read, write, _)| *read.max(write));
    counts.fold(0, i32::saturating_add)
}

/// `8×3` where all brokers have the same number, the sum where they have not.
fn queues_shown(topic: &TopicState) -> String {
    let Some((_, first_read, first_write, _)) = topic.brokers.first() else {
        return NOTHING.to_owned();
    };
    let each = *first_read.max(first_write);
    let mut others = topic.brokers.iter();
    if others.all(|(_, read, write, _)| *read.max(write) == each) {
        return format!("{each}×{}", topic.brokers.len());
    }
    queue_count(topic).to_string()
}

fn trend(state: &State, name: &str) -> String {
    let rates = series::sample(state, TREND_MS, TREND_POINTS, |snapshot: &Snapshot| {
        series::topic(snapshot, name)?.in_per_s
    });
    series::sparkline(&rates)
}

/// Who is furthest behind, by how much, and whether that grows.
fn worst_lag(state: &State, topic: &TopicState) -> Cell {
    let Some((group, lag)) = topic.groups.as_ref().and_then(|groups| groups.first()) else {
        return Cell::new(NOTHING).role(Role::Dim);
    };
    let before = state.timeline.at(state.timeline.shown_ms() - 30_000);
    let before = before
        .and_then(|snapshot| series::topic(snapshot, &topic.topic))
        .and_then(|topic| topic.groups.as_ref())
        .and_then(|groups| groups.iter().find(|(name, _)| name == group));
    let sign = match before {
        Some((_, before)) if lag > before => " ▲",
        Some((_, before)) if lag < before => " ▼",
        _ => "",
    };
    let role = if sign == " ▲" {
        Role::Warn
    } else {
        Role::Text
    };
    Cell::new(format!("{group} {}{sign}", format::short_count(*lag))).role(role)
}

/// The queue that is written to most: its name, its share of all, how many times its even share.
fn hottest(topic: &TopicState) -> Option<(String, f64, f64)> {
    let queues = topic.queues.as_ref()?;
    let rates: Vec<f64> = queues
        .iter()
        .map(|queue| queue.in_per_s.unwrap_or(0.0))
        .collect();
    let all: f64 = rates.iter().sum();
    if all <= 0.0 {
        return None;
    }
    let (queue, rate) = queues
        .iter()
        .zip(rates)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let share = rate / all;
    let count = i64::try_from(queues.len()).ok().map(series::as_value)?;
    let name = format!("{}/q{}", queue.queue.broker_name, queue.queue.queue_id);
    Some((name, share, share * count))
}

fn hot_queue(topic: &TopicState) -> Cell {
    match hottest(topic) {
        None => Cell::new(NOTHING).role(Role::Dim),
        Some((_, _, times)) if times < HOT => Cell::new("even"),
        Some((name, share, _)) => {
            Cell::new(format!("{name} {} !", format::percent(share))).role(Role::Warn)
        }
    }
}

/// RocketMQ's permission bits as `rw`; `mixed` where brokers differ.
fn permission(topic: &TopicState) -> String {
    let Some((_, _, _, first)) = topic.brokers.first() else {
        return NOTHING.to_owned();
    };
    if topic.brokers.iter().any(|(_, _, _, other)| other != first) {
        return "mix".to_owned();
    }
    let read = if first & 4 != 0 { "r" } else { "-" };
    let write = if first & 2 != 0 { "w" } else { "-" };
    format!("{read}{write}")
}
