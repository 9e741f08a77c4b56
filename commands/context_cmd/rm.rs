//! `gantry context delete`.

use clap_complete::ArgValueCandidates;

use super::change::ContextChange;
use crate::completion;
use crate::config::edit;
use crate::config::profile::{Profile, Risk, is_reference};
use crate::context::Context;
use crate::error::CommandError;

/// Delete a context from the settings; the cluster is not touched
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry context delete old
  gantry context rm old --if-exists")]
pub(crate) struct Args {
    /// The context
    #[arg(add = ArgValueCandidates::new(completion::contexts))]
    name: String,

    /// Do nothing, with success, if there is none
    #[arg(long)]
    if_exists: bool,
}

/// Removes the context from the user's settings file.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<ContextChange, CommandError> {
    let name = &args.name;
    let dry_run = ctx.is_dry_run();
    let Some(profile) = ctx.config.profile(name) else {
        if args.if_exists {
            return Ok(ContextChange {
                name: name.clone(),
                change: "unchanged",
                dry_run,
                undo: None,
            });
        }
        return Err(ctx.context_not_found(name));
    };
    let undo = command_to_add(profile);
    let mut removed = true;
    if !dry_run {
        let was_current = ctx.config.in_files("current").as_deref() == Some(name);
        edit::edit(&ctx.paths.config_file, |document| {
            removed = edit::remove_profile(document, name);
            if was_current {
                edit::set_current(document, None);
            }
        })?;
        if was_current {
            ctx.out
                .note("it was the one in use; choose another with gantry context use NAME");
        }
    }
    if !removed {
        return Err(ctx
            .context_not_found(name)
            .next("it is defined in the project's .gantry.toml: edit that file"));
    }
    Ok(ContextChange {
        name: name.clone(),
        change: "deleted",
        dry_run,
        undo: Some(undo),
    })
}

/// The command that adds a context as it was; secrets that stood in the file are left out.
fn command_to_add(profile: &Profile) -> String {
    let mut command = format!(
        "gantry context add {} -n '{}'",
        profile.name,
        profile.namesrv.join(";")
    );
    if profile.risk != Risk::Dev {
        command.push_str(&format!(
            " --risk {}",
            crate::globals::word_of(&profile.risk)
        ));
    }
    if profile.read_only {
        command.push_str(" --read-only");
    }
    let keys = [
        ("--access-key", &profile.access_key),
        ("--secret-key", &profile.secret_key),
    ];
    for (flag, key) in keys {
        if let Some(key) = key.as_ref().filter(|key| is_reference(key)) {
            command.push_str(&format!(" {flag} '{key}'"));
        }
    }
    command
}
