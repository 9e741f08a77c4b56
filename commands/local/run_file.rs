//! The file that a running local cluster keeps: who it is and how to reach it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::control::{self, ControlRequest};
use super::process::{self, StartTime};

/// The format that this version writes; files of another one are shown as such and not touched.
pub(crate) const FORMAT: u32 = 1;

/// What is known of a running local cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) format: u32,
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// When the process started, to tell it from a later one with the same pid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) process_started: Option<StartTime>,
    /// The version of the program that runs it.
    pub(crate) version: String,
    pub(crate) started_at_ms: i64,
    /// How long it took until the first message could be acknowledged.
    pub(crate) ready_ms: u64,
    pub(crate) ephemeral: bool,
    pub(crate) data_dir: PathBuf,
    pub(crate) log_path: Option<PathBuf>,
    pub(crate) control_socket: PathBuf,
    /// `host:port` of each name server.
    pub(crate) namesrv: Vec<String>,
    pub(crate) brokers: Vec<BrokerEntry>,
}

/// One broker of a local cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BrokerEntry {
    pub(crate) name: String,
    pub(crate) id: u64,
    /// `master` or `slave`.
    pub(crate) role: String,
    pub(crate) addr: String,
    /// `running`, `stopped`, ...
    pub(crate) state: String,
    pub(crate) pid: u32,
}

/// Whether a run file speaks of something that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Liveness {
    Running,
    /// The process is there but its control socket does not answer; says why.
    Unresponsive(String),
    /// The process has gone; the file is a left-over.
    Gone,
}

impl RunFile {
    /// Whether the process that wrote this still runs. Quick: asks the operating system alone.
    pub(crate) fn is_process_alive(&self) -> bool {
        process::is_same(self.pid, self.process_started)
    }

    /// Asks the process itself, through its control socket.
    pub(crate) async fn probe(&self) -> Liveness {
        if !self.is_process_alive() {
            return Liveness::Gone;
        }
        match control::call(
            &self.control_socket,
            &ControlRequest::Ping,
            control::PING_TIMEOUT,
        )
        .await
        {
            Ok(answer) if answer["name"] == self.name.as_str() && answer["pid"] == self.pid => {
                Liveness::Running
            }
            Ok(_) => {
                Liveness::Unresponsive("another cluster answers on its control socket".to_owned())
            }
            Err(error) => Liveness::Unresponsive(error.message().to_owned()),
        }
    }
}
