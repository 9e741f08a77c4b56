//! What the commands that change contexts answer.

use std::borrow::Cow;

use serde::Serialize;

use crate::output::{Cell, Column, Item, Page};

/// A change that was made, or would be with `--dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct ContextChange {
    pub(super) name: String,
    /// `added`, `deleted`, `selected` or `unchanged`.
    pub(super) change: &'static str,
    pub(super) dry_run: bool,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) undo: Option<String>,
}

impl Item for ContextChange {
    const SCHEMA: &'static str = "gantry.context.change/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::new("change"),
        Column::new("undo"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.name).into(),
            self.change.into(),
            self.undo.as_ref().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let verb = if self.dry_run { "would be " } else { "" };
        page.line(&format!("context {} {verb}{}", self.name, self.change));
        if let Some(undo) = self.undo.as_ref().filter(|_| !self.dry_run) {
            page.line(&format!("undo: {undo}"));
        }
    }
}
