//! One topic: who of a group reads which of its queues, and how far behind each is.

mod columns;
mod grid;
pub mod heat;
mod moves;
mod queue;

use client::snapshot::{AllocatedQueue, Allocation, OwnedBy, Section, Wants};
use protocol::body::MessageQueue;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use self::grid::{Grid, OTHER_ROWS};
use self::heat::{HeatBy, Scale};
use self::moves::Moves;
use super::list::List;
use super::{View, ViewId, frame, pane, quoted, series};
use crate::effect::Effect;
use crate::format;
use crate::keymap::{Binding, Command};
use crate::state::State;
use crate::theme::Role;
use crate::update;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Topic,
    title: "Topic",
    tab: None,
    tab_of: ViewId::Topics,
    keys: KEYS,
    draw,
    run,
    wants,
    as_command,
    refresh,
    on_data: |state, before| state.topic.moves.note(before, &state.live),
};

const KEYS: &[Binding] = &[
    Binding::new(
        Command::HeatBy,
        "heat",
        &["b"],
        "colours by lag, rate, age or owner",
    )
    .footer("heat"),
    Binding::new(
        Command::NextGroup,
        "next-group",
        &["p"],
        "the topic's next group",
    )
    .footer("next group"),
    Binding::new(
        Command::Messages,
        "messages",
        &["m"],
        "the messages of this topic",
    ),
];

/// What the view remembers.
#[derive(Debug, Default)]
pub struct TopicView {
    /// The topic.
    pub topic: String,
    /// The group; `None` until it is known who reads the topic.
    pub group: Option<String>,
    /// What the colours say.
    pub heat: HeatBy,
    /// Where one is among the members; behind the last is what nobody reads.
    pub rows: List,
    /// The chosen queue, as a place in the allocation.
    pub queue: usize,
    /// What moved, of all groups that were looked at.
    pub(crate) moves: Moves,
}

/// Shows a topic, with the queues of a group in it; without one, those of the group that is furthest
/// behind.
pub fn open(state: &mut State, topic: &str, group: Option<&str>) {
    let view = &mut state.topic;
    topic.clone_into(&mut view.topic);
    view.group = group.map(str::to_owned);
    view.rows = List::default();
    view.queue = 0;
    update::show(state, ViewId::Topic);
}

/// The groups that read the topic, the furthest behind first.
fn groups(state: &State) -> Vec<&str> {
    let shown = state.shown();
    let topic = state.topic.topic.as_str();
    let of_topic = series::topic(shown, topic).and_then(|topic| topic.groups.as_ref());
    if let Some(groups) = of_topic {
        return groups.iter().map(|(group, _)| group.as_str()).collect();
    }
    let all = shown.groups.get().map_or(&[][..], Vec::as_slice);
    let reads = all
        .iter()
        .filter(|group| group.topics.iter().any(|it| it == topic));
    reads.map(|group| group.group.as_str()).collect()
}

/// The matrix of this group and topic, if it is what was read.
fn allocation(state: &State) -> Option<&Allocation> {
    let found = state.shown().allocation.get()?;
    let is_wanted =
        found.topic == state.topic.topic && state.topic.group.as_ref() == Some(&found.group);
    is_wanted.then_some(found)
}

/// The queues as they are without a group.
fn without_group(state: &State) -> Option<Allocation> {
    let topic = series::topic(state.shown(), &state.topic.topic)?;
    let queues = topic.queues.as_ref()?.iter().map(|queue| AllocatedQueue {
        queue: queue.queue.clone(),
        owner: OwnedBy::Nobody,
        min_offset: Some(queue.min_offset),
        max_offset: Some(queue.max_offset),
        consumer_offset: None,
        in_per_s: queue.in_per_s,
        out_per_s: None,
        next_stored_ms: None,
        last_write_ms: (queue.last_write_ms > 0).then_some(queue.last_write_ms),
    });
    Some(Allocation {
        topic: topic.topic.clone(),
        queues: queues.collect(),
        ..Allocation::default()
    })
}

fn wants(state: &State, wants: &mut Wants) {
    wants.topics = true;
    wants.visible_topics = vec![state.topic.topic.clone()];
    if let Some(group) = &state.topic.group {
        wants.allocation = Some((group.clone(), state.topic.topic.clone()));
    }
}

/// How many members are on the screen, about.
fn height(state: &State) -> usize {
    let around = OTHER_ROWS + DETAIL_ROWS + 3;
    usize::from(frame::body_height(state).saturating_sub(around)).max(1)
}

fn refresh(state: &mut State) {
    if state.topic.group.is_none() {
        state.topic.group = groups(state).first().map(|group| (*group).to_owned());
    }
    let found = allocation(state);
    let (members, queues) = found.map_or((0, usize::MAX), |found| {
        (found.members.len(), found.queues.len())
    });
    let height = height(state);
    state.topic.rows.clamp(members + 1, height);
    state.topic.queue = state.topic.queue.min(queues.saturating_sub(1));
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    let found = allocation(state);
    let members = found.map_or(0, |found| found.members.len());
    let queues = found.map_or_else(
        || without_group(state).map_or(0, |found| found.queues.len()),
        |found| found.queues.len(),
    );
    match command {
        Command::Left => state.topic.queue = state.topic.queue.saturating_sub(1),
        Command::Right => {
            state.topic.queue = (state.topic.queue + 1).min(queues.saturating_sub(1));
        }
        Command::HeatBy => {
            state.topic.heat = state.topic.heat.next();
            state.say(format!("colours by {}", state.topic.heat.name()));
        }
        Command::NextGroup => next_group(state),
        Command::Messages => {
            let topic = state.topic.topic.clone();
            super::messages::open_topic(state, &topic);
        }
        Command::Open => open_messages(state),
        command => {
            let height = height(state);
            return state
                .topic
                .rows
                .step(command, members + 1, height)
                .then(Vec::new);
        }
    }
    Some(Vec::new())
}

/// The messages of the chosen queue that the group has not consumed yet; without a group, or one that
/// has no offset in it, all of them.
fn open_messages(state: &mut State) {
    let without;
    let found = match allocation(state) {
        Some(found) => Some(found),
        None => {
            without = without_group(state);
            without.as_ref()
        }
    };
    let chosen = found.and_then(|found| found.queues.get(state.topic.queue));
    if let Some(chosen) = chosen {
        let (queue, offset) = (chosen.queue.clone(), chosen.consumer_offset);
        super::messages::open_queue(state, queue, offset.or(chosen.min_offset).unwrap_or(0));
    }
}

fn next_group(state: &mut State) {
    let all = groups(state);
    let here = state.topic.group.as_deref();
    let at = all.iter().position(|group| Some(*group) == here);
    let next = at.map_or(0, |at| (at + 1) % all.len());
    let next = all.get(next).map(|group| (*group).to_owned());
    match next {
        Some(group) if all.len() > 1 => {
            state.topic.group = Some(group);
            state.topic.rows = List::default();
        }
        Some(_) => state.say("no other group reads this topic"),
        None => state.say("no group reads this topic"),
    }
}

fn as_command(state: &State) -> String {
    match &state.topic.group {
        Some(group) => format!("group describe {}", quoted(group)),
        None => format!("topic describe {}", quoted(&state.topic.topic)),
    }
}

/// The rows of the panel of the chosen queue: its title and three lines.
const DETAIL_ROWS: u16 = 4;

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().allocation;
    let nobody;
    let found = match (&state.topic.group, allocation(state)) {
        (_, Some(found)) => Some(found),
        (None, None) => {
            nobody = without_group(state);
            nobody.as_ref()
        }
        (Some(_), None) => None,
    };
    let moved = last_moves(state);
    let title = title(state, found, section, &moved);
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title, true)
    };
    let Some(found) = found else {
        missing(state, frame, inner);
        return;
    };
    if found.queues.is_empty() {
        pane::say(
            state,
            frame,
            inner,
            Role::Warn,
            "no broker has a queue of this topic",
        );
        return;
    }
    let base = pane::value_style(state, section);
    let scale = Scale {
        by: state.topic.heat,
        fastest: found
            .queues
            .iter()
            .filter_map(|queue| queue.in_per_s)
            .fold(0.0, f64::max),
        now_ms: state.shown_ms(),
    };
    let moved = moved.iter().map(|one| &one.queue).collect();
    let grid = Grid::new(state, found, scale, moved, base);
    // A small screen has room for the matrix alone.
    let has_details = inner.height >= 14 && !state.is_expanded;
    let has_legend = inner.height >= 8;
    let rows = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(u16::from(has_legend)),
        Constraint::Length(if has_details { DETAIL_ROWS } else { 0 }),
    ]);
    let [matrix, legend, details] = rows.areas(inner);
    grid.draw(frame, matrix);
    let words = format!(
        "{}   ◆ moved in the last rebalance   · no data",
        state.topic.heat.legend()
    );
    frame.render_widget(Line::styled(words, state.theme.style(Role::Dim)), legend);
    if has_details && let Some(chosen) = found.queues.get(state.topic.queue) {
        let heading = format!("─ queue {} ", queue::name_of(chosen));
        let line = format!("{heading}{}", "─".repeat(usize::from(details.width)));
        let [top, rest] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(details);
        frame.render_widget(Line::styled(line, state.theme.style(Role::Dim)), top);
        queue::draw(state, frame, rest, (found, chosen), &scale);
    }
}

/// Why there is no matrix.
fn missing(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().allocation;
    let (role, words) = match (section.faults.as_slice(), &state.topic.group) {
        ([first, ..], _) => (
            Role::Bad,
            format!("cannot read the queues: {}: {}", first.server, first.reason),
        ),
        ([], Some(group)) => (
            Role::Dim,
            format!("reading who of {group} reads which queue …"),
        ),
        ([], None) => (Role::Dim, "reading the queues …".to_owned()),
    };
    pane::say(state, frame, area, role, &words);
}

fn last_moves(state: &State) -> Vec<&moves::Move> {
    let view = &state.topic;
    let Some(group) = &view.group else {
        return Vec::new();
    };
    view.moves
        .last_rebalance(group, &view.topic, state.shown_ms())
}

fn title(
    state: &State,
    found: Option<&Allocation>,
    section: &Section<Allocation>,
    moved: &[&moves::Move],
) -> String {
    let view = &state.topic;
    let mut title = match &view.group {
        Some(group) => format!("{} ▸ group {group}", view.topic),
        None => format!("{} ▸ no group reads it", view.topic),
    };
    let Some(found) = found else { return title };
    if let Some(strategy) = found.strategy {
        title.push_str(&format!("   strategy {strategy}"));
    }
    title.push_str(&format!(
        "   clients {}   queues {}",
        found.members.len(),
        found.queues.len()
    ));
    let lags: Vec<i64> = found
        .queues
        .iter()
        .filter_map(AllocatedQueue::lag)
        .collect();
    if !lags.is_empty() {
        let lag = lags
            .iter()
            .fold(0, |sum: i64, lag| sum.saturating_add(*lag));
        title.push_str(&format!("   lag {}", format::grouped(lag)));
    }
    if let Some(last) = moved.last() {
        let ago = format::span(state.shown_ms() - last.at_ms);
        title.push_str(&format!("   {} moved {ago} ago", moved.len()));
    }
    pane::title_of(state, &title, section)
}

/// The chosen queue, of the views that go on from it.
#[must_use]
pub fn chosen_queue(state: &State) -> Option<MessageQueue> {
    let found = allocation(state)?;
    Some(found.queues.get(state.topic.queue)?.queue.clone())
}
