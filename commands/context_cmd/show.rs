//! `gantry context show`.

use clap_complete::ArgValueCandidates;

use std::borrow::Cow;

use serde::Serialize;

use super::list::risk_cell;
use crate::completion;
use crate::config::profile::{Risk, is_reference};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item};

/// Show what a context is made of
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Secrets are shown only as references (env:, file:, cmd:).

Examples:
  gantry context show
  gantry context show prod -o json"
)]
pub(crate) struct Args {
    /// The context; without it, the one in use
    #[arg(add = ArgValueCandidates::new(completion::contexts))]
    name: Option<String>,
}

/// A context in full.
#[derive(Debug, Serialize)]
pub(crate) struct ContextDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    namesrv: Vec<String>,
    risk: Risk,
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
    /// Where the choice comes from.
    origin: String,
}

impl Item for ContextDetails {
    const SCHEMA: &'static str = "gantry.context.show/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::new("namesrv"),
        Column::new("risk"),
        Column::new("read_only"),
        Column::new("access_key"),
        Column::new("secret_key"),
        Column::new("origin"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.name.as_ref().into(),
            Cell::text(self.namesrv.join(";")),
            risk_cell(self.risk),
            self.read_only.into(),
            self.access_key.as_ref().into(),
            self.secret_key.as_ref().into(),
            (&self.origin).into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_deref().unwrap_or_default().into()
    }
}

/// The context of this name, or the one in use.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<ContextDetails, CommandError> {
    let target = match &args.name {
        Some(name) => ctx.named(name)?,
        None => ctx.target()?,
    };
    let profile = target
        .context
        .as_deref()
        .and_then(|name| ctx.config.profile(name));
    let reference = |key: Option<&String>| {
        key.map(|key| {
            if is_reference(key) {
                key.clone()
            } else {
                "(in the settings file)".to_owned()
            }
        })
    };
    Ok(ContextDetails {
        access_key: reference(profile.and_then(|profile| profile.access_key.as_ref())),
        secret_key: reference(profile.and_then(|profile| profile.secret_key.as_ref())),
        name: target.context,
        namesrv: target.namesrv,
        risk: target.risk,
        read_only: target.read_only,
        origin: target.origin.to_string(),
    })
}
