//! `gantry completion`: what a shell has to load so that Tab completes commands, flags and names.
//!
//! The script only tells the shell to ask this binary, so it never goes stale.

use std::ffi::OsString;
use std::io;

use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, CompletionCandidate};

use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::paths::Paths;
use crate::error::{CommandError, codes};
use crate::globals::Globals;
use crate::local::StateDir;
use crate::output::Text;

/// The variable by which a shell asks for completions.
const VARIABLE: &str = "COMPLETE";

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  source <(gantry completion bash)
  gantry completion zsh > ~/.zfunc/_gantry
  gantry completion fish > ~/.config/fish/completions/gantry.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

/// The script for the shell.
pub(crate) fn run(args: &Args) -> Result<Text, CommandError> {
    script(&args.shell).map(Text)
}

/// The script of one shell by name.
pub(crate) fn script(shell: &str) -> Result<String, CommandError> {
    let failed = |error: &dyn std::fmt::Display| {
        CommandError::new(
            &codes::FAILED,
            format!("cannot write the completion script of {shell}: {error}"),
        )
    };
    let shells = Shells::builtins();
    let completer = shells
        .completer(shell)
        .ok_or_else(|| failed(&"unknown shell"))?;
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "gantry", "gantry", "gantry", &mut script)
        .map_err(|error| failed(&error))?;
    String::from_utf8(script).map_err(|error| failed(&error))
}

/// The contexts and the running local clusters, for Tab. Settings that cannot be read offer nothing.
pub(crate) fn contexts() -> Vec<CompletionCandidate> {
    let environment = Environment::of_process();
    let paths = Paths::find(&environment);
    let folder = std::env::current_dir().unwrap_or_default();
    let config =
        Config::load(&Globals::default(), environment, &paths, &folder).unwrap_or_default();
    let configured = config
        .profiles()
        .into_iter()
        .map(|profile| (profile.name.clone(), profile.namesrv.join(";")));
    let running = StateDir::at(paths.state_dir).running().into_iter();
    let running = running.map(|run_file| (run_file.name, "running local cluster".to_owned()));
    let candidate =
        |(name, about): (String, String)| CompletionCandidate::new(name).help(Some(about.into()));
    configured.chain(running).map(candidate).collect()
}

/// Answers a shell that asks what may stand at the cursor; says whether one did.
///
/// # Errors
/// When the shell does not listen any more.
pub(crate) fn answer_shell(args: &[OsString]) -> io::Result<bool> {
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(crate::cli::command)
        .var(VARIABLE)
        .try_complete(args, folder.as_deref());
    asked.map_err(io::Error::other)
}
