//! A cluster for the tests of commands that speak to one.

use std::rc::Rc;

use serde_json::Value;

use crate::common::process::Background;
use crate::common::sandbox::{Run, Sandbox};
use crate::server::Server;

/// A running cluster, and the home in which commands find it by themselves.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) home: Rc<Sandbox>,
    _server: Server,
}

impl Live {
    /// With so many brokers, called `b-0`, `b-1`, ...
    #[track_caller]
    pub(super) fn up(brokers: &str) -> Self {
        let home = Rc::new(Sandbox::new());
        let up = ["up", "--ports", "auto", "--until-stdin-eof", "-b", brokers];
        let server = Server::start(&home, &up);
        Self {
            home,
            _server: server,
        }
    }

    /// The same with one topic.
    #[track_caller]
    pub(super) fn with_topic(brokers: &str, topic: &str, queues: &str) -> Self {
        let live = Self::up(brokers);
        live.run(["topic", "create", topic, "--queues", queues])
            .ok();
        live
    }

    pub(super) fn run<const N: usize>(&self, args: [&str; N]) -> Run {
        self.home.run(args)
    }

    pub(super) fn run_with_input<const N: usize>(&self, args: [&str; N], input: &str) -> Run {
        self.home.run_with_input(args, input)
    }

    pub(super) fn start<const N: usize>(&self, args: [&str; N]) -> Background {
        self.home.start(args)
    }
}

/// The objects of a jsonl stream.
#[track_caller]
pub(super) fn lines(text: &str) -> Vec<Value> {
    let object =
        |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(object).collect()
}

/// One field of each object.
pub(super) fn each<'a>(objects: &'a [Value], field: &str) -> Vec<&'a Value> {
    objects.iter().map(|object| &object[field]).collect()
}
