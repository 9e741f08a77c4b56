//! Writes the units of a queue anew where they disagree with the log.
//!
//! Only what is wrong is written: units of messages that are lost stay, and with them the offsets that
//! must not be given out again.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::consume_queue::CqUnit;
use crate::convert::{to_i64, to_u64};
use crate::inspect::{Placed, Sequence, Verdict, expected_unit, is_right, walk_log};
use crate::queue_files::{QueueFiles, QueueKey};
use crate::storage::{FileKind, SharedStorage, StorageFile, offset_file_name};

/// Units that a gap is filled with at most, as in recovery.
const GAP_UNITS_MAX: i64 = 1024 * 1024;

const UNIT_SIZE: u64 = CONSUME_QUEUE_UNIT_SIZE as u64;

/// Brings the units of a queue into agreement with the log; those in `wrong` count for nothing.
pub(super) fn rebuild(
    config: &StoreConfig,
    storage: &SharedStorage,
    (topic, queue_id): (&str, i32),
    wrong: &[Range<i64>],
) -> io::Result<()> {
    let key = QueueKey {
        topic: topic.into(),
        queue_id,
    };
    let mut units = Units {
        files: QueueFiles::new(Arc::clone(storage), config),
        storage,
        config,
        key,
        open: None,
        next: None,
    };
    let zeros = CqUnit {
        physical_offset: 0,
        size: 0,
        tags_code: 0,
    };
    for offset in wrong.iter().cloned().flatten() {
        units.write(offset, zeros)?;
    }
    let mut sequence = Sequence::default();
    let mut failed = Ok(());
    let walk = walk_log(config, storage, &mut |record| {
        if record.topic() != topic || record.queue_id() != queue_id {
            return ControlFlow::Continue(());
        }
        let Some(unit) = expected_unit(record, config) else {
            return ControlFlow::Continue(());
        };
        let queue_offset = record.queue_offset();
        let written = units.read(queue_offset);
        let placed = Placed {
            queue_offset,
            unit,
            is_right: is_right(written, &unit, topic),
        };
        sequence.see(placed, &mut |placed, verdict| {
            if failed.is_ok() {
                failed = units.settle(&placed, verdict);
            }
        });
        if failed.is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    failed?;
    let mut failed = Ok(());
    sequence.finish(walk, &mut |placed, verdict| {
        failed = units.settle(&placed, verdict);
    });
    failed?;
    if let Some((_, file)) = &units.open {
        file.sync_data()?;
    }
    Ok(())
}

/// The units of the queue, read and written in place.
struct Units<'a> {
    files: QueueFiles,
    storage: &'a SharedStorage,
    config: &'a StoreConfig,
    key: QueueKey,
    open: Option<(u64, Arc<dyn StorageFile>)>,
    /// The offset behind the last record.
    next: Option<i64>,
}

impl Units<'_> {
    /// The file with an offset, and where in it the unit stands.
    fn file(&mut self, offset: i64) -> io::Result<(Arc<dyn StorageFile>, u64)> {
        let per_file = self.files.units_per_file();
        let in_file = to_u64(offset) % per_file;
        let start = (to_u64(offset) - in_file).saturating_mul(UNIT_SIZE);
        let at = in_file * UNIT_SIZE;
        if let Some((opened, file)) = &self.open
            && *opened == start
        {
            return Ok((Arc::clone(file), at));
        }
        if let Some((_, file)) = self.open.take() {
            file.sync_data()?;
        }
        let dir = self.key.dir(self.files.root());
        self.storage.create_dir_all(&dir)?;
        let path = offset_file_name(&dir, start);
        let size = self.config.consume_queue_file_size();
        let file = self.storage.open(&path, FileKind::Queue, size)?;
        self.open = Some((start, Arc::clone(&file)));
        Ok((file, at))
    }

    fn read(&mut self, offset: i64) -> Option<CqUnit> {
        // A claim that cannot be right must not make a file.
        let key = &self.key;
        let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
        let from_open = self.open.as_ref().filter(|(start, file)| {
            let at = to_u64(offset).saturating_mul(UNIT_SIZE);
            (*start..*start + file.size()).contains(&at)
        });
        let count = match from_open {
            Some((start, file)) => {
                let at = to_u64(offset) * UNIT_SIZE - start;
                usize::from(file.read_at(at, unit.as_flattened_mut()).is_ok())
            }
            None => self.files.read(key, to_u64(offset), &mut unit).unwrap_or(0),
        };
        let unit = CqUnit::from_bytes(&unit[0]);
        (count == 1 && unit.is_written()).then_some(unit)
    }

    fn write(&mut self, offset: i64, unit: CqUnit) -> io::Result<()> {
        let (file, at) = self.file(offset)?;
        file.write_at(at, &unit.to_bytes())
    }

    fn settle(&mut self, placed: &Placed, verdict: Verdict) -> io::Result<()> {
        if verdict == Verdict::Misplaced {
            return Ok(());
        }
        let offset = placed.queue_offset;
        let (gap, filler) = match self.next {
            Some(next) => (next..offset, placed.unit),
            // The queue begins in the middle of a file: its room before is filled, as in Java.
            None => {
                let in_file = to_i64(to_u64(offset) % self.files.units_per_file());
                (offset - in_file..offset, CqUnit::PRE_BLANK)
            }
        };
        self.next = Some(offset + 1);
        if gap.end - gap.start <= GAP_UNITS_MAX {
            for lost in gap {
                if self.read(lost).is_none() {
                    self.write(lost, filler)?;
                }
            }
        }
        if placed.is_right {
            return Ok(());
        }
        self.write(offset, placed.unit)
    }
}
