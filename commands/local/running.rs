//! A local cluster as `up` and `status` show it, and how commands find and ask the one that is meant.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use cluster::ClusterStatus;
use serde::Serialize;
use serde_json::Value;

use super::control::{self, ControlRequest};
use super::{BrokerEntry, Liveness, RunFile};
use crate::context::{Context, DEFAULT_CLUSTER};
use crate::error::{CommandError, codes};
use crate::output::{Cell, Column, Item, Page, Role};

/// A running local cluster.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) pid: u32,
    pub(crate) ephemeral: bool,
    pub(crate) data_dir: PathBuf,
    pub(crate) namesrv: Vec<String>,
    pub(crate) brokers: Vec<BrokerEntry>,
    pub(crate) ready_ms: u64,
    pub(crate) version: String,
    pub(crate) started_at_ms: i64,
    pub(crate) control_socket: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_path: Option<PathBuf>,
}

impl Running {
    pub(crate) fn of(run_file: &RunFile) -> Self {
        Self {
            name: run_file.name.clone(),
            pid: run_file.pid,
            ephemeral: run_file.ephemeral,
            data_dir: run_file.data_dir.clone(),
            namesrv: run_file.namesrv.clone(),
            brokers: run_file.brokers.clone(),
            ready_ms: run_file.ready_ms,
            version: run_file.version.clone(),
            started_at_ms: run_file.started_at_ms,
            control_socket: run_file.control_socket.clone(),
            log_path: run_file.log_path.clone(),
        }
    }
}

/// The brokers of a cluster's status, as run files and JSON show them.
pub(crate) fn broker_entries(status: &ClusterStatus, pid: u32) -> Vec<BrokerEntry> {
    let entry = |node: &cluster::NodeStatus| BrokerEntry {
        name: node.name.clone(),
        id: node
            .id
            .and_then(|id| u64::try_from(id).ok())
            .unwrap_or_default(),
        role: if node.id == Some(0) {
            "master"
        } else {
            "slave"
        }
        .to_owned(),
        addr: node.addr.clone(),
        state: node.state.name().to_owned(),
        pid,
    };
    status.brokers.iter().map(entry).collect()
}

impl Item for Running {
    const SCHEMA: &'static str = "gantry.status.show/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::number("pid"),
        Column::new("namesrv"),
        Column::new("brokers"),
        Column::new("ephemeral"),
        Column::new("started_at_ms").titled("STARTED"),
        Column::new("data_dir").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let running = self
            .brokers
            .iter()
            .filter(|broker| broker.state == "running")
            .count();
        let brokers = Cell::text(format!("{running}/{}", self.brokers.len()));
        vec![
            Cell::from(&self.name).role(Role::Accent),
            self.pid.into(),
            Cell::text(self.namesrv.join(";")),
            if running < self.brokers.len() {
                brokers.role(Role::Warn)
            } else {
                brokers
            },
            self.ephemeral.into(),
            Cell::time_ms(self.started_at_ms),
            Cell::text(self.data_dir.display().to_string()),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let kept = if self.ephemeral {
            "ephemeral: data is gone when this stops (keep it: gantry up --data ./mq)".to_owned()
        } else {
            format!("data in {}", self.data_dir.display())
        };
        page.painted(&[
            (
                Some(Role::Heading),
                concat!("gantry ", env!("CARGO_PKG_VERSION")),
            ),
            (None, &format!("  cluster \"{}\"  {kept}", self.name)),
        ]);
        page.gap();
        for (at, addr) in self.namesrv.iter().enumerate() {
            page.line(&format!("  namesrv  ns-{at:<4} {addr}"));
        }
        for broker in &self.brokers {
            let role = if broker.state == "running" {
                Role::Ok
            } else {
                Role::Bad
            };
            page.painted(&[
                (
                    None,
                    &format!("  broker   {:<7} {:<21}  ", broker.name, broker.addr),
                ),
                (Some(role), &broker.state),
                (None, &format!("  {}", broker.role)),
            ]);
        }
        page.gap();
        page.painted(&[
            (
                None,
                &format!("Ready in {} ms.   For your app:  ", self.ready_ms),
            ),
            (
                Some(Role::Accent),
                &format!("export NAMESRV_ADDR='{}'", self.namesrv.join(";")),
            ),
        ]);
    }
}

/// The local cluster that is meant: the one named, else `default`, else the only one.
pub(crate) fn find(ctx: &Context, name: Option<&str>) -> Result<RunFile, CommandError> {
    let running = ctx.state.running();
    let known = || running.iter().map(|run_file| run_file.name.as_str());
    let chosen = match name {
        Some(name) => running.iter().find(|run_file| run_file.name == name),
        None => match running.as_slice() {
            [only] => Some(only),
            several => several
                .iter()
                .find(|run_file| run_file.name == DEFAULT_CLUSTER),
        },
    };
    if let Some(chosen) = chosen {
        return Ok(chosen.clone());
    }
    let text = match (name, running.is_empty()) {
        (Some(name), _) => format!("no local cluster \"{name}\" is running"),
        (None, true) => "no local cluster is running".to_owned(),
        (None, false) => "several local clusters run: name one".to_owned(),
    };
    let error = CommandError::new(&codes::CLUSTER_NOT_FOUND, text)
        .looked_at(format!(
            "{} ({} running)",
            ctx.state.root().display(),
            running.len()
        ))
        .did_you_mean(name.unwrap_or_default(), known());
    Err(if running.is_empty() {
        error.next("gantry up -d")
    } else {
        error.next("gantry status")
    })
}

/// Asks a local cluster to do something.
pub(crate) async fn ask(
    run_file: &RunFile,
    request: &ControlRequest,
    timeout: Duration,
) -> Result<Value, CommandError> {
    control::call(&run_file.control_socket, request, timeout).await
}

/// The cluster as its own process sees it at this moment.
pub(crate) async fn current(run_file: &RunFile) -> Result<Running, CommandError> {
    match run_file.probe().await {
        Liveness::Running => {}
        Liveness::Gone => {
            let text = format!("cluster \"{}\" has ended", run_file.name);
            return Err(CommandError::new(&codes::CLUSTER_NOT_FOUND, text).next("gantry up -d"));
        }
        Liveness::Unresponsive(reason) => {
            let text = format!(
                "cluster \"{}\" (pid {}) does not answer: {reason}",
                run_file.name, run_file.pid
            );
            return Err(CommandError::new(&codes::CONTROL_UNREACHABLE, text)
                .looked_at(format!(
                    "control socket {}",
                    run_file.control_socket.display()
                ))
                .next(format!("kill {}", run_file.pid)));
        }
    }
    let answer = ask(run_file, &ControlRequest::Status, control::PING_TIMEOUT).await?;
    let mut running = Running::of(run_file);
    if let Ok(brokers) = serde_json::from_value(answer["brokers"].clone()) {
        running.brokers = brokers;
    }
    Ok(running)
}
