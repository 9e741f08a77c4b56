//! `gantry group list`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use client::concurrently;
use protocol::name;
use serde::Serialize;

use super::members::{Member, members};
use super::state::Seen;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Listing, Role};
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
    group: String,
    state: &'static str,
    mode: Option<&'static str>,
    consume_type: Option<&'static str>,
    members: Vec<Member>,
    topics: Vec<String>,
    lag: Option<i64>,
}

impl Item for GroupEntry {
    const SCHEMA: &'static str = "gantry.group.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("group"),
        Column::new("state"),
        Column::new("mode"),
        Column::new("consume_type").titled("TYPE"),
        Column::number("members"),
        Column::new("topics"),
        Column::number("lag"),
    ];

    fn row(&self) -> Vec<Cell> {
        let lag = Cell::from(self.lag);
        vec![
            Cell::from(&self.group).role(Role::Accent),
            state_cell(self.state),
            self.mode.into(),
            self.consume_type.into(),
            self.members.len().into(),
            Cell::list(&self.topics),
            if self.lag.is_some_and(|lag| lag > 0) {
                lag.role(Role::Warn)
            } else {
                lag
            },
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.group.as_str().into()
    }
}

pub(super) fn state_cell(state: &'static str) -> Cell {
    Cell::text(state).role(if state == "online" {
        Role::Ok
    } else {
        Role::Dim
    })
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
        entries.push(entry(group, &seen));
    }
    session.close().await;
    Ok(Listing::new(entries)
        .when_empty("no groups yet; next: gantry consume TOPIC -g GROUP")
        .failures(failures))
}

fn entry(group: String, seen: &Seen) -> GroupEntry {
    let nobody = BTreeMap::new();
    GroupEntry {
        group,
        state: seen.state(),
        mode: seen.mode(),
        consume_type: seen.consume_type(),
        members: seen
            .connection
            .as_ref()
            .map(|connection| members(connection, &nobody))
            .unwrap_or_default(),
        topics: seen.topics(),
        lag: seen.lag(),
    }
}
