//! `gantry config`: the settings in force and where they come from.

mod path;
mod show;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Show settings and where they come from
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry config show --origin
  $EDITOR \"$(gantry config path)\""
)]
pub(crate) enum Command {
    Path(path::Args),
    Show(show::Args),
}

/// Runs one of them.
pub(crate) fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Path(args) => path::run(ctx, args).render(&ctx.out),
        Command::Show(args) => show::run(ctx, args),
    }
}
