//! A sender and a receiver in one thread: one clock for both ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clock::SharedClock;
use protocol::SerializeType;
use protocol::codec::CommandView;
use protocol::header::PullMessageResponseHeader;
use protocol::message::records;

use crate::bench::body::{Body, read_body};
use crate::bench::consume::reader::Pull;
use crate::bench::peer::{Peer, Ready};
use crate::bench::produce::letter::{Letter, Letters};
use crate::bench::site::unreachable;
use crate::bench::times::{Plan, Times, nanoseconds, wake_up_sharply};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::progress::Progress;
use crate::signals::Stop;

/// How long the broker may hold a pull.
const HOLD: Duration = Duration::from_secs(15);

/// Later than this is a stall.
const LATE_NS: u64 = 100_000_000;

/// The longest sleep without a look at the clock.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// Between two looks at how far the thread is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Messages that a pull asks for.
const PULL_BATCH: i32 = 32;

/// More than this on the way at once is a broker that has stopped.
const UNDER_WAY_MAX: u64 = 100_000;

/// What is exchanged.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) run: u32,
    pub(super) topic: String,
    pub(super) addr: String,
    pub(super) size: usize,
    pub(super) header: SerializeType,
    /// Messages a second; without, the next one leaves when the last one is there.
    pub(super) rate: Option<f64>,
    pub(super) count: Option<u64>,
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
    pub(super) patience: Duration,
}

/// How it went.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) receipts: Times,
    pub(super) acks: Times,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Received in the measured part.
    pub(super) measured: u64,
    pub(super) late: u64,
    /// Requests that were refused.
    pub(super) refused: u64,
    pub(super) seconds: f64,
}

#[derive(Debug, Default)]
struct Shared {
    received: AtomicU64,
    stop: AtomicBool,
}

/// Exchanges messages on a thread of its own, with progress.
pub(super) async fn run(
    ctx: &Context,
    exchange: Exchange,
    stop: &Stop,
    progress: &Progress,
) -> Result<Outcome, CommandError> {
    let shared = Arc::new(Shared::default());
    let (clock, theirs) = (ctx.clock.clone(), Arc::clone(&shared));
    let mut working =
        tokio::task::spawn_blocking(move || Pair::open(&exchange, &clock)?.run(&theirs));
    let mut told = 0;
    loop {
        let joined = tokio::time::timeout(LOOK_EVERY, &mut working).await;
        let received = shared.received.load(Ordering::Relaxed);
        progress.advance(received - told);
        told = received;
        if stop.is_requested() {
            shared.stop.store(true, Ordering::Relaxed);
        }
        if let Ok(outcome) = joined {
            return outcome.map_err(|error| {
                CommandError::new(&codes::FAILED, format!("the exchanging thread: {error}"))
            })?;
        }
    }
}

/// The two connections and what is between them.
struct Pair<'a> {
    exchange: &'a Exchange,
    clock: &'a SharedClock,
    sender: Peer,
    receiver: Peer,
    letters: Letters,
    plan: Option<Plan>,
    measured_ns: std::ops::Range<u64>,
    tally: Tally,
}

/// What both ends have counted.
#[derive(Debug)]
struct Tally {
    outcome: Outcome,
    /// By number of the message: when it was sent, until it is acknowledged.
    unacknowledged: std::collections::HashMap<i32, u64>,
    run: u32,
    next_offset: i64,
    /// Whether the receiver has to pull again.
    is_pull_due: bool,
    last_ns: u64,
    measured_ns: std::ops::Range<u64>,
}

impl<'a> Pair<'a> {
    fn open(exchange: &'a Exchange, clock: &'a SharedClock) -> Result<Self, CommandError> {
        let connect =
            || Peer::connect(&exchange.addr).map_err(|error| unreachable(&exchange.addr, &error));
        let (sender, receiver) = (connect()?, connect()?);
        let begin_ns = nanoseconds(clock.elapsed());
        let warm_ns = begin_ns + nanoseconds(exchange.warm_up);
        let measured_ns = match exchange.count {
            Some(_) => begin_ns..u64::MAX,
            None => warm_ns..warm_ns + nanoseconds(exchange.measured),
        };
        Ok(Self {
            exchange,
            clock,
            sender,
            receiver,
            letters: Letters::new(exchange.run, exchange.size, 1, exchange.header),
            plan: exchange.rate.map(|rate| Plan::new(begin_ns, rate)),
            measured_ns: measured_ns.clone(),
            tally: Tally {
                outcome: Outcome {
                    receipts: Times::new(),
                    acks: Times::new(),
                    sent: 0,
                    received: 0,
                    measured: 0,
                    late: 0,
                    refused: 0,
                    seconds: 0.0,
                },
                unacknowledged: std::collections::HashMap::new(),
                run: exchange.run,
                next_offset: 0,
                is_pull_due: true,
                last_ns: begin_ns,
                measured_ns,
            },
        })
    }

    fn now_ns(&self) -> u64 {
        nanoseconds(self.clock.elapsed())
    }

    fn run(mut self, shared: &Shared) -> Result<Outcome, CommandError> {
        wake_up_sharply();
        let mut ready = Ready::default();
        let addr = &self.exchange.addr;
        let failed = |error: std::io::Error| unreachable(addr, &error);
        loop {
            let now_ns = nanoseconds(self.clock.elapsed());
            if self.is_sending(now_ns, shared) {
                self.send(now_ns);
            } else if self.is_over(now_ns) {
                break;
            }
            if std::mem::take(&mut self.tally.is_pull_due) {
                self.pull();
            }
            self.sender.flush().map_err(failed)?;
            self.receiver.flush().map_err(failed)?;
            let peers = [&self.sender, &self.receiver];
            let pause = self.pause();
            if ready.wait(peers.into_iter(), pause).map_err(failed)? == 0 {
                continue;
            }
            let now_ns = self.now_ns();
            // Before the acknowledgement, so that a ping-pong's next message leaves once both are in.
            if ready.has(1) {
                let tally = &mut self.tally;
                self.receiver
                    .receive(|answer, _| tally.arrived(answer, now_ns))
                    .map_err(failed)?;
            }
            if ready.has(0) {
                let tally = &mut self.tally;
                self.sender
                    .receive(|answer, _| tally.acknowledged(answer, now_ns))
                    .map_err(failed)?;
            }
            shared
                .received
                .store(self.tally.outcome.received, Ordering::Relaxed);
        }
        let end_ns = self.measured_ns.end.min(self.tally.last_ns);
        let took = end_ns.saturating_sub(self.measured_ns.start);
        self.tally.outcome.seconds = Duration::from_nanos(took).as_secs_f64();
        Ok(self.tally.outcome)
    }

    fn is_sending(&self, now_ns: u64, shared: &Shared) -> bool {
        let is_over = now_ns >= self.measured_ns.end || shared.stop.load(Ordering::Relaxed);
        !is_over && self.has_more()
    }

    fn has_more(&self) -> bool {
        let count = self.exchange.count;
        count.is_none_or(|count| self.tally.outcome.sent < count)
    }

    /// Whether everything is answered and there, or has had its time.
    fn is_over(&self, now_ns: u64) -> bool {
        let Tally {
            outcome,
            unacknowledged,
            last_ns,
            ..
        } = &self.tally;
        let is_known = outcome.received + outcome.refused >= outcome.sent;
        let is_settled = unacknowledged.is_empty() && is_known;
        is_settled || now_ns.saturating_sub(*last_ns) > nanoseconds(self.exchange.patience)
    }

    fn send(&mut self, now_ns: u64) {
        self.letters.born_ms = self.clock.now_ms();
        let Some(plan) = self.plan else {
            let outcome = &self.tally.outcome;
            let is_there = outcome.received + outcome.refused >= outcome.sent;
            if is_there && self.tally.unacknowledged.is_empty() {
                self.send_one(now_ns);
            }
            return;
        };
        loop {
            let outcome = &self.tally.outcome;
            let due_ns = plan.due_ns(outcome.sent);
            let under_way = outcome.sent.saturating_sub(outcome.received);
            if !self.has_more() || due_ns > now_ns || under_way >= UNDER_WAY_MAX {
                return;
            }
            self.send_one(due_ns);
        }
    }

    fn send_one(&mut self, at_ns: u64) {
        let sent = self.tally.outcome.sent;
        let opaque = i32::try_from(sent & 0x7FFF_FFFF).unwrap_or(0);
        let letter = Letter {
            topic: &self.exchange.topic,
            queue_id: 0,
            connection: 0,
            sequence: sent,
            at_ns,
            opaque,
        };
        self.letters.write(&letter, self.sender.outgoing());
        self.tally.unacknowledged.insert(opaque, at_ns);
        self.tally.outcome.sent += 1;
    }

    fn pull(&mut self) {
        let pull = Pull {
            topic: &self.exchange.topic,
            queue_id: 0,
            queue_offset: self.tally.next_offset,
            max: PULL_BATCH,
            wait: HOLD,
        };
        pull.write(self.exchange.header, 0, self.receiver.outgoing());
    }

    fn pause(&self) -> Duration {
        let due_ns = self
            .plan
            .map(|plan| plan.due_ns(self.tally.outcome.sent))
            .unwrap_or(u64::MAX);
        Duration::from_nanos(due_ns.saturating_sub(self.now_ns())).min(WAIT_MAX)
    }
}

impl Tally {
    fn acknowledged(&mut self, answer: &CommandView<'_>, now_ns: u64) {
        let Some(sent_at_ns) = self.unacknowledged.remove(&answer.opaque()) else {
            return;
        };
        self.last_ns = now_ns;
        if answer.code() != 0 {
            self.outcome.refused += 1;
        } else if self.measured_ns.contains(&now_ns) {
            self.outcome.acks.record(now_ns.saturating_sub(sent_at_ns));
        }
    }

    fn arrived(&mut self, answer: &CommandView<'_>, now_ns: u64) {
        self.is_pull_due = true;
        if answer.code() != 0 {
            // Nothing came within the broker's time, or it knows a better place to read on.
            if let Ok(header) = answer.header::<PullMessageResponseHeader>() {
                self.next_offset = header.next_begin_offset;
            }
            return;
        }
        for record in records(answer.body()).flatten() {
            self.next_offset = record.queue_offset() + 1;
            let Body::Ours(stamp) = read_body(record.body()) else {
                continue;
            };
            if stamp.run != self.run {
                continue;
            }
            self.outcome.received += 1;
            self.last_ns = now_ns;
            if self.measured_ns.contains(&now_ns) {
                let took = now_ns.saturating_sub(stamp.sent_at_ns);
                self.outcome.measured += 1;
                self.outcome.late += u64::from(took > LATE_NS);
                self.outcome.receipts.record(took);
            }
        }
    }
}
