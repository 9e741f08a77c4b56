//! Lists that are looked through: filtered, sorted, with columns that are chosen. Topics, groups,
//! clients and events are one each.
//!
//! Only the rows on the screen are built. Invariant: what is chosen stays chosen when it moves.

use std::borrow::Cow;
use std::cmp::Ordering;

use client::snapshot::Section;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::filter::Filter;
use super::list::List;
use super::table::{self, Cell, Column, Rows};
use super::{frame, pane};
use crate::effect::Effect;
use crate::keymap::{Binding, Command};
use crate::overlay::choose::Choose;
use crate::overlay::prompt::Prompt;
use crate::state::State;
use crate::theme::Role;

/// The keys of every list: a view puts them into its own table.
pub(crate) const FILTER: Binding = Binding::new(
    Command::Filter,
    "filter",
    &["/"],
    "filter: a regular expression, !without, ~fuzzy",
)
.footer("filter");
/// Chooses the column to sort by.
pub(crate) const SORT: Binding = Binding::new(
    Command::Sort,
    "sort",
    &["S"],
    "sort by a column; the same again reverses",
)
.footer("sort");
/// Shows the columns that are otherwise left out.
pub(crate) const WIDE: Binding =
    Binding::new(Command::Wide, "wide", &["w"], "all columns, and back").footer("wide");
/// Chooses the columns.
pub(crate) const COLUMNS: Binding =
    Binding::new(Command::Columns, "columns", &["C"], "choose the columns");

/// A column of a list of `T`: how it looks, what it holds, how it sorts.
pub(crate) struct Field<T: 'static> {
    pub(crate) shape: Column,
    /// Whether it is only shown when all are.
    pub(crate) is_wide_only: bool,
    /// Whether the largest comes first.
    pub(crate) is_descending: bool,
    /// What it is sorted by; `None`: nothing is known, which comes last either way.
    pub(crate) key: fn(&T) -> Option<Key<'_>>,
    /// What stands in it.
    pub(crate) cell: fn(&State, &T) -> Cell,
}

/// What a column is sorted by.
#[derive(Debug, Clone)]
pub(crate) enum Key<'a> {
    Number(f64),
    Text(Cow<'a, str>),
}

impl Key<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl<T> Field<T> {
    /// A column of words, sorted from A to Z.
    pub(crate) const fn text(
        shape: Column,
        key: fn(&T) -> Option<Key<'_>>,
        cell: fn(&State, &T) -> Cell,
    ) -> Self {
        Self {
            shape,
            is_wide_only: false,
            is_descending: false,
            key,
            cell,
        }
    }

    /// A column of which the largest comes first.
    pub(crate) const fn number(
        shape: Column,
        key: fn(&T) -> Option<Key<'_>>,
        cell: fn(&State, &T) -> Cell,
    ) -> Self {
        Self {
            is_descending: true,
            ..Self::text(shape, key, cell)
        }
    }

    /// The same, only shown when all columns are.
    pub(crate) const fn wide(self) -> Self {
        Self {
            is_wide_only: true,
            ..self
        }
    }
}

/// A list that can be looked through.
pub(crate) trait Catalog: 'static {
    /// What a row shows.
    type Item: 'static;
    /// What the rows are called: `topics`.
    const WHAT: &'static str;
    /// Its columns; the first is what a row is called and cannot be left out.
    const FIELDS: &'static [Field<Self::Item>];

    /// What it remembers.
    fn browser(state: &State) -> &Browser;
    /// What it remembers, to be changed.
    fn browser_mut(state: &mut State) -> &mut Browser;
    /// All that could be shown.
    fn items(state: &State) -> &[Self::Item];
    /// What tells an item from all others, and stays when it changes.
    fn id(item: &Self::Item) -> Cow<'_, str>;
    /// What the filter looks at.
    fn searched(item: &Self::Item) -> Cow<'_, str> {
        Self::id(item)
    }
    /// Whether it is left out whatever the filter says.
    fn is_left_out(_state: &State, _item: &Self::Item) -> bool {
        false
    }
    /// How many rows are on the screen.
    fn height(state: &State) -> usize {
        let around = if frame::is_basic(state) { 0 } else { 2 };
        table::rows_in(frame::body_height(state).saturating_sub(around))
    }
}

/// What a list remembers.
#[derive(Debug, Default)]
pub struct Browser {
    /// Where one is among the rows.
    pub list: List,
    /// Which items are shown.
    pub filter: Filter,
    /// The column that is sorted by, and whether the other way round.
    sort: (usize, bool),
    is_wide: bool,
    /// Columns that are not shown.
    hidden: Vec<usize>,
    /// The items that are shown, as places among all.
    rows: Vec<usize>,
    /// What is chosen.
    chosen: Option<String>,
    /// Whether being on the first row means "the newest", not the item that is there.
    stays_first: bool,
}

impl Browser {
    /// One whose last item comes first, as of events. Who is on the first row stays there.
    pub(crate) fn last_first() -> Self {
        Self {
            sort: (0, true),
            stays_first: true,
            ..Self::default()
        }
    }

    /// How many items are shown.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }
}

/// The item of a row.
pub(crate) fn at_row<C: Catalog>(state: &State, row: usize) -> Option<&C::Item> {
    C::items(state).get(*C::browser(state).rows.get(row)?)
}

/// The chosen item.
pub(crate) fn chosen<C: Catalog>(state: &State) -> Option<&C::Item> {
    at_row::<C>(state, C::browser(state).list.at)
}

/// The items whose rows are on the screen.
pub(crate) fn visible<C: Catalog>(state: &State) -> impl Iterator<Item = &C::Item> {
    let browser = C::browser(state);
    let height = C::height(state);
    let top = browser.list.first_shown(browser.rows.len(), height);
    let rows = (top..browser.rows.len()).take(height);
    rows.filter_map(|row| at_row::<C>(state, row))
}

/// Filters and sorts; what is chosen stays chosen.
pub(crate) fn refresh<C: Catalog>(state: &mut State) {
    let all = C::items(state);
    let browser = C::browser(state);
    let is_shown =
        |item: &C::Item| !C::is_left_out(state, item) && browser.filter.matches(&C::searched(item));
    let mut rows: Vec<usize> = (0..all.len())
        .filter(|at| all.get(*at).is_some_and(is_shown))
        .collect();
    let (column, is_reversed) = browser.sort;
    sort::<C>(all, &mut rows, column, is_reversed);
    let at = browser.chosen.as_deref().and_then(|kept| {
        let is_it = |row: &usize| all.get(*row).is_some_and(|item| C::id(item) == kept);
        rows.iter().position(is_it)
    });
    let height = C::height(state);
    let browser = C::browser_mut(state);
    browser.rows = rows;
    if let Some(at) = at {
        browser.list.at = at;
    }
    let len = browser.rows.len();
    browser.list.clamp(len, height);
    remember::<C>(state);
}

fn sort<C: Catalog>(all: &[C::Item], rows: &mut [usize], column: usize, is_reversed: bool) {
    // They come sorted by the first column.
    if column == 0 {
        if is_reversed {
            rows.reverse();
        }
        return;
    }
    let Some(field) = C::FIELDS.get(column) else {
        return;
    };
    let is_descending = field.is_descending != is_reversed;
    let key = |row: &usize| all.get(*row).and_then(field.key);
    rows.sort_by(|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) if is_descending => b.compare(&a),
        (Some(a), Some(b)) => a.compare(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
}

/// Notes what is chosen.
fn remember<C: Catalog>(state: &mut State) {
    let browser = C::browser(state);
    if browser.stays_first && browser.list.at == 0 {
        C::browser_mut(state).chosen = None;
        return;
    }
    let id = chosen::<C>(state).map(|item| C::id(item).into_owned());
    if id.is_some() {
        C::browser_mut(state).chosen = id;
    }
}

/// Sets the filter.
pub(crate) fn set_filter<C: Catalog>(state: &mut State, text: &str) {
    C::browser_mut(state).filter = Filter::new(text);
    refresh::<C>(state);
}

/// Does what a key asks of a list; `None`: not a matter of lists.
pub(crate) fn run<C: Catalog>(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Filter => state.overlay = Some(Box::new(filter_prompt::<C>(state))),
        // Out of the past and of the large pane first, as everywhere.
        Command::Back if C::browser(state).filter.is_some() && !state.is_expanded => {
            set_filter::<C>(state, "");
        }
        Command::Sort => state.overlay = Some(Box::new(sort_choice::<C>(state))),
        Command::Columns => state.overlay = Some(Box::new(column_choice::<C>(state))),
        Command::Wide => {
            let browser = C::browser_mut(state);
            browser.is_wide = !browser.is_wide;
        }
        command => {
            let height = C::height(state);
            let browser = C::browser_mut(state);
            let len = browser.rows.len();
            if !browser.list.step(command, len, height) {
                return None;
            }
            remember::<C>(state);
        }
    }
    Some(Vec::new())
}

fn filter_prompt<C: Catalog>(state: &State) -> Prompt {
    Prompt::new(
        "/",
        "a regular expression; !without, ~fuzzy",
        C::browser(state).filter.text(),
        set_filter::<C>,
        |_, _| Vec::new(),
    )
}

fn sort_choice<C: Catalog>(state: &State) -> Choose {
    let (sorted, _) = C::browser(state).sort;
    let items = C::FIELDS
        .iter()
        .enumerate()
        .map(|(at, field)| (field.shape.title.to_owned(), at == sorted))
        .collect();
    Choose::one("Sort by", items, |state, at| {
        let sort = &mut C::browser_mut(state).sort;
        let (before, is_reversed) = *sort;
        *sort = (at, at == before && !is_reversed);
        refresh::<C>(state);
    })
}

fn column_choice<C: Catalog>(state: &State) -> Choose {
    let hidden = &C::browser(state).hidden;
    let items = C::FIELDS
        .iter()
        .enumerate()
        .skip(1)
        .map(|(at, field)| (field.shape.title.to_owned(), !hidden.contains(&at)))
        .collect();
    Choose::many("Columns", items, |state, at| {
        let (column, hidden) = (at + 1, &mut C::browser_mut(state).hidden);
        match hidden.iter().position(|known| *known == column) {
            Some(place) => drop(hidden.remove(place)),
            None => hidden.push(column),
        }
    })
}

/// The list's title: how many there are, what is left out, how it is sorted.
pub(crate) fn title<C: Catalog, T>(state: &State, name: &str, section: &Section<T>) -> String {
    let browser = C::browser(state);
    let (all, rows) = (C::items(state).len(), browser.rows.len());
    let mut title = match section.value {
        None => name.to_owned(),
        Some(_) if rows == all => format!("{name} ({all})"),
        Some(_) => format!("{name} ({rows} of {all})"),
    };
    title = pane::title_of(state, &title, section);
    if browser.filter.is_some() {
        title.push_str(&format!(" · /{}", browser.filter.text()));
    }
    if let Some(error) = browser.filter.error() {
        title.push_str(&format!(" ! {error}"));
    }
    let (column, is_reversed) = browser.sort;
    if let Some(field) = C::FIELDS.get(column) {
        let arrow = if field.is_descending == is_reversed {
            "▲"
        } else {
            "▼"
        };
        title.push_str(&format!(" · by {} {arrow}", field.shape.title));
    }
    title
}

/// Draws the rows into the room of a box, or says why there are none; `nothing` says so where
/// everything was read and no filter is at work.
pub(crate) fn draw<C: Catalog, T>(
    state: &State,
    frame: &mut Frame<'_>,
    inner: Rect,
    section: &Section<T>,
    nothing: &str,
) {
    if pane::explain_missing(state, frame, inner, section, &format!("the {}", C::WHAT)) {
        return;
    }
    let browser = C::browser(state);
    if browser.rows.is_empty() {
        let words = if browser.filter.is_some() && !C::items(state).is_empty() {
            format!("none of the {} matches; esc drops the filter", C::WHAT)
        } else {
            nothing.to_owned()
        };
        pane::say(state, frame, inner, Role::Dim, &words);
        return;
    }
    let shown: Vec<&Field<C::Item>> = C::FIELDS
        .iter()
        .enumerate()
        .filter(|(at, _)| !browser.hidden.contains(at))
        .map(|(_, field)| field)
        .filter(|field| browser.is_wide || !field.is_wide_only)
        .collect();
    let shapes: Vec<Column> = shown.iter().map(|field| field.shape).collect();
    let base = pane::value_style(state, section);
    let row = |at: usize| match at_row::<C>(state, at) {
        Some(item) => shown
            .iter()
            .map(|field| (field.cell)(state, item))
            .collect(),
        None => Vec::new(),
    };
    let rows = Rows {
        list: &browser.list,
        len: browser.rows.len(),
        is_chosen: true,
    };
    table::draw(state, frame, inner, &shapes, rows, base, row);
}
