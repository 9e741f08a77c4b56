//! `gantry tail`.

use std::time::Duration;

use crate::context::Context;
use crate::error::CommandError;
use crate::reading::args::ReadArgs;
use crate::reading::show::{self, Mode};

/// Show a topic's messages as they come in; joins no group and moves no offset
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Begins with the last 10 messages. Ranges (-r) apply to each queue:
  start  end  47  +100  -10  47:99  47:+10  :end
  @-1h:  @-2h:-1h  @2026-11-22T10:00Z:+5m  @yesterday
A range with an end stops there; without one it goes on with what comes in.
The language of --where: gantry help where

Examples:
  gantry tail orders
  gantry tail orders -r start:end -o jsonl
  gantry tail 'order*' --tag paid --prop region=eu --grep 'A-1[0-9]' --limit 20
  gantry tail orders --where 'tag == \"paid\" && body.total > 100 && age < 5m'
  gantry tail orders --until-idle 3s -F '%d{%H:%M:%S} %q@%o %k %v\\n'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    read: ReadArgs,

    /// End when nothing has come for so long
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    until_idle: Option<Duration>,
}

/// Shows messages until told to stop, or until the range is over.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mode = Mode::Tail {
        until_idle: args.until_idle,
    };
    Box::pin(show::run(ctx, &args.read, mode)).await.map(drop)
}
