//! What recovery may rely on, and from where it has to read the log.

use std::sync::Arc;

use protocol::message::RecordView;

use crate::checkpoint::Checkpoint;
use crate::commit_log::CommitLog;
use crate::convert::{to_i64, to_u64};
use crate::log_scan::{Place, place_at};
use crate::queue::Queue;

use super::LastStop;

/// What Java subtracts from its checkpoint's times, in ms.
const JAVA_TIME_MARGIN_MS: i64 = 3000;

/// See the head of the file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) last_stop: LastStop,
    /// ConsumeQueue units of records that end behind this do not count.
    pub(super) units_limit: i64,
    /// Records below this were given out; the log does not end before it.
    pub(super) promised: u64,
    /// The log is synced below this.
    pub(super) synced: u64,
    /// Where the walk begins: a record boundary.
    pub(super) scan_from: u64,
    /// Where the highest unit's record ends.
    pub(super) units_end: u64,
    /// Units are missing that must once have been there.
    pub(super) has_lost_units: bool,
    /// Queues without units whose files say by their names from which offset they go on.
    pub(super) named_only: Vec<(Arc<Queue>, i64)>,
    /// Queues whose first units may speak of messages that are gone.
    pub(super) begins_later: Vec<Arc<Queue>>,
    /// Queues with files.
    pub(super) queue_count: i64,
    /// The ConsumeQueue files are as complete as the checkpoint says.
    pub(super) is_complete: bool,
}

impl Plan {
    /// What is known before the ConsumeQueues are read.
    pub(super) fn new(last_stop: LastStop, checkpoint: &Checkpoint, log: &CommitLog) -> Self {
        let extension = checkpoint.extension.clone().unwrap_or_default();
        let files_end = to_i64(log.end());
        let units_limit = match last_stop {
            LastStop::PowerCut => extension.queues_synced,
            LastStop::JavaUnclean => to_i64(java_scan_from(checkpoint, log)),
            _ => files_end,
        };
        let promised = match last_stop {
            LastStop::ProcessEnded => extension.log_synced.max(extension.queues_written),
            _ => extension.log_synced,
        };
        Self {
            last_stop,
            units_limit,
            promised: to_u64(promised),
            synced: to_u64(extension.log_synced),
            scan_from: 0,
            units_end: 0,
            has_lost_units: false,
            named_only: Vec::new(),
            begins_later: Vec::new(),
            queue_count: 0,
            is_complete: true,
        }
    }

    /// What follows from the ConsumeQueues.
    pub(super) fn settle(&mut self, checkpoint: &Checkpoint, log: &CommitLog) {
        let extension = checkpoint.extension.clone().unwrap_or_default();
        self.is_complete = self.queue_count >= extension.queue_count && !self.has_lost_units;
        let complete_below = match self.last_stop {
            LastStop::Clean => extension.log_synced,
            LastStop::ProcessEnded => extension.queues_written,
            LastStop::PowerCut => extension.queues_synced,
            LastStop::JavaClean => to_i64(java_file_start(log, self.units_end)),
            // Units that end long before that say that some were lost.
            LastStop::JavaUnclean => self
                .units_limit
                .min(to_i64(java_file_start(log, self.units_end))),
            LastStop::New => 0,
        };
        if self.last_stop == LastStop::ProcessEnded {
            self.promised = self.promised.max(self.units_end);
        }
        let scan_from = match self.last_stop {
            LastStop::Clean | LastStop::ProcessEnded | LastStop::PowerCut => {
                complete_below.min(extension.verify_from)
            }
            _ => complete_below,
        };
        self.scan_from = if self.is_complete {
            to_u64(scan_from).max(log.start())
        } else {
            log.start()
        };
    }

    /// Whether sound records behind damage at this place are kept.
    pub(super) fn keeps_behind_damage(&self, found_at: u64) -> bool {
        matches!(self.last_stop, LastStop::Clean | LastStop::ProcessEnded)
            || found_at < self.promised
    }

    /// Whether a record that looks sound may be the beginning of a torn tail: nobody promised it, and
    /// its properties, which the checksum does not cover, are no text.
    pub(super) fn may_be_torn(&self, record: &RecordView<'_>) -> bool {
        let properties = record.properties_bytes();
        // Sectors that were not written read as zeros; a process that ends leaves them at the end only.
        let has_zeros = match self.last_stop {
            LastStop::ProcessEnded | LastStop::Clean => properties.ends_with(&[0]),
            _ => properties.contains(&0),
        };
        to_u64(record.physical_offset()) >= self.promised
            && (has_zeros || std::str::from_utf8(properties).is_err())
    }
}

/// Start of the newest file that begins at or before `physical_offset` with a sound record.
fn java_file_start(log: &CommitLog, physical_offset: u64) -> u64 {
    newest_file(log, |start, _| start <= physical_offset)
}

/// Java reads from the newest file that begins with a message older than its checkpoint.
fn java_scan_from(checkpoint: &Checkpoint, log: &CommitLog) -> u64 {
    let java = &checkpoint.java;
    let until = java.physic_timestamp.min(java.logics_timestamp) - JAVA_TIME_MARGIN_MS;
    newest_file(log, |_, store_timestamp| store_timestamp <= until)
}

fn newest_file(log: &CommitLog, fits: impl Fn(u64, i64) -> bool) -> u64 {
    let mut scratch = Vec::new();
    for file in log.files_from(0).iter().rev() {
        if let Place::Record(record) = place_at(file, file.start, &mut scratch)
            && fits(file.start, record.store_timestamp())
        {
            return file.start;
        }
    }
    log.start()
}
