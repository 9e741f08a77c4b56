//! The whole screen: the line with the totals, the tabs, the view, the keys that work here.
//!
//! ```text
//! default ● ephemeral   brokers 3/3  in 1.2k/s  lag 4.1k ▲        12:04:05 UTC live 1s
//! 1 Cluster  2 Topics                                                           ? help
//! ┌ ... the view ... ┐
//! ↵ open  space freeze  , earlier  . later  x as command  ? help  q quit
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::series::{self, as_value};
use super::{VIEWS, pane};
use crate::format;
use crate::keymap::{Bound, Command};
use crate::state::{Link, Risk, State};
use crate::text;
use crate::theme::{self, Role};

/// A smaller screen shows one list and nothing around it.
const BASIC_BELOW: (u16, u16) = (60, 15);

/// A narrower screen has its panes one below the other.
const STACKED_BELOW: u16 = 80;

/// Data of this age is called old, in ms.
const OLD_MS: i64 = 5_000;

/// Draws the whole screen.
pub fn view(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let tabs_height = u16::from(!is_basic(state));
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(tabs_height),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]);
    let [top, tabs, body, bottom] = rows.areas(area);
    header(state, frame, top);
    if tabs_height > 0 {
        draw_tabs(state, frame, tabs);
    }
    (state.current().draw)(state, frame, body);
    footer(state, frame, bottom);
    if let Some(overlay) = &state.overlay {
        let over = Rect {
            height: area.height.saturating_sub(top.height),
            y: top.bottom(),
            ..area
        };
        overlay.draw(state, frame, over);
    }
    if state.theme.is_ascii {
        to_ascii(frame);
    }
}

/// Whether the screen is so small that a view shows its one list and no more.
pub(crate) fn is_basic(state: &State) -> bool {
    state.size.0 < BASIC_BELOW.0 || state.size.1 < BASIC_BELOW.1
}

/// Whether panes stand one below the other.
pub(crate) fn is_stacked(state: &State) -> bool {
    state.size.0 < STACKED_BELOW
}

/// The rows that a view has.
pub(crate) fn body_height(state: &State) -> u16 {
    let around = if is_basic(state) { 2 } else { 3 };
    state.size.1.saturating_sub(around)
}

/// A piece of the header; those of the highest rank go first when it is narrow.
struct Part {
    rank: u8,
    spans: Vec<Span<'static>>,
}

impl Part {
    fn new(rank: u8, text: String, style: Style) -> Self {
        Self {
            rank,
            spans: vec![Span::styled(text, style)],
        }
    }

    fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

fn header(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let right = freshness(state);
    let right_width = right.width();
    let mut parts = vec![name(state)];
    parts.extend(totals(state));
    let room = usize::from(area.width).saturating_sub(right_width + 2);
    let needed =
        |parts: &[Part]| -> usize { parts.iter().map(|part| part.width() + 2).sum::<usize>() };
    while needed(&parts) > room + 2 && parts.len() > 1 {
        let highest = parts.iter().map(|part| part.rank).max();
        let Some(at) = parts.iter().rposition(|part| Some(part.rank) == highest) else {
            break;
        };
        parts.remove(at);
    }
    let mut spans = Vec::new();
    for part in parts {
        spans.extend(part.spans);
        spans.push(Span::raw("  "));
    }
    let left = Line::from(spans);
    let left_area = Rect {
        width: area
            .width
            .saturating_sub(u16::try_from(right_width).unwrap_or(u16::MAX)),
        ..area
    };
    frame.render_widget(left, left_area);
    frame.render_widget(right.right_aligned(), area);
}

fn name(state: &State) -> Part {
    let target = &state.target;
    let role = match target.risk {
        Risk::Dev => Role::Accent,
        Risk::Staging => Role::Warn,
        Risk::Prod => Role::Bad,
    };
    let style = state.theme.style(role).patch(state.theme.heading());
    let mut words = text::truncate(&text::escape_controls(&target.name), 30).into_owned();
    words.push_str(" ●");
    let notes = [
        (target.risk == Risk::Prod, "PROD"),
        (target.risk == Risk::Staging, "staging"),
        (target.is_read_only, "read-only"),
        (target.is_ephemeral, "ephemeral"),
    ];
    for (_, note) in notes.iter().filter(|(is_so, _)| *is_so) {
        words.push(' ');
        words.push_str(note);
    }
    Part::new(0, words, style)
}

fn totals(state: &State) -> Vec<Part> {
    let shown = state.shown();
    let style = pane::value_style(state, &shown.cluster);
    let bad = state.theme.style(Role::Bad);
    let mut parts = Vec::new();
    let mut add = |rank, text: String, style| parts.push(Part::new(rank, text, style));
    if let Some(cluster) = shown.cluster.get() {
        let up = cluster
            .namesrvs
            .iter()
            .filter(|it| it.error.is_none())
            .count();
        let all = cluster.namesrvs.len();
        add(
            5,
            format!("ns {up}/{all}"),
            if up < all { bad } else { style },
        );
        let is_up =
            |broker: &&client::snapshot::BrokerState| broker.error.is_none() && broker.is_routed;
        let up = cluster.brokers.iter().filter(is_up).count();
        let all = cluster.brokers.len();
        add(
            2,
            format!("brokers {up}/{all}"),
            if up < all { bad } else { style },
        );
    }
    let count = |len: Option<usize>| format::or_nothing(len, |len| len.to_string());
    let topics = count(shown.topics.get().map(Vec::len));
    add(
        7,
        format!("topics {topics}"),
        pane::value_style(state, &shown.topics),
    );
    let groups = count(shown.groups.get().map(Vec::len));
    add(
        6,
        format!("groups {groups}"),
        pane::value_style(state, &shown.groups),
    );
    let (written, read) = flow(shown);
    let rate = |value: Option<f64>| {
        format::or_nothing(value, |value| format!("{}/s", format::short(value)))
    };
    add(3, format!("in {}", rate(written)), style);
    add(4, format!("out {}", rate(read)), style);
    let lag = total_lag(shown);
    let trend = lag_trend(state);
    let (sign, role) = match trend {
        Some(growth) if growth > 1.0 => (" ▲", Role::Warn),
        Some(growth) if growth < -1.0 => (" ▼", Role::Ok),
        _ => ("", Role::Text),
    };
    let text = format!("lag {}{sign}", format::or_nothing(lag, format::short_count));
    let style = state
        .theme
        .style(role)
        .patch(pane::value_style(state, &shown.groups));
    add(1, text, style);
    parts
}

/// Messages written and read a second, by all brokers that tell.
pub(crate) fn flow(snapshot: &client::snapshot::Snapshot) -> (Option<f64>, Option<f64>) {
    let Some(cluster) = snapshot.cluster.get() else {
        return (None, None);
    };
    let sum = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>());
    let written = cluster.brokers.iter().filter_map(|broker| broker.in_per_s);
    let read = cluster.brokers.iter().filter_map(|broker| broker.out_per_s);
    (sum(written.collect()), sum(read.collect()))
}

/// How far all groups together are behind.
pub(crate) fn total_lag(snapshot: &client::snapshot::Snapshot) -> Option<i64> {
    let lags = snapshot.groups.get()?.iter().filter_map(|group| group.lag);
    let lags: Vec<i64> = lags.collect();
    (!lags.is_empty()).then(|| {
        lags.iter()
            .fold(0, |sum: i64, lag| sum.saturating_add(*lag))
    })
}

/// How much the lag of all groups grew a second, over half a minute.
fn lag_trend(state: &State) -> Option<f64> {
    let now = total_lag(state.shown())?;
    let before = state.timeline.at(state.timeline.shown_ms() - 30_000)?;
    let before = total_lag(before)?;
    Some(as_value(now - before) / 30.0)
}

/// The right end: what time it is, and how old what is shown is.
fn freshness(state: &State) -> Line<'static> {
    let theme = &state.theme;
    let warn = theme.style(Role::Warn);
    let errors = match state.errors_unseen {
        0 => Vec::new(),
        unseen => vec![Span::styled(
            format!("! {unseen}  "),
            theme.style(Role::Bad),
        )],
    };
    let mut spans = errors;
    let now = state.now_ms;
    if state.timeline.is_frozen() {
        let at = state.timeline.shown_ms();
        let time = format::time_of_day(at, &state.zone);
        let back = format::span(now - at);
        spans.push(Span::styled(
            format!(
                "frozen {time} {}, {back} ago",
                format::zone_name(at, &state.zone)
            ),
            warn,
        ));
        return Line::from(spans);
    }
    let taken = state.live.taken_ms;
    let age = format::span(now - taken);
    match &state.link {
        Link::Connecting => spans.push(Span::styled("connecting …", theme.style(Role::Dim))),
        Link::Lost { retry_at_ms, .. } => {
            let data = if taken == 0 {
                "no data yet".to_owned()
            } else {
                format!("data {age} old")
            };
            let wait = format::span((retry_at_ms - now + 999).max(0));
            spans.push(Span::styled(
                format!("reconnecting, {data}, next try {wait}"),
                warn,
            ));
        }
        Link::Live => {
            let time = format::time_of_day(now, &state.zone);
            let zone = format::zone_name(now, &state.zone);
            let style = if now - taken > OLD_MS {
                warn
            } else {
                Style::new()
            };
            spans.push(Span::styled(format!("{time} {zone} live {age}"), style));
        }
    }
    Line::from(spans)
}

fn draw_tabs(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let here = state.current().tab_of;
    let mut spans = Vec::new();
    for view in VIEWS {
        let Some(key) = view.tab else { continue };
        let style = if view.id == here {
            state.theme.selected()
        } else {
            Style::new()
        };
        spans.push(Span::styled(format!(" {key} {} ", view.title), style));
        spans.push(Span::raw(" "));
    }
    let tabs = Line::from(spans);
    let tabs_width = tabs.width();
    frame.render_widget(tabs, area);
    let hint = format!("{} help", state.keymap.keys_for(Command::Help));
    if tabs_width + text::width_of(&hint) < usize::from(area.width) {
        let hint = Line::styled(hint, state.theme.style(Role::Dim));
        frame.render_widget(hint.right_aligned(), area);
    }
}

fn footer(state: &State, frame: &mut Frame<'_>, area: Rect) {
    if let Some(toast) = &state.toast {
        let role = if toast.is_error {
            Role::Bad
        } else {
            Role::Accent
        };
        let sign = if toast.is_error { "✗ " } else { "" };
        let words = format!("{sign}{}", text::escape_controls(&toast.text));
        let words = text::truncate(&words, usize::from(area.width)).into_owned();
        frame.render_widget(Line::styled(words, state.theme.style(role)), area);
        return;
    }
    let mut keys = footer_keys(state);
    let needed = |keys: &[(String, &str)]| -> usize {
        keys.iter()
            .map(|(key, word)| text::width_of(key) + text::width_of(word) + 3)
            .sum()
    };
    // Help and the way out stay to the last.
    while needed(&keys) > usize::from(area.width) + 2 && keys.len() > 2 {
        keys.remove(keys.len() - 3);
    }
    let mut spans = Vec::new();
    for (key, word) in keys {
        spans.push(Span::styled(key, state.theme.style(Role::Accent)));
        spans.push(Span::raw(format!(" {word}  ")));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The keys of the line at the bottom: the view's own, then those of every view.
fn footer_keys(state: &State) -> Vec<(String, &'static str)> {
    let own = state.keymap.of_view(state.view);
    let all = own.chain(state.keymap.everywhere());
    let shown = |bound: &Bound| {
        let word = bound.binding.footer?;
        let key = bound.first_key();
        let key = if key == "enter" {
            "↵".to_owned()
        } else {
            key
        };
        (!key.is_empty()).then_some((key, word))
    };
    all.filter_map(shown).collect()
}

/// Puts ASCII in the place of our boxes and blocks; what came from the cluster stays.
fn to_ascii(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        if let Some(ascii) = theme::ascii_for(cell.symbol()) {
            cell.set_symbol(ascii);
        }
    }
}

/// Messages written and read a second, for a chart of the whole cluster.
pub(crate) fn flow_series(state: &State, points: usize) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let span = state.chart_span_ms;
    (
        series::sample(state, span, points, |snapshot| flow(snapshot).0),
        series::sample(state, span, points, |snapshot| flow(snapshot).1),
    )
}
