//! The offsets as RocketMQ's `consumerOffset.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use protocol::body::{ConsumerOffsetSerializeWrapper, DataVersion};
use protocol::name::{validate_group, validate_topic};

use super::{ConsumerOffsetTable, Groups, Progress};
use crate::error::StartError;
use crate::map::NameMap;
use crate::table_file;

/// Stands between topic and group in a key of the file.
const SEPARATOR: char = '@';

impl ConsumerOffsetTable {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// Neither the file nor its backup can be read.
    pub(crate) fn open(path: PathBuf, clock: SharedClock) -> Result<Self, StartError> {
        let read = table_file::read_json(&path, ConsumerOffsetSerializeWrapper::from_json)?;
        let file = read.unwrap_or_default();
        let mut topics: NameMap<Groups> = NameMap::default();
        let mut pairs = 0;
        for (key, committed) in file.offset_table {
            let Some((topic, group)) = split_key(&key) else {
                tracing::warn!(key, "offsets of an illegal name are left out");
                continue;
            };
            pairs += 1;
            let committed = committed
                .into_iter()
                .filter(|(queue, offset)| *queue >= 0 && *offset >= 0);
            let progress = Progress {
                committed: committed.collect(),
                ..Progress::default()
            };
            topics
                .entry(topic.into())
                .or_default()
                .insert(group.into(), Arc::new(Mutex::new(progress)));
        }
        Ok(Self {
            clock,
            path,
            topics: RwLock::new(topics),
            pairs: AtomicUsize::new(pairs),
            resets: AtomicUsize::new(0),
            commits: AtomicI64::new(0),
            version: Mutex::new(file.data_version),
            written_commits: Mutex::new(0),
        })
    }

    /// The table as RocketMQ's tools and replicas read it.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut offset_table = BTreeMap::new();
        let topics = self.topics.read();
        let pairs = topics.iter().flat_map(|(topic, groups)| {
            groups
                .iter()
                .map(move |(group, progress)| (format!("{topic}{SEPARATOR}{group}"), progress))
        });
        offset_table.extend(pairs.filter_map(|(key, progress)| {
            let committed = progress.lock().committed.clone();
            (!committed.is_empty()).then_some((key, committed))
        }));
        drop(topics);
        let data_version: DataVersion = *self.version.lock();
        ConsumerOffsetSerializeWrapper {
            data_version,
            offset_table,
        }
        .to_json()
    }

    /// Writes the file, unless it holds everything already.
    ///
    /// What was committed before this call survives a power cut when it returns.
    pub(crate) fn persist(&self) -> io::Result<()> {
        let mut written = self.written_commits.lock();
        let commits = self.commits.load(Ordering::Acquire);
        if *written != commits {
            table_file::write(&self.path, &self.encode())?;
            *written = commits;
        }
        Ok(())
    }
}

/// Topic and group of a key, if both are legal.
fn split_key(key: &str) -> Option<(&str, &str)> {
    let (topic, group) = key.split_once(SEPARATOR)?;
    (validate_topic(topic).is_ok() && validate_group(group).is_ok()).then_some((topic, group))
}
