//! Loads the ConsumeQueues of a store that is being opened, and settles where they end.

use std::io;
use std::sync::Arc;

use crate::commit_log::CommitLog;
use crate::convert::{to_i64, to_u64};
use crate::queue::{Queue, QueueTable, check_name};
use crate::queue_files::{QueueFiles, QueueKey};
use crate::queue_load;
use crate::storage::SharedStorage;

use super::{LastStop, plan::Plan};

/// Reads every queue below the `consumequeue` directory; `plan` learns what they say.
pub(super) fn load_all(
    files: &QueueFiles,
    storage: &SharedStorage,
    log: &CommitLog,
    plan: &mut Plan,
) -> io::Result<QueueTable> {
    let queues = QueueTable::default();
    for topic in storage
        .list(files.root())?
        .into_iter()
        .filter(|entry| entry.is_dir)
    {
        let topic_name: Arc<str> = topic.name.as_str().into();
        for queue in storage.list(&files.root().join(&topic.name))? {
            let Some(queue_id) = queue.name.parse().ok().filter(|_| queue.is_dir) else {
                continue;
            };
            // A directory that no topic can have is left alone.
            if check_name(&topic_name, queue_id).is_err() {
                continue;
            }
            let key = QueueKey {
                topic: Arc::clone(&topic_name),
                queue_id,
            };
            load_one(files, log, plan, &queues, &key)?;
        }
    }
    Ok(queues)
}

fn load_one(
    files: &QueueFiles,
    log: &CommitLog,
    plan: &mut Plan,
    queues: &QueueTable,
    key: &QueueKey,
) -> io::Result<()> {
    let mut loaded = queue_load::load(files, key, plan.units_limit)?;
    let mut has_more = loaded.has_more;
    if matches!(plan.last_stop, LastStop::JavaClean | LastStop::JavaUnclean) {
        let verified = queue_load::verify(files, key, log, loaded)?;
        has_more |= verified.max_offset < loaded.max_offset;
        loaded = verified;
    }
    // What was not synced when the power went may be anything; Java leaves old units. Both are
    // rebuilt from the log, onto clean files.
    if matches!(
        plan.last_stop,
        LastStop::PowerCut | LastStop::JavaUnclean | LastStop::JavaClean
    ) {
        files.end_at(key, to_u64(loaded.max_offset))?;
    } else if has_more {
        plan.has_lost_units = true;
        files.end_at(key, to_u64(loaded.max_offset))?;
    }
    plan.queue_count += 1;
    files.count_queues(1);
    plan.units_end = plan.units_end.max(to_u64(loaded.physical_end));
    let queue = queues.insert_if_absent(&key.topic, key.queue_id, |key| {
        Queue::new(key, loaded.min_offset, loaded.max_offset)
    });
    if loaded.max_offset == 0 && loaded.named_offset > 0 {
        plan.named_only.push((queue, loaded.named_offset));
    } else if loaded.max_offset > 0 {
        let log_start = to_i64(log.start());
        let begins_in_log = loaded
            .first
            .is_some_and(|first| !first.is_pre_blank() && first.physical_offset >= log_start);
        if !begins_in_log {
            plan.begins_later.push(queue);
        }
    }
    Ok(())
}

/// After the log was read: where the queues begin, and which offset comes next in each.
pub(super) fn settle(
    queues: &QueueTable,
    files: &QueueFiles,
    log: &CommitLog,
    plan: &Plan,
) -> io::Result<()> {
    let log_start = to_i64(log.start());
    for (queue, offset) in &plan.named_only {
        queue.consume_queue().begin_at(*offset);
    }
    queues.for_each(|queue| queue.set_next_offset(queue.max_offset()));
    plan.begins_later
        .iter()
        .try_for_each(|queue| queue.consume_queue().correct_min(files, log_start))
}
