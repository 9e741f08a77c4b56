//! Finds out what is in the ConsumeQueue files of a store that is being opened.
//!
//! Invariant: a unit that does not fit to the CommitLog is never the last one of a queue.

use std::io;

use crate::commit_log::CommitLog;
use crate::config::CONSUME_QUEUE_UNIT_SIZE;
use crate::consume_queue::{CqUnit, UnitBytes};
use crate::convert::{to_i64, to_usize};
use crate::log_scan::record_at;
use crate::queue_files::{QueueFiles, QueueKey};
use crate::storage::StorageFile;

/// Units behind the last one that are looked at, to notice a hole in the middle.
const HOLE_CHECK_UNITS: usize = 16;
/// Units read at once when a file has to be read from end to end.
const LINEAR_UNITS: usize = 4096;

/// What the files of a queue hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// Queue offset of the first unit.
    pub(crate) min_offset: i64,
    /// Queue offset behind the last unit.
    pub(crate) max_offset: i64,
    /// Physical offset behind the last unit's record; 0 without units.
    pub(crate) physical_end: i64,
    /// Something stands behind the last unit that does not count.
    pub(crate) has_more: bool,
    /// Queue offset that the first file begins at by its name. Where no units are left, and the log
    /// has none of the queue's records either, the queue goes on from there.
    pub(crate) named_offset: i64,
}

/// Reads the queue; units of records that end behind `limit` do not count.
pub(crate) fn load(files: &QueueFiles, key: &QueueKey, limit: i64) -> io::Result<Loaded> {
    let starts = files.starts(key)?;
    let offset_of = |start: u64| to_i64(start / CONSUME_QUEUE_UNIT_SIZE as u64);
    let min_offset = starts.first().copied().map_or(0, offset_of);
    let units = to_usize(files.units_per_file());
    let mut has_more = false;
    for start in starts.iter().rev() {
        let Some(file) = files.existing(key, *start)? else {
            continue;
        };
        let count = count_units(&*file, units, limit)?;
        has_more |= count < units && read_bytes(&*file, count)?.iter().any(|byte| *byte != 0);
        if count > 0 {
            let physical_end = CqUnit::from_bytes(&read_bytes(&*file, count - 1)?).end();
            let max_offset = offset_of(*start) + to_i64(count as u64);
            return Ok(Loaded {
                min_offset,
                max_offset,
                physical_end,
                has_more,
                named_offset: min_offset,
            });
        }
    }
    Ok(Loaded {
        min_offset: 0,
        max_offset: 0,
        physical_end: 0,
        has_more,
        named_offset: min_offset,
    })
}

/// How many units a file begins with.
fn count_units(file: &dyn StorageFile, units: usize, limit: i64) -> io::Result<usize> {
    let counts = |unit: &CqUnit| unit.is_written() && (unit.is_pre_blank() || unit.end() <= limit);
    let (mut low, mut high) = (0, units);
    while low < high {
        let middle = low.midpoint(high);
        if counts(&read_unit(file, middle)?) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // The search trusts that there is no hole. Units behind the end say that there is one.
    for index in low..units.min(low + HOLE_CHECK_UNITS) {
        if counts(&read_unit(file, index)?) {
            return count_linearly(file, units, counts);
        }
    }
    Ok(low)
}

/// How many units there are up to the last one that counts.
fn count_linearly(
    file: &dyn StorageFile,
    units: usize,
    counts: impl Fn(&CqUnit) -> bool,
) -> io::Result<usize> {
    let mut buffer = vec![[0; CONSUME_QUEUE_UNIT_SIZE]; LINEAR_UNITS];
    let mut count = 0;
    let mut index = 0;
    while index < units {
        let chunk = &mut buffer[..LINEAR_UNITS.min(units - index)];
        file.read_at(position(index), chunk.as_flattened_mut())?;
        let last = chunk
            .iter()
            .rposition(|unit| counts(&CqUnit::from_bytes(unit)));
        count = last.map_or(count, |last| index + last + 1);
        index += chunk.len();
    }
    Ok(count)
}

fn position(index: usize) -> u64 {
    (index * CONSUME_QUEUE_UNIT_SIZE) as u64
}

fn read_bytes(file: &dyn StorageFile, index: usize) -> io::Result<UnitBytes> {
    let mut unit = [0; CONSUME_QUEUE_UNIT_SIZE];
    file.read_at(position(index), &mut unit)?;
    Ok(unit)
}

fn read_unit(file: &dyn StorageFile, index: usize) -> io::Result<CqUnit> {
    Ok(CqUnit::from_bytes(&read_bytes(file, index)?))
}

/// Cuts a loaded queue back to the units whose records are really theirs.
///
/// Java leaves old units behind when it cuts a queue; they look right and point to other queues'
/// records. The last unit tells whether there are such.
pub(crate) fn verify(
    files: &QueueFiles,
    key: &QueueKey,
    log: &CommitLog,
    loaded: Loaded,
) -> io::Result<Loaded> {
    let fits = |queue_offset: i64| -> io::Result<bool> {
        let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
        if files.read(key, queue_offset.unsigned_abs(), &mut unit)? == 0 {
            return Ok(false);
        }
        let unit = CqUnit::from_bytes(&unit[0]);
        Ok(unit.is_pre_blank() || record_fits(key, log, &unit, queue_offset))
    };
    let Loaded {
        min_offset,
        max_offset,
        ..
    } = loaded;
    if min_offset == max_offset || fits(max_offset - 1)? {
        return Ok(loaded);
    }
    let (mut low, mut high) = (min_offset, max_offset - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if fits(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut last = [[0; CONSUME_QUEUE_UNIT_SIZE]];
    let has_last = low > min_offset && files.read(key, (low - 1).unsigned_abs(), &mut last)? == 1;
    let physical_end = if has_last {
        CqUnit::from_bytes(&last[0]).end()
    } else {
        0
    };
    Ok(Loaded {
        max_offset: low,
        physical_end,
        ..loaded
    })
}

fn record_fits(key: &QueueKey, log: &CommitLog, unit: &CqUnit, queue_offset: i64) -> bool {
    let Ok(physical) = u64::try_from(unit.physical_offset) else {
        return false;
    };
    if physical < log.start() {
        // Its file is gone, so nothing speaks against it.
        return true;
    }
    let Some(file) = log.file_at(physical) else {
        return false;
    };
    let mut scratch = Vec::new();
    record_at(&file, physical, file.end(), &mut scratch).is_some_and(|record| {
        record.topic() == &*key.topic
            && record.queue_id() == key.queue_id
            && record.queue_offset() == queue_offset
    })
}
