//! The columns of the groups: what they hold, how they sort.

use client::snapshot::{GroupHealth, GroupState, Snapshot};
use protocol::body::MessageModel;

use crate::format::{self, or_nothing};
use crate::state::State;
use crate::theme::Role;
use crate::view::browser::{Field, Key};
use crate::view::table::{Cell, Column};
use crate::view::{cluster, series};

/// All columns, in their order.
pub(super) const FIELDS: &[Field<GroupState>] = &[
    Field::text(
        Column::text("GROUP", 16, 0),
        |group| Some(Key::Text(group.group.as_str().into())),
        |_, group| Cell::new(group.group.clone()),
    ),
    Field::text(
        Column::text("MODE", 9, 5),
        |group| group.kind.map(|kind| Key::Text(kind.into())),
        |_, group| Cell::new(mode(group)).role(Role::Dim),
    ),
    Field::number(
        Column::number("CLIENTS", 7, 2),
        |group| group.members.map(length),
        |_, group| Cell::new(or_nothing(group.members, |count| count.to_string())),
    ),
    Field::number(
        Column::number("TOPICS", 6, 6),
        |group| Some(length(group.topics.len())),
        |_, group| Cell::new(group.topics.len().to_string()),
    ),
    Field::number(
        Column::number("LAG", 9, 0),
        |group| group.lag.map(count),
        |_, group| Cell::new(or_nothing(group.lag, format::grouped)),
    ),
    Field::number(
        Column::text("TREND 10m", 10, 3),
        |group| group.lag_growth_per_s.map(Key::Number),
        trend,
    ),
    Field::number(
        Column::number("DRAIN ETA", 9, 4),
        |group| drain_ms(group).map(count),
        |_, group| drain(group),
    ),
    Field::number(
        Column::number("OUT/s", 5, 1),
        |group| group.out_per_s.map(Key::Number),
        |_, group| Cell::new(or_nothing(group.out_per_s, format::short)),
    ),
    Field::number(
        Column::number("RETRY", 5, 3),
        |group| group.retry.map(count),
        |_, group| waiting(group.retry),
    ),
    Field::number(
        Column::number("DLQ", 5, 3),
        |group| group.dead_letters.map(count),
        |_, group| waiting(group.dead_letters),
    ),
    Field::text(
        Column::text("STATE", 14, 1),
        |group| Some(Key::Number(f64::from(rank(group.health)))),
        |_, group| {
            let (role, words) = cluster::condition(group);
            Cell::new(words).role(role)
        },
    ),
    Field::<GroupState>::number(
        Column::number("GROWTH/s", 8, 8),
        |group| group.lag_growth_per_s.map(Key::Number),
        |_, group| Cell::new(or_nothing(group.lag_growth_per_s, format::short)),
    )
    .wide(),
];

/// The span of the small charts, in ms, and their points.
const TREND_MS: i64 = 600_000;
const TREND_POINTS: usize = 10;

/// Slower changes of the lag, in messages a second, are none.
const STEADY: f64 = 0.5;

fn count(count: i64) -> Key<'static> {
    Key::Number(series::as_value(count))
}

fn length(length: usize) -> Key<'static> {
    count(i64::try_from(length).unwrap_or(i64::MAX))
}

fn mode(group: &GroupState) -> &'static str {
    match (group.model, group.kind) {
        (Some(MessageModel::Broadcasting), _) => "broadcast",
        (_, Some(kind)) => kind,
        (_, None) => format::NOTHING,
    }
}

fn trend(state: &State, group: &GroupState) -> Cell {
    let lags = series::sample(state, TREND_MS, TREND_POINTS, |snapshot: &Snapshot| {
        let lag = series::group(snapshot, &group.group)?.lag?;
        Some(series::as_value(lag))
    });
    let (role, _) = cluster::condition(group);
    Cell::new(series::sparkline(&lags)).role(role)
}

/// When nothing waits any more, if it goes on like this, in ms.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an estimate, saturated where it is too large"
)]
fn drain_ms(group: &GroupState) -> Option<i64> {
    let lag = group.lag?;
    if lag == 0 {
        return Some(0);
    }
    let shrinks = -group.lag_growth_per_s?;
    (shrinks >= STEADY).then(|| (series::as_value(lag) / shrinks * 1_000.0) as i64)
}

fn drain(group: &GroupState) -> Cell {
    match (drain_ms(group), group.health, group.lag_growth_per_s) {
        (Some(0), ..) => Cell::new("done").role(Role::Dim),
        (Some(ms), ..) => Cell::new(format::span(ms)),
        (None, GroupHealth::Offline, _) => Cell::new("never").role(Role::Bad),
        (None, _, Some(growth)) if growth >= STEADY => Cell::new("growing").role(Role::Warn),
        (None, _, Some(_)) if group.lag.is_some() => Cell::new("steady"),
        (None, ..) => Cell::new(format::NOTHING),
    }
}

/// A number of messages that would better be 0.
fn waiting(messages: Option<i64>) -> Cell {
    let role = match messages {
        Some(0) | None => Role::Dim,
        Some(_) => Role::Warn,
    };
    Cell::new(or_nothing(messages, format::short_count)).role(role)
}

/// The worst first.
const fn rank(health: GroupHealth) -> u8 {
    match health {
        GroupHealth::Offline => 0,
        GroupHealth::Lagging => 1,
        GroupHealth::Ok => 2,
        GroupHealth::Idle => 3,
        GroupHealth::Unknown => 4,
    }
}
