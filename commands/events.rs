//! `gantry events`: what happens in a cluster.

use std::borrow::Cow;
use std::time::Duration;

use client::snapshot::events::{Event, between};
use client::snapshot::{Observer, Snapshot, Wants};
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::text::escape_controls;
use crate::output::units::rfc3339;
use crate::output::{Cell, Column, Item, Role, View};
use crate::session;
use crate::signals::Stop;
use crate::watching::Looks;

/// How long to watch without more being said.
const A_MOMENT: Duration = Duration::from_secs(5);

/// Show what happens in a cluster
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Watches brokers, topics, groups and clients, and tells what is different from
look to look. RocketMQ's servers keep no history: what happened before is not
known. Without --follow or --for it watches for 5 seconds.

Kinds: namesrv_lost, namesrv_back, broker_joined, broker_left, broker_restarted,
broker_unreachable, broker_back, topic_created, topic_deleted, queues_changed,
route_changed, group_appeared, group_gone, member_joined, member_left,
rebalanced, lag_growing, lag_drained, offsets_reset

Examples:
  gantry events --follow
  gantry events -f --subject billing
  gantry events --for 10m --kind broker_left,broker_joined -o jsonl"
)]
pub(crate) struct Args {
    /// Go on until told to stop
    #[arg(short, long, conflicts_with = "within")]
    follow: bool,

    /// How long to watch
    #[arg(long = "for", id = "within", value_name = "DURATION", value_parser = humantime::parse_duration)]
    within: Option<Duration>,

    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,

    /// Only these kinds, separated by commas
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    kind: Vec<String>,

    /// Only what concerns this broker, topic or group
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
}

/// How often a command looks: often enough to be of use, not so often that it is a load.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if interval < Duration::from_millis(200) {
        return Err("no more often than every 200ms".to_owned());
    }
    Ok(interval)
}

fn kind(text: &str) -> Result<String, String> {
    use client::snapshot::events::EventKind;
    let is_known = EventKind::ALL.iter().any(|kind| kind.name() == text);
    if is_known {
        return Ok(text.to_owned());
    }
    let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    Err(format!("there are {}", known.join(", ")))
}

/// One event.
#[derive(Debug, Serialize)]
struct EventItem {
    at: String,
    at_ms: i64,
    kind: &'static str,
    subject: String,
    text: String,
    #[serde(skip)]
    is_bad: bool,
}

impl EventItem {
    fn of(event: Event) -> Self {
        Self {
            at: rfc3339(event.at_ms),
            at_ms: event.at_ms,
            kind: event.kind.name(),
            subject: event.subject,
            text: event.text,
            is_bad: event.kind.is_bad(),
        }
    }
}

impl Item for EventItem {
    const SCHEMA: &'static str = "gantry.events/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("at_ms").titled("TIME"),
        Column::new("kind"),
        Column::new("subject").wide(),
        Column::new("text"),
    ];

    fn row(&self) -> Vec<Cell> {
        let kind = Cell::text(self.kind);
        vec![
            Cell::time_ms(self.at_ms),
            if self.is_bad {
                kind.role(Role::Bad)
            } else {
                kind.role(Role::Accent)
            },
            (&self.subject).into(),
            (&self.text).into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.subject.as_str().into()
    }

    fn line(&self, view: &View) -> String {
        let time = crate::output::units::strftime("%H:%M:%S", self.at_ms);
        let kind = if self.is_bad {
            Cell::text(self.kind).role(Role::Bad)
        } else {
            Cell::text(self.kind).role(Role::Accent)
        };
        // Names of topics and clients may hold anything.
        let text = escape_controls(&self.text);
        let pad = " ".repeat(WIDEST_KIND.saturating_sub(self.kind.len()));
        format!(
            "{}  {}{pad}  {text}",
            time.unwrap_or_default(),
            kind.paint(view)
        )
    }
}

/// `broker_unreachable`.
const WIDEST_KIND: usize = 18;

/// Tells what happens until the time is over or a signal comes.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let session = session::connect(ctx).await?;
    // Whoever watches a cluster that is not there has mistaken its address.
    let admin = session.admin();
    session.ask(|| admin.brokers()).await?;
    let observer = Observer::new(session.client().clone());
    let within = match (args.follow, args.within) {
        (true, _) => None,
        (false, within) => Some(within.unwrap_or(A_MOMENT)),
    };
    let looks = Looks::new(ctx, observer, everything(), args.interval, within);
    let mut stop = ctx.signals.claim();
    let told = tell(ctx, args, looks, &mut stop).await;
    session.close().await;
    let told = told?;
    if stop.is_requested() {
        return Err(CommandError::signal(stop.requested().await));
    }
    if told == 0 {
        ctx.out.note("nothing happened");
    }
    Ok(())
}

fn everything() -> Wants {
    Wants {
        cluster: true,
        topics: true,
        groups: true,
        clients: true,
        ..Wants::default()
    }
}

/// Gives how many events were told.
async fn tell(
    ctx: &Context,
    args: &Args,
    mut looks: Looks<'_>,
    stop: &mut Stop,
) -> Result<usize, CommandError> {
    let mut stream = ctx.out.stream::<EventItem>();
    let mut before: Option<Snapshot> = None;
    while let Some(seen) = looks.next(stop).await {
        if let Some(groups) = seen.groups.get() {
            // Every group is of interest: its members are asked which queues they read.
            looks.see_groups(groups.iter().map(|group| group.group.clone()).collect());
        }
        if let Some(before) = &before {
            for event in between(before, &seen) {
                if args.wants(&event) {
                    stream.push(&EventItem::of(event))?;
                }
                if stream.is_full() {
                    let told = stream.written();
                    stream.finish();
                    return Ok(told);
                }
            }
        } else {
            ctx.out.note("watching; Ctrl-C ends");
        }
        before = Some(seen);
    }
    let told = stream.written();
    stream.finish();
    Ok(told)
}

impl Args {
    fn wants(&self, event: &Event) -> bool {
        let is_kind =
            self.kind.is_empty() || self.kind.iter().any(|kind| kind == event.kind.name());
        is_kind
            && self
                .subject
                .as_ref()
                .is_none_or(|subject| *subject == event.subject)
    }
}

#[cfg(test)]
mod tests {
    use client::snapshot::events::EventKind;

    use super::*;

    #[test]
    fn the_help_names_every_kind_and_lines_are_as_wide_as_the_widest() {
        use clap::Args as _;
        let command = Args::augment_args(clap::Command::new("events"));
        let help = command.get_after_long_help().unwrap().to_string();
        for kind in EventKind::ALL {
            assert!(help.contains(kind.name()), "{}", kind.name());
            assert!(kind.name().len() <= WIDEST_KIND);
        }
    }

    #[test]
    fn intervals_have_a_floor_and_kinds_are_known_words() {
        assert!(interval("100ms").is_err());
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        assert!(kind("broker_left").is_ok());
        assert!(kind("broker_lost").unwrap_err().contains("broker_left"));
    }
}
