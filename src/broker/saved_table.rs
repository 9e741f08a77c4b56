//! A table on the disk: RocketMQ's JSON file, and a log of the changes since it was written.
//!
//! A change is one short append (see [`metadata_log`](crate::metadata_log)); the JSON file, which
//! RocketMQ reads, follows from time to time and at a clean stop. [`sync`] waits until all changes so far
//! survive a power cut: whoever was told of a change by then is not told wrong.

use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::DataVersion;
use protocol::json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::error::StartError;
use crate::metadata_log::MetadataLog;
use crate::table_file;

/// One line of the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<C> {
    data_version: DataVersion,
    #[serde(flatten)]
    change: C,
}

/// What is on the disk, and which state of the table it stands for. `C` is a change of the table.
#[derive(Debug)]
pub(crate) struct SavedTable<C> {
    version: DataVersion,
    table_path: PathBuf,
    log: MetadataLog,
    /// Whether the JSON file lacks a change, be it in the log or not.
    is_behind: bool,
    /// Changes that were ever noted here.
    noted: u64,
    /// Whether a change is not in the log, or may not be: then only the JSON file can hold it.
    is_unlogged: bool,
    /// Told of each change.
    changed: Arc<Notify>,
    changes: PhantomData<fn(C)>,
}

/// How many of the noted changes survive a power cut; locked while they are synced, so that those
/// who wait share one sync.
pub(crate) type Synced = Mutex<u64>;

/// Waits until every change that was noted so far survives a power cut. Blocks on the disk.
///
/// # Errors
/// What the system says, or that a change could not be written to the log and waits for the JSON file.
pub(crate) fn sync<C>(saved: &Mutex<SavedTable<C>>, synced: &Synced) -> io::Result<()> {
    let wanted = saved.lock().noted;
    let mut synced = synced.lock();
    if *synced < wanted {
        let (file, noted) = {
            let saved = saved.lock();
            if saved.is_unlogged {
                let reason = "a change could not be written down";
                return Err(io::Error::other(reason));
            }
            (saved.log.file(), saved.noted)
        };
        if let Err(error) = file.sync_data() {
            // The next sync would say that all is well with what this one has lost.
            saved.lock().is_unlogged = true;
            return Err(error);
        }
        *synced = noted;
    }
    Ok(())
}

/// A state of the table on its way to the JSON file.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) version: DataVersion,
    table_path: PathBuf,
    /// Where the log ended.
    log_end: u64,
}

impl<C: Serialize + DeserializeOwned> SavedTable<C> {
    /// Opens `NAME.json` and `NAME.log`; gives back the changes that the JSON file lacks, in order.
    ///
    /// `version` is that of the JSON file, which the caller has read.
    pub(crate) fn open(
        dir: &Path,
        name: &str,
        mut version: DataVersion,
    ) -> Result<(Self, Vec<C>), StartError> {
        let log_path = dir.join(format!("{name}.log"));
        let unreadable = |reason: String| StartError::Table {
            path: log_path.clone(),
            reason,
        };
        let (log, lines) =
            MetadataLog::open(&log_path).map_err(|error| unreadable(error.to_string()))?;
        let mut changes = Vec::with_capacity(lines.len());
        for line in &lines {
            let line: Line<C> =
                json::from_slice(line.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
            version = line.data_version;
            changes.push(line.change);
        }
        let saved = Self {
            version,
            table_path: dir.join(format!("{name}.json")),
            log,
            is_behind: !changes.is_empty(),
            noted: 0,
            is_unlogged: false,
            changed: Arc::default(),
            changes: PhantomData,
        };
        Ok((saved, changes))
    }

    pub(crate) fn version(&self) -> DataVersion {
        self.version
    }

    /// Appends a change. One that cannot be written stays in memory until the JSON file is: a full
    /// disk must not stop what is there already.
    pub(crate) fn note(&mut self, change: C, now_ms: i64) {
        self.version
            .next_version(now_ms, self.version.state_version);
        self.is_behind = true;
        self.noted += 1;
        let line = Line {
            data_version: self.version,
            change,
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| self.log.append(&line));
        if let Err(error) = written {
            let path = self.log.path().display();
            tracing::error!(%path, %error, "a change of the table is in memory only");
            self.is_unlogged = true;
        }
        self.changed.notify_one();
    }

    /// Told of each change.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// The state to be written, if the JSON file lacks anything.
    pub(crate) fn begin_write(&self) -> Option<Writing> {
        let writing = || Writing {
            version: self.version,
            table_path: self.table_path.clone(),
            log_end: self.log.length(),
        };
        self.is_behind.then(writing)
    }

    /// Notes that a state has been written. Changes since then stay in the log; so do those before
    /// them when the log cannot be shortened, and replaying them does no harm.
    pub(crate) fn end_write(&mut self, written: &Writing) {
        match self.log.forget(written.log_end) {
            Ok(()) => {
                self.is_behind = self.version != written.version;
                self.is_unlogged &= self.is_behind;
            }
            Err(error) => {
                let path = self.log.path().display();
                tracing::warn!(%path, %error, "the log of changes stays");
            }
        }
    }
}

impl Writing {
    /// Replaces the JSON file; says whether it could be.
    pub(crate) fn write(&self, content: &[u8]) -> bool {
        let written = table_file::write(&self.table_path, content);
        if let Err(error) = &written {
            tracing::error!(path = %self.table_path.display(), %error, "a table cannot be written");
        }
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Saved = SavedTable<Change>;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Change {
        put: String,
    }

    fn change(name: &str) -> Change {
        Change {
            put: name.to_owned(),
        }
    }

    fn open(folder: &tempfile::TempDir) -> (Saved, Vec<Change>) {
        Saved::open(folder.path(), "things", DataVersion::default()).unwrap()
    }

    #[test]
    fn changes_are_there_until_the_table_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let (mut saved, changes) = open(&folder);
        assert!(changes.is_empty() && saved.begin_write().is_none());
        saved.note(change("a"), 1);
        saved.note(change("b"), 2);

        let (mut saved, changes) = open(&folder);
        assert_eq!(changes, [change("a"), change("b")]);
        assert_eq!((saved.version().counter, saved.version().timestamp), (2, 2));
        let writing = saved.begin_write().unwrap();
        assert!(writing.write(b"{}"));
        saved.end_write(&writing);
        assert!(saved.begin_write().is_none());
        assert!(open(&folder).1.is_empty());
    }

    #[test]
    fn a_sync_is_for_all_changes_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Mutex::new(open(&folder).0);
        let synced = Synced::default();
        sync(&saved, &synced).unwrap();
        saved.lock().note(change("a"), 1);
        saved.lock().note(change("b"), 2);
        sync(&saved, &synced).unwrap();
        assert_eq!(*synced.lock(), 2);
    }

    #[test]
    fn a_change_that_is_in_memory_only_is_not_called_durable() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Mutex::new(open(&folder).0);
        let synced = Synced::default();
        saved.lock().note(change("a"), 1);
        saved.lock().is_unlogged = true;
        assert!(sync(&saved, &synced).is_err());
        let writing = saved.lock().begin_write().unwrap();
        assert!(writing.write(b"{}"));
        saved.lock().end_write(&writing);
        sync(&saved, &synced).unwrap();
    }

    #[test]
    fn a_change_during_the_write_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (mut saved, _) = open(&folder);
        saved.note(change("a"), 1);
        let writing = saved.begin_write().unwrap();
        saved.note(change("b"), 2);
        assert!(writing.write(b"{}"));
        saved.end_write(&writing);
        assert!(saved.begin_write().is_some());
        assert_eq!(open(&folder).1, [change("b")]);
    }
}
