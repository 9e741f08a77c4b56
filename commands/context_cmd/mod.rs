//! `gantry context`: the clusters that commands can speak to, by name.

mod add;
mod change;
mod current;
mod list;
mod rm;
mod show;
mod use_context;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Manage contexts: named clusters
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "ctx",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "A running local cluster counts as a context of its name.

Examples:
  gantry context add prod -n 'ns1:9876;ns2:9876' --risk prod
  gantry context use prod
  gantry -c prod context current"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Use(use_context::Args),
    Add(add::Args),
    #[command(name = "delete", visible_alias = "rm")]
    Rm(rm::Args),
    Current(current::Args),
    Show(show::Args),
}

/// Runs one of them.
pub(crate) fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::List(args) => list::run(ctx, args).render(out),
        Command::Use(args) => use_context::run(ctx, args)?.render(out),
        Command::Add(args) => add::run(ctx, args)?.render(out),
        Command::Rm(args) => rm::run(ctx, args)?.render(out),
        Command::Current(args) => current::run(ctx, args)?.render(out),
        Command::Show(args) => show::run(ctx, args)?.render(out),
    }
}

#[cfg(test)]
mod tests;
