//! The pinned clients of other makers, installed once into a folder under `target/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rustix::fs::FlockOperation;

use crate::common::repository;
use crate::server::say;

/// Set where the clients must run: a skipped test is then a failed one.
const REQUIRED: &str = "GANTRY_REQUIRE_INTEROP";

/// The files that npm goes by.
const MANIFESTS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Written last, with the lock file's text: what is installed, and that it is whole.
const INSTALLED: &str = "installed";

/// The folder of the source of these tests.
pub(super) fn source() -> PathBuf {
    repository().join("tests/interop")
}

/// The folder that holds the clients; `None`, once said why, where they can't run.
pub(super) fn node_modules() -> Option<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(install) {
        Ok(folder) => Some(folder.clone()),
        Err(reason) => {
            let is_required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
            assert!(!is_required, "{REQUIRED}=1, but {reason}");
            say(format_args!("skipped: {reason}"));
            None
        }
    }
}

fn install() -> Result<PathBuf, String> {
    for program in ["node", "npm"] {
        let answer = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        answer.map_err(|error| format!("{program} can't be run: {error}"))?;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
    let made = |error: std::io::Error| format!("{} can't be used: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(made)?;
    // Other test processes may be here at the same time; the lock goes with the file.
    let lock = File::create(folder.join("lock")).map_err(made)?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|error| made(error.into()))?;
    let wanted = fs::read_to_string(source().join("package-lock.json")).map_err(made)?;
    let stamp = folder.join(INSTALLED);
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        for file in MANIFESTS {
            fs::copy(source().join(file), folder.join(file)).map_err(made)?;
        }
        npm_ci(&folder)?;
        fs::write(&stamp, wanted).map_err(made)?;
    }
    Ok(folder.join("node_modules"))
}

fn npm_ci(folder: &Path) -> Result<(), String> {
    let npm = Command::new("npm")
        .arg("ci")
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let npm = npm.map_err(|error| format!("npm can't be run: {error}"))?;
    if npm.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&npm.stderr);
    Err(format!("npm ci ended with {}: {}", npm.status, said.trim()))
}
