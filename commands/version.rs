//! `gantry version`: which build this is.

use std::borrow::Cow;

use serde::Serialize;

use crate::output::{Cell, Column, Item, Page};

/// Print the version
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry version
  gantry version -o json")]
pub(crate) struct Args {}

/// This build.
#[derive(Debug, Serialize)]
pub(crate) struct Version {
    version: &'static str,
    os: &'static str,
    arch: &'static str,
}

impl Item for Version {
    const SCHEMA: &'static str = "gantry.version.show/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("version"),
        Column::new("os"),
        Column::new("arch"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![self.version.into(), self.os.into(), self.arch.into()]
    }

    fn name(&self) -> Cow<'_, str> {
        self.version.into()
    }

    fn page(&self, page: &mut Page) {
        page.line(&format!(
            "gantry {} ({} {})",
            self.version, self.os, self.arch
        ));
    }
}

/// The version of this build.
pub(crate) fn run(_args: &Args) -> Version {
    Version {
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    }
}
