//! `gantry client`: who is connected.

pub(crate) mod list;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// See who is connected
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "clients",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry client list
  gantry client list --kind producer -o json"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::List(args) => list::run(ctx, args).await?.render(&ctx.out),
    }
}
