//! `gantry group clients`: the members of one group.

use crate::client_cmd::list::{self, ClientEntry};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Listing;

/// List the members of a group, with what they say of themselves
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "The same as client list --kind consumer --group GROUP.

Examples:
  gantry group clients billing
  gantry group clients billing -o wide"
)]
pub(crate) struct Args {
    /// The group
    group: String,
}

/// Asks the brokers, and then the members.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<ClientEntry>, CommandError> {
    list::run(ctx, &list::Args::members_of(&args.group)).await
}
