//! `gantry send`.

mod compose;
mod delay;
mod engine;
pub(crate) mod rate;
mod receipt;
mod record;
mod report;
mod source;
mod template;

use std::path::PathBuf;

use client::{ClientError, Producer, ProducerConfig};
use protocol::body::MessageQueue;

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::reading::selection::QueuePart;
use crate::session::{self, Session};
use compose::Composer;
use engine::{Lane, Sending};
use rate::Rate;
use source::{Source, Split};

/// The producer group of this command.
const GROUP: &str = "gantry_send";

/// How many sends are under way where nothing asks for order.
const IN_FLIGHT_DEFAULT: u16 = 64;

/// So few messages are sent one after the other: their receipts come in order.
const FEW: u64 = 10;

/// Send messages: one, many, or a stream from stdin or a file
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Without BODY each line of stdin is a message. BODY, keys, tag and properties are
templates: {{ n }} counts from 1, {{ uuid() }}, {{ now() }}, {{ now_ms() }}, {{ rand(1,50) }}.

Examples:
  gantry send orders hello
  gantry send orders -k A-17 --tag paid -p region=eu '{\"total\":12}'
  gantry send orders --count 1000 --rate 200/s -k 'user-{{ rand(1,50) }}' '{\"n\":{{ n }}}'
  kubectl logs app | gantry send logs
  gantry send orders --split whole --file order.json
  gantry tail orders -r start:end -o jsonl | gantry -c staging send orders --jsonl"
)]
pub(crate) struct Args {
    /// The topic
    topic: String,

    /// The body; a template
    #[arg(value_name = "BODY", conflicts_with_all = ["file", "jsonl", "split"])]
    body: Option<String>,

    /// Read messages from this file; - is stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// How the input is divided into messages
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        conflicts_with = "jsonl",
        hide_short_help = true
    )]
    split: Option<Split>,

    /// A message a line, as tail -o jsonl writes
    ///
    /// Its body, keys, tags and properties.
    #[arg(long)]
    jsonl: bool,

    /// A key to find it by (can be repeated)
    ///
    /// A template.
    #[arg(short, long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// The tag; a template
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,

    /// A property (can be repeated)
    ///
    /// The value is a template.
    #[arg(short, long = "property", visible_alias = "prop", value_name = "NAME=VALUE", value_parser = parse_property)]
    properties: Vec<(String, String)>,

    /// Take everything as it is: no templates
    #[arg(long, hide_short_help = true)]
    raw: bool,

    /// How many messages
    #[arg(long, value_name = "N", requires = "body", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// No more than this many: 200/s, 5k/s, 10/m
    #[arg(long, value_name = "RATE", value_parser = Rate::parse)]
    rate: Option<Rate>,

    /// To this queue: b-0:3
    #[arg(long, value_name = "BROKER:ID", value_parser = parse_queue, conflicts_with = "shard_by", hide_short_help = true)]
    queue: Option<QueuePart>,

    /// Same value: same queue, in order; a template
    ///
    /// All messages with the same value go to the same queue, in the order in which they were sent.
    #[arg(long, value_name = "KEY", conflicts_with = "batch")]
    shard_by: Option<String>,

    /// Deliver after the delay of this level, 1 to 18 unless brokers are set up otherwise
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["delay", "batch"], hide_short_help = true)]
    delay_level: Option<u32>,

    /// Deliver after this time
    ///
    /// It must be one of the brokers' delay levels.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "batch")]
    delay: Option<std::time::Duration>,

    /// Do not wait for an acknowledgement; messages may be lost without notice
    #[arg(long, conflicts_with = "batch", hide_short_help = true)]
    oneway: bool,

    /// So many messages in one request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=10_000), hide_short_help = true)]
    batch: Option<u16>,

    /// How many sends are under way at a time [default: 64, or 1 where order counts]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096), hide_short_help = true)]
    in_flight: Option<u16>,

    /// Stop at the first message that cannot be sent
    #[arg(long, hide_short_help = true)]
    fail_fast: bool,
}

fn parse_property(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| "NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_queue(text: &str) -> Result<QueuePart, String> {
    let part = QueuePart::parse(text)
        .ok()
        .filter(|part| part.single().is_some());
    part.ok_or_else(|| "BROKER:ID, as in b-0:3".to_owned())
}

impl Args {
    /// How many messages there will be, where that is known.
    fn total(&self) -> Option<u64> {
        self.body.as_ref().map(|_| self.count.unwrap_or(1))
    }

    /// How many sends are under way at a time. One where receipts or messages must keep their order.
    fn in_flight(&self) -> u16 {
        let is_copy = matches!(self.split(), Split::Records);
        let in_order = is_copy
            || self.queue.is_some()
            || self.shard_by.is_some()
            || self.total().is_some_and(|total| total <= FEW);
        self.in_flight
            .unwrap_or(if in_order { 1 } else { IN_FLIGHT_DEFAULT })
    }

    fn split(&self) -> Split {
        match self.split {
            Some(split) => split,
            None if self.jsonl => Split::Records,
            None => Split::Line,
        }
    }

    /// Where the messages come from.
    fn source(&self) -> Result<Source, CommandError> {
        if let Some(total) = self.total() {
            return Ok(Source::repeat(total));
        }
        match self.file.as_ref().filter(|path| path.as_os_str() != "-") {
            Some(path) => Source::of_file(path, self.split()),
            None if self.file.is_none() && crate::terminal::stdin_is_terminal() => {
                let text = "there is nothing to send: no BODY, no --file, and stdin is a terminal";
                Err(CommandError::new(&codes::USAGE, text)
                    .next(format!("gantry send {} 'hello'", self.topic))
                    .next("gantry send --help"))
            }
            None => Ok(Source::of_stdin(self.split())),
        }
    }
}

/// Sends everything there is to send.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let mut composer = Composer::new(args, &ctx.clock)?;
    let source = args.source()?;
    if ctx.is_dry_run() {
        return dry_run(ctx, &composer, source).await;
    }
    let session = session::connect_for_writing(ctx).await?;
    let ended = Box::pin(send(ctx, args, &session, &mut composer, source)).await;
    session.close().await;
    ended
}

async fn send(
    ctx: &Context,
    args: &Args,
    session: &Session,
    composer: &mut Composer,
    source: Source,
) -> Result<(), CommandError> {
    let mut config = ProducerConfig::new(GROUP);
    config.retries = ctx.retries();
    config.send_timeout = ctx.timeout();
    let producer = session
        .client()
        .producer(config)
        .map_err(|error| session.error(&error))?;
    let looked = look(args, session, &producer, composer);
    let (is_new, queue) = ctx.out.busy("looking for the topic", looked).await?;
    let lane = Lane {
        producer,
        queue,
        is_oneway: args.oneway,
    };
    let sending = Sending {
        ctx,
        session,
        composer,
        lane,
        is_new_topic: is_new,
        total: args.total(),
        in_flight: args.in_flight(),
        batch: usize::from(args.batch.unwrap_or(1)),
        rate: args.rate,
        fail_fast: args.fail_fast,
    };
    sending.run(source).await
}

/// Finds out whether the topic is new, checks the queue and asks for the delay levels if they matter.
async fn look(
    args: &Args,
    session: &Session,
    producer: &Producer,
    composer: &mut Composer,
) -> Result<(bool, Option<MessageQueue>), CommandError> {
    let topic = &args.topic;
    let client = session.client();
    let is_new = match session.client().topic_route(topic).await {
        Err(ClientError::TopicNotFound { .. }) => true,
        Err(error) => {
            // A moment of unrest at the first request; the next one tells.
            tracing::debug!(%error, "looking for the topic");
            false
        }
        Ok(_) => false,
    };
    // With the template of new topics, where brokers create them by themselves.
    let queues = session.ask(|| producer.queues(topic)).await?;
    if let Some(delay) = args.delay {
        composer.set_delay_level(delay::level_for(&client.admin(), &queues, delay).await?);
    }
    let Some((broker, id)) = args.queue.as_ref().and_then(QueuePart::single) else {
        return Ok((is_new, None));
    };
    let queue = MessageQueue::new(topic.as_str(), broker, id);
    if !queues.contains(&queue) {
        let known = queues.len();
        return Err(session.error(&ClientError::QueueNotFound { queue, known }));
    }
    Ok((is_new, Some(queue)))
}

/// Makes every message and sends none.
async fn dry_run(
    ctx: &Context,
    composer: &Composer,
    mut source: Source,
) -> Result<(), CommandError> {
    let (mut count, mut bytes) = (0_u64, 0_u64);
    while let Some(record) = source.next().await {
        count += 1;
        let message = composer.compose(count, record?)?;
        bytes += u64::try_from(message.body.len()).unwrap_or(u64::MAX);
    }
    let size = crate::output::units::bytes(bytes);
    let messages = if count == 1 { "message" } else { "messages" };
    ctx.out.note(&format!(
        "{count} {messages} ({size}) would be sent to {}",
        composer.topic()
    ));
    Ok(())
}
