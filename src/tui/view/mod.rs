//! The screens: one file each, and one table that names them.
//!
//! A view draws from the state and changes nothing. To add one: a file here with its state and its
//! [`View`], a variant of [`ViewId`], a line in [`VIEWS`], a field of [`State`], and the key that shows
//! it in [`EVERYWHERE`](crate::keymap::EVERYWHERE).

pub mod browser;
pub(crate) mod chart;
pub mod clients;
pub mod cluster;
pub mod events;
pub mod filter;
pub(crate) mod frame;
pub mod groups;
pub(crate) mod list;
pub mod messages;
pub(crate) mod pane;
pub(crate) mod series;
pub(crate) mod table;
pub mod topic;
pub mod topics;

use client::snapshot::{Snapshot, Wants};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::effect::Effect;
use crate::keymap::{Binding, Command};
use crate::state::State;

pub use frame::view;

/// The views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewId {
    /// Name servers, brokers, what flows.
    Cluster,
    /// All topics.
    Topics,
    /// One topic and who of a group reads which of its queues.
    Topic,
    /// All consumer groups.
    Groups,
    /// The messages of a topic.
    Messages,
    /// Everybody who is connected.
    Clients,
    /// What has happened.
    Events,
}

/// A view: what it draws, what it reads, what its keys do.
#[derive(Debug)]
pub struct View {
    /// Which one.
    pub id: ViewId,
    /// Its name on the tab.
    pub title: &'static str,
    /// The key on its tab; `None`: it is reached from another view.
    pub tab: Option<char>,
    /// The view whose tab is lit, and where Esc goes; itself if it has a tab.
    pub tab_of: ViewId,
    /// Its own keys.
    pub keys: &'static [Binding],
    /// Draws it.
    pub draw: fn(&State, &mut Frame<'_>, Rect),
    /// Does what a key asks for; `None`: not a matter of this view.
    pub run: fn(&mut State, Command) -> Option<Vec<Effect>>,
    /// Adds what it needs to be read; the cluster's section is always read.
    pub wants: fn(&State, &mut Wants),
    /// The command line that prints what is chosen here, without `gantry` and the cluster's flags.
    pub as_command: fn(&State) -> String,
    /// Works out again what it keeps of the data: its rows, what is chosen. Called when other data is
    /// shown, the screen changes its size, or the view is gone to.
    pub refresh: fn(&mut State),
    /// Notes what changed between two readings, seen or not; `state.live` is the new one.
    pub on_data: fn(&mut State, &Snapshot),
}

/// All views, in the order of their tabs.
pub static VIEWS: &[View] = &[
    cluster::VIEW,
    topics::VIEW,
    topic::VIEW,
    groups::VIEW,
    messages::VIEW,
    clients::VIEW,
    events::VIEW,
];

static FIRST: View = cluster::VIEW;

/// The view of this name.
#[must_use]
pub fn by_id(id: ViewId) -> &'static View {
    let found = VIEWS.iter().find(|view| view.id == id);
    // A test holds that every id is in the table.
    found.unwrap_or(&FIRST)
}

/// Works out again what the view on the screen keeps of the data.
pub(crate) fn refresh(state: &mut State) {
    (state.current().refresh)(state);
}

/// The whole command line for what is chosen.
pub(crate) fn as_command(state: &State) -> String {
    let words = (state.current().as_command)(state);
    let flags = &state.target.flags;
    if flags.is_empty() {
        return format!("gantry {words}");
    }
    format!("gantry {words} {flags}")
}

/// A word as a shell reads it as one.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
