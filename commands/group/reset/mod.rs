//! `gantry group reset`: moves a group, after showing what that means.

mod goal;
mod page;
mod saved;

use std::collections::BTreeMap;

use client::admin::{ResetGoal, ResetOutcome, ResetPlan, ResetRequest};
use protocol::body::{MessageModel, MessageQueue};

use self::goal::Goal;
use self::page::Reset;
use crate::audit;
use crate::config::profile::Risk;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::Partly;
use crate::output::units::{counted, rfc3339};
use crate::reading::selection::QueuePart;
use crate::session::{self, Session};

/// Move a group to other offsets of a topic
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Without --execute it shows the plan and changes nothing. Where to (--to):
  start  end  @TIME (@-10m, @2026-11-22T10:00Z, @yesterday)  OFFSET  +N  -N
  group:OTHER (where that group is)  file:PATH (positions as JSON)
Works whether or not members are connected. Positions from before are kept;
--undo plans the way back to them. Messages that a move skips are never
delivered to the group: that takes --allow-skip.

Examples:
  gantry group reset billing --topic orders --to @-10m
  gantry group reset billing --topic orders --to start --execute
  gantry group reset billing -t orders --to end --execute --allow-skip
  gantry group reset billing -t orders --to 4711 --queue b-0:3 --execute
  gantry group reset billing --undo --execute"
)]
pub(crate) struct Args {
    /// The group
    group: String,

    /// The topic
    #[arg(short, long, value_name = "TOPIC", required_unless_present = "undo")]
    topic: Option<String>,

    /// Where to: start, end, @TIME, OFFSET, +N, -N, group:OTHER, file:PATH
    #[arg(
        long,
        value_name = "WHERE",
        allow_hyphen_values = true,
        required_unless_present = "undo"
    )]
    to: Option<String>,

    /// Only these queues: b-0, b-0:3, b-0:0-3
    #[arg(long, value_name = "QUEUES", value_delimiter = ',', value_parser = QueuePart::parse)]
    queue: Vec<QueuePart>,

    /// Do it
    #[arg(long)]
    execute: bool,

    /// Even if messages that wait are skipped
    #[arg(long)]
    allow_skip: bool,

    /// Go back to the positions from before a reset: the last one, or ID
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["to", "queue"])]
    undo: Option<String>,

    /// Show queues that do not move, too
    #[arg(long)]
    all_rows: bool,
}

/// Plans the reset and, if told to, carries it out.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Partly<Reset>, CommandError> {
    let session = if args.execute {
        session::connect_for_writing(ctx).await?
    } else {
        session::connect(ctx).await?
    };
    let reset = reset(ctx, args, &session).await;
    session.close().await;
    reset
}

/// What is asked for, in the client's words and in the user's.
struct Wish {
    topic: String,
    to: ResetGoal,
    to_text: String,
    /// What is skipped has been consumed before, or somebody has said that it may be skipped.
    may_skip: bool,
}

async fn reset(
    ctx: &Context,
    args: &Args,
    session: &Session,
) -> Result<Partly<Reset>, CommandError> {
    let wish = wish(ctx, args, session)?;
    let admin = session.admin();
    let planning = async {
        let known = session.ask(|| admin.groups()).await?;
        if known.is_complete() && known.items.iter().all(|entry| entry.group != args.group) {
            return Err(session.group_not_found(&known.items, &args.group));
        }
        let queues = queues(args, session, &wish.topic).await?;
        let request = ResetRequest {
            group: args.group.clone(),
            topic: wish.topic.clone(),
            queues,
            to: wish.to.clone(),
        };
        session.ask(|| admin.reset_plan(&request)).await
    };
    let plan = ctx.out.busy("looking at the queues", planning).await?;
    if plan.model == Some(MessageModel::Broadcasting) {
        let text = format!(
            "group \"{}\" broadcasts: its offsets are with its members, not with brokers",
            args.group
        );
        return Err(CommandError::new(&codes::PRECONDITION, text));
    }
    let mut shown = Reset::planned(&plan, wish.to_text.clone(), args.all_rows);
    let failures = session.failures(&plan.failed);
    if !args.execute || ctx.is_dry_run() {
        shown.apply = (!plan.is_nothing()).then(|| apply_line(args, &wish, &plan));
        return Ok(Partly {
            item: shown,
            failures,
        });
    }
    check(ctx, args, session, &wish, &plan)?;
    // The way back is kept before anything moves: whatever happens then, it is there.
    if let Some(id) = keep(ctx, args, session, &plan)? {
        let undo = format!("gantry group reset {} --undo {id} --execute", args.group);
        shown.undo = Some(undo);
    }
    let executing = session.ask(|| admin.execute_reset(&plan));
    let outcome = ctx.out.busy("moving the group", executing).await?;
    finish(ctx, args, session, &outcome, &mut shown);
    let mut failures = failures;
    failures.extend(session.failures(&outcome.failed));
    Ok(Partly {
        item: shown,
        failures,
    })
}

fn wish(ctx: &Context, args: &Args, session: &Session) -> Result<Wish, CommandError> {
    if let Some(id) = &args.undo {
        return undo_wish(ctx, args, session, id);
    }
    let (Some(topic), Some(text)) = (&args.topic, &args.to) else {
        return Err(CommandError::new(
            &codes::USAGE,
            "--topic and --to are needed",
        ));
    };
    let goal = Goal::parse(text, ctx.clock.now_ms())
        .map_err(|error| CommandError::new(&codes::USAGE, format!("--to {error}")))?;
    let mut to_text = text.clone();
    let to = match goal {
        Goal::Start => ResetGoal::Start,
        Goal::End => ResetGoal::End,
        Goal::Timestamp(at_ms) => {
            to_text = rfc3339(at_ms);
            ResetGoal::Timestamp(at_ms)
        }
        Goal::Offset(offset) => ResetGoal::Offset(offset),
        Goal::Shift(by) => ResetGoal::Shift(by),
        Goal::Group(other) => ResetGoal::Group(other),
        Goal::File(path) => {
            let path = if path.is_absolute() {
                path
            } else {
                ctx.folder.join(path)
            };
            ResetGoal::Positions(saved::by_queue(&saved::read(&path)?))
        }
    };
    Ok(Wish {
        topic: topic.clone(),
        to,
        to_text,
        may_skip: args.allow_skip,
    })
}

fn undo_wish(
    ctx: &Context,
    args: &Args,
    session: &Session,
    id: &str,
) -> Result<Wish, CommandError> {
    let mut kept = saved::of_group(ctx, session.target(), &args.group);
    kept.retain(|saved| {
        args.topic
            .as_ref()
            .is_none_or(|topic| *topic == saved.topic)
    });
    let ids: Vec<String> = kept.iter().map(|saved| saved.id.clone()).collect();
    let found = kept
        .into_iter()
        .find(|saved| id.is_empty() || saved.id == id);
    let Some(found) = found else {
        let text = if ids.is_empty() {
            format!("no reset of group \"{}\" was made from here", args.group)
        } else {
            format!("there is no reset \"{id}\" of group \"{}\"", args.group)
        };
        return Err(CommandError::new(&codes::NOT_FOUND, text)
            .looked_at(ctx.state.root().display().to_string())
            .did_you_mean(id, ids.iter().map(String::as_str)));
    };
    Ok(Wish {
        to_text: format!("where it was at {} ({})", found.at, found.id),
        to: ResetGoal::Positions(saved::by_queue(&found.positions)),
        topic: found.topic,
        may_skip: true,
    })
}

/// The queues that `--queue` means.
async fn queues(
    args: &Args,
    session: &Session,
    topic: &str,
) -> Result<Vec<(String, i32)>, CommandError> {
    if args.queue.is_empty() {
        return Ok(Vec::new());
    }
    let route = session.ask(|| session.client().topic_route(topic)).await?;
    let held: Vec<&MessageQueue> = route
        .subscribe_queues()
        .iter()
        .filter(|queue| args.queue.iter().any(|part| part.holds(queue)))
        .collect();
    if held.is_empty() {
        let text = format!("topic \"{topic}\" has none of these queues");
        return Err(CommandError::new(&codes::QUEUE_NOT_FOUND, text)
            .next(format!("gantry topic route {topic}")));
    }
    Ok(held
        .into_iter()
        .map(|queue| (queue.broker_name.clone(), queue.queue_id))
        .collect())
}

/// Whether the plan may be carried out.
fn check(
    ctx: &Context,
    args: &Args,
    session: &Session,
    wish: &Wish,
    plan: &ResetPlan,
) -> Result<(), CommandError> {
    if plan.skips() > 0 && !wish.may_skip {
        let skips = usize::try_from(plan.skips()).unwrap_or(usize::MAX);
        let text = format!(
            "{} that wait would never be delivered to group \"{}\"",
            counted(skips, "message"),
            args.group
        );
        return Err(CommandError::new(&codes::NEEDS_CONFIRMATION, text)
            .next("look at the plan without --execute")
            .next("add --allow-skip if that is what you want"));
    }
    if session.target().risk == Risk::Prod && !plan.is_nothing() {
        let question = format!(
            "Group {} will consume {} again and skip {}.",
            args.group,
            plan.replays(),
            plan.skips()
        );
        return ctx.confirm_by_name(Some(session.target()), &question, &args.group);
    }
    Ok(())
}

/// Keeps where the group is now in the queues that it is to leave, and gives the name of that.
fn keep(
    ctx: &Context,
    args: &Args,
    session: &Session,
    plan: &ResetPlan,
) -> Result<Option<String>, CommandError> {
    let leaves = plan.queues.iter().filter(|planned| planned.is_change());
    let before: BTreeMap<MessageQueue, i64> = leaves
        .filter_map(|planned| Some((planned.queue.clone(), planned.now?)))
        .collect();
    if before.is_empty() {
        return Ok(None);
    }
    let of = (args.group.as_str(), plan.request.topic.as_str());
    let saved = saved::keep(ctx, session.target(), of, before)?;
    Ok(Some(saved.id))
}

/// Puts what came of the plan beside it.
fn finish(
    ctx: &Context,
    args: &Args,
    session: &Session,
    outcome: &ResetOutcome,
    shown: &mut Reset,
) {
    shown.executed = true;
    for moved in &outcome.moved {
        let is_row = |row: &&mut page::QueueRow| {
            row.broker == moved.queue.broker_name && row.queue == moved.queue.queue_id
        };
        if let Some(row) = shown.queues.iter_mut().find(is_row) {
            row.after_offset = moved.after;
        }
    }
    if outcome.moved.is_empty() {
        return;
    }
    let late = outcome
        .moved
        .iter()
        .filter(|moved| !moved.is_there())
        .count();
    if late > 0 && outcome.failed.is_empty() {
        ctx.out.warn(&format!(
            "{} not there yet: older brokers leave it to the members to move, which takes them \
             about ten seconds",
            counted(late, "queue")
        ));
    }
    let what = format!(
        "group {} in topic {} to {}: replays {}, skips {}",
        args.group, shown.topic, shown.to, shown.replays, shown.skips
    );
    audit::record(
        ctx,
        session.target(),
        "group reset",
        &what,
        shown.undo.as_deref(),
    );
}

/// The command that does what the plan shows.
fn apply_line(args: &Args, wish: &Wish, plan: &ResetPlan) -> String {
    let mut line = format!("gantry group reset {}", args.group);
    match (&args.undo, &args.to) {
        (Some(id), _) if id.is_empty() => line.push_str(" --undo"),
        (Some(id), _) => line.push_str(&format!(" --undo {id}")),
        (None, Some(to)) => line.push_str(&format!(" --topic {} --to {to}", wish.topic)),
        (None, None) => {}
    }
    let queues = if args.queue.is_empty() {
        &[][..]
    } else {
        plan.request.queues.as_slice()
    };
    for (broker, id) in queues {
        line.push_str(&format!(" --queue {broker}:{id}"));
    }
    line.push_str(" --execute");
    if plan.skips() > 0 && args.undo.is_none() {
        line.push_str(" --allow-skip");
    }
    line
}
