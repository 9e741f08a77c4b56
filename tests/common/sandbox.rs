//! A private home for the binary under test.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{self, Background};

/// A temporary home; the binary run in it sees no settings and no variables of the machine.
#[derive(Debug)]
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("gantry-")
            .tempdir()
            .unwrap();
        std::fs::create_dir(home.path().join("work")).unwrap();
        Self {
            home,
            variables: Vec::new(),
        }
    }

    /// The same with one more environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `GANTRY_HOME`: settings, state and data.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The folder that commands are run in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Writes a file below the home, with its folders; gives its path.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command, not started yet: for a stdin or stdout of one's own.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
        command
            .args(args)
            .current_dir(self.folder())
            .env_clear()
            .stdin(Stdio::null());
        command
            .env("GANTRY_HOME", self.home())
            .env("HOME", self.home())
            // What a killed cluster leaves behind goes with the home.
            .env("TMPDIR", self.home())
            .env("TZ", "UTC");
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `gantry ARGS` to its end.
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.run_with_input(args, "")
    }

    /// The same with this text on stdin.
    pub(crate) fn run_with_input<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        input: &str,
    ) -> Run {
        let ended = process::run(&mut self.command(args), input);
        Run {
            stdout: self.redact(&ended.stdout),
            stderr: self.redact(&ended.stderr),
            code: ended.code,
        }
    }

    /// Starts `gantry ARGS` and lets it run; it is killed when the handle is dropped.
    pub(crate) fn start<const N: usize>(&self, args: [&str; N]) -> Background {
        Background::start(&mut self.command(args))
    }

    /// Replaces what differs from run to run: the home's path and the version.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(&*self.home().to_string_lossy(), "$HOME")
            .replace(env!("CARGO_PKG_VERSION"), "$VERSION")
    }
}

/// What a command wrote, redacted, and how it ended. Check it: with [`Run::ok`], [`Run::fails`] or a
/// snapshot of the whole.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Run {
    /// Its stdout, if it ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self}");
        self.stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Its stderr, if it ended with this code and wrote nothing to stdout.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self}");
        self.stderr
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        write!(f, "--- exit {}", self.code)
    }
}
