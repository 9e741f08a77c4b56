//! Is the cluster well? Brokers, what flows, and who is furthest behind.

use client::snapshot::{BrokerState, GroupHealth, GroupState, Snapshot, Wants};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::chart::{self, Chart};
use super::list::List;
use super::table::{self, Cell, Column, Rows};
use super::{View, ViewId, frame, pane, quoted, series};
use crate::effect::Effect;
use crate::format::{self, or_nothing};
use crate::keymap::Command;
use crate::overlay::details::Details;
use crate::state::State;
use crate::text;
use crate::theme::Role;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Cluster,
    title: "Cluster",
    tab: Some('1'),
    tab_of: ViewId::Cluster,
    keys: &[],
    draw,
    run,
    wants,
    as_command,
    refresh,
    on_data: |_, _| {},
};

/// What the view remembers.
#[derive(Debug, Default)]
pub struct ClusterView {
    /// The pane that gets the keys.
    pub pane: Pane,
    /// Where one is among the brokers.
    pub brokers: List,
    /// Where one is among the groups.
    pub groups: List,
    /// The groups, the furthest behind first, as places in the snapshot.
    worst: Vec<usize>,
}

/// The panes that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The brokers.
    #[default]
    Brokers,
    /// The groups that are furthest behind.
    Groups,
}

/// A broker that writes slower than this is marked, in ms.
const SLOW_PUT_MS: f64 = 100.0;

/// A disk that is fuller than this is marked; RocketMQ begins to clean at 75 % and refuses at 90 %.
const DISK_WARN: f64 = 0.75;

/// A broker that has run for less than this was just started, in ms.
const JUST_STARTED_MS: i64 = 60_000;

/// A broker as this view calls it: one that is not a master has its id with its name.
fn name_of(broker: &BrokerState) -> String {
    if broker.node.is_master() {
        return broker.node.name.clone();
    }
    format!("{}:{}", broker.node.name, broker.node.id)
}

fn wants(_state: &State, wants: &mut Wants) {
    wants.groups = true;
}

fn refresh(state: &mut State) {
    let shown = state.shown();
    let brokers = shown
        .cluster
        .get()
        .map_or(0, |cluster| cluster.brokers.len());
    let groups = shown.groups.get().map_or(&[][..], Vec::as_slice);
    let mut worst: Vec<usize> = (0..groups.len()).collect();
    worst.sort_by_key(|at| std::cmp::Reverse(groups.get(*at).and_then(|group| group.lag)));
    let count = worst.len();
    state.cluster.worst = worst;
    let height = heights(state);
    state.cluster.brokers.clamp(brokers, height.0);
    state.cluster.groups.clamp(count, height.1);
}

/// About how many rows the two lists have.
fn heights(state: &State) -> (usize, usize) {
    let body = frame::body_height(state);
    if state.is_expanded || frame::is_basic(state) {
        let rows = table::rows_in(body.saturating_sub(2));
        return (rows, rows);
    }
    let rows = table::rows_in((body / 2).saturating_sub(2));
    (rows, rows)
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    let (broker_rows, group_rows) = heights(state);
    let brokers = state
        .shown()
        .cluster
        .get()
        .map_or(0, |cluster| cluster.brokers.len());
    let groups = state.cluster.worst.len();
    match (command, state.cluster.pane) {
        (Command::NextPane | Command::PreviousPane, Pane::Brokers) => {
            state.cluster.pane = Pane::Groups;
        }
        (Command::NextPane | Command::PreviousPane, Pane::Groups) => {
            state.cluster.pane = Pane::Brokers;
        }
        (Command::Open, Pane::Brokers) => open_broker(state),
        (Command::Open, Pane::Groups) => open_group(state),
        (command, Pane::Brokers) => {
            return state
                .cluster
                .brokers
                .step(command, brokers, broker_rows)
                .then(Vec::new);
        }
        (command, Pane::Groups) => {
            return state
                .cluster
                .groups
                .step(command, groups, group_rows)
                .then(Vec::new);
        }
    }
    Some(Vec::new())
}

fn chosen_broker(state: &State) -> Option<&BrokerState> {
    let cluster = state.shown().cluster.get()?;
    cluster.brokers.get(state.cluster.brokers.at)
}

fn chosen_group(state: &State) -> Option<&GroupState> {
    let at = *state.cluster.worst.get(state.cluster.groups.at)?;
    state.shown().groups.get()?.get(at)
}

/// All that the broker says of itself.
fn open_broker(state: &mut State) {
    let Some(broker) = chosen_broker(state) else {
        return;
    };
    let mut lines = vec![
        ("address".to_owned(), broker.node.addr.clone()),
        ("cluster".to_owned(), broker.node.cluster.clone()),
        ("id".to_owned(), broker.node.id.to_string()),
    ];
    if let Some(error) = &broker.error {
        lines.push(("error".to_owned(), error.clone()));
    }
    lines.extend(broker.runtime.clone());
    let title = format!("Broker {}", name_of(broker));
    state.overlay = Some(Box::new(Details::new(title, lines)));
}

/// The matrix of the topic in which the group is furthest behind.
fn open_group(state: &mut State) {
    let Some(group) = chosen_group(state) else {
        return;
    };
    let name = group.group.clone();
    let worst = group.lag_by_topic.first().map(|(topic, _)| topic.clone());
    match worst.or_else(|| group.topics.first().cloned()) {
        Some(topic) => super::topic::open(state, &topic, Some(&name)),
        None => state.say(format!("group {name} has no topic yet")),
    }
}

fn as_command(state: &State) -> String {
    match state.cluster.pane {
        Pane::Brokers => match chosen_broker(state) {
            Some(broker) => format!("broker describe {}", quoted(&broker.node.name)),
            None => "broker list".to_owned(),
        },
        Pane::Groups => match chosen_group(state) {
            Some(group) => format!("group describe {}", quoted(&group.group)),
            None => "group list".to_owned(),
        },
    }
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    if frame::is_basic(state) || state.is_expanded {
        match state.cluster.pane {
            Pane::Brokers => brokers(state, frame, area),
            Pane::Groups => groups(state, frame, area),
        }
        return;
    }
    let known = state
        .shown()
        .cluster
        .get()
        .map_or(0, |cluster| cluster.brokers.len());
    let table_height = u16::try_from(known.clamp(1, 12) + 4).unwrap_or(16);
    if area.width < 110 {
        let rows = Layout::vertical([
            Constraint::Length(table_height.min(area.height / 2)),
            Constraint::Fill(1),
        ]);
        let [top, bottom] = rows.areas(area);
        brokers(state, frame, top);
        let halves = [Constraint::Fill(1), Constraint::Fill(1)];
        let [first, second] = if frame::is_stacked(state) {
            Layout::vertical(halves).areas(bottom)
        } else {
            Layout::horizontal(halves).areas(bottom)
        };
        throughput(state, frame, first);
        groups(state, frame, second);
        return;
    }
    let rows = Layout::vertical([
        Constraint::Length(table_height.max(area.height / 2)),
        Constraint::Fill(1),
    ]);
    let [top, bottom] = rows.areas(area);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(top);
    brokers(state, frame, left);
    throughput(state, frame, right);
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(bottom);
    groups(state, frame, left);
    super::events::recent(state, frame, right);
}

const BROKER_COLUMNS: &[Column] = &[
    Column::text("NAME", 10, 0),
    Column::text("ROLE", 6, 3),
    Column::text("ADDR", 6, 4),
    Column::number("UP", 7, 2),
    Column::number("IN/s", 5, 0),
    Column::number("OUT/s", 5, 0),
    Column::number("DISK", 4, 1),
    Column::number("PUT p99", 7, 1),
];

fn brokers(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().cluster;
    let is_chosen = state.cluster.pane == Pane::Brokers;
    let title = pane::title_of(state, "Brokers", section);
    let inner = pane::boxed(state, frame, area, &title, is_chosen);
    if pane::explain_missing(state, frame, inner, section, "the cluster") {
        return;
    }
    let Some(cluster) = section.get() else { return };
    if cluster.brokers.is_empty() {
        let words = "the name servers know no broker";
        pane::say(state, frame, inner, Role::Warn, words);
        return;
    }
    let notes = notes(state, &cluster.brokers);
    let note_rows = u16::try_from(notes.len())
        .unwrap_or(u16::MAX)
        .min(inner.height / 3);
    let [rows, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(note_rows)]).areas(inner);
    let mut columns = BROKER_COLUMNS.to_vec();
    let host = common_host(&cluster.brokers);
    if let Some(column) = columns.get_mut(2) {
        let shown = cluster
            .brokers
            .iter()
            .map(|broker| addr_shown(broker, host).len());
        column.width = u16::try_from(shown.max().unwrap_or(0))
            .unwrap_or(u16::MAX)
            .max(4);
    }
    let base = pane::value_style(state, section);
    let row = |at: usize| match cluster.brokers.get(at) {
        Some(broker) => broker_row(state, broker, host),
        None => Vec::new(),
    };
    let shown = Rows {
        list: &state.cluster.brokers,
        len: cluster.brokers.len(),
        is_chosen,
    };
    table::draw(state, frame, rows, &columns, shown, base, row);
    for (row, (role, note)) in below.rows().zip(notes) {
        pane::say(state, frame, row, role, &note);
    }
}

fn broker_row(state: &State, broker: &BrokerState, host: Option<&str>) -> Vec<Cell> {
    let is_down = broker.error.is_some() || !broker.is_routed;
    let is_slow = broker.put_p99_ms.is_some_and(|ms| ms >= SLOW_PUT_MS);
    let is_full = broker.disk_ratio.is_some_and(|ratio| ratio >= DISK_WARN);
    let mark = if is_down {
        " ✗"
    } else if is_slow || is_full {
        " !"
    } else {
        ""
    };
    let warn_if = |is_bad: bool| if is_bad { Role::Warn } else { Role::Text };
    let up = broker
        .boot_ms
        .map(|boot| state.shown_ms() - boot)
        .filter(|_| !is_down);
    let role = if broker.node.is_master() {
        "master"
    } else {
        "slave"
    };
    let name_role = if is_down {
        Role::Bad
    } else {
        warn_if(is_slow || is_full)
    };
    let rate =
        |value: Option<f64>| Cell::new(or_nothing(value.filter(|_| !is_down), format::short));
    vec![
        Cell::new(format!("{}{mark}", name_of(broker))).role(name_role),
        Cell::new(role).role(Role::Dim),
        Cell::new(addr_shown(broker, host)).role(Role::Dim),
        Cell::new(or_nothing(up, format::span)),
        rate(broker.in_per_s),
        rate(broker.out_per_s),
        Cell::new(or_nothing(
            broker.disk_ratio.filter(|_| !is_down),
            format::percent,
        ))
        .role(warn_if(is_full)),
        Cell::new(or_nothing(
            broker.put_p99_ms.filter(|_| !is_down),
            format::latency,
        ))
        .role(warn_if(is_slow)),
    ]
}

/// The host that all brokers share: on one machine the port says it all.
fn common_host(brokers: &[BrokerState]) -> Option<&str> {
    let mut hosts = brokers
        .iter()
        .map(|broker| broker.node.addr.rsplit_once(':'));
    let (first, _) = hosts.next()??;
    hosts
        .all(|host| host.is_some_and(|(host, _)| host == first))
        .then_some(first)
}

fn addr_shown(broker: &BrokerState, host: Option<&str>) -> String {
    let addr = &broker.node.addr;
    match host.and_then(|host| addr.strip_prefix(host)) {
        Some(port) => port.to_owned(),
        None => addr.clone(),
    }
}

/// Sentences about brokers that are not as they should be.
fn notes(state: &State, brokers: &[BrokerState]) -> Vec<(Role, String)> {
    let mut notes = Vec::new();
    for broker in brokers {
        let name = name_of(broker);
        if let Some(error) = &broker.error {
            notes.push((Role::Bad, format!("{name}: {error}")));
        } else if !broker.is_routed {
            notes.push((
                Role::Bad,
                format!("{name}: the name servers have forgotten it"),
            ));
        } else if let Some(up) = broker.boot_ms.map(|boot| state.shown_ms() - boot)
            && (0..JUST_STARTED_MS).contains(&up)
        {
            notes.push((
                Role::Warn,
                format!("{name}: started {} ago", format::span(up)),
            ));
        }
    }
    notes
}

fn throughput(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().cluster;
    let title = format!(
        "Throughput msgs/s · {} · █ in • out",
        format::span(state.chart_span_ms)
    );
    let inner = pane::boxed(state, frame, area, &title, false);
    if pane::explain_missing(state, frame, inner, section, "the cluster") {
        return;
    }
    let (filled, dotted) = frame::flow_series(state, chart::points_in(inner));
    if state.is_numeric {
        let (written, read) = frame::flow(state.shown());
        let largest = |values: &[Option<f64>]| values.iter().flatten().copied().reduce(f64::max);
        let words = format!(
            "in {}/s, at most {}/s; out {}/s, at most {}/s",
            or_nothing(written, format::short),
            or_nothing(largest(&filled), format::short),
            or_nothing(read, format::short),
            or_nothing(largest(&dotted), format::short),
        );
        pane::say(state, frame, inner, Role::Text, &words);
        return;
    }
    let chart = Chart {
        filled: &filled,
        dotted: &dotted,
        span_ms: state.chart_span_ms,
        base: pane::value_style(state, section),
    };
    chart::draw(state, frame, inner, &chart);
}

const GROUP_COLUMNS: &[Column] = &[
    Column::text("GROUP", 12, 0),
    Column::number("LAG", 6, 0),
    Column::text("TREND", 8, 2),
    Column::text("STATE", 14, 1),
];

/// The span of the groups' small charts, in ms.
const TREND_MS: i64 = 600_000;

fn groups(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().groups;
    let is_chosen = state.cluster.pane == Pane::Groups;
    let title = pane::title_of(state, "Worst groups", section);
    let inner = pane::boxed(state, frame, area, &title, is_chosen);
    if pane::explain_missing(state, frame, inner, section, "the groups") {
        return;
    }
    let all = section.get().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        pane::say(state, frame, inner, Role::Dim, "no consumer groups yet");
        return;
    }
    let base = pane::value_style(state, section);
    let row = |at: usize| {
        let group = state.cluster.worst.get(at).and_then(|at| all.get(*at));
        group.map_or_else(Vec::new, |group| group_row(state, group))
    };
    let shown = Rows {
        list: &state.cluster.groups,
        len: state.cluster.worst.len(),
        is_chosen,
    };
    table::draw(state, frame, inner, GROUP_COLUMNS, shown, base, row);
}

fn group_row(state: &State, group: &GroupState) -> Vec<Cell> {
    let lags = series::sample(state, TREND_MS, 8, |snapshot: &Snapshot| {
        let lag = series::group(snapshot, &group.group)?.lag?;
        Some(series::as_value(lag))
    });
    let (role, words) = condition(group);
    vec![
        Cell::new(text::escape_controls(&group.group).into_owned()),
        Cell::new(or_nothing(group.lag, format::short_count)),
        Cell::new(series::sparkline(&lags)).role(role),
        Cell::new(words).role(role),
    ]
}

/// How a group is doing, in a word or two.
pub(crate) fn condition(group: &GroupState) -> (Role, String) {
    let growth = group.lag_growth_per_s.unwrap_or(0.0);
    match group.health {
        GroupHealth::Offline => (Role::Bad, "offline".to_owned()),
        GroupHealth::Idle => (Role::Dim, "idle".to_owned()),
        GroupHealth::Unknown => (Role::Dim, format::NOTHING.to_owned()),
        GroupHealth::Ok | GroupHealth::Lagging if growth >= 0.5 => {
            (Role::Warn, format!("growing {}/s", format::short(growth)))
        }
        GroupHealth::Lagging if growth <= -0.5 => {
            (Role::Warn, format!("draining {}/s", format::short(-growth)))
        }
        GroupHealth::Lagging => (Role::Warn, "lagging".to_owned()),
        GroupHealth::Ok => (Role::Ok, "ok".to_owned()),
    }
}
