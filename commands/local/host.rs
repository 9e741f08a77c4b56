//! The process side of a local cluster: answers its control socket, keeps its run file true, ends it.

use std::sync::Arc;
use std::time::Duration;

use cluster::Cluster;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::control::{ControlHandler, ControlRequest, ControlServer, Identity};
use super::running::broker_entries;
use super::shape::cluster_error;
use super::{RunFile, StateDir, process, run_file};
use crate::context::Context;
use crate::error::CommandError;

/// A cluster that this process runs, with everything by which others find it.
pub(crate) struct Host {
    cluster: Arc<Cluster>,
    state: StateDir,
    run_file: RunFile,
    down: Arc<Notify>,
    stop_serving: Arc<Notify>,
    serving: tokio::task::JoinHandle<()>,
}

impl Host {
    /// Makes a running cluster known under `name`.
    pub(crate) fn announce(
        ctx: &Context,
        name: &str,
        cluster: Cluster,
        log_path: Option<std::path::PathBuf>,
    ) -> Result<Self, CommandError> {
        let pid = std::process::id();
        let socket = ctx.state.socket_path(name);
        let server = ControlServer::bind(
            &socket,
            Identity {
                name: name.to_owned(),
                pid,
            },
        )?;
        let status = cluster.status();
        let run_file = RunFile {
            format: run_file::FORMAT,
            name: name.to_owned(),
            pid,
            process_started: process::start_time(pid),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at_ms: ctx.clock.now_ms(),
            ready_ms: status.ready_ms,
            ephemeral: status.ephemeral,
            data_dir: status.data_dir.clone(),
            log_path,
            control_socket: socket,
            namesrv: cluster.namesrv_addrs(),
            brokers: broker_entries(&status, pid),
        };
        ctx.state.write_run_file(&run_file)?;
        let (cluster, down) = (Arc::new(cluster), Arc::new(Notify::new()));
        let stop_serving = Arc::new(Notify::new());
        let desk = Arc::new(Desk {
            cluster: cluster.clone(),
            state: ctx.state.clone(),
            run_file: run_file.clone(),
            down: down.clone(),
        });
        let stop = stop_serving.clone();
        let serving = tokio::spawn(server.serve(desk, async move { stop.notified().await }));
        Ok(Self {
            cluster,
            state: ctx.state.clone(),
            run_file,
            down,
            stop_serving,
            serving,
        })
    }

    pub(crate) fn run_file(&self) -> &RunFile {
        &self.run_file
    }

    /// Done when somebody has asked for the end through the control socket.
    pub(crate) async fn down_requested(&self) {
        self.down.notified().await;
    }

    /// Ends the cluster in good order and takes back what announced it.
    pub(crate) async fn end(self) -> Result<(), CommandError> {
        self.stop_serving.notify_one();
        // Its tasks hold the cluster; a desk that panicked holds nothing any more.
        drop(self.serving.await);
        if let Ok(cluster) = Arc::try_unwrap(self.cluster) {
            cluster.shutdown().await;
        }
        self.state
            .remove_run_file(&self.run_file.name, self.run_file.pid)
    }
}

/// Answers what comes over the control socket.
struct Desk {
    cluster: Arc<Cluster>,
    state: StateDir,
    run_file: RunFile,
    down: Arc<Notify>,
}

impl Desk {
    /// The cluster's state, which the run file is made to show too.
    fn status(&self) -> Result<Value, CommandError> {
        let mut run_file = self.run_file.clone();
        run_file.brokers = broker_entries(&self.cluster.status(), run_file.pid);
        self.state.write_run_file(&run_file)?;
        Ok(json!({ "name": run_file.name, "pid": run_file.pid, "brokers": run_file.brokers }))
    }
}

impl ControlHandler for Desk {
    async fn handle(&self, request: ControlRequest) -> Result<Value, CommandError> {
        let cluster = &self.cluster;
        let done = match &request {
            ControlRequest::Ping | ControlRequest::Status => Ok(()),
            ControlRequest::Kill { broker } => cluster.kill_broker(broker).await,
            ControlRequest::Stop { broker } => cluster.stop_broker(broker).await,
            ControlRequest::Start { broker } => cluster.start_broker(broker).await,
            ControlRequest::Restart {
                broker,
                after_ms: 0,
            } => cluster.restart_broker(broker).await,
            ControlRequest::Restart { broker, after_ms } => {
                let stopped = cluster.stop_broker(broker).await;
                if stopped.is_ok() {
                    tokio::time::sleep(Duration::from_millis(*after_ms)).await;
                    cluster.start_broker(broker).await
                } else {
                    stopped
                }
            }
            ControlRequest::Down => {
                self.down.notify_one();
                Ok(())
            }
        };
        done.map_err(|error| cluster_error(&error))?;
        self.status()
    }
}
