//! `gantry store repair`.

use std::borrow::Cow;
use std::ops::ControlFlow;

use clock::SharedClock;
use serde::Serialize;
use store::StoreConfig;
use store::inspect::{Finding, Remedy, Severity, Usage, inspect};
use store::repair::{RepairError, RepairStep, plan, repair};

use super::findings::{FindingRow, rows};
use super::{Directory, Steps, blocking, in_use};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::units::counted;
use crate::output::{Cell, Column, Item, Page};
use crate::signals::Stop;

/// Mend a store directory; shows the plan, and does it with --execute
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "A torn end of the log is cut off. Queues and index files that disagree with the log
are written anew from it, tables are taken from their .bak, and a checkpoint is
written. Sound records are never thrown away, also not behind a damaged one.
What is cut, overwritten or removed is kept in DIR/repair-TIME, under the same names
and with a README that says how to undo it.

Examples:
  gantry store repair ~/store
  gantry store repair ~/store --execute"
)]
pub(crate) struct Args {
    #[command(flatten)]
    directory: Directory,

    /// Do it, instead of showing what would be done
    #[arg(long)]
    execute: bool,
}

/// One step as it is shown.
#[derive(Debug, Serialize)]
struct StepRow {
    step: &'static str,
    file: String,
    physical_offset: Option<i64>,
    bytes: Option<i64>,
}

impl StepRow {
    fn new(step: &RepairStep) -> Self {
        let cut = match step {
            RepairStep::CutTail { start, end, .. } => Some((*start, end - start)),
            _ => None,
        };
        Self {
            step: step.name(),
            file: step.file().display().to_string(),
            physical_offset: cut.map(|(start, _)| start),
            bytes: cut.map(|(_, length)| length),
        }
    }
}

impl Item for StepRow {
    const SCHEMA: &'static str = "gantry.store.step/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("step"),
        Column::new("file"),
        Column::number("physical_offset").titled("AT"),
        Column::number("bytes"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.step.into(),
            (&self.file).into(),
            self.physical_offset.into(),
            self.bytes.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.file.as_str().into()
    }
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub(super) struct RepairPage {
    dir: String,
    executed: bool,
    steps: Vec<StepRow>,
    /// Where what was there before is kept.
    folder: Option<String>,
    kept: Vec<String>,
    /// What cannot be brought back.
    lost: Vec<FindingRow>,
}

impl Item for RepairPage {
    const SCHEMA: &'static str = "gantry.store.repair/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("dir"),
        Column::new("executed"),
        Column::number("steps"),
        Column::new("folder"),
        Column::number("kept").wide(),
        Column::number("lost"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.dir).into(),
            self.executed.into(),
            self.steps.len().into(),
            self.folder.clone().into(),
            self.kept.len().into(),
            self.lost.len().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.dir.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        if !self.steps.is_empty() {
            page.table(&self.steps);
        }
        if !self.lost.is_empty() {
            page.heading("Cannot be brought back");
            page.table(&self.lost);
        }
        if !self.steps.is_empty() || !self.lost.is_empty() {
            page.gap();
        }
        let count = counted(self.steps.len(), "step");
        match &self.folder {
            _ if self.steps.is_empty() => page.line("nothing to repair"),
            Some(folder) => page.line(&format!("{count} done; what was there is in {folder}")),
            None => page.line(&format!("{count} planned; pass --execute to do it")),
        };
    }
}

/// Plans, or repairs.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<RepairPage, CommandError> {
    let (config, usage) = args.directory.open(ctx)?;
    if let Usage::InUse { pid } = usage {
        return Err(in_use(&config, pid).next("stop the broker first"));
    }
    let executes = args.execute && !ctx.is_dry_run();
    let (out, clock) = (ctx.out.clone(), ctx.clock.clone());
    blocking(ctx, move |stop| {
        let mut steps = Steps::new(&out, "checking", &config);
        if executes {
            mend(&config, clock, &mut steps, stop)
        } else {
            look(&config, &mut steps, stop)
        }
    })
    .await
}

/// Hears of the progress and of the wish to stop.
fn watch<'a>(
    steps: &'a mut Steps,
    stop: &'a Stop,
) -> impl FnMut(u64, u64) -> ControlFlow<()> + use<'a> {
    |done, _total| {
        steps.at(done);
        if stop.is_requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn lost(findings: &[Finding]) -> Vec<FindingRow> {
    let is_lost =
        |finding: &&Finding| finding.severity == Severity::Damage && finding.remedy == Remedy::None;
    let lost: Vec<Finding> = findings.iter().filter(is_lost).cloned().collect();
    rows(&lost)
}

fn look(config: &StoreConfig, steps: &mut Steps, stop: &Stop) -> Result<RepairPage, CommandError> {
    let mut findings = Vec::new();
    inspect(config, false, &mut watch(steps, stop), &mut |finding| {
        findings.push(finding);
    })
    .map_err(|error| CommandError::io("read the store", &config.root, &error))?;
    Ok(RepairPage {
        dir: config.root.display().to_string(),
        executed: false,
        steps: plan(&findings).iter().map(StepRow::new).collect(),
        folder: None,
        kept: Vec::new(),
        lost: lost(&findings),
    })
}

fn mend(
    config: &StoreConfig,
    clock: SharedClock,
    steps: &mut Steps,
    stop: &Stop,
) -> Result<RepairPage, CommandError> {
    let done = repair(config, clock, &mut watch(steps, stop)).map_err(|error| match &error {
        RepairError::InUse { .. } => in_use(config, None).next("stop the broker first"),
        RepairError::Io { path, source } => CommandError::io("repair", path, source),
        _ => CommandError::new(&codes::FILE_FAILED, error.to_string()),
    })?;
    let in_store = |folder| config.root.join(folder).display().to_string();
    Ok(RepairPage {
        dir: config.root.display().to_string(),
        executed: true,
        steps: done.steps.iter().map(StepRow::new).collect(),
        folder: done.folder.map(in_store),
        kept: done
            .kept
            .iter()
            .map(|name| name.display().to_string())
            .collect(),
        lost: lost(&done.findings),
    })
}
