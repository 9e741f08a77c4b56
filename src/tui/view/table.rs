//! Tables whose rows are built only if they are on the screen, and whose columns go one by one when it
//! is narrow.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::list::List;
use crate::state::State;
use crate::text;
use crate::theme::Role;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) title: &'static str,
    /// How wide it is at least; the first column of a table takes what is left.
    pub(crate) width: u16,
    /// Whether it holds numbers.
    pub(crate) is_right: bool,
    /// The columns of the highest rank go first when there is no room; 0 stays.
    pub(crate) rank: u8,
    /// Whether it takes what is left, in place of the first column.
    pub(crate) is_filling: bool,
}

impl Column {
    pub(crate) const fn text(title: &'static str, width: u16, rank: u8) -> Self {
        Self {
            title,
            width,
            is_right: false,
            rank,
            is_filling: false,
        }
    }

    /// The same, taking what is left of the width.
    pub(crate) const fn filling(self) -> Self {
        Self {
            is_filling: true,
            ..self
        }
    }

    pub(crate) const fn number(title: &'static str, width: u16, rank: u8) -> Self {
        Self {
            is_right: true,
            ..Self::text(title, width, rank)
        }
    }
}

/// What stands in a row and a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: Cow<'static, str>,
    pub(crate) role: Role,
}

impl Cell {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            role: Role::Text,
        }
    }

    pub(crate) fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

/// The rows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Where one is among them.
    pub(crate) list: &'a List,
    /// How many there are.
    pub(crate) len: usize,
    /// Whether the table gets the keys: the chosen row is marked.
    pub(crate) is_chosen: bool,
}

/// The widest that the first column grows.
const FIRST_MAX: u16 = 60;

/// Draws the headings and the rows that fit; `row` gives a row's cells, one for each column.
/// Rows have two columns in front: a mark for the chosen one and a gap.
pub(crate) fn draw(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[Column],
    rows: Rows<'_>,
    base: Style,
    row: impl Fn(usize) -> Vec<Cell>,
) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let shown = fitting(columns, area.width);
    let head = shown.iter().map(|&(at, width)| {
        let column = columns.get(at);
        let title = column.map_or("", |column| column.title);
        (cut(title, width, column), state.theme.style(Role::Dim))
    });
    line(frame, Rect { height: 1, ..area }, " ", Style::new(), head);
    let height = usize::from(area.height - 1);
    let top = rows.list.first_shown(rows.len, height);
    for (y, at) in (area.y + 1..area.bottom()).zip(top..rows.len) {
        let place = Rect {
            y,
            height: 1,
            ..area
        };
        let cells = row(at);
        let is_chosen = rows.is_chosen && at == rows.list.at;
        let painted = shown.iter().map(|&(at, width)| {
            let cell = cells.get(at);
            let role = cell.map_or(Role::Text, |cell| cell.role);
            let words = cell.map_or("", |cell| &cell.text);
            (
                cut(words, width, columns.get(at)),
                state.theme.style(role).patch(base),
            )
        });
        line(
            frame,
            place,
            if is_chosen { "▶" } else { " " },
            base,
            painted,
        );
        if is_chosen {
            frame.buffer_mut().set_style(place, state.theme.selected());
        }
    }
}

/// How many rows fit into an area, below the headings.
pub(crate) fn rows_in(height: u16) -> usize {
    usize::from(height.saturating_sub(1))
}

fn cut(words: &str, width: u16, column: Option<&Column>) -> String {
    if column.is_some_and(|column| column.is_right) {
        return text::fit_right(words, usize::from(width));
    }
    text::fit(words, usize::from(width))
}

/// Which columns fit, with their widths.
fn fitting(columns: &[Column], width: u16) -> Vec<(usize, u16)> {
    let room = width.saturating_sub(1);
    let mut kept: Vec<(usize, &Column)> = columns.iter().enumerate().collect();
    let needed = |kept: &[(usize, &Column)]| -> u16 {
        kept.iter().map(|(_, column)| column.width + 1).sum()
    };
    while needed(&kept) > room + 1 && kept.len() > 1 {
        let highest = kept.iter().map(|(_, column)| column.rank).max();
        let Some(at) = kept
            .iter()
            .rposition(|(_, column)| Some(column.rank) == highest && column.rank > 0)
        else {
            break;
        };
        kept.remove(at);
    }
    let spare = (room + 1).saturating_sub(needed(&kept));
    let filling = kept.iter().position(|(_, column)| column.is_filling);
    kept.iter()
        .enumerate()
        .map(|(place, (at, column))| {
            if filling == Some(place) {
                return (*at, column.width + spare);
            }
            if filling.is_none() && place == 0 {
                let widest = FIRST_MAX.max(column.width);
                return (*at, (column.width + spare).min(widest));
            }
            (*at, column.width)
        })
        .collect()
}

/// Writes one row: the mark, then each text with a space after it.
fn line(
    frame: &mut Frame<'_>,
    area: Rect,
    mark: &str,
    mark_style: Style,
    cells: impl Iterator<Item = (String, Style)>,
) {
    let buffer = frame.buffer_mut();
    let (mut x, _) = buffer.set_stringn(area.x, area.y, mark, 1, mark_style);
    for (words, style) in cells {
        let room = usize::from(area.right().saturating_sub(x));
        let (end, _) = buffer.set_stringn(x, area.y, &words, room, style);
        x = (end + 1).min(area.right());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::text("NAME", 8, 0),
        Column::number("IN", 4, 1),
        Column::number("OUT", 4, 2),
        Column::text("NOTE", 6, 2),
    ];

    fn shown(width: u16) -> Vec<(usize, u16)> {
        fitting(COLUMNS, width)
    }

    #[test]
    fn the_first_column_takes_what_is_left_and_the_last_rank_goes_first() {
        assert_eq!(shown(40), [(0, 22), (1, 4), (2, 4), (3, 6)]);
        assert_eq!(shown(26), [(0, 8), (1, 4), (2, 4), (3, 6)]);
        assert_eq!(shown(25), [(0, 14), (1, 4), (2, 4)]);
        assert_eq!(shown(14), [(0, 8), (1, 4)]);
        assert_eq!(shown(10), [(0, 9)]);
        assert_eq!(shown(4), [(0, 8)]);
    }
}
