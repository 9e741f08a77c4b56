//! Servers in processes of their own, for tests of what only a process can do: be killed, be in each
//! other's way, be talked to by programs of other makers.

use std::fmt;
use std::io::Write as _;
use std::rc::Rc;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::process::Background;
use crate::common::sandbox::Sandbox;

/// A running `gantry up`, `broker run` or `namesrv run`. Dropping it is `kill -9`.
#[derive(Debug)]
pub(crate) struct Server {
    process: Background,
    ready: Value,
    /// Its home stays as long as anyone runs in it.
    _home: Rc<Sandbox>,
}

impl Server {
    /// Starts `gantry ARGUMENTS` and waits until it says that it serves.
    #[track_caller]
    pub(crate) fn start(home: &Rc<Sandbox>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().chain(&["-o", "json"]);
        let process = Background::start(&mut home.command(arguments));
        let mut said = String::new();
        let ready = loop {
            said.push_str(&process.line("the server to serve", |_| true));
            if let Ok(ready) = serde_json::from_str(&said) {
                break ready;
            }
        };
        Self {
            process,
            ready,
            _home: Rc::clone(home),
        }
    }

    /// Starts a cluster in a new home, on ports that are free.
    #[track_caller]
    pub(crate) fn up(arguments: &[&str]) -> Self {
        let up = ["up", "--ports", "auto", "--until-stdin-eof"];
        Self::start(&Rc::new(Sandbox::new()), &[&up, arguments].concat())
    }

    /// A text of what it said when it began to serve, by JSON pointer.
    #[track_caller]
    pub(crate) fn said(&self, pointer: &str) -> &str {
        let field = self.ready.pointer(pointer).and_then(Value::as_str);
        field.unwrap_or_else(|| panic!("{pointer} is not in {}", self.ready))
    }

    /// A number of what it said, by JSON pointer.
    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> i64 {
        let field = self.ready.pointer(pointer).and_then(Value::as_i64);
        field.unwrap_or_else(|| panic!("{pointer} is not in {}", self.ready))
    }

    /// `kill -9`.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait();
    }

    /// `kill -TERM`, which must end with 0; gives all that it wrote to stderr.
    #[track_caller]
    pub(crate) fn stop_and_read_errors(mut self) -> String {
        self.process.signal(Signal::TERM);
        assert_eq!(self.process.wait(), 0);
        self.process.error_lines()
    }

    /// `kill -TERM`, which must end with 0.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.process.signal(Signal::TERM);
        assert_eq!(
            self.process.wait(),
            0,
            "a server that is asked to end ends with 0"
        );
    }
}

/// Tells whoever runs the tests something, also when the test succeeds.
pub(crate) fn say(text: fmt::Arguments<'_>) {
    // Nobody to tell it to is no reason to fail.
    drop(writeln!(std::io::stderr(), "{text}"));
}
