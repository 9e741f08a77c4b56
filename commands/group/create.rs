//! `gantry group create`.

use client::Target;
use protocol::body::SubscriptionGroupConfig;
use protocol::name;

use super::change::{GroupChange, Outcome};
use crate::audit;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::session::{self, Session};

/// Create a consumer group
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Groups appear by themselves with their first consumer, unless brokers are set
up not to let them. Creating one first is a way to say how it retries.

Examples:
  gantry group create billing
  gantry group create billing --retry-max 3 --if-not-exists"
)]
pub(crate) struct Args {
    /// The group's name
    group: String,

    /// How often a message is tried again before it is a dead letter
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(i32).range(-1..))]
    retry_max: i32,

    /// How many queues the retry topic has on each broker
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=1024))]
    retry_queues: i32,

    /// Its members consume in order
    #[arg(long)]
    orderly: bool,

    /// Do nothing, with success, if the group exists
    #[arg(long)]
    if_not_exists: bool,
}

/// Creates the group on every broker.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Outcome, CommandError> {
    name::validate_group(&args.group)
        .map_err(|error| CommandError::new(&codes::USAGE, error.to_string()))?;
    let session = session::connect_for_writing(ctx).await?;
    let creating = create(ctx, &session, args);
    let outcome = ctx.out.busy("creating the group", creating).await;
    session.close().await;
    outcome
}

async fn create(ctx: &Context, session: &Session, args: &Args) -> Result<Outcome, CommandError> {
    let admin = session.admin();
    let group = &args.group;
    let known = session.ask(|| admin.groups()).await?;
    let exists = known.items.iter().any(|entry| entry.group == *group);
    let mut change = GroupChange {
        group: group.clone(),
        change: "created",
        brokers: Vec::new(),
        dry_run: ctx.is_dry_run(),
        undo: Some(format!("gantry group delete {group}")),
    };
    if exists {
        if !args.if_not_exists {
            let text = format!("group \"{group}\" exists");
            return Err(CommandError::new(&codes::GROUP_EXISTS, text)
                .looked_at(session.target().describe())
                .next(format!("gantry group describe {group}"))
                .next("or add --if-not-exists")
                .detail("group", group.as_str()));
        }
        (change.change, change.undo) = ("unchanged", None);
        return Ok(Outcome::complete(change));
    }
    if change.dry_run {
        let masters = session.ask(|| admin.masters(&Target::All)).await?;
        change.brokers = masters.into_iter().map(|node| node.name).collect();
        return Ok(Outcome::complete(change));
    }
    let mut config = SubscriptionGroupConfig::new(group.as_str());
    config.retry_max_times = args.retry_max;
    config.retry_queue_nums = args.retry_queues;
    config.consume_message_orderly = args.orderly;
    let all = Target::All;
    let (done, failures) = session
        .ask_many(|| admin.create_group(&all, &config))
        .await?;
    change.brokers = done.into_iter().map(|node| node.name).collect();
    let what = format!("group {group} created");
    audit::record(
        ctx,
        session.target(),
        "group create",
        &what,
        change.undo.as_deref(),
    );
    Ok(Outcome {
        item: change,
        failures,
    })
}
