//! Whether what was read is what was written: every record, its place, its body, its sender's order.

use protocol::message::{RecordError, RecordView};
use serde::Serialize;

use crate::bench::body::{Body, Stamp, read_body};

/// What was found wrong, by kind, and what was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Findings {
    /// Records that cannot be read, or whose checksum or body is wrong.
    pub(super) corrupt: u64,
    /// Records that do not follow the one before them in their queue.
    pub(super) gaps: u64,
    /// Records that lie before their predecessor in the log.
    pub(super) disordered: u64,
    /// Messages that were read twice.
    pub(super) twice: u64,
    /// Messages of one connection that a queue holds in another order than they were sent.
    pub(super) overtaken: u64,
    /// Messages that this program did not write; their bodies cannot be checked.
    pub(super) foreign: u64,
}

impl Findings {
    /// How much of it is somebody's fault.
    pub(super) fn faults(&self) -> u64 {
        self.corrupt + self.gaps + self.disordered + self.twice + self.overtaken
    }
}

/// The messages of one connection of one run that have been read.
#[derive(Debug)]
struct Sender {
    run: u32,
    connection: u32,
    /// A bit for each sequence number.
    seen: Vec<u64>,
    /// By queue: the number after the last one read.
    next: Vec<u64>,
}

/// Checks the records of all queues of a topic.
#[derive(Debug)]
pub(super) struct Checker {
    topic: String,
    queues: usize,
    senders: Vec<Sender>,
    /// The sender of the last record: mostly the next one's too.
    last_sender: usize,
    pub(super) findings: Findings,
}

impl Checker {
    /// For a topic with so many queues on all brokers together.
    pub(super) fn new(topic: &str, queues: usize) -> Self {
        Self {
            topic: topic.to_owned(),
            queues,
            senders: Vec::new(),
            last_sender: 0,
            findings: Findings::default(),
        }
    }

    /// Looks at a record that was read from `place` (of all queues), where `queue_offset` and a
    /// physical offset above `after` were due.
    pub(super) fn check(
        &mut self,
        place: usize,
        queue_id: i32,
        queue_offset: i64,
        after: i64,
        record: &RecordView<'_>,
    ) {
        let findings = &mut self.findings;
        if record.queue_id() != queue_id || record.topic() != self.topic || !record.check_crc() {
            findings.corrupt += 1;
        }
        findings.gaps += u64::from(record.queue_offset() != queue_offset);
        findings.disordered += u64::from(record.physical_offset() <= after);
        match read_body(record.body()) {
            Body::Ours(stamp) => self.meet(place, &stamp),
            Body::Damaged => findings.corrupt += 1,
            Body::Foreign => findings.foreign += 1,
        }
    }

    /// Notes a record that cannot be read at all.
    pub(super) fn unreadable(&mut self, _why: &RecordError) {
        self.findings.corrupt += 1;
    }

    fn meet(&mut self, place: usize, stamp: &Stamp) {
        let is_it =
            |sender: &Sender| sender.run == stamp.run && sender.connection == stamp.connection;
        if !self.senders.get(self.last_sender).is_some_and(is_it) {
            let known = self.senders.iter().position(is_it);
            self.last_sender = known.unwrap_or_else(|| {
                self.senders.push(Sender {
                    run: stamp.run,
                    connection: stamp.connection,
                    seen: Vec::new(),
                    next: vec![0; self.queues],
                });
                self.senders.len() - 1
            });
        }
        let Some(sender) = self.senders.get_mut(self.last_sender) else {
            return;
        };
        let word = usize::try_from(stamp.sequence / 64).unwrap_or(usize::MAX);
        if word >= sender.seen.len() {
            // Sequence numbers are dense: a body that passed its checksum counts from 0.
            sender.seen.resize(word.saturating_add(1).min(1 << 28), 0);
        }
        if let Some(bits) = sender.seen.get_mut(word) {
            let bit = 1_u64 << (stamp.sequence % 64);
            self.findings.twice += u64::from(*bits & bit != 0);
            *bits |= bit;
        }
        if let Some(next) = sender.next.get_mut(place) {
            self.findings.overtaken += u64::from(stamp.sequence < *next);
            *next = stamp.sequence + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use protocol::message::{RecordParts, encode_record, layout, records};

    use super::*;
    use crate::bench::body::Filling;

    fn record(sequence: u64, queue_offset: i64, physical_offset: i64) -> Vec<u8> {
        let stamp = Stamp {
            run: 1,
            connection: 0,
            sequence,
            sent_at_ns: 0,
        };
        let (mut body, mut record) = (Vec::new(), Vec::new());
        Filling::new(64).write_body(&stamp, 64, &mut body);
        let host = SocketAddr::from(([127, 0, 0, 1], 10911));
        let parts = RecordParts {
            topic: "t",
            body: &body,
            properties: "",
            queue_id: 2,
            flag: 0,
            sys_flag: 0,
            born_timestamp: 0,
            born_host: host,
            store_host: host,
            reconsume_times: 0,
            prepared_transaction_offset: 0,
        };
        encode_record(&parts, &mut record).unwrap();
        let mut patch =
            |at: usize, value: i64| record[at..at + 8].copy_from_slice(&value.to_be_bytes());
        patch(layout::QUEUE_OFFSET_AT, queue_offset);
        patch(layout::PHYSICAL_OFFSET_AT, physical_offset);
        record
    }

    /// Checks records as they would be read from one queue.
    fn found(written: &[Vec<u8>]) -> Findings {
        let mut checker = Checker::new("t", 1);
        let (mut next, mut after) = (0, -1);
        for record in written {
            for record in records(record) {
                let record = record.unwrap();
                checker.check(0, 2, next, after, &record);
                (next, after) = (record.queue_offset() + 1, record.physical_offset());
            }
        }
        checker.findings
    }

    #[test]
    fn what_was_written_is_found_faultless() {
        let written = [record(0, 0, 0), record(1, 1, 200), record(70, 2, 500)];
        assert_eq!(found(&written), Findings::default());
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        let gap = [record(0, 0, 0), record(1, 2, 200)];
        assert_eq!(found(&gap).gaps, 1);
        let twice = [record(0, 0, 0), record(0, 1, 200)];
        let findings = found(&twice);
        assert_eq!((findings.twice, findings.overtaken), (1, 1));
        let overtaken = [record(1, 0, 0), record(0, 1, 200)];
        let findings = found(&overtaken);
        assert_eq!(
            (findings.twice, findings.overtaken, findings.faults()),
            (0, 1, 1)
        );
        let disordered = [record(0, 0, 300), record(1, 1, 200)];
        assert_eq!(found(&disordered).disordered, 1);
        let mut damaged = record(0, 0, 0);
        let at = damaged.len() - 30;
        damaged[at] ^= 1;
        assert!(found(&[damaged]).corrupt > 0);
    }
}
