//! `gantry logs`: what a detached cluster has written.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::context::{Context, DEFAULT_CLUSTER};
use crate::error::{CommandError, codes};
use crate::local::running;

/// How often the end of a followed log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How much of the log's end is searched for the last lines.
const TAIL_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Show the log of a detached cluster
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry logs
  gantry logs -f --level warn
  gantry logs staging -l 1000")]
pub(crate) struct Args {
    /// Name of the local cluster
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,

    /// How many lines to begin with
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    lines: usize,

    /// Only lines of this level or worse
    #[arg(long, value_enum, value_name = "LEVEL")]
    level: Option<Level>,
}

/// How bad a line is, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// The level that a line of the log says it has.
    fn of(line: &str) -> Option<Self> {
        line.split_whitespace().nth(1).and_then(|word| match word {
            "DEBUG" => Some(Self::Debug),
            "INFO" => Some(Self::Info),
            "WARN" => Some(Self::Warn),
            "ERROR" => Some(Self::Error),
            _ => None,
        })
    }
}

/// Shows the end of the log and, if asked to, what comes.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let path = log_path(ctx, args)?;
    let failed = |error: &io::Error| CommandError::io("read the log", &path, error);
    let mut log = File::open(&path).map_err(|error| failed(&error))?;
    let text = tail(&mut log).map_err(|error| failed(&error))?;
    let lines: Vec<&str> = text.lines().filter(|line| args.wants(line)).collect();
    let last = lines
        .get(lines.len().saturating_sub(args.lines)..)
        .unwrap_or_default();
    show(ctx, last.iter().copied())?;
    if !args.follow {
        return Ok(());
    }
    let mut stop = ctx.signals.claim();
    let mut rest = String::new();
    while !stop.is_requested() {
        log.read_to_string(&mut rest)
            .map_err(|error| failed(&error))?;
        if let Some(end) = rest.rfind('\n') {
            let whole: String = rest.drain(..=end).collect();
            show(ctx, whole.lines().filter(|line| args.wants(line)))?;
        }
        tokio::select! {
            signal = stop.requested() => return Err(CommandError::signal(signal)),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    Ok(())
}

impl Args {
    fn wants(&self, line: &str) -> bool {
        // Lines without a level belong to the one above them, and are few.
        self.level
            .is_none_or(|level| Level::of(line).is_some_and(|found| found >= level))
    }
}

fn log_path(ctx: &Context, args: &Args) -> Result<PathBuf, CommandError> {
    if let Ok(run_file) = running::find(ctx, args.name.as_deref()) {
        return run_file.log_path.ok_or_else(|| {
            let text = format!(
                "cluster \"{}\" runs in a terminal and logs there",
                run_file.name
            );
            CommandError::new(&codes::PRECONDITION, text).next("gantry up -d keeps a log")
        });
    }
    let path = ctx
        .state
        .log_path(args.name.as_deref().unwrap_or(DEFAULT_CLUSTER));
    if Path::exists(&path) {
        return Ok(path);
    }
    running::find(ctx, args.name.as_deref()).map(|_| path)
}

fn tail(log: &mut File) -> io::Result<String> {
    let end = log.metadata()?.len();
    log.seek(SeekFrom::Start(end.saturating_sub(TAIL_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn show<'a>(ctx: &Context, lines: impl Iterator<Item = &'a str>) -> Result<(), CommandError> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&crate::output::text::escape_controls(line));
        text.push('\n');
    }
    ctx.out.write_result(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_second_word_of_a_line() {
        assert_eq!(
            Level::of("2026-11-22T10:00:00Z  WARN gantry_broker: slow"),
            Some(Level::Warn)
        );
        assert_eq!(Level::of("cluster \"default\""), None);
        assert!(Level::Error > Level::Info);
    }
}
