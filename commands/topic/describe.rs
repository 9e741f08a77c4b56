//! `gantry topic describe`.

use std::borrow::Cow;

use client::ClientError;
use client::admin::QueueStats;
use serde::Serialize;

use super::summary::{TopicSummary, perm_text};
use crate::context::Context;
use crate::error::{CommandError, Failure};
use crate::output::units::rfc3339;
use crate::output::{Cell, Column, Item, Page, Partly, Role};
use crate::session::{self, Session};

/// Show a topic: its queues, how full they are, who consumes it
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry topic describe orders
  gantry topic describe orders -o json --fields messages,queues.max_offset")]
pub(crate) struct Args {
    /// The topic
    topic: String,
}

/// A topic with its queues.
#[derive(Debug, Serialize)]
pub(crate) struct TopicPage {
    #[serde(flatten)]
    summary: TopicSummary,
    /// Messages that are stored now, over all queues.
    messages: i64,
    queues: Vec<QueueLine>,
    /// Groups that consume it, as far as brokers know.
    groups: Vec<String>,
    settings: Vec<OnBrokerLine>,
}

/// One queue.
#[derive(Debug, Clone, Serialize)]
struct QueueLine {
    broker: String,
    queue: i32,
    min_offset: i64,
    max_offset: i64,
    last_stored_at: Option<String>,
    last_stored_at_ms: Option<i64>,
}

/// How one broker has the topic set up.
#[derive(Debug, Serialize)]
struct OnBrokerLine {
    broker: String,
    read_queues: i32,
    write_queues: i32,
    perm: String,
    ordered: bool,
}

impl QueueLine {
    fn new(stats: &QueueStats) -> Self {
        let last = Some(stats.last_update_ms).filter(|ms| *ms > 0);
        Self {
            broker: stats.queue.broker_name.clone(),
            queue: stats.queue.queue_id,
            min_offset: stats.min_offset,
            max_offset: stats.max_offset,
            last_stored_at: last.map(rfc3339),
            last_stored_at_ms: last,
        }
    }

    fn messages(&self) -> i64 {
        self.max_offset.saturating_sub(self.min_offset)
    }
}

impl Item for QueueLine {
    const SCHEMA: &'static str = "gantry.topic.queues/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("broker"),
        Column::number("queue"),
        Column::number("min_offset"),
        Column::number("max_offset"),
        Column::number("messages"),
        Column::new("last_stored_at").titled("LAST STORED"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.broker).into(),
            self.queue.into(),
            self.min_offset.into(),
            self.max_offset.into(),
            self.messages().into(),
            self.last_stored_at_ms
                .map_or_else(Cell::empty, Cell::time_ms),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        format!("{}:{}", self.broker, self.queue).into()
    }
}

impl Item for TopicPage {
    const SCHEMA: &'static str = "gantry.topic.describe/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("type"),
        Column::number("read_queues"),
        Column::number("write_queues"),
        Column::new("perm"),
        Column::new("brokers"),
        Column::number("messages"),
        Column::new("groups"),
    ];

    fn row(&self) -> Vec<Cell> {
        let mut cells = self.summary.row();
        cells.push(self.messages.into());
        cells.push(Cell::list(&self.groups));
        cells
    }

    fn name(&self) -> Cow<'_, str> {
        self.summary.topic.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        for (column, cell) in Self::COLUMNS.iter().zip(self.row()) {
            page.field(&column.key.replace('_', " "), cell);
        }
        if self.settings.iter().any(|on| on.ordered) {
            page.field("ordered", Cell::text("yes").role(Role::Warn));
        }
        page.gap();
        page.table(&self.queues);
    }
}

/// Asks the brokers of the topic.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Partly<TopicPage>, CommandError> {
    let session = session::connect(ctx).await?;
    let page = ctx
        .out
        .busy(
            "asking the brokers",
            Box::pin(describe(&session, &args.topic)),
        )
        .await;
    session.close().await;
    page
}

async fn describe(session: &Session, topic: &str) -> Result<Partly<TopicPage>, CommandError> {
    let admin = session.admin();
    let groups = async {
        // Without any consumer a broker may answer with an error: there is nothing to say then.
        let groups = admin.who_consumes(topic).await;
        Ok::<_, CommandError>(groups.map(|groups| groups.items).unwrap_or_default())
    };
    let (stats, configs, groups) = tokio::try_join!(
        session.ask_many(|| admin.topic_stats(topic)),
        session.ask_many(|| admin.topic_configs_of(topic)),
        groups,
    )?;
    let ((stats, mut failures), (configs, more)) = (stats, configs);
    for failure in more {
        if failures
            .iter()
            .all(|known: &Failure| known.target != failure.target)
        {
            failures.push(failure);
        }
    }
    if configs.is_empty() && stats.is_empty() {
        let namesrv = session.target().namesrv_text();
        let topic = topic.to_owned();
        return Err(session
            .explain(&ClientError::TopicNotFound { topic, namesrv })
            .await);
    }
    let pairs = configs
        .iter()
        .map(|on| (on.broker.name.as_str(), &on.value));
    let summary = TopicSummary::of(topic, pairs);
    let queues: Vec<_> = stats.iter().map(QueueLine::new).collect();
    let setting = |on: &client::OnBroker<protocol::body::TopicConfig>| OnBrokerLine {
        broker: on.broker.name.clone(),
        read_queues: on.value.read_queue_nums,
        write_queues: on.value.write_queue_nums,
        perm: perm_text(on.value.perm),
        ordered: on.value.order,
    };
    let item = TopicPage {
        messages: queues.iter().map(QueueLine::messages).sum(),
        settings: configs.iter().map(setting).collect(),
        summary,
        queues,
        groups,
    };
    Ok(Partly { item, failures })
}
