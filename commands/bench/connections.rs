//! `gantry bench connections`: what clients that only keep in touch cost a server, and whether those
//! who work notice them.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::body::{HeartbeatData, ProducerData};
use protocol::{RemotingCommand, RequestCode, frame};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::produce::load::{self, Limit, Load};
use super::produce::problem;
use super::saved::{self, Direction, Measurement};
use super::site::{self, Site};
use super::times::{Latency, Times, nanoseconds, per_second};
use super::topic::{self, Topic};
use super::usage::{self, ServerUsage, rounded};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::page::Page;
use crate::output::units;
use crate::output::{Cell, Column, Item};
use crate::signals::Stop;

/// What the client that works sends in a second.
const ACTIVE_RATE: f64 = 1000.0;

/// Connections that are being opened at a time.
const OPENING: usize = 128;

/// Measure what idle connections with heartbeats cost
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Opens connections to the first broker, has each send heartbeats, and looks at the
server's memory. Before and meanwhile one client sends 1000 messages a second:
what it waits for its answers shows whether it notices the others.

Examples:
  gantry bench connections --local --count 10000
  gantry bench connections --local --count 2000 --duration 30s -o json"
)]
pub(crate) struct Args {
    /// How many connections
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=25_000))]
    count: u32,

    /// How long they stay
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,

    /// From one heartbeat of a connection to its next
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    heartbeat_every: Duration,

    #[command(flatten)]
    saved: saved::SavedArgs,

    #[command(flatten)]
    site: site::SiteArgs,
}

/// What connections cost.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Connected {
    mode: &'static str,
    against: String,
    connections: u64,
    refused: u64,
    closed_by_server: u64,
    errors: u64,
    connects_per_s: f64,
    heartbeats: u64,
    /// Of the heartbeats.
    latency: Option<Latency>,
    rss_before_bytes: Option<u64>,
    rss_bytes: Option<u64>,
    bytes_per_connection: Option<u64>,
    /// Of the client that works, before the others came.
    active_alone: Option<Latency>,
    /// The same among them.
    active: Option<Latency>,
    server: Option<ServerUsage>,
}

impl Measurement for Connected {
    const COMPARED: &'static [(&'static str, Direction)] = &[
        ("bytes_per_connection", Direction::Down),
        ("connects_per_s", Direction::Up),
        ("latency.p99_us", Direction::Down),
        ("active.p99_us", Direction::Down),
    ];
    const SETUP: &'static [&'static str] = &["connections"];
}

impl Item for Connected {
    const SCHEMA: &'static str = "gantry.bench.connections/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("mode"),
        Column::number("connections"),
        Column::number("bytes_per_connection"),
        Column::number("closed_by_server"),
        Column::number("connects_per_s"),
        Column::number("latency.p99_us"),
        Column::new("against").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.mode.into(),
            Cell::count(self.connections),
            self.bytes_per_connection
                .map_or_else(Cell::empty, Cell::bytes),
            Cell::count(self.closed_by_server),
            Cell::decimal(self.connects_per_s),
            self.latency
                .as_ref()
                .map_or_else(Cell::empty, |latency| Cell::decimal(latency.p99_us)),
            self.against.as_str().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.mode.into()
    }

    fn page(&self, page: &mut Page) {
        page.field("measured", Cell::text(&self.against));
        let rate = Cell::decimal(self.connects_per_s).show(page.view());
        page.field(
            "connections",
            Cell::text(format!(
                "{} at {rate}/s, {} refused, {} closed by the server",
                self.connections, self.refused, self.closed_by_server
            )),
        );
        if let Some(bytes) = self.bytes_per_connection {
            page.field("memory of each", Cell::text(units::bytes(bytes)));
        }
        let lines = [
            ("heartbeats", &self.latency),
            ("a send, alone", &self.active_alone),
            ("a send, among them", &self.active),
        ];
        for (label, latency) in lines {
            if let Some(latency) = latency {
                page.field(label, Cell::text(latency.line()));
            }
        }
        super::report::server_fields(page, self.server.as_ref());
    }
}

/// Measures.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let earlier = args.saved.earlier::<Connected>()?;
    let stop = ctx.signals.claim();
    // Before a cluster is started: it inherits the limit.
    raise_file_limit();
    let site = Site::open(ctx, &args.site).await?;
    let measured = measure(ctx, args, &site, &stop).await;
    site.close(ctx).await;
    let connected = measured?;
    let problem = (connected.errors > 0).then(|| {
        let text = format!(
            "{} connections were refused, {} closed by the server",
            connected.refused, connected.closed_by_server
        );
        CommandError::new(&crate::error::codes::UNHEALTHY, text)
    });
    saved::finish(ctx, &args.saved, earlier, connected)?;
    super::report::ended(stop, problem).await
}

/// A process may have as many open files as its hard limit says; by default it has fewer.
fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

async fn measure(
    ctx: &Context,
    args: &Args,
    site: &Site,
    stop: &Stop,
) -> Result<Connected, CommandError> {
    let run = topic::new_run();
    let topic = Topic::create(site, format!("bench_connections_{run:08x}"), 4).await?;
    let measured = with_topic(ctx, args, site, &topic, stop).await;
    topic.close(ctx, site).await;
    measured
}

async fn with_topic(
    ctx: &Context,
    args: &Args,
    site: &Site,
    topic: &Topic,
    stop: &Stop,
) -> Result<Connected, CommandError> {
    let active_alone = work(ctx, args, site, topic, stop).await?;
    let before = usage::of(&site.pids);
    let crowd = Arc::new(Crowd::new(ctx.clock.clone(), args.heartbeat_every));
    let addr = site.brokers.first().map(|master| master.addr.clone());
    let begun = ctx.clock.elapsed();
    let (connected, mut beating) =
        open_all(ctx, &crowd, addr.unwrap_or_default(), args.count).await;
    let took = ctx.clock.elapsed().saturating_sub(begun).as_secs_f64();
    let active = work(ctx, args, site, topic, stop).await?;
    let after = usage::of(&site.pids);
    beating.abort_all();
    while beating.join_next().await.is_some() {}
    let refused = u64::from(args.count) - connected;
    let closed_by_server = crowd.closed.load(Ordering::Relaxed);
    let grown = before
        .zip(after)
        .map(|(before, after)| after.rss_bytes.saturating_sub(before.rss_bytes));
    let times = crowd.times.lock();
    Ok(Connected {
        mode: "connections",
        against: site.what.clone(),
        connections: connected,
        refused,
        closed_by_server,
        errors: refused + closed_by_server,
        connects_per_s: per_second(connected, took),
        heartbeats: crowd.heartbeats.load(Ordering::Relaxed),
        latency: times.latency(),
        rss_before_bytes: before.map(|usage| usage.rss_bytes),
        rss_bytes: after.map(|usage| usage.rss_bytes),
        bytes_per_connection: grown.map(|bytes| bytes / connected.max(1)),
        active_alone,
        active,
        server: ServerUsage::between(&site.pids, before, after, 0).map(|server| ServerUsage {
            cpu_s: rounded(server.cpu_s),
            ..server
        }),
    })
}

/// One client that sends all the while.
async fn work(
    ctx: &Context,
    args: &Args,
    site: &Site,
    topic: &Topic,
    stop: &Stop,
) -> Result<Option<Latency>, CommandError> {
    let load = Load {
        rate: Some(ACTIVE_RATE),
        limit: Limit::Time {
            warm_up: args.duration / 10,
            measured: args.duration,
        },
        ..Load::plain(ctx, site, topic, topic::new_run())
    };
    let outcome = load::run(ctx, load, &[], "one client sends", stop).await?;
    match problem(&outcome, outcome.acknowledged) {
        None => Ok(outcome.times.latency()),
        Some(problem) => Err(problem),
    }
}

/// What all connections share.
#[derive(Debug)]
struct Crowd {
    clock: SharedClock,
    every: Duration,
    heartbeats: AtomicU64,
    closed: AtomicU64,
    times: Mutex<Times>,
}

impl Crowd {
    fn new(clock: SharedClock, every: Duration) -> Self {
        Self {
            clock,
            every,
            heartbeats: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            times: Mutex::new(Times::new()),
        }
    }
}

/// Opens the connections; gives how many there are, and the tasks that keep them.
async fn open_all(
    ctx: &Context,
    crowd: &Arc<Crowd>,
    addr: String,
    count: u32,
) -> (u64, JoinSet<()>) {
    let progress = ctx.out.progress("connecting", Some(count.into()));
    let (mut opening, mut beating, mut connected) = (JoinSet::new(), JoinSet::new(), 0_u64);
    let mut keep = |number: u32, stream: std::io::Result<TcpStream>| match stream {
        Ok(stream) => {
            connected += 1;
            progress.advance(1);
            beating.spawn(beat(Arc::clone(crowd), stream, number));
        }
        Err(error) => tracing::debug!(number, %error, "not connected"),
    };
    for number in 0..count {
        if opening.len() >= OPENING
            && let Some(Ok((number, stream))) = opening.join_next().await
        {
            keep(number, stream);
        }
        let addr = addr.clone();
        opening.spawn(async move { (number, TcpStream::connect(addr).await) });
    }
    while let Some(joined) = opening.join_next().await {
        if let Ok((number, stream)) = joined {
            keep(number, stream);
        }
    }
    progress.finish();
    (connected, beating)
}

/// One connection: heartbeats until it is closed.
async fn beat(crowd: Arc<Crowd>, mut stream: TcpStream, number: u32) {
    let mut request = Vec::new();
    heartbeat(number).encode_into(&mut request);
    // Spread out, as the clients of a real system are.
    let share = f64::from(number % 1000) / 1000.0;
    tokio::time::sleep(crowd.every.mul_f64(share)).await;
    loop {
        let sent_at = crowd.clock.elapsed();
        if exchange(&mut stream, &request).await.is_err() {
            crowd.closed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let took = crowd.clock.elapsed().saturating_sub(sent_at);
        crowd.times.lock().record(nanoseconds(took));
        crowd.heartbeats.fetch_add(1, Ordering::Relaxed);
        let quiet = tokio::time::timeout(crowd.every, stream.read_u8()).await;
        // Nobody sends anything unasked for; what ends the silence is the server closing.
        if quiet.is_ok() {
            crowd.closed.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

/// Sends a request and reads its answer to the end.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    stream.write_all(request).await?;
    let length = stream.read_u32().await?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= frame::FRAME_LENGTH_MAX)
        .ok_or(std::io::ErrorKind::InvalidData)?;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await.map(drop)
}

fn heartbeat(number: u32) -> RemotingCommand {
    let data = HeartbeatData {
        client_id: format!("gantry_bench@{number}"),
        producer_data_set: vec![ProducerData {
            group_name: format!("gantry_bench_{}", number % 100),
        }],
        ..HeartbeatData::default()
    };
    let mut request = RemotingCommand::request(RequestCode::HeartBeat).with_body(data.to_json());
    request.opaque = 1;
    request
}
