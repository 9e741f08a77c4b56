//! `gantry bench start`: how long a cluster takes from its first instruction to its first
//! acknowledged message, empty or after a crash.

use std::borrow::Cow;
use std::time::Duration;

use protocol::SerializeType;
use serde::Serialize;

use super::own_cluster::{OwnCluster, Plan};
use super::peer::{Peer, Ready};
use super::produce::letter::{Letter, Letters};
use super::produce::load::{self, Limit, Load};
use super::produce::problem;
use super::saved::{self, Direction, Measurement};
use super::site::{Site, unreachable};
use super::times::nanoseconds;
use super::topic::{self, Topic};
use super::usage::rounded;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::shape::parse_setting;
use crate::output::page::Page;
use crate::output::{Cell, Column, Item};
use crate::signals::Stop;

/// Bodies of the log that a restart has to look through.
const FILL_SIZE: usize = 1024;

/// Measure a start to the first acknowledged message
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Starts this program's own cluster again and again, each time in an empty folder,
and counts from the start of the process until a message is acknowledged. With
--fill the cluster is filled once, then killed as by kill -9 and started again.

Examples:
  gantry bench start
  gantry bench start --brokers 1 --runs 20 -o json
  gantry bench start --brokers 1 --fill 1G --runs 3"
)]
pub(crate) struct Args {
    /// How many starts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,

    /// Brokers of the cluster
    #[arg(short, long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    brokers: u16,

    /// Restart after kill -9 with so much log instead
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse)]
    fill: Option<u64>,

    /// A broker setting (can be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,

    #[command(flatten)]
    saved: saved::SavedArgs,
}

/// How long starts took.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Started {
    mode: &'static str,
    against: String,
    runs: u32,
    brokers: u16,
    /// To the first acknowledged message: the middle of all runs.
    median_ms: f64,
    min_ms: f64,
    max_ms: f64,
    /// To the cluster's own word that it is ready: the middle of all runs.
    ready_ms: f64,
    /// Each run, in order.
    runs_ms: Vec<f64>,
    /// Bytes of bodies that had been acknowledged when it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    filled_bytes: Option<u64>,
    errors: u64,
}

impl Measurement for Started {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("median_ms", Direction::Down),
        ("ready_ms", Direction::Down),
    ];
    const SETUP: &'static [&'static str] = &["brokers", "filled_bytes"];
}

impl Item for Started {
    const SCHEMA: &'static str = "gantry.bench.start/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("median_ms"),
        Column::number("min_ms"),
        Column::number("max_ms"),
        Column::number("ready_ms"),
        Column::number("runs"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.mode.into(),
            Cell::decimal(self.median_ms),
            Cell::decimal(self.min_ms),
            Cell::decimal(self.max_ms),
            Cell::decimal(self.ready_ms),
            self.runs.into(),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        page.field("measured", Cell::text(&self.against));
        let Self {
            median_ms,
            min_ms,
            max_ms,
            ready_ms,
            runs,
            ..
        } = self;
        page.field(
            "first message",
            Cell::text(format!(
                "{median_ms:.1} ms (median of {runs}; {min_ms:.1} to {max_ms:.1})"
            )),
        );
        page.field("ready", Cell::text(format!("{ready_ms:.1} ms (median)")));
    }
}

/// One start.
#[derive(Debug, Clone, Copy)]
struct Run {
    ready_ms: f64,
    first_ms: f64,
}

/// Measures.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let earlier = args.saved.earlier::<Started>()?;
    let stop = ctx.signals.claim();
    let plan = Plan {
        brokers: args.brokers,
        settings: args.settings.clone(),
        data: None,
        ports: "auto".to_owned(),
    };
    let (runs, filled_bytes) = match args.fill {
        None => (cold(ctx, &plan, args.runs, &stop).await?, None),
        Some(bytes) => {
            let (runs, filled) = after_crash(ctx, &plan, bytes, args.runs, &stop).await?;
            (runs, Some(filled))
        }
    };
    let started = summary(args, &runs, filled_bytes);
    saved::finish(ctx, &args.saved, earlier, started)?;
    super::report::ended(stop, None).await
}

/// Starts in empty folders.
async fn cold(
    ctx: &Context,
    plan: &Plan,
    runs: u32,
    stop: &Stop,
) -> Result<Vec<Run>, CommandError> {
    let progress = ctx.out.progress("starting", Some(runs.into()));
    let mut done = Vec::new();
    for _ in 0..runs {
        let (cluster, run) = start(ctx, plan).await?;
        cluster.end(ctx).await;
        done.push(run);
        progress.advance(1);
        if stop.is_requested() {
            break;
        }
    }
    progress.finish();
    Ok(done)
}

/// Fills a cluster, then kills and restarts it again and again. Fails if what was acknowledged is
/// gone.
async fn after_crash(
    ctx: &Context,
    plan: &Plan,
    bytes: u64,
    runs: u32,
    stop: &Stop,
) -> Result<(Vec<Run>, u64), CommandError> {
    let folder = tempfile::Builder::new()
        .prefix("gantry-bench-")
        .tempdir()
        .map_err(|error| {
            CommandError::new(
                &codes::LOCAL_RESOURCE,
                format!("no temporary folder: {error}"),
            )
        })?;
    let plan = Plan {
        data: Some(folder.path().join("data")),
        ..plan.clone()
    };
    let site = Site::start(ctx, &plan).await?;
    let run = topic::new_run();
    let topic = Topic::create(&site, format!("bench_start_{run:08x}"), 4).await?;
    let load = Load {
        size: FILL_SIZE,
        limit: Limit::Messages(bytes / u64::try_from(FILL_SIZE).unwrap_or(1) + 1),
        ..Load::plain(ctx, &site, &topic, run)
    };
    let outcome = load::run(ctx, load, &[], "filling", stop).await?;
    if let Some(problem) = problem(&outcome, outcome.acknowledged) {
        return Err(problem);
    }
    site.kill().await;
    let progress = ctx.out.progress("restarting", Some(runs.into()));
    let mut done = Vec::new();
    for _ in 0..runs {
        let (mut cluster, run) = start(ctx, &plan).await?;
        done.push(run);
        progress.advance(1);
        let stored = stored(ctx, &cluster, &topic).await?;
        cluster.kill();
        if stored < outcome.acknowledged {
            let text = format!(
                "{} messages were acknowledged, {stored} are there after kill -9",
                outcome.acknowledged
            );
            return Err(CommandError::new(&codes::UNHEALTHY, text));
        }
        if stop.is_requested() {
            break;
        }
    }
    progress.finish();
    let size = u64::try_from(FILL_SIZE).unwrap_or(1);
    Ok((done, outcome.acknowledged * size))
}

async fn stored(ctx: &Context, cluster: &OwnCluster, topic: &Topic) -> Result<u64, CommandError> {
    let site = Site::of_cluster(ctx, cluster).await?;
    let stored = topic.stored(&site);
    site.close(ctx).await;
    stored
}

/// Starts a cluster and sends it a message: the clock begins before the process does.
async fn start(ctx: &Context, plan: &Plan) -> Result<(OwnCluster, Run), CommandError> {
    let begun = ctx.clock.elapsed();
    let cluster = OwnCluster::start(ctx, plan).await?;
    let ready = ctx.clock.elapsed();
    let addr = cluster.brokers.first().cloned().unwrap_or_default();
    send_first(&addr, ctx.timeout()).map_err(|error| unreachable(&addr, &error))?;
    let done = ctx.clock.elapsed();
    let ms = |time: Duration| rounded(time.saturating_sub(begun).as_secs_f64() * 1000.0);
    let run = Run {
        ready_ms: ms(ready),
        first_ms: ms(done),
    };
    Ok((cluster, run))
}

/// Sends one message to a topic that does not exist yet, as a new application does.
fn send_first(addr: &str, timeout: Duration) -> std::io::Result<()> {
    let mut peer = Peer::connect(addr)?;
    let letter = Letter {
        topic: "bench_first",
        queue_id: 0,
        connection: 0,
        sequence: 0,
        at_ns: nanoseconds(Duration::ZERO),
        opaque: 1,
    };
    Letters::new(1, 128, 1, SerializeType::Json).write(&letter, peer.outgoing());
    let mut ready = Ready::default();
    let mut answered = None;
    while answered.is_none() {
        peer.flush()?;
        if ready.wait(std::iter::once(&peer), timeout)? == 0 {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        peer.receive(|answer, _| {
            answered = Some((answer.code(), answer.remark().map(str::to_owned)));
        })?;
    }
    match answered {
        Some((0, _)) | None => Ok(()),
        Some((code, remark)) => Err(std::io::Error::other(format!(
            "the first message was refused: {code} {}",
            remark.unwrap_or_default()
        ))),
    }
}

fn summary(args: &Args, runs: &[Run], filled_bytes: Option<u64>) -> Started {
    let sorted = |of: fn(&Run) -> f64| {
        let mut times: Vec<f64> = runs.iter().map(of).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let middle = |times: &[f64]| times.get(times.len() / 2).copied().unwrap_or_default();
    let (first, ready) = (sorted(|run| run.first_ms), sorted(|run| run.ready_ms));
    let state = match filled_bytes {
        None => "an empty folder".to_owned(),
        Some(bytes) => format!(
            "kill -9 with {} of messages",
            crate::output::units::bytes(bytes)
        ),
    };
    Started {
        mode: "start",
        against: format!(
            "a cluster of a name server and {}, {state}",
            crate::output::units::counted(usize::from(args.brokers), "broker")
        ),
        runs: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        brokers: args.brokers,
        median_ms: middle(&first),
        min_ms: first.first().copied().unwrap_or_default(),
        max_ms: first.last().copied().unwrap_or_default(),
        ready_ms: middle(&ready),
        runs_ms: runs.iter().map(|run| run.first_ms).collect(),
        filled_bytes,
        errors: 0,
    }
}
