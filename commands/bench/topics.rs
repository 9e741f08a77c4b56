//! `gantry bench topics`: how fast topics are made, what they cost, and whether many of them slow a
//! server down.

use std::borrow::Cow;
use std::time::Duration;

use protocol::RemotingCommand;
use serde::Serialize;

use super::peer::{Peer, Ready};
use super::produce::load::{self, Limit, Load};
use super::produce::problem;
use super::saved::{self, Direction, Measurement};
use super::site::{self, Site, create_request, unreachable};
use super::times::per_second;
use super::topic::{self, Topic};
use super::usage::{self, ServerUsage, rounded};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::page::Page;
use crate::output::units;
use crate::output::{Cell, Column, Item};
use crate::signals::Stop;

/// Requests under way.
const IN_FLIGHT: usize = 16;

/// Measure how fast topics are made, and what many of them cost
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Makes topics on one broker, then sends to one of them and to all in turn. The topics
are deleted afterwards, except on a cluster of its own, which ends anyway.

Examples:
  gantry bench topics --local
  gantry bench topics --local --count 10000 --queues 4 -o json"
)]
pub(crate) struct Args {
    /// How many topics
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,

    /// Queues of each
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=1024))]
    queues: i32,

    /// Send for so long, to one topic and to all
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    duration: Duration,

    #[command(flatten)]
    saved: saved::SavedArgs,

    #[command(flatten)]
    site: site::SiteArgs,
}

/// What topics cost.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Created {
    mode: &'static str,
    against: String,
    topics: u32,
    queues: i32,
    seconds: f64,
    topics_per_s: f64,
    errors: u64,
    /// Memory in use before, after, and after all of them were sent to.
    rss_before_bytes: Option<u64>,
    rss_bytes: Option<u64>,
    rss_used_bytes: Option<u64>,
    bytes_per_topic: Option<u64>,
    /// 128 bytes, one connection, 64 in flight, to one topic.
    msgs_per_s_one_topic: f64,
    /// The same to all of them in turn.
    msgs_per_s_all_topics: f64,
    server: Option<ServerUsage>,
}

impl Measurement for Created {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("topics_per_s", Direction::Up),
        ("bytes_per_topic", Direction::Down),
        ("msgs_per_s_all_topics", Direction::Up),
    ];
    const SETUP: &'static [&'static str] = &["topics", "queues"];
}

impl Item for Created {
    const SCHEMA: &'static str = "gantry.bench.topics/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("topics"),
        Column::number("topics_per_s"),
        Column::number("bytes_per_topic"),
        Column::number("msgs_per_s_one_topic"),
        Column::number("msgs_per_s_all_topics"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.mode.into(),
            self.topics.into(),
            Cell::decimal(self.topics_per_s),
            self.bytes_per_topic.map_or_else(Cell::empty, Cell::bytes),
            Cell::decimal(self.msgs_per_s_one_topic),
            Cell::decimal(self.msgs_per_s_all_topics),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        let shown = |number: f64, page: &Page| Cell::decimal(number).show(page.view());
        page.field("measured", Cell::text(&self.against));
        let rate = shown(self.topics_per_s, page);
        let made = format!(
            "{} of {} queues in {:.2} s: {rate}/s",
            self.topics, self.queues, self.seconds
        );
        page.field("topics", Cell::text(made));
        if let Some(bytes) = self.bytes_per_topic {
            page.field("memory of a topic", Cell::text(units::bytes(bytes)));
        }
        let (one, all) = (
            shown(self.msgs_per_s_one_topic, page),
            shown(self.msgs_per_s_all_topics, page),
        );
        page.field(
            "sending",
            Cell::text(format!("{one}/s to one of them, {all}/s to all in turn")),
        );
        super::report::server_fields(page, self.server.as_ref());
    }
}

/// Measures.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let earlier = args.saved.earlier::<Created>()?;
    let stop = ctx.signals.claim();
    let site = Site::open(ctx, &args.site).await?;
    let run = topic::new_run();
    let names: Vec<String> = (0..args.count)
        .map(|number| format!("bench_topics_{run:08x}_{number}"))
        .collect();
    let measured = measure(ctx, args, &site, run, &names, &stop).await;
    tidy_up(ctx, &site, &names).await;
    site.close(ctx).await;
    saved::finish(ctx, &args.saved, earlier, measured?)?;
    super::report::ended(stop, None).await
}

async fn measure(
    ctx: &Context,
    args: &Args,
    site: &Site,
    run: u32,
    names: &[String],
    stop: &Stop,
) -> Result<Created, CommandError> {
    let addr = site.brokers.first().map(|master| master.addr.clone());
    let addr = addr.unwrap_or_default();
    let requests = names.iter().map(|name| create_request(name, args.queues));
    let before = usage::of(&site.pids);
    let begun = ctx.clock.elapsed();
    create_all(&addr, requests, ctx.timeout())?;
    let seconds = ctx.clock.elapsed().saturating_sub(begun).as_secs_f64();
    let after = usage::of(&site.pids);
    let all = Load {
        run,
        topics: names.to_vec(),
        brokers: vec![(addr, args.queues)],
        limit: Limit::Time {
            warm_up: args.duration / 4,
            measured: args.duration,
        },
        ..Load::plain(ctx, site, &Topic::none(), run)
    };
    let one = Load {
        topics: names.iter().take(1).cloned().collect(),
        ..all.clone()
    };
    let to_one = sent(ctx, one, stop).await?;
    let to_all = sent(ctx, all, stop).await?;
    let used = usage::of(&site.pids);
    let count = u64::from(args.count);
    let grown = before
        .zip(after)
        .map(|(before, after)| after.rss_bytes.saturating_sub(before.rss_bytes));
    Ok(Created {
        mode: "topics",
        against: site.what.clone(),
        topics: args.count,
        queues: args.queues,
        seconds: rounded(seconds),
        topics_per_s: per_second(count, seconds),
        errors: 0,
        rss_before_bytes: before.map(|usage| usage.rss_bytes),
        rss_bytes: after.map(|usage| usage.rss_bytes),
        rss_used_bytes: used.map(|usage| usage.rss_bytes),
        bytes_per_topic: grown.map(|bytes| bytes / count.max(1)),
        msgs_per_s_one_topic: to_one,
        msgs_per_s_all_topics: to_all,
        server: ServerUsage::between(&site.pids, before, used, 0),
    })
}

/// Sends and gives the rate.
async fn sent(ctx: &Context, load: Load, stop: &Stop) -> Result<f64, CommandError> {
    let outcome = load::run(ctx, load, &[], "sending", stop).await?;
    match problem(&outcome, outcome.acknowledged) {
        None => Ok(per_second(outcome.messages, outcome.seconds)),
        Some(problem) => Err(problem),
    }
}

/// Sends all requests over one connection, some of them under way at a time; each must succeed.
fn create_all(
    addr: &str,
    requests: impl Iterator<Item = RemotingCommand>,
    timeout: Duration,
) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| unreachable(addr, &error);
    let mut peer = Peer::connect(addr).map_err(failed)?;
    let (mut requests, mut ready) = (requests.zip(1..), Ready::default());
    let (mut under_way, mut refusal) = (0_usize, None);
    loop {
        while under_way < IN_FLIGHT
            && let Some((mut request, opaque)) = requests.next()
        {
            request.opaque = opaque;
            request.encode_into(peer.outgoing());
            under_way += 1;
        }
        if under_way == 0 {
            return Ok(());
        }
        peer.flush().map_err(failed)?;
        if ready
            .wait(std::iter::once(&peer), timeout)
            .map_err(failed)?
            == 0
        {
            let text = format!("broker {addr} did not answer {under_way} requests");
            return Err(CommandError::new(&codes::TIMEOUT, text));
        }
        peer.receive(|answer, _| {
            under_way = under_way.saturating_sub(1);
            if answer.code() != 0 {
                let error = CommandError::remote(answer.code(), answer.remark());
                refusal.get_or_insert(error);
            }
        })
        .map_err(failed)?;
        if let Some(error) = refusal {
            return Err(error);
        }
    }
}

/// Deletes the topics, unless their cluster ends anyway.
async fn tidy_up(ctx: &Context, site: &Site, names: &[String]) {
    if site.is_own() {
        return;
    }
    let progress = ctx
        .out
        .progress("deleting", u64::try_from(names.len()).ok());
    for name in names {
        // Those that were never made are not missed.
        if let Err(error) = site.delete_topic(name).await {
            tracing::debug!(name, error = error.message(), "not deleted");
        }
        progress.advance(1);
    }
    progress.finish();
}
