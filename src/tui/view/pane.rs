//! Boxes with titles, and what stands in them while there is nothing to show.

use client::snapshot::Section;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

use crate::format;
use crate::state::{Link, State};
use crate::text;
use crate::theme::Role;

/// Draws a box with a title and gives the room inside. The chosen pane's title stands out.
pub(crate) fn boxed(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    is_chosen: bool,
) -> Rect {
    let style = if is_chosen {
        state.theme.style(Role::Accent)
    } else {
        state.theme.heading()
    };
    let title = text::truncate(
        &text::escape_controls(title),
        usize::from(area.width).saturating_sub(4),
    )
    .into_owned();
    let block = Block::bordered()
        .border_style(state.theme.style(Role::Dim))
        .title(Span::styled(format!(" {title} "), style));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// A title with what has to be said about the data: that it is old, or not all of it.
pub(crate) fn title_of<T>(state: &State, title: &str, section: &Section<T>) -> String {
    if section.value.is_none() {
        return title.to_owned();
    }
    if is_stale(state, section) {
        let age = format::span(state.shown_ms() - section.taken_ms);
        return format!("{title} · {age} old");
    }
    if let [first, ..] = section.faults.as_slice() {
        let missing = section.faults.len();
        let servers = match missing {
            1 => first.server.clone(),
            _ => format!("{missing} servers"),
        };
        return format!("{title} · without {servers}");
    }
    title.to_owned()
}

/// Whether what a section holds is not what is there now.
pub(crate) fn is_stale<T>(state: &State, section: &Section<T>) -> bool {
    section.is_stale || (matches!(state.link, Link::Lost { .. }) && !state.timeline.is_frozen())
}

/// The style of values: grey when they are old.
pub(crate) fn value_style<T>(state: &State, section: &Section<T>) -> Style {
    if is_stale(state, section) {
        return state.theme.style(Role::Dim);
    }
    Style::new()
}

/// Says why a section has nothing to show; false if it has.
pub(crate) fn explain_missing<T>(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    section: &Section<T>,
    what: &str,
) -> bool {
    if section.value.is_some() {
        return false;
    }
    let (role, text) = match (section.faults.as_slice(), &state.link) {
        ([first, ..], _) => (
            Role::Bad,
            format!("cannot read {what}: {}: {}", first.server, first.reason),
        ),
        ([], Link::Lost { reason, .. }) => (Role::Bad, format!("cannot read {what}: {reason}")),
        ([], _) => (Role::Dim, format!("reading {what} …")),
    };
    say(state, frame, area, role, &text);
    true
}

/// A sentence where a table or chart would be.
pub(crate) fn say(state: &State, frame: &mut Frame<'_>, area: Rect, role: Role, words: &str) {
    let line = Line::styled(
        text::escape_controls(words).into_owned(),
        state.theme.style(role),
    );
    frame.render_widget(Paragraph::new(line).wrap(Wrap { trim: true }), area);
}

/// A rectangle of at most this size in the middle of another.
pub(crate) fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}
