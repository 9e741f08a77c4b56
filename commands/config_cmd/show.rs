//! `gantry config show`.

use std::borrow::Cow;

use serde::Serialize;

use crate::config::setting;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Listing, Render as _};

/// Show every setting in force
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Strongest first: flag > environment > project file > context > user file > default.

Examples:
  gantry config show
  gantry config show --origin
  gantry config show -o json"
)]
pub(crate) struct Args {
    /// Show where each value comes from
    #[arg(long)]
    origin: bool,
}

/// One setting in force; `ORIGIN` says whether people see where it comes from.
#[derive(Debug, Serialize)]
struct SettingInForce<const ORIGIN: bool> {
    key: &'static str,
    value: String,
    origin: String,
}

impl<const ORIGIN: bool> Item for SettingInForce<ORIGIN> {
    const SCHEMA: &'static str = "gantry.config.show/1";
    const COLUMNS: &'static [Column] = if ORIGIN {
        &[
            Column::new("key"),
            Column::new("value"),
            Column::new("origin"),
        ]
    } else {
        &[
            Column::new("key"),
            Column::new("value"),
            Column::new("origin").wide(),
        ]
    };

    fn row(&self) -> Vec<Cell> {
        let value = if self.value.is_empty() {
            Cell::empty()
        } else {
            Cell::text(self.value.as_str())
        };
        vec![self.key.into(), value, (&self.origin).into()]
    }

    fn name(&self) -> Cow<'_, str> {
        self.key.into()
    }
}

/// Shows all settings.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    if args.origin {
        list::<true>(ctx).render(&ctx.out)
    } else {
        list::<false>(ctx).render(&ctx.out)
    }
}

/// All settings. The name servers are those that a command would speak to.
fn list<const ORIGIN: bool>(ctx: &Context) -> Listing<SettingInForce<ORIGIN>> {
    let settings = setting::ALL.iter().map(|setting| {
        let found = ctx.config.get(setting.key);
        let (value, origin) = match (setting.key, ctx.target()) {
            ("namesrv", Ok(target)) => (target.namesrv_text(), target.origin),
            _ => (found.value, found.origin),
        };
        SettingInForce {
            key: setting.key,
            value,
            origin: origin.to_string(),
        }
    });
    let list = Listing::new(settings.collect());
    match ctx.config.project_file() {
        Some(path) => list.summary(format!("project file: {}", path.display())),
        None => list,
    }
}
