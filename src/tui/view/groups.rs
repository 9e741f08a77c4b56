//! Which consumer groups are there, how far behind they are, and what is odd about them.

mod columns;

use std::borrow::Cow;

use client::snapshot::{GroupState, Wants};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::browser::{self, Browser, Catalog, Field};
use super::{View, ViewId, frame, pane, quoted, table};
use crate::effect::Effect;
use crate::format::{self, or_nothing};
use crate::keymap::{Binding, Command};
use crate::overlay::details::Details;
use crate::state::State;
use crate::text;
use crate::theme::Role;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Groups,
    title: "Groups",
    tab: Some('3'),
    tab_of: ViewId::Groups,
    keys: KEYS,
    draw,
    run,
    wants,
    as_command,
    refresh: browser::refresh::<Groups>,
    on_data: |_, _| {},
};

const KEYS: &[Binding] = &[
    browser::FILTER,
    browser::SORT,
    browser::WIDE,
    browser::COLUMNS,
    Binding::new(
        Command::Describe,
        "describe",
        &["d"],
        "all that is known of it",
    )
    .footer("describe"),
    Binding::new(
        Command::Members,
        "members",
        &["m"],
        "the clients of this group",
    )
    .footer("members"),
];

/// What the view remembers.
#[derive(Debug, Default)]
pub struct GroupsView {
    /// The list.
    pub browser: Browser,
}

/// The list of groups.
pub(crate) struct Groups;

impl Catalog for Groups {
    type Item = GroupState;
    const WHAT: &'static str = "groups";
    const FIELDS: &'static [Field<GroupState>] = columns::FIELDS;

    fn browser(state: &State) -> &Browser {
        &state.groups.browser
    }

    fn browser_mut(state: &mut State) -> &mut Browser {
        &mut state.groups.browser
    }

    fn items(state: &State) -> &[GroupState] {
        state.shown().groups.get().map_or(&[], Vec::as_slice)
    }

    fn id(group: &GroupState) -> Cow<'_, str> {
        group.group.as_str().into()
    }

    fn height(state: &State) -> usize {
        let body = frame::body_height(state);
        if frame::is_basic(state) {
            return table::rows_in(body);
        }
        let table = body.saturating_sub(panes_height(state, body));
        table::rows_in(table.saturating_sub(2))
    }
}

/// The rows of the two panes below the list.
fn panes_height(state: &State, body: u16) -> u16 {
    if frame::is_basic(state) || state.is_expanded {
        return 0;
    }
    (body / 3).clamp(5, 14)
}

fn wants(state: &State, wants: &mut Wants) {
    wants.groups = true;
    wants.visible_groups = browser::visible::<Groups>(state)
        .map(|group| group.group.clone())
        .collect();
    wants.visible_groups.sort_unstable();
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => {
            if let Some(group) = browser::chosen::<Groups>(state) {
                let name = group.group.clone();
                open_matrix(state, &name);
            }
        }
        Command::Describe => describe(state),
        Command::Members => {
            if let Some(group) = browser::chosen::<Groups>(state) {
                let name = group.group.clone();
                super::clients::show_group(state, &name);
            }
        }
        command => return browser::run::<Groups>(state, command),
    }
    Some(Vec::new())
}

/// The matrix of the topic in which the group is furthest behind.
pub(crate) fn open_matrix(state: &mut State, name: &str) {
    let topic = super::series::group(state.shown(), name).and_then(|group| {
        let worst = group.lag_by_topic.first().map(|(topic, _)| topic);
        worst.or_else(|| group.topics.first()).cloned()
    });
    match topic {
        Some(topic) => super::topic::open(state, &topic, Some(name)),
        None => state.say(format!("group {name} has no topic yet")),
    }
}

fn describe(state: &mut State) {
    let Some(group) = browser::chosen::<Groups>(state) else {
        return;
    };
    let (_, condition) = super::cluster::condition(group);
    let count = |value| or_nothing(value, format::grouped);
    let mut lines = vec![
        ("state".to_owned(), condition),
        (
            "members".to_owned(),
            or_nothing(group.members, |n| n.to_string()),
        ),
        ("lag".to_owned(), count(group.lag)),
        ("retry".to_owned(), count(group.retry)),
        ("dead letters".to_owned(), count(group.dead_letters)),
    ];
    for topic in &group.topics {
        let lag = group.lag_by_topic.iter().find(|(name, _)| name == topic);
        let lag = lag.map(|(_, lag)| *lag);
        lines.push((format!("lag in {topic}"), count(lag)));
    }
    for finding in group.findings.iter().flatten() {
        lines.push(("subscription".to_owned(), finding.text.clone()));
    }
    let title = format!("Group {}", group.group);
    state.overlay = Some(Box::new(Details::new(title, lines)));
}

fn as_command(state: &State) -> String {
    match browser::chosen::<Groups>(state) {
        Some(group) => format!("group describe {}", quoted(&group.group)),
        None => "group list".to_owned(),
    }
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().groups;
    if frame::is_basic(state) {
        browser::draw::<Groups, _>(state, frame, area, section, NOTHING_YET);
        return;
    }
    let below = panes_height(state, area.height);
    let [top, panes] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(area);
    let title = browser::title::<Groups, _>(state, "Groups", section);
    let inner = pane::boxed(state, frame, top, &title, true);
    browser::draw::<Groups, _>(state, frame, inner, section, NOTHING_YET);
    let Some(group) = browser::chosen::<Groups>(state).filter(|_| below > 0) else {
        return;
    };
    if frame::is_stacked(state) {
        lag_by_queue(state, frame, panes, group);
        return;
    }
    let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]);
    let [left, right] = halves.areas(panes);
    lag_by_queue(state, frame, left, group);
    subscriptions(state, frame, right, group);
}

const NOTHING_YET: &str = "no consumer groups yet";

/// The queues in which the group is furthest behind, as bars.
fn lag_by_queue(state: &State, frame: &mut Frame<'_>, area: Rect, group: &GroupState) {
    let title = format!("{}: lag by queue", group.group);
    let inner = pane::boxed(state, frame, area, &title, false);
    let Some(queues) = &group.queues else {
        let words = "brokers keep no offsets of this group";
        pane::say(state, frame, inner, Role::Dim, words);
        return;
    };
    let mut behind: Vec<_> = queues.iter().filter(|queue| queue.lag() > 0).collect();
    if behind.is_empty() {
        pane::say(state, frame, inner, Role::Ok, "nothing waits");
        return;
    }
    behind.sort_by_key(|queue| std::cmp::Reverse(queue.lag()));
    let largest = behind.first().map_or(1, |queue| queue.lag());
    let names: Vec<String> = behind
        .iter()
        .take(usize::from(inner.height))
        .map(|queue| {
            let place = &queue.queue;
            format!("{} {}/q{}", place.topic, place.broker_name, place.queue_id)
        })
        .collect();
    let widest = names.iter().map(|name| text::width_of(name)).max();
    let width = widest.unwrap_or(0).min(usize::from(inner.width) / 2);
    let bar_room = usize::from(inner.width).saturating_sub(width + 10);
    for ((row, name), queue) in inner.rows().zip(names).zip(behind) {
        let bar = "█".repeat(bar_length(queue.lag(), largest, bar_room));
        let line = Line::from(vec![
            Span::raw(text::fit(&name, width)),
            Span::raw(text::fit_right(&format::grouped(queue.lag()), 9)),
            Span::raw(" "),
            Span::styled(bar, state.theme.style(Role::Accent)),
        ]);
        frame.render_widget(line, row);
    }
}

/// The part of the room that a lag takes, the largest all of it; something of it is always seen.
fn bar_length(lag: i64, largest: i64, room: usize) -> usize {
    let lag = u128::try_from(lag).unwrap_or(0);
    let largest = u128::try_from(largest).unwrap_or(1).max(1);
    let length = lag * (room as u128) / largest;
    usize::try_from(length)
        .unwrap_or(room)
        .clamp(1, room.max(1))
}

/// Whether its members want the same.
fn subscriptions(state: &State, frame: &mut Frame<'_>, area: Rect, group: &GroupState) {
    let inner = pane::boxed(state, frame, area, "Subscription check", false);
    let Some(findings) = &group.findings else {
        let words = match group.members {
            Some(0) => "nobody is connected",
            _ => "reading the subscriptions …",
        };
        pane::say(state, frame, inner, Role::Dim, words);
        return;
    };
    if findings.is_empty() {
        let members = or_nothing(group.members, |count| count.to_string());
        let words = format!("✓ all {members} clients subscribe to the same");
        pane::say(state, frame, inner, Role::Ok, &words);
        return;
    }
    let rows = Layout::vertical(findings.iter().map(|_| Constraint::Length(2))).split(inner);
    for (row, finding) in rows.iter().zip(findings) {
        pane::say(
            state,
            frame,
            *row,
            Role::Warn,
            &format!("✗ {}", finding.text),
        );
    }
}

#[cfg(test)]
mod tests;
