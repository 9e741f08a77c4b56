//! `gantry config path`.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::output::{Cell, Column, Item, Page};

/// Print the path of the settings file
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry config path
  gantry config path -o json      # state and data folders too")]
pub(crate) struct Args {}

/// Where things are kept.
#[derive(Debug, Serialize)]
pub(crate) struct Locations {
    config_file: PathBuf,
    exists: bool,
    state_dir: PathBuf,
    data_dir: PathBuf,
}

impl Item for Locations {
    const SCHEMA: &'static str = "gantry.config.path/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("config_file"),
        Column::new("exists"),
        Column::new("state_dir"),
        Column::new("data_dir"),
    ];

    fn row(&self) -> Vec<Cell> {
        let text = |path: &PathBuf| Cell::text(path.display().to_string());
        vec![
            text(&self.config_file),
            self.exists.into(),
            text(&self.state_dir),
            text(&self.data_dir),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.config_file.to_string_lossy()
    }

    fn page(&self, page: &mut Page) {
        page.line(&self.config_file.to_string_lossy());
    }
}

/// The places of this user.
pub(crate) fn run(ctx: &Context, _args: &Args) -> Locations {
    Locations {
        config_file: ctx.paths.config_file.clone(),
        exists: ctx.paths.config_file.is_file(),
        state_dir: ctx.paths.state_dir.clone(),
        data_dir: ctx.paths.data_dir.clone(),
    }
}
