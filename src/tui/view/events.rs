//! What has happened since the dashboard was opened: who came and went, what changed hands.
//!
//! Servers keep no history. What is here was seen between two readings, whichever view was open; a view
//! reads only what it shows, so a change that no view could see is not here.

use std::borrow::Cow;

use client::snapshot::events::{Event, EventKind};
use client::snapshot::{Section, Wants};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::browser::{self, Browser, Catalog, Field, Key};
use super::table::{Cell, Column};
use super::{View, ViewId, frame, pane, series};
use crate::effect::Effect;
use crate::format;
use crate::keymap::{Binding, Command};
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::update;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Events,
    title: "Events",
    tab: Some('6'),
    tab_of: ViewId::Events,
    keys: KEYS,
    draw,
    run,
    wants,
    as_command: |_| "events --follow".to_owned(),
    refresh: browser::refresh::<Events>,
    on_data: |_, _| {},
};

const KEYS: &[Binding] = &[browser::FILTER, browser::SORT, browser::COLUMNS];

/// What the view remembers.
#[derive(Debug)]
pub struct EventsView {
    /// The list.
    pub browser: Browser,
}

impl Default for EventsView {
    fn default() -> Self {
        Self {
            browser: Browser::last_first(),
        }
    }
}

/// The list of events.
struct Events;

impl Catalog for Events {
    type Item = Event;
    const WHAT: &'static str = "events";
    const FIELDS: &'static [Field<Event>] = FIELDS;

    fn browser(state: &State) -> &Browser {
        &state.events_view.browser
    }

    fn browser_mut(state: &mut State) -> &mut Browser {
        &mut state.events_view.browser
    }

    fn items(state: &State) -> &[Event] {
        &state.events
    }

    fn id(event: &Event) -> Cow<'_, str> {
        format!("{} {} {}", event.at_ms, event.kind.name(), event.subject).into()
    }

    fn searched(event: &Event) -> Cow<'_, str> {
        format!("{} {} {}", event.kind.name(), event.subject, event.text).into()
    }

    /// What lies in the future of the moment that is shown.
    fn is_left_out(state: &State, event: &Event) -> bool {
        event.at_ms > state.shown_ms()
    }
}

const FIELDS: &[Field<Event>] = &[
    Field::text(
        Column::text("TIME", 8, 0),
        |event| Some(Key::Number(series::as_value(event.at_ms))),
        |state, event| Cell::new(format::time_of_day(event.at_ms, &state.zone)).role(Role::Dim),
    ),
    Field::text(
        Column::text("KIND", 18, 1),
        |event| Some(Key::Text(event.kind.name().into())),
        |_, event| Cell::new(event.kind.name()).role(role(event.kind)),
    ),
    Field::text(
        Column::text("SUBJECT", 18, 2),
        |event| Some(Key::Text(event.subject.as_str().into())),
        |_, event| Cell::new(event.subject.clone()),
    ),
    Field::text(
        Column::text("WHAT", 20, 0).filling(),
        |event| Some(Key::Text(event.text.as_str().into())),
        |_, event| Cell::new(event.text.clone()).role(role(event.kind)),
    ),
];

fn role(kind: EventKind) -> Role {
    if kind.is_bad() {
        return Role::Bad;
    }
    match kind {
        EventKind::Rebalanced | EventKind::OffsetsReset | EventKind::RouteChanged => Role::Warn,
        EventKind::BrokerBack | EventKind::NamesrvBack | EventKind::LagDrained => Role::Ok,
        _ => Role::Text,
    }
}

fn wants(_state: &State, wants: &mut Wants) {
    wants.topics = true;
    wants.groups = true;
    wants.clients = true;
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => open(state),
        command => return browser::run::<Events>(state, command),
    }
    Some(Vec::new())
}

/// To what the event happened to.
fn open(state: &mut State) {
    let Some(event) = browser::chosen::<Events>(state) else {
        return;
    };
    let subject = event.subject.clone();
    match event.kind {
        EventKind::TopicCreated | EventKind::QueuesChanged | EventKind::RouteChanged => {
            super::topic::open(state, &subject, None);
        }
        EventKind::GroupAppeared
        | EventKind::MemberJoined
        | EventKind::MemberLeft
        | EventKind::Rebalanced
        | EventKind::LagGrowing
        | EventKind::LagDrained
        | EventKind::OffsetsReset => super::groups::open_matrix(state, &subject),
        EventKind::TopicDeleted | EventKind::GroupGone => {
            state.say(format!("{subject} is not there any more"));
        }
        _ => update::show(state, ViewId::Cluster),
    }
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    // Events are always there: what was read of the cluster says how old the screen is.
    let section = &state.shown().cluster;
    let title = browser::title::<Events, _>(state, "Events", section);
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title, true)
    };
    let read = Section::read((), section.taken_ms, Vec::new());
    let nothing = "nothing has happened since the dashboard was opened";
    browser::draw::<Events, _>(state, frame, inner, &read, nothing);
}

/// The last events, in a pane of another view.
pub(crate) fn recent(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inner = pane::boxed(state, frame, area, "Recent events", false);
    let shown_ms = state.shown_ms();
    let events = state.events.iter().rev();
    let mut events = events.filter(|event| event.at_ms <= shown_ms).peekable();
    if events.peek().is_none() {
        pane::say(state, frame, inner, Role::Dim, "nothing so far");
        return;
    }
    for (row, event) in inner.rows().zip(events) {
        let room = usize::from(row.width).saturating_sub(9);
        let words = text::escape_controls(&event.text);
        let line = Line::from(vec![
            Span::styled(
                format!("{} ", format::time_of_day(event.at_ms, &state.zone)),
                state.theme.style(Role::Dim),
            ),
            Span::styled(text::fit(&words, room), state.theme.style(role(event.kind))),
        ]);
        frame.render_widget(line, row);
    }
}

#[cfg(test)]
mod tests;
