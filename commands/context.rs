//! What every command is given: where to write, what is set, where to connect, what time it is.
//!
//! Invariant: a command takes nothing from the process (environment, terminal, clock) but through
//! this.

use std::path::PathBuf;
use std::time::Duration;

use clock::SharedClock;

use crate::config::environment::Environment;
use crate::config::paths::Paths;
use crate::config::profile::{Profile, Risk};
use crate::config::{Config, Origin, Sourced, address};
use crate::error::{CommandError, codes};
use crate::globals::Globals;
use crate::local::StateDir;
use crate::output::Output;
use crate::signals::Signals;

/// Where to look for name servers when nothing says anything.
pub(crate) const DEFAULT_NAMESRV: &str = "127.0.0.1:9876";

/// The local cluster that is meant where no name is given.
pub(crate) const DEFAULT_CLUSTER: &str = "default";

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) out: Output,
    pub(crate) config: Config,
    pub(crate) clock: SharedClock,
    pub(crate) paths: Paths,
    pub(crate) state: StateDir,
    pub(crate) signals: Signals,
    /// Whether questions can be asked: stdin and stderr are terminals and nobody forbade it.
    pub(crate) can_ask: bool,
    /// The folder that the process was started in: what relative paths of flags are relative to.
    pub(crate) folder: PathBuf,
}

/// The cluster that a command speaks to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The context's name, or the running local cluster's; none for bare addresses.
    pub(crate) context: Option<String>,
    /// `host:port` of each name server; never empty.
    pub(crate) namesrv: Vec<String>,
    pub(crate) origin: Origin,
    pub(crate) risk: Risk,
    pub(crate) read_only: bool,
}

impl Target {
    fn of_profile(profile: &Profile, origin: Origin) -> Self {
        Self {
            context: Some(profile.name.clone()),
            namesrv: profile.namesrv.clone(),
            origin,
            risk: profile.risk,
            read_only: profile.read_only,
        }
    }

    fn of_addresses(context: Option<String>, namesrv: Vec<String>, origin: Origin) -> Self {
        Self {
            context,
            namesrv,
            origin,
            risk: Risk::Dev,
            read_only: false,
        }
    }

    /// The name servers as RocketMQ writes them: joined by `;`.
    pub(crate) fn namesrv_text(&self) -> String {
        self.namesrv.join(";")
    }

    /// For the "looked at" line of errors: `namesrv 127.0.0.1:9876 (context prod)`.
    pub(crate) fn describe(&self) -> String {
        format!("namesrv {} ({})", self.namesrv_text(), self.origin)
    }
}

impl Context {
    /// Puts together what a command is given. `needs_files` is false for commands that must work
    /// beside a broken settings file.
    ///
    /// # Errors
    /// What is wrong with a flag, a variable or a settings file.
    pub(crate) fn new(
        globals: &Globals,
        environment: Environment,
        clock: SharedClock,
        needs_files: bool,
    ) -> Result<Self, CommandError> {
        let paths = Paths::find(&environment);
        // Without a current folder (it was removed) there is no project either.
        let folder = std::env::current_dir().unwrap_or_default();
        let config = if needs_files {
            Config::load(globals, environment, &paths, &folder)?
        } else {
            Config::without_files(globals, environment)?
        };
        let out = Output::new(
            crate::terminal::output_options(globals, &config)?,
            clock.clone(),
        );
        for warning in config.warnings() {
            out.warn(warning);
        }
        let ci = config.environment().is_on("CI");
        let can_ask = crate::terminal::can_ask() && !ci && !config.switch("no_input");
        let state = StateDir::at(paths.state_dir.clone());
        Ok(Self {
            out,
            config,
            clock,
            paths,
            state,
            signals: Signals::default(),
            can_ask,
            folder,
        })
    }

    /// The cluster to speak to: `--namesrv` > `--context` > environment > project file > the current
    /// context > the user's file > a local cluster that runs > the default address.
    ///
    /// # Errors
    /// `context_not_found`, or `usage` when several local clusters run and none is called `default`.
    pub(crate) fn target(&self) -> Result<Target, CommandError> {
        let target = self.find_target()?;
        self.out.set_context(target.context.as_deref());
        Ok(target)
    }

    fn find_target(&self) -> Result<Target, CommandError> {
        let above = self.config.namesrv_above_contexts();
        let current = self.config.find("current");
        let is_flag = |said: &Sourced<String>| matches!(said.origin, Origin::Flag(_));
        if let Some(said) = above.as_ref().filter(|said| is_flag(said)) {
            return from_addresses(said);
        }
        if let Some(said) = current.as_ref().filter(|said| is_flag(said)) {
            return self.named(&said.value);
        }
        if let Some(said) = &above {
            return from_addresses(said);
        }
        if let Some(said) = &current {
            return self.named(&said.value);
        }
        if let Some(said) = self.config.namesrv_of_user() {
            return from_addresses(&said);
        }
        if let Some(target) = self.running_cluster()? {
            return Ok(target);
        }
        Ok(Target::of_addresses(
            None,
            vec![DEFAULT_NAMESRV.to_owned()],
            Origin::Default,
        ))
    }

    /// A configured context, or a local cluster that runs under this name.
    pub(crate) fn named(&self, name: &str) -> Result<Target, CommandError> {
        if let Some(profile) = self.config.profile(name) {
            return Ok(Target::of_profile(
                profile,
                Origin::Context(name.to_owned()),
            ));
        }
        let running = self.state.running();
        if let Some(run_file) = running.iter().find(|run_file| run_file.name == name) {
            let origin = Origin::LocalCluster(name.to_owned());
            return Ok(Target::of_addresses(
                Some(name.to_owned()),
                run_file.namesrv.clone(),
                origin,
            ));
        }
        Err(self.context_not_found(name))
    }

    /// The error for a name that is neither a context nor a running local cluster.
    pub(crate) fn context_not_found(&self, name: &str) -> CommandError {
        let running = self.state.running();
        let profiles = self.config.profiles();
        let known = profiles.iter().map(|profile| profile.name.as_str());
        let known = known.chain(running.iter().map(|run_file| run_file.name.as_str()));
        CommandError::new(
            &codes::CONTEXT_NOT_FOUND,
            format!("context \"{name}\" not found"),
        )
        .looked_at(format!(
            "{} ({} contexts), {} running local clusters",
            self.paths.config_file.display(),
            profiles.len(),
            running.len()
        ))
        .did_you_mean(name, known)
        .next("gantry context list")
    }

    fn running_cluster(&self) -> Result<Option<Target>, CommandError> {
        let running = self.state.running();
        let chosen = match running.as_slice() {
            [] => return Ok(None),
            [only] => only,
            several => match several
                .iter()
                .find(|run_file| run_file.name == DEFAULT_CLUSTER)
            {
                Some(default) => default,
                None => {
                    let names: Vec<_> = several
                        .iter()
                        .map(|run_file| run_file.name.as_str())
                        .collect();
                    let text = format!(
                        "several local clusters run ({}): choose one",
                        names.join(", ")
                    );
                    return Err(
                        CommandError::new(&codes::USAGE, text).next(format!("add -c {}", names[0]))
                    );
                }
            },
        };
        let origin = Origin::LocalCluster(chosen.name.clone());
        Ok(Some(Target::of_addresses(
            Some(chosen.name.clone()),
            chosen.namesrv.clone(),
            origin,
        )))
    }

    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.duration("request.timeout")
    }

    /// How long something that has no limit by default may take: only what was asked for.
    pub(crate) fn timeout_if_set(&self) -> Option<Duration> {
        self.config.find("request.timeout").map(|_| self.timeout())
    }

    /// How often a failed request is tried again.
    pub(crate) fn retries(&self) -> u32 {
        self.config
            .get("request.retries")
            .value
            .parse()
            .unwrap_or(0)
    }

    /// Whether to show what would be done, and do nothing.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.config.switch("dry_run")
    }

    /// Refuses to change a cluster that the context protects.
    ///
    /// # Errors
    /// `context_read_only`.
    pub(crate) fn check_writable(&self, target: &Target) -> Result<(), CommandError> {
        if !target.read_only {
            return Ok(());
        }
        let name = target.context.as_deref().unwrap_or_default();
        Err(CommandError::new(
            &codes::CONTEXT_READ_ONLY,
            format!("context \"{name}\" is read_only"),
        )
        .looked_at(self.paths.config_file.display().to_string())
        .next("choose another context with -c NAME"))
    }
}

fn from_addresses(said: &Sourced<String>) -> Result<Target, CommandError> {
    // Checked when it was read; the same words again if that ever changes.
    let namesrv = address::parse_list(&said.value).map_err(|expected| {
        CommandError::new(&codes::USAGE, format!("{}: {expected}", said.origin))
    })?;
    Ok(Target::of_addresses(None, namesrv, said.origin.clone()))
}

#[cfg(test)]
pub(crate) mod tests;
