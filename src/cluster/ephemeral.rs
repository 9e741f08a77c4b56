//! Folders in the temporary directory that go with their cluster: removed when it ends or, where it was
//! killed, by the next one that starts.
//!
//! A folder says that it is one of these, and its process holds a lock in it for as long as it lives:
//! the system gives the lock back however the process ends, and no other process can be taken for it, as
//! with a pid. Invariant: nothing is removed that does not say so, that is another user's, or whose lock
//! is held.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "gantry-up-";
const LOCK_FILE: &str = "gantry-ephemeral.lock";
/// Written once the lock is held, so that no folder is swept while it is made.
const MARK_FILE: &str = "gantry-ephemeral.txt";
const MARK: &str = "The data of a Gantry cluster, which goes with it. Nobody needs this folder once \
                    its process has ended.\n";

/// A folder of this process.
#[derive(Debug)]
pub(crate) struct Ephemeral {
    folder: TempDir,
    _lock: File,
}

impl Ephemeral {
    /// Makes a folder in `parent`, after removing those of clusters that were killed.
    pub(crate) fn make(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let lock = File::create_new(folder.path().join(LOCK_FILE))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        fs::write(folder.path().join(MARK_FILE), MARK)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what killed clusters of this user have left in `parent`. What cannot be removed stays.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    let is_named_so = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
    };
    for entry in entries.flatten().filter(is_named_so) {
        let path = entry.path();
        match take_over(&path) {
            Ok(Some(_lock)) => {
                tracing::info!(path = %path.display(), "removing what a killed cluster has left");
                if let Err(error) = fs::remove_dir_all(&path) {
                    tracing::warn!(path = %path.display(), %error, "a left folder stays");
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "not a left folder");
            }
        }
    }
}

/// The lock of a folder that nobody has any more; nothing where it is somebody's, or no such folder.
fn take_over(path: &Path) -> io::Result<Option<File>> {
    let folder = fs::symlink_metadata(path)?;
    if !folder.is_dir() || folder.uid() != rustix::process::geteuid().as_raw() {
        return Ok(None);
    }
    if !fs::symlink_metadata(path.join(LOCK_FILE))?.is_file()
        || fs::read_to_string(path.join(MARK_FILE))? != MARK
    {
        return Ok(None);
    }
    let lock = File::open(path.join(LOCK_FILE))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> Vec<String> {
        let entries = fs::read_dir(parent).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// What `kill -9` leaves: the folder with all that is in it, and no lock.
    fn killed(parent: &Path) -> std::path::PathBuf {
        let Ephemeral { folder, _lock } = Ephemeral::make(parent).unwrap();
        fs::create_dir_all(folder.path().join("b-0/store")).unwrap();
        folder.keep()
    }

    #[test]
    fn a_folder_goes_with_its_cluster_or_with_the_next_one() {
        let parent = tempfile::tempdir().unwrap();
        let left = [killed(parent.path()), killed(parent.path())];
        // The second has swept what the first has left.
        assert!(!left[0].exists() && left[1].exists());
        let living = Ephemeral::make(parent.path()).unwrap();
        assert!(!left[1].exists());
        let other = Ephemeral::make(parent.path()).unwrap();
        assert!(living.path().exists(), "a living cluster keeps its folder");
        drop((living, other));
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn nothing_else_is_ever_removed() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        // By name alone, without the lock, without the mark, with another mark, a file, a link.
        fs::create_dir(at("gantry-up-empty")).unwrap();
        fs::create_dir(at("gantry-up-marked")).unwrap();
        fs::write(at("gantry-up-marked/gantry-ephemeral.txt"), MARK).unwrap();
        fs::create_dir(at("gantry-up-locked")).unwrap();
        fs::write(at("gantry-up-locked/gantry-ephemeral.lock"), "").unwrap();
        fs::create_dir(at("gantry-up-other")).unwrap();
        fs::write(at("gantry-up-other/gantry-ephemeral.lock"), "").unwrap();
        fs::write(at("gantry-up-other/gantry-ephemeral.txt"), "mine").unwrap();
        fs::write(at("gantry-up-file"), "").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = killed(elsewhere.path());
        std::os::unix::fs::symlink(&target, at("gantry-up-link")).unwrap();
        fs::rename(killed(parent.path()), at("somebody-elses")).unwrap();
        let before = names(parent.path());
        drop(Ephemeral::make(parent.path()).unwrap());
        assert_eq!(names(parent.path()), before);
        assert!(target.join("b-0/store").exists());
    }
}
