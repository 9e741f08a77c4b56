//! `gantry run -- CMD`: a cluster for as long as one program runs.

use std::process::ExitStatus;

use tokio::process::{Child, Command};

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::shape::{Shape, cluster_error};

/// Run a program with a cluster of its own
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "The cluster comes up on free ports, NAMESRV_ADDR points at it, and it goes
down when the program has ended. The exit code is the program's own.

Examples:
  gantry run -- cargo test
  gantry run -b 3 --topic orders:8 -- ./load-test.sh"
)]
pub(crate) struct Args {
    #[command(flatten)]
    shape: Shape,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<std::ffi::OsString>,
}

/// Cluster up, program, cluster down.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mut stop = ctx.signals.claim();
    let builder = args.shape.builder(ctx, cluster::Ports::Auto);
    let cluster = builder
        .start()
        .await
        .map_err(|error| cluster_error(&error))?;
    let namesrv = cluster.namesrv_addr();
    ctx.out.note(&format!(
        "cluster ready at {namesrv} in {} ms",
        cluster.status().ready_ms
    ));
    let ended = match start(&args.command, &namesrv) {
        Ok(mut child) => {
            tokio::select! {
                status = child.wait() => status.map_err(|error| not_started(&args.command, &error)),
                signal = stop.requested() => pass_on(signal, &mut child).await,
            }
        }
        Err(error) => Err(error),
    };
    cluster.shutdown().await;
    match exit_code(ended?) {
        0 => Ok(()),
        code => Err(CommandError::child_exit(code)),
    }
}

fn start(command: &[std::ffi::OsString], namesrv: &str) -> Result<Child, CommandError> {
    let Some((program, words)) = command.split_first() else {
        return Err(CommandError::new(&codes::USAGE, "no program is given")
            .next("gantry run -- cargo test"));
    };
    Command::new(program)
        .args(words)
        .env("NAMESRV_ADDR", namesrv)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| not_started(command, &error))
}

fn not_started(command: &[std::ffi::OsString], error: &std::io::Error) -> CommandError {
    let program = command
        .first()
        .map(|word| word.to_string_lossy().into_owned())
        .unwrap_or_default();
    let code = match error.kind() {
        std::io::ErrorKind::NotFound => &codes::FILE_NOT_FOUND,
        std::io::ErrorKind::PermissionDenied => &codes::FILE_DENIED,
        _ => &codes::LOCAL_RESOURCE,
    };
    CommandError::new(code, format!("cannot run \"{program}\": {error}"))
}

/// Hands a signal to the program and waits for its end. Ctrl-C it has had from the terminal.
async fn pass_on(signal: u8, child: &mut Child) -> Result<ExitStatus, CommandError> {
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(rustix::process::Pid::from_raw);
    if let (Some(pid), Some(signal)) = (pid, rustix::process::Signal::from_named_raw(signal.into()))
    {
        // A program that has just ended needs no signal.
        if let Err(error) = rustix::process::kill_process(pid, signal) {
            tracing::debug!(%error, "the program could not be signalled");
        }
    }
    child.wait().await.map_err(|error| {
        CommandError::new(
            &codes::FAILED,
            format!("cannot wait for the program: {error}"),
        )
    })
}

/// As a shell would say it: 128 and the signal's number for a program that a signal has ended.
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGNALLED: i32 = 128;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| SIGNALLED + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
