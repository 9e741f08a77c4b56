//! Reads a topic from end to end: one pull under way on each queue, every answer checked.

use std::time::Duration;

use clock::SharedClock;
use protocol::codec::{CommandMeta, CommandView, write_frame};

use protocol::header::{PullMessageRequestHeader, PullMessageResponseHeader, pull_sys_flag};
use protocol::language::LanguageCode;
use protocol::message::records;
use protocol::version::CURRENT_VERSION;
use protocol::{RequestCode, ResponseCode, SerializeType};

use super::check::{Checker, Findings};
use crate::bench::peer::{Peer, Ready};
use crate::bench::site::unreachable;
use crate::bench::times::{Times, nanoseconds};
use crate::error::{CommandError, codes};

/// What shall be read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) topic: String,
    /// Address of each broker and where its queues begin and end.
    pub(super) brokers: Vec<(String, Vec<(i64, i64)>)>,
    pub(super) header: SerializeType,
    /// On each broker; its queues take turns.
    pub(super) connections: u32,
    /// Messages that a pull asks for.
    pub(super) pull_batch: i32,
    pub(super) patience: Duration,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) messages: u64,
    pub(super) body_bytes: u64,
    pub(super) pulls: u64,
    pub(super) seconds: f64,
    /// Times from pull to answer.
    pub(super) times: Times,
    pub(super) findings: Findings,
}

/// One queue on its way to its end.
#[derive(Debug)]
struct Queue {
    connection: usize,
    queue_id: i32,
    next: i64,
    end: i64,
    /// Physical offset of the last record.
    after: i64,
    asked_at_ns: u64,
}

/// Reads all of it.
pub(super) fn read(
    reading: &Reading,
    clock: &SharedClock,
    told: &dyn Fn(u64),
) -> Result<Outcome, CommandError> {
    let now = || nanoseconds(clock.elapsed());
    let (mut peers, mut queues) = open(reading)?;
    let begun = now();
    let mut reader = Reader {
        reading,
        checker: Checker::new(&reading.topic, queues.len()),
        outcome: Outcome {
            messages: 0,
            body_bytes: 0,
            pulls: 0,
            seconds: 0.0,
            times: Times::new(),
            findings: Findings::default(),
        },
        refusal: None,
        open: 0,
    };
    for (place, queue) in queues.iter_mut().enumerate() {
        if queue.next < queue.end
            && let Some((_, peer)) = peers.get_mut(queue.connection)
        {
            reader.open += 1;
            reader.ask(place, queue, begun, peer.outgoing());
        }
    }
    let mut ready = Ready::default();
    while reader.open > 0 {
        for (addr, peer) in &mut peers {
            peer.flush().map_err(|error| unreachable(addr, &error))?;
        }
        let waited = ready.wait(peers.iter().map(|(_, peer)| peer), reading.patience);
        if waited.map_err(|error| unreachable("of the load", &error))? == 0 {
            let text = format!("{} queues were silent", reader.open);
            return Err(CommandError::new(&codes::TIMEOUT, text));
        }
        let (now_ns, before) = (now(), reader.outcome.messages);
        for (connection, (addr, peer)) in peers.iter_mut().enumerate() {
            if ready.has(connection) {
                peer.receive(|answer, out| reader.hear(answer, &mut queues, now_ns, out))
                    .map_err(|error| unreachable(addr, &error))?;
            }
        }
        if let Some(error) = reader.refusal.take() {
            return Err(error);
        }
        told(reader.outcome.messages - before);
    }
    let mut outcome = reader.outcome;
    outcome.seconds = Duration::from_nanos(now().saturating_sub(begun)).as_secs_f64();
    outcome.findings = reader.checker.findings;
    Ok(outcome)
}

type Opened = (Vec<(String, Peer)>, Vec<Queue>);

fn open(reading: &Reading) -> Result<Opened, CommandError> {
    let (mut peers, mut queues) = (Vec::new(), Vec::new());
    for (addr, ranges) in &reading.brokers {
        let first = peers.len();
        for _ in 0..reading.connections {
            let peer = Peer::connect(addr).map_err(|error| unreachable(addr, &error))?;
            peers.push((addr.clone(), peer));
        }
        let connections = peers.len() - first;
        for (at, (begin, end)) in ranges.iter().enumerate() {
            queues.push(Queue {
                connection: first + at % connections.max(1),
                queue_id: i32::try_from(at).unwrap_or(i32::MAX),
                next: *begin,
                end: *end,
                after: -1,
                asked_at_ns: 0,
            });
        }
    }
    Ok((peers, queues))
}

struct Reader<'a> {
    reading: &'a Reading,
    checker: Checker,
    outcome: Outcome,
    /// An answer that ends it all.
    refusal: Option<CommandError>,
    /// Queues that are not at their end.
    open: usize,
}

impl Reader<'_> {
    /// Writes the next pull of a queue.
    fn ask(&self, place: usize, queue: &mut Queue, now_ns: u64, out: &mut Vec<u8>) {
        let pull = Pull {
            topic: &self.reading.topic,
            queue_id: queue.queue_id,
            queue_offset: queue.next,
            max: self.reading.pull_batch,
            wait: Duration::ZERO,
        };
        let opaque = i32::try_from(place).unwrap_or(i32::MAX);
        pull.write(self.reading.header, opaque, out);
        queue.asked_at_ns = now_ns;
    }

    /// Checks an answer and pulls again, until the queue is at its end.
    fn hear(
        &mut self,
        answer: &CommandView<'_>,
        queues: &mut [Queue],
        now_ns: u64,
        out: &mut Vec<u8>,
    ) {
        let place = usize::try_from(answer.opaque()).unwrap_or(usize::MAX);
        let Some(queue) = queues.get_mut(place) else {
            return;
        };
        self.outcome.pulls += 1;
        self.outcome
            .times
            .record(now_ns.saturating_sub(queue.asked_at_ns));
        match ResponseCode::from_code(answer.code()) {
            Some(ResponseCode::Success) => self.take(place, queue, answer.body()),
            Some(ResponseCode::PullRetryImmediately | ResponseCode::PullOffsetMoved) => {
                // Retention went over it, or the broker knows better.
                let told = answer.header::<PullMessageResponseHeader>();
                let next = told.map_or(queue.end, |header| header.next_begin_offset);
                self.checker.findings.gaps += u64::from(next != queue.next);
                queue.next = next.max(queue.next + 1);
            }
            _ => {
                let error = CommandError::remote(answer.code(), answer.remark());
                self.refusal.get_or_insert(error);
                return;
            }
        }
        if queue.next < queue.end {
            self.ask(place, queue, now_ns, out);
        } else {
            self.open -= 1;
        }
    }

    fn take(&mut self, place: usize, queue: &mut Queue, body: &[u8]) {
        let begin = queue.next;
        for record in records(body) {
            match record {
                Ok(record) => {
                    self.checker
                        .check(place, queue.queue_id, queue.next, queue.after, &record);
                    queue.next = record.queue_offset() + 1;
                    queue.after = record.physical_offset();
                    self.outcome.messages += 1;
                    let length = u64::try_from(record.body().len()).unwrap_or(0);
                    self.outcome.body_bytes += length;
                }
                Err(why) => self.checker.unreadable(&why),
            }
        }
        if queue.next <= begin {
            // An answer that brings nothing would be asked for again and again.
            self.checker.findings.gaps += 1;
            queue.next = queue.end;
        }
    }
}

/// A request for the messages of a queue.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Pull<'a> {
    pub(in crate::bench) topic: &'a str,
    pub(in crate::bench) queue_id: i32,
    pub(in crate::bench) queue_offset: i64,
    pub(in crate::bench) max: i32,
    /// How long the broker may hold it until there is something; zero for an answer at once.
    pub(in crate::bench) wait: Duration,
}

impl Pull<'_> {
    pub(in crate::bench) fn write(self, form: SerializeType, opaque: i32, out: &mut Vec<u8>) {
        let suspend = if self.wait.is_zero() {
            0
        } else {
            pull_sys_flag::SUSPEND
        };
        let header = PullMessageRequestHeader {
            consumer_group: client::TOOLS_CONSUMER_GROUP,
            topic: self.topic,
            queue_id: self.queue_id,
            queue_offset: self.queue_offset,
            max_msg_nums: self.max,
            sys_flag: pull_sys_flag::SUBSCRIPTION | suspend,
            commit_offset: 0,
            suspend_timeout_millis: i64::try_from(self.wait.as_millis()).unwrap_or(i64::MAX),
            subscription: Some("*"),
            sub_version: 0,
            expression_type: Some("TAG"),
            max_msg_bytes: None,
        };
        let meta = CommandMeta {
            serialize_type: form,
            code: RequestCode::PullMessage.code(),
            language: LanguageCode::Rust,
            version: CURRENT_VERSION,
            opaque,
            flag: 0,
            remark: None,
        };
        write_frame(out, &meta, &header, 0);
    }
}
