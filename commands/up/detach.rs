//! `gantry up --detach`: the cluster in a process of its own, whose start is waited for.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Args;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::running::Running;
use crate::local::{Liveness, RunFile};

/// Between two looks for the run file.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How long a cluster may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What is shown of the log of a process that has failed.
const LOG_SHOWN_MAX: u64 = 8 * 1024;

/// Starts the process and returns when its cluster is ready.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<Running, CommandError> {
    let log_path = ctx.state.log_path(&args.name);
    let (log, begins_at) = open_log(&log_path)?;
    let mut child = spawn(ctx, &log_path, log)?;
    let begun = ctx.clock.elapsed();
    loop {
        if let Some(run_file) = announced(ctx, args, &child).await? {
            return Ok(Running::of(&run_file));
        }
        if let Some(status) = child.try_wait().map_err(|error| failed(&error))? {
            let words = log_since(&log_path, begins_at);
            ctx.out.note(words.trim_end());
            let code = status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1);
            return Err(CommandError::child_exit(code.max(1)));
        }
        if ctx.clock.elapsed().saturating_sub(begun) > READY_WITHIN {
            let text = format!(
                "the cluster is not ready after {} s",
                READY_WITHIN.as_secs()
            );
            return Err(CommandError::new(&codes::TIMEOUT, text)
                .looked_at(log_path.display().to_string())
                .next(format!("gantry logs {}", args.name)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The log to append to, and where this start's part of it begins.
fn open_log(path: &Path) -> Result<(File, u64), CommandError> {
    let open = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let log = OpenOptions::new().create(true).append(true).open(path)?;
        let length = log.metadata()?.len();
        Ok((log, length))
    };
    open().map_err(|error| CommandError::io("open the log", path, &error))
}

/// This program again with the same words, in a process group of its own.
fn spawn(ctx: &Context, log_path: &Path, log: File) -> Result<Child, CommandError> {
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let words = std::env::args_os()
        .skip(1)
        .filter(|word| word != "-d" && word != "--detach");
    let words = words.map(|word| without_detach(&word));
    let both = log.try_clone().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    command
        .args(words)
        .arg("--log-file")
        .arg(log_path)
        .arg("-v")
        .current_dir(&ctx.folder)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(both)
        .process_group(0);
    command.spawn().map_err(|error| failed(&error))
}

/// `-db3` is `-d -b3`: takes the `d` out of a group of short flags.
fn without_detach(word: &std::ffi::OsStr) -> std::ffi::OsString {
    let Some(text) = word.to_str() else {
        return word.to_owned();
    };
    match text.strip_prefix("-d") {
        Some(rest) if rest.starts_with(|next: char| next.is_ascii_alphabetic()) => {
            format!("-{rest}").into()
        }
        _ => word.to_owned(),
    }
}

/// The child's run file, once the cluster answers.
async fn announced(
    ctx: &Context,
    args: &Args,
    child: &Child,
) -> Result<Option<RunFile>, CommandError> {
    let Some(run_file) = ctx.state.run_file(&args.name)? else {
        return Ok(None);
    };
    if run_file.pid != child.id() || run_file.probe().await != Liveness::Running {
        return Ok(None);
    }
    Ok(Some(run_file))
}

fn log_since(path: &Path, begins_at: u64) -> String {
    let read = || {
        let mut log = File::open(path)?;
        let end = log.metadata()?.len();
        log.seek(SeekFrom::Start(
            begins_at.max(end.saturating_sub(LOG_SHOWN_MAX)),
        ))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

fn failed(error: &std::io::Error) -> CommandError {
    CommandError::new(
        &codes::LOCAL_RESOURCE,
        format!("cannot start the cluster's process: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_detach_flag_is_taken_out() {
        for (word, left) in [
            ("-db3", "-b3"),
            ("-b3", "-b3"),
            ("--data", "--data"),
            ("-d", "-d"),
        ] {
            assert_eq!(without_detach(word.as_ref()), left);
        }
    }
}
