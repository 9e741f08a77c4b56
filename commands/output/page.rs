//! One object laid out for people: labelled lines, tables, sentences.

use std::fmt::Write as _;

use super::cell::{Cell, View};
use super::color::Role;
use super::item::Item;
use super::table;
use super::text::{escape_controls_but_lines, width_of};

/// Collects the parts of a page, in order.
#[derive(Debug)]
pub(crate) struct Page {
    view: View,
    text: String,
    /// Labelled lines that wait for their neighbours, so that the values align.
    fields: Vec<(String, Cell)>,
}

impl Page {
    pub(super) fn new(view: View) -> Self {
        Self {
            view,
            text: String::new(),
            fields: Vec::new(),
        }
    }

    /// How values are shown here.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Adds a labelled line; neighbours are aligned.
    pub(crate) fn field(&mut self, label: &str, value: impl Into<Cell>) -> &mut Self {
        self.fields.push((label.to_owned(), value.into()));
        self
    }

    /// Adds a heading over what follows, after an empty line.
    pub(crate) fn heading(&mut self, heading: &str) -> &mut Self {
        self.gap();
        let painted = self.view.palette.paint(Role::Heading, heading);
        self.push_line(&painted);
        self
    }

    /// Adds a line, or several, of one's own wording.
    pub(crate) fn line(&mut self, text: &str) -> &mut Self {
        self.flush_fields();
        let safe = escape_controls_but_lines(text);
        self.push_line(&safe);
        self
    }

    /// Adds a line whose parts are coloured by their meaning.
    pub(crate) fn painted(&mut self, parts: &[(Option<Role>, &str)]) -> &mut Self {
        self.flush_fields();
        let mut line = String::new();
        for (role, text) in parts {
            let safe = escape_controls_but_lines(text);
            line.push_str(&role.map_or(safe.clone(), |role| self.view.palette.paint(role, &safe)));
        }
        self.push_line(&line);
        self
    }

    /// Adds a table of other objects.
    pub(crate) fn table<T: Item>(&mut self, items: &[T]) -> &mut Self {
        self.flush_fields();
        self.text.push_str(&table::of_items(items, &self.view));
        self
    }

    /// Adds an empty line, unless the page has only begun.
    pub(crate) fn gap(&mut self) -> &mut Self {
        self.flush_fields();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }

    pub(super) fn finish(mut self) -> String {
        self.flush_fields();
        self.text
    }

    fn push_line(&mut self, line: &str) {
        self.text.push_str(line.trim_end_matches('\n'));
        self.text.push('\n');
    }

    fn flush_fields(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let widest = fields
            .iter()
            .map(|(label, _)| width_of(label))
            .max()
            .unwrap_or(0);
        for (label, cell) in fields {
            let gap = widest - width_of(&label) + 2;
            let label = self.view.palette.paint(Role::Dim, &label);
            let _ = writeln!(self.text, "{label}{:gap$}{}", "", cell.paint(&self.view));
        }
    }
}
