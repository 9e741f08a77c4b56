//! Tables: aligned columns, on a terminal with a rule, colour and cut to its width.
//!
//! Invariant: one object is one line, whatever its texts hold.

use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, ContentArrangement, LineStyle, Row, Table,
    TableStyle,
};

use super::cell::{Cell, View};
use super::item::{Column, Item};
use super::text::truncate;

/// No column is cut below this, however narrow the terminal.
const COLUMN_WIDTH_MIN: usize = 6;

/// Spaces between two columns.
const GAP: usize = 2;

/// Under the headings on a terminal; no other line is drawn.
const RULE: LineStyle = LineStyle::none().fill('─');

/// The table of `items`, ending in a line end.
pub(super) fn of_items<'a, T: Item + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    view: &View,
) -> String {
    let shown: Vec<usize> = (0..T::COLUMNS.len())
        .filter(|&at| !T::COLUMNS[at].wide || view.wide)
        .collect();
    let columns: Vec<Heading> = shown
        .iter()
        .map(|&at| Heading::of(&T::COLUMNS[at]))
        .collect();
    let rows = items.into_iter().map(|item| {
        let cells = item.row();
        debug_assert_eq!(
            cells.len(),
            T::COLUMNS.len(),
            "{}: one cell a column",
            T::SCHEMA
        );
        shown
            .iter()
            .filter_map(|&at| cells.get(at).cloned())
            .collect()
    });
    lay_out(&columns, &rows.collect::<Vec<_>>(), view)
}

/// The head of one column.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub(super) text: String,
    pub(super) right: bool,
}

impl Heading {
    pub(super) fn of(column: &Column) -> Self {
        Self {
            text: column.heading(),
            right: column.right,
        }
    }

    /// The heading of a path that `--fields` asks for.
    pub(super) fn named<T: Item>(path: &str) -> Self {
        match T::COLUMNS.iter().find(|column| column.key == path) {
            Some(column) => Self::of(column),
            None => Self {
                text: path.replace(['_', '.'], " ").to_uppercase(),
                right: false,
            },
        }
    }
}

/// Lays out rows of cells under their headings.
pub(super) fn lay_out(columns: &[Heading], rows: &[Vec<Cell>], view: &View) -> String {
    if columns.is_empty() || (rows.is_empty() && !view.headers) {
        return String::new();
    }
    let texts: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.show(view)).collect())
        .collect();
    let widths = column_widths(columns, &texts, view);

    let mut table = Table::new();
    let style = TableStyle::new();
    table.load_style(if view.terminal {
        style.header_separator(RULE)
    } else {
        style
    });
    table.set_content_arrangement(ContentArrangement::Disabled);
    if view.palette.is_colored() {
        table.enforce_styling().style_text_only();
    } else {
        table.force_no_tty();
    }
    if view.headers {
        table.set_header(columns.iter().zip(&widths).map(|(column, &width)| {
            TableCell::new(truncate(&column.text, width)).add_attribute(Attribute::Bold)
        }));
    }
    for (row, texts) in rows.iter().zip(&texts) {
        table.add_row(Row::from(row.iter().zip(texts).zip(&widths).map(
            |((cell, text), &width)| {
                let shown = TableCell::new(truncate(text, width));
                match cell.shown_role() {
                    Some(role) => role.apply(shown),
                    None => shown,
                }
            },
        )));
    }
    for (at, column) in columns.iter().enumerate() {
        if let Some(laid) = table.column_mut(at) {
            let gap = if at + 1 < columns.len() { GAP } else { 0 };
            laid.set_padding((0, u16::try_from(gap).unwrap_or_default()));
            laid.set_cell_alignment(if column.right {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            });
        }
    }
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The width of each column: what its texts need, and on a terminal no more than fits, taken from
/// the widest.
fn column_widths(columns: &[Heading], texts: &[Vec<String>], view: &View) -> Vec<usize> {
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let heading = if view.headers {
                super::text::width_of(&column.text)
            } else {
                0
            };
            texts
                .iter()
                .filter_map(|row| row.get(at))
                .map(|text| super::text::width_of(text))
                .fold(heading, usize::max)
        })
        .collect();
    if view.terminal {
        shrink(&mut widths, columns, view.width);
    }
    widths
}

/// Makes columns narrower until a line fits: the widest text first, numbers only when no text is
/// left to cut, because a cut number is a wrong number.
fn shrink(widths: &mut [usize], columns: &[Heading], line_width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > line_width {
        let widest = |right: bool| {
            (0..widths.len())
                .filter(|&at| columns[at].right == right && widths[at] > COLUMN_WIDTH_MIN)
                .max_by_key(|&at| widths[at])
        };
        let Some(at) = widest(false).or_else(|| widest(true)) else {
            return;
        };
        widths[at] -= 1;
    }
}
