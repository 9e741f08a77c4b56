//! `gantry group list`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use client::concurrently;
use protocol::name;
use serde::Serialize;

use super::state::Seen;
use super::summary::GroupSummary;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Listing};
use crate::session;

/// List consumer groups
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry group list
  gantry group list --sort -lag --limit 5 -o json")]
pub(crate) struct Args {
    /// Show RocketMQ's own groups too
    #[arg(short, long)]
    all: bool,
}

/// One group.
#[derive(Debug, Serialize)]
pub(crate) struct GroupEntry {
    #[serde(flatten)]
    summary: GroupSummary,
}

impl Item for GroupEntry {
    const SCHEMA: &'static str = "gantry.group.list/1";
    const COLUMNS: &'static [Column] = &[
        GroupSummary::GROUP,
        GroupSummary::STATE,
        GroupSummary::MODE,
        GroupSummary::CONSUME_TYPE,
        GroupSummary::MEMBERS,
        GroupSummary::TOPICS,
        GroupSummary::LAG,
    ];

    fn row(&self) -> Vec<Cell> {
        self.summary.cells()
    }

    fn name(&self) -> Cow<'_, str> {
        self.summary.group.as_str().into()
    }
}

/// Asks the brokers which groups there are, and then of each how it is.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<GroupEntry>, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let asked = session.ask_many(|| admin.groups());
    let (groups, mut failures) = ctx.out.busy("asking the brokers", asked).await?;
    let mut names: Vec<String> = groups.into_iter().map(|entry| entry.group).collect();
    if !args.all {
        names.retain(|group| !name::is_predefined_group(group) && !name::is_system_group(group));
    }
    let asked = names.into_iter().map(|group| {
        let admin = admin.clone();
        async move {
            let seen = Seen::ask(&admin, &group).await;
            (group, seen)
        }
    });
    let seen = ctx
        .out
        .busy("asking for their members", concurrently::all(asked))
        .await;
    let mut entries = Vec::new();
    for (group, seen) in seen {
        let seen = seen.map_err(|error| session.error(&error))?;
        for failure in session.failures(&seen.failed) {
            if failures.iter().all(|known| known.target != failure.target) {
                failures.push(failure);
            }
        }
        // Members are not asked what they do: their number is what a list shows.
        let summary = GroupSummary::of(&group, &seen, &BTreeMap::new());
        entries.push(GroupEntry { summary });
    }
    session.close().await;
    Ok(Listing::new(entries)
        .when_empty("no groups yet; next: gantry consume TOPIC -g GROUP")
        .failures(failures))
}
