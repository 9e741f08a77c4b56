//! `gantry message`: single messages, wherever they lie.
//!
//! # Layout
//! - [`get`]: one message with everything that is known of it.
//! - [`find`]: messages by key, by id, by time; [`follow`]: what becomes of those with a key.
//! - [`lookup`]: finding by either kind of id.
//! - [`body`]: how a body is shown; [`read_by`]: what groups have made of a message.

mod body;
mod find;
mod follow;
mod get;
mod lookup;
mod read_by;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Render as _;

/// Find messages and look into them
#[derive(Debug, clap::Subcommand)]
#[command(
    visible_alias = "msg",
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Examples:
  gantry message get 7F0000012A3F18B4AAC20512345600A1
  gantry message find --topic orders --key A-17"
)]
pub(crate) enum Command {
    Get(get::Args),
    Find(find::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Get(args) => Box::pin(get::run(ctx, args)).await?.render(&ctx.out),
        Command::Find(args) => Box::pin(find::run(ctx, args)).await,
    }
}
