//! A finding of a check as it is shown.

use std::borrow::Cow;

use serde::Serialize;
use store::inspect::{Finding, Severity};

use crate::output::{Cell, Column, Item, Role};

/// One finding. What is not known is `null`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FindingRow {
    pub(super) severity: &'static str,
    kind: &'static str,
    file: String,
    /// Where in the CommitLog.
    physical_offset: Option<i64>,
    bytes: Option<i64>,
    topic: Option<String>,
    queue: Option<i32>,
    queue_offset: Option<i64>,
    /// Records, units or entries.
    count: Option<u64>,
    meaning: &'static str,
    repair: &'static str,
    repairable: bool,
    detail: Option<String>,
}

impl FindingRow {
    pub(super) fn new(finding: &Finding) -> Self {
        let physical = finding.physical.as_ref();
        let queue = finding.queue.as_ref();
        Self {
            severity: finding.severity.name(),
            kind: finding.kind.name(),
            file: finding.file.display().to_string(),
            physical_offset: physical.map(|range| range.start),
            bytes: physical.map(|range| range.end - range.start),
            topic: queue.map(|queue| queue.topic.clone()),
            queue: queue.map(|queue| queue.queue_id),
            queue_offset: queue.map(|queue| queue.offsets.start),
            count: Some(finding.count).filter(|count| *count > 0),
            meaning: finding.kind.meaning(),
            repair: finding.remedy.text(),
            repairable: finding.remedy.is_some(),
            detail: Some(finding.detail.clone()).filter(|detail| !detail.is_empty()),
        }
    }
}

/// The findings in the order in which they are shown: damage first, then by file and place.
pub(super) fn rows(findings: &[Finding]) -> Vec<FindingRow> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| {
        let start = finding.physical.as_ref().map(|range| range.start);
        let offset = finding.queue.as_ref().map(|queue| queue.offsets.start);
        (
            std::cmp::Reverse(finding.severity),
            finding.file.clone(),
            finding.kind,
            start,
            offset,
        )
    });
    sorted.into_iter().map(FindingRow::new).collect()
}

impl Item for FindingRow {
    const SCHEMA: &'static str = "gantry.store.finding/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("kind"),
        Column::new("file"),
        Column::number("physical_offset").titled("AT"),
        Column::number("count"),
        Column::new("meaning"),
        Column::new("repair"),
        Column::new("severity").wide(),
        Column::new("topic").wide(),
        Column::number("queue").wide(),
        Column::number("queue_offset").wide(),
        Column::number("bytes").wide(),
        Column::new("detail").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let role = if self.severity == Severity::Damage.name() {
            Role::Bad
        } else {
            Role::Dim
        };
        vec![
            Cell::from(self.kind).role(role),
            (&self.file).into(),
            self.physical_offset.into(),
            self.count.map_or_else(Cell::empty, Cell::count),
            self.meaning.into(),
            self.repair.into(),
            self.severity.into(),
            self.topic.clone().into(),
            self.queue.into(),
            self.queue_offset.into(),
            self.bytes.into(),
            self.detail.clone().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.kind.into()
    }
}
