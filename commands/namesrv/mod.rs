//! `gantry namesrv`: name servers.

mod run;

use crate::context::Context;
use crate::error::CommandError;

/// Manage name servers
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry namesrv run -c namesrv.properties"
)]
pub(crate) enum Command {
    Run(run::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Run(args) => run::run(ctx, args).await,
    }
}
