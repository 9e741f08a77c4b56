//! `gantry context list`.

use std::borrow::Cow;

use serde::Serialize;

use crate::config::profile::{Profile, Risk};
use crate::context::Context;
use crate::output::{Cell, Column, Item, Listing, Role};

/// List contexts and running local clusters
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry context list
  gantry context list -o name")]
pub(crate) struct Args {}

/// One line of the list.
#[derive(Debug, Serialize)]
pub(crate) struct ContextEntry {
    name: String,
    /// Whether commands speak to it when nothing else is said.
    current: bool,
    namesrv: Vec<String>,
    risk: Risk,
    read_only: bool,
    /// `configured` or `running`.
    kind: &'static str,
}

impl ContextEntry {
    fn of_profile(profile: &Profile, current: Option<&str>) -> Self {
        Self {
            name: profile.name.clone(),
            current: current == Some(profile.name.as_str()),
            namesrv: profile.namesrv.clone(),
            risk: profile.risk,
            read_only: profile.read_only,
            kind: "configured",
        }
    }
}

/// The role in which a risk is coloured.
pub(super) fn risk_cell(risk: Risk) -> Cell {
    let role = match risk {
        Risk::Dev => Role::Ok,
        Risk::Staging => Role::Warn,
        Risk::Prod => Role::Bad,
    };
    Cell::text(crate::globals::word_of(&risk)).role(role)
}

impl Item for ContextEntry {
    const SCHEMA: &'static str = "gantry.context.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("current"),
        Column::new("name"),
        Column::new("namesrv"),
        Column::new("risk"),
        Column::new("read_only"),
        Column::new("kind"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::text(if self.current { "*" } else { "" }).role(Role::Accent),
            (&self.name).into(),
            Cell::text(self.namesrv.join(";")),
            risk_cell(self.risk),
            self.read_only.into(),
            self.kind.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
}

/// Configured contexts first, then local clusters that run under a name of their own.
pub(crate) fn run(ctx: &Context, _args: &Args) -> Listing<ContextEntry> {
    // A wrong `current` is no reason not to show what could be chosen instead.
    let current = ctx.target().ok().and_then(|target| target.context);
    let profiles = ctx.config.profiles();
    let mut entries: Vec<_> = profiles
        .iter()
        .map(|profile| ContextEntry::of_profile(profile, current.as_deref()))
        .collect();
    for run_file in ctx.state.running() {
        if ctx.config.profile(&run_file.name).is_none() {
            entries.push(ContextEntry {
                current: current.as_deref() == Some(run_file.name.as_str()),
                name: run_file.name,
                namesrv: run_file.namesrv,
                risk: Risk::Dev,
                read_only: false,
                kind: "running",
            });
        }
    }
    Listing::new(entries).when_empty("no contexts yet; next: gantry context add NAME -n HOST:PORT")
}
