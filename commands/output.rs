//! The only place that prints: results to stdout, everything else to stderr.
//!
//! A command returns a value that implements [`Render`]; which of the formats it becomes is decided
//! here. Invariant: a reader that closes the pipe ends the command silently with exit code 0.

pub(crate) mod cell;
pub(crate) mod color;
mod data;
pub(crate) mod fields;
pub(crate) mod item;
pub(crate) mod message_format;
pub(crate) mod options;
pub(crate) mod page;
pub(crate) mod pager;
pub(crate) mod progress;
mod stream;
mod table;
pub(crate) mod text;
pub(crate) mod units;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clock::SharedClock;
use indicatif::ProgressBar;
use parking_lot::Mutex;
use serde_json::{Value, json};

pub(crate) use cell::{Cell, View};
pub(crate) use color::Role;
pub(crate) use item::{Column, Item, Listing, Partly, Render, Text};
pub(crate) use options::{Format, OutputOptions, Terminal};
pub(crate) use page::Page;
pub(crate) use stream::Stream;

use crate::error::{CommandError, codes};
use data::{Envelope, Separator};
use message_format::MessageFormat;

/// Where a command's words go. Cheap to clone; clones write to the same place.
#[derive(Clone)]
pub(crate) struct Output {
    inner: Arc<Inner>,
}

struct Inner {
    options: OutputOptions,
    clock: SharedClock,
    stdout: Mutex<Box<dyn Write + Send>>,
    stderr: Mutex<Box<dyn Write + Send>>,
    /// The context's name for the envelope, once a command has asked where to connect.
    context: Mutex<Option<String>>,
    /// Warnings given so far; a later document repeats them for programs.
    warnings: Mutex<Vec<String>>,
    /// The progress bar on the screen, which must step aside for other lines.
    bar: Mutex<Option<ProgressBar>>,
    json_stream_open: AtomicBool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Output to this process's own stdout and stderr.
    pub(crate) fn new(options: OutputOptions, clock: SharedClock) -> Self {
        Self::to(
            options,
            clock,
            Box::new(io::stdout()),
            Box::new(io::stderr()),
        )
    }

    /// Output to any two places.
    pub(crate) fn to(
        options: OutputOptions,
        clock: SharedClock,
        stdout: Box<dyn Write + Send>,
        stderr: Box<dyn Write + Send>,
    ) -> Self {
        let inner = Inner {
            options,
            clock,
            stdout: Mutex::new(stdout),
            stderr: Mutex::new(stderr),
            context: Mutex::new(None),
            warnings: Mutex::new(Vec::new()),
            bar: Mutex::new(None),
            json_stream_open: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn options(&self) -> &OutputOptions {
        &self.inner.options
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// How values are shown on stdout at this moment.
    pub(crate) fn view(&self) -> View {
        self.inner.options.view(self.inner.clock.now_ms())
    }

    /// Names the context for the envelope of json documents.
    pub(crate) fn set_context(&self, name: Option<&str>) {
        *self.inner.context.lock() = name.map(str::to_owned);
    }

    /// Shows one object.
    pub(crate) fn item<T: Item>(&self, item: &T) -> Result<(), CommandError> {
        let options = self.options();
        if let Some(format) = &options.message_format {
            let mut bytes = Vec::new();
            append_message(item, format, options.stdout.is_terminal, &mut bytes)?;
            return self.write_result(&bytes);
        }
        let value = data::value_of(item)?;
        self.check_fields::<T>(&[&value])?;
        let view = self.view();
        let wanted = &options.fields;
        let text = match options.format {
            Format::Json | Format::Yaml => {
                let shaped = data::shaped(&value, wanted, options.int_strings);
                self.document(|envelope| envelope.around_item(&shaped), T::SCHEMA, &[])?
            }
            Format::Jsonl => {
                data::json_text(&data::shaped(&value, wanted, options.int_strings), false)
            }
            Format::Csv | Format::Tsv | Format::Name | Format::None => {
                return self.write_rows(&[(item, Some(value))]);
            }
            Format::Table | Format::Wide if wanted.is_empty() => {
                let mut page = Page::new(view);
                item.page(&mut page);
                page.finish()
            }
            Format::Table | Format::Wide => {
                let mut page = Page::new(view);
                for (name, cell) in wanted.iter().zip(data::cells(item, Some(&value), wanted)) {
                    page.field(name, cell);
                }
                page.finish()
            }
        };
        self.write_paged(&text)
    }

    /// Shows a list: sorted, limited and reduced as the flags say.
    pub(crate) fn list<T: Item>(&self, list: &Listing<T>) -> Result<(), CommandError> {
        let options = self.options();
        let needs_json = !options.fields.is_empty()
            || !options.sort.is_empty()
            || options.format.wants_json_errors();
        let mut rows = Vec::with_capacity(list.items.len());
        for item in &list.items {
            rows.push((
                item,
                if needs_json {
                    Some(data::value_of(item)?)
                } else {
                    None
                },
            ));
        }
        if needs_json {
            self.check_fields::<T>(
                &rows
                    .iter()
                    .filter_map(|row| row.1.as_ref())
                    .collect::<Vec<_>>(),
            )?;
        }
        if !options.sort.is_empty() {
            fields::sort_by(&mut rows, &options.sort, |row| {
                row.1.as_ref().unwrap_or(&Value::Null)
            });
        }
        let found = rows.len();
        rows.truncate(options.limit.unwrap_or(usize::MAX));
        self.write_list(list, &rows)?;
        if rows.len() < found {
            self.note(&format!("{} of {found} shown", rows.len()));
        }
        Ok(())
    }

    fn write_list<T: Item>(
        &self,
        list: &Listing<T>,
        rows: &[(&T, Option<Value>)],
    ) -> Result<(), CommandError> {
        let options = self.options();
        let wanted = &options.fields;
        if let Some(format) = &options.message_format {
            let mut bytes = Vec::new();
            for (item, _) in rows {
                append_message(*item, format, options.stdout.is_terminal, &mut bytes)?;
            }
            return self.write_result(&bytes);
        }
        match options.format {
            Format::Json | Format::Yaml => {
                let values = rows.iter().filter_map(|row| row.1.as_ref());
                let shaped: Vec<_> = values
                    .map(|value| data::shaped(value, wanted, options.int_strings))
                    .collect();
                let text = self.document(
                    |envelope| envelope.around_items(&shaped),
                    T::SCHEMA,
                    &list.failures,
                )?;
                self.write_paged(&text)
            }
            Format::Jsonl => {
                let values = rows.iter().filter_map(|row| row.1.as_ref());
                let lines: String = values
                    .map(|value| {
                        data::json_text(&data::shaped(value, wanted, options.int_strings), false)
                    })
                    .collect();
                self.write_result(lines.as_bytes())
            }
            Format::Csv | Format::Tsv | Format::Name | Format::None => self.write_rows(rows),
            Format::Table | Format::Wide => {
                if rows.is_empty() {
                    self.note(list.when_empty.as_deref().unwrap_or("nothing to list"));
                    return Ok(());
                }
                let view = self.view();
                let mut text = if wanted.is_empty() {
                    table::of_items(rows.iter().map(|row| row.0), &view)
                } else {
                    let headings: Vec<_> = wanted
                        .iter()
                        .map(|path| table::Heading::named::<T>(path))
                        .collect();
                    let cells: Vec<_> = rows
                        .iter()
                        .map(|(item, value)| data::cells(*item, value.as_ref(), wanted))
                        .collect();
                    table::lay_out(&headings, &cells, &view)
                };
                if let Some(summary) = &list.summary {
                    text.push_str(&format!("{}\n", text::escape_controls(summary)));
                }
                self.write_paged(&text)
            }
        }
    }

    /// csv, tsv, name and none: line by line.
    fn write_rows<T: Item>(&self, rows: &[(&T, Option<Value>)]) -> Result<(), CommandError> {
        let options = self.options();
        let mut bytes = Vec::new();
        match options.format {
            Format::None => return Ok(()),
            Format::Name => {
                for (item, _) in rows {
                    bytes.extend_from_slice(name_line(*item).as_bytes());
                }
            }
            format => {
                let separator = if format == Format::Csv {
                    Separator::Comma
                } else {
                    Separator::Tab
                };
                if options.headers {
                    let names = data::column_names::<T>(&options.fields);
                    bytes.extend(data::separated_line(&names, separator)?);
                }
                for (item, value) in rows {
                    let cells = data::cells(*item, value.as_ref(), &options.fields);
                    bytes.extend(data::separated_line(
                        &data::data_row(&cells, self.view()),
                        separator,
                    )?);
                }
            }
        }
        self.write_result(&bytes)
    }

    /// Begins to show objects that come one after the other.
    pub(crate) fn stream<T: Item>(&self) -> Stream<T> {
        Stream::new(self.clone())
    }

    /// Shows text that is the same in every format.
    pub(crate) fn text(&self, text: &str) -> Result<(), CommandError> {
        self.write_paged(text)
    }

    /// A remark on stderr, silenced by `-q`.
    pub(crate) fn note(&self, text: &str) {
        if !self.options().quiet {
            self.write_aside(&format!("{}\n", text::escape_controls_but_lines(text)));
        }
    }

    /// A warning on stderr; a json document that follows holds it too.
    pub(crate) fn warn(&self, text: &str) {
        self.inner.warnings.lock().push(text.to_owned());
        let label = self.options().stderr.palette.paint(Role::Warn, "warning:");
        self.write_aside(&format!(
            "{label} {}\n",
            text::escape_controls_but_lines(text)
        ));
    }

    /// What the parser of the command line has to say, on stderr.
    pub(crate) fn words_of_parser(&self, text: &clap::builder::StyledStr) {
        if self.options().stderr.palette.is_colored() {
            self.write_aside(&text.ansi().to_string());
        } else {
            self.write_aside(&text.to_string());
        }
    }

    /// Lines of the log, on stderr, as they are.
    pub(crate) fn log_lines(&self, text: &str) {
        self.write_aside(text);
    }

    /// A question on stderr, which the cursor stays behind.
    pub(crate) fn prompt(&self, question: &str) {
        self.write_aside(&text::escape_controls(question));
    }

    /// Tells the user of an error, in the form that the format asks for.
    pub(crate) fn report(&self, error: &CommandError) {
        if error.is_silent() {
            return;
        }
        let options = self.options();
        if self.inner.json_stream_open.swap(false, Ordering::Relaxed) {
            let last =
                json!({"type": "error", "code": error.code().name, "message": error.message()});
            // The stream is over either way; a reader that is gone needs no last line.
            drop(self.write_result(data::json_text(&last, false).as_bytes()));
        }
        if options.format.wants_json_errors() {
            self.write_aside(&data::json_text(&error.to_json(), false));
        } else {
            self.write_aside(&error.to_text(options.stderr.palette));
        }
    }

    /// Bytes to stdout, handed on at once.
    pub(crate) fn write_result(&self, bytes: &[u8]) -> Result<(), CommandError> {
        self.beside_bar(|| {
            let mut stdout = self.inner.stdout.lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        })
        .map_err(|error| CommandError::output(&error))
    }

    /// A complete text to stdout: through the pager if it is longer than the screen.
    fn write_paged(&self, text: &str) -> Result<(), CommandError> {
        let options = self.options();
        if let Some(pager) = &options.pager
            && options.stdout.is_terminal
            && text.lines().count() >= options.stdout.height
            && pager::show(pager, text.as_bytes()).is_ok()
        {
            return Ok(());
        }
        self.write_result(text.as_bytes())
    }

    /// Words on stderr. A stderr that cannot be written to is nothing a command could complain about.
    fn write_aside(&self, text: &str) {
        self.beside_bar(|| {
            let mut stderr = self.inner.stderr.lock();
            drop(
                stderr
                    .write_all(text.as_bytes())
                    .and_then(|()| stderr.flush()),
            );
        });
    }

    fn document(
        &self,
        build: impl FnOnce(Envelope<'_>) -> Value,
        schema: &str,
        failures: &[crate::error::Failure],
    ) -> Result<String, CommandError> {
        let context = self.inner.context.lock().clone();
        let warnings = self.inner.warnings.lock().clone();
        let envelope = Envelope {
            schema,
            context: context.as_deref(),
            warnings: &warnings,
            failures,
        };
        let document = build(envelope);
        if self.options().format == Format::Yaml {
            return data::yaml_text(&document);
        }
        Ok(data::json_text(&document, true))
    }

    fn check_fields<T: Item>(&self, objects: &[&Value]) -> Result<(), CommandError> {
        let options = self.options();
        let keys: Vec<_> = T::COLUMNS.iter().map(|column| column.key).collect();
        let sort = options.sort.iter().map(|key| key.path.as_str());
        fields::check(
            options.fields.iter().map(String::as_str).chain(sort),
            objects,
            &keys,
        )
    }

    /// Runs `write` while a progress bar, if there is one, is off the screen.
    fn beside_bar<R>(&self, write: impl FnOnce() -> R) -> R {
        let bar = self.inner.bar.lock().clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn set_bar(&self, bar: Option<ProgressBar>) {
        *self.inner.bar.lock() = bar;
    }

    fn shows_progress(&self) -> bool {
        let options = self.options();
        options.stderr.is_terminal && !options.quiet && !options.ci
    }

    fn is_ci(&self) -> bool {
        self.options().ci
    }

    fn set_json_stream_open(&self, open: bool) {
        self.inner.json_stream_open.store(open, Ordering::Relaxed);
    }
}

fn name_line<T: Item>(item: &T) -> String {
    format!("{}\n", text::escape_controls(&item.name()))
}

/// `-F` for one object, which must be a message.
fn append_message<T: Item>(
    item: &T,
    format: &MessageFormat,
    terminal: bool,
    bytes: &mut Vec<u8>,
) -> Result<(), CommandError> {
    let Some(message) = item.message() else {
        return Err(CommandError::new(
            &codes::USAGE,
            "-F formats messages, and this command shows none",
        )
        .next("use -o or --fields"));
    };
    format.render(message, terminal, bytes);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
