//! `gantry store check`.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;

use serde::Serialize;
use store::StoreConfig;
use store::inspect::{Finding, InspectReport, inspect};

use super::findings::{FindingRow, rows};
use super::{Directory, Steps, blocking};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::units::counted;
use crate::output::{Cell, Column, Item, Page, Render as _, Role};
use crate::signals::Stop;

/// Look for damage in a store directory, without changing anything
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Every record of the CommitLog is read, every ConsumeQueue unit and index entry is
compared with it, and the checkpoint and the JSON tables are read.
Damage ends the command with exit code 10. A note is no damage: the next start of
the broker makes up for it.

Examples:
  gantry store check ~/store
  gantry store check ~/store -o json | jq '.item.findings[] | select(.repairable)'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    directory: Directory,

    /// Read the directory although a broker is running on it
    #[arg(long)]
    force: bool,
}

/// What a check says of a directory.
#[derive(Debug, Serialize)]
struct CheckPage {
    dir: String,
    /// No damage.
    sound: bool,
    in_use: bool,
    log_start: i64,
    log_end: i64,
    log_files: usize,
    records: u64,
    /// Stretches of the log without a sound record, and the bytes in them.
    damaged_stretches: u64,
    damaged_bytes: i64,
    queues: usize,
    index_files: usize,
    tables: usize,
    damage: usize,
    notes: usize,
    findings: Vec<FindingRow>,
}

impl Item for CheckPage {
    const SCHEMA: &'static str = "gantry.store.check/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("dir"),
        Column::new("sound"),
        Column::number("records"),
        Column::number("log_files"),
        Column::number("queues"),
        Column::number("index_files"),
        Column::number("tables"),
        Column::number("damage"),
        Column::number("notes"),
        Column::new("in_use").wide(),
        Column::number("log_start").wide(),
        Column::number("log_end").wide(),
        Column::number("damaged_stretches").wide(),
        Column::number("damaged_bytes").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.dir).into(),
            self.sound.into(),
            Cell::count(self.records),
            self.log_files.into(),
            self.queues.into(),
            self.index_files.into(),
            self.tables.into(),
            self.damage.into(),
            self.notes.into(),
            self.in_use.into(),
            self.log_start.into(),
            self.log_end.into(),
            self.damaged_stretches.into(),
            self.damaged_bytes.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.dir.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        if !self.findings.is_empty() {
            page.table(&self.findings);
            page.gap();
        }
        let verdict = if self.sound { "sound" } else { "damaged" };
        let role = if self.sound { Role::Ok } else { Role::Bad };
        page.painted(&[
            (Some(role), verdict),
            (None, ": "),
            (
                None,
                &format!(
                    "{} in {}, {}, {}, {}; {}, {}",
                    counted(
                        usize::try_from(self.records).unwrap_or(usize::MAX),
                        "record"
                    ),
                    counted(self.log_files, "log file"),
                    counted(self.queues, "queue"),
                    counted(self.index_files, "index file"),
                    counted(self.tables, "table"),
                    counted(self.damage, "fault"),
                    counted(self.notes, "note"),
                ),
            ),
        ]);
    }
}

/// Checks and shows; damage is the command's failure.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let (config, in_use) = args.directory.open_to_read(ctx, args.force)?;
    let out = ctx.out.clone();
    let root = config.root.clone();
    let checked = blocking(ctx, move |stop| {
        let mut steps = Steps::new(&out, "checking", &config);
        look(&config, in_use, &mut steps, stop)
    });
    let (report, findings) = checked.await?;
    let rows = rows(&findings);
    let damage = rows.iter().filter(|row| row.severity == "damage").count();
    let repairable = findings.iter().any(|finding| finding.remedy.is_some());
    let page = CheckPage {
        dir: root.display().to_string(),
        sound: damage == 0,
        in_use,
        log_start: report.log_start,
        log_end: report.log_end,
        log_files: report.log_files,
        records: report.records,
        damaged_stretches: report.damaged,
        damaged_bytes: report.damaged_bytes,
        queues: report.queues.len(),
        index_files: report.index_files.len(),
        tables: report.tables,
        damage,
        notes: rows.len() - damage,
        findings: rows,
    };
    page.render(&ctx.out)?;
    if page.sound {
        return Ok(());
    }
    let error = CommandError::new(
        &codes::STORE_DAMAGED,
        format!("{} is damaged: {}", page.dir, counted(damage, "fault")),
    );
    Err(if repairable {
        error.next(format!("gantry store repair {}", page.dir))
    } else {
        error
    })
}

fn look(
    config: &StoreConfig,
    in_use: bool,
    steps: &mut Steps,
    stop: &Stop,
) -> Result<(InspectReport, Vec<Finding>), CommandError> {
    let mut findings = Vec::new();
    let report = inspect(
        config,
        in_use,
        &mut |done, _total| {
            steps.at(done);
            if stop.is_requested() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
        &mut |finding| findings.push(finding),
    );
    let failed = |error: io::Error| CommandError::io("read the store", &config.root, &error);
    Ok((report.map_err(failed)?, findings))
}
