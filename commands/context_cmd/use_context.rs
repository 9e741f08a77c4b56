//! `gantry context use`.

use clap_complete::ArgValueCandidates;

use super::change::ContextChange;
use crate::completion;
use crate::config::edit;
use crate::context::Context;
use crate::error::CommandError;

/// Make a context the one that commands speak to
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry context use prod
  gantry context use -          # back to the one before")]
pub(crate) struct Args {
    /// The context, or - for the one used before
    #[arg(add = ArgValueCandidates::new(completion::contexts))]
    name: String,
}

/// Writes the choice into the user's settings file.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<ContextChange, CommandError> {
    let before = ctx.config.in_files("current");
    let previous_path = ctx.state.previous_context_path();
    let name = if args.name == "-" {
        let previous = std::fs::read_to_string(&previous_path).unwrap_or_default();
        if previous.trim().is_empty() {
            return Err(ctx
                .context_not_found("-")
                .next("no context was used before this one"));
        }
        previous.trim().to_owned()
    } else {
        args.name.clone()
    };
    ctx.named(&name)?;
    let dry_run = ctx.is_dry_run();
    let unchanged = before.as_deref() == Some(name.as_str());
    if !dry_run && !unchanged {
        edit::edit(&ctx.paths.config_file, |document| {
            edit::set_current(document, Some(&name));
        })?;
        if let Some(before) = &before {
            edit::write_atomically(&previous_path, before.as_bytes()).map_err(|error| {
                CommandError::io("remember the context before in", &previous_path, &error)
            })?;
        }
    }
    warn_if_overruled(ctx, &name);
    let change = if unchanged { "unchanged" } else { "selected" };
    let undo = before
        .filter(|_| !unchanged)
        .map(|before| format!("gantry context use {before}"));
    Ok(ContextChange {
        name,
        change,
        dry_run,
        undo,
    })
}

/// The choice does nothing while a flag, a variable or a project's file says something else.
fn warn_if_overruled(ctx: &Context, name: &str) {
    use crate::config::Origin;
    if let Some(above) = ctx.config.namesrv_above_contexts().or_else(|| {
        ctx.config.find("current").filter(|said| {
            let in_user_file =
                matches!(&said.origin, Origin::File { path, .. } if *path == ctx.paths.config_file);
            !in_user_file && said.value != name
        })
    }) {
        ctx.out.warn(&format!(
            "{} says \"{}\", which is stronger than the selected context",
            above.origin, above.value
        ));
    }
}
