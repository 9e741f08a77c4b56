//! `gantry message find`.

use std::sync::Arc;
use std::time::Duration;

use client::WhereExpression;
use client::admin::{MessageQuery, QueryBy};
use jiff::tz::TimeZone;

use super::{follow, lookup};
use crate::condition;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::message_item::{LineOptions, MessageItem};
use crate::output::{Listing, Render as _};
use crate::reading::args::ReadArgs;
use crate::reading::moment::{self, Reference};
use crate::reading::show::{self, Mode};
use crate::session::{self, Session};

/// How many messages with a key are asked for; brokers may give fewer.
const FOUND_MAX: i32 = 1_024;

/// Find messages by key, by id, or by time
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "By key, in the brokers' index; by id in one topic or in all; without either, all
that were stored between two times. --where chooses among them: gantry help where
--follow goes on: what is stored with the key in the topic, in the retry and dead
letter topics of its groups, and which group reads it when, until Ctrl-C.

Examples:
  gantry message find --topic orders --key A-17
  gantry message find --topic orders --key A-17 --follow
  gantry message find --id 7F0000012A3F18B4AAC20512345600A1 -o jsonl
  gantry message find --topic orders --from -1h --to -30m --where 'body.total > 100'"
)]
pub(crate) struct Args {
    /// The messages' topic
    #[arg(short, long, value_name = "TOPIC", required_unless_present_any = ["id", "unique_key"])]
    topic: Option<String>,

    /// Messages with this key
    #[arg(short, long, value_name = "KEY", conflicts_with_all = ["id", "unique_key"])]
    key: Option<String>,

    /// Messages with this id, of either kind
    #[arg(long, value_name = "ID", conflicts_with_all = ["unique_key", "from", "to"])]
    id: Option<String>,

    /// Messages with this id that their producer made
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to"])]
    unique_key: Option<String>,

    /// Stored at this time or later: -1h, yesterday …
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,

    /// Stored before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,

    /// Only where this holds: 'body.total > 100'
    #[arg(long = "where", value_name = "EXPR")]
    condition: Option<String>,

    /// Go on with what becomes of the key's messages
    #[arg(long, requires = "key", conflicts_with_all = ["from", "to", "condition"])]
    follow: bool,

    /// Following, end when nothing has happened so long
    #[arg(long, value_name = "DURATION", requires = "follow", value_parser = humantime::parse_duration)]
    until_idle: Option<Duration>,

    /// Show whole bodies, however long
    #[arg(long)]
    full: bool,
}

/// Shows what is found.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let condition = args.condition.as_deref().map(condition::parse_where);
    let condition = condition.transpose()?;
    let times = Times::read(ctx, args)?;
    match (&args.topic, &args.key) {
        (Some(topic), Some(key)) if args.follow => {
            follow::run(ctx, topic, key, args.until_idle).await
        }
        (Some(topic), None) if args.id.is_none() && args.unique_key.is_none() => {
            in_time(ctx, args, topic, times).await
        }
        _ => in_index(ctx, args, condition.as_ref(), times).await,
    }
}

/// Between which times messages were stored, in ms since the epoch: from the first to before the
/// second.
#[derive(Debug, Clone, Copy)]
struct Times {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

impl Times {
    fn read(ctx: &Context, args: &Args) -> Result<Self, CommandError> {
        let zone = TimeZone::system();
        let reference = Reference {
            now_ms: ctx.clock.now_ms(),
            zone: &zone,
        };
        let read = |flag: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match moment::parse(text.trim_start_matches('@'), reference) {
                Some(ms) => Ok(Some(ms)),
                None => {
                    let text = format!("{flag} {text}: a time such as -1h or 2026-11-22T10:00Z");
                    Err(CommandError::new(&codes::USAGE, text))
                }
            },
        };
        Ok(Self {
            from_ms: read("--from", &args.from)?,
            to_ms: read("--to", &args.to)?,
        })
    }
}

/// Messages that brokers find by a key or an id.
async fn in_index(
    ctx: &Context,
    args: &Args,
    condition: Option<&WhereExpression>,
    times: Times,
) -> Result<(), CommandError> {
    let session = session::connect(ctx).await?;
    let found = ctx
        .out
        .busy("searching", Box::pin(found(&session, args, times)))
        .await;
    let now_ms = ctx.clock.now_ms();
    let shown = found.and_then(|found| {
        let wanted = found
            .into_iter()
            .filter(|message| condition.is_none_or(|wanted| wanted.matches(message, now_ms)));
        let options = LineOptions {
            full: args.full,
            with_topic: args.topic.is_none(),
        };
        let items: Vec<_> = wanted
            .map(|message| MessageItem::new(Arc::new(message), options))
            .collect();
        if items.is_empty() {
            let topics: Vec<String> = args.topic.iter().cloned().collect();
            return Err(lookup::not_found(&session, "no message was found", &topics));
        }
        Ok(items)
    });
    session.close().await;
    Listing::new(shown?).render(&ctx.out)
}

async fn found(
    session: &Session,
    args: &Args,
    times: Times,
) -> Result<Vec<protocol::message::MessageExt>, CommandError> {
    let topic = args.topic.as_deref();
    match (&args.id, &args.unique_key, &args.key, topic) {
        (Some(id), ..) => lookup::by_id(session, id.trim(), topic).await,
        (None, Some(id), ..) => lookup::by_unique_key(session, id.trim(), topic).await,
        (None, None, Some(key), Some(topic)) => {
            let query = MessageQuery {
                topic: topic.to_owned(),
                by: QueryBy::Key(key.clone()),
                begin_ms: times.from_ms.unwrap_or(0),
                // The brokers' end belongs to what they search.
                end_ms: times.to_ms.map_or(i64::MAX, |to| to.saturating_sub(1)),
                max: FOUND_MAX,
            };
            lookup::search(session, vec![query], true).await
        }
        _ => Err(CommandError::new(
            &codes::USAGE,
            "what is looked for? --key, --id, or a topic",
        )),
    }
}

/// All messages that were stored between two times.
async fn in_time(
    ctx: &Context,
    args: &Args,
    topic: &str,
    times: Times,
) -> Result<(), CommandError> {
    if times.from_ms.is_none() && times.to_ms.is_none() && args.condition.is_none() {
        let text = "what is looked for? --key, --id, --where, or --from and --to";
        return Err(CommandError::new(&codes::USAGE, text)
            .next(format!("gantry peek {topic} shows the last ones")));
    }
    let range = match (times.from_ms, times.to_ms) {
        (None, None) => "start".to_owned(),
        (from, to) => {
            let part = |ms: Option<i64>| ms.map_or(String::new(), |ms| ms.to_string());
            format!("@{}:{}", part(from), part(to))
        }
    };
    let read = ReadArgs::of_range(topic, range, args.condition.clone(), args.full);
    let count = Box::pin(show::run(ctx, &read, Mode::Peek)).await?;
    if count > 0 {
        return Ok(());
    }
    let text = format!("no message of {topic} was found");
    Err(CommandError::new(&codes::MESSAGE_NOT_FOUND, text))
}
