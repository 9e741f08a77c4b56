//! What a command gives back, and how every output format follows from it.
//!
//! A command describes its object once, as an [`Item`]: the JSON comes from serde, the table from
//! columns and a row. Invariant: no command knows which format is asked for.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::cell::{Cell, View};
use super::message_format::MessageFields;
use super::page::Page;
use crate::error::{CommandError, Failure, codes};

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The name of the JSON field it shows; also the name in csv, `--sort` and `--fields`.
    pub(crate) key: &'static str,
    header: Option<&'static str>,
    pub(crate) right: bool,
    pub(crate) wide: bool,
}

impl Column {
    /// A column of text.
    pub(crate) const fn new(key: &'static str) -> Self {
        Self {
            key,
            header: None,
            right: false,
            wide: false,
        }
    }

    /// A column of numbers, aligned to the right.
    pub(crate) const fn number(key: &'static str) -> Self {
        Self {
            key,
            header: None,
            right: true,
            wide: false,
        }
    }

    /// The same, shown in wide tables alone.
    pub(crate) const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    /// The same under another heading than the key.
    pub(crate) const fn titled(self, header: &'static str) -> Self {
        Self {
            header: Some(header),
            ..self
        }
    }

    pub(super) fn heading(&self) -> String {
        self.header.map_or_else(
            || self.key.replace(['_', '.'], " ").to_uppercase(),
            str::to_owned,
        )
    }
}

/// An object that a command shows.
pub(crate) trait Item: Serialize {
    /// `gantry.<noun>.<verb>/1`: the promise to scripts about the fields.
    const SCHEMA: &'static str;

    /// The columns, in order.
    const COLUMNS: &'static [Column];

    /// One cell a column, wide ones too.
    fn row(&self) -> Vec<Cell>;

    /// What `-o name` prints: the word that other commands accept.
    fn name(&self) -> Cow<'_, str>;

    /// One object on its own, for people. Without more, its columns as `label  value` lines.
    fn page(&self, page: &mut Page) {
        for (column, cell) in Self::COLUMNS.iter().zip(self.row()) {
            if !column.wide || page.view().wide {
                page.field(&column.key.replace(['_', '.'], " "), cell);
            }
        }
    }

    /// One object of a stream, for people: a single line. Without more, the cells.
    fn line(&self, view: &View) -> String {
        let shown = Self::COLUMNS
            .iter()
            .zip(self.row())
            .filter(|(column, _)| !column.wide || view.wide);
        shown
            .map(|(_, cell)| cell.paint(view))
            .collect::<Vec<_>>()
            .join("  ")
    }

    /// The message in it, if it is one: what `-F` formats.
    fn message(&self) -> Option<&dyn MessageFields> {
        None
    }
}

/// What a command may return to be shown.
pub(crate) trait Render {
    /// Shows it in the format asked for.
    ///
    /// # Errors
    /// When the output cannot be written, a field asked for does not exist, or some targets failed.
    fn render(&self, out: &Output) -> Result<(), CommandError>;
}

impl Render for () {
    fn render(&self, _out: &Output) -> Result<(), CommandError> {
        Ok(())
    }
}

impl<T: Item> Render for T {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        out.item(self)
    }
}

/// Plain text, the same in every format: a script, a help topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Render for Text {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        out.text(&self.0)
    }
}

/// A list of objects, with what is missing from it.
#[derive(Debug, Clone)]
pub(crate) struct Listing<T> {
    pub(super) items: Vec<T>,
    pub(super) when_empty: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) failures: Vec<Failure>,
}

impl<T: Item> Listing<T> {
    pub(crate) fn new(items: Vec<T>) -> Self {
        Self {
            items,
            when_empty: None,
            summary: None,
            failures: Vec::new(),
        }
    }

    /// What to tell people (on stderr) when there is nothing to list.
    pub(crate) fn when_empty(mut self, note: impl Into<String>) -> Self {
        self.when_empty = Some(note.into());
        self
    }

    /// A last line for people, under the table.
    pub(crate) fn summary(mut self, line: impl Into<String>) -> Self {
        self.summary = Some(line.into());
        self
    }

    /// Targets that could not be asked. With any, the list is shown as partial and the command ends
    /// with exit code 8.
    pub(crate) fn failures(mut self, failures: Vec<Failure>) -> Self {
        self.failures = failures;
        self
    }
}

impl<T: Item> Render for Listing<T> {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        out.list(self)?;
        if self.failures.is_empty() {
            return Ok(());
        }
        Err(partial(&self.failures))
    }
}

/// One object, with the targets that failed beside it: shown, and then the command ends with exit
/// code 8.
#[derive(Debug)]
pub(crate) struct Partly<T> {
    pub(crate) item: T,
    pub(crate) failures: Vec<Failure>,
}

impl<T: Item> Partly<T> {
    /// An object that nothing is missing from.
    pub(crate) fn complete(item: T) -> Self {
        Self {
            item,
            failures: Vec::new(),
        }
    }
}

impl<T: Item> Render for Partly<T> {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        out.item(&self.item)?;
        if self.failures.is_empty() {
            return Ok(());
        }
        Err(partial(&self.failures))
    }
}

/// The error of a command that some of its targets failed.
pub(crate) fn partial(failures: &[Failure]) -> CommandError {
    let texts: Vec<_> = failures
        .iter()
        .map(|failure| format!("{}: {}", failure.target, failure.message))
        .collect();
    let targets = if failures.len() == 1 {
        "1 target"
    } else {
        &format!("{} targets", failures.len())
    };
    let details: Value = failures
        .iter()
        .map(|failure| serde_json::json!({"target": failure.target, "code": failure.code, "message": failure.message}))
        .collect();
    CommandError::new(
        &codes::PARTIAL,
        format!("{targets} failed: {}", texts.join("; ")),
    )
    .detail("failures", details)
}
