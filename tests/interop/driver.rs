//! A process that drives clients of `ali-ons`, told what to do in JSON lines (`driver.js`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use clock::{Clock as _, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};

use super::package;
use crate::common::wait::PATIENCE;

/// One client process, which is one RocketMQ client id. Killed when it is dropped.
pub(super) struct Driver {
    child: Child,
    stdin: RefCell<ChildStdin>,
    lines: Receiver<Value>,
    /// What it said and nobody has asked for.
    waiting: RefCell<VecDeque<Value>>,
    operations: Cell<u64>,
    clock: SystemClock,
}

/// A message as the client's handler got it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Received {
    pub(super) client: String,
    pub(super) msg_id: String,
    pub(super) topic: String,
    pub(super) tags: Option<String>,
    pub(super) keys: Option<String>,
    pub(super) queue: i32,
    pub(super) offset: i64,
    pub(super) reconsume_times: i32,
    pub(super) properties: Value,
    pub(super) md5: String,
    /// Absent where it is long.
    pub(super) body: Option<String>,
    /// When it came, in ms since the epoch.
    pub(super) at: i64,
}

/// What the client was told of a message that it sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) status: String,
    pub(super) msg_id: String,
    pub(super) offset: i64,
    pub(super) broker: String,
    pub(super) queue: i32,
    pub(super) md5: String,
    /// When the send began, in ms since the epoch.
    pub(super) at: i64,
}

/// An operation that the client refused or could not do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// RocketMQ's response code, when it was a broker that refused.
    pub(super) code: Option<i64>,
    pub(super) message: String,
}

impl Driver {
    /// Starts a client process for a cluster.
    pub(super) fn start(node_modules: &Path, namesrv: &str) -> Self {
        let mut child = Command::new("node")
            .arg(package::source().join("driver.js"))
            .arg(namesrv)
            .env("NODE_PATH", node_modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = RefCell::new(child.stdin.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({ "stray": line }));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            stdin,
            lines,
            waiting: RefCell::default(),
            operations: Cell::new(0),
            clock: SystemClock::new(),
        }
    }

    /// Has the client do something; `operation` is an object with `op` and its arguments.
    pub(super) fn call(&self, operation: Value) -> Value {
        let shown = operation.to_string();
        self.try_call(operation)
            .unwrap_or_else(|refused| panic!("{shown}: {refused:?}"))
    }

    /// The same for what may be refused.
    pub(super) fn try_call(&self, mut operation: Value) -> Result<Value, Refused> {
        let id = self.operations.get();
        self.operations.set(id + 1);
        operation["id"] = id.into();
        writeln!(self.stdin.borrow_mut(), "{operation}").unwrap();
        let answer = self.wait_for(&operation.to_string(), |line| line["id"] == id);
        match answer.get("error") {
            None => Ok(answer["ok"].clone()),
            Some(message) => Err(Refused {
                code: answer["code"].as_i64(),
                message: message.as_str().unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Sends a message; `message` has the arguments of `send`.
    pub(super) fn send(&self, message: Value) -> Sent {
        let sent = self.call(message);
        serde_json::from_value(sent).unwrap()
    }

    /// The next message that a consumer of this process gets.
    #[track_caller]
    pub(super) fn received(&self) -> Received {
        let line = self.wait_for("a message", |line| line["event"] == "message");
        serde_json::from_value(line).unwrap()
    }

    /// Messages that have come and that nobody has asked for.
    pub(super) fn received_already(&self) -> Vec<Received> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.extend(self.lines.try_iter());
        let is_message = |line: &Value| line["event"] == "message";
        let (messages, others): (Vec<Value>, _) = waiting.drain(..).partition(is_message);
        waiting.extend(others);
        messages
            .into_iter()
            .map(|line| serde_json::from_value(line).unwrap())
            .collect()
    }

    /// The first line that fits, those before it being kept for others.
    #[track_caller]
    fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(at) = waiting.iter().position(&fits) {
            return waiting.remove(at).unwrap();
        }
        let begun = self.clock.elapsed();
        loop {
            let left = PATIENCE.saturating_sub(self.clock.elapsed() - begun);
            match self.lines.recv_timeout(left) {
                Ok(line) if fits(&line) => return line,
                Ok(line) => waiting.push_back(line),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited in vain for {what}; there is {waiting:#?}")
                }
                Err(RecvTimeoutError::Disconnected) => panic!("ended before {what}: {waiting:#?}"),
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
