//! The offset file of a broadcasting consumer, as Java clients keep it: `offsets.json`, with the
//! version before in `offsets.json.bak`.
//!
//! A crash at any moment leaves the old version or the new one: the new one is written beside it and
//! then takes its name. It may be lost in a power cut, which costs some messages read twice.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::{MessageQueue, ResetOffsetBody};

use crate::ClientError;

type Offsets = BTreeMap<MessageQueue, i64>;

pub(super) struct OffsetFile {
    /// One reader or writer at a time.
    path: Arc<Mutex<PathBuf>>,
}

impl OffsetFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path: Arc::new(Mutex::new(path)),
        }
    }

    pub(super) async fn read(&self) -> Result<Offsets, ClientError> {
        let path = Arc::clone(&self.path);
        on_a_thread(move || read(&path.lock())).await
    }

    /// Adds offsets to what the file has.
    pub(super) async fn write(&self, offsets: Vec<(MessageQueue, i64)>) -> Result<(), ClientError> {
        let path = Arc::clone(&self.path);
        on_a_thread(move || write(&path.lock(), offsets)).await
    }
}

/// Files block, and the threads of the runtime must not.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ClientError::ShutDown)?
}

/// What the file says, or else the version before; nothing if there is neither.
fn read(path: &Path) -> Result<Offsets, ClientError> {
    match read_one(path) {
        Ok(Some(offsets)) => Ok(offsets),
        Ok(None) => Ok(read_one(&backup(path))?.unwrap_or_default()),
        Err(error) => match read_one(&backup(path))? {
            Some(offsets) => Ok(offsets),
            None => Err(error),
        },
    }
}

fn read_one(path: &Path) -> Result<Option<Offsets>, ClientError> {
    let text = match std::fs::read(path) {
        Ok(text) if text.is_empty() => return Ok(None),
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read offsets from", path, &error)),
    };
    let body = ResetOffsetBody::from_json(&text);
    let body = body.map_err(|error| failed("read offsets from", path, &error))?;
    Ok(Some(body.offset_table))
}

fn write(path: &Path, offsets: Vec<(MessageQueue, i64)>) -> Result<(), ClientError> {
    let mut table = read(path)?;
    table.extend(offsets);
    let text = ResetOffsetBody {
        offset_table: table,
    }
    .to_json();
    let new = with_suffix(path, ".tmp");
    let put = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&new, text)?;
        match std::fs::copy(path, backup(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::rename(&new, path)
    };
    put().map_err(|error| failed("write offsets to", path, &error))
}

fn backup(path: &Path) -> PathBuf {
    with_suffix(path, ".bak")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(doing: &str, path: &Path, reason: &dyn std::fmt::Display) -> ClientError {
    let (doing, path) = (doing.to_owned(), path.to_owned());
    ClientError::Local {
        doing,
        path,
        reason: reason.to_string(),
    }
}
