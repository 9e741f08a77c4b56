//! `gantry topic`: topics, their queues and where they lie.

mod change;
mod create;
mod delete;
mod describe;
mod list;
mod route;
mod summary;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Manage topics
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "topics",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry topic create orders --queues 8
  gantry topic list
  gantry topic describe orders"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Describe(describe::Args),
    Create(create::Args),
    Route(route::Args),
    #[command(visible_alias = "rm")]
    Delete(delete::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::List(args) => list::run(ctx, args).await?.render(out),
        Command::Describe(args) => describe::run(ctx, args).await?.render(out),
        Command::Create(args) => create::run(ctx, args).await?.render(out),
        Command::Route(args) => route::run(ctx, args).await?.render(out),
        Command::Delete(args) => delete::run(ctx, args).await?.render(out),
    }
}
