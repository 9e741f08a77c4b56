//! `gantry topic delete`.

use client::{ClientError, Target};

use super::change::{Outcome, TopicChange};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::units::counted;
use crate::session::{self, Session};

/// Delete a topic with all of its messages
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Asks to type the name first; scripts pass --yes.

Examples:
  gantry topic delete orders
  gantry topic rm orders --yes --if-exists")]
pub(crate) struct Args {
    /// The topic
    topic: String,

    /// Do nothing, with success, if there is none
    #[arg(long)]
    if_exists: bool,
}

/// Asks, then deletes the topic everywhere.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Outcome, CommandError> {
    let session = session::connect_for_writing(ctx).await?;
    let outcome = delete(ctx, &session, args).await;
    session.close().await;
    outcome
}

async fn delete(ctx: &Context, session: &Session, args: &Args) -> Result<Outcome, CommandError> {
    let topic = &args.topic;
    let admin = session.admin();
    let mut change = TopicChange {
        topic: topic.clone(),
        change: "deleted",
        brokers: Vec::new(),
        read_queues: None,
        write_queues: None,
        perm: None,
        dry_run: ctx.is_dry_run(),
        undo: None,
    };
    let looked = session.ask(|| async {
        match admin.topic_route(topic).await {
            Ok(route) => Ok(Some(route)),
            Err(ClientError::TopicNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let Some(route) = ctx.out.busy("looking for the topic", looked).await? else {
        if args.if_exists {
            change.change = "unchanged";
            return Ok(Outcome::complete(change));
        }
        return Err(session.topic_not_found(topic).await);
    };
    if protocol::name::is_system_topic(topic) {
        let text = format!("topic \"{topic}\" is RocketMQ's own and cannot be deleted");
        return Err(CommandError::new(&codes::PRECONDITION, text));
    }
    change.brokers = route
        .queue_datas
        .into_iter()
        .map(|queues| queues.broker_name)
        .collect();
    if change.dry_run {
        return Ok(Outcome::complete(change));
    }
    confirm(ctx, session, topic, change.brokers.len()).await?;
    let all = Target::All;
    let deleting = session.ask_many(|| admin.delete_topic(&all, topic));
    let (done, failures) = ctx.out.busy("deleting the topic", deleting).await?;
    change.brokers = done.into_iter().map(|node| node.name).collect();
    Ok(Outcome {
        item: change,
        failures,
    })
}

/// Says what will be gone, and asks for the name.
async fn confirm(
    ctx: &Context,
    session: &Session,
    topic: &str,
    brokers: usize,
) -> Result<(), CommandError> {
    let messages = match session.admin().topic_stats(topic).await {
        Ok(stats) if stats.is_complete() => {
            let counts = stats
                .items
                .iter()
                .map(|queue| queue.max_offset - queue.min_offset);
            let count = usize::try_from(counts.sum::<i64>()).unwrap_or_default();
            format!("its {}", counted(count, "message"))
        }
        _ => "all of its messages".to_owned(),
    };
    let brokers = counted(brokers, "broker");
    let question = format!("Topic {topic} and {messages} on {brokers} will be gone for good.");
    ctx.confirm_by_name(Some(session.target()), &question, topic)
}
