//! A load of sends: what is sent where and how fast, and the threads that do it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clock::SharedClock;
use protocol::SerializeType;
use tokio::task::JoinSet;

use super::worker::{self, Lane, Tally};
use crate::bench::peer::Peer;
use crate::bench::site::{Site, unreachable};
use crate::bench::times::{Times, nanoseconds};
use crate::bench::topic::Topic;
use crate::bench::usage::{self, ServerUsage, Usage};
use crate::context::Context;
use crate::error::{CommandError, codes};

/// Between two looks at how far the threads are.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// When a load ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bench) enum Limit {
    /// When so many messages have been sent. All of them are measured.
    Messages(u64),
    /// After a time; what happens in the warm-up is not measured.
    Time {
        warm_up: Duration,
        measured: Duration,
    },
}

/// What is sent where and how fast.
#[derive(Debug, Clone)]
pub(in crate::bench) struct Load {
    pub(in crate::bench) run: u32,
    /// Taken in turn, message by message.
    pub(in crate::bench) topics: Vec<String>,
    /// Address and number of queues of each broker; connections take them in turn.
    pub(in crate::bench) brokers: Vec<(String, i32)>,
    pub(in crate::bench) size: usize,
    /// Messages in a request.
    pub(in crate::bench) batch: u32,
    pub(in crate::bench) header: SerializeType,
    pub(in crate::bench) connections: u32,
    /// Requests without an answer, on each connection.
    pub(in crate::bench) in_flight: u16,
    pub(in crate::bench) threads: u32,
    /// Messages a second of all connections together; without, as fast as they are answered.
    pub(in crate::bench) rate: Option<f64>,
    pub(in crate::bench) limit: Limit,
    /// How long an answer is waited for when nothing else comes either.
    pub(in crate::bench) patience: Duration,
}

impl Load {
    /// The plainest load on a topic: 128 bytes, one connection, 64 in flight.
    pub(in crate::bench) fn plain(ctx: &Context, site: &Site, topic: &Topic, run: u32) -> Self {
        let queues = site.brokers.iter().zip(&topic.queues);
        let brokers = queues
            .filter(|(_, queues)| **queues > 0)
            .map(|(master, queues)| (master.addr.clone(), *queues));
        Self {
            run,
            topics: vec![topic.name.clone()],
            brokers: brokers.collect(),
            size: 128,
            batch: 1,
            header: SerializeType::Json,
            connections: 1,
            in_flight: 64,
            threads: 1,
            rate: None,
            limit: Limit::Messages(0),
            patience: ctx.timeout(),
        }
    }
}

/// What became of a load.
#[derive(Debug)]
pub(in crate::bench) struct Outcome {
    /// Times of the measured messages.
    pub(in crate::bench) times: Times,
    /// Acknowledged in the measured part.
    pub(in crate::bench) messages: u64,
    /// Length of the measured part.
    pub(in crate::bench) seconds: f64,
    /// Acknowledged at all, in the warm-up too.
    pub(in crate::bench) acknowledged: u64,
    /// Refused, by response code.
    pub(in crate::bench) refused: BTreeMap<i32, u64>,
    /// The first refusal's words.
    pub(in crate::bench) first_remark: Option<String>,
    /// Neither acknowledged nor refused in time.
    pub(in crate::bench) unanswered: u64,
    pub(in crate::bench) server: Option<ServerUsage>,
    /// Processor time of this process in the measured part.
    pub(in crate::bench) load_cpu_s: Option<f64>,
}

/// What the threads and the one who waits for them share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) load: Load,
    pub(super) clock: SharedClock,
    pub(super) acknowledged: AtomicU64,
    pub(super) stop: AtomicBool,
    /// When the first message may leave.
    pub(super) begin_ns: u64,
    /// The measured part.
    pub(super) measured_ns: std::ops::Range<u64>,
}

impl Shared {
    fn new(ctx: &Context, load: Load) -> Self {
        let begin_ns = nanoseconds(ctx.clock.elapsed());
        let measured_ns = match load.limit {
            Limit::Messages(_) => begin_ns..u64::MAX,
            Limit::Time { warm_up, measured } => {
                let warm = begin_ns + nanoseconds(warm_up);
                warm..warm + nanoseconds(measured)
            }
        };
        Self {
            load,
            clock: ctx.clock.clone(),
            acknowledged: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            begin_ns,
            measured_ns,
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        nanoseconds(self.clock.elapsed())
    }
}

/// Runs the load to its end. `label` names it on the progress line; `stop` ends it early.
pub(in crate::bench) async fn run(
    ctx: &Context,
    load: Load,
    pids: &[u32],
    label: &str,
    stop: &crate::signals::Stop,
) -> Result<Outcome, CommandError> {
    if load.brokers.is_empty() {
        let text = format!("topic {} has no queue to write to", load.topics.join(", "));
        return Err(CommandError::new(&codes::NO_QUEUE, text));
    }
    let mut lanes = connect(&load)?;
    let threads = usize::try_from(load.threads)
        .unwrap_or(1)
        .clamp(1, lanes.len());
    let total = match load.limit {
        Limit::Messages(messages) => Some(messages),
        Limit::Time { .. } => None,
    };
    let progress = ctx.out.progress(label, total);
    let shared = Arc::new(Shared::new(ctx, load));
    let mut working = JoinSet::new();
    for thread in 0..threads {
        let mine = lanes.split_off(lanes.len() - lanes.len() / (threads - thread));
        let (shared, thread) = (Arc::clone(&shared), u32::try_from(thread).unwrap_or(0));
        working.spawn_blocking(move || worker::work(&shared, mine, thread));
    }
    let mut samples = Samples::new(pids, &shared);
    let (mut told, mut tallies) = (0, Vec::new());
    loop {
        let joined = tokio::time::timeout(samples.wait(&shared), working.join_next()).await;
        samples.look(&shared);
        let acknowledged = shared.acknowledged.load(Ordering::Relaxed);
        progress.advance(acknowledged - told);
        told = acknowledged;
        if stop.is_requested() {
            shared.stop.store(true, Ordering::Relaxed);
        }
        match joined {
            Err(_) => {}
            Ok(None) => break,
            Ok(Some(tally)) => tallies.push(tally.map_err(|error| {
                CommandError::new(&codes::FAILED, format!("a thread of the load: {error}"))
            })??),
        }
    }
    progress.finish();
    Ok(samples.outcome(&shared, &tallies))
}

/// Opens every connection before the first message leaves.
fn connect(load: &Load) -> Result<Vec<Lane>, CommandError> {
    let brokers = load.brokers.iter().cycle();
    let lane = |(number, (addr, queues)): (u32, &(String, i32))| {
        let peer = Peer::connect(addr).map_err(|error| unreachable(addr, &error))?;
        Ok(Lane::new(
            peer,
            addr.clone(),
            number,
            *queues,
            load.in_flight,
        ))
    };
    (0..load.connections).zip(brokers).map(lane).collect()
}

/// What the processes had used at the beginning and at the end of the measured part.
#[derive(Debug)]
struct Samples {
    pids: Vec<u32>,
    begin: Option<(Option<Usage>, Option<Usage>)>,
    end: Option<(Option<Usage>, Option<Usage>)>,
}

impl Samples {
    fn new(pids: &[u32], shared: &Shared) -> Self {
        let mut samples = Self {
            pids: pids.to_vec(),
            begin: None,
            end: None,
        };
        samples.look(shared);
        samples
    }

    /// Until the next moment that matters.
    fn wait(&self, shared: &Shared) -> Duration {
        let next = match (self.begin, self.end) {
            (None, _) => shared.measured_ns.start,
            (Some(_), None) => shared.measured_ns.end,
            (Some(_), Some(_)) => u64::MAX,
        };
        Duration::from_nanos(next.saturating_sub(shared.now_ns())).min(LOOK_EVERY)
    }

    fn look(&mut self, shared: &Shared) {
        let now = shared.now_ns();
        if self.begin.is_none() && now >= shared.measured_ns.start {
            self.begin = Some(self.take());
        }
        if self.end.is_none() && now >= shared.measured_ns.end {
            self.end = Some(self.take());
        }
    }

    fn take(&self) -> (Option<Usage>, Option<Usage>) {
        (usage::of(&self.pids), usage::of_self())
    }

    fn outcome(self, shared: &Shared, tallies: &[Tally]) -> Outcome {
        let mut sum = Outcome {
            times: Times::new(),
            messages: 0,
            seconds: 0.0,
            acknowledged: 0,
            refused: BTreeMap::new(),
            first_remark: None,
            unanswered: 0,
            server: None,
            load_cpu_s: None,
        };
        let mut last_ns = shared.measured_ns.start;
        for tally in tallies {
            sum.times.add(&tally.times);
            sum.messages += tally.measured;
            sum.acknowledged += tally.acknowledged;
            sum.unanswered += tally.unanswered;
            for (code, count) in &tally.refused {
                *sum.refused.entry(*code).or_default() += count;
            }
            if sum.first_remark.is_none() {
                sum.first_remark.clone_from(&tally.first_remark);
            }
            last_ns = last_ns.max(tally.last_ns);
        }
        // A load that was stopped early, or that counts, lasted until its last answer.
        let is_whole = !shared.stop.load(Ordering::Relaxed) && shared.measured_ns.end < u64::MAX;
        let end_ns = if is_whole {
            shared.measured_ns.end
        } else {
            last_ns
        };
        sum.seconds =
            Duration::from_nanos(end_ns.saturating_sub(shared.measured_ns.start)).as_secs_f64();
        let (server_end, load_end) = self.end.unwrap_or_else(|| self.take());
        let (server_begin, load_begin) = self.begin.unwrap_or_default();
        sum.server = ServerUsage::between(&self.pids, server_begin, server_end, sum.messages);
        sum.load_cpu_s = load_begin
            .zip(load_end)
            .map(|(begin, end)| end.cpu_s - begin.cpu_s);
        sum
    }
}
