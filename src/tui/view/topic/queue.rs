//! The panel of the chosen queue: offsets, lag, owner, history.

use client::snapshot::{AllocatedQueue, Allocation, OwnedBy, Snapshot};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::heat::Scale;
use crate::format::{self, NOTHING, or_nothing};
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::series;

/// The span of the lag's small chart, in ms, and its points.
const HISTORY_MS: i64 = 600_000;
const HISTORY_POINTS: usize = 20;

/// Moves of the queue that are told.
const MOVES_TOLD: usize = 4;

/// A queue as people write it: `b-1/q3`.
pub(super) fn name_of(queue: &AllocatedQueue) -> String {
    format!("{}/q{}", queue.queue.broker_name, queue.queue.queue_id)
}

/// Draws what is known of a queue, in up to three lines.
pub(super) fn draw(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    (allocation, queue): (&Allocation, &AllocatedQueue),
    scale: &Scale,
) {
    let lines = [
        offsets(state, queue, scale),
        history(state, allocation, queue),
        rates(queue),
    ];
    for (row, pairs) in area.rows().zip(lines) {
        let mut spans = Vec::new();
        for (name, value) in pairs {
            spans.push(Span::styled(
                format!("{name} "),
                state.theme.style(Role::Dim),
            ));
            spans.push(Span::raw(format!("{}   ", text::escape_controls(&value))));
        }
        frame.render_widget(Line::from(spans), row);
    }
}

type Pairs = Vec<(&'static str, String)>;

fn offsets(state: &State, queue: &AllocatedQueue, scale: &Scale) -> Pairs {
    let lag = match (queue.lag(), scale.age_ms(queue)) {
        (Some(lag), Some(age)) if lag > 0 => {
            let behind = if age < 1_000 {
                "less than 1s".to_owned()
            } else {
                format!("about {}", format::span(age))
            };
            format!("{} ({behind} behind)", format::grouped(lag))
        }
        (lag, _) => or_nothing(lag, format::grouped),
    };
    let owner = match &queue.owner {
        OwnedBy::Said(id) => id.clone(),
        OwnedBy::Computed(id) => format!("{id} (computed)"),
        OwnedBy::Nobody => "nobody".to_owned(),
    };
    let last = queue.last_write_ms.map(|at| state.shown_ms() - at);
    vec![
        ("min", or_nothing(queue.min_offset, format::grouped)),
        (
            "committed",
            or_nothing(queue.consumer_offset, format::grouped),
        ),
        ("max", or_nothing(queue.max_offset, format::grouped)),
        ("lag", lag),
        ("owner", owner),
        (
            "last written",
            or_nothing(last, |age| format!("{} ago", format::span(age))),
        ),
    ]
}

fn history(state: &State, allocation: &Allocation, queue: &AllocatedQueue) -> Pairs {
    let lags = series::sample(state, HISTORY_MS, HISTORY_POINTS, |snapshot: &Snapshot| {
        let then = snapshot.allocation.get()?;
        if then.group != allocation.group || then.topic != allocation.topic {
            return None;
        }
        let then = then
            .queues
            .iter()
            .find(|known| known.queue == queue.queue)?;
        then.lag().map(series::as_value)
    });
    let moves = state
        .topic
        .moves
        .of_queue(&allocation.group, &queue.queue, state.shown_ms());
    let moves: Vec<String> = moves
        .take(MOVES_TOLD)
        .map(|one| {
            let name = |id: &Option<String>| id.clone().unwrap_or_else(|| "nobody".to_owned());
            let at = format::time_of_day(one.at_ms, &state.zone);
            format!("{} → {} at {at}", name(&one.from), name(&one.to))
        })
        .collect();
    let moves = if moves.is_empty() {
        "not since we look".to_owned()
    } else {
        moves.join(", ")
    };
    vec![("lag 10m", series::sparkline(&lags)), ("moved", moves)]
}

fn rates(queue: &AllocatedQueue) -> Pairs {
    let rate = |value: Option<f64>| match value {
        Some(value) => format!("{}/s", format::short(value)),
        None => NOTHING.to_owned(),
    };
    vec![
        ("written", rate(queue.in_per_s)),
        ("consumed", rate(queue.out_per_s)),
    ]
}
