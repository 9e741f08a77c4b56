//! The list of messages, with the query and how far its reading is as title.

use std::sync::Arc;

use protocol::message::MessageExt;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{MessagesView, Phase, areas_of, body, inspector};
use crate::format;
use crate::state::{Link, State};
use crate::text;
use crate::theme::Role;
use crate::view::table::{self as grid, Cell, Column};
use crate::view::{frame, pane};

/// The widest that these columns grow.
const AT_MAX: usize = 28;
const KEY_MAX: usize = 20;
const TAG_MAX: usize = 12;

/// The width of TIME and SIZE.
const TIME_WIDTH: u16 = 12;
const SIZE_WIDTH: u16 = 6;

/// A body has at least this room, or no column of its own.
const BODY_MIN: u16 = 8;

/// How many rows are on the screen.
pub(super) fn height(state: &State) -> usize {
    let around = if frame::is_basic(state) { 0 } else { 2 };
    grid::rows_in(areas_of(state).list.height.saturating_sub(around))
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let view = &state.messages;
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title(state), !view.is_inspecting)
    };
    if let Some((role, words)) = nothing(view) {
        pane::say(state, frame, inner, role, &words);
        return;
    }
    let len = view.rows.len();
    let top = view.list.first_shown(len, grid::rows_in(inner.height));
    let shown: Vec<&Arc<MessageExt>> = (top..len)
        .take(grid::rows_in(inner.height))
        .filter_map(|row| view.at_row(row))
        .collect();
    let columns = columns(view, &shown, inner.width);
    let rows = grid::Rows {
        list: &view.list,
        len,
        is_chosen: true,
    };
    let base = if matches!(state.link, Link::Lost { .. }) {
        state.theme.style(Role::Dim)
    } else {
        Style::new()
    };
    grid::draw(state, frame, inner, &columns, rows, base, |at| {
        view.at_row(at)
            .map_or_else(Vec::new, |message| cells(state, message, &columns))
    });
}

fn columns(view: &MessagesView, shown: &[&Arc<MessageExt>], room: u16) -> Vec<Column> {
    let widest = |value: fn(&MessageExt) -> String, least: usize, most: usize| {
        let widths = shown.iter().map(|message| {
            let value = value(message);
            text::width_of(&text::escape_controls(&value))
        });
        let width = widths.max().unwrap_or(0).clamp(least, most);
        u16::try_from(width).unwrap_or(u16::MAX)
    };
    let mut columns = vec![
        Column::text("TIME", TIME_WIDTH, 0),
        Column::text("AT", widest(place, 8, AT_MAX), 1),
        Column::text("KEY", widest(key, 3, KEY_MAX), 2),
        Column::text("TAG", widest(tag, 3, TAG_MAX), 3),
        Column::number("SIZE", SIZE_WIDTH, 4),
    ];
    let used: u16 = columns.iter().map(|column| column.width + 1).sum();
    let left = room.saturating_sub(used + 1);
    let title = if view.pinned.is_some() {
        "READ BY"
    } else {
        "BODY"
    };
    if left >= BODY_MIN {
        columns.push(Column::text(title, left, 5));
    }
    columns
}

fn place(message: &MessageExt) -> String {
    let MessageExt {
        broker_name,
        queue_id,
        queue_offset,
        ..
    } = message;
    format!("{broker_name}/q{queue_id}@{queue_offset}")
}

fn key(message: &MessageExt) -> String {
    message.keys().join(" ")
}

fn tag(message: &MessageExt) -> String {
    message.tags().unwrap_or_default().to_owned()
}

fn cells(state: &State, message: &MessageExt, columns: &[Column]) -> Vec<Cell> {
    let view = &state.messages;
    let last = columns.get(5).map_or(0, |column| usize::from(column.width));
    let last = if view.pinned.is_some() {
        Cell::new(inspector::marks_in_line(view.marks_of(message)))
    } else {
        // What does not fit is not escaped; no character has more than four bytes.
        Cell::new(body::one_line(&message.body, last.saturating_mul(4)))
    };
    vec![
        Cell::new(format::time_of_day_ms(message.store_timestamp, &state.zone)).role(Role::Dim),
        Cell::new(place(message)).role(Role::Accent),
        Cell::new(key(message)),
        Cell::new(tag(message)).role(Role::Ok),
        Cell::new(format::bytes(message.body.len())),
        last,
    ]
}

/// Why there are no rows.
fn nothing(view: &MessagesView) -> Option<(Role, String)> {
    if view.query.topic.is_empty() {
        let words =
            "which messages? / asks for a topic; m in the list of topics shows its messages";
        return Some((Role::Dim, words.to_owned()));
    }
    if let Phase::Failed(reason) = &view.phase {
        let words = format!("cannot read the messages: {reason}; ctrl-r tries again");
        return Some((Role::Bad, words));
    }
    if view.rows.len() > 0 {
        return None;
    }
    let words = match view.phase {
        Phase::Wanted | Phase::Reading if view.looked > 0 => {
            format!("looking for messages, {} so far …", view.looked)
        }
        Phase::Wanted | Phase::Reading => "reading the messages …".to_owned(),
        _ if view.pinned.is_some() => "no message with this key in the brokers' index".to_owned(),
        _ if view.looked > 0 => format!("none of {} messages matches", view.looked),
        _ if view.follows => "no messages yet; what comes in is shown".to_owned(),
        _ => "no messages there".to_owned(),
    };
    Some((Role::Dim, words))
}

fn title(state: &State) -> String {
    let view = &state.messages;
    if view.query.topic.is_empty() {
        return "Messages".to_owned();
    }
    let mut title = match &view.pinned {
        Some(key) => format!("{} ▸ key {key}", view.query.topic),
        None => view.query.to_string(),
    };
    let shown = format::grouped(i64::try_from(view.rows.len()).unwrap_or(i64::MAX));
    title.push_str(&match &view.phase {
        Phase::Wanted | Phase::Reading => format!("   {shown} reading …"),
        Phase::Failed(_) => String::new(),
        Phase::CaughtUp if view.wanted().follows => {
            let (looked, found) = view.rate(state.now_ms);
            let (looked, found) = (format::short(looked), format::short(found));
            format!("   {shown} live ● {found} of {looked}/s")
        }
        Phase::CaughtUp => {
            let looked = i64::try_from(view.looked).unwrap_or(i64::MAX);
            if view.query.condition.is_empty() || view.pinned.is_some() {
                format!("   {shown} messages")
            } else {
                format!("   {shown} of {} looked at", format::grouped(looked))
            }
        }
    });
    if view.rows.held() > 0 {
        title.push_str(&format!(" · {} wait", view.rows.held()));
    }
    if view.rows.dropped() > 0 {
        title.push_str(" · older ones dropped");
    }
    if !view.lost.is_empty() {
        title.push_str(&format!(" · without {} queues", view.lost.len()));
    }
    title
}
