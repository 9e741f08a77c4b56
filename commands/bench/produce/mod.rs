//! `gantry bench produce`: how fast a server takes messages.

pub(super) mod letter;
pub(super) mod load;
mod worker;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{ResponseCode, SerializeType};
use serde::Serialize;

use super::saved::{self, Direction, Measurement};
use super::site::{self, Site};
use super::times::{Latency, per_second};
use super::topic::{self, Topic};
use super::usage::{ServerUsage, per_million, rounded};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::page::Page;
use crate::output::units;
use crate::output::{Cell, Column, Item};
use crate::send::rate::Rate;
use load::{Limit, Load, Outcome};

/// How the header of requests is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Header {
    /// As every client writes it unless told otherwise
    Json,
    /// RocketMQ's own binary form
    Binary,
}

impl Header {
    pub(super) fn serialize_type(self) -> SerializeType {
        match self {
            Self::Json => SerializeType::Json,
            Self::Binary => SerializeType::RocketMq,
        }
    }
}

/// What is sent and how fast; shared by the measurements that send.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Shape {
    /// Bytes of a body
    #[arg(long, value_name = "SIZE", default_value = "128", value_parser = super::size::parse_body)]
    pub(super) size: usize,

    /// Unanswered requests on each connection
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub(super) in_flight: u16,

    /// Connections; brokers take turns
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) connections: u32,

    /// Threads of the load
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256), hide_short_help = true)]
    pub(super) threads: u32,

    /// How the header is written
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value = "json",
        hide_possible_values = true
    )]
    pub(super) header: Header,

    /// Messages in a request
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) batch: u32,
}

impl Shape {
    /// The load on a topic.
    pub(super) fn load(&self, ctx: &Context, site: &Site, topic: &Topic, run: u32) -> Load {
        Load {
            size: self.size,
            batch: self.batch,
            header: self.header.serialize_type(),
            connections: self.connections,
            in_flight: self.in_flight,
            threads: self.threads,
            ..Load::plain(ctx, site, topic, run)
        }
    }
}

/// Measure how fast messages are taken
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Each connection keeps --in-flight requests under way (closed loop). With --rate
requests leave when they are due, whatever became of those before, and latency
counts from then (open loop): a server that stalls is charged for all who waited.
Afterwards the queues are asked whether they hold what was acknowledged.

Examples:
  gantry bench produce
  gantry bench produce --local --size 1k --in-flight 1 --duration 10s
  gantry bench produce --rate 5k/s --connections 8 -o json
  gantry bench produce --save before.json
  gantry bench produce --compare before.json --fail-below 0.9"
)]
pub(crate) struct Args {
    #[command(flatten)]
    shape: Shape,

    /// Open loop: 5k/s over all connections
    #[arg(long, value_name = "RATE", value_parser = Rate::parse)]
    rate: Option<Rate>,

    /// Measure for so long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    duration: Duration,

    /// Let it run in for so long before
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration, hide_short_help = true)]
    warm_up: Duration,

    /// Send so many messages instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    #[command(flatten)]
    topic: topic::TopicArgs,

    #[command(flatten)]
    saved: saved::SavedArgs,

    #[command(flatten)]
    site: site::SiteArgs,
}

/// How fast messages were taken.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Produced {
    mode: &'static str,
    against: String,
    seconds: f64,
    messages: u64,
    errors: u64,
    msgs_per_s: f64,
    mb_per_s: f64,
    latency: Option<Latency>,
    size_bytes: usize,
    batch: u32,
    header: &'static str,
    connections: u32,
    in_flight: u16,
    threads: u32,
    /// Messages a second that were asked for; absent in a closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    brokers: usize,
    errors_by_code: BTreeMap<String, u64>,
    unanswered: u64,
    /// Acknowledged in all, warm-up and all.
    acknowledged: u64,
    /// What the queues grew by meanwhile.
    stored: u64,
    server: Option<ServerUsage>,
    load_cpu_s: Option<f64>,
    load_cpu_s_per_million: Option<f64>,
}

impl Produced {
    fn new(site: &Site, load: &Load, outcome: &Outcome, stored: u64) -> Self {
        let msgs_per_s = per_second(outcome.messages, outcome.seconds);
        #[expect(clippy::cast_precision_loss, reason = "sizes are megabytes at most")]
        let mb_per_s = rounded(msgs_per_s * load.size as f64 / 1e6);
        let by_name = |(code, count): (&i32, &u64)| (ResponseCode::name_of(*code), *count);
        let refused: u64 = outcome.refused.values().sum();
        Self {
            mode: "produce",
            against: site.what.clone(),
            seconds: rounded(outcome.seconds),
            messages: outcome.messages,
            errors: refused + outcome.unanswered,
            msgs_per_s,
            mb_per_s,
            latency: outcome.times.latency(),
            size_bytes: load.size,
            batch: load.batch,
            header: match load.header {
                SerializeType::Json => "json",
                SerializeType::RocketMq => "binary",
            },
            connections: load.connections,
            in_flight: load.in_flight,
            threads: load.threads,
            rate: load.rate,
            brokers: load.brokers.len(),
            errors_by_code: outcome.refused.iter().map(by_name).collect(),
            unanswered: outcome.unanswered,
            acknowledged: outcome.acknowledged,
            stored,
            server: outcome.server.clone(),
            load_cpu_s: outcome.load_cpu_s.map(rounded),
            load_cpu_s_per_million: outcome
                .load_cpu_s
                .and_then(|cpu_s| per_million(cpu_s, outcome.messages)),
        }
    }
}

impl Measurement for Produced {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("msgs_per_s", Direction::Up),
        ("latency.p50_us", Direction::Down),
        ("latency.p99_us", Direction::Down),
        ("server.cpu_s_per_million", Direction::Down),
    ];
    const SETUP: &'static [&'static str] = &[
        "size_bytes",
        "batch",
        "header",
        "connections",
        "in_flight",
        "rate",
        "brokers",
    ];
}

impl Item for Produced {
    const SCHEMA: &'static str = "gantry.bench.produce/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("msgs_per_s"),
        Column::number("mb_per_s"),
        Column::number("latency.p50_us"),
        Column::number("latency.p99_us"),
        Column::number("errors"),
        Column::number("server.cpu_s_per_million").titled("CPU S/M"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let latency = |of: fn(&Latency) -> f64| match &self.latency {
            Some(latency) => Cell::decimal(of(latency)),
            None => Cell::empty(),
        };
        let server = self.server.as_ref();
        vec![
            self.mode.into(),
            Cell::decimal(self.msgs_per_s),
            Cell::decimal(self.mb_per_s),
            latency(|latency| latency.p50_us),
            latency(|latency| latency.p99_us),
            self.errors.into(),
            server
                .and_then(|server| server.cpu_s_per_million)
                .map_or_else(Cell::empty, Cell::decimal),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        let batch = match self.batch {
            1 => String::new(),
            batch => format!(", {batch} in a request"),
        };
        let loop_kind = match self.rate {
            Some(rate) => format!("{}/s asked for", Cell::decimal(rate).show(page.view())),
            None => format!("{} in flight", self.in_flight),
        };
        let load = format!(
            "{} bytes{batch}, {} header, {}, {loop_kind}",
            self.size_bytes,
            self.header,
            units::counted(
                usize::try_from(self.connections).unwrap_or(usize::MAX),
                "connection"
            )
        );
        page.field("measured", Cell::text(&self.against));
        page.field("load", Cell::text(load));
        let rate = Cell::decimal(self.msgs_per_s).show(page.view());
        page.field(
            "rate",
            Cell::text(format!("{rate} messages/s, {:.1} MB/s", self.mb_per_s)),
        );
        if let Some(latency) = &self.latency {
            page.field("latency", Cell::text(latency.line()));
        }
        page.field(
            "messages",
            Cell::text(format!(
                "{} in {:.1} s, {} errors",
                self.messages, self.seconds, self.errors
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
    let earlier = args.saved.earlier::<Produced>()?;
    let stop = ctx.signals.claim();
    let site = Site::open(ctx, &args.site).await?;
    let measured = measure(ctx, args, &site, &stop).await;
    site.close(ctx).await;
    let (produced, problem) = measured?;
    saved::finish(ctx, &args.saved, earlier, produced)?;
    super::report::ended(stop, problem).await
}

async fn measure(
    ctx: &Context,
    args: &Args,
    site: &Site,
    stop: &crate::signals::Stop,
) -> Result<(Produced, Option<CommandError>), CommandError> {
    let run = topic::new_run();
    let topic = Topic::open(site, &args.topic, "produce", run).await?;
    let mut load = args.shape.load(ctx, site, &topic, run);
    load.rate = args.rate.map(Rate::per_second);
    load.limit = match args.count {
        Some(messages) => Limit::Messages(messages),
        None => Limit::Time {
            warm_up: args.warm_up,
            measured: args.duration,
        },
    };
    let before = topic.stored(site)?;
    let outcome = load::run(ctx, load.clone(), &site.pids, "sending", stop).await?;
    let stored = topic.stored(site)?.saturating_sub(before);
    topic.close(ctx, site).await;
    let produced = Produced::new(site, &load, &outcome, stored);
    let problem = problem(&outcome, stored);
    Ok((produced, problem))
}

/// What makes the figures worthless: messages refused, unanswered or not there.
pub(super) fn problem(outcome: &Outcome, stored: u64) -> Option<CommandError> {
    let unhealthy = |text: String| Some(CommandError::new(&codes::UNHEALTHY, text));
    if let Some((code, count)) = outcome.refused.iter().next() {
        let error = CommandError::remote(*code, outcome.first_remark.as_deref());
        return unhealthy(format!("{count} messages refused: {}", error.message()));
    }
    if outcome.unanswered > 0 {
        let unanswered = outcome.unanswered;
        return unhealthy(format!("{unanswered} messages were never answered"));
    }
    if stored < outcome.acknowledged {
        let text = "messages acknowledged, but the queues grew by";
        return unhealthy(format!("{} {text} {stored}", outcome.acknowledged));
    }
    None
}
