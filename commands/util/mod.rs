//! Hidden helpers for those who build and package gantry.

use std::path::{Path, PathBuf};

use crate::completion;
use crate::error::{CommandError, codes};
use crate::output::Text;

/// Write files that packages contain
#[derive(Debug, clap::Subcommand)]
#[command(hide = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) enum Command {
    /// Write a man page for every command
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
    /// Write the completion script of every shell
    Completions {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

/// Shell and file name of each completion script, as the shells look for them.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "gantry.bash"),
    ("elvish", "gantry.elv"),
    ("fish", "gantry.fish"),
    ("powershell", "_gantry.ps1"),
    ("zsh", "_gantry"),
];

/// Writes the files; says how many.
pub(crate) fn run(command: &Command) -> Result<Text, CommandError> {
    let count = match command {
        Command::Man { folder } => write_man(folder)?,
        Command::Completions { folder } => write_completions(folder)?,
    };
    Ok(Text(format!("{count} files written\n")))
}

fn write_completions(folder: &Path) -> Result<usize, CommandError> {
    for (shell, file) in COMPLETIONS {
        write(&folder.join(file), completion::script(shell)?.as_bytes())?;
    }
    Ok(COMPLETIONS.len())
}

fn write_man(folder: &Path) -> Result<usize, CommandError> {
    let mut root = crate::cli::grammar();
    root.build();
    // `-h` leaves most of them out; a man page has room for all.
    let root = root.mut_args(|arg| arg.hide_short_help(false));
    let mut count = 0;
    write_pages(&root, "gantry", folder, &mut count)?;
    Ok(count)
}

/// The command without the flags that all share: they are described once, in gantry(1).
fn without_globals(command: &clap::Command) -> clap::Command {
    let extra = command
        .get_after_long_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let extra = format!("{extra}\n\nThe options of every command are in gantry(1).");
    let visible = command.clone().mut_args(|arg| {
        let is_hidden = arg.is_hide_set() || arg.is_global_set();
        arg.hide(is_hidden).hide_short_help(false)
    });
    visible.after_long_help(extra.trim_start().to_owned())
}

/// The page of a command and those of the commands in it.
fn write_pages(
    command: &clap::Command,
    name: &str,
    folder: &Path,
    count: &mut usize,
) -> Result<(), CommandError> {
    let man = clap_mangen::Man::new(command.clone().name(name.to_owned()));
    let mut page = Vec::new();
    man.render(&mut page).map_err(|error| {
        CommandError::new(
            &codes::FAILED,
            format!("cannot write the page of {name}: {error}"),
        )
    })?;
    write(&folder.join(format!("{name}.1")), &page)?;
    *count += 1;
    for inner in command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
    {
        let page = format!("{name}-{}", inner.get_name());
        write_pages(&without_globals(inner), &page, folder, count)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, bytes).map_err(|error| CommandError::io("write", path, &error))
}
