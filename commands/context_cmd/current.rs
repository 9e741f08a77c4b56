//! `gantry context current`.

use std::borrow::Cow;

use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Page, Role};

/// Show which cluster commands speak to, and why
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry context current
  gantry context current -o name")]
pub(crate) struct Args {}

/// The cluster that a command would speak to.
#[derive(Debug, Serialize)]
pub(crate) struct CurrentContext {
    /// Missing when bare addresses are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    namesrv: Vec<String>,
    origin: String,
}

impl Item for CurrentContext {
    const SCHEMA: &'static str = "gantry.context.current/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::new("namesrv"),
        Column::new("origin"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.name.as_ref().into(),
            Cell::text(self.namesrv.join(";")),
            (&self.origin).into(),
        ]
    }

    /// The context's name, or the addresses that stand for it.
    fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => name.as_str().into(),
            None => self.namesrv.join(";").into(),
        }
    }

    fn page(&self, page: &mut Page) {
        let addresses = format!("  {}  ", self.namesrv.join(";"));
        let name = self.name.as_deref().unwrap_or("(no context)");
        let origin = format!("from {}", self.origin);
        page.painted(&[
            (Some(Role::Accent), name),
            (None, &addresses),
            (Some(Role::Dim), &origin),
        ]);
    }
}

/// Finds it as every command does.
pub(crate) fn run(ctx: &Context, _args: &Args) -> Result<CurrentContext, CommandError> {
    let target = ctx.target()?;
    let origin = target.origin.to_string();
    Ok(CurrentContext {
        name: target.context,
        namesrv: target.namesrv,
        origin,
    })
}
