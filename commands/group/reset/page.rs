//! A reset as it is shown: planned or done.

use std::borrow::Cow;

use client::admin::{PlannedQueue, ResetNote, ResetPlan};
use serde::Serialize;

use crate::output::units::{counted, grouped};
use crate::output::{Cell, Column, Item, Page, Role};

/// Rows of a plan that people are shown without asking for all.
const ROWS_MAX: usize = 30;

/// A reset that was made, or would be with `--execute`.
#[derive(Debug, Serialize)]
pub(crate) struct Reset {
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) to: String,
    pub(super) executed: bool,
    /// How many members are connected.
    pub(super) members: usize,
    pub(super) replays: i64,
    pub(super) skips: i64,
    pub(super) lag_before: i64,
    pub(super) lag_after: i64,
    pub(super) queues: Vec<QueueRow>,
    /// The command that carries the plan out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) apply: Option<String>,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) undo: Option<String>,
    #[serde(skip)]
    pub(super) all_rows: bool,
}

/// One queue of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueRow {
    topic: String,
    pub(super) broker: String,
    pub(super) queue: i32,
    /// The offset that the group consumes next, before.
    committed_offset: Option<i64>,
    min_offset: i64,
    max_offset: i64,
    target_offset: Option<i64>,
    /// Where the group was when it was looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after_offset: Option<i64>,
    replays: i64,
    skips: i64,
    lag_after: i64,
    note: Option<String>,
}

impl Reset {
    /// A plan, before anything is done.
    pub(super) fn planned(plan: &ResetPlan, to: String, all_rows: bool) -> Self {
        Self {
            group: plan.request.group.clone(),
            topic: plan.request.topic.clone(),
            to,
            executed: false,
            members: plan.members,
            replays: plan.replays(),
            skips: plan.skips(),
            lag_before: plan.lag_before(),
            lag_after: plan.lag_after(),
            queues: plan.queues.iter().map(QueueRow::of).collect(),
            apply: None,
            undo: None,
            all_rows,
        }
    }
}

impl QueueRow {
    fn of(planned: &PlannedQueue) -> Self {
        Self {
            topic: planned.queue.topic.clone(),
            broker: planned.queue.broker_name.clone(),
            queue: planned.queue.queue_id,
            committed_offset: planned.now,
            min_offset: planned.min,
            max_offset: planned.max,
            target_offset: planned.target,
            after_offset: None,
            replays: planned.replays(),
            skips: planned.skips(),
            lag_after: planned.lag_after(),
            note: planned.note.map(note_text),
        }
    }

    fn is_of_interest(&self) -> bool {
        self.note.is_some()
            || self
                .target_offset
                .is_some_and(|_| self.target_offset != self.committed_offset)
    }

    fn effect(&self) -> Cell {
        if self.skips > 0 {
            let text = format!("SKIPS {}", grouped(self.skips.into()));
            Cell::text(text).role(Role::Bad)
        } else if self.replays > 0 {
            Cell::text(format!("replays {}", grouped(self.replays.into())))
        } else if self.committed_offset.is_none() && self.target_offset.is_some() {
            Cell::text("begins there")
        } else {
            Cell::text("nothing").role(Role::Dim)
        }
    }
}

fn note_text(note: ResetNote) -> String {
    match note {
        ResetNote::BeforeFirst { asked } => {
            format!("{asked} is gone: the first that is still there")
        }
        ResetNote::BehindEnd { asked } => format!("{asked} is not there yet: the end"),
        ResetNote::NothingSince => "nothing was stored since then: the end".to_owned(),
        ResetNote::TimeIsGone => {
            "what was stored then is gone: the first that is still there".to_owned()
        }
        ResetNote::NotGiven => "no position is given: stays as it is".to_owned(),
        ResetNote::NeverRead => "never read by this group".to_owned(),
    }
}

impl Item for QueueRow {
    const SCHEMA: &'static str = "gantry.group.reset.queue/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("queue"),
        Column::number("committed_offset").titled("NOW"),
        Column::number("target_offset").titled("TARGET"),
        Column::number("delta"),
        Column::new("effect"),
        Column::number("lag_after"),
        Column::number("after_offset").titled("AFTER").wide(),
        Column::new("note"),
    ];

    fn row(&self) -> Vec<Cell> {
        let delta = self
            .target_offset
            .zip(self.committed_offset)
            .map(|(target, now)| target.saturating_sub(now));
        vec![
            self.name().into_owned().as_str().into(),
            self.committed_offset.into(),
            self.target_offset.into(),
            delta.into(),
            self.effect(),
            self.lag_after.into(),
            self.after_offset.into(),
            self.note.as_deref().map_or_else(Cell::empty, Cell::text),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        format!("{}/q{}", self.broker, self.queue).into()
    }
}

impl Item for Reset {
    const SCHEMA: &'static str = "gantry.group.reset/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("group"),
        Column::new("topic"),
        Column::new("to"),
        Column::new("executed"),
        Column::number("replays"),
        Column::number("skips"),
        Column::number("lag_before"),
        Column::number("lag_after"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.group).into(),
            (&self.topic).into(),
            (&self.to).into(),
            self.executed.into(),
            self.replays.into(),
            self.skips.into(),
            self.lag_before.into(),
            self.lag_after.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.group.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let state = match self.members {
            0 => "the group is offline".to_owned(),
            members => format!(
                "the group is ONLINE ({}): they will go on from there",
                counted(members, "member")
            ),
        };
        let word = if self.executed { "reset" } else { "plan" };
        page.line(&format!(
            "{word}: group {}, topic {}, to {}; {state}",
            self.group, self.topic, self.to
        ));
        let rows: Vec<QueueRow> = self
            .queues
            .iter()
            .filter(|row| self.all_rows || row.is_of_interest())
            .cloned()
            .collect();
        let shown = if self.all_rows {
            rows.len()
        } else {
            rows.len().min(ROWS_MAX)
        };
        let more = self.queues.len() - shown;
        if shown > 0 {
            page.gap();
            page.table(rows.get(..shown).unwrap_or_default());
        }
        page.gap();
        let more = if more > 0 {
            format!("… {} more (--all-rows)   ", counted(more, "queue"))
        } else {
            String::new()
        };
        page.line(&format!(
            "{more}total: replays {}, skips {}, lag {} → {}",
            grouped(self.replays.into()),
            grouped(self.skips.into()),
            grouped(self.lag_before.into()),
            grouped(self.lag_after.into())
        ));
        if self.skips > 0 && !self.executed {
            let text = "skipped messages will never be delivered to this group";
            page.painted(&[(Some(Role::Bad), text)]);
        }
        if let Some(apply) = &self.apply {
            page.painted(&[(Some(Role::Dim), &format!("apply: {apply}"))]);
        }
        if let Some(undo) = &self.undo {
            page.painted(&[(Some(Role::Dim), &format!("undo: {undo}"))]);
        }
    }
}
