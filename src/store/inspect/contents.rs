//! What a store directory holds, piece by piece, as it lies there: `gantry store dump`.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use protocol::message::RecordView;

use crate::checkpoint::Checkpoint;
use crate::config::{CONSUME_QUEUE_UNIT_SIZE, StoreConfig};
use crate::consume_queue::CqUnit;
use crate::convert::{to_i64, to_u64};
use crate::queue::check_name;
use crate::queue_files::{QueueFiles, QueueKey};
use crate::recovery::checkpoint_path;
use crate::storage::read_only::ReadOnly;
use crate::storage::{PlainStorage, SharedStorage};

use super::index::{self, Entries, IndexEntry};
use super::walk::{self, Walked};

fn storage() -> SharedStorage {
    Arc::new(ReadOnly(Arc::new(PlainStorage)))
}

/// Walks over the sound records of the store in `config.root`, from the first one at or behind a
/// physical offset, until `visit` breaks. Returns the damaged stretches on the way.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn records(
    config: &StoreConfig,
    physical_offset: i64,
    visit: &mut dyn FnMut(&RecordView<'_>) -> ControlFlow<()>,
) -> io::Result<Vec<Range<i64>>> {
    let mut damaged = Vec::new();
    walk::walk(
        config,
        &storage(),
        to_u64(physical_offset),
        &mut |step| match step {
            Walked::Record(record) => visit(record),
            Walked::Damage(range) => {
                damaged.push(range);
                ControlFlow::Continue(())
            }
        },
    )?;
    Ok(damaged)
}

/// The queues that have ConsumeQueue files, sorted.
///
/// # Errors
/// What the system says when the directory cannot be read.
pub fn queues(config: &StoreConfig) -> io::Result<Vec<(String, i32)>> {
    let storage = storage();
    let root = config.consume_queue_dir();
    let mut queues = Vec::new();
    for topic in storage.list(&root)? {
        for queue in storage.list(&root.join(&topic.name))? {
            if let Ok(queue_id) = queue.name.parse()
                && check_name(&topic.name, queue_id).is_ok()
            {
                queues.push((topic.name.clone(), queue_id));
            }
        }
    }
    queues.sort();
    Ok(queues)
}

/// Walks over the written units of a queue from a queue offset on, until `visit` breaks.
///
/// # Errors
/// What the system says when the files cannot be read.
pub fn units(
    config: &StoreConfig,
    topic: &str,
    queue_id: i32,
    queue_offset: i64,
    visit: &mut dyn FnMut(i64, CqUnit) -> ControlFlow<()>,
) -> io::Result<()> {
    let files = QueueFiles::new(storage(), config);
    let key = QueueKey {
        topic: topic.into(),
        queue_id,
    };
    let mut bytes = [0; CONSUME_QUEUE_UNIT_SIZE];
    for start in files.starts(&key)? {
        let file = files.open_listed(&key, start)?;
        let first = to_i64(start / CONSUME_QUEUE_UNIT_SIZE as u64);
        let count = to_i64(file.size() / CONSUME_QUEUE_UNIT_SIZE as u64);
        for offset in queue_offset.max(first)..first + count {
            let at = to_u64(offset - first) * CONSUME_QUEUE_UNIT_SIZE as u64;
            file.read_at(at, &mut bytes)?;
            let unit = CqUnit::from_bytes(&bytes);
            if unit.is_written() && visit(offset, unit).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Walks over the entries of the index, oldest first, until `visit` breaks; it gets the file's name and
/// when its first message was stored (ms since the epoch).
///
/// # Errors
/// What the system says when the files cannot be read.
pub fn index_entries(
    config: &StoreConfig,
    visit: &mut dyn FnMut(&str, i64, IndexEntry) -> ControlFlow<()>,
) -> io::Result<()> {
    for file in index::open_files(config, &storage(), &mut |_| {})? {
        let mut entries = Entries::of(&file);
        let begin = file.header().begin_timestamp;
        while let Some(entry) = entries.next()? {
            if visit(file.name(), begin, entry).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The fields of the checkpoint in the order of the file; `None` when there is no checkpoint.
///
/// # Errors
/// What the system says when the file cannot be read.
pub fn checkpoint(config: &StoreConfig) -> io::Result<Option<Vec<(&'static str, String)>>> {
    let Some(bytes) = storage().read(&checkpoint_path(config))? else {
        return Ok(None);
    };
    let Checkpoint { java, extension } = Checkpoint::from_bytes(&bytes);
    let mut fields = vec![
        ("physic_timestamp", java.physic_timestamp.to_string()),
        ("logics_timestamp", java.logics_timestamp.to_string()),
        ("index_timestamp", java.index_timestamp.to_string()),
        ("master_flushed_offset", java.master_flushed.to_string()),
        ("confirm_offset", java.confirm.to_string()),
    ];
    if let Some(it) = extension {
        fields.extend([
            ("is_clean", it.is_clean.to_string()),
            ("log_synced", it.log_synced.to_string()),
            ("queues_synced", it.queues_synced.to_string()),
            ("queues_written", it.queues_written.to_string()),
            ("verify_from", it.verify_from.to_string()),
            ("index_position", it.index_position.to_string()),
            ("queue_count", it.queue_count.to_string()),
            ("index_file_count", it.index_file_count.to_string()),
            ("boot_id", it.boot_id),
        ]);
    }
    Ok(Some(fields))
}
