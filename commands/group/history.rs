//! `gantry group history`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use client::snapshot::events::{EventKind, between};
use client::snapshot::{GroupState, Observer, Snapshot, Wants};
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::events::interval;
use crate::output::text::escape_controls;
use crate::output::units::{grouped, rfc3339, strftime};
use crate::output::{Cell, Column, Item, Role, View};
use crate::session;
use crate::signals::Stop;
use crate::watching::Looks;

/// Watch a group: lag, consumption, members and rebalances over time
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Brokers keep no history of groups, so this watches from now on: one sample a
look. Lag is written minus committed, and members commit every few seconds.
Rebalances are seen when members say which queues they read, every 5 seconds.

Examples:
  gantry group history billing
  gantry group history billing --for 10m --interval 5s -o csv > lag.csv
  gantry group history billing --topic orders -o jsonl"
)]
pub(crate) struct Args {
    /// The group
    group: String,

    /// Only its progress in this topic
    #[arg(short, long, value_name = "TOPIC")]
    topic: Option<String>,

    /// How long to watch
    #[arg(long = "for", id = "within", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    within: Duration,

    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

/// How the group is at one moment.
#[derive(Debug, Serialize)]
struct Sample {
    at: String,
    at_ms: i64,
    group: String,
    topic: Option<String>,
    members: Option<usize>,
    /// The sum of all queues' ends.
    written: Option<i64>,
    /// The sum of all committed offsets.
    consumed: Option<i64>,
    lag: Option<i64>,
    retry: Option<i64>,
    lag_growth_per_s: Option<f64>,
    out_per_s: Option<f64>,
    /// What happened to the group since the sample before.
    events: Vec<String>,
}

impl Sample {
    fn of(group: &GroupState, args: &Args, before: Option<&Snapshot>, seen: &Snapshot) -> Self {
        let queues = group.queues.as_ref().map(|queues| {
            let is_wanted =
                |topic: &String| args.topic.as_ref().is_none_or(|wanted| wanted == topic);
            let queues = queues.iter();
            queues.filter(move |queue| is_wanted(&queue.queue.topic))
        });
        let events = before
            .map(|before| between(before, seen))
            .unwrap_or_default();
        let own = events
            .into_iter()
            .filter(|event| event.subject == group.group);
        let told = own.filter(|event| event.kind != EventKind::GroupAppeared);
        let rate = |rate: Option<f64>| rate.filter(|_| args.topic.is_none());
        Self {
            at: rfc3339(seen.groups.taken_ms),
            at_ms: seen.groups.taken_ms,
            group: group.group.clone(),
            topic: args.topic.clone(),
            members: group.members,
            written: queues
                .clone()
                .map(|queues| queues.map(|queue| queue.max_offset).sum()),
            consumed: queues
                .clone()
                .map(|queues| queues.map(|queue| queue.consumer_offset).sum()),
            lag: queues.map(|queues| queues.map(client::snapshot::GroupQueue::lag).sum()),
            retry: group.retry,
            lag_growth_per_s: rate(group.lag_growth_per_s),
            out_per_s: rate(group.out_per_s),
            events: told.map(|event| event.text).collect(),
        }
    }
}

impl Item for Sample {
    const SCHEMA: &'static str = "gantry.group.history/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("at"),
        Column::number("members"),
        Column::number("written"),
        Column::number("consumed"),
        Column::number("lag"),
        Column::number("retry"),
        Column::number("lag_growth_per_s"),
        Column::number("out_per_s"),
        Column::new("events"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.at).into(),
            self.members.into(),
            self.written.into(),
            self.consumed.into(),
            self.lag.into(),
            self.retry.into(),
            self.lag_growth_per_s
                .map_or_else(Cell::empty, Cell::decimal),
            self.out_per_s.map_or_else(Cell::empty, Cell::decimal),
            Cell::list(&self.events),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.group.as_str().into()
    }

    fn line(&self, view: &View) -> String {
        let time = strftime("%H:%M:%S", self.at_ms).unwrap_or_default();
        let number = |number: Option<i64>| {
            number.map_or_else(|| "?".to_owned(), |number| grouped(number.into()))
        };
        let members = self
            .members
            .map_or_else(|| "?".to_owned(), |count| count.to_string());
        let lag = number(self.lag);
        let pad = " ".repeat(9_usize.saturating_sub(lag.chars().count()));
        let role = if self.lag == Some(0) {
            Role::Ok
        } else {
            Role::Warn
        };
        let lag = Cell::text(lag).role(role).paint(view);
        let rate = |rate: Option<f64>| rate.map_or_else(String::new, |rate| format!("{rate:.0}/s"));
        let mut line = format!(
            "{time}  members {members:>3}  lag {pad}{lag}  consumed {:>11} {:>8}",
            number(self.consumed),
            rate(self.out_per_s),
        );
        for event in &self.events {
            line.push_str("  ");
            line.push_str(&escape_controls(event));
        }
        line.trim_end().to_owned()
    }
}

/// Shows samples until the time is over or a signal comes.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let known = session.ask(|| admin.groups()).await?;
    if known.items.iter().all(|entry| entry.group != args.group) {
        return Err(session.group_not_found(&known.items, &args.group));
    }
    let observer = Observer::new(session.client().clone());
    let wants = Wants {
        groups: true,
        visible_groups: vec![args.group.clone()],
        ..Wants::default()
    };
    let looks = Looks::new(ctx, observer, wants, args.interval, Some(args.within));
    let mut stop = ctx.signals.claim();
    let shown = show(ctx, args, looks, &mut stop).await;
    session.close().await;
    shown?;
    if stop.is_requested() {
        return Err(CommandError::signal(stop.requested().await));
    }
    Ok(())
}

async fn show(
    ctx: &Context,
    args: &Args,
    mut looks: Looks<'_>,
    stop: &mut Stop,
) -> Result<(), CommandError> {
    let mut stream = ctx.out.stream::<Sample>();
    let mut before: Option<Snapshot> = None;
    while let Some(seen) = looks.next(stop).await {
        let groups = seen.groups.get().map_or(&[][..], Vec::as_slice);
        let by_name: BTreeMap<_, _> = groups.iter().map(|group| (&group.group, group)).collect();
        match by_name.get(&args.group) {
            // An old picture is no sample of now.
            Some(group) if !seen.groups.is_stale => {
                stream.push(&Sample::of(group, args, before.as_ref(), &seen))?;
            }
            Some(_) => ctx.out.warn("no broker answers"),
            None => ctx.out.warn("no broker has said anything of the group"),
        }
        if stream.is_full() {
            break;
        }
        before = Some(seen);
    }
    stream.finish();
    Ok(())
}
