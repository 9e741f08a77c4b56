//! What a command says when it fails: one error type, from which the exit code, the three-part text
//! for people and the JSON for scripts follow.
//!
//! Holds no wording of its own beyond what a command gives it; [`codes`] has the stable codes and
//! [`remote`] the response codes of RocketMQ. Invariant: every error carries a code that
//! `gantry explain` knows.

pub(crate) mod codes;
pub(crate) mod remote;
mod report;

use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use codes::Code;

/// Why a command ended, in the classes that scripts tell apart by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Failed,
    Usage,
    NotFound,
    Conflict,
    Unreachable,
    Timeout,
    Denied,
    Partial,
    NeedsConfirmation,
    Unhealthy,
    LocalResource,
    /// Ended by a signal, after cleaning up; holds the signal's number.
    Signal(u8),
    /// The reader of our output closed it: it has enough, which is no failure.
    ReaderGone,
    /// The command worked and what it ran ended with this code (`gantry run`).
    Child(u8),
}

impl ErrorKind {
    /// The process's exit code.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Unreachable => 5,
            Self::Timeout => 6,
            Self::Denied => 7,
            Self::Partial => 8,
            Self::NeedsConfirmation => 9,
            Self::Unhealthy => 10,
            Self::LocalResource => 11,
            Self::Signal(number) => 128_u8.saturating_add(number),
            Self::Child(code) => code,
        }
    }

    /// Those with an exit code of their own, in its order.
    pub(crate) const ALL: &[Self] = &[
        Self::ReaderGone,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::Conflict,
        Self::Unreachable,
        Self::Timeout,
        Self::Denied,
        Self::Partial,
        Self::NeedsConfirmation,
        Self::Unhealthy,
        Self::LocalResource,
        Self::Signal(2),
        Self::Signal(15),
    ];

    /// The name and the meaning, for the help.
    pub(crate) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::ReaderGone => ("ok", "done; also when the reader of a pipe has enough"),
            Self::Failed => ("failed", "anything not below"),
            Self::Usage => ("usage", "flags, arguments or settings that make no sense"),
            Self::NotFound => (
                "not_found",
                "no such topic, group, broker, message, context, cluster",
            ),
            Self::Conflict => (
                "conflict",
                "exists or runs already; --if-not-exists makes it 0",
            ),
            Self::Unreachable => ("unreachable", "a name server or broker cannot be reached"),
            Self::Timeout => ("timeout", "the deadline passed"),
            Self::Denied => ("denied", "no permission, or a context marked read_only"),
            Self::Partial => (
                "partial",
                "some targets succeeded, some failed; both are listed",
            ),
            Self::NeedsConfirmation => (
                "needs_confirmation",
                "nobody could be asked and --yes is missing, or a precondition is not met",
            ),
            Self::Unhealthy => ("unhealthy", "a check worked and found a problem"),
            Self::LocalResource => (
                "local_resource",
                "a busy port, a locked folder, a full disk",
            ),
            Self::Signal(2) => ("interrupted", "Ctrl-C, after cleaning up"),
            Self::Signal(_) => (
                "terminated",
                "a termination signal, after cleaning up (128 + its number)",
            ),
            Self::Child(_) => ("child", "the code of the program that was run"),
        }
    }

    /// Whether the exit code alone says it all, so that nothing is printed.
    fn is_silent(self) -> bool {
        matches!(self, Self::Signal(_) | Self::ReaderGone | Self::Child(_))
    }
}

/// A failed command: what happened, where it looked, what to do next.
#[derive(Debug, Clone)]
pub(crate) struct CommandError {
    // Boxed because every command returns it: a `Result` should be small on the way that works.
    inner: Box<Inner>,
}

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    code: &'static Code,
    message: String,
    /// What was written, with a mark below what is wrong.
    excerpt: Option<String>,
    looked_at: Option<String>,
    did_you_mean: Vec<String>,
    next: Vec<String>,
    remote_code: Option<i32>,
    retryable: bool,
    details: Map<String, Value>,
}

impl CommandError {
    /// An error with one of the stable codes; kind and retryability come from the code.
    pub(crate) fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self::with_kind(code.kind, code, message)
    }

    fn with_kind(kind: ErrorKind, code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                code,
                message: message.into(),
                excerpt: None,
                looked_at: None,
                did_you_mean: Vec::new(),
                next: Vec::new(),
                remote_code: None,
                retryable: code.retryable,
                details: Map::new(),
            }),
        }
    }

    /// A RocketMQ server answered with a code other than success; `remark` is its own text.
    pub(crate) fn remote(remote_code: i32, remark: Option<&str>) -> Self {
        let (name, code) = match remote::by_code(remote_code) {
            Some(entry) => (entry.name, entry.maps_to),
            None => ("an unknown response code", &codes::REMOTE_ERROR),
        };
        let said = remark
            .filter(|text| !text.trim().is_empty())
            .unwrap_or("(no remark)");
        let mut error = Self::new(
            code,
            format!("the server answered {name} ({remote_code}): {said}"),
        );
        error.inner.remote_code = Some(remote_code);
        error
    }

    /// A local file or folder that could not be used; `doing` completes "cannot …".
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::PermissionDenied => &codes::FILE_DENIED,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => &codes::DISK_FULL,
            io::ErrorKind::NotFound => &codes::FILE_NOT_FOUND,
            _ => &codes::FILE_FAILED,
        };
        Self::new(
            code,
            format!(
                "cannot {doing} {}: {}",
                path.display(),
                plain_io_text(error)
            ),
        )
        .detail("path", path.display().to_string())
    }

    /// Writing to stdout or stderr failed; a reader that closed the pipe has enough.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::with_kind(
                ErrorKind::ReaderGone,
                &codes::OUTPUT_FAILED,
                "the reader has closed the output",
            );
        }
        Self::new(
            &codes::OUTPUT_FAILED,
            format!("cannot write the output: {}", plain_io_text(error)),
        )
    }

    /// The command was stopped by a signal and has cleaned up.
    pub(crate) fn signal(number: u8) -> Self {
        Self::with_kind(
            ErrorKind::Signal(number),
            &codes::INTERRUPTED,
            format!("stopped by signal {number}"),
        )
    }

    /// The command itself worked; the process exits with `code`, silently.
    pub(crate) fn child_exit(code: u8) -> Self {
        Self::with_kind(
            ErrorKind::Child(code),
            &codes::FAILED,
            format!("the program ended with {code}"),
        )
    }

    /// Shows what was written, with a mark below what is wrong.
    pub(crate) fn excerpt(mut self, lines: impl Into<String>) -> Self {
        self.inner.excerpt = Some(lines.into());
        self
    }

    /// Where the command looked, for the second line: `namesrv 127.0.0.1:9876 (41 topics)`.
    pub(crate) fn looked_at(mut self, place: impl Into<String>) -> Self {
        self.inner.looked_at = Some(place.into());
        self
    }

    /// Adds a next step, normally a command that can be pasted. Can be repeated.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        self.inner.next.push(step.into());
        self
    }

    /// Names what the user may have meant: those of `candidates` that are close to `word`.
    pub(crate) fn did_you_mean<'a>(
        mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.inner.did_you_mean = crate::suggest::nearest(word, candidates);
        self
    }

    /// Adds a machine-readable detail of the JSON form.
    pub(crate) fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.inner.details.insert(name.to_owned(), value.into());
        self
    }

    /// Says whether trying again may help, where the code's own answer does not fit.
    pub(crate) fn retryable(mut self, retryable: bool) -> Self {
        self.inner.retryable = retryable;
        self
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    pub(crate) fn code(&self) -> &'static Code {
        self.inner.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.inner.message
    }

    /// The response code of the server, if a server said no.
    #[cfg(test)]
    pub(crate) fn remote_code(&self) -> Option<i32> {
        self.inner.remote_code
    }

    #[cfg(test)]
    pub(crate) fn is_retryable(&self) -> bool {
        self.inner.retryable
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.inner.message, self.inner.code.name)
    }
}

impl std::error::Error for CommandError {}

/// The operating system's words without the "(os error 13)" that says nothing to a reader.
fn plain_io_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// One target of a command on many that did not make it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    pub(crate) target: String,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Failure {
    /// What went wrong with `target`.
    pub(crate) fn new(target: impl Into<String>, error: &CommandError) -> Self {
        Self {
            target: target.into(),
            code: error.code().name,
            message: error.message().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
