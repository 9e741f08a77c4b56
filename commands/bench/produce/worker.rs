//! One thread of a load: its connections, the requests that are under way on them, and what became
//! of those that were answered.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::letter::{Letter, Letters};
use super::load::{Limit, Shared};
use crate::bench::peer::{Peer, Ready};
use crate::bench::site::unreachable;
use crate::bench::times::{self, Plan, Times};
use crate::error::CommandError;

/// The longest sleep without a look at the clock.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// Low half of an `opaque`: the slot; high half: how often slots have been taken.
const SLOT_BITS: u32 = 16;

/// The requests under way on one connection.
#[derive(Debug)]
struct Slots {
    /// By slot: the `opaque` and when it was sent; none while the slot is free.
    taken: Vec<Option<(i32, u64)>>,
    free: Vec<u16>,
    takes: i32,
}

impl Slots {
    fn new(count: u16) -> Self {
        Self {
            taken: vec![None; usize::from(count)],
            free: (0..count).rev().collect(),
            takes: 0,
        }
    }

    /// Takes a slot for a request; none when all are under way.
    fn take(&mut self, sent_at_ns: u64) -> Option<i32> {
        let slot = self.free.pop()?;
        self.takes = (self.takes + 1) & 0x7FFF;
        let opaque = self.takes << SLOT_BITS | i32::from(slot);
        *self.taken.get_mut(usize::from(slot))? = Some((opaque, sent_at_ns));
        Some(opaque)
    }

    /// Frees the slot of an answered request and says when that was sent; none for an answer that
    /// nobody waits for.
    fn settle(&mut self, opaque: i32) -> Option<u64> {
        let slot = u16::try_from(opaque & 0xFFFF).ok()?;
        let taken = self.taken.get_mut(usize::from(slot))?;
        let (_, sent_at_ns) = taken.take_if(|(known, _)| *known == opaque)?;
        self.free.push(slot);
        Some(sent_at_ns)
    }

    fn under_way(&self) -> usize {
        self.taken.len() - self.free.len()
    }
}

/// One connection and what is under way on it.
#[derive(Debug)]
pub(super) struct Lane {
    peer: Peer,
    addr: String,
    number: u32,
    queues: i32,
    next_queue: i32,
    next_topic: usize,
    sequence: u64,
    slots: Slots,
}

impl Lane {
    pub(super) fn new(peer: Peer, addr: String, number: u32, queues: i32, in_flight: u16) -> Self {
        Self {
            peer,
            addr,
            number,
            queues,
            // Connections of one broker begin at different queues.
            next_queue: i32::try_from(number).unwrap_or(0) % queues.max(1),
            next_topic: 0,
            sequence: 0,
            slots: Slots::new(in_flight),
        }
    }
}

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) times: Times,
    pub(super) measured: u64,
    pub(super) acknowledged: u64,
    pub(super) refused: BTreeMap<i32, u64>,
    pub(super) first_remark: Option<String>,
    pub(super) unanswered: u64,
    /// When the last measured answer came.
    pub(super) last_ns: u64,
}

/// One thread at work.
struct Worker<'a> {
    shared: &'a Shared,
    letters: Letters,
    /// Of an open loop: when each request is due, and the number of the next.
    plan: Option<(Plan, u64)>,
    next_lane: usize,
    /// Messages that may still be sent, where they are counted.
    left: u64,
    tally: Tally,
}

/// Sends and counts until the load is over and everything is answered.
pub(super) fn work(
    shared: &Shared,
    mut lanes: Vec<Lane>,
    thread: u32,
) -> Result<Tally, CommandError> {
    if shared.load.rate.is_some() {
        times::wake_up_sharply();
    }
    let mut worker = Worker::new(shared, thread);
    let mut ready = Ready::default();
    let mut heard_ns = shared.now_ns();
    loop {
        let now_ns = shared.now_ns();
        if worker.is_sending(now_ns) {
            worker.offer(&mut lanes, now_ns);
        } else {
            let under_way: usize = lanes.iter().map(|lane| lane.slots.under_way()).sum();
            let waited = Duration::from_nanos(now_ns.saturating_sub(heard_ns));
            if under_way == 0 || waited > shared.load.patience {
                let requests = u64::try_from(under_way).unwrap_or(u64::MAX);
                worker.tally.unanswered = requests * u64::from(shared.load.batch);
                return Ok(worker.tally);
            }
        }
        for lane in &mut lanes {
            lane.peer
                .flush()
                .map_err(|error| unreachable(&lane.addr, &error))?;
        }
        let peers = lanes.iter().map(|lane| &lane.peer);
        let waited = ready.wait(peers, worker.pause(&lanes));
        if waited.map_err(|error| unreachable("of the load", &error))? == 0 {
            continue;
        }
        heard_ns = shared.now_ns();
        let before = worker.tally.acknowledged;
        for (place, lane) in lanes.iter_mut().enumerate() {
            if ready.has(place) {
                worker.hear(lane, heard_ns)?;
            }
        }
        let more = worker.tally.acknowledged - before;
        shared.acknowledged.fetch_add(more, Ordering::Relaxed);
    }
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared, thread: u32) -> Self {
        let load = &shared.load;
        let threads = load.threads.clamp(1, load.connections.max(1));
        let (thread, all) = (u64::from(thread), u64::from(threads));
        let plan = load.rate.map(|rate| {
            let requests = rate / f64::from(load.batch) / f64::from(threads);
            (Plan::new(shared.begin_ns, requests), 0)
        });
        let left = match load.limit {
            // The first threads take what does not divide evenly.
            Limit::Messages(messages) => messages / all + u64::from(thread < messages % all),
            Limit::Time { .. } => u64::MAX,
        };
        Self {
            shared,
            letters: Letters::new(load.run, load.size, load.batch, load.header),
            plan,
            next_lane: 0,
            left,
            tally: Tally {
                times: Times::new(),
                measured: 0,
                acknowledged: 0,
                refused: BTreeMap::new(),
                first_remark: None,
                unanswered: 0,
                last_ns: 0,
            },
        }
    }

    fn is_sending(&self, now_ns: u64) -> bool {
        let is_over = now_ns >= self.shared.measured_ns.end;
        self.left > 0 && !is_over && !self.shared.stop.load(Ordering::Relaxed)
    }

    /// Writes what may be sent now.
    fn offer(&mut self, lanes: &mut [Lane], now_ns: u64) {
        self.letters.born_ms = self.shared.clock.now_ms();
        if self.plan.is_none() {
            for lane in lanes {
                while self.left > 0 && self.send(lane, now_ns) {}
            }
            return;
        }
        while let Some(due_ns) = self.due_ns().filter(|due| *due <= now_ns && self.left > 0) {
            // All busy: the request stays due, and the wait counts.
            let Some(lane) = next_free(lanes, &mut self.next_lane) else {
                return;
            };
            self.send(lane, due_ns);
            if let Some((_, number)) = &mut self.plan {
                *number += 1;
            }
        }
    }

    fn due_ns(&self) -> Option<u64> {
        self.plan.map(|(plan, number)| plan.due_ns(number))
    }

    /// Writes one request, if the lane has room for it. The last batch is as large as the others.
    fn send(&mut self, lane: &mut Lane, at_ns: u64) -> bool {
        let Some(opaque) = lane.slots.take(at_ns) else {
            return false;
        };
        let load = &self.shared.load;
        let letter = Letter {
            topic: load.topics.get(lane.next_topic).map_or("", String::as_str),
            queue_id: lane.next_queue,
            connection: lane.number,
            sequence: lane.sequence,
            at_ns,
            opaque,
        };
        self.letters.write(&letter, lane.peer.outgoing());
        lane.sequence += u64::from(load.batch);
        lane.next_queue = (lane.next_queue + 1) % lane.queues.max(1);
        lane.next_topic = (lane.next_topic + 1) % load.topics.len().max(1);
        self.left = self.left.saturating_sub(u64::from(load.batch));
        true
    }

    /// How long to sleep when nothing is heard.
    fn pause(&self, lanes: &[Lane]) -> Duration {
        let now_ns = self.shared.now_ns();
        let until = |at_ns: u64| Duration::from_nanos(at_ns.saturating_sub(now_ns));
        let mut pause = WAIT_MAX.min(until(self.shared.measured_ns.end));
        if now_ns >= self.shared.measured_ns.end {
            pause = WAIT_MAX;
        }
        match self.due_ns() {
            Some(due_ns)
                if self.left > 0 && lanes.iter().any(|lane| !lane.slots.free.is_empty()) =>
            {
                pause.min(until(due_ns))
            }
            _ => pause,
        }
    }

    /// Takes note of the answers that have come.
    fn hear(&mut self, lane: &mut Lane, now_ns: u64) -> Result<(), CommandError> {
        let Lane {
            peer, slots, addr, ..
        } = lane;
        let (tally, batch) = (&mut self.tally, u64::from(self.shared.load.batch));
        let is_measured = self.shared.measured_ns.contains(&now_ns);
        let heard = peer.receive(|answer, _| {
            let Some(sent_at_ns) = slots.settle(answer.opaque()) else {
                return;
            };
            if answer.code() != 0 {
                *tally.refused.entry(answer.code()).or_default() += batch;
                if tally.first_remark.is_none() {
                    tally.first_remark = answer.remark().map(str::to_owned);
                }
                return;
            }
            tally.acknowledged += batch;
            if is_measured {
                tally.measured += batch;
                tally.last_ns = now_ns;
                tally.times.record(now_ns.saturating_sub(sent_at_ns));
            }
        });
        heard.map_err(|error| unreachable(addr, &error))
    }
}

/// The next lane with room for a request, in turn.
fn next_free<'l>(lanes: &'l mut [Lane], next: &mut usize) -> Option<&'l mut Lane> {
    let count = lanes.len();
    let place = (0..count)
        .map(|step| (*next + step) % count)
        .find(|place| {
            lanes
                .get(*place)
                .is_some_and(|lane| !lane.slots.free.is_empty())
        })?;
    *next = place + 1;
    lanes.get_mut(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_settles_its_own_request_and_no_other() {
        let mut slots = Slots::new(2);
        let (first, second) = (slots.take(10).unwrap(), slots.take(20).unwrap());
        assert_eq!((slots.take(30), slots.under_way()), (None, 2));
        assert_eq!(slots.settle(first), Some(10));
        assert_eq!(slots.settle(first), None, "a second answer");
        let third = slots.take(40).unwrap();
        assert_ne!(third, first, "the slot is the same, the request is not");
        assert_eq!(slots.settle(first), None, "a late answer");
        assert_eq!(
            (slots.settle(second), slots.settle(third)),
            (Some(20), Some(40))
        );
        assert_eq!((slots.settle(-1), slots.settle(i32::MAX)), (None, None));
        assert_eq!(slots.under_way(), 0);
    }
}
