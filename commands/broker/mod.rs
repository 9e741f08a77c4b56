//! `gantry broker`: brokers of any cluster, and control over those of local ones.

mod control;
mod describe;
mod list;
mod run;
pub(crate) mod status;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Look at brokers, and control those of local clusters
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "brokers",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry broker list
  gantry broker describe b-0
  gantry broker kill b-1
  gantry broker restart b-1 --after 5s"
)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Describe(describe::Args),
    /// Kill a broker of a local cluster, as a crash would: at once, without a word
    #[command(after_long_help = "Examples:
  gantry broker kill b-1
  gantry -c staging broker kill b-0")]
    Kill(control::Args),
    /// Stop a broker of a local cluster in good order
    #[command(after_long_help = "Examples:
  gantry broker stop b-1")]
    Stop(control::Args),
    /// Start a broker of a local cluster that was killed or stopped
    #[command(after_long_help = "Examples:
  gantry broker start b-1")]
    Start(control::Args),
    /// Stop a broker of a local cluster and start it again
    #[command(after_long_help = "Examples:
  gantry broker restart b-1
  gantry broker restart b-1 --after 5s")]
    Restart(control::RestartArgs),
    Run(run::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::List(args) => list::run(ctx, args).await?.render(out),
        Command::Describe(args) => describe::run(ctx, args).await?.render(out),
        Command::Kill(args) => control::run(ctx, control::Action::Kill, args)
            .await?
            .render(out),
        Command::Stop(args) => control::run(ctx, control::Action::Stop, args)
            .await?
            .render(out),
        Command::Start(args) => control::run(ctx, control::Action::Start, args)
            .await?
            .render(out),
        Command::Restart(args) => control::restart(ctx, args).await?.render(out),
        Command::Run(args) => run::run(ctx, args).await,
    }
}
