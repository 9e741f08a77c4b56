//! Objects that come one after the other without a known end: `tail`, `consume`, receipts.

use std::marker::PhantomData;

use super::data::{self, Separator};
use super::item::Item;
use super::{Format, Output, fields};
use crate::error::CommandError;

/// Writes objects as they come, each complete when the call returns.
///
/// `json` becomes `jsonl` here, with a note. If the command fails before [`finish`](Self::finish), the
/// last line of a JSON stream is an error object, so that a reader can tell an end from a death.
#[derive(Debug)]
pub(crate) struct Stream<T> {
    out: Output,
    written: usize,
    item: PhantomData<fn(&T)>,
}

impl<T: Item> Stream<T> {
    pub(super) fn new(out: Output) -> Self {
        let format = out.options().format;
        if format == Format::Json {
            out.note("a stream is written as jsonl: one object a line");
        }
        out.set_json_stream_open(matches!(format, Format::Json | Format::Jsonl));
        Self {
            out,
            written: 0,
            item: PhantomData,
        }
    }

    /// Writes one object and hands it to the reader at once.
    pub(crate) fn push(&mut self, item: &T) -> Result<(), CommandError> {
        self.push_all(std::slice::from_ref(item))
    }

    /// Writes several that came together; handed on once. Stops at `--limit`.
    pub(crate) fn push_all(&mut self, items: &[T]) -> Result<(), CommandError> {
        let mut bytes = Vec::new();
        for item in items {
            if self.is_full() {
                break;
            }
            self.append(item, &mut bytes)?;
            self.written += 1;
        }
        self.out.write_result(&bytes)
    }

    /// Whether `--limit` objects have been written.
    pub(crate) fn is_full(&self) -> bool {
        self.out
            .options()
            .limit
            .is_some_and(|limit| self.written >= limit)
    }

    /// How many objects have been written.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// The stream has come to its proper end.
    pub(crate) fn finish(self) {
        self.out.set_json_stream_open(false);
    }

    fn append(&self, item: &T, bytes: &mut Vec<u8>) -> Result<(), CommandError> {
        let options = self.out.options();
        let first = self.written == 0;
        if let Some(format) = &options.message_format {
            return super::append_message(item, format, options.stdout.is_terminal, bytes);
        }
        let wanted = &options.fields;
        let needs_json = !wanted.is_empty() || options.format.wants_json_errors();
        let value = if needs_json {
            Some(data::value_of(item)?)
        } else {
            None
        };
        if let Some(value) = value.as_ref().filter(|_| first) {
            let keys: Vec<_> = T::COLUMNS.iter().map(|column| column.key).collect();
            fields::check(wanted.iter().map(String::as_str), &[value], &keys)?;
        }
        let view = self.out.view();
        match options.format {
            Format::Json | Format::Jsonl | Format::Yaml => {
                let shaped = data::shaped(&value.unwrap_or_default(), wanted, options.int_strings);
                if options.format == Format::Yaml {
                    bytes.extend_from_slice(b"---\n");
                    bytes.extend_from_slice(data::yaml_text(&shaped)?.as_bytes());
                } else {
                    bytes.extend_from_slice(data::json_text(&shaped, false).as_bytes());
                }
            }
            Format::Csv | Format::Tsv => {
                let separator = if options.format == Format::Csv {
                    Separator::Comma
                } else {
                    Separator::Tab
                };
                if first && options.headers {
                    bytes.extend(data::separated_line(
                        &data::column_names::<T>(wanted),
                        separator,
                    )?);
                }
                let row = data::data_row(&data::cells(item, value.as_ref(), wanted), view);
                bytes.extend(data::separated_line(&row, separator)?);
            }
            Format::Name => bytes.extend_from_slice(super::name_line(item).as_bytes()),
            Format::None => {}
            Format::Table | Format::Wide => {
                let line = if wanted.is_empty() {
                    item.line(&view)
                } else {
                    let cells = data::cells(item, value.as_ref(), wanted);
                    cells
                        .iter()
                        .map(|cell| cell.paint(&view))
                        .collect::<Vec<_>>()
                        .join("  ")
                };
                bytes.extend_from_slice(line.as_bytes());
                bytes.push(b'\n');
            }
        }
        Ok(())
    }
}
