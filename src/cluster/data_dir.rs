//! Where a cluster keeps its data: one folder a node, a lock, and a file that says what it is.

use crate::ephemeral::Ephemeral;
use crate::error::ClusterError;
use crate::spec::Data;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The layout that this build writes and reads.
const FORMAT: u32 = 1;

const FORMAT_FILE: &str = "gantry-cluster.json";
const LOCK_FILE: &str = "gantry-cluster.lock";

/// What the format file says.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    format: u32,
    /// For people who find the directory.
    about: String,
}

/// A data directory that this process holds.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Removes the directory when the cluster ends.
    temporary: Option<Ephemeral>,
    /// Held open: the lock goes with it, also when the process is killed.
    _lock: Option<File>,
}

impl DataDir {
    pub(crate) fn open(data: &Data) -> Result<Self, ClusterError> {
        match data {
            Data::Ephemeral => {
                let parent = std::env::temp_dir();
                let temporary =
                    Ephemeral::make(&parent).map_err(|error| unusable(&parent, &error))?;
                let path = temporary.path().to_owned();
                Ok(Self {
                    path,
                    temporary: Some(temporary),
                    _lock: None,
                })
            }
            Data::Dir(path) => {
                let lock = open_dir(path)?;
                Ok(Self {
                    path: path.clone(),
                    temporary: None,
                    _lock: Some(lock),
                })
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_ephemeral(&self) -> bool {
        self.temporary.is_some()
    }

    /// The folder of one node; for a broker it is RocketMQ's `storePathRootDir`.
    pub(crate) fn of_node(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::DataDir {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn open_dir(path: &Path) -> Result<File, ClusterError> {
    let failed = |error: io::Error| unusable(path, &error);
    fs::create_dir_all(path).map_err(failed)?;
    let lock = File::create(path.join(LOCK_FILE)).map_err(failed)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(ClusterError::DataDirLocked {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(unusable(path, &error)),
    }
    check_format(path)?;
    Ok(lock)
}

/// Reads what the directory says it is, or says it where it is new.
fn check_format(path: &Path) -> Result<(), ClusterError> {
    let file = path.join(FORMAT_FILE);
    match fs::read(&file) {
        Ok(text) => {
            let description: Description = serde_json::from_slice(&text)
                .map_err(|error| unusable(path, &format!("{FORMAT_FILE} is damaged: {error}")))?;
            if description.format == FORMAT {
                return Ok(());
            }
            let reason = format!(
                "it has format {}, this build reads format {FORMAT}",
                description.format
            );
            Err(unusable(path, &reason))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let about = "Data of a Gantry cluster. Each folder b-N is a RocketMQ storePathRootDir.";
            let description = Description {
                format: FORMAT,
                about: about.to_owned(),
            };
            let text = serde_json::to_string_pretty(&description)
                .map_err(|error| unusable(path, &error))?;
            // Renamed into place: a directory is described as a whole or not at all.
            let unfinished = path.join(format!("{FORMAT_FILE}.tmp"));
            let write =
                || fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &file));
            write().map_err(|error| unusable(path, &error))
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_used_by_one_cluster_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let data = Data::Dir(home.path().join("mq"));
        let first = DataDir::open(&data).unwrap();
        let error = DataDir::open(&data).unwrap_err();
        assert!(
            matches!(error, ClusterError::DataDirLocked { .. }),
            "{error}"
        );
        drop(first);
        DataDir::open(&data).unwrap();
    }

    #[test]
    fn a_format_of_another_build_is_refused_by_number() {
        let home = tempfile::tempdir().unwrap();
        fs::write(
            home.path().join(FORMAT_FILE),
            "{\"format\":99,\"about\":\"\"}",
        )
        .unwrap();
        let error = DataDir::open(&Data::Dir(home.path().to_owned())).unwrap_err();
        assert!(error.to_string().contains("format 99"), "{error}");
    }

    #[test]
    fn an_ephemeral_directory_goes_with_its_cluster() {
        let data = DataDir::open(&Data::Ephemeral).unwrap();
        let path = data.path().to_owned();
        assert!(path.is_dir());
        drop(data);
        assert!(!path.exists());
    }
}
