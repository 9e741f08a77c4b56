//! What the process's three streams are: terminals or not, how wide, in colour or not.

use std::io::{IsTerminal as _, stderr, stdin, stdout};
use std::os::fd::AsFd;

use crate::config::Config;
use crate::error::CommandError;
use crate::globals::Globals;
use crate::output::color::{self, ColorEnvironment, ColorWhen};
use crate::output::fields::{self, SortKey};
use crate::output::message_format::MessageFormat;
use crate::output::{OutputOptions, Terminal};

/// The size of a terminal that does not tell.
const WIDTH_DEFAULT: usize = 80;
const HEIGHT_DEFAULT: usize = 24;

/// Whether a question would be seen and could be answered.
pub(crate) fn can_ask() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Whether somebody would have to type what a command reads from stdin.
pub(crate) fn stdin_is_terminal() -> bool {
    stdin().is_terminal()
}

/// The look of the output of this process, from flags, settings and its streams.
///
/// # Errors
/// `format_invalid` for a `-F` that cannot be read.
pub(crate) fn output_options(
    globals: &Globals,
    config: &Config,
) -> Result<OutputOptions, CommandError> {
    let out = terminal(&stdout(), stdout().is_terminal(), config);
    let err = terminal(&stderr(), stderr().is_terminal(), config);
    options_for(globals, config, out, err)
}

/// The same for any two streams.
pub(crate) fn options_for(
    globals: &Globals,
    config: &Config,
    stdout: Terminal,
    stderr: Terminal,
) -> Result<OutputOptions, CommandError> {
    let ci = config.environment().is_on("CI");
    let pager = config.get("output.pager").value;
    let fields = globals.fields.as_deref().unwrap_or_default();
    Ok(OutputOptions {
        format: config.word("output.format").unwrap_or_default(),
        message_format: globals
            .format
            .as_deref()
            .map(MessageFormat::parse)
            .transpose()?,
        fields: fields::split_list(fields).map(str::to_owned).collect(),
        sort: globals
            .sort
            .as_deref()
            .map(SortKey::parse_list)
            .unwrap_or_default(),
        limit: globals.limit,
        headers: config.switch("output.headers"),
        quiet: config.switch("output.quiet"),
        int_strings: config.switch("output.int_strings"),
        time: config.word("output.time"),
        units: config.word("output.units"),
        stdout,
        stderr,
        pager: (!pager.is_empty() && !ci).then_some(pager),
        ci,
    })
}

fn terminal(stream: &impl AsFd, is_terminal: bool, config: &Config) -> Terminal {
    let environment = config.environment();
    let told = match config.find("output.color") {
        Some(found) if !matches!(found.origin, crate::config::Origin::File { .. }) => {
            config.word("output.color").unwrap_or_default()
        }
        _ => ColorWhen::Auto,
    };
    let in_file = config.in_files("output.color");
    let in_file = in_file
        .and_then(|word| clap::ValueEnum::from_str(&word, false).ok())
        .unwrap_or_default();
    let colors = ColorEnvironment {
        no_color: environment.get("NO_COLOR").is_some(),
        force: environment.is_on("CLICOLOR_FORCE"),
        dumb: environment.get("TERM") == Some("dumb"),
    };
    let palette = color::palette(told, colors, in_file, is_terminal);
    if !is_terminal {
        return Terminal {
            palette,
            ..Terminal::PIPE
        };
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    let or_default =
        |size: Option<u16>, default| size.filter(|&size| size > 0).map_or(default, usize::from);
    Terminal {
        is_terminal,
        width: or_default(size.map(|size| size.ws_col), WIDTH_DEFAULT),
        height: or_default(size.map(|size| size.ws_row), HEIGHT_DEFAULT),
        palette,
    }
}
