//! `gantry up`: a whole cluster in this process, or in one of its own with `--detach`.

mod detach;

use std::path::PathBuf;

use cluster::Ports;
use tokio::io::AsyncReadExt as _;

use crate::context::{Context, DEFAULT_CLUSTER};
use crate::error::{CommandError, codes};
use crate::local::host::Host;
use crate::local::running::{self, Running};
use crate::local::shape::{Shape, cluster_error};
use crate::output::Render as _;
use crate::signals::Stop;
use crate::top;

/// Start a local cluster
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_long_help = "Without --data the cluster is ephemeral: its data is gone when it stops.
Ctrl-C stops it; a second Ctrl-C at once.

Examples:
  gantry up -b 3
  gantry up -d --data ./mq --topic orders:8
  gantry up --set flushDiskType=SYNC_FLUSH --ports auto -o json"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) shape: Shape,

    /// Name of the local cluster
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CLUSTER, value_parser = parse_name)]
    pub(crate) name: String,

    /// default, auto or the first port
    #[arg(long, value_name = "PORTS", default_value = "default", value_parser = PortChoice::parse)]
    pub(crate) ports: PortChoice,

    /// Return when it is ready; it runs on
    #[arg(short, long)]
    pub(crate) detach: bool,

    /// Write the cluster's JSON here when it is ready
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Stop when standard input ends
    #[arg(long, conflicts_with = "detach", hide_short_help = true)]
    pub(crate) until_stdin_eof: bool,

    /// Show the dashboard while it runs; it goes on when you leave it
    #[arg(long, conflicts_with_all = ["detach", "until_stdin_eof"], hide_short_help = true)]
    dash: bool,

    /// Succeed when the cluster runs already
    #[arg(long)]
    pub(crate) if_not_exists: bool,

    /// Set by --detach for the process that stays
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

/// What `--ports` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortChoice {
    /// Those of the cluster's name.
    Default,
    Auto,
    From(u16),
}

impl PortChoice {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self::Default),
            "auto" => Ok(Self::Auto),
            port => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .map(Self::From)
                .ok_or_else(|| "default, auto, or a port such as 19876".to_owned()),
        }
    }
}

/// Names become file names.
fn parse_name(text: &str) -> Result<String, String> {
    const LENGTH_MAX: usize = 40;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > LENGTH_MAX || !text.bytes().all(legal) {
        return Err(format!("1 to {LENGTH_MAX} letters, digits, - and _"));
    }
    Ok(text.to_owned())
}

/// Starts the cluster and, unless it is detached, stays with it until it shall end.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    if let Some(run_file) = ctx
        .state
        .running()
        .iter()
        .find(|known| known.name == args.name)
    {
        let found = running::current(run_file).await?;
        if args.if_not_exists {
            return found.render(&ctx.out);
        }
        return Err(already_running(&found));
    }
    if args.dash {
        top::check_terminal(ctx)?;
    }
    if args.detach {
        return detach::run(ctx, args).await?.render(&ctx.out);
    }
    let stop = ctx.signals.claim();
    let host = start(ctx, args).await?;
    let shown = Running::of(host.run_file());
    let told = ready(ctx, args, &shown);
    let told = match told {
        Ok(()) => until_told(ctx, &host, args, stop).await,
        failed => failed,
    };
    ctx.out.note("stopping");
    host.end().await?;
    told
}

async fn start(ctx: &Context, args: &Args) -> Result<Host, CommandError> {
    let ports = match args.ports {
        PortChoice::Default => Ports::From(ctx.state.base_port(&args.name)?),
        PortChoice::Auto => Ports::Auto,
        PortChoice::From(port) => Ports::From(port),
    };
    let builder = args.shape.builder(ctx, ports);
    let cluster = builder
        .start()
        .await
        .map_err(|error| cluster_error(&error))?;
    Host::announce(ctx, &args.name, cluster, args.log_file.clone())
}

/// Tells everyone who waits that the cluster is ready.
fn ready(ctx: &Context, args: &Args, shown: &Running) -> Result<(), CommandError> {
    if let Some(path) = &args.ready_file {
        let text = serde_json::to_string(shown).unwrap_or_default();
        crate::config::edit::write_atomically(path, format!("{text}\n").as_bytes())
            .map_err(|error| CommandError::io("write the ready file", path, &error))?;
    }
    shown.render(&ctx.out)?;
    if ctx.out.options().stdout.is_terminal {
        ctx.out.note(
            "\nTry, in another terminal:  gantry send orders 'hello'  ·  gantry tail orders\n\
             Break it:                  gantry broker kill b-0\n\
             Ctrl-C stops it.",
        );
    }
    Ok(())
}

/// Waits for a signal, a `down`, or the end of standard input where that was asked for.
async fn until_told(
    ctx: &Context,
    host: &Host,
    args: &Args,
    mut stop: Stop,
) -> Result<(), CommandError> {
    let input_ends = async {
        if !args.until_stdin_eof {
            std::future::pending::<()>().await;
        }
        let mut stdin = tokio::io::stdin();
        let mut ignored = [0; 1024];
        while stdin.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
    };
    let told = async {
        tokio::select! {
            _ = stop.requested() => {}
            () = host.down_requested() => {}
            () = input_ends => {}
        }
    };
    let mut told = std::pin::pin!(told);
    if args.dash {
        let look = top::Look::default();
        tokio::select! {
            () = &mut told => return Ok(()),
            left = Box::pin(top::show_own(ctx, &look, host.run_file())) => left?,
        }
        ctx.out.note("the cluster goes on; Ctrl-C stops it");
    }
    told.await;
    Ok(())
}

fn already_running(found: &Running) -> CommandError {
    let text = format!(
        "cluster \"{}\" is running already: {} brokers at {} (pid {})",
        found.name,
        found.brokers.len(),
        found.namesrv.join(";"),
        found.pid
    );
    CommandError::new(&codes::ALREADY_RUNNING, text)
        .next(format!("gantry status {}", found.name))
        .next(format!(
            "for another size: gantry down {0} && gantry up --name {0} -b N",
            found.name
        ))
}
