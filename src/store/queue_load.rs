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

/// Units read at once: a page of them.
const BLOCK_UNITS: usize = 4096 / CONSUME_QUEUE_UNIT_SIZE;

/// What the files of a queue hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// Queue offset of the first unit.
    pub(crate) min_offset: i64,
    /// Queue offset behind the last unit.
    pub(crate) max_offset: i64,
    /// The first unit, where it was read on the way.
    pub(crate) first: Option<CqUnit>,
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
    let named_offset = starts.first().copied().map_or(0, offset_of);
    let units = to_usize(files.units_per_file());
    let mut has_more = false;
    for start in starts.iter().rev() {
        let file = files.open_listed(key, *start)?;
        let counted = count_units(&*file, units, limit)?;
        has_more |= counted.has_more;
        if let Some(last) = counted.last {
            let is_first_file = starts.first() == Some(start);
            return Ok(Loaded {
                min_offset: named_offset,
                max_offset: offset_of(*start) + to_i64(counted.count as u64),
                first: counted.first.filter(|_| is_first_file),
                physical_end: last.end(),
                has_more,
                named_offset,
            });
        }
    }
    Ok(Loaded {
        min_offset: 0,
        max_offset: 0,
        first: None,
        physical_end: 0,
        has_more,
        named_offset,
    })
}

/// The units that a file begins with.
#[derive(Debug, Clone, Copy)]
struct Counted {
    count: usize,
    first: Option<CqUnit>,
    last: Option<CqUnit>,
    /// Something that is not zero stands behind them.
    has_more: bool,
}

/// Counts the units that a file begins with. Most queues are short: one read tells all.
fn count_units(file: &dyn StorageFile, units: usize, limit: i64) -> io::Result<Counted> {
    let counts = |unit: &UnitBytes| {
        let unit = CqUnit::from_bytes(unit);
        unit.is_written() && (unit.is_pre_blank() || unit.end() <= limit)
    };
    let mut block = [[0; CONSUME_QUEUE_UNIT_SIZE]; BLOCK_UNITS];
    let mut read = read_block(file, units, 0, &mut block)?;
    let first = read.first().copied();
    let mut number = 0;
    if read.last().is_some_and(counts) {
        // The last block whose first unit counts.
        let mut behind = units.div_ceil(BLOCK_UNITS);
        while behind - number > 1 {
            let middle = number.midpoint(behind);
            let mut unit = [[0; CONSUME_QUEUE_UNIT_SIZE]];
            file.read_at(position(middle * BLOCK_UNITS), unit.as_flattened_mut())?;
            *(if counts(&unit[0]) {
                &mut number
            } else {
                &mut behind
            }) = middle;
        }
        read = read_block(file, units, number, &mut block)?;
    }
    let whole = read.iter().take_while(|unit| counts(unit)).count();
    let mut rest = &read[whole..];
    let mut next_block = [[0; CONSUME_QUEUE_UNIT_SIZE]; BLOCK_UNITS];
    if rest.is_empty() && (number + 1) * BLOCK_UNITS < units {
        rest = read_block(file, units, number + 1, &mut next_block)?;
    }
    // The search trusts that there is no hole. Units behind the end say that there is one.
    let mut count = number * BLOCK_UNITS + whole;
    if rest.iter().any(counts) {
        count = count_linearly(file, units, counts)?;
    }
    let has_more = rest.as_flattened().iter().any(|byte| *byte != 0);
    let last = count
        .checked_sub(1)
        .map(|last| read_unit(file, last))
        .transpose()?;
    let first = first.filter(counts).map(|first| CqUnit::from_bytes(&first));
    Ok(Counted {
        count,
        first,
        last,
        has_more,
    })
}

fn read_block<'a>(
    file: &dyn StorageFile,
    units: usize,
    number: usize,
    block: &'a mut [UnitBytes; BLOCK_UNITS],
) -> io::Result<&'a [UnitBytes]> {
    let start = number * BLOCK_UNITS;
    let block = &mut block[..BLOCK_UNITS.min(units - start)];
    file.read_at(position(start), block.as_flattened_mut())?;
    Ok(block)
}

/// How many units there are up to the last one that counts.
fn count_linearly(
    file: &dyn StorageFile,
    units: usize,
    counts: impl Fn(&UnitBytes) -> bool,
) -> io::Result<usize> {
    let mut block = [[0; CONSUME_QUEUE_UNIT_SIZE]; BLOCK_UNITS];
    let mut count = 0;
    for number in 0..units.div_ceil(BLOCK_UNITS) {
        let last = read_block(file, units, number, &mut block)?
            .iter()
            .rposition(&counts);
        count = last.map_or(count, |last| number * BLOCK_UNITS + last + 1);
    }
    Ok(count)
}

fn position(index: usize) -> u64 {
    (index * CONSUME_QUEUE_UNIT_SIZE) as u64
}

fn read_unit(file: &dyn StorageFile, index: usize) -> io::Result<CqUnit> {
    let mut unit = [0; CONSUME_QUEUE_UNIT_SIZE];
    file.read_at(position(index), &mut unit)?;
    Ok(CqUnit::from_bytes(&unit))
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
