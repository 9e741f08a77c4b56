//! One topic: who of a group reads which of its queues, and how far behind each is.

use client::snapshot::Wants;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::{View, ViewId, pane, quoted};
use crate::effect::Effect;
use crate::keymap::Command;
use crate::state::State;
use crate::theme::Role;
use crate::update;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Topic,
    title: "Topic",
    tab: None,
    tab_of: ViewId::Topics,
    keys: &[],
    draw,
    run,
    wants,
    as_command,
    refresh: |_| {},
    on_data: |_, _| {},
};

/// What the view remembers.
#[derive(Debug, Default)]
pub struct TopicView {
    /// The topic.
    pub topic: String,
    /// The group, once it is known.
    pub group: Option<String>,
}

/// Shows a topic, with a group's queues in it.
pub fn open(state: &mut State, topic: &str, group: Option<&str>) {
    state.topic = TopicView {
        topic: topic.to_owned(),
        group: group.map(str::to_owned),
    };
    update::show(state, ViewId::Topic);
}

fn wants(_state: &State, wants: &mut Wants) {
    wants.topics = true;
}

fn run(_state: &mut State, _command: Command) -> Option<Vec<Effect>> {
    None
}

fn as_command(state: &State) -> String {
    format!("topic describe {}", quoted(&state.topic.topic))
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inner = pane::boxed(state, frame, area, &state.topic.topic, true);
    pane::say(state, frame, inner, Role::Dim, "reading the queues …");
}
