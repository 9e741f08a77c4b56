//! `gantry peek`.

use crate::context::Context;
use crate::error::CommandError;
use crate::reading::args::ReadArgs;
use crate::reading::show::{self, Mode};

/// Show messages that a topic holds; joins no group and moves no offset
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "The last 10 messages that match, or those of a range (-r), which applies to
each queue:
  start  end  47  +100  -10  47:99  47:+10  :end
  @-1h:  @-2h:-1h  @2026-11-22T10:00Z:+5m  @yesterday
The language of --where: gantry help where

Examples:
  gantry peek orders
  gantry peek orders -r @-1h: --queue b-0:0-3,b-1
  gantry peek orders --last 3 --where 'key == \"A-17\"'
  gantry peek %DLQ%billing -r start -o jsonl"
)]
pub(crate) struct Args {
    #[command(flatten)]
    read: ReadArgs,
}

/// Shows what is there and ends.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    Box::pin(show::run(ctx, &args.read, Mode::Peek))
        .await
        .map(drop)
}
