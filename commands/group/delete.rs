//! `gantry group delete`.

use client::Target;
use protocol::name;

use super::change::{GroupChange, Outcome};
use super::state::Seen;
use crate::audit;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::units::counted;
use crate::session::{self, Session};

/// Delete a consumer group with its offsets and retries
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Asks to type the name first; scripts pass --yes. A group whose members are
connected would come back with their next heartbeat, so that is refused. Dead
letters stay unless --dead-letters is given.

Examples:
  gantry group delete billing
  gantry group rm billing --yes --if-exists --dead-letters"
)]
pub(crate) struct Args {
    /// The group
    group: String,

    /// Keep its offsets: a group of this name goes on from them
    #[arg(long)]
    keep_offsets: bool,

    /// Delete what it has given up, too
    #[arg(long)]
    dead_letters: bool,

    /// Do nothing, with success, if there is none
    #[arg(long)]
    if_exists: bool,
}

/// Asks, then deletes the group everywhere.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Outcome, CommandError> {
    let session = session::connect_for_writing(ctx).await?;
    let outcome = delete(ctx, &session, args).await;
    session.close().await;
    outcome
}

async fn delete(ctx: &Context, session: &Session, args: &Args) -> Result<Outcome, CommandError> {
    let group = &args.group;
    let admin = session.admin();
    let looked = session.ask(|| admin.groups());
    let known = ctx.out.busy("looking for the group", looked).await?;
    let mut change = GroupChange {
        group: group.clone(),
        change: "deleted",
        brokers: Vec::new(),
        dry_run: ctx.is_dry_run(),
        undo: None,
    };
    let Some(found) = known.items.iter().find(|entry| entry.group == *group) else {
        if args.if_exists && known.is_complete() {
            change.change = "unchanged";
            return Ok(Outcome::complete(change));
        }
        return Err(session.group_not_found(&known.items, group));
    };
    if name::is_system_group(group) || name::is_predefined_group(group) {
        let text = format!("group \"{group}\" is RocketMQ's own and cannot be deleted");
        return Err(CommandError::new(&codes::PRECONDITION, text));
    }
    let seen = session.ask(|| Seen::ask(&admin, group)).await?;
    if let Some(connection) = &seen.connection {
        let members = counted(connection.connection_set.len(), "member");
        let text = format!("group \"{group}\" has {members} connected: it would come back");
        return Err(CommandError::new(&codes::PRECONDITION, text)
            .next("stop its consumers first")
            .next(format!("gantry group clients {group}")));
    }
    change.brokers = found
        .configs
        .iter()
        .map(|config| config.broker.name.clone())
        .collect();
    if change.dry_run {
        return Ok(Outcome::complete(change));
    }
    let lag = match seen.lag() {
        Some(lag) if lag > 0 => {
            let lag = counted(usize::try_from(lag).unwrap_or(usize::MAX), "message");
            format!(", with {lag} that it has not consumed,")
        }
        _ => String::new(),
    };
    let question = format!("Group {group}{lag} will be gone for good.");
    ctx.confirm_by_name(Some(session.target()), &question, group)?;
    let all = Target::All;
    let deleting = session.ask_many(|| admin.delete_group(&all, group, !args.keep_offsets));
    let (done, mut failures) = ctx.out.busy("deleting the group", deleting).await?;
    change.brokers = done.into_iter().map(|node| node.name).collect();
    if args.dead_letters {
        let topic = name::dlq_topic(group);
        let (_, failed) = session
            .ask_many(|| admin.delete_topic(&all, &topic))
            .await?;
        failures.extend(failed);
    }
    let what = format!("group {group} deleted");
    audit::record(ctx, session.target(), "group delete", &what, None);
    Ok(Outcome {
        item: change,
        failures,
    })
}
