//! What the global flags, the environment and the terminal say about output.

use super::cell::View;
use super::color::Palette;
use super::fields::SortKey;
use super::message_format::MessageFormat;
use super::units::{TimeFormat, Units};

/// The formats of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people
    #[default]
    Table,
    /// The same with all columns
    Wide,
    /// One document with an envelope
    Json,
    /// One object a line
    Jsonl,
    /// The document of json as YAML
    Yaml,
    /// Comma-separated values
    Csv,
    /// Tab-separated values
    Tsv,
    /// Names alone, one a line
    Name,
    /// Nothing
    None,
}

impl Format {
    /// Whether errors are written as JSON too.
    pub(crate) fn wants_json_errors(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }
}

/// What is known of one of the two output streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) is_terminal: bool,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) palette: Palette,
}

impl Terminal {
    /// A pipe or a file: no colour, no width.
    pub(crate) const PIPE: Self = Self {
        is_terminal: false,
        width: usize::MAX,
        height: usize::MAX,
        palette: Palette::PLAIN,
    };
}

/// Everything that decides the look of the output.
#[derive(Debug, Clone)]
pub(crate) struct OutputOptions {
    pub(crate) format: Format,
    pub(crate) message_format: Option<MessageFormat>,
    /// The paths of `--fields`; empty for all.
    pub(crate) fields: Vec<String>,
    pub(crate) sort: Vec<SortKey>,
    pub(crate) limit: Option<usize>,
    pub(crate) headers: bool,
    pub(crate) quiet: bool,
    pub(crate) int_strings: bool,
    /// As asked for; without it, relative on a terminal and RFC 3339 elsewhere.
    pub(crate) time: Option<TimeFormat>,
    /// As asked for; without it, with units on a terminal and raw elsewhere.
    pub(crate) units: Option<Units>,
    pub(crate) stdout: Terminal,
    pub(crate) stderr: Terminal,
    /// The pager's command; none for no pager.
    pub(crate) pager: Option<String>,
    /// Whether `CI` is set: progress becomes a plain line now and then.
    pub(crate) ci: bool,
}

impl Default for OutputOptions {
    /// As into pipes, with no flag given.
    fn default() -> Self {
        Self {
            format: Format::Table,
            message_format: None,
            fields: Vec::new(),
            sort: Vec::new(),
            limit: None,
            headers: true,
            quiet: false,
            int_strings: false,
            time: None,
            units: None,
            stdout: Terminal::PIPE,
            stderr: Terminal::PIPE,
            pager: None,
            ci: false,
        }
    }
}

impl OutputOptions {
    /// How values are shown on stdout at this moment.
    pub(super) fn view(&self, now_ms: i64) -> View {
        let terminal = self.stdout.is_terminal;
        View {
            palette: self.stdout.palette,
            terminal,
            width: self.stdout.width,
            wide: self.format == Format::Wide,
            headers: self.headers,
            time: self.time.unwrap_or(if terminal {
                TimeFormat::Relative
            } else {
                TimeFormat::Rfc3339
            }),
            units: self
                .units
                .unwrap_or(if terminal { Units::Auto } else { Units::Raw }),
            now_ms,
        }
    }
}
