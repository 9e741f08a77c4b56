//! The matrix itself: a row for each member, a column for each queue, and below them what does not
//! depend on who reads.
//!
//! ```text
//!                    b-0            b-1
//! CLIENT             q0 q1 q2 q3    q0 q1 q2 q3   QUEUES LAG
//! 10.0.0.7@web-1     ░░ ░░ ░◆                     3      13
//! 10.0.0.8@web-2              ▒▒    ██ ██ ░░ ░░   5      2 870 !
//! (unassigned)                                    0      ·
//! written/s          34 33 35 34    33 98 34 33
//! lag, any owner     ░░ ░░ ░░ ▒▒    ██ ██ ░░ ░░
//! ```

use std::collections::BTreeMap;

use client::snapshot::{AllocatedQueue, Allocation};
use protocol::body::MessageQueue;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{Layout, Slot, lay_out};
use super::heat::{HeatBy, Scale, letter};
use crate::format::{self, NOTHING};
use crate::state::State;
use crate::text;
use crate::theme::{Role, heat_glyph};
use crate::view::list::List;

/// The columns of the sums at the right.
const SUMS_WIDTH: u16 = 17;

/// The columns below which a broker is not named.
const BROKER_NAME_MIN: usize = 3;

/// Rows of a matrix that are no members: two headings, the unassigned, what is written, what waits.
pub(super) const OTHER_ROWS: u16 = 5;

/// All that a matrix is drawn from.
pub(super) struct Grid<'a> {
    pub(super) state: &'a State,
    pub(super) allocation: &'a Allocation,
    pub(super) scale: Scale,
    /// The queues that moved in the last rebalance.
    pub(super) moved: Vec<&'a MessageQueue>,
    /// Where one is among the members.
    pub(super) rows: &'a List,
    /// The chosen queue.
    pub(super) chosen: usize,
    /// The style of all values when they are old.
    pub(super) base: Style,
    /// The place of each queue's owner among the members.
    owners: Vec<Option<usize>>,
}

/// What one row shows.
#[derive(Clone, Copy)]
enum Row {
    Member(usize),
    Unassigned,
    Written,
    Any,
}

impl<'a> Grid<'a> {
    pub(super) fn new(
        state: &'a State,
        allocation: &'a Allocation,
        scale: Scale,
        moved: Vec<&'a MessageQueue>,
        base: Style,
    ) -> Self {
        let places: BTreeMap<&str, usize> = allocation
            .members
            .iter()
            .enumerate()
            .map(|(place, member)| (member.client_id.as_str(), place))
            .collect();
        let owner = |queue: &AllocatedQueue| places.get(queue.owner.client_id()?).copied();
        Self {
            state,
            allocation,
            scale,
            moved,
            rows: &state.topic.rows,
            chosen: state.topic.queue,
            base,
            owners: allocation.queues.iter().map(owner).collect(),
        }
    }

    /// Draws it into an area: in full, or an overview and the neighbourhood of the chosen queue.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let name_width = self.name_width(area.width);
        let room = area.width.saturating_sub(name_width + 2 + SUMS_WIDTH);
        let queues = &self.allocation.queues;
        let width = self.cell_width();
        match lay_out(queues, room, width, self.chosen, self.state.is_numeric) {
            Layout::Named(slots) | Layout::Glyphs(slots) => {
                self.draw_block(frame, area, name_width, &slots);
            }
            Layout::Overview(slots, near) => {
                let members = u16::try_from(self.allocation.members.len()).unwrap_or(u16::MAX);
                let needed = members.saturating_add(OTHER_ROWS);
                let first = needed.min(area.height.div_ceil(2));
                let top = Rect {
                    height: first,
                    ..area
                };
                let bottom = Rect {
                    y: area.y + first,
                    height: area.height - first,
                    ..area
                };
                self.draw_block(frame, top, name_width, &slots);
                self.draw_block(frame, bottom, name_width, &near);
            }
        }
    }

    fn name_width(&self, width: u16) -> u16 {
        let names = self.allocation.members.iter();
        let widest = names.map(|member| text::width_of(&member.client_id)).max();
        let widest = u16::try_from(widest.unwrap_or(0)).unwrap_or(u16::MAX);
        widest.clamp(14, (width / 4).max(14))
    }

    /// How wide a queue is that has a name: wide enough for what is written, or for the numbers.
    fn cell_width(&self) -> u16 {
        let queues = &self.allocation.queues;
        let rate =
            |queue: &AllocatedQueue| queue.in_per_s.map_or(1, |rate| format::short(rate).len());
        let number = |(queue, owner): (&AllocatedQueue, &Option<usize>)| {
            let number = self.scale.number(queue, *owner);
            number.map_or(1, |number| number.len() + 1)
        };
        let heading = |queue: &AllocatedQueue| queue.queue.queue_id.to_string().len() + 1;
        let mut widest = queues.iter().map(rate).max().unwrap_or(1);
        widest = widest.max(queues.iter().map(heading).max().unwrap_or(1));
        if self.state.is_numeric {
            let numbers = queues.iter().zip(&self.owners).map(number).max();
            widest = widest.max(numbers.unwrap_or(1));
        }
        u16::try_from(widest.clamp(2, 6)).unwrap_or(2)
    }

    fn draw_block(&self, frame: &mut Frame<'_>, area: Rect, name_width: u16, slots: &[Slot]) {
        let mut lines = area.rows();
        let left = name_width + 2;
        if area.height > 2
            && let Some(line) = lines.next()
        {
            self.brokers(frame, line, left, slots);
        }
        if let Some(line) = lines.next() {
            self.headings(frame, line, left, slots);
        }
        let rest: Vec<Rect> = lines.collect();
        let members = self.allocation.members.len();
        let height = rest.len().saturating_sub(2).max(1);
        let top = self.rows.first_shown(members + 1, height);
        let shown = (top..members + 1).take(height).map(|at| {
            if at == members {
                Row::Unassigned
            } else {
                Row::Member(at)
            }
        });
        let rows = shown.chain([Row::Written, Row::Any]);
        for (line, row) in rest.into_iter().zip(rows) {
            self.row(frame, line, left, slots, row);
        }
    }

    /// The brokers' names above their queues.
    fn brokers(&self, frame: &mut Frame<'_>, line: Rect, left: u16, slots: &[Slot]) {
        let style = self.state.theme.style(Role::Dim);
        let name = |slot: &Slot| {
            let queue = self.allocation.queues.get(slot.queues.start);
            queue.map_or("", |queue| queue.queue.broker_name.as_str())
        };
        for (at, slot) in slots.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| slots.get(before));
            if before.is_some_and(|before| name(before) == name(slot)) {
                continue;
            }
            let next = slots
                .iter()
                .skip(at)
                .find(|later| name(later) != name(slot));
            let end = next.map_or(line.width.saturating_sub(left), |next| next.x);
            let room = usize::from(end.saturating_sub(slot.x + 1));
            // Less than this tells no brokers apart.
            if room < BROKER_NAME_MIN {
                continue;
            }
            let words = text::fit(name(slot), room);
            put(frame, line, left + slot.x, &words, style);
        }
    }

    fn headings(&self, frame: &mut Frame<'_>, line: Rect, left: u16, slots: &[Slot]) {
        let dim = self.state.theme.style(Role::Dim);
        put(frame, line, 1, "CLIENT", dim);
        for slot in slots {
            let is_chosen = slot.queues.contains(&self.chosen);
            let style = if is_chosen {
                self.state.theme.selected()
            } else {
                dim
            };
            let queue = self.allocation.queues.get(slot.queues.start);
            let id = queue.map_or(0, |queue| queue.queue.queue_id);
            let words = match slot.width {
                1 => if is_chosen { "▼" } else { NOTHING }.to_owned(),
                width => text::fit(&short_name(id, width), usize::from(width)),
            };
            put(frame, line, left + slot.x, &words, style);
        }
        put(
            frame,
            line,
            self.sums_at(left, slots),
            "QUEUES      LAG",
            dim,
        );
    }

    /// Where the sums begin: behind the queues.
    fn sums_at(&self, left: u16, slots: &[Slot]) -> u16 {
        left + slots.last().map_or(0, |last| last.x + last.width) + 2
    }

    fn row(&self, frame: &mut Frame<'_>, line: Rect, left: u16, slots: &[Slot], row: Row) {
        let theme = &self.state.theme;
        let (name, style) = match row {
            Row::Member(at) => {
                let member = self.allocation.members.get(at);
                let id = member.map_or("", |member| member.client_id.as_str());
                let id = text::escape_controls(id);
                (middle(&id, usize::from(left - 2)), self.base)
            }
            Row::Unassigned => ("(unassigned)".to_owned(), theme.style(Role::Dim)),
            Row::Written => ("written/s".to_owned(), theme.style(Role::Dim)),
            Row::Any if self.scale.by == HeatBy::Owner => {
                ("owner".to_owned(), theme.style(Role::Dim))
            }
            Row::Any => (
                format!("{}, any owner", self.scale.by.name()),
                theme.style(Role::Dim),
            ),
        };
        let is_chosen_row = match row {
            Row::Member(at) => at == self.rows.at,
            Row::Unassigned => self.rows.at >= self.allocation.members.len(),
            Row::Written | Row::Any => false,
        };
        let mark = if is_chosen_row { "▶" } else { " " };
        let name = format!("{mark}{}", text::fit(&name, usize::from(left - 2)));
        let name_style = if is_chosen_row {
            theme.selected()
        } else {
            style
        };
        put(frame, line, 0, &name, name_style);
        for slot in slots {
            let Some((words, style)) = self.cell(row, slot) else {
                continue;
            };
            let is_chosen = is_chosen_row && slot.queues.contains(&self.chosen);
            let style = if is_chosen {
                style.patch(theme.selected())
            } else {
                style
            };
            put(frame, line, left + slot.x, &words, style);
        }
        if let Some((words, style)) = self.sums(row) {
            put(frame, line, self.sums_at(left, slots), &words, style);
        }
    }

    /// What stands in a row for some queues; `None`: nothing of them belongs there.
    fn cell(&self, row: Row, slot: &Slot) -> Option<(String, Style)> {
        let queues = slot.queues.clone().filter(|at| self.belongs(row, *at));
        let queues: Vec<usize> = queues.collect();
        let first = *queues.first()?;
        let width = usize::from(slot.width);
        if matches!(row, Row::Written) {
            return Some(self.written(&queues, width));
        }
        let steps = queues.iter().map(|at| self.step(*at));
        let worst = steps.flatten().max();
        let is_moved = matches!(row, Row::Member(_))
            && queues.iter().any(|at| {
                let queue = self.allocation.queues.get(*at);
                queue.is_some_and(|queue| self.moved.contains(&&queue.queue))
            });
        let Some(step) = worst else {
            return Some((text::fit(NOTHING, width), self.state.theme.style(Role::Dim)));
        };
        let style = self.state.theme.style(Role::Heat(step)).patch(self.base);
        if self.state.is_numeric && width > 1 {
            let queue = self.allocation.queues.get(first)?;
            let owner = self.owners.get(first).copied().flatten();
            let number = self.scale.number(queue, owner).unwrap_or_default();
            let mark = if is_moved { "◆" } else { " " };
            let words = format!("{}{mark}", text::fit_right(&number, width - 1));
            return Some((words, style));
        }
        let owner = self.owners.get(first).copied().flatten();
        let glyph = match (self.scale.by, owner) {
            (HeatBy::Owner, Some(place)) => letter(place).to_string(),
            _ => heat_glyph(step).to_owned(),
        };
        let words = match (width, is_moved) {
            (1, true) => "◆".to_owned(),
            (1, false) => glyph,
            (_, true) => text::fit(&format!("{glyph}◆"), width),
            (_, false) => text::fit(&glyph.repeat(2), width),
        };
        Some((words, style))
    }

    fn belongs(&self, row: Row, at: usize) -> bool {
        let owner = self.owners.get(at).copied().flatten();
        match row {
            Row::Member(member) => owner == Some(member),
            Row::Unassigned => owner.is_none(),
            Row::Written | Row::Any => true,
        }
    }

    fn step(&self, at: usize) -> Option<u8> {
        let queue = self.allocation.queues.get(at)?;
        self.scale
            .step(queue, self.owners.get(at).copied().flatten())
    }

    /// What is written to some queues a second; a glyph where a number has no room.
    fn written(&self, queues: &[usize], width: usize) -> (String, Style) {
        let rates = queues
            .iter()
            .filter_map(|at| self.allocation.queues.get(*at)?.in_per_s);
        let rates: Vec<f64> = rates.collect();
        let dim = self.state.theme.style(Role::Dim);
        if rates.is_empty() {
            return (text::fit(NOTHING, width), dim);
        }
        let words = format::short(rates.iter().sum());
        if words.len() <= width {
            return (text::fit(&words, width), dim);
        }
        let by_rate = Scale {
            by: HeatBy::Rate,
            ..self.scale
        };
        let steps = queues.iter().filter_map(|at| {
            let queue = self.allocation.queues.get(*at)?;
            by_rate.step(queue, None)
        });
        let glyph = heat_glyph(steps.max().unwrap_or(0));
        (text::fit(&glyph.repeat(width.min(2)), width), dim)
    }

    /// How many queues a row has, and how far behind they are.
    fn sums(&self, row: Row) -> Option<(String, Style)> {
        if matches!(row, Row::Written) {
            return None;
        }
        let all = &self.allocation.queues;
        let own: Vec<&AllocatedQueue> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| self.belongs(row, *at))
            .map(|(_, queue)| queue)
            .collect();
        let lags: Vec<i64> = own.iter().filter_map(|queue| queue.lag()).collect();
        let lag = (!lags.is_empty()).then(|| {
            lags.iter()
                .fold(0, |sum: i64, lag| sum.saturating_add(*lag))
        });
        let total: i64 = all
            .iter()
            .filter_map(AllocatedQueue::lag)
            .fold(0, i64::saturating_add);
        let members = i64::try_from(self.allocation.members.len().max(1)).unwrap_or(i64::MAX);
        let is_much = matches!(row, Row::Member(_))
            && members > 1
            && lag.is_some_and(|lag| lag >= 1_000 && lag / 2 >= total / members);
        let mark = if is_much { " !" } else { "" };
        let words = format!(
            "{:<6} {:>8}{mark}",
            own.len(),
            format::or_nothing(lag, format::grouped)
        );
        let style = if is_much {
            self.state.theme.style(Role::Warn)
        } else {
            self.base
        };
        Some((words, style))
    }
}

/// `q7`; the number alone, or its last digits, where there is no room.
fn short_name(id: i32, width: u16) -> String {
    let width = usize::from(width);
    let full = format!("q{id}");
    if full.len() <= width {
        return full;
    }
    let digits = id.to_string();
    let from = digits.len().saturating_sub(width);
    digits.get(from..).unwrap_or_default().to_owned()
}

/// A text that is too long loses its middle: the ends tell clients apart.
fn middle(words: &str, columns: usize) -> String {
    if text::width_of(words) <= columns {
        return words.to_owned();
    }
    let head = text::truncate(words, columns / 2);
    let room = columns.saturating_sub(text::width_of(&head));
    let mut tail = String::new();
    for c in words.chars().rev() {
        let longer = format!("{c}{tail}");
        if text::width_of(&longer) > room {
            break;
        }
        tail = longer;
    }
    format!("{head}{tail}")
}

/// Writes words at a column of a line, as far as they fit.
fn put(frame: &mut Frame<'_>, line: Rect, at: u16, words: &str, style: Style) {
    if at >= line.width {
        return;
    }
    let room = usize::from(line.width - at);
    frame
        .buffer_mut()
        .set_stringn(line.x + at, line.y, words, room, style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(middle("10.0.0.7@web-1", 14), "10.0.0.7@web-1");
        assert_eq!(middle("10.0.0.7@12345#67890", 12), "10.0.…#67890");
        assert_eq!(text::width_of(&middle("订单订单订单订单", 9)), 9);
        assert_eq!(short_name(7, 2), "q7");
        assert_eq!(short_name(107, 2), "07");
    }
}
