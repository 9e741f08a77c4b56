//! What the dashboard can do to a cluster of this machine, through its control socket and its log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use tui::{BoxFuture, LogLines, LogMark, Node, NodeAction};

use crate::local::control::{ControlRequest, PING_TIMEOUT};
use crate::local::{BrokerEntry, RunFile, running};

/// How long a broker may take to recover and be known again.
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// How much of the log's end is shown at first, in bytes.
const LOG_TAIL: u64 = 64 * 1024;

/// How much of the log is read at a time, in bytes.
const LOG_STEP_MAX: u64 = 1024 * 1024;

/// A cluster of this machine.
#[derive(Debug)]
pub(super) struct LocalCluster {
    run_file: RunFile,
}

impl LocalCluster {
    pub(super) fn new(run_file: RunFile) -> Self {
        Self { run_file }
    }

    async fn ask(&self, request: &ControlRequest, within: Duration) -> Result<Vec<Node>, String> {
        let answer = running::ask(&self.run_file, request, within)
            .await
            .map_err(|error| error.message().to_owned())?;
        let brokers: Vec<BrokerEntry> = serde_json::from_value(answer["brokers"].clone())
            .map_err(|_| "the cluster's process gave an answer without brokers".to_owned())?;
        let node = |entry: BrokerEntry| Node {
            name: entry.name,
            id: entry.id,
            addr: entry.addr,
            state: entry.state,
        };
        Ok(brokers.into_iter().map(node).collect())
    }
}

impl tui::Local for LocalCluster {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<Node>, String>> {
        Box::pin(self.ask(&ControlRequest::Status, PING_TIMEOUT))
    }

    fn control(&self, broker: String, action: NodeAction) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let name = broker.clone();
            let request = match action {
                NodeAction::Kill => ControlRequest::Kill { broker },
                NodeAction::Stop => ControlRequest::Stop { broker },
                NodeAction::Start => ControlRequest::Start { broker },
                NodeAction::Restart => ControlRequest::Restart {
                    broker,
                    after_ms: 0,
                },
            };
            let nodes = self.ask(&request, DONE_WITHIN).await?;
            let state = nodes.iter().find(|node| node.name == name);
            let state = state.map_or("gone", |node| node.state.as_str());
            Ok(format!("broker {name} is {state}"))
        })
    }

    fn logs(&self, since: Option<LogMark>) -> BoxFuture<'_, Result<LogLines, String>> {
        Box::pin(async move {
            let path = self.run_file.log_path.clone().ok_or_else(|| {
                "this cluster runs in a terminal and keeps no log; gantry up -d does".to_owned()
            })?;
            let read = tokio::task::spawn_blocking(move || read_log(&path, since)).await;
            match read {
                Ok(Ok(lines)) => Ok(lines),
                Ok(Err(error)) => Err(format!("cannot read the log: {error}")),
                Err(error) => Err(format!("cannot read the log: {error}")),
            }
        })
    }
}

/// Whole lines of a log from a mark on, or from its end. A log that became shorter is read anew.
fn read_log(path: &Path, since: Option<LogMark>) -> io::Result<LogLines> {
    let mut log = File::open(path)?;
    let end = log.metadata()?.len();
    let known = since.filter(|mark| *mark <= end);
    let from = known.unwrap_or(end.saturating_sub(LOG_TAIL));
    log.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    log.take(LOG_STEP_MAX).read_to_end(&mut bytes)?;
    // From the middle of the log, the first line may be the rest of one.
    let begin = match known {
        None if from > 0 => bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1),
        _ => 0,
    };
    let last = bytes.iter().rposition(|byte| *byte == b'\n');
    // A line without an end comes with its end, unless it is too long to wait for.
    let whole = match last {
        Some(at) => at + 1,
        None if bytes.len() as u64 == LOG_STEP_MAX => bytes.len(),
        None => begin,
    };
    let text = String::from_utf8_lossy(bytes.get(begin..whole).unwrap_or_default()).into_owned();
    Ok(LogLines {
        lines: text.lines().map(str::to_owned).collect(),
        next: from + whole.max(begin) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_log_is_read_in_whole_lines_from_where_one_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo\nthr").unwrap();
        let first = read_log(&path, None).unwrap();
        assert_eq!(first.lines, ["one", "two"]);
        let mut log = File::options().append(true).open(&path).unwrap();
        log.write_all(b"ee\n").unwrap();
        let second = read_log(&path, Some(first.next)).unwrap();
        assert_eq!(second.lines, ["three"]);
        let none = read_log(&path, Some(second.next)).unwrap();
        assert_eq!((none.lines.len(), none.next), (0, second.next));
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(read_log(&path, Some(second.next)).unwrap().lines, ["new"]);
    }

    #[test]
    fn a_long_log_is_read_from_near_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let line = "x".repeat(99);
        std::fs::write(&path, format!("{line}\n").repeat(2_000)).unwrap();
        let read = read_log(&path, None).unwrap();
        assert_eq!(read.lines.len(), 655);
        assert!(read.lines.iter().all(|known| *known == line));
        assert_eq!(read.next, 200_000);
    }
}
