//! `gantry down`: ends a local cluster and returns when its ports are free.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::control::ControlRequest;
use crate::local::{RunFile, running};
use crate::output::{Cell, Column, Item, Listing, Page};

/// How long a cluster may take to end when nothing else is asked for.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Stop a local cluster
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Returns when the cluster's process has ended and its ports are free.

Examples:
  gantry down
  gantry down staging
  gantry down --all"
)]
pub(crate) struct Args {
    /// Name of the local cluster
    #[arg(value_name = "NAME", conflicts_with = "all")]
    name: Option<String>,

    /// Stop every local cluster
    #[arg(long)]
    all: bool,

    /// Succeed when no such cluster runs
    #[arg(long)]
    if_exists: bool,
}

/// A cluster that has ended.
#[derive(Debug, Serialize)]
pub(crate) struct Ended {
    name: String,
    pid: u32,
    ephemeral: bool,
}

impl Item for Ended {
    const SCHEMA: &'static str = "gantry.down.run/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::number("pid"),
        Column::new("ephemeral"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            self.pid.into(),
            self.ephemeral.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let kept = if self.ephemeral {
            "its data is gone"
        } else {
            "its data is kept"
        };
        page.line(&format!("cluster \"{}\" stopped, {kept}", self.name));
    }
}

/// Ends the clusters that are meant.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<Ended>, CommandError> {
    let meant = if args.all {
        ctx.state.running()
    } else {
        match running::find(ctx, args.name.as_deref()) {
            Ok(run_file) => vec![run_file],
            Err(error) if args.if_exists && error.code().name == codes::CLUSTER_NOT_FOUND.name => {
                Vec::new()
            }
            Err(error) => return Err(error),
        }
    };
    let mut ended = Vec::new();
    for run_file in &meant {
        ctx.out.busy("stopping", end(ctx, run_file)).await?;
        let RunFile {
            name,
            pid,
            ephemeral,
            ..
        } = run_file.clone();
        ended.push(Ended {
            name,
            pid,
            ephemeral,
        });
    }
    Ok(Listing::new(ended).when_empty("no local cluster is running"))
}

async fn end(ctx: &Context, run_file: &RunFile) -> Result<(), CommandError> {
    let within = ctx.timeout_if_set().unwrap_or(ENDED_WITHIN);
    let begun = ctx.clock.elapsed();
    running::ask(run_file, &ControlRequest::Down, within).await?;
    while run_file.is_process_alive() {
        if ctx.clock.elapsed().saturating_sub(begun) > within {
            let text = format!("cluster \"{}\" is still stopping", run_file.name);
            return Err(CommandError::new(&codes::TIMEOUT, text)
                .looked_at(format!("process {}", run_file.pid))
                .next(format!("kill {}", run_file.pid)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    // A process that was killed meanwhile could not take its file back.
    ctx.state.remove_run_file(&run_file.name, run_file.pid)
}
