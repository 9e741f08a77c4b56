//! Everything about the chosen message.

use client::admin::TrackState;
use protocol::message::{MessageExt, property};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Known, areas_of, body};
use crate::format;
use crate::source::messages::Mark;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::{frame, pane};

/// The width of the names on the left.
const NAME_WIDTH: usize = 7;

/// How many lines are on the screen.
pub(super) fn height(state: &State) -> usize {
    let around = if frame::is_basic(state) { 0 } else { 2 };
    usize::from(areas_of(state).inspector.height.saturating_sub(around))
}

/// How wide they are.
pub(super) fn width(state: &State) -> usize {
    let around = if frame::is_basic(state) { 0 } else { 2 };
    usize::from(areas_of(state).inspector.width.saturating_sub(around))
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let view = &state.messages;
    let title = match view.chosen() {
        Some(message) => format!(
            "{}/q{} @{}",
            message.broker_name,
            message.queue_id,
            format::grouped(message.queue_offset)
        ),
        None => "message".to_owned(),
    };
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title, view.is_inspecting)
    };
    if view.chosen().is_none() {
        pane::say(state, frame, inner, Role::Dim, "no message is chosen");
        return;
    }
    let lines = lines(state, usize::from(inner.width));
    let last = lines.len().saturating_sub(usize::from(inner.height));
    let shown = lines.into_iter().skip(view.scroll.min(last));
    for (row, line) in inner.rows().zip(shown) {
        frame.render_widget(line, row);
    }
}

/// What is known of the chosen message, cut to so many columns.
pub(super) fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let view = &state.messages;
    let Some(message) = view.chosen() else {
        return Vec::new();
    };
    let dim = state.theme.style(Role::Dim);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (name, value) in facts(state, message) {
        let room = width.saturating_sub(NAME_WIDTH + 1);
        for (at, part) in wrapped(&text::escape_controls(&value), room)
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { name } else { "" };
            lines.push(Line::from(vec![
                Span::styled(text::fit(name, NAME_WIDTH + 1), dim),
                Span::raw(part),
            ]));
        }
    }
    lines.push(rule(state, "read by", width));
    lines.extend(marks(state, view.marks_of(message)));
    lines.push(rule(state, &format!("body · {}", view.form.name()), width));
    let body = body::lines(&message.body, view.form);
    let body = body.iter().flat_map(|line| wrapped(line, width));
    lines.extend(body.map(Line::from));
    lines
}

/// A text in lines of at most so many columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if text::width_of(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let columns = text::width_of(c.encode_utf8(&mut [0; 4]));
        if used + columns > width {
            lines.push(String::new());
            used = 0;
        }
        used += columns;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}

fn rule(state: &State, name: &str, width: usize) -> Line<'static> {
    let rest = width.min(200).saturating_sub(text::width_of(name) + 3);
    let line = format!("─ {name} {}", "─".repeat(rest));
    Line::styled(line, state.theme.style(Role::Dim))
}

fn facts(state: &State, message: &MessageExt) -> Vec<(&'static str, String)> {
    let time = |ms: i64| format::time_of_day_ms(ms, &state.zone);
    let delay = message.store_timestamp - message.born_timestamp;
    let mut facts = vec![("id", message.msg_id().into_owned())];
    let keys = message.keys().join(" ");
    if !keys.is_empty() {
        facts.push(("key", keys));
    }
    if let Some(tags) = message.tags() {
        facts.push(("tag", tags.to_owned()));
    }
    facts.push(("born", time(message.born_timestamp)));
    let stored = time(message.store_timestamp);
    facts.push(("stored", format!("{stored} ({delay:+}ms)")));
    let hosts = format!("{} → {}", message.born_host, message.store_host);
    facts.push(("from", hosts));
    let log = format::grouped(message.physical_offset);
    let size = message.body.len();
    facts.push(("size", format!("{size} bytes, log at {log}")));
    if message.reconsume_times > 0 {
        facts.push(("retried", message.reconsume_times.to_string()));
    }
    let shown_apart = [property::KEYS, property::TAGS, property::UNIQUE_KEY];
    let mut name = "props";
    for (key, value) in message.properties.iter() {
        if !shown_apart.contains(&key) {
            facts.push((name, format!("{key}={value}")));
            name = "";
        }
    }
    facts
}

fn marks(state: &State, known: Option<&Known>) -> Vec<Line<'static>> {
    let say = |role: Role, words: &str| {
        let words = text::escape_controls(words).into_owned();
        vec![Line::styled(words, state.theme.style(role))]
    };
    match known.map(|known| &known.marks) {
        None => say(Role::Dim, "…"),
        Some(Err(reason)) => say(Role::Bad, reason),
        Some(Ok(marks)) if marks.is_empty() => say(Role::Dim, "no group consumes this topic"),
        Some(Ok(marks)) => {
            let line = |mark: &Mark| {
                let (role, words) = made_of(mark);
                let group = text::escape_controls(&mark.group).into_owned();
                Line::from(vec![
                    Span::raw(format!("{group} ")),
                    Span::styled(words, state.theme.style(role)),
                ])
            };
            marks.iter().map(line).collect()
        }
    }
}

/// What a group has made of it, with a mark in front.
fn made_of(mark: &Mark) -> (Role, String) {
    let behind = |behind: i64| format!("{} behind", format::grouped(behind));
    match (mark.state, mark.behind) {
        (TrackState::Consumed, _) => (Role::Ok, "✓".to_owned()),
        (TrackState::ConsumedButFiltered, _) => (Role::Dim, "· not subscribed to it".to_owned()),
        (TrackState::NotOnline, Some(0)) => (Role::Ok, "✓ (nobody connected)".to_owned()),
        (TrackState::NotOnline, Some(n)) => {
            (Role::Warn, format!("✗ {} (nobody connected)", behind(n)))
        }
        (TrackState::NotConsumedYet, Some(n)) => (Role::Warn, format!("✗ {}", behind(n))),
        (TrackState::NotConsumedYet, None) => (Role::Warn, "✗ not yet".to_owned()),
        (TrackState::NotOnline, None) => (Role::Dim, "· nobody connected".to_owned()),
        (TrackState::Pull, Some(0)) => (Role::Ok, "✓ (pulls)".to_owned()),
        (TrackState::Pull, _) => (Role::Dim, "· pulls, keeps its own progress".to_owned()),
        (TrackState::Broadcasting, _) => (
            Role::Dim,
            "· every member keeps its own progress".to_owned(),
        ),
        (TrackState::Unknown, _) => (Role::Dim, "· not known".to_owned()),
    }
}

/// The same of all groups, in one line.
pub(super) fn marks_in_line(known: Option<&Known>) -> String {
    match known.map(|known| &known.marks) {
        None => "…".to_owned(),
        Some(Err(reason)) => reason.clone(),
        Some(Ok(marks)) if marks.is_empty() => "no group".to_owned(),
        Some(Ok(marks)) => {
            let words: Vec<String> = marks
                .iter()
                .map(|mark| format!("{} {}", mark.group, made_of(mark).1))
                .collect();
            words.join("  ")
        }
    }
}
