//! Compares what a broker has with what the ledger says was promised.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::asking::{Asking, Stored};
use super::body::id_of;
use super::ledger::{DELAYED, Ledger, Line, ORDERLY, QUEUES, TOPIC};

/// Messages before those that are new, which are looked at again after each kill.
const AGAIN: i64 = 200;

/// How long the last delayed messages may take.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);

/// Reads what has come since it read last; remembers what it has seen.
pub(super) struct Verifier {
    ledger: Ledger,
    /// Which message each queue holds, by queue offset.
    stored: BTreeMap<Line, Vec<u64>>,
    physical: BTreeMap<Line, i64>,
    delivered: HashSet<u64>,
    report: Report,
}

/// What was found so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Report {
    pub(super) acknowledged: usize,
    pub(super) stored: usize,
    /// Stored though the answer never came: the producer has to ask again.
    unacknowledged: usize,
    pub(super) delayed: usize,
    /// Delayed messages that came a second time, as they may after a crash.
    delayed_again: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acknowledged,
            stored,
            unacknowledged,
            delayed,
            delayed_again,
        } = self;
        write!(
            formatter,
            "{acknowledged} acknowledged, {stored} stored, {unacknowledged} of them never \
             acknowledged, {delayed} delayed ({delayed_again} twice), 0 lost"
        )
    }
}

fn lines() -> impl Iterator<Item = Line> {
    let of = |topic| (0..QUEUES).map(move |queue| (topic, queue));
    of(TOPIC).chain(of(DELAYED)).chain([(ORDERLY, 0)])
}

impl Verifier {
    pub(super) fn new(ledger: &Ledger) -> Self {
        Self {
            ledger: ledger.clone(),
            stored: BTreeMap::new(),
            physical: BTreeMap::new(),
            delivered: HashSet::new(),
            report: Report::default(),
        }
    }

    /// Reads every queue and compares; `everything` from its beginning.
    pub(super) async fn verify(&mut self, broker: SocketAddr, everything: bool) -> Report {
        let asking = Asking::new(broker);
        for line in lines() {
            self.read(&asking, line, everything).await;
            self.compare(line);
        }
        asking.end().await;
        self.report.stored = self.stored.values().map(Vec::len).sum();
        self.report
    }

    /// Waits until every delayed message that was acknowledged is where it should be.
    pub(super) async fn wait_for_delayed(&mut self, broker: SocketAddr) -> Report {
        let all = async {
            while !self.ledger.entries().awaited.is_empty() {
                self.verify(broker, false).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(DELIVERED_WITHIN, all).await.is_err() {
            let awaited = self.ledger.entries().awaited.len();
            panic!("{awaited} delayed messages were acknowledged and have not come");
        }
        self.report
    }

    async fn read(&mut self, asking: &Asking, line: Line, everything: bool) {
        let known = i64::try_from(self.stored.entry(line).or_default().len()).unwrap();
        let mut next = if everything {
            0
        } else {
            (known - AGAIN).max(0)
        };
        let mut before = None;
        let now = Duration::ZERO;
        while let Some((messages, after)) = asking.pull(line, next, now).await.unwrap() {
            for message in messages {
                assert_eq!(message.queue_offset, next, "{line:?} has a gap");
                assert!(
                    before.is_none_or(|before| before < message.physical_offset),
                    "{line:?} does not follow its log at {next}"
                );
                before = Some(message.physical_offset);
                self.note(line, &message);
                next += 1;
            }
            assert_eq!(after, next);
        }
        assert!(next >= known, "{line:?} ends at {next}, it had {known}");
    }

    fn note(&mut self, line: Line, message: &Stored) {
        let at = (line, message.queue_offset);
        let id = id_of(&message.body).unwrap_or_else(|| panic!("{at:?} holds a foreign body"));
        let ids = self.stored.entry(line).or_default();
        let index = usize::try_from(message.queue_offset).unwrap();
        if let Some(known) = ids.get(index) {
            assert_eq!(*known, id, "{at:?} has become another message");
            return;
        }
        if line.0 == ORDERLY {
            assert!(
                ids.last().is_none_or(|last| *last < id),
                "{at:?}: message {id} comes after {:?}",
                ids.last()
            );
        }
        let before = ids.last().copied();
        ids.push(id);
        let last = self.physical.entry(line).or_insert(-1);
        assert!(
            *last < message.physical_offset,
            "{at:?}: a place used twice"
        );
        *last = message.physical_offset;

        let mut entries = self.ledger.entries();
        assert!(Ledger::was_sent(&entries, id), "{at:?}: nobody sent {id}");
        let is_cut = before.is_some_and(|before| {
            line.0 == TOPIC && Ledger::continues(&entries, before) && id != before + 1
        });
        assert!(!is_cut, "{at:?}: the batch before {id} is not whole");
        if line.0 == DELAYED {
            let delay = entries.delays.get(&id);
            let delay = delay.unwrap_or_else(|| panic!("{at:?}: {id} was not to be delayed"));
            let due = delay.sent_ms + delay.delay_ms;
            assert!(
                message.stored_ms >= due,
                "{id} came {} ms early",
                due - message.stored_ms
            );
            entries.awaited.remove(&id);
            drop(entries);
            self.report.delayed += 1;
            self.report.delayed_again += usize::from(!self.delivered.insert(id));
        }
    }

    /// All that was promised of this queue against all that is in it.
    fn compare(&mut self, line: Line) {
        let stored = &self.stored[&line];
        let mut entries = self.ledger.entries();
        let holds = |offset: i64| stored.get(usize::try_from(offset).unwrap()).copied();
        for (what, places) in [
            ("acknowledged", entries.acknowledged.remove(&line)),
            ("shown to a consumer", entries.seen.remove(&line)),
        ] {
            for (offset, id) in places.unwrap_or_default() {
                let held = holds(offset);
                assert!(
                    held == Some(id),
                    "{line:?} {offset}: {id} was {what}, now there is {held:?}"
                );
                self.report.acknowledged += usize::from(what == "acknowledged");
            }
        }
        let is_torn = |last: &u64| Ledger::continues(&entries, *last);
        assert!(
            !stored.last().is_some_and(is_torn),
            "{line:?} ends inside a batch"
        );
        drop(entries);
        let stored: usize = [TOPIC, ORDERLY]
            .iter()
            .flat_map(|topic| self.stored.iter().filter(move |(line, _)| line.0 == *topic))
            .map(|(_, ids)| ids.len())
            .sum();
        self.report.unacknowledged = stored - self.report.acknowledged;
    }
}
