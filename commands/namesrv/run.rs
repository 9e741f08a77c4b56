//! `gantry namesrv run`: one name server from a RocketMQ properties file.

use namesrv::{Namesrv, NamesrvConfig, StartError};

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::single_node::{NodeArgs, bind_error};

/// Run one name server from a properties file
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Keys are RocketMQ's own: listenPort, kvConfigPath, scanNotActiveBrokerInterval, ...
Unknown keys are named in a warning. Ends in good order at Ctrl-C or SIGTERM.

Examples:
  gantry namesrv run
  gantry namesrv run -c namesrv.properties
  gantry namesrv run --set listenPort=9877"
)]
pub(crate) struct Args {
    #[command(flatten)]
    node: NodeArgs,
}

/// Starts the name server and stays until it shall end.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mut config = NamesrvConfig::default();
    let known: Vec<&str> = NamesrvConfig::known_keys().collect();
    args.node
        .apply(ctx, &known, |key, value| config.set(key, value))?;
    let start = async {
        Namesrv::start(config, ctx.clock.clone())
            .await
            .map_err(|error| start_error(&error))
    };
    let place = |namesrv: &Namesrv| ("namesrv".to_owned(), namesrv.local_addr().to_string());
    args.node
        .serve(ctx, "namesrv", start, place, async |namesrv| {
            namesrv.shutdown().await;
        })
        .await
}

fn start_error(error: &StartError) -> CommandError {
    let message = error.to_string();
    match error {
        StartError::Bind { addr, source } => bind_error(*addr, source),
        _ => CommandError::new(&codes::FILE_FAILED, message),
    }
}
