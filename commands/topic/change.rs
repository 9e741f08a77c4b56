//! What the commands that change topics answer.

use std::borrow::Cow;

use serde::Serialize;

use crate::output::units::counted;
use crate::output::{Cell, Column, Item, Page, Partly, Role};

/// A change to a topic that was made, or would be with `--dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct TopicChange {
    pub(super) topic: String,
    /// `created`, `changed`, `deleted` or `unchanged`.
    pub(super) change: &'static str,
    pub(super) brokers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_queues: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_queues: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) perm: Option<String>,
    pub(super) dry_run: bool,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) undo: Option<String>,
}

/// A change, with the brokers on which it could not be made.
pub(super) type Outcome = Partly<TopicChange>;

impl Item for TopicChange {
    const SCHEMA: &'static str = "gantry.topic.change/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("change"),
        Column::new("brokers"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.topic).into(),
            self.change.into(),
            Cell::list(&self.brokers),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.topic.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let would = if self.dry_run { "would be " } else { "" };
        let on = match (self.brokers.as_slice(), self.change) {
            ([], _) | (_, "unchanged") => String::new(),
            ([only], _) => format!(" on {only}"),
            (several, _) => {
                format!(
                    " on {}: {}",
                    counted(several.len(), "broker"),
                    several.join(", ")
                )
            }
        };
        let queues = match (self.read_queues, self.write_queues) {
            (Some(read), Some(write)) if read == write => format!(", {read} queues each"),
            (Some(read), Some(write)) => {
                format!(", {read} queues to read and {write} to write each")
            }
            _ => String::new(),
        };
        page.line(&format!(
            "topic {} {would}{}{on}{queues}",
            self.topic, self.change
        ));
        if let Some(undo) = self.undo.as_ref().filter(|_| !self.dry_run) {
            page.painted(&[(Some(Role::Dim), &format!("undo: {undo}"))]);
        }
    }
}
