//! `gantry bench`: what a server can do, measured from outside over its own protocol.
//!
//! Invariant: a measurement checks what it reports. Messages that were refused, never answered,
//! damaged or lost make the command fail, whatever its figures.

mod body;
mod connections;
mod consume;
mod latency;
mod own_cluster;
mod peer;
mod produce;
mod report;
mod saved;
mod site;
mod size;
mod start;
mod times;
mod topic;
mod topics;
mod usage;

use crate::context::Context;
use crate::error::CommandError;

/// Measure a cluster: rates, latency, start, memory
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Measures the cluster that is named (-n, -c) or runs here; when there is none, one
of its own in a child process. Any RocketMQ cluster will do.

Examples:
  gantry bench produce
  gantry bench produce --local --size 1k --duration 10s -o json
  gantry bench consume --local --messages 1000000
  gantry bench latency --rate 500/s
  gantry bench start --brokers 3"
)]
pub(crate) enum Command {
    Produce(produce::Args),
    Consume(consume::Args),
    Latency(latency::Args),
    Start(start::Args),
    Connections(connections::Args),
    Topics(topics::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Produce(args) => produce::run(ctx, args).await,
        Command::Consume(args) => consume::run(ctx, args).await,
        Command::Latency(args) => latency::run(ctx, args).await,
        Command::Start(args) => start::run(ctx, args).await,
        Command::Connections(args) => connections::run(ctx, args).await,
        Command::Topics(args) => topics::run(ctx, args).await,
    }
}
