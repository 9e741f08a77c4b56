//! `gantry message get`.

use std::borrow::Cow;
use std::sync::Arc;

use client::{ClientError, PullOptions, TOOLS_CONSUMER_GROUP};
use protocol::body::MessageQueue;
use protocol::message::MessageExt;
use serde::Serialize;

use super::body::{self, BodyForm};
use super::lookup;
use super::read_by::ReadBy;
use crate::context::Context;
use crate::error::{CommandError, Failure, codes};
use crate::message_item::{LineOptions, MessageItem};
use crate::output::message_format::MessageFields;
use crate::output::{Cell, Column, Item, Page, Partly};
use crate::reading::selection::QueuePart;
use crate::session::{self, Session};

/// Show one message: everything in it, and which groups have read it
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "ID is the message id or the offset message id of a receipt. A message id is looked
up in every topic unless --topic says which; its copies in retry and dead letter
topics are listed. Which groups have read it follows from their offsets.

Examples:
  gantry message get 7F0000012A3F18B4AAC20512345600A1
  gantry message get 7F0000012A3F18B4AAC20512345600A1 --topic orders -o json
  gantry message get --topic orders --queue b-0:3 --offset 42 --body hex
  gantry message get --topic orders --queue b-0:3 --offset 42 -F %v > body"
)]
pub(crate) struct Args {
    /// Message id or offset message id
    #[arg(
        value_name = "ID",
        required_unless_present = "queue",
        conflicts_with = "queue"
    )]
    id: Option<String>,

    /// The message's topic
    #[arg(short, long, value_name = "TOPIC")]
    topic: Option<String>,

    /// Instead of an id: the queue it lies in, b-0:3
    #[arg(long, value_name = "BROKER:ID", value_parser = QueuePart::parse, requires_all = ["topic", "offset"])]
    queue: Option<QueuePart>,

    /// Instead of an id: its place in that queue
    #[arg(long, value_name = "N", requires = "queue")]
    offset: Option<i64>,

    /// How the body is shown
    #[arg(long, value_enum, value_name = "FORM", default_value = "auto")]
    body: BodyForm,
}

/// Another message with the same id.
#[derive(Debug, Serialize)]
struct OtherCopy {
    topic: String,
    broker: String,
    queue: i32,
    offset: i64,
    reconsume_times: i32,
    stored_at_ms: i64,
}

impl OtherCopy {
    fn new(message: &MessageExt) -> Self {
        Self {
            topic: message.topic.clone(),
            broker: message.broker_name.clone(),
            queue: message.queue_id,
            offset: message.queue_offset,
            reconsume_times: message.reconsume_times,
            stored_at_ms: message.store_timestamp,
        }
    }
}

impl Item for OtherCopy {
    const SCHEMA: &'static str = "gantry.message.copy/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("broker"),
        Column::number("queue"),
        Column::number("offset"),
        Column::number("reconsume_times").titled("RETRY"),
        Column::new("stored_at_ms").titled("STORED"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.topic).into(),
            (&self.broker).into(),
            self.queue.into(),
            self.offset.into(),
            self.reconsume_times.into(),
            Cell::time_ms(self.stored_at_ms),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.topic.as_str().into()
    }
}

/// A message with what is known of it.
#[derive(Debug, Serialize)]
pub(crate) struct MessagePage {
    #[serde(flatten)]
    item: MessageItem,
    /// Where it begins in the CommitLog of its broker.
    physical_offset: i64,
    sys_flag: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_json: Option<serde_json::Value>,
    read_by: Vec<ReadBy>,
    copies: Vec<OtherCopy>,
    #[serde(skip)]
    message: Arc<MessageExt>,
    #[serde(skip)]
    form: BodyForm,
}

impl Item for MessagePage {
    const SCHEMA: &'static str = "gantry.message.get/1";
    const COLUMNS: &'static [Column] = MessageItem::COLUMNS;

    fn row(&self) -> Vec<Cell> {
        self.item.row()
    }

    fn name(&self) -> Cow<'_, str> {
        self.item.name()
    }

    fn page(&self, page: &mut Page) {
        let message = &*self.message;
        let place = format!(
            "{}/q{}@{}",
            message.broker_name, message.queue_id, message.queue_offset
        );
        page.field("id", message.msg_id().as_ref())
            .field("offset id", message.offset_msg_id())
            .field("topic", &message.topic)
            .field("place", place)
            .field("commit log", Cell::count(message.physical_offset))
            .field("keys", Cell::list(message.keys()))
            .field("tags", message.tags())
            .field("born", Cell::time_ms(message.born_timestamp))
            .field("from", message.born_host.to_string())
            .field("stored", Cell::time_ms(message.store_timestamp))
            .field("on", message.store_host.to_string())
            .field("retries", message.reconsume_times)
            .field(
                "flags",
                format!("{} system {}", message.flag, message.sys_flag),
            );
        page.heading("properties");
        for (name, value) in message.properties.iter() {
            page.field(name, value);
        }
        let shown = self.form.show(&message.body);
        let size =
            crate::output::units::bytes(u64::try_from(message.body.len()).unwrap_or(u64::MAX));
        page.heading(&format!("body, {size}, {}", shown.form));
        page.line(&shown.text);
        page.heading("read by");
        if self.read_by.is_empty() {
            page.line("no group has an offset in this topic");
        } else {
            page.table(&self.read_by);
        }
        if !self.copies.is_empty() {
            page.heading("other copies");
            page.table(&self.copies);
        }
    }

    fn message(&self) -> Option<&dyn MessageFields> {
        self.item.message()
    }
}

/// Finds the message and asks who has read it.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Partly<MessagePage>, CommandError> {
    let session = session::connect(ctx).await?;
    let page = ctx
        .out
        .busy("looking for the message", Box::pin(get(&session, args)))
        .await;
    session.close().await;
    page
}

async fn get(session: &Session, args: &Args) -> Result<Partly<MessagePage>, CommandError> {
    let topic = args.topic.as_deref();
    let mut found = match (&args.id, &args.queue, topic, args.offset) {
        (Some(id), ..) => lookup::by_id(session, id.trim(), topic).await?,
        (None, Some(queue), Some(topic), Some(offset)) => {
            vec![in_queue(session, topic, queue, offset).await?]
        }
        _ => {
            return Err(CommandError::new(
                &codes::USAGE,
                "an id, or --queue and --offset",
            ));
        }
    };
    // The first is where its life began; the others came of it.
    let message = Arc::new(found.remove(0));
    let (read_by, failures) = read_by(session, &message).await;
    let json = (args.body == BodyForm::Json).then(|| body::json_of(&message.body));
    let item = MessagePage {
        item: MessageItem::new(Arc::clone(&message), LineOptions::default()),
        physical_offset: message.physical_offset,
        sys_flag: message.sys_flag,
        body_json: json.flatten(),
        read_by,
        copies: found.iter().map(OtherCopy::new).collect(),
        message,
        form: args.body,
    };
    Ok(Partly { item, failures })
}

/// What each group has made of a message, and the brokers that did not tell.
async fn read_by(session: &Session, message: &MessageExt) -> (Vec<ReadBy>, Vec<Failure>) {
    match session.admin().message_track(message).await {
        Ok(tracks) => {
            let read_by = tracks.items.iter().map(|track| ReadBy::new(session, track));
            (read_by.collect(), session.failures(&tracks.failed))
        }
        Err(error) => {
            let failure = Failure::new(message.topic.as_str(), &session.error(&error));
            (Vec::new(), vec![failure])
        }
    }
}

/// The message at a place of a queue.
async fn in_queue(
    session: &Session,
    topic: &str,
    part: &QueuePart,
    offset: i64,
) -> Result<MessageExt, CommandError> {
    let Some((broker, id)) = part.single() else {
        return Err(CommandError::new(
            &codes::USAGE,
            "--queue: one queue, such as b-0:3",
        ));
    };
    let queue = MessageQueue::new(topic, broker, id);
    let consumer = session
        .client()
        .pull_consumer(TOOLS_CONSUMER_GROUP)
        .map_err(|error| session.error(&error))?;
    let options = PullOptions {
        messages_max: 1,
        ..PullOptions::default()
    };
    let pulled = session
        .ask(|| consumer.pull(&queue, offset, &options))
        .await?;
    let there = pulled.messages.into_iter().next();
    there
        .filter(|message| message.queue_offset == offset)
        .ok_or_else(|| {
            let what = format!("a message at offset {offset} of {topic} {broker}/q{id}");
            let error = session.error(&ClientError::NotFound { what });
            error.looked_at(format!(
                "offsets {} to {}",
                pulled.min_offset,
                pulled.max_offset - 1
            ))
        })
}
