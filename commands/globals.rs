//! The flags that mean the same at every command.
//!
//! Invariant: what a flag says wins over the environment and every file; how they are weighed is
//! [`config`](crate::config)'s business.

use clap::{ArgAction, Args};
use clap_complete::ArgValueCandidates;

use crate::completion;
use crate::output::Format;
use crate::output::color::ColorWhen;
use crate::output::units::{TimeFormat, Units};

/// Flags accepted before and after every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Use this context or running local cluster
    #[arg(short, long, global = true, value_name = "NAME", add = ArgValueCandidates::new(completion::contexts))]
    pub(crate) context: Option<String>,

    /// Use these name servers (a:9876;b:9876)
    ///
    /// Separated by semicolons or commas; without a port it is 9876.
    #[arg(short, long, global = true, value_name = "HOST:PORT")]
    pub(crate) namesrv: Option<String>,

    /// Write as table, wide, json, yaml, csv …
    ///
    /// One of table, wide, json, jsonl, yaml, csv, tsv, name and none.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) output: Option<Format>,

    /// Write messages in this percent format (see `gantry help format`)
    #[arg(
        short = 'F',
        long,
        global = true,
        value_name = "FORMAT",
        hide_short_help = true
    )]
    pub(crate) format: Option<String>,

    /// Show only these fields of the JSON form: a,b.c
    #[arg(long, global = true, value_name = "FIELDS", hide_short_help = true)]
    pub(crate) fields: Option<String>,

    /// Sort by these fields; - in front means largest first
    #[arg(
        long,
        global = true,
        value_name = "FIELDS",
        allow_hyphen_values = true,
        hide_short_help = true
    )]
    pub(crate) sort: Option<String>,

    /// Show at most this many
    #[arg(long, global = true, value_name = "N", hide_short_help = true)]
    pub(crate) limit: Option<usize>,

    /// Leave out the line of headings
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) no_headers: bool,

    /// How to write moments
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        hide_short_help = true
    )]
    pub(crate) time: Option<TimeFormat>,

    /// How to write numbers and sizes
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        hide_short_help = true
    )]
    pub(crate) units: Option<Units>,

    /// Write integers in JSON as strings, for readers with 53-bit numbers
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) int_strings: bool,

    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        hide_short_help = true
    )]
    pub(crate) color: Option<ColorWhen>,

    /// Never use a pager
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) no_pager: bool,

    /// Leave out notes and progress on stderr; errors stay
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(crate) quiet: bool,

    /// Log to stderr: -v what is done, -vv more, -vvv everything
    #[arg(short, long, global = true, action = ArgAction::Count, hide_short_help = true)]
    pub(crate) verbose: u8,

    /// Give up a request after this time, such as 500ms or 5s
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(crate) timeout: Option<String>,

    /// Try a failed request this many times more
    #[arg(long, global = true, value_name = "N", hide_short_help = true)]
    pub(crate) retries: Option<u32>,

    /// Answer every question with yes
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(crate) yes: bool,

    /// Show what would be done and do nothing
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) dry_run: bool,

    /// Never ask; fail where a question would be needed
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) no_input: bool,
}

impl Globals {
    /// What the flags say, by the key of the setting.
    pub(crate) fn as_settings(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let mut say = |key, value: Option<String>| said.extend(value.map(|value| (key, value)));
        say("current", self.context.clone());
        say("namesrv", self.namesrv.clone());
        say("output.format", self.output.as_ref().map(word_of));
        say("output.time", self.time.as_ref().map(word_of));
        say("output.units", self.units.as_ref().map(word_of));
        say("output.color", self.color.as_ref().map(word_of));
        say(
            "output.headers",
            self.no_headers.then(|| "false".to_owned()),
        );
        say(
            "output.int_strings",
            self.int_strings.then(|| "true".to_owned()),
        );
        say("output.pager", self.no_pager.then(String::new));
        say("output.quiet", self.quiet.then(|| "true".to_owned()));
        say("request.timeout", self.timeout.clone());
        say(
            "request.retries",
            self.retries.map(|count| count.to_string()),
        );
        say("yes", self.yes.then(|| "true".to_owned()));
        say("dry_run", self.dry_run.then(|| "true".to_owned()));
        say("no_input", self.no_input.then(|| "true".to_owned()));
        said
    }
}

/// The word that stands for a value on the command line.
pub(crate) fn word_of<T: clap::ValueEnum>(value: &T) -> String {
    value
        .to_possible_value()
        .map(|word| word.get_name().to_owned())
        .unwrap_or_default()
}
