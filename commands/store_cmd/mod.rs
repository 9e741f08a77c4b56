//! `gantry store`: what lies in a store directory, looked at and mended while no broker has it.

mod check;
mod dump;
mod findings;
mod repair;

use std::io;
use std::path::PathBuf;

use broker::BrokerConfig;
use store::StoreConfig;
use store::inspect::{Usage, settings_of, usage};

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::Render as _;
use crate::properties::PropertiesFile;
use crate::signals::Stop;

/// Check, mend and read store directories, offline
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "A store directory is what storePathRootDir names, of Gantry or of Apache RocketMQ:
commitlog, consumequeue, index, checkpoint, config.

Examples:
  gantry store check ~/store
  gantry store repair ~/store --execute
  gantry store dump ~/store --topic orders --limit 10"
)]
pub(crate) enum Command {
    Check(check::Args),
    Repair(repair::Args),
    Dump(dump::Args),
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::Check(args) => check::run(ctx, args).await,
        Command::Repair(args) => repair::run(ctx, args).await?.render(out),
        Command::Dump(args) => dump::run(ctx, args).await,
    }
}

/// Which directory, and how its files are laid out.
#[derive(Debug, Clone, clap::Args)]
struct Directory {
    /// The store directory, with commitlog in it
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Take file sizes and delay levels from this properties file of the broker
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    broker_config: Option<PathBuf>,
}

impl Directory {
    /// The settings that fit the files, and who has the directory.
    fn open(&self, ctx: &Context) -> Result<(StoreConfig, Usage), CommandError> {
        let root = ctx.folder.join(&self.dir);
        let failed = |error: io::Error| CommandError::io("read the store", &root, &error);
        std::fs::metadata(&root).map_err(failed)?;
        if !root.join("commitlog").is_dir() {
            let text = format!("{} is no store: it has no commitlog folder", root.display());
            return Err(CommandError::new(&codes::FILE_NOT_FOUND, text));
        }
        let config = match &self.broker_config {
            None => settings_of(&root).map_err(failed)?,
            Some(path) => {
                let mut broker = BrokerConfig::default();
                let known: Vec<&str> = BrokerConfig::known_keys().collect();
                let file = PropertiesFile::read(&ctx.folder.join(path))?;
                for warning in file.apply(&known, |key, value| broker.set(key, value))? {
                    ctx.out.warn(&warning);
                }
                broker.store_path_root_dir.clone_from(&root);
                broker.store_path_commit_log = None;
                broker
                    .store_config()
                    .map_err(|error| CommandError::new(&codes::USAGE, error.to_string()))?
            }
        };
        let usage = usage(&root).map_err(failed)?;
        Ok((config, usage))
    }

    /// As [`open`](Self::open), to be read alone: a directory in use only with `force`. Says whether
    /// it is.
    fn open_to_read(
        &self,
        ctx: &Context,
        force: bool,
    ) -> Result<(StoreConfig, bool), CommandError> {
        let (config, usage) = self.open(ctx)?;
        let Usage::InUse { pid } = usage else {
            return Ok((config, false));
        };
        if !force {
            return Err(in_use(&config, pid).next("pass --force to read it all the same"));
        }
        ctx.out.warn(&format!(
            "{} is in use by {}: what is newest may look wrong",
            config.root.display(),
            process(pid)
        ));
        Ok((config, true))
    }
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "a broker".to_owned(),
        |pid| format!("a broker (pid {pid})"),
    )
}

fn in_use(config: &StoreConfig, pid: Option<u32>) -> CommandError {
    CommandError::new(
        &codes::DATA_LOCKED,
        format!("{} is in use by {}", config.root.display(), process(pid)),
    )
}

/// Does work that reads much on a thread of its own, so that signals are heard meanwhile.
async fn blocking<T: Send + 'static>(
    ctx: &Context,
    work: impl FnOnce(&Stop) -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let mut stop = ctx.signals.claim();
    let seen = stop.clone();
    let done = tokio::task::spawn_blocking(move || work(&seen)).await;
    if stop.is_requested() {
        return Err(CommandError::signal(stop.requested().await));
    }
    done.unwrap_or_else(|panic| Err(CommandError::new(&codes::FAILED, panic.to_string())))
}

/// How far a walk over the log has come, in steps that are cheap enough for every record.
struct Steps {
    progress: crate::output::progress::Progress,
    told: u64,
}

impl Steps {
    /// Bytes between two steps.
    const STEP: u64 = 1024 * 1024;

    fn new(out: &crate::output::Output, label: &str, config: &StoreConfig) -> Self {
        let files = std::fs::read_dir(config.commit_log_dir())
            .into_iter()
            .flatten();
        let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
        Self {
            progress: out.progress(label, Some(sizes.sum())),
            told: 0,
        }
    }

    fn at(&mut self, done: u64) {
        if done >= self.told + Self::STEP {
            self.progress.advance(done - self.told);
            self.told = done;
        }
    }
}
