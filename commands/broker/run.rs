//! `gantry broker run`: one broker from a RocketMQ properties file.

use broker::{Broker, BrokerConfig, StartError};

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::single_node::{NodeArgs, bind_error};

/// Run one broker from a properties file
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Keys are RocketMQ's own: namesrvAddr, brokerClusterName, brokerName, brokerId,
brokerIP1, listenPort (or brokerPort), storePathRootDir, flushDiskType, ...
Unknown keys are named in a warning. Ends in good order at Ctrl-C or SIGTERM.

Examples:
  gantry broker run -c broker-a.properties
  gantry broker run -c broker.conf --set listenPort=10921 --set brokerName=broker-b"
)]
pub(crate) struct Args {
    #[command(flatten)]
    node: NodeArgs,
}

/// Starts the broker and stays until it shall end.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mut config = BrokerConfig::default();
    let known: Vec<&str> = BrokerConfig::known_keys().collect();
    args.node
        .apply(ctx, &known, |key, value| config.set(key, value))?;
    let place = (
        config.broker_name.clone(),
        config.advertised_addr().to_string(),
    );
    let start = async {
        Broker::start(config, ctx.clock.clone())
            .await
            .map_err(|error| start_error(&error))
    };
    args.node
        .serve(ctx, "broker", start, |_| place, Broker::shutdown)
        .await
}

fn start_error(error: &StartError) -> CommandError {
    let message = error.to_string();
    match error {
        StartError::Bind { addr, source } => bind_error(*addr, source),
        StartError::Setting { .. } => CommandError::new(&codes::USAGE, message),
        StartError::Store { dir, .. } => {
            CommandError::new(&codes::FILE_FAILED, message).looked_at(dir.display().to_string())
        }
        _ => CommandError::new(&codes::LOCAL_RESOURCE, message),
    }
}
