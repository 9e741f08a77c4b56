//! What `broker run` and `namesrv run` share: a node from a properties file, until it is told to end.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::shape::parse_setting;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::{Cell, Column, Item, Page, Render as _};
use crate::properties::PropertiesFile;

/// Where a single node's settings come from.
#[derive(Debug, clap::Args)]
pub(crate) struct NodeArgs {
    // The same id as the global -c, so that here -c means the file.
    /// Properties file with RocketMQ's own keys
    #[arg(id = "context", short = 'c', long = "config", value_name = "FILE")]
    pub(crate) config: Option<String>,

    /// Set a key, after the file (can be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// Write the node's JSON to this file when it serves
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// A node that serves.
#[derive(Debug, Serialize)]
struct Serving {
    kind: &'static str,
    name: String,
    addr: String,
    pid: u32,
    ready_ms: u64,
}

impl Item for Serving {
    const SCHEMA: &'static str = "gantry.node.run/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("kind"),
        Column::new("name"),
        Column::new("addr"),
        Column::number("pid"),
        Column::number("ready_ms"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.kind.into(),
            (&self.name).into(),
            (&self.addr).into(),
            self.pid.into(),
            self.ready_ms.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let Self {
            kind,
            name,
            addr,
            pid,
            ready_ms,
        } = self;
        page.line(&format!(
            "{kind} {name} serves at {addr}, ready in {ready_ms} ms (pid {pid})"
        ));
    }
}

impl NodeArgs {
    /// Applies the file and then the flags to a configuration. Unknown keys of the file are warnings,
    /// of the flags errors.
    pub(crate) fn apply<E: std::fmt::Display>(
        &self,
        ctx: &Context,
        known_keys: &[&str],
        mut set: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<(), CommandError> {
        if let Some(path) = &self.config {
            let file = PropertiesFile::read(&ctx.folder.join(Path::new(path)))?;
            for warning in file.apply(known_keys, &mut set)? {
                ctx.out.warn(&warning);
            }
        }
        for (key, value) in &self.settings {
            set(key, value).map_err(|reason| {
                CommandError::new(&codes::USAGE, format!("--set {key}={value}: {reason}"))
                    .did_you_mean(key, known_keys.iter().copied())
            })?;
        }
        Ok(())
    }

    /// Starts a node, tells everyone who waits that it serves, stays until it shall end, and ends it in
    /// good order.
    pub(crate) async fn serve<N>(
        &self,
        ctx: &Context,
        kind: &'static str,
        start: impl Future<Output = Result<N, CommandError>>,
        place: impl FnOnce(&N) -> (String, String),
        shutdown: impl AsyncFnOnce(N),
    ) -> Result<(), CommandError> {
        let mut stop = ctx.signals.claim();
        let begun = ctx.clock.elapsed();
        let node = start.await?;
        let ready_in = ctx.clock.elapsed().saturating_sub(begun);
        let (name, addr) = place(&node);
        let told = self.announce(
            ctx,
            &Serving {
                kind,
                name,
                addr,
                pid: std::process::id(),
                ready_ms: u64::try_from(ready_in.as_millis()).unwrap_or(u64::MAX),
            },
        );
        if told.is_ok() {
            stop.requested().await;
        }
        ctx.out.note("stopping");
        shutdown(node).await;
        told
    }

    /// Tells everyone who waits that the node serves.
    fn announce(&self, ctx: &Context, serving: &Serving) -> Result<(), CommandError> {
        if let Some(path) = &self.ready_file {
            let text = serde_json::to_string(serving).unwrap_or_default();
            crate::config::edit::write_atomically(path, format!("{text}\n").as_bytes())
                .map_err(|error| CommandError::io("write the ready file", path, &error))?;
        }
        serving.render(&ctx.out)
    }
}

/// An address that can't be listened on, as users are told.
pub(crate) fn bind_error(addr: SocketAddr, error: &std::io::Error) -> CommandError {
    let is_busy = error.kind() == std::io::ErrorKind::AddrInUse;
    let holder = is_busy.then(|| cluster::holder_of(addr)).flatten();
    let reason = holder.map_or_else(
        || error.to_string(),
        |holder| format!("{holder} has the port"),
    );
    let code = if is_busy {
        &codes::PORT_IN_USE
    } else {
        &codes::LOCAL_RESOURCE
    };
    CommandError::new(code, format!("cannot listen on {addr}: {reason}"))
        .next("set another listenPort")
}
