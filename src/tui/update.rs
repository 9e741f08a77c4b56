//! From what happens to the next state. Pure: what is to be done in the world is returned.

use client::snapshot::{Fault, Snapshot, Wants, events};

use crate::action::Action;
use crate::effect::Effect;
use crate::key::Key;
use crate::keymap::{Command, Lookup};
use crate::local::Report;
use crate::overlay::command_line::CommandLine;
use crate::overlay::errors::Errors;
use crate::overlay::help::Help;
use crate::state::{CHART_SPAN_MS, Link, State};
use crate::view::{self, VIEWS, ViewId};

/// The spans of charts, in ms, shortest first.
const CHART_SPANS_MS: &[i64] = &[60_000, CHART_SPAN_MS, 900_000, 1_800_000];

/// How many frames a step in time is.
const SCRUB_FRAMES: isize = 5;

/// Changes the state by what happened; says what is to be done.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let mut effects = match action {
        Action::Key(key) => on_key(state, key),
        Action::Paste(text) => with_overlay(state, |overlay, state| overlay.paste(&text, state)),
        Action::Resize(columns, rows) => {
            state.size = (columns, rows);
            view::refresh(state);
            vec![Effect::Redraw]
        }
        Action::Tick { now_ms } => {
            on_tick(state, now_ms);
            Vec::new()
        }
        Action::Data(snapshot) => {
            on_data(state, *snapshot);
            Vec::new()
        }
        Action::Lost {
            reason,
            retry_at_ms,
        } => {
            if !matches!(state.link, Link::Lost { .. }) {
                state.complain("connection", reason.as_str());
            }
            state.link = Link::Lost {
                reason,
                retry_at_ms,
            };
            Vec::new()
        }
        Action::Reading(is_reading) => {
            state.is_reading = is_reading;
            Vec::new()
        }
        Action::Messages { ticket, told } => {
            view::messages::on_told(state, ticket, told);
            Vec::new()
        }
        Action::Report(Report::Done(text)) => {
            state.say(text);
            Vec::new()
        }
        Action::Report(Report::Failed(text)) => {
            state.complain("failed", text);
            Vec::new()
        }
    };
    let wants = wants(state);
    if wants != state.wants {
        state.wants = wants.clone();
        effects.push(Effect::Want(wants));
    }
    effects.extend(view::messages::orders(state));
    effects
}

/// Whether drawing again would show something else: ages and the time of day go on by the second.
pub(crate) fn is_visible(state: &State, action: &Action) -> bool {
    match action {
        Action::Tick { now_ms } => now_ms / 1_000 != state.now_ms / 1_000,
        Action::Reading(_) => matches!(state.link, Link::Connecting),
        _ => true,
    }
}

/// What the view on the screen needs. The header's totals come from the cluster's section alone, and
/// from what the views have read.
fn wants(state: &State) -> Wants {
    let mut wants = Wants {
        cluster: true,
        ..Wants::default()
    };
    (state.current().wants)(state, &mut wants);
    wants
}

fn on_tick(state: &mut State, now_ms: i64) {
    state.now_ms = now_ms;
    if state
        .toast
        .as_ref()
        .is_some_and(|toast| toast.until_ms <= now_ms)
    {
        state.toast = None;
    }
}

fn on_data(state: &mut State, snapshot: Snapshot) {
    let before = std::mem::replace(&mut state.live, snapshot.clone());
    let happened = events::between(&before, &state.live);
    state.remember(happened);
    for (subject, text) in new_faults(&before, &state.live) {
        state.complain(subject, text);
    }
    if !snapshot.cluster.is_stale {
        state.link = Link::Live;
    }
    state.timeline.push(snapshot);
    for view in VIEWS {
        (view.on_data)(state, &before);
    }
    if !state.timeline.is_frozen() {
        view::refresh(state);
    }
}

/// Servers that have ceased to answer, once each.
fn new_faults(before: &Snapshot, now: &Snapshot) -> Vec<(String, String)> {
    fn sections(snapshot: &Snapshot) -> [&[Fault]; 5] {
        [
            &snapshot.cluster.faults,
            &snapshot.topics.faults,
            &snapshot.groups.faults,
            &snapshot.allocation.faults,
            &snapshot.clients.faults,
        ]
    }
    let known: Vec<&str> = sections(before)
        .into_iter()
        .flatten()
        .map(|fault| fault.server.as_str())
        .collect();
    let mut new: Vec<(String, String)> = Vec::new();
    for fault in sections(now).into_iter().flatten() {
        let is_told = new.iter().any(|(server, _)| *server == fault.server);
        if !known.contains(&fault.server.as_str()) && !is_told {
            new.push((fault.server.clone(), fault.reason.clone()));
        }
    }
    new
}

/// Lets what lies over the view do something; it stays unless it says that it is done.
fn with_overlay(
    state: &mut State,
    act: impl FnOnce(&mut dyn crate::overlay::Overlay, &mut State) -> crate::overlay::Outcome,
) -> Vec<Effect> {
    let Some(mut overlay) = state.overlay.take() else {
        return Vec::new();
    };
    let outcome = act(overlay.as_mut(), state);
    // It may have opened another one in its place.
    if outcome.stays && state.overlay.is_none() {
        state.overlay = Some(overlay);
    }
    outcome.effects
}

fn on_key(state: &mut State, key: Key) -> Vec<Effect> {
    // What a filter is typed into gets everything; nothing else may shadow the way out.
    if state.overlay.is_some() {
        return with_overlay(state, |overlay, state| overlay.key(key, state));
    }
    state.pending.push(key);
    match state.keymap.lookup(state.view, &state.pending) {
        Lookup::Pending => Vec::new(),
        Lookup::Nothing => {
            state.pending.clear();
            Vec::new()
        }
        Lookup::Command(command) => {
            state.pending.clear();
            run(state, command)
        }
    }
}

/// Carries out what was asked for: the view first, then what every view has.
pub fn run(state: &mut State, command: Command) -> Vec<Effect> {
    if let Some(effects) = (state.current().run)(state, command) {
        return effects;
    }
    match command {
        Command::Show(ViewId::Messages) => view::messages::enter(state),
        Command::Show(view) => show(state, view),
        Command::NextPane => step_view(state, 1),
        Command::PreviousPane => step_view(state, VIEWS.len() - 1),
        Command::Back => return back(state),
        Command::Freeze if state.timeline.is_frozen() => live(state),
        Command::Freeze => state.timeline.freeze(),
        Command::Earlier => scrub(state, -SCRUB_FRAMES),
        Command::Later => scrub(state, SCRUB_FRAMES),
        Command::Live => live(state),
        Command::ZoomIn => zoom(state, false),
        Command::ZoomOut => zoom(state, true),
        Command::ZoomReset => state.chart_span_ms = CHART_SPAN_MS,
        Command::Expand => state.is_expanded = !state.is_expanded,
        Command::Numbers => state.is_numeric = !state.is_numeric,
        Command::AsCommand => {
            let line = view::as_command(state);
            state.overlay = Some(Box::new(CommandLine::new(line.clone())));
            return vec![Effect::Copy(line)];
        }
        Command::Help => state.overlay = Some(Box::new(Help::default())),
        Command::Errors => {
            state.errors_unseen = 0;
            state.overlay = Some(Box::new(Errors::default()));
        }
        Command::NextTheme => {
            state.theme.name = state.theme.name.next();
            state.say(format!("theme {}", state.theme.name.name()));
        }
        Command::Reconnect => return vec![Effect::ReadNow],
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => return vec![Effect::Quit],
        // Commands of views that this view does not have.
        _ => {}
    }
    Vec::new()
}

/// Goes to a view.
pub fn show(state: &mut State, view: ViewId) {
    state.view = view;
    state.is_expanded = false;
    view::refresh(state);
}

/// The next or a previous one of the views that have a tab.
fn step_view(state: &mut State, step: usize) {
    let tabs: Vec<ViewId> = VIEWS
        .iter()
        .filter(|view| view.tab.is_some())
        .map(|view| view.id)
        .collect();
    let here = state.current().tab_of;
    let at = tabs.iter().position(|id| *id == here).unwrap_or(0);
    let step = step % tabs.len().max(1);
    if let Some(next) = tabs.get((at + step) % tabs.len().max(1)) {
        show(state, *next);
    }
}

/// Out of what one is in: the large pane, the detail, the past.
fn back(state: &mut State) -> Vec<Effect> {
    if state.is_expanded {
        state.is_expanded = false;
    } else if state.current().tab_of != state.view {
        show(state, state.current().tab_of);
    } else if state.timeline.is_frozen() {
        live(state);
    }
    Vec::new()
}

fn live(state: &mut State) {
    state.timeline.live();
    view::refresh(state);
}

fn scrub(state: &mut State, frames: isize) {
    state.timeline.step(frames);
    view::refresh(state);
}

fn zoom(state: &mut State, out: bool) {
    let longer = CHART_SPANS_MS
        .iter()
        .find(|span| **span > state.chart_span_ms);
    let shorter = CHART_SPANS_MS
        .iter()
        .rev()
        .find(|span| **span < state.chart_span_ms);
    if let Some(span) = if out { longer } else { shorter } {
        state.chart_span_ms = *span;
    }
}

#[cfg(test)]
mod tests;
