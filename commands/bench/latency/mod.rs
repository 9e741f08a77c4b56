//! `gantry bench latency`: from sending a message to having it, by long polling.

mod pair;

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use super::produce::Header;
use super::saved::{self, Direction, Measurement};
use super::site::{self, Site};
use super::times::{Latency, per_second};
use super::topic::{self, Topic};
use super::usage::{self, ServerUsage, rounded};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::page::Page;
use crate::output::{Cell, Column, Item};
use crate::send::rate::Rate;
use crate::signals::Stop;
use pair::{Exchange, Outcome};

/// Measure the time from sending a message to having it
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "One connection sends, another waits for messages with a long poll. Without --rate
the next message leaves when the last one has arrived (ping-pong); with it, each
leaves when it is due, and its time counts from then (open loop).

Examples:
  gantry bench latency
  gantry bench latency --rate 500/s --duration 30s
  gantry bench latency --local --count 1000000 -o json"
)]
pub(crate) struct Args {
    /// Open loop: 500/s
    #[arg(long, value_name = "RATE", value_parser = Rate::parse)]
    rate: Option<Rate>,

    /// Measure for so long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    duration: Duration,

    /// Let it run in for so long before
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = humantime::parse_duration, hide_short_help = true)]
    warm_up: Duration,

    /// Send so many messages instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Bytes of a body
    #[arg(long, value_name = "SIZE", default_value = "128", value_parser = super::size::parse_body)]
    size: usize,

    /// How the header is written
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value = "json",
        hide_possible_values = true
    )]
    header: Header,

    /// Leave its topic and messages there
    #[arg(long, hide_short_help = true)]
    keep: bool,

    #[command(flatten)]
    saved: saved::SavedArgs,

    #[command(flatten)]
    site: site::SiteArgs,
}

/// How long messages took.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    mode: &'static str,
    against: String,
    seconds: f64,
    messages: u64,
    errors: u64,
    msgs_per_s: f64,
    mb_per_s: f64,
    /// From sending, or from when it was due, to having it.
    latency: Option<Latency>,
    /// From the same moment to the acknowledgement.
    ack: Option<Latency>,
    later_than_100_ms: u64,
    /// Sent and never received.
    missing: u64,
    size_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    server: Option<ServerUsage>,
    load_cpu_s: Option<f64>,
}

impl Measurement for Measured {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("latency.p50_us", Direction::Down),
        ("latency.p99_us", Direction::Down),
        ("latency.p999_us", Direction::Down),
        ("ack.p50_us", Direction::Down),
    ];
    const SETUP: &'static [&'static str] = &["size_bytes", "rate"];
}

impl Item for Measured {
    const SCHEMA: &'static str = "gantry.bench.latency/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("msgs_per_s"),
        Column::number("latency.p50_us"),
        Column::number("latency.p99_us"),
        Column::number("latency.p999_us"),
        Column::number("latency.max_us"),
        Column::number("errors"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let latency = |of: fn(&Latency) -> f64| match &self.latency {
            Some(latency) => Cell::decimal(of(latency)),
            None => Cell::empty(),
        };
        vec![
            self.mode.into(),
            Cell::decimal(self.msgs_per_s),
            latency(|latency| latency.p50_us),
            latency(|latency| latency.p99_us),
            latency(|latency| latency.p999_us),
            latency(|latency| latency.max_us),
            self.errors.into(),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        let load = match self.rate {
            Some(rate) => format!("{}/s asked for", Cell::decimal(rate).show(page.view())),
            None => "ping-pong".to_owned(),
        };
        page.field("measured", Cell::text(&self.against));
        page.field(
            "load",
            Cell::text(format!("{} bytes, {load}", self.size_bytes)),
        );
        if let Some(latency) = &self.latency {
            page.field("to receipt", Cell::text(latency.line()));
        }
        if let Some(ack) = &self.ack {
            page.field("to ack", Cell::text(ack.line()));
        }
        page.field(
            "messages",
            Cell::text(format!(
                "{} in {:.1} s, {} later than 100 ms, {} errors",
                self.messages, self.seconds, self.later_than_100_ms, self.errors
            )),
        );
        super::report::server_fields(page, self.server.as_ref());
    }
}

/// Measures.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let earlier = args.saved.earlier::<Measured>()?;
    let stop = ctx.signals.claim();
    let site = Site::open(ctx, &args.site).await?;
    let measured = measure(ctx, args, &site, &stop).await;
    site.close(ctx).await;
    let measured = measured?;
    let problem = (measured.errors > 0).then(|| {
        let (refused, missing) = (measured.errors - measured.missing, measured.missing);
        let text = format!("{missing} messages never arrived, {refused} requests were refused");
        CommandError::new(&codes::UNHEALTHY, text)
    });
    saved::finish(ctx, &args.saved, earlier, measured)?;
    super::report::ended(stop, problem).await
}

async fn measure(
    ctx: &Context,
    args: &Args,
    site: &Site,
    stop: &Stop,
) -> Result<Measured, CommandError> {
    let run = topic::new_run();
    let name = format!("bench_latency_{run:08x}");
    let topic = Topic::create(site, name, 1).await?;
    let measured = exchange(ctx, args, site, &topic, run, stop).await;
    if !args.keep {
        topic.close(ctx, site).await;
    }
    measured
}

async fn exchange(
    ctx: &Context,
    args: &Args,
    site: &Site,
    topic: &Topic,
    run: u32,
    stop: &Stop,
) -> Result<Measured, CommandError> {
    // One queue of one broker: what is measured is the way of a message, not how it spreads.
    let addr = site.brokers.first().map(|master| master.addr.clone());
    let exchange = Exchange {
        run,
        topic: topic.name.clone(),
        addr: addr.unwrap_or_default(),
        size: args.size,
        header: args.header.serialize_type(),
        rate: args.rate.map(Rate::per_second),
        count: args.count,
        warm_up: args.count.map_or(args.warm_up, |_| Duration::ZERO),
        measured: args.duration,
        patience: ctx.timeout(),
    };
    let (server_begin, own_begin) = (usage::of(&site.pids), usage::of_self());
    let progress = ctx.out.progress("exchanging", args.count);
    let outcome = pair::run(ctx, exchange, stop, &progress).await?;
    progress.finish();
    let server = usage::of(&site.pids);
    let server = ServerUsage::between(&site.pids, server_begin, server, outcome.received);
    let load_cpu_s = own_begin
        .zip(usage::of_self())
        .map(|(begin, end)| rounded(end.cpu_s - begin.cpu_s));
    Ok(measured_of(args, site, &outcome, server, load_cpu_s))
}

fn measured_of(
    args: &Args,
    site: &Site,
    outcome: &Outcome,
    server: Option<ServerUsage>,
    load_cpu_s: Option<f64>,
) -> Measured {
    let missing = (outcome.sent - outcome.refused).saturating_sub(outcome.received);
    let msgs_per_s = per_second(outcome.measured, outcome.seconds);
    #[expect(clippy::cast_precision_loss, reason = "sizes are megabytes at most")]
    let mb_per_s = rounded(msgs_per_s * args.size as f64 / 1e6);
    Measured {
        mode: "latency",
        against: site.what.clone(),
        seconds: rounded(outcome.seconds),
        messages: outcome.measured,
        errors: missing + outcome.refused,
        msgs_per_s,
        mb_per_s,
        latency: outcome.receipts.latency(),
        ack: outcome.acks.latency(),
        later_than_100_ms: outcome.late,
        missing,
        size_bytes: args.size,
        rate: args.rate.map(Rate::per_second),
        server,
        load_cpu_s,
    }
}
