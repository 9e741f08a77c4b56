//! Positions of groups in files: what resets keep for undoing, and what `--to file:PATH` reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use protocol::body::MessageQueue;
use serde::{Deserialize, Serialize};

use crate::config::edit::write_atomically;
use crate::context::{Context, Target};
use crate::error::{CommandError, codes};
use crate::output::units::rfc3339;

/// The newest positions that are kept for each group; older ones are deleted.
const KEPT_MAX: usize = 50;

/// The positions of a group in a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) at_ms: i64,
    pub(super) namesrv: String,
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) positions: Vec<Position>,
}

/// The position in one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) topic: String,
    pub(super) broker: String,
    pub(super) queue: i32,
    pub(super) offset: i64,
}

/// A file of positions need not have been written by a reset.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum File {
    Saved { positions: Vec<Position> },
    Bare(Vec<Position>),
}

/// Positions as the client wants them.
pub(super) fn by_queue(positions: &[Position]) -> BTreeMap<MessageQueue, i64> {
    let positions = positions.iter();
    positions
        .map(|one| {
            let queue = MessageQueue::new(one.topic.as_str(), one.broker.as_str(), one.queue);
            (queue, one.offset)
        })
        .collect()
}

/// Reads a file of positions.
pub(super) fn read(path: &Path) -> Result<Vec<Position>, CommandError> {
    let bytes = std::fs::read(path)
        .map_err(|error| CommandError::io("read the positions", path, &error))?;
    match serde_json::from_slice(&bytes) {
        Ok(File::Saved { positions } | File::Bare(positions)) => Ok(positions),
        Err(error) => {
            let text = format!("{} holds no positions: {error}", path.display());
            Err(CommandError::new(&codes::FILE_FAILED, text).next(
                "a list of {\"topic\", \"broker\", \"queue\", \"offset\"}, or an object with it as \
                 \"positions\"",
            ))
        }
    }
}

/// Keeps the positions of a group, so that they can be given back.
pub(super) fn keep(
    ctx: &Context,
    target: &Target,
    (group, topic): (&str, &str),
    before: BTreeMap<MessageQueue, i64>,
) -> Result<Saved, CommandError> {
    let at_ms = ctx.clock.now_ms();
    let positions = before.into_iter().map(|(queue, offset)| Position {
        topic: queue.topic,
        broker: queue.broker_name,
        queue: queue.queue_id,
        offset,
    });
    let mut saved = Saved {
        id: String::new(),
        at: rfc3339(at_ms),
        at_ms,
        namesrv: target.namesrv_text(),
        group: group.to_owned(),
        topic: topic.to_owned(),
        positions: positions.collect(),
    };
    // Two resets in one millisecond are two resets.
    let mut number = at_ms;
    let path = loop {
        saved.id = format!("r{number:x}");
        let path = folder(ctx).join(format!("{}.json", saved.id));
        if !path.exists() {
            break path;
        }
        number += 1;
    };
    let failed = |error| CommandError::io("keep the positions", &path, &error);
    let bytes = serde_json::to_vec_pretty(&saved).map_err(|error| failed(error.into()))?;
    write_atomically(&path, &bytes).map_err(failed)?;
    forget_oldest(ctx, group);
    Ok(saved)
}

/// The positions that are kept of a group in this cluster, the newest first.
pub(super) fn of_group(ctx: &Context, target: &Target, group: &str) -> Vec<Saved> {
    let mut saved: Vec<Saved> = all(ctx)
        .filter(|(_, saved)| saved.group == group && saved.namesrv == target.namesrv_text())
        .map(|(_, saved)| saved)
        .collect();
    saved.sort_by(|one, other| {
        other
            .at_ms
            .cmp(&one.at_ms)
            .then_with(|| other.id.cmp(&one.id))
    });
    saved
}

fn folder(ctx: &Context) -> PathBuf {
    ctx.state.root().join("positions")
}

fn all(ctx: &Context) -> impl Iterator<Item = (PathBuf, Saved)> {
    let entries = std::fs::read_dir(folder(ctx))
        .into_iter()
        .flatten()
        .flatten();
    entries.filter_map(|entry| {
        let path = entry.path();
        // A file that is none of ours is none of our business.
        let saved = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some((path, saved))
    })
}

fn forget_oldest(ctx: &Context, group: &str) {
    let mut of_group: Vec<(PathBuf, Saved)> =
        all(ctx).filter(|(_, saved)| saved.group == group).collect();
    of_group.sort_by_key(|(_, saved)| std::cmp::Reverse(saved.at_ms));
    for (path, _) in of_group.into_iter().skip(KEPT_MAX) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::debug!(%error, path = %path.display(), "old positions stay");
        }
    }
}
