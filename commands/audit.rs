//! What was changed from this machine: one line of JSON for each change, with how to take it back.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use serde::Serialize;

use crate::context::{Context, Target};
use crate::output::units::rfc3339;

/// One change.
#[derive(Debug, Serialize)]
struct Line<'a> {
    at: String,
    at_ms: i64,
    user: Option<String>,
    context: Option<&'a str>,
    namesrv: String,
    command: &'a str,
    what: &'a str,
    undo: Option<&'a str>,
}

/// Appends a change to `audit.jsonl` in the state folder, which only its owner can read. That the file
/// cannot be written is a warning: the change is made, and its record must not undo it.
pub(crate) fn record(
    ctx: &Context,
    target: &Target,
    command: &str,
    what: &str,
    undo: Option<&str>,
) {
    let path = ctx.state.root().join("audit.jsonl");
    let now_ms = ctx.clock.now_ms();
    let line = Line {
        at: rfc3339(now_ms),
        at_ms: now_ms,
        user: std::env::var("USER").ok(),
        context: target.context.as_deref(),
        namesrv: target.namesrv_text(),
        command,
        what,
        undo,
    };
    let append = || -> std::io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(ctx.state.root())?;
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)?;
        // One write: lines of two commands never mix.
        file.write_all(&bytes)
    };
    if let Err(error) = append() {
        let path = path.display();
        ctx.out
            .warn(&format!("cannot note the change in {path}: {error}"));
    }
}
