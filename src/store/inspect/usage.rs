//! Who has a store directory.

use std::io;
use std::path::Path;

/// Who has a store directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Nobody.
    Free,
    /// A broker; its process id, where `abort` says it.
    InUse {
        /// The process.
        pid: Option<u32>,
    },
}

/// Finds out whether a broker, of Gantry or of Java, has the store in `root`.
///
/// The lock tells. A directory without one counts as in use while the process that `abort` names
/// lives.
///
/// # Errors
/// What the system says.
pub fn usage(root: &Path) -> io::Result<Usage> {
    let pid = match std::fs::read_to_string(root.join("abort")) {
        Ok(text) => text.trim().parse::<u32>().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // Java writes no more than a number; anything else tells nothing.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
        Err(error) => return Err(error),
    };
    // Opening and closing the lock's file would take this process's own lock away.
    if pid == Some(std::process::id()) {
        return Ok(Usage::InUse { pid });
    }
    match is_locked(&root.join("lock"))? {
        Some(true) => Ok(Usage::InUse { pid }),
        Some(false) => Ok(Usage::Free),
        None if pid.is_some_and(is_alive) => Ok(Usage::InUse { pid }),
        None => Ok(Usage::Free),
    }
}

/// Whether someone holds the lock; `None` without a file for it.
fn is_locked(path: &Path) -> io::Result<Option<bool>> {
    use rustix::fs::{FlockOperation, fcntl_lock, flock};
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Shared locks do for a file that is open to be read; both go with it.
    let shared = FlockOperation::NonBlockingLockShared;
    match flock(&file, shared).and_then(|()| fcntl_lock(&file, shared)) {
        Ok(()) => Ok(Some(false)),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::ACCESS) => Ok(Some(true)),
        Err(error) => Err(error.into()),
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| {
        !matches!(
            rustix::process::test_kill_process(pid),
            Err(rustix::io::Errno::SRCH)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::support::Fixture;

    #[test]
    fn a_store_is_in_use_as_long_as_it_is_open() {
        let fixture = Fixture::new();
        let root = &fixture.config.root;
        assert_eq!(usage(root).expect("usage"), Usage::Free);
        let store = fixture.open();
        let pid = Some(std::process::id());
        assert_eq!(usage(root).expect("usage"), Usage::InUse { pid });
        store.shutdown().expect("shutdown");
        assert_eq!(usage(root).expect("usage"), Usage::Free);
        // Killed: `abort` stays, and its process may well be another one by now.
        drop(fixture.open());
        std::fs::write(root.join("abort"), "1").expect("abort");
        assert_eq!(usage(root).expect("usage"), Usage::Free);
        std::fs::remove_file(root.join("lock")).expect("remove");
        assert_eq!(usage(root).expect("usage"), Usage::InUse { pid: Some(1) });
        std::fs::write(root.join("abort"), "no number").expect("abort");
        assert_eq!(usage(root).expect("usage"), Usage::Free);
    }
}
