//! The control socket of a local cluster: one JSON object a line, asked and answered in turn.
//!
//! ```text
//! → {"op":"kill","broker":"b-1"}
//! ← {"ok":true,"result":{...}}
//! ← {"ok":false,"error":{"code":"broker_not_found","message":"..."}}
//! ```
//! The socket lies in a folder that only its user may enter. Invariant: no request, however wrong,
//! ends the server or another connection.

use std::future::Future;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::error::{CommandError, codes};

/// How long a healthy process may take to say that it is there.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// A request of more bytes is refused.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;

/// An answer of more bytes is given up.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Callers served at the same time; more wait for their turn.
const CONNECTIONS_MAX: usize = 64;

/// How long callers may wait for their answer when the server ends: the answer to `down` is one.
const LAST_ANSWERS: Duration = Duration::from_millis(250);

/// What a local cluster can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum ControlRequest {
    /// Who is there? Answered with `name` and `pid`, by the server loop itself.
    Ping,
    /// The state of every name server and broker.
    Status,
    /// Ends a broker as `kill -9` would.
    Kill { broker: String },
    /// Stops a broker in good order.
    Stop { broker: String },
    /// Starts a broker that does not run.
    Start { broker: String },
    /// Stops a broker and starts it again.
    Restart {
        broker: String,
        /// How long it stays away.
        #[serde(default)]
        after_ms: u64,
    },
    /// Stops the whole cluster in good order; answered before the process ends.
    Down,
}

/// What a local cluster does when it is asked.
pub(crate) trait ControlHandler: Send + Sync + 'static {
    /// Carries out one request; [`ControlRequest::Ping`] does not come here.
    fn handle(
        &self,
        request: ControlRequest,
    ) -> impl Future<Output = Result<Value, CommandError>> + Send;
}

/// Who answers: part of every ping.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) pid: u32,
}

/// The listening socket; its file goes when this is dropped.
#[derive(Debug)]
pub(crate) struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
    identity: Identity,
}

impl ControlServer {
    /// Listens at `path`. A socket file that nobody listens on is replaced.
    ///
    /// # Errors
    /// `already_running` if somebody does listen there, and the operating system's errors.
    pub(crate) fn bind(path: &Path, identity: Identity) -> Result<Self, CommandError> {
        let failed =
            |error: &io::Error| CommandError::io("listen on the control socket", path, error);
        if let Some(folder) = path.parent() {
            make_private_folder(folder).map_err(|error| failed(&error))?;
        }
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if std::os::unix::net::UnixStream::connect(path).is_ok() {
                    let text = format!(
                        "cluster \"{}\" is running: its control socket is in use",
                        identity.name
                    );
                    return Err(CommandError::new(&codes::ALREADY_RUNNING, text)
                        .looked_at(path.display().to_string()));
                }
                std::fs::remove_file(path)
                    .and_then(|()| UnixListener::bind(path))
                    .map_err(|error| failed(&error))?
            }
            bound => bound.map_err(|error| failed(&error))?,
        };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| failed(&error))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            identity,
        })
    }

    /// Serves callers until `until` is done; what is under way then has [`LAST_ANSWERS`] to be
    /// answered.
    pub(crate) async fn serve<H: ControlHandler>(
        self,
        handler: Arc<H>,
        until: impl Future<Output = ()>,
    ) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = tokio::task::JoinSet::new();
        let mut until = std::pin::pin!(until);
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            tokio::select! {
                () = &mut until => break,
                accepted = self.listener.accept() => {
                    // Running out of files is the likely error: it passes when a caller leaves.
                    let Ok((stream, _)) = accepted else {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    };
                    let (handler, identity) = (Arc::clone(&handler), self.identity.clone());
                    connections.spawn(async move {
                        // A caller that leaves in the middle is no concern of ours.
                        drop(serve_caller(stream, handler.as_ref(), &identity).await);
                        drop(slot);
                    });
                }
            }
            while connections.try_join_next().is_some() {}
        }
        let all_answered = async { while connections.join_next().await.is_some() {} };
        // Time out: the rest is cut off when the set is dropped.
        drop(tokio::time::timeout(LAST_ANSWERS, all_answered).await);
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        // Nothing can be done about a socket file that stays: the next start replaces it.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Makes a folder that only this user may enter, and sees that it is ours.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let found = std::fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != rustix::process::getuid().as_raw() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the folder belongs to another user",
        ));
    }
    Ok(())
}

async fn serve_caller<H: ControlHandler>(
    stream: UnixStream,
    handler: &H,
    identity: &Identity,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(line) = read_line(&mut reader, REQUEST_BYTES_MAX).await? {
        let answer = match parse_request(&line) {
            Ok(ControlRequest::Ping) => Ok(json!({"name": identity.name, "pid": identity.pid})),
            Ok(request) => handler.handle(request).await,
            Err(error) => Err(error),
        };
        let mut text = match answer {
            Ok(result) => json!({"ok": true, "result": result}),
            Err(error) => json!({"ok": false, "error": {"code": error.code().name, "message": error.message()}}),
        }
        .to_string();
        text.push('\n');
        writer.write_all(text.as_bytes()).await?;
    }
    Ok(())
}

/// Reads one line without its end; none at the end of the stream.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    bytes_max: u64,
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(bytes_max).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the line has no end, or is too long",
        ));
    }
    Ok(Some(line))
}

fn parse_request(line: &[u8]) -> Result<ControlRequest, CommandError> {
    serde_json::from_slice(line).map_err(|error| {
        CommandError::new(
            &codes::USAGE,
            format!("the control request cannot be read: {error}"),
        )
    })
}

/// Asks the cluster whose control socket is at `path`, and gives its result.
///
/// # Errors
/// `control_unreachable` if nobody answers there, `timeout`, or the error that the cluster answers.
pub(crate) async fn call(
    path: &Path,
    request: &ControlRequest,
    timeout: Duration,
) -> Result<Value, CommandError> {
    let unreachable = |reason: &dyn std::fmt::Display| {
        CommandError::new(
            &codes::CONTROL_UNREACHABLE,
            format!("the cluster's process does not answer: {reason}"),
        )
        .looked_at(format!("control socket {}", path.display()))
    };
    let exchange = async {
        let mut stream = UnixStream::connect(path).await?;
        let mut text = serde_json::to_string(request)?;
        text.push('\n');
        stream.write_all(text.as_bytes()).await?;
        read_line(&mut BufReader::new(stream), ANSWER_BYTES_MAX).await
    };
    let line = match tokio::time::timeout(timeout, exchange).await {
        Ok(Ok(Some(line))) => line,
        Ok(Ok(None)) => return Err(unreachable(&"it closed the connection")),
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(_) => {
            let waited = humantime::format_duration(timeout);
            return Err(CommandError::new(
                &codes::TIMEOUT,
                format!("the cluster's process gave no answer in {waited}"),
            )
            .looked_at(format!("control socket {}", path.display())));
        }
    };
    let mut answer: Value = serde_json::from_slice(&line).map_err(|error| unreachable(&error))?;
    if answer["ok"] == true {
        return Ok(answer["result"].take());
    }
    let code = answer["error"]["code"]
        .as_str()
        .and_then(codes::by_name)
        .unwrap_or(&codes::FAILED);
    let message = answer["error"]["message"]
        .as_str()
        .unwrap_or("the cluster's process refused without a reason");
    Err(CommandError::new(code, message))
}

#[cfg(test)]
mod tests;
