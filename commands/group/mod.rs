//! `gantry group`: consumer groups, who is in them and how far they have come.

mod change;
mod clients;
mod create;
mod delete;
mod describe;
mod history;
mod list;
mod members;
mod owners;
mod queues;
mod reset;
mod state;
mod summary;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Manage consumer groups
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "groups",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry group list --sort -lag
  gantry group describe billing
  gantry group reset billing --topic orders --to @-10m"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Describe(describe::Args),
    Clients(clients::Args),
    Create(create::Args),
    Reset(Box<reset::Args>),
    History(history::Args),
    #[command(visible_alias = "rm")]
    Delete(delete::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::List(args) => list::run(ctx, args).await?.render(out),
        Command::Describe(args) => describe::run(ctx, args).await?.render(out),
        Command::Clients(args) => clients::run(ctx, args).await?.render(out),
        Command::Create(args) => create::run(ctx, args).await?.render(out),
        Command::Reset(args) => Box::pin(reset::run(ctx, args)).await?.render(out),
        Command::Delete(args) => Box::pin(delete::run(ctx, args)).await?.render(out),
        Command::History(args) => Box::pin(history::run(ctx, args)).await,
    }
}
