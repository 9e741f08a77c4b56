//! `gantry group describe`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use client::admin::QueueStats;
use client::{PullConsumer, PullOptions, TOOLS_CONSUMER_GROUP, concurrently};
use protocol::body::MessageQueue;
use serde::Serialize;

use super::owners::{owners, running_infos};
use super::queues::QueueLine;
use super::state::Seen;
use super::summary::GroupSummary;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Page, Partly};
use crate::session::{self, Session};

/// Show a group: its members, who reads which queue, how far it has come
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Members are asked which queues they read. Of those that do not answer, the
owner is computed as the default strategy divides the queues, and marked so.

Examples:
  gantry group describe billing
  gantry group describe billing -o json --fields lag,queues.owner"
)]
pub(crate) struct Args {
    /// The group
    group: String,
}

/// A group with its members and queues.
#[derive(Debug, Serialize)]
pub(crate) struct GroupPage {
    #[serde(flatten)]
    summary: GroupSummary,
    /// Messages that the group consumes a second.
    consume_tps: f64,
    queues: Vec<QueueLine>,
}

impl Item for GroupPage {
    const SCHEMA: &'static str = "gantry.group.describe/1";
    const COLUMNS: &'static [Column] = &[
        GroupSummary::GROUP,
        GroupSummary::STATE,
        GroupSummary::MODE,
        GroupSummary::CONSUME_TYPE,
        GroupSummary::MEMBERS,
        GroupSummary::TOPICS,
        GroupSummary::LAG,
        Column::number("consume_tps"),
    ];

    fn row(&self) -> Vec<Cell> {
        let mut cells = self.summary.cells();
        cells.push(Cell::decimal(self.consume_tps));
        cells
    }

    fn name(&self) -> Cow<'_, str> {
        self.summary.group.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        for (column, cell) in Self::COLUMNS.iter().zip(self.row()) {
            page.field(&column.key.replace('_', " "), cell);
        }
        if !self.summary.members.is_empty() {
            page.gap();
            page.table(&self.summary.members);
        }
        if !self.queues.is_empty() {
            page.gap();
            page.table(&self.queues);
        }
    }
}

/// Asks the brokers, and through them the members.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Partly<GroupPage>, CommandError> {
    let session = session::connect(ctx).await?;
    let asked = describe(&session, &args.group, ctx.timeout());
    let page = ctx
        .out
        .busy("asking brokers and members", Box::pin(asked))
        .await;
    session.close().await;
    page
}

async fn describe(
    session: &Session,
    group: &str,
    timeout: Duration,
) -> Result<Partly<GroupPage>, CommandError> {
    let admin = session.admin();
    let seen = session.ask(|| Seen::ask(&admin, group)).await?;
    let is_unknown = seen.connection.is_none() && seen.progress.queues.is_empty();
    if is_unknown && seen.failed.is_empty() {
        // Asking a broker for this one group would create it there.
        let groups = session.ask(|| admin.groups()).await?;
        if groups.items.iter().all(|entry| entry.group != group) {
            return Err(session.group_not_found(&groups.items, group));
        }
    }
    let infos = match &seen.connection {
        Some(connection) => running_infos(&admin, group, connection, timeout).await,
        None => BTreeMap::new(),
    };
    let stats = queue_stats(session, &seen, group).await;
    let mut queues = queue_lines(&seen, &stats);
    let mut summary = GroupSummary::of(group, &seen, &infos);
    if let Some(connection) = &seen.connection {
        let all: Vec<MessageQueue> = queues.iter().map(QueueLine::message_queue).collect();
        let owners = owners(group, connection, &infos, &all);
        for line in &mut queues {
            if let Some(owner) = owners.get(&line.message_queue()) {
                line.set_owner(owner);
            }
        }
        for member in &mut summary.members {
            let own = owners
                .values()
                .filter(|owner| owner.client_id == member.client_id);
            member.queue_count = Some(own.count());
        }
    }
    measure_ages(session, &mut queues).await;
    let failures = session.failures(&seen.failed);
    let item = GroupPage {
        summary,
        consume_tps: seen.progress.consume_tps,
        queues,
    };
    Ok(Partly { item, failures })
}

/// How full the queues of the group's topics are. A topic that cannot be asked about is left out: what
/// is not known of it is shown as such.
async fn queue_stats(
    session: &Session,
    seen: &Seen,
    group: &str,
) -> BTreeMap<MessageQueue, QueueStats> {
    let mut topics = seen.topics();
    topics.push(protocol::name::retry_topic(group));
    let asked = topics.into_iter().map(|topic| {
        let admin = session.admin();
        async move {
            admin
                .topic_stats(&topic)
                .await
                .map(|stats| stats.items)
                .unwrap_or_default()
        }
    });
    let stats = concurrently::all(asked).await.into_iter().flatten();
    stats.map(|stats| (stats.queue.clone(), stats)).collect()
}

/// A line for each queue that the group has read or subscribes to, sorted.
fn queue_lines(seen: &Seen, stats: &BTreeMap<MessageQueue, QueueStats>) -> Vec<QueueLine> {
    let mut lines: BTreeMap<MessageQueue, QueueLine> = BTreeMap::new();
    for (queue, stats) in stats {
        lines.insert(
            queue.clone(),
            QueueLine::unread(queue, Some(stats.max_offset)),
        );
    }
    // Of a broadcast the brokers know no offsets: what they answer is the state of nobody.
    if seen.mode() != Some("broadcasting") {
        for progress in &seen.progress.queues {
            lines.insert(progress.queue.clone(), QueueLine::of_progress(progress));
        }
    }
    for (queue, line) in &mut lines {
        line.min_offset = stats.get(queue).map(|stats| stats.min_offset);
    }
    lines.into_values().collect()
}

/// Looks at the oldest message that waits in each queue that is behind.
async fn measure_ages(session: &Session, queues: &mut [QueueLine]) {
    let client = session.client();
    let Ok(reader) = client.pull_consumer(TOOLS_CONSUMER_GROUP) else {
        return;
    };
    let now_ms = client.clock().now_ms();
    let behind: Vec<usize> = (0..queues.len())
        .filter(|at| queues[*at].lag.is_some_and(|lag| lag > 0))
        .collect();
    let asked = behind.iter().map(|at| {
        let line = &queues[*at];
        let from = line
            .committed_offset
            .max(line.min_offset)
            .unwrap_or_default();
        stored_at(reader.clone(), line.message_queue(), from)
    });
    let stored: Vec<Option<i64>> = concurrently::all(asked).await;
    for (at, stored_ms) in behind.into_iter().zip(stored) {
        queues[at].lag_ms = stored_ms.map(|stored_ms| now_ms.saturating_sub(stored_ms).max(0));
    }
}

async fn stored_at(reader: PullConsumer, queue: MessageQueue, offset: i64) -> Option<i64> {
    let options = PullOptions {
        messages_max: 1,
        ..PullOptions::default()
    };
    let pulled = reader.pull(&queue, offset, &options).await.ok()?;
    pulled
        .messages
        .first()
        .map(|message| message.store_timestamp)
}
