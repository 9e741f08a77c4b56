//! How the story is told: a paragraph a step for people, a line a step for programs.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Role, Stream, View};

/// One step of the story.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    step: usize,
    title: String,
    /// The command that does the same by hand.
    by_hand: String,
    elapsed_ms: u64,
    /// What is to be seen, in lines.
    #[serde(skip)]
    lines: Vec<String>,
    result: Value,
}

impl Item for Step {
    const SCHEMA: &'static str = "gantry.demo.step/1";
    const COLUMNS: &'static [Column] = &[
        Column::number("step"),
        Column::new("title"),
        Column::new("by_hand"),
        Column::number("elapsed_ms"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.step.into(),
            (&self.title).into(),
            (&self.by_hand).into(),
            self.elapsed_ms.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.title.as_str().into()
    }

    fn line(&self, view: &View) -> String {
        let paint = |role, text: &str| view.palette.paint(role, text);
        let mut text = format!(
            "{}  {}\n",
            paint(Role::Heading, &format!("{}. {}", self.step, self.title)),
            paint(Role::Dim, &format!("{} ms", self.elapsed_ms)),
        );
        for line in &self.lines {
            text.push_str(&format!("   {line}\n"));
        }
        text.push_str(&paint(Role::Dim, &format!("   by hand:  {}", self.by_hand)));
        text.push('\n');
        text
    }
}

/// Tells one step after the other.
pub(crate) struct Telling<'a> {
    ctx: &'a Context,
    stream: Stream<Step>,
    steps: usize,
    begun: Duration,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(ctx: &'a Context) -> Self {
        Self {
            ctx,
            stream: ctx.out.stream(),
            steps: 0,
            begun: ctx.clock.elapsed(),
        }
    }

    /// Tells what a step has done, and begins to measure the next.
    pub(crate) fn step(
        &mut self,
        title: &str,
        by_hand: &str,
        lines: Vec<String>,
        result: Value,
    ) -> Result<(), CommandError> {
        self.steps += 1;
        let now = self.ctx.clock.elapsed();
        let elapsed = now.saturating_sub(std::mem::replace(&mut self.begun, now));
        self.stream.push(&Step {
            step: self.steps,
            title: title.to_owned(),
            by_hand: by_hand.to_owned(),
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            lines,
            result,
        })
    }

    pub(crate) fn finish(self) {
        self.stream.finish();
    }
}
