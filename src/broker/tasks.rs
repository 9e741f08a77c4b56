//! The background tasks of a broker: started in one place, ended in one place.

use std::future::Future;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Everything that a broker runs beside its connections.
#[derive(Debug)]
pub(crate) struct Tasks {
    runtime: Handle,
    stop: CancellationToken,
    running: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// Tasks run on the runtime that this is called on; they may be spawned from any thread.
    pub(crate) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            stop: CancellationToken::new(),
            running: Mutex::default(),
        }
    }

    /// Runs `task` until it ends or the broker stops; then it is dropped at its next await.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let task = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        };
        let mut running = self.running.lock();
        forget_ended(&mut running);
        if !self.stop.is_cancelled() {
            running.spawn_on(task, &self.runtime);
        }
    }

    /// Runs what waits for the disk on a thread of its own. The broker ends after it.
    pub(crate) fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        let mut running = self.running.lock();
        forget_ended(&mut running);
        if !self.stop.is_cancelled() {
            running.spawn_blocking_on(work, &self.runtime);
        }
    }

    /// Runs what waits for the disk on a thread of its own, and waits for it; gives back nothing when
    /// the broker stops instead.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.spawn_blocking(move || {
            // Whoever waited may be gone.
            let _received = done.send(work());
        });
        result.await.ok()
    }

    /// Tells all tasks to end once the guard is dropped.
    pub(crate) fn stop_on_drop(&self) -> DropGuard {
        self.stop.clone().drop_guard()
    }

    /// Tells all tasks to end at their next await.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until all tasks have ended, after [`stop`](Self::stop).
    pub(crate) async fn ended(&self) {
        let mut running = std::mem::take(&mut *self.running.lock());
        while running.join_next().await.is_some() {}
    }
}

/// Makes room for further tasks.
fn forget_ended(running: &mut JoinSet<()>) {
    while let Some(ended) = running.try_join_next() {
        if let Err(error) = ended {
            tracing::error!(%error, "a background task failed");
        }
    }
}
