//! `gantry broker list`.

use client::Target;

use super::status::{BrokerStatus, ask_each};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Listing;
use crate::session;

/// List brokers and how they run
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Those that name servers know and that cannot be reached from here are listed as
unreachable; compare the address that they advertise with what this machine can reach.

Examples:
  gantry broker list
  gantry broker list -o json --fields name,state"
)]
pub(crate) struct Args {
    /// Only those of this cluster
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
}

/// Asks a name server for the brokers, and each of them how it runs.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<BrokerStatus>, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let target = args.cluster.clone().map_or(Target::All, Target::Cluster);
    let asked = async {
        let nodes = session.ask(|| admin.nodes(&target)).await?;
        Ok::<_, CommandError>(ask_each(&admin, nodes).await)
    };
    let brokers = ctx.out.busy("asking the brokers", asked).await?;
    session.close().await;
    let status =
        |(node, runtime): (_, Result<_, _>)| BrokerStatus::new(node, runtime.as_ref().ok());
    Ok(Listing::new(brokers.into_iter().map(status).collect())
        .when_empty("no broker is registered; look at the brokers' logs"))
}
