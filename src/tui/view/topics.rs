//! Which topics are there, what flows through them, who is behind.

mod columns;
mod filter;

use client::snapshot::{TopicKind, TopicState, Wants};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::list::List;
use super::table::{self, Rows};
use super::{View, ViewId, frame, pane, quoted};
use crate::effect::Effect;
use crate::keymap::{Binding, Command};
use crate::overlay::choose::Choose;
use crate::overlay::prompt::Prompt;
use crate::state::State;
use crate::theme::Role;
use columns::{COLUMNS, TopicColumn};
pub use filter::Filter;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Topics,
    title: "Topics",
    tab: Some('2'),
    tab_of: ViewId::Topics,
    keys: KEYS,
    draw,
    run,
    wants,
    as_command,
    refresh,
    on_data: |_, _| {},
};

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Filter,
        "filter",
        &["/"],
        "filter: a regular expression, !without, ~fuzzy",
    )
    .footer("filter"),
    Binding::new(
        Command::Sort,
        "sort",
        &["S"],
        "sort by a column; the same again reverses",
    )
    .footer("sort"),
    Binding::new(Command::Wide, "wide", &["w"], "all columns, and back").footer("wide"),
    Binding::new(Command::Columns, "columns", &["C"], "choose the columns"),
    Binding::new(
        Command::Internal,
        "internal",
        &["i"],
        "RocketMQ's own topics too, and back",
    )
    .footer("internal"),
];

/// What the view remembers.
#[derive(Debug, Default)]
pub struct TopicsView {
    /// Where one is among the rows.
    pub list: List,
    /// Which topics are shown.
    pub filter: Filter,
    /// Whether RocketMQ's own are.
    pub has_internal: bool,
    /// The column that is sorted by, and whether the other way round.
    sort: (TopicColumn, bool),
    /// Whether all columns are shown.
    is_wide: bool,
    /// Columns that are not shown.
    hidden: Vec<TopicColumn>,
    /// The topics that are shown, as places in the snapshot.
    rows: Vec<usize>,
    /// The chosen topic, which stays chosen when it moves.
    chosen: Option<String>,
}

impl TopicsView {
    /// How many topics are shown.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }
}

/// Whether a topic is RocketMQ's own. A dead letter queue with messages is somebody's concern.
fn is_internal(topic: &TopicState) -> bool {
    match topic.kind {
        TopicKind::System | TopicKind::Retry => true,
        TopicKind::DeadLetter => topic.messages == Some(0),
        TopicKind::Normal | TopicKind::Fifo | TopicKind::Delay | TopicKind::Transaction => false,
    }
}

fn topics(state: &State) -> &[TopicState] {
    state.shown().topics.get().map_or(&[], Vec::as_slice)
}

/// The topic of a row.
fn at_row(state: &State, row: usize) -> Option<&TopicState> {
    topics(state).get(*state.topics.rows.get(row)?)
}

fn height(state: &State) -> usize {
    let around = if frame::is_basic(state) { 0 } else { 2 };
    table::rows_in(frame::body_height(state).saturating_sub(around))
}

fn wants(state: &State, wants: &mut Wants) {
    wants.topics = true;
    let view = &state.topics;
    let top = view.list.first_shown(view.rows.len(), height(state));
    let visible = (top..view.rows.len()).take(height(state));
    wants.visible_topics = visible
        .filter_map(|row| at_row(state, row))
        .map(|topic| topic.topic.clone())
        .collect();
    wants.visible_topics.sort_unstable();
}

/// Filters and sorts; the chosen topic stays chosen.
fn refresh(state: &mut State) {
    let all = topics(state);
    let view = &state.topics;
    let is_shown = |topic: &TopicState| {
        (view.has_internal || !is_internal(topic)) && view.filter.matches(&topic.topic)
    };
    let mut rows: Vec<usize> = (0..all.len())
        .filter(|at| all.get(*at).is_some_and(is_shown))
        .collect();
    let (column, is_reversed) = view.sort;
    column.sort(all, &mut rows, is_reversed);
    let name = |row: &usize| all.get(*row).map(|topic| topic.topic.as_str());
    let kept = view.chosen.as_deref();
    let at = kept.and_then(|kept| rows.iter().position(|row| name(row) == Some(kept)));
    state.topics.rows = rows;
    if let Some(at) = at {
        state.topics.list.at = at;
    }
    let (len, height) = (state.topics.rows.len(), height(state));
    state.topics.list.clamp(len, height);
    remember(state);
}

/// Notes which topic is chosen.
fn remember(state: &mut State) {
    let chosen = at_row(state, state.topics.list.at).map(|topic| topic.topic.clone());
    if chosen.is_some() {
        state.topics.chosen = chosen;
    }
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => {
            let topic = at_row(state, state.topics.list.at).map(|topic| topic.topic.clone());
            if let Some(topic) = topic {
                super::topic::open(state, &topic, None);
            }
        }
        Command::Filter => state.overlay = Some(Box::new(filter_prompt(state))),
        // Out of the past and of the large pane first, as everywhere.
        Command::Back if state.topics.filter.is_some() && !state.is_expanded => {
            set_filter(state, "");
        }
        Command::Sort => state.overlay = Some(Box::new(sort_choice(state))),
        Command::Columns => state.overlay = Some(Box::new(column_choice(state))),
        Command::Wide => state.topics.is_wide = !state.topics.is_wide,
        Command::Internal => {
            state.topics.has_internal = !state.topics.has_internal;
            refresh(state);
        }
        command => {
            let (len, height) = (state.topics.rows.len(), height(state));
            if !state.topics.list.step(command, len, height) {
                return None;
            }
            remember(state);
        }
    }
    Some(Vec::new())
}

fn filter_prompt(state: &State) -> Prompt {
    Prompt::new(
        "/",
        "a regular expression; !without, ~fuzzy",
        state.topics.filter.text(),
        set_filter,
        |_, _| Vec::new(),
    )
}

fn set_filter(state: &mut State, text: &str) {
    state.topics.filter = Filter::new(text);
    refresh(state);
}

fn sort_choice(state: &State) -> Choose {
    let (sorted, _) = state.topics.sort;
    let items = COLUMNS
        .iter()
        .map(|(column, shape)| (shape.title.to_owned(), *column == sorted))
        .collect();
    Choose::one("Sort by", items, |state, at| {
        let Some((column, _)) = COLUMNS.get(at) else {
            return;
        };
        let (before, is_reversed) = state.topics.sort;
        state.topics.sort = (*column, *column == before && !is_reversed);
        refresh(state);
    })
}

fn column_choice(state: &State) -> Choose {
    let shown = |column: &TopicColumn| !state.topics.hidden.contains(column);
    let items = COLUMNS
        .iter()
        .skip(1)
        .map(|(column, shape)| (shape.title.to_owned(), shown(column)))
        .collect();
    Choose::many("Columns", items, |state, at| {
        let Some((column, _)) = COLUMNS.get(at + 1) else {
            return;
        };
        let hidden = &mut state.topics.hidden;
        match hidden.iter().position(|known| known == column) {
            Some(place) => drop(hidden.remove(place)),
            None => hidden.push(*column),
        }
    })
}

fn as_command(state: &State) -> String {
    match at_row(state, state.topics.list.at) {
        Some(topic) => format!("topic describe {}", quoted(&topic.topic)),
        None => "topic list".to_owned(),
    }
}

fn title(state: &State) -> String {
    let section = &state.shown().topics;
    let all = topics(state).len();
    let rows = state.topics.rows.len();
    let mut title = match section.value {
        None => "Topics".to_owned(),
        Some(_) if rows == all => format!("Topics ({all})"),
        Some(_) => format!("Topics ({rows} of {all})"),
    };
    title = pane::title_of(state, &title, section);
    if state.topics.filter.is_some() {
        title.push_str(&format!(" · /{}", state.topics.filter.text()));
    }
    if let Some(error) = state.topics.filter.error() {
        title.push_str(&format!(" ! {error}"));
    }
    let (column, is_reversed) = state.topics.sort;
    let arrow = if column.is_descending() == is_reversed {
        "▲"
    } else {
        "▼"
    };
    title.push_str(&format!(" · by {} {arrow}", column.title()));
    title
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().topics;
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title(state), true)
    };
    if pane::explain_missing(state, frame, inner, section, "the topics") {
        return;
    }
    let view = &state.topics;
    if view.rows.is_empty() {
        let words = match (topics(state).is_empty(), view.filter.is_some()) {
            (true, _) => "no topics yet",
            (false, true) => "no topic matches; esc drops the filter",
            (false, false) => "only RocketMQ's own topics; i shows them",
        };
        pane::say(state, frame, inner, Role::Dim, words);
        return;
    }
    let shown: Vec<_> = COLUMNS
        .iter()
        .filter(|(column, _)| !view.hidden.contains(column))
        .filter(|(column, _)| view.is_wide || !column.is_wide_only())
        .collect();
    let shapes: Vec<_> = shown.iter().map(|(_, shape)| *shape).collect();
    let base = pane::value_style(state, section);
    let row = |at: usize| match at_row(state, at) {
        Some(topic) => shown
            .iter()
            .map(|(column, _)| column.cell(state, topic))
            .collect(),
        None => Vec::new(),
    };
    let rows = Rows {
        list: &view.list,
        len: view.rows.len(),
        is_chosen: true,
    };
    table::draw(state, frame, inner, &shapes, rows, base, row);
}
