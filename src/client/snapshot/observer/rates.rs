//! What changes from reading to reading.

use std::time::Duration;

use protocol::body::MessageQueue;

use super::gathered::Gathered;
use super::meters::Meters;
use super::slot::Slot;
use crate::BrokerNode;

/// Writing is seen at once.
const WRITE_WINDOW: Duration = Duration::from_secs(4);
/// Members commit what they have consumed every five seconds: over less than two commits the rate
/// would jump.
const READ_WINDOW: Duration = Duration::from_secs(10);
/// A total that nobody has asked for in so many readings is forgotten.
const READINGS_KEPT: u64 = 600;

/// The totals of a cluster.
#[derive(Debug)]
pub(super) struct Rates {
    /// Messages written.
    pub(super) queue_in: Meters<MessageQueue>,
    /// Messages consumed, by group.
    pub(super) queue_out: Meters<(String, MessageQueue)>,
    /// Messages that wait, by group.
    pub(super) lag: Meters<String>,
    /// Messages written to a broker.
    pub(super) put: Meters<BrokerNode>,
    /// Messages read from a broker.
    pub(super) get: Meters<BrokerNode>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            queue_in: Meters::of_counters(WRITE_WINDOW),
            queue_out: Meters::of_counters(READ_WINDOW),
            lag: Meters::of_amounts(READ_WINDOW),
            put: Meters::of_counters(WRITE_WINDOW),
            get: Meters::of_counters(WRITE_WINDOW),
        }
    }
}

impl Rates {
    /// Notes all totals that have been read.
    pub(super) fn note(&mut self, gathered: &Gathered) {
        for meters in [&mut self.put, &mut self.get] {
            meters.sweep(READINGS_KEPT);
        }
        self.queue_in.sweep(READINGS_KEPT);
        self.queue_out.sweep(READINGS_KEPT);
        self.lag.sweep(READINGS_KEPT);
        for (node, slot) in &gathered.runtime {
            let Some(said) = slot.said() else { continue };
            let total = |name| said.value.get(name)?.trim().parse().ok();
            if let Some(put) = total("msgPutTotalTodayNow") {
                self.put.read(node.clone(), said.at, put);
            }
            if let Some(get) = total("msgGetTotalTodayNow") {
                self.get.read(node.clone(), said.at, get);
            }
        }
        let stats = gathered
            .topic_stats
            .values()
            .flat_map(|slots| slots.values());
        for said in stats.filter_map(Slot::said) {
            for stats in said.value.iter() {
                let queue = stats.queue.clone();
                self.queue_in.read(queue, said.at, stats.max_offset);
            }
        }
        for said in gathered.progress.values().filter_map(Slot::said) {
            for (group, queues) in said.value.iter() {
                for (queue, offsets) in queues {
                    self.queue_in
                        .read(queue.clone(), said.at, offsets.broker_offset);
                    let key = (group.clone(), queue.clone());
                    self.queue_out.read(key, said.at, offsets.consumer_offset);
                }
            }
        }
        for said in gathered.chosen.progress.values().filter_map(Slot::said) {
            for (queue, offsets) in &said.value.offset_table {
                self.queue_in
                    .read(queue.clone(), said.at, offsets.broker_offset);
                let key = (gathered.chosen.group.clone(), queue.clone());
                self.queue_out.read(key, said.at, offsets.consumer_offset);
            }
        }
    }
}
