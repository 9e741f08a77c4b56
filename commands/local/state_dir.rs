//! The folder of this user's state: run files, control sockets, logs of detached clusters.

use std::io;
use std::path::{Path, PathBuf};

use super::run_file::RunFile;
use crate::config::edit::write_atomically;
use crate::config::profile::check_name;
use crate::error::{CommandError, codes};

/// A path of a unix-domain socket may have this many bytes on every system we know (104 on macOS,
/// 108 on Linux, one of them a zero at the end).
const SOCKET_PATH_MAX: usize = 103;

/// The folder, which need not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct StateDir {
    root: PathBuf,
}

impl StateDir {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The run file of the cluster `name`.
    pub(crate) fn run_path(&self, name: &str) -> PathBuf {
        self.run_dir().join(format!("{name}.json"))
    }

    /// The log file of the cluster `name`, when it runs detached.
    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.root.join("log").join(format!("{name}.log"))
    }

    /// The control socket of the cluster `name`: beside its run file, or in the system's folder for
    /// temporary files if that path would be too long for a socket.
    pub(crate) fn socket_path(&self, name: &str) -> PathBuf {
        let beside = self.run_dir().join(format!("{name}.sock"));
        if beside.as_os_str().len() <= SOCKET_PATH_MAX {
            return beside;
        }
        let user = rustix::process::getuid().as_raw();
        // FNV-1a: stable between versions, which the standard hasher does not promise.
        let hash = beside
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        PathBuf::from(format!("/tmp/gantry-{user}")).join(format!("{hash:016x}.sock"))
    }

    /// Where the name of the context used before is kept.
    pub(crate) fn previous_context_path(&self) -> PathBuf {
        self.root.join("previous-context")
    }

    /// Writes a cluster's run file, as a whole or not at all.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn write_run_file(&self, run_file: &RunFile) -> Result<(), CommandError> {
        check_name(&run_file.name).map_err(|expected| {
            CommandError::new(
                &codes::USAGE,
                format!("cluster name \"{}\": {expected}", run_file.name),
            )
        })?;
        let path = self.run_path(&run_file.name);
        let mut text = serde_json::to_string_pretty(run_file).map_err(|error| {
            CommandError::new(
                &codes::FAILED,
                format!("cannot write the run file: {error}"),
            )
        })?;
        text.push('\n');
        write_atomically(&path, text.as_bytes())
            .map_err(|error| CommandError::io("write the run file", &path, &error))
    }

    /// Removes a cluster's run file, if it still is that of `pid`; another's stays.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn remove_run_file(&self, name: &str, pid: u32) -> Result<(), CommandError> {
        if self
            .run_file(name)?
            .is_none_or(|run_file| run_file.pid != pid)
        {
            return Ok(());
        }
        let path = self.run_path(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CommandError::io("remove the run file", &path, &error))
            }
            _ => Ok(()),
        }
    }

    /// The run file of `name`, stale or not; none if there is none or it is not of our format.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn run_file(&self, name: &str) -> Result<Option<RunFile>, CommandError> {
        if check_name(name).is_err() {
            return Ok(None);
        }
        let path = self.run_path(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CommandError::io("read the run file", &path, &error)),
        }
    }

    /// The run files of all clusters whose process is there, by name. Left-overs are not shown.
    pub(crate) fn running(&self) -> Vec<RunFile> {
        let mut running: Vec<RunFile> = self
            .all()
            .into_iter()
            .filter(RunFile::is_process_alive)
            .collect();
        running.sort_by(|left, right| left.name.cmp(&right.name));
        running
    }

    /// All run files that can be read, stale ones too. A folder that cannot be read has none.
    pub(crate) fn all(&self) -> Vec<RunFile> {
        let Ok(entries) = std::fs::read_dir(self.run_dir()) else {
            return Vec::new();
        };
        let paths = entries.flatten().map(|entry| entry.path());
        paths
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .filter_map(|path| parse(&std::fs::read(path).ok()?))
            .collect()
    }

    fn run_dir(&self) -> PathBuf {
        self.root.join("run")
    }
}

fn parse(bytes: &[u8]) -> Option<RunFile> {
    let run_file: RunFile = serde_json::from_slice(bytes).ok()?;
    (run_file.format == super::run_file::FORMAT).then_some(run_file)
}

#[cfg(test)]
mod tests {
    use super::super::process;
    use super::super::run_file::{BrokerEntry, Liveness};
    use super::*;

    pub(crate) fn sample(name: &str, pid: u32) -> RunFile {
        RunFile {
            format: 1,
            name: name.to_owned(),
            pid,
            process_started: process::start_time(pid),
            version: "0.1.0".to_owned(),
            started_at_ms: 1_763_812_800_000,
            ready_ms: 41,
            ephemeral: true,
            data_dir: PathBuf::from("/tmp/x"),
            log_path: None,
            control_socket: PathBuf::from("/nowhere/x.sock"),
            namesrv: vec!["127.0.0.1:9876".to_owned()],
            brokers: vec![BrokerEntry {
                name: "b-0".to_owned(),
                id: 0,
                role: "master".to_owned(),
                addr: "127.0.0.1:10911".to_owned(),
                state: "running".to_owned(),
                pid,
            }],
        }
    }

    #[test]
    fn a_run_file_reads_as_it_was_written_and_goes_with_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::at(folder.path().join("state"));
        assert!(state.running().is_empty());
        let run_file = sample("default", std::process::id());
        state.write_run_file(&run_file).unwrap();
        assert_eq!(state.run_file("default").unwrap().as_ref(), Some(&run_file));
        assert_eq!(state.running(), [run_file]);
        state.remove_run_file("default", 1).unwrap();
        assert!(
            state.run_file("default").unwrap().is_some(),
            "another process's file stays"
        );
        state
            .remove_run_file("default", std::process::id())
            .unwrap();
        assert!(state.run_file("default").unwrap().is_none());
        state
            .remove_run_file("default", std::process::id())
            .unwrap();
    }

    #[test]
    fn left_overs_and_strange_files_are_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::at(folder.path().to_owned());
        state.write_run_file(&sample("gone", u32::MAX)).unwrap();
        let mut reused = sample("reused", std::process::id());
        reused.process_started = reused.process_started.map(|started| started + 1);
        state.write_run_file(&reused).unwrap();
        std::fs::write(folder.path().join("outside.json"), b"{}").unwrap();
        assert!(state.run_file("../outside").unwrap().is_none());
        assert!(state.write_run_file(&sample("../outside", 1)).is_err());
        std::fs::write(state.run_path("torn"), b"{\"format\": 1,").unwrap();
        std::fs::write(state.run_path("future"), b"{\"format\": 2}").unwrap();
        assert_eq!(state.all().len(), 2);
        if reused.process_started.is_some() {
            assert!(state.running().is_empty());
        }
    }

    #[tokio::test]
    async fn a_process_whose_socket_is_missing_is_unresponsive_not_running() {
        assert!(matches!(
            sample("x", std::process::id()).probe().await,
            Liveness::Unresponsive(_)
        ));
        assert_eq!(sample("x", u32::MAX).probe().await, Liveness::Gone);
    }

    #[test]
    fn a_socket_path_is_never_too_long() {
        let short = StateDir::at(PathBuf::from("/s")).socket_path("default");
        assert_eq!(short, Path::new("/s/run/default.sock"));
        assert_eq!(StateDir::at(PathBuf::from("/s")).root(), Path::new("/s"));
        assert_eq!(
            StateDir::at(PathBuf::from("/s")).log_path("x"),
            Path::new("/s/log/x.log")
        );
        let long = StateDir::at(PathBuf::from("/s".repeat(80)));
        let path = long.socket_path("default");
        assert!(path.as_os_str().len() <= SOCKET_PATH_MAX);
        assert_eq!(path, long.socket_path("default"));
        assert_ne!(path, long.socket_path("other"));
    }
}
