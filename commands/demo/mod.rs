//! `gantry demo`: the whole story in the user's terminal, on a cluster of its own.

mod cast;
mod story;
mod telling;

use crate::context::Context;
use crate::error::CommandError;

/// Play the whole story on a cluster of its own
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Needs no terminal, no input and no running server, and ends by itself in under
ten seconds. Each step names the command that does the same by hand.

Examples:
  gantry demo
  gantry demo --keep
  gantry demo -o json"
)]
pub(crate) struct Args {
    /// Leave the cluster up afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Plays the story.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mut stop = ctx.signals.claim();
    let mut telling = telling::Telling::new(ctx);
    let cluster = story::start(ctx, &mut telling).await?;
    let played = tokio::select! {
        played = story::play(ctx, &cluster, &mut telling) => played,
        signal = stop.requested() => Err(CommandError::signal(signal)),
    };
    if played.is_ok() && args.keep {
        ctx.out.note(&format!(
            "\nThe cluster stays up:  export NAMESRV_ADDR='{}'   (Ctrl-C stops it)",
            cluster.namesrv_addr()
        ));
        stop.requested().await;
    }
    cluster.shutdown().await;
    played?;
    telling.finish();
    Ok(())
}
