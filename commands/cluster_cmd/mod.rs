//! `gantry cluster`: a cluster as a whole.

mod info;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Look at a cluster as a whole
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry cluster info
  gantry -n mq1:9876 cluster info -o json"
)]
pub(crate) enum Command {
    Info(info::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Info(args) => info::run(ctx, args).await?.render(&ctx.out),
    }
}
