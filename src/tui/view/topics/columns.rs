//! The columns of the topics: what they hold, how they sort.

use client::snapshot::{Snapshot, TopicKind, TopicState};

use crate::format::{self, NOTHING, or_nothing};
use crate::state::State;
use crate::theme::Role;
use crate::view::browser::{Field, Key};
use crate::view::series;
use crate::view::table::{Cell, Column};

/// All columns, in their order.
pub(super) const FIELDS: &[Field<TopicState>] = &[
    Field::text(
        Column::text("TOPIC", 18, 0),
        |topic| Some(Key::Text(topic.topic.as_str().into())),
        |_, topic| Cell::new(topic.topic.clone()),
    ),
    Field::text(
        Column::text("TYPE", 6, 6),
        |topic| Some(Key::Number(f64::from(kind_rank(topic.kind)))),
        |_, topic| Cell::new(kind_word(topic.kind)).role(Role::Dim),
    ),
    Field::number(
        Column::text("QUEUES", 6, 5),
        |topic| Some(Key::Number(f64::from(queue_count(topic)))),
        |_, topic| Cell::new(queues_shown(topic)),
    ),
    Field::number(
        Column::number("MSGS", 10, 3),
        |topic| topic.messages.map(count),
        |_, topic| Cell::new(or_nothing(topic.messages, format::grouped)),
    ),
    Field::number(
        Column::number("IN/s", 5, 0),
        |topic| topic.in_per_s.map(Key::Number),
        |_, topic| Cell::new(or_nothing(topic.in_per_s, format::short)),
    ),
    Field::number(
        Column::text("TREND 60s", 9, 2),
        |topic| topic.in_per_s.map(Key::Number),
        |state, topic| Cell::new(trend(state, &topic.topic)).role(Role::Accent),
    ),
    Field::number(
        Column::number("OUT/s", 5, 2),
        |topic| topic.out_per_s.map(Key::Number),
        |_, topic| Cell::new(or_nothing(topic.out_per_s, format::short)),
    ),
    Field::number(
        Column::number("GROUPS", 6, 4),
        |topic| {
            let groups = topic.groups.as_ref()?.len();
            i64::try_from(groups).ok().map(count)
        },
        |_, topic| {
            Cell::new(or_nothing(topic.groups.as_ref(), |groups| {
                groups.len().to_string()
            }))
        },
    ),
    Field::number(
        Column::text("WORST LAG", 18, 1),
        |topic| topic.groups.as_ref()?.first().map(|(_, lag)| count(*lag)),
        worst_lag,
    ),
    Field::number(
        Column::number("RETAINED", 8, 7),
        // The oldest message has been kept for the longest time.
        |topic| topic.oldest_ms.map(|at| count(-at)),
        |state, topic| age(state, topic.oldest_ms),
    ),
    Field::number(
        Column::text("HOT QUEUE", 14, 5),
        |topic| hottest(topic).map(|(_, share, _)| Key::Number(share)),
        |_, topic| hot_queue(topic),
    ),
    Field::<TopicState>::number(
        Column::number("WRITTEN", 8, 8),
        |topic| topic.last_write_ms.map(count),
        |state, topic| age(state, topic.last_write_ms),
    )
    .wide(),
    Field::<TopicState>::text(
        Column::text("PERM", 4, 9),
        |topic| {
            let (_, _, _, permission) = topic.brokers.first()?;
            Some(Key::Number(f64::from(*permission)))
        },
        |_, topic| Cell::new(permission(topic)),
    )
    .wide(),
];

/// The span of the small chart, in ms, and its points.
const TREND_MS: i64 = 60_000;
const TREND_POINTS: usize = 9;

/// A queue that gets this many times its even share is hot.
const HOT: f64 = 1.5;

fn count(count: i64) -> Key<'static> {
    Key::Number(series::as_value(count))
}

fn age(state: &State, at_ms: Option<i64>) -> Cell {
    let age = at_ms.map(|at| state.shown_ms() - at);
    Cell::new(or_nothing(age, format::span))
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
