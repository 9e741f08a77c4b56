//! `gantry bench consume`: how fast a server gives messages, each of them checked.

mod check;
pub(super) mod reader;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::produce::load::{self, Limit, Load};
use super::produce::{self, Header};
use super::saved::{self, Direction, Measurement};
use super::site::{self, Site};
use super::times::{Latency, per_second};
use super::topic::{self, Topic};
use super::usage::{self, ServerUsage, per_million, rounded};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::page::Page;
use crate::output::units;
use crate::output::{Cell, Column, Item};
use crate::signals::Stop;
use check::Findings;
use reader::Reading;

/// Between two looks at how far the reader is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Measure how fast messages are given, each of them checked
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Fills a topic, then reads it once: no record may be missing, damaged, out of order
or there twice. With --topic it reads what is there and fills nothing.

Examples:
  gantry bench consume
  gantry bench consume --local --messages 1000000 --size 1k
  gantry bench consume --topic orders -o json"
)]
pub(crate) struct Args {
    /// Messages to fill the topic with
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "topic")]
    messages: u64,

    /// Bytes of a body
    #[arg(long, value_name = "SIZE", default_value = "128", value_parser = super::size::parse_body)]
    size: usize,

    /// Messages that a pull asks for
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    pull_batch: i32,

    /// Connections to each broker; its queues take turns
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,

    /// How the header is written
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value = "json",
        hide_possible_values = true
    )]
    header: Header,

    #[command(flatten)]
    topic: topic::TopicArgs,

    #[command(flatten)]
    saved: saved::SavedArgs,

    #[command(flatten)]
    site: site::SiteArgs,
}

/// How fast messages were given.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Consumed {
    mode: &'static str,
    against: String,
    seconds: f64,
    messages: u64,
    errors: u64,
    msgs_per_s: f64,
    mb_per_s: f64,
    /// From pull to answer.
    latency: Option<Latency>,
    pulls: u64,
    pull_batch: i32,
    connections: u32,
    /// Filled by this run; absent when it read what was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<usize>,
    /// Of the messages that were acknowledged, those that were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<u64>,
    #[serde(flatten)]
    findings: Findings,
    server: Option<ServerUsage>,
    load_cpu_s: Option<f64>,
    load_cpu_s_per_million: Option<f64>,
}

impl Measurement for Consumed {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("msgs_per_s", Direction::Up),
        ("mb_per_s", Direction::Up),
        ("server.cpu_s_per_million", Direction::Down),
    ];
    const SETUP: &'static [&'static str] = &["size_bytes", "pull_batch", "connections"];
}

impl Item for Consumed {
    const SCHEMA: &'static str = "gantry.bench.consume/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("msgs_per_s"),
        Column::number("mb_per_s"),
        Column::number("messages"),
        Column::number("errors"),
        Column::number("server.cpu_s_per_million").titled("CPU S/M"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let cpu = self
            .server
            .as_ref()
            .and_then(|server| server.cpu_s_per_million);
        vec![
            self.mode.into(),
            Cell::decimal(self.msgs_per_s),
            Cell::decimal(self.mb_per_s),
            Cell::count(self.messages),
            self.errors.into(),
            cpu.map_or_else(Cell::empty, Cell::decimal),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        page.field("measured", Cell::text(&self.against));
        let load = format!(
            "{} messages a pull, {} to each broker",
            self.pull_batch,
            units::counted(
                usize::try_from(self.connections).unwrap_or(usize::MAX),
                "connection"
            )
        );
        page.field("load", Cell::text(load));
        let rate = Cell::decimal(self.msgs_per_s).show(page.view());
        page.field(
            "rate",
            Cell::text(format!("{rate} messages/s, {:.1} MB/s", self.mb_per_s)),
        );
        if let Some(latency) = &self.latency {
            page.field("a pull", Cell::text(latency.line()));
        }
        let unread = match self.missing {
            Some(missing) => format!("{missing} missing, "),
            None => String::new(),
        };
        let Findings {
            corrupt,
            gaps,
            disordered,
            twice,
            overtaken,
            foreign,
        } = self.findings;
        page.field(
            "checked",
            Cell::text(format!(
                "{} messages: {unread}{corrupt} corrupt, {gaps} gaps, {disordered} disordered, \
                 {twice} twice, {overtaken} overtaken, {foreign} not ours",
                self.messages
            )),
        );
        super::report::server_fields(page, self.server.as_ref());
        super::report::load_field(
            page,
            self.load_cpu_s_per_million,
            self.load_cpu_s,
            self.seconds,
        );
    }
}

/// Measures.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let earlier = args.saved.earlier::<Consumed>()?;
    let stop = ctx.signals.claim();
    let site = Site::open(ctx, &args.site).await?;
    let measured = measure(ctx, args, &site, &stop).await;
    site.close(ctx).await;
    let consumed = measured?;
    let problem = problem(&consumed);
    saved::finish(ctx, &args.saved, earlier, consumed)?;
    super::report::ended(stop, problem).await
}

async fn measure(
    ctx: &Context,
    args: &Args,
    site: &Site,
    stop: &Stop,
) -> Result<Consumed, CommandError> {
    let run = topic::new_run();
    let topic = Topic::open(site, &args.topic, "consume", run).await?;
    let measured = fill_and_read(ctx, args, site, &topic, run, stop).await;
    topic.close(ctx, site).await;
    measured
}

async fn fill_and_read(
    ctx: &Context,
    args: &Args,
    site: &Site,
    topic: &Topic,
    run: u32,
    stop: &Stop,
) -> Result<Consumed, CommandError> {
    let mut filled = None;
    if args.topic.topic.is_none() {
        filled = Some(fill(ctx, args, site, topic, run, stop).await?);
    }
    let begins = site.begins(&topic.name, &topic.queues)?;
    let ends = site.ends(&topic.name, &topic.queues)?;
    let ranges = begins.into_iter().zip(ends);
    let ranges = ranges.map(|(begins, ends)| begins.into_iter().zip(ends).collect());
    let addrs = site.brokers.iter().map(|master| master.addr.clone());
    let reading = Reading {
        topic: topic.name.clone(),
        brokers: addrs.zip(ranges).collect(),
        header: args.header.serialize_type(),
        connections: args.connections,
        pull_batch: args.pull_batch,
        patience: ctx.timeout(),
    };
    let (server_begin, own_begin) = (usage::of(&site.pids), usage::of_self());
    let outcome = read(ctx, reading, stop).await?;
    let server = usage::of(&site.pids);
    let server = ServerUsage::between(&site.pids, server_begin, server, outcome.messages);
    let load_cpu_s = own_begin
        .zip(usage::of_self())
        .map(|(begin, end)| rounded(end.cpu_s - begin.cpu_s));
    let missing = filled.map(|filled| filled.saturating_sub(outcome.messages));
    let mb_per_s = per_second(outcome.body_bytes, outcome.seconds) / 1e6;
    Ok(Consumed {
        mode: "consume",
        against: site.what.clone(),
        seconds: rounded(outcome.seconds),
        messages: outcome.messages,
        errors: outcome.findings.faults() + missing.unwrap_or(0),
        msgs_per_s: per_second(outcome.messages, outcome.seconds),
        mb_per_s: rounded(mb_per_s),
        latency: outcome.times.latency(),
        pulls: outcome.pulls,
        pull_batch: args.pull_batch,
        connections: args.connections,
        size_bytes: filled.map(|_| args.size),
        missing,
        findings: outcome.findings,
        server,
        load_cpu_s,
        load_cpu_s_per_million: load_cpu_s.and_then(|cpu_s| per_million(cpu_s, outcome.messages)),
    })
}

/// Fills the topic; gives how many messages were acknowledged.
async fn fill(
    ctx: &Context,
    args: &Args,
    site: &Site,
    topic: &Topic,
    run: u32,
    stop: &Stop,
) -> Result<u64, CommandError> {
    let load = Load {
        size: args.size,
        limit: Limit::Messages(args.messages),
        ..Load::plain(ctx, site, topic, run)
    };
    let outcome = load::run(ctx, load, &[], "filling", stop).await?;
    match produce::problem(&outcome, outcome.acknowledged) {
        None => Ok(outcome.acknowledged),
        Some(problem) => Err(problem),
    }
}

/// Reads on a thread of its own, with progress.
async fn read(
    ctx: &Context,
    reading: Reading,
    stop: &Stop,
) -> Result<reader::Outcome, CommandError> {
    let ranges = reading.brokers.iter().flat_map(|(_, ranges)| ranges);
    let total: i64 = ranges.map(|(begin, end)| (end - begin).max(0)).sum();
    let progress = ctx.out.progress("reading", u64::try_from(total).ok());
    let count = Arc::new(AtomicU64::new(0));
    let (clock, counting) = (ctx.clock.clone(), Arc::clone(&count));
    let mut working = tokio::task::spawn_blocking(move || {
        let told = |more| {
            counting.fetch_add(more, Ordering::Relaxed);
        };
        reader::read(&reading, &clock, &told)
    });
    let mut told = 0;
    loop {
        let joined = tokio::time::timeout(LOOK_EVERY, &mut working).await;
        let read = count.load(Ordering::Relaxed);
        progress.advance(read - told);
        told = read;
        if let Ok(outcome) = joined {
            progress.finish();
            return outcome.map_err(|error| {
                CommandError::new(&codes::FAILED, format!("the reading thread: {error}"))
            })?;
        }
        if stop.is_requested() {
            return Err(CommandError::signal(stop.clone().requested().await));
        }
    }
}

fn problem(consumed: &Consumed) -> Option<CommandError> {
    let Findings {
        corrupt,
        gaps,
        disordered,
        twice,
        overtaken,
        ..
    } = consumed.findings;
    (consumed.errors > 0).then(|| {
        let missing = consumed.missing.unwrap_or(0);
        let text = format!(
            "what was read is not what was written: {missing} missing, {corrupt} corrupt, {gaps} \
             gaps, {disordered} disordered, {twice} twice, {overtaken} overtaken"
        );
        CommandError::new(&codes::UNHEALTHY, text)
    })
}
