//! `gantry group`: consumer groups, who is in them and how far they have come.

mod describe;
mod history;
mod list;
mod members;
mod owners;
mod queues;
mod state;
mod summary;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Look at consumer groups
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "groups",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry group list --sort -lag
  gantry group describe billing"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Describe(describe::Args),
    History(history::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::List(args) => list::run(ctx, args).await?.render(out),
        Command::Describe(args) => describe::run(ctx, args).await?.render(out),
        Command::History(args) => Box::pin(history::run(ctx, args)).await,
    }
}
