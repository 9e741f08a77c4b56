//! A cluster for one measurement: a child process of its own, so that the operating system can tell
//! what the server used and what the load.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::context::Context;
use crate::error::{CommandError, codes};

/// How long a cluster may take to become ready: one that has to look through its log is slow.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How long it may take to end in good order.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Between two looks for the file that tells of readiness.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What the cluster shall be.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) brokers: u16,
    pub(super) settings: Vec<(String, String)>,
    /// Where its data lies; without, in a temporary folder.
    pub(super) data: Option<PathBuf>,
    /// `auto`, or the first port.
    pub(super) ports: String,
}

/// A cluster that runs. Dropped without [`end`](Self::end), it is killed.
#[derive(Debug)]
pub(super) struct OwnCluster {
    child: Child,
    folder: TempDir,
    pub(super) namesrv: Vec<String>,
    /// The brokers' addresses.
    pub(super) brokers: Vec<String>,
}

impl OwnCluster {
    /// Starts one and returns when it is ready.
    pub(super) async fn start(ctx: &Context, plan: &Plan) -> Result<Self, CommandError> {
        let mut starting = Self::spawn(ctx, plan)?;
        let begun = ctx.clock.elapsed();
        loop {
            if starting.look()? {
                return Ok(starting);
            }
            if ctx.clock.elapsed().saturating_sub(begun) > READY_WITHIN {
                let text = format!("no cluster after {} s", READY_WITHIN.as_secs());
                return Err(CommandError::new(&codes::TIMEOUT, text));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Starts the process and returns at once.
    fn spawn(ctx: &Context, plan: &Plan) -> Result<Self, CommandError> {
        let failed = |error: std::io::Error| {
            let text = format!("cannot start a cluster: {error}");
            CommandError::new(&codes::LOCAL_RESOURCE, text)
        };
        let folder = tempfile::Builder::new()
            .prefix("gantry-bench-")
            .tempdir()
            .map_err(failed)?;
        let data = plan
            .data
            .as_ref()
            .map_or_else(|| folder.path().join("data"), |data| ctx.folder.join(data));
        let program = std::env::current_exe().map_err(failed)?;
        let errors = File::create(errors_in(folder.path())).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(["up", "--name", "bench", "--until-stdin-eof", "-o", "none"])
            .arg("--ready-file")
            .arg(ready_in(folder.path()))
            .arg("--data")
            .arg(data)
            .args(["--brokers", &plan.brokers.to_string()])
            .args(["--ports", &plan.ports])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors);
        // What is set for the user's clusters is not set for this one.
        for (name, _) in std::env::vars_os() {
            let is_ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("GANTRY_") || name == "NAMESRV_ADDR");
            if is_ours {
                command.env_remove(name);
            }
        }
        command.env("GANTRY_HOME", folder.path());
        for (key, value) in &plan.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        let child = command.spawn().map_err(failed)?;
        Ok(Self {
            child,
            folder,
            namesrv: Vec::new(),
            brokers: Vec::new(),
        })
    }

    /// Whether it is ready by now.
    fn look(&mut self) -> Result<bool, CommandError> {
        if let Ok(text) = std::fs::read(ready_in(self.folder.path())) {
            let told: Value = serde_json::from_slice(&text).unwrap_or_default();
            let addrs = |list: &Value, of: fn(&Value) -> &Value| {
                let entries = list.as_array().into_iter().flatten();
                let addrs = entries.filter_map(|entry| of(entry).as_str());
                addrs.map(str::to_owned).collect::<Vec<_>>()
            };
            self.namesrv = addrs(&told["namesrv"], |entry| entry);
            self.brokers = addrs(&told["brokers"], |entry| &entry["addr"]);
            return Ok(!self.namesrv.is_empty());
        }
        match self.child.try_wait() {
            Ok(None) => Ok(false),
            Ok(Some(_)) | Err(_) => {
                let words = std::fs::read_to_string(errors_in(self.folder.path()));
                let words = words.unwrap_or_default();
                let text = format!("the cluster did not start: {}", words.trim());
                Err(CommandError::new(&codes::LOCAL_RESOURCE, text))
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Ends it in good order: its input ends.
    pub(super) async fn end(mut self, ctx: &Context) {
        drop(self.child.stdin.take());
        let begun = ctx.clock.elapsed();
        while matches!(self.child.try_wait(), Ok(None)) {
            if ctx.clock.elapsed().saturating_sub(begun) > END_WITHIN {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ready_in(folder: &Path) -> PathBuf {
    folder.join("ready.json")
}

fn errors_in(folder: &Path) -> PathBuf {
    folder.join("errors.log")
}
