//! `gantry status`: the local clusters that run here.

use crate::context::Context;
use crate::error::CommandError;
use crate::local::running::{self, Running};
use crate::output::{Listing, Output, Render};

/// Show the local clusters
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit code 3 when no cluster of this name, or none at all, is running.

Examples:
  gantry status
  gantry status staging -o json"
)]
pub(crate) struct Args {
    /// Name of the local cluster
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// One cluster as a page, several as a list.
#[derive(Debug)]
pub(crate) enum Status {
    One(Box<Running>),
    Several(Listing<Running>),
}

impl Render for Status {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        match self {
            Self::One(running) => running.render(out),
            Self::Several(list) => list.render(out),
        }
    }
}

/// Asks every local cluster that is meant.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Status, CommandError> {
    let several = ctx.state.running();
    if args.name.is_none() && several.len() > 1 {
        let mut list = Vec::new();
        for run_file in &several {
            list.push(
                running::current(run_file)
                    .await
                    .unwrap_or_else(|_| Running::of(run_file)),
            );
        }
        return Ok(Status::Several(Listing::new(list)));
    }
    let run_file = running::find(ctx, args.name.as_deref())?;
    running::current(&run_file)
        .await
        .map(|one| Status::One(Box::new(one)))
}
