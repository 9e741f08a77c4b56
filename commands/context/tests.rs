//! A context for unit tests of commands, and which cluster is meant by what is said.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Parser as _;
use clock::ManualClock;
use parking_lot::Mutex;

use super::*;
use crate::local::process;
use crate::local::run_file::RunFile;
use crate::output::Terminal;

/// Noon of 22 November 2025 UTC: the time in all unit tests.
pub(crate) const NOW_MS: i64 = 1_763_812_800_000;

/// Bytes that were written, for a test to look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, clap::Parser)]
struct Flags {
    #[command(flatten)]
    globals: Globals,
}

/// The global flags of a line.
pub(crate) fn globals(args: &[&str]) -> Globals {
    Flags::parse_from([&["test"], args].concat()).globals
}

/// A context with a home of its own, a clock that stands still and captured output.
#[derive(Debug)]
pub(crate) struct TestContext {
    pub(crate) ctx: Context,
    home: tempfile::TempDir,
    stdout: Captured,
    stderr: Captured,
}

impl TestContext {
    /// With these variables and global flags.
    pub(crate) fn new(variables: &[(&str, &str)], args: &[&str]) -> Self {
        Self::with_config("", variables, args)
    }

    /// The same with a settings file of this text.
    pub(crate) fn with_config(text: &str, variables: &[(&str, &str)], args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.toml"), text).unwrap();
        let home_variable = ("GANTRY_HOME", home.path().to_str().unwrap());
        let variables = variables.iter().copied().chain([home_variable]);
        let environment =
            Environment::of(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let paths = Paths::find(&environment);
        let globals = globals(args);
        let config = Config::load(&globals, environment, &paths, home.path()).unwrap();
        let clock = ManualClock::at(NOW_MS);
        let options =
            crate::terminal::options_for(&globals, &config, Terminal::PIPE, Terminal::PIPE);
        let (stdout, stderr) = (Captured::default(), Captured::default());
        let out = Output::to(
            options.unwrap(),
            clock.clone(),
            Box::new(stdout.clone()),
            Box::new(stderr.clone()),
        );
        let ctx = Context {
            out,
            config,
            clock,
            state: StateDir::at(paths.state_dir.clone()),
            paths,
            signals: Signals::default(),
            can_ask: false,
            folder: home.path().to_owned(),
        };
        Self {
            ctx,
            home,
            stdout,
            stderr,
        }
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Writes the run file of a local cluster that this very process seems to run.
    pub(crate) fn run_cluster(&self, name: &str, namesrv: &str) -> RunFile {
        let pid = std::process::id();
        let run_file = RunFile {
            format: crate::local::run_file::FORMAT,
            name: name.to_owned(),
            pid,
            process_started: process::start_time(pid),
            version: "0.1.0".to_owned(),
            started_at_ms: NOW_MS,
            ready_ms: 41,
            ephemeral: true,
            data_dir: self.home.path().join("data"),
            log_path: None,
            control_socket: self.ctx.state.socket_path(name),
            namesrv: vec![namesrv.to_owned()],
            brokers: Vec::new(),
        };
        self.ctx.state.write_run_file(&run_file).unwrap();
        run_file
    }
}

const CONFIG: &str = r#"
current = "local"
[context.local]
namesrv = "l:1"
[context.prod]
namesrv = ["p1:1", "p2:2"]
risk = "prod"
read_only = true
"#;

#[track_caller]
fn check(test: &TestContext, expected: &str) {
    let found = match test.ctx.target() {
        Ok(target) => {
            let context = target.context.as_deref().unwrap_or("-");
            format!("{context} {} ({})", target.namesrv_text(), target.origin)
        }
        Err(error) => format!("{} {}", error.code().name, error.message()),
    };
    assert_eq!(found, expected);
}

#[test]
fn the_cluster_meant_is_found_in_the_order_of_the_documents() {
    let flags = ["-n", "f:1", "-c", "prod"];
    let variables = [("NAMESRV_ADDR", "e:1;e:2"), ("GANTRY_CONTEXT", "prod")];
    check(
        &TestContext::with_config(CONFIG, &variables, &flags),
        "- f:1 (flag --namesrv)",
    );
    check(
        &TestContext::with_config(CONFIG, &variables, &flags[2..]),
        "prod p1:1;p2:2 (context prod)",
    );
    check(
        &TestContext::with_config(CONFIG, &variables, &[]),
        "- e:1;e:2 (environment NAMESRV_ADDR)",
    );
    check(
        &TestContext::with_config(CONFIG, &variables[1..], &[]),
        "prod p1:1;p2:2 (context prod)",
    );
    check(
        &TestContext::with_config(CONFIG, &[], &[]),
        "local l:1 (context local)",
    );
    check(&TestContext::new(&[], &[]), "- 127.0.0.1:9876 (default)");
}

#[test]
fn a_running_local_cluster_comes_before_the_default_address() {
    let test = TestContext::new(&[], &[]);
    test.run_cluster("mine", "127.0.0.1:9900");
    check(&test, "mine 127.0.0.1:9900 (running local cluster mine)");
    test.run_cluster("other", "127.0.0.1:9901");
    check(
        &test,
        "usage several local clusters run (mine, other): choose one",
    );
    test.run_cluster("default", "127.0.0.1:9876");
    check(
        &test,
        "default 127.0.0.1:9876 (running local cluster default)",
    );

    let named = TestContext::new(&[], &["-c", "other"]);
    check(&named, "context_not_found context \"other\" not found");
    named.run_cluster("other", "127.0.0.1:9901");
    check(&named, "other 127.0.0.1:9901 (running local cluster other)");
}

#[test]
fn settings_of_requests() {
    let test = TestContext::new(&[("GANTRY_RETRIES", "7")], &["--dry-run"]);
    assert_eq!(
        (test.ctx.timeout(), test.ctx.timeout_if_set()),
        (Duration::from_secs(5), None)
    );
    assert_eq!(test.ctx.retries(), 7);
    assert!(test.ctx.is_dry_run());
    assert_eq!(test.ctx.folder, test.home.path());
    let test = TestContext::new(&[("GANTRY_TIMEOUT", "9s")], &["--timeout", "250ms"]);
    assert_eq!(test.ctx.timeout_if_set(), Some(Duration::from_millis(250)));
}

#[test]
fn a_protected_context_refuses_changes_and_asks_to_be_named() {
    let test = TestContext::with_config(CONFIG, &[("GANTRY_CONTEXT", "prod")], &["--yes"]);
    let target = test.ctx.target().unwrap();
    assert_eq!(
        test.ctx.check_writable(&target).unwrap_err().code().name,
        "context_read_only"
    );
    let error = test
        .ctx
        .confirm(Some(&target), "This deletes a topic.")
        .unwrap_err();
    assert_eq!(
        error.message(),
        "context \"prod\" is marked prod: --yes needs --context too"
    );

    let test = TestContext::with_config(CONFIG, &[], &["--yes", "-c", "prod"]);
    let target = test.ctx.target().unwrap();
    test.ctx
        .confirm_by_name(Some(&target), "This deletes a topic.", "orders")
        .unwrap();
}

#[test]
fn where_nobody_can_be_asked_the_flag_is_named() {
    let test = TestContext::new(&[], &[]);
    let error = test.ctx.confirm(None, "This deletes a topic.").unwrap_err();
    assert_eq!(error.kind().exit_code(), 9);
    assert_eq!(
        error.message(),
        "This deletes a topic. Nobody can be asked here."
    );
}
