//! How large the files of a store directory are, found out from the files.

use std::io;
use std::path::Path;

use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::index_file::IndexShape;
use crate::storage::{PlainStorage, SharedStorage, Storage, offset_of_file_name};

/// Settings that fit the files of a store directory; RocketMQ's defaults where no file tells.
///
/// The slots of an index file cannot be told from its size alone: sizes that are not the default are
/// taken for four entries a slot, as RocketMQ's own settings have it. Whoever knows better sets
/// [`StoreConfig::index_slots`] and [`StoreConfig::index_entries`].
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn settings_of(root: &Path) -> io::Result<StoreConfig> {
    let storage: SharedStorage = std::sync::Arc::new(PlainStorage);
    settings_on(&*storage, StoreConfig::new(root))
}

/// See [`settings_of`].
pub(crate) fn settings_on(
    storage: &dyn Storage,
    mut config: StoreConfig,
) -> io::Result<StoreConfig> {
    let log = files_in(storage, &config.commit_log_dir())?;
    if let Some(size) = file_size(&log, config.commit_log_file_size) {
        config.commit_log_file_size = size;
    }
    if let Some(size) = queue_file_size(storage, &config)? {
        let units = size / CONSUME_QUEUE_UNIT_SIZE as u64;
        config.consume_queue_units = u32::try_from(units).unwrap_or(config.consume_queue_units);
    }
    let mut sizes = Vec::new();
    for entry in storage.list(&config.index_dir())? {
        let stat = storage.stat(&config.index_dir().join(&entry.name))?;
        sizes.extend(stat.map(|stat| stat.size));
    }
    let is_default = sizes.contains(&IndexShape::of(&config).file_size());
    // 40 + 4 slots + 20 * 4 slots.
    let slots = sizes.iter().max().map(|size| size.saturating_sub(40) / 84);
    if let Some(slots) = slots.filter(|slots| *slots > 0 && !is_default) {
        let shape = IndexShape {
            slots: u32::try_from(slots).unwrap_or(u32::MAX / 4),
            entries: u32::try_from(slots * 4).unwrap_or(u32::MAX),
        };
        if sizes.contains(&shape.file_size()) {
            (config.index_slots, config.index_entries) = (shape.slots, shape.entries);
        }
    }
    Ok(config)
}

/// Where files begin, and their sizes.
fn files_in(storage: &dyn Storage, dir: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut files = Vec::new();
    for entry in storage.list(dir)? {
        if let Some(start) = offset_of_file_name(&entry.name).filter(|_| !entry.is_dir) {
            let stat = storage.stat(&dir.join(&entry.name))?;
            files.push((start, stat.map_or(0, |stat| stat.size)));
        }
    }
    Ok(files)
}

/// The size that all these files were made with: one of them may be short, and some may be gone.
fn file_size(files: &[(u64, u64)], default: u64) -> Option<u64> {
    let longest = files.iter().map(|(_, size)| *size).max()?;
    let between = files.windows(2).filter_map(|pair| match pair {
        [(before, _), (after, _)] => Some(after - before),
        _ => None,
    });
    let fits = |size: u64| size > 0 && files.iter().all(|(start, _)| start % size == 0);
    let steps = between.chain([longest, default]);
    steps.filter(|size| *size >= longest && fits(*size)).min()
}

/// The size of the ConsumeQueue files.
fn queue_file_size(storage: &dyn Storage, config: &StoreConfig) -> io::Result<Option<u64>> {
    let root = config.consume_queue_dir();
    let mut largest: Option<u64> = None;
    for topic in storage.list(&root)? {
        for queue in storage.list(&root.join(&topic.name))? {
            let files = files_in(storage, &root.join(&topic.name).join(&queue.name))?;
            let size = file_size(&files, config.consume_queue_file_size());
            let whole = size.filter(|size| size % CONSUME_QUEUE_UNIT_SIZE as u64 == 0);
            largest = largest.max(whole);
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_whole_files() {
        let default = 1 << 30;
        let check = |files: &[(u64, u64)], expected| {
            assert_eq!(file_size(files, default), expected, "{files:?}");
        };
        check(&[], None);
        check(&[(0, 4096)], Some(4096));
        check(&[(8192, 4096)], Some(4096));
        check(&[(0, 4096), (4096, 4096)], Some(4096));
        check(&[(0, 4096), (4096, 17)], Some(4096));
        check(&[(0, 4096), (12288, 4096)], Some(4096));
        check(&[(0, 100), (4096, 17)], Some(4096));
        check(&[(1 << 30, 17)], Some(1 << 30));
        check(&[(0, 0)], Some(1 << 30));
    }
}
