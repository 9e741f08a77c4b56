//! The formats for programs: json, jsonl, yaml, csv, tsv.

use serde::Serialize;
use serde_json::{Value, json};

use super::cell::{Cell, View};
use super::fields;
use super::item::Item;
use super::text::escape_json;
use crate::error::{CommandError, Failure, codes};

/// What stands around the objects of a json or yaml document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) schema: &'a str,
    pub(super) context: Option<&'a str>,
    pub(super) warnings: &'a [String],
    pub(super) failures: &'a [Failure],
}

impl Envelope<'_> {
    /// The document of one object.
    pub(super) fn around_item(&self, item: &Value) -> Value {
        json!({"schema": self.schema, "context": self.context, "item": item, "warnings": self.warnings})
    }

    /// The document of a list.
    pub(super) fn around_items(&self, items: &[Value]) -> Value {
        let mut document = json!({
            "schema": self.schema,
            "context": self.context,
            "items": items,
            "warnings": self.warnings,
            "partial": !self.failures.is_empty(),
        });
        if !self.failures.is_empty() {
            document["failures"] = self.failures.iter().map(|failure| json!(failure)).collect();
        }
        document
    }
}

/// The JSON form of an object, reduced to the fields asked for.
pub(super) fn value_of<T: Serialize>(item: &T) -> Result<Value, CommandError> {
    serde_json::to_value(item).map_err(|error| not_writable(&error))
}

/// An object as it is written: only the fields asked for, integers as strings where asked for.
pub(super) fn shaped(value: &Value, wanted: &[String], int_strings: bool) -> Value {
    let mut shaped = if wanted.is_empty() {
        value.clone()
    } else {
        fields::pick(value, wanted)
    };
    if int_strings {
        fields::integers_to_strings(&mut shaped);
    }
    shaped
}

/// A document over several lines, or on one.
pub(super) fn json_text(document: &Value, pretty: bool) -> String {
    // `{:#}` of a Value cannot fail and is the same text as the pretty printer's.
    let text = if pretty {
        format!("{document:#}")
    } else {
        document.to_string()
    };
    format!("{}\n", escape_json(&text))
}

/// A document as YAML.
pub(super) fn yaml_text(document: &Value) -> Result<String, CommandError> {
    serde_norway::to_string(document).map_err(|error| not_writable(&error))
}

fn not_writable(error: &impl std::fmt::Display) -> CommandError {
    CommandError::new(
        &codes::FAILED,
        format!("the result cannot be written in this format: {error}"),
    )
}

/// Which separated format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Comma,
    Tab,
}

/// The names of the columns that are written: the fields asked for, or all of the object's.
pub(super) fn column_names<T: Item>(wanted: &[String]) -> Vec<String> {
    if wanted.is_empty() {
        return T::COLUMNS
            .iter()
            .map(|column| column.key.to_owned())
            .collect();
    }
    wanted.to_vec()
}

/// The cells that are shown: the fields asked for, or all. `value` is the object's JSON form.
pub(super) fn cells<T: Item>(item: &T, value: Option<&Value>, wanted: &[String]) -> Vec<Cell> {
    let row = item.row();
    if wanted.is_empty() {
        return row;
    }
    wanted
        .iter()
        .map(
            |path| match T::COLUMNS.iter().position(|column| column.key == path) {
                Some(at) => row.get(at).cloned().unwrap_or_else(Cell::empty),
                None => value
                    .and_then(|value| fields::at_path(value, path))
                    .map_or_else(Cell::empty, |found| Cell::json(&found)),
            },
        )
        .collect()
}

/// One line of csv or tsv.
pub(super) fn separated_line(
    texts: &[String],
    separator: Separator,
) -> Result<Vec<u8>, CommandError> {
    match separator {
        // Tab-separated text has no quoting that tools agree on: tabs and line ends are escaped.
        Separator::Tab => {
            let escape = |text: &String| {
                text.replace('\\', "\\\\")
                    .replace('\t', "\\t")
                    .replace('\n', "\\n")
                    .replace('\r', "\\r")
            };
            let line = texts.iter().map(escape).collect::<Vec<_>>().join("\t");
            Ok(format!("{line}\n").into_bytes())
        }
        Separator::Comma => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer
                .write_record(texts)
                .map_err(|error| not_writable(&error))?;
            writer.into_inner().map_err(|error| not_writable(&error))
        }
    }
}

/// The texts of a row for csv and tsv.
pub(super) fn data_row(cells: &[Cell], view: View) -> Vec<String> {
    let view = view.for_programs();
    cells.iter().map(|cell| cell.data(&view)).collect()
}
