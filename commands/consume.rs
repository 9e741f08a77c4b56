//! `gantry consume`: a real member of a consumer group, or several.

mod ack;
mod crew;

use std::sync::Arc;
use std::time::Duration;

use client::consumer::rebalance::{AllocateStrategy, Averagely, AveragelyByCircle, ConsistentHash};
use client::{FilterExpression, PushConsumerConfig, StartFrom};
use jiff::tz::TimeZone;
use protocol::body::MessageModel;
use tokio::sync::mpsc;

use crate::condition;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::message_item::{LineOptions, MessageItem};
use crate::reading::moment::{self, Reference};
use crate::session;
use ack::Ack;
use crew::{Crew, Handling};

/// Consume as a member of a group
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Joins the group, shares the queues with its other members, and commits
offsets: what is shown here is consumed. To look without consuming, use tail.
A group has one filter: --tags or --sql, the same for all its members. --where
is this command's own; the language: gantry help where
Changes of the allocation are told on stderr. Ctrl-C leaves the group in good order.

Examples:
  gantry consume orders -g billing
  gantry consume orders -g billing --from first --limit 100 -o jsonl
  gantry consume orders -g billing --instances 4 --strategy circle
  gantry consume orders -g billing --ack fail:10%
  gantry consume orders -g billing --sql \"amount > 10 AND region = 'eu'\""
)]
pub(crate) struct Args {
    /// The topics
    #[arg(value_name = "TOPIC", required = true)]
    topics: Vec<String>,

    /// The consumer group
    #[arg(short, long, value_name = "GROUP")]
    group: String,

    /// Where a new group begins
    ///
    /// first, last, or a time such as -1h or 2026-11-22T10:00Z.
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "last",
        allow_hyphen_values = true
    )]
    from: String,

    /// Only these tags: A || B
    #[arg(long, visible_alias = "tag", value_name = "TAGS")]
    tags: Option<String>,

    /// Only what matches an SQL92 expression over the properties; brokers filter
    #[arg(
        long,
        value_name = "EXPR",
        conflicts_with = "tags",
        hide_short_help = true
    )]
    sql: Option<String>,

    /// Show only what matches; consume the rest unseen
    #[arg(long = "where", value_name = "EXPR")]
    condition: Option<String>,

    /// Every member reads every message
    #[arg(long)]
    broadcast: bool,

    /// Share queues: avg, circle, hash
    #[arg(
        long,
        value_enum,
        value_name = "STRATEGY",
        default_value = "avg",
        hide_possible_values = true
    )]
    strategy: Strategy,

    /// How many members
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    instances: u16,

    /// Ack always, never or fail:10%
    ///
    /// fail:10% sends one in ten back, to be tried again.
    #[arg(long, value_name = "ACK", default_value = "always", value_parser = Ack::parse)]
    ack: Ack,

    /// End when nothing has come for so long
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    until_idle: Option<Duration>,

    /// Show the whole body
    #[arg(long)]
    full: bool,
}

/// The allocation strategies that a flag can name.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Strategy {
    /// Contiguous runs of queues
    Avg,
    /// Queues dealt in turn
    Circle,
    /// By the hash of queue and member
    Hash,
}

impl Strategy {
    fn build(self) -> Arc<dyn AllocateStrategy> {
        match self {
            Self::Avg => Arc::new(Averagely),
            Self::Circle => Arc::new(AveragelyByCircle),
            Self::Hash => Arc::new(ConsistentHash::default()),
        }
    }
}

/// Messages that may wait to be shown; consuming waits when there are more.
const SHOWN_LATER_MAX: usize = 1024;

/// Joins, shows what comes, leaves.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let config = config(ctx, args)?;
    let condition = args.condition.as_deref().map(condition::parse_where);
    let handling = Handling {
        ack: args.ack,
        condition: condition.transpose()?.map(Arc::new),
        clock: ctx.clock.clone(),
    };
    let session = session::connect_for_writing(ctx).await?;
    ctx.out.set_context(session.target().context.as_deref());
    for topic in &args.topics {
        session.ask(|| session.client().topic_route(topic)).await?;
    }
    let mut stop = ctx.signals.claim();
    let (shown, mut messages) = mpsc::channel(SHOWN_LATER_MAX);
    let crew = Crew::join(ctx, &session, &config, args.instances, &handling, shown).await?;
    let options = LineOptions {
        full: args.full,
        with_topic: args.topics.len() > 1,
    };
    let mut stream = ctx.out.stream();
    let ended = loop {
        if stream.is_full() {
            break Ok(());
        }
        let idle = async {
            match args.until_idle {
                Some(idle) => tokio::time::sleep(idle).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = stop.requested() => break Err(CommandError::signal(signal)),
            delivered = messages.recv() => match delivered {
                None => break Ok(()),
                Some(delivery) => {
                    let crew::Shown { message, written } = delivery;
                    let result = stream.push(&MessageItem::new(message, options));
                    // The handler acknowledges what has been shown, and nothing else.
                    let was_shown = result.is_ok();
                    if written.send(was_shown).is_err() {
                        tracing::debug!("a handler has left before its message was shown");
                    }
                    if let Err(error) = result {
                        break Err(error);
                    }
                }
            },
            () = idle => break Ok(()),
        }
    };
    drop(messages);
    crew.leave().await;
    session.close().await;
    let count = stream.written();
    ctx.out.note(&format!(
        "{} consumed by {}",
        crate::output::units::counted(count, "message"),
        args.group
    ));
    if ended.is_ok() {
        stream.finish();
    }
    ended
}

fn config(ctx: &Context, args: &Args) -> Result<PushConsumerConfig, CommandError> {
    let filter = match (&args.tags, &args.sql) {
        (_, Some(sql)) => condition::parse_sql(&ctx.out, sql)?,
        (Some(tags), None) => FilterExpression::tags(tags),
        (None, None) => FilterExpression::All,
    };
    let mut config = PushConsumerConfig::new(&args.group);
    for topic in &args.topics {
        config = config.subscribe(topic, filter.clone());
    }
    config.start = start_from(ctx, &args.from)?;
    config.strategy = args.strategy.build();
    if args.broadcast {
        config.mode = MessageModel::Broadcasting;
    }
    if let Some(limit) = ctx.out.options().limit {
        // Not many more are taken than will be shown.
        config.pull_batch = i32::try_from(limit.clamp(1, 32)).unwrap_or(32);
    }
    Ok(config)
}

fn start_from(ctx: &Context, text: &str) -> Result<StartFrom, CommandError> {
    let zone = TimeZone::system();
    let reference = Reference {
        now_ms: ctx.clock.now_ms(),
        zone: &zone,
    };
    match text {
        "last" | "end" => Ok(StartFrom::LastOffset),
        "first" | "start" => Ok(StartFrom::FirstOffset),
        moment => match moment::parse(moment.trim_start_matches('@'), reference) {
            Some(ms) => Ok(StartFrom::Timestamp(ms)),
            None => {
                let text = format!(
                    "--from {moment}: first, last, or a time such as -1h or 2026-11-22T10:00Z"
                );
                Err(CommandError::new(&codes::USAGE, text))
            }
        },
    }
}
