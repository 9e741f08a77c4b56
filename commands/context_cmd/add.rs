//! `gantry context add`.

use super::change::ContextChange;
use crate::config::profile::{self, Profile, Risk};
use crate::config::{Origin, address, edit};
use crate::context::Context;
use crate::error::{CommandError, codes};

/// Add a context; its name servers come from -n
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry context add local -n 127.0.0.1:9876 --use
  gantry context add prod -n 'ns1:9876;ns2:9876' --risk prod --secret-key 'cmd:pass show mq'")]
pub(crate) struct Args {
    /// The name, of letters, digits and - _ . signs
    name: String,

    /// How much harm a mistake can do there
    #[arg(long, value_enum, default_value = "dev")]
    risk: Risk,

    /// Refuse every command that changes something
    #[arg(long)]
    read_only: bool,

    /// Where the access key is: env:NAME, file:PATH or cmd:COMMAND
    #[arg(long, value_name = "REFERENCE")]
    access_key: Option<String>,

    /// Where the secret key is, likewise
    #[arg(long, value_name = "REFERENCE")]
    secret_key: Option<String>,

    /// Do nothing, with success, if the name is taken
    #[arg(long)]
    if_not_exists: bool,

    /// Select it as well
    #[arg(long = "use")]
    select: bool,
}

/// Writes the context into the user's settings file.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<ContextChange, CommandError> {
    let name = &args.name;
    profile::check_name(name).map_err(|expected| {
        CommandError::new(
            &codes::USAGE,
            format!("context name \"{name}\": {expected}"),
        )
    })?;
    let dry_run = ctx.is_dry_run();
    if ctx.config.profile(name).is_some() {
        if args.if_not_exists {
            return Ok(ContextChange {
                name: name.clone(),
                change: "unchanged",
                dry_run,
                undo: None,
            });
        }
        return Err(CommandError::new(
            &codes::CONTEXT_EXISTS,
            format!("context \"{name}\" exists"),
        )
        .looked_at(ctx.paths.config_file.display().to_string())
        .next(format!("gantry context show {name}")));
    }
    let profile = Profile {
        name: name.clone(),
        namesrv: addresses(ctx)?,
        risk: args.risk,
        read_only: args.read_only,
        access_key: reference("--access-key", args.access_key.as_ref())?,
        secret_key: reference("--secret-key", args.secret_key.as_ref())?,
    };
    if !dry_run {
        edit::edit(&ctx.paths.config_file, |document| {
            edit::put_profile(document, &profile);
            if args.select {
                edit::set_current(document, Some(name));
            }
        })?;
    }
    let undo = Some(format!("gantry context delete {name}"));
    Ok(ContextChange {
        name: name.clone(),
        change: "added",
        dry_run,
        undo,
    })
}

/// What `-n` says: the environment is not asked, a context should not depend on it by accident.
fn addresses(ctx: &Context) -> Result<Vec<String>, CommandError> {
    let said = ctx
        .config
        .find("namesrv")
        .filter(|said| matches!(said.origin, Origin::Flag(_)));
    let Some(said) = said else {
        return Err(
            CommandError::new(&codes::USAGE, "the name servers are missing")
                .next("add -n HOST:PORT"),
        );
    };
    address::parse_list(&said.value).map_err(|expected| CommandError::new(&codes::USAGE, expected))
}

fn reference(flag: &str, key: Option<&String>) -> Result<Option<String>, CommandError> {
    match key {
        Some(key) if !profile::is_reference(key) => Err(CommandError::new(
            &codes::USAGE,
            format!("{flag}: expected env:NAME, file:PATH or cmd:COMMAND"),
        )
        .next("keep the secret out of the command line and the settings file")),
        key => Ok(key.cloned()),
    }
}
