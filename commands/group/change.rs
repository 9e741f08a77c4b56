//! What the commands that change groups answer.

use std::borrow::Cow;

use serde::Serialize;

use crate::output::{Cell, Column, Item, Page, Partly, Role};

/// A change to a group that was made, or would be with `--dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct GroupChange {
    pub(super) group: String,
    /// `created`, `deleted` or `unchanged`.
    pub(super) change: &'static str,
    pub(super) brokers: Vec<String>,
    pub(super) dry_run: bool,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) undo: Option<String>,
}

/// A change, with the brokers on which it could not be made.
pub(super) type Outcome = Partly<GroupChange>;

impl Item for GroupChange {
    const SCHEMA: &'static str = "gantry.group.change/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("group"),
        Column::new("change"),
        Column::new("brokers"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.group).into(),
            self.change.into(),
            Cell::list(&self.brokers),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.group.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let would = if self.dry_run { "would be " } else { "" };
        let on = if self.brokers.is_empty() || self.change == "unchanged" {
            String::new()
        } else {
            format!(" on {}", self.brokers.join(", "))
        };
        page.line(&format!("group {} {would}{}{on}", self.group, self.change));
        if let Some(undo) = self.undo.as_ref().filter(|_| !self.dry_run) {
            page.painted(&[(Some(Role::Dim), &format!("undo: {undo}"))]);
        }
    }
}
