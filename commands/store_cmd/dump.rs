//! `gantry store dump`.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use protocol::message::{MessageExt, RecordView};
use serde::Serialize;
use store::StoreConfig;
use store::inspect::contents;

use super::{Directory, blocking};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::message_item::{LineOptions, MessageItem};
use crate::output::message_format::MessageFields;
use crate::output::{Cell, Column, Format, Item, Listing, Output, Render as _, Stream, View};
use crate::signals::Stop;

/// Show the records of a store directory as they lie there
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_long_help = "Records come in the order of the log; damaged ones are named and passed over. Bodies
that are no text are body_b64 in JSON.

Examples:
  gantry store dump ~/store --limit 10
  gantry store dump ~/store --from 1073741824 --topic orders -o jsonl
  gantry store dump ~/store --queue-units --topic orders --queue 0
  gantry store dump ~/store --checkpoint"
)]
pub(crate) struct Args {
    #[command(flatten)]
    directory: Directory,

    /// Begin here: a physical offset; with --queue-units a queue offset
    #[arg(long, value_name = "OFFSET", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    from: i64,

    /// Only this topic
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,

    /// Only this queue
    #[arg(long, value_name = "ID", requires = "topic")]
    queue: Option<i32>,

    /// Show the units of the ConsumeQueues instead
    #[arg(long, group = "what")]
    queue_units: bool,

    /// Show the entries of the index files instead
    #[arg(long, group = "what", conflicts_with_all = ["topic", "from"])]
    index: bool,

    /// Show the checkpoint instead
    #[arg(long, group = "what", conflicts_with_all = ["topic", "from"])]
    checkpoint: bool,

    /// Read the directory although a broker is running on it
    #[arg(long)]
    force: bool,
}

/// One record of the log.
#[derive(Debug, Serialize)]
struct RecordItem {
    physical_offset: i64,
    size: i32,
    sys_flag: i32,
    body_crc: i32,
    prepared_transaction_offset: i64,
    #[serde(flatten)]
    message: MessageItem,
}

impl RecordItem {
    fn new(record: &RecordView<'_>, options: LineOptions) -> Option<Self> {
        // A body that cannot be decompressed is shown as it lies there.
        let message = MessageExt::from_record(record, true)
            .or_else(|_| MessageExt::from_record(record, false))
            .ok()?;
        Some(Self {
            physical_offset: message.physical_offset,
            size: message.store_size,
            sys_flag: message.sys_flag,
            body_crc: record.body_crc(),
            prepared_transaction_offset: message.prepared_transaction_offset,
            message: MessageItem::new(Arc::new(message), options),
        })
    }
}

impl Item for RecordItem {
    const SCHEMA: &'static str = "gantry.store.record/1";
    const COLUMNS: &'static [Column] = &[
        Column::number("physical_offset").titled("AT"),
        Column::number("size"),
        Column::new("topic"),
        Column::number("queue"),
        Column::number("offset"),
        Column::new("msg_id"),
        Column::new("keys"),
        Column::new("tags"),
        Column::new("stored_at"),
        Column::new("body"),
        Column::new("body_b64").wide(),
        Column::number("sys_flag").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let cells = <[Cell; 11]>::try_from(self.message.row());
        let cells = cells.unwrap_or_else(|_| std::array::from_fn(|_| Cell::empty()));
        let [
            topic,
            _,
            queue,
            offset,
            msg_id,
            keys,
            tags,
            stored_at,
            _,
            body,
            body_b64,
        ] = cells;
        vec![
            self.physical_offset.into(),
            self.size.into(),
            topic,
            queue,
            offset,
            msg_id,
            keys,
            tags,
            stored_at,
            body,
            body_b64,
            self.sys_flag.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.physical_offset.to_string().into()
    }

    fn line(&self, view: &View) -> String {
        let separator = if view.terminal { "  " } else { "\t" };
        let message = self.message.line(view);
        format!("{:>12}{separator}{message}", self.physical_offset)
    }

    fn message(&self) -> Option<&dyn MessageFields> {
        self.message.message()
    }
}

/// One unit of a ConsumeQueue.
#[derive(Debug, Serialize)]
struct UnitItem {
    topic: String,
    queue: i32,
    queue_offset: i64,
    physical_offset: i64,
    size: i32,
    tags_code: i64,
}

impl Item for UnitItem {
    const SCHEMA: &'static str = "gantry.store.unit/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::number("queue"),
        Column::number("queue_offset"),
        Column::number("physical_offset"),
        Column::number("size"),
        Column::number("tags_code"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.topic).into(),
            self.queue.into(),
            self.queue_offset.into(),
            self.physical_offset.into(),
            self.size.into(),
            self.tags_code.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.queue_offset.to_string().into()
    }
}

/// One entry of an index file.
#[derive(Debug, Serialize)]
struct EntryItem {
    file: String,
    number: u32,
    key_hash: i32,
    physical_offset: i64,
    stored_at_ms: i64,
    previous: i32,
}

impl Item for EntryItem {
    const SCHEMA: &'static str = "gantry.store.index_entry/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("file"),
        Column::number("number"),
        Column::number("key_hash"),
        Column::number("physical_offset"),
        Column::number("stored_at_ms").titled("STORED AT"),
        Column::number("previous"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.file).into(),
            self.number.into(),
            self.key_hash.into(),
            self.physical_offset.into(),
            Cell::time_ms(self.stored_at_ms),
            self.previous.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.number.to_string().into()
    }
}

/// One field of the checkpoint.
#[derive(Debug, Serialize)]
struct FieldItem {
    field: &'static str,
    value: String,
}

impl Item for FieldItem {
    const SCHEMA: &'static str = "gantry.store.checkpoint/1";
    const COLUMNS: &'static [Column] = &[Column::new("field"), Column::new("value")];

    fn row(&self) -> Vec<Cell> {
        vec![self.field.into(), (&self.value).into()]
    }

    fn name(&self) -> Cow<'_, str> {
        self.field.into()
    }
}

/// Shows items as they are read, or all of them in one document.
enum Shown<T: Item> {
    Stream(Stream<T>),
    Document(Output, Vec<T>),
}

impl<T: Item> Shown<T> {
    fn new(out: &Output) -> Self {
        if matches!(out.options().format, Format::Json | Format::Yaml) {
            Self::Document(out.clone(), Vec::new())
        } else {
            Self::Stream(out.stream())
        }
    }

    /// Shows one more; breaks when there are enough.
    fn push(&mut self, item: T) -> Result<ControlFlow<()>, CommandError> {
        let is_full = match self {
            Self::Stream(stream) => {
                stream.push(&item)?;
                stream.is_full()
            }
            Self::Document(out, items) => {
                items.push(item);
                let limit = out.options().limit;
                limit.is_some_and(|limit| items.len() >= limit)
            }
        };
        Ok(if is_full {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn finish(self) -> Result<(), CommandError> {
        match self {
            Self::Stream(stream) => {
                stream.finish();
                Ok(())
            }
            Self::Document(out, items) => Listing::new(items).render(&out),
        }
    }
}

/// Runs a walk whose visitor shows what it meets, until there is enough, the command shall stop or the
/// output fails.
fn show<T: Item>(
    out: &Output,
    stop: &Stop,
    walk: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> io::Result<()>,
) -> Result<(), CommandError> {
    let mut shown = Shown::new(out);
    let mut failed = Ok(());
    let walked = walk(&mut |item| match shown.push(item) {
        Ok(ControlFlow::Continue(())) if !stop.is_requested() => ControlFlow::Continue(()),
        Ok(_) => ControlFlow::Break(()),
        Err(error) => {
            failed = Err(error);
            ControlFlow::Break(())
        }
    });
    failed?;
    walked.map_err(|error| {
        CommandError::new(
            &codes::FILE_FAILED,
            format!("cannot read the store: {error}"),
        )
    })?;
    shown.finish()
}

/// Shows what the flags ask for.
pub(super) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    let (config, _in_use) = args.directory.open_to_read(ctx, args.force)?;
    if ctx.out.options().limit == Some(0) {
        return Ok(());
    }
    let out = ctx.out.clone();
    let args = args.clone();
    blocking(ctx, move |stop| {
        if args.checkpoint {
            checkpoint(&config, &out, stop)
        } else if args.index {
            index(&config, &out, stop)
        } else if args.queue_units {
            units(&config, &args, &out, stop)
        } else {
            records(&config, &args, &out, stop)
        }
    })
    .await
}

fn records(
    config: &StoreConfig,
    args: &Args,
    out: &Output,
    stop: &Stop,
) -> Result<(), CommandError> {
    let options = LineOptions {
        full: false,
        with_topic: true,
    };
    show(out, stop, |visit| {
        let mut unshown = 0_u64;
        let damaged = contents::records(config, args.from, &mut |record| {
            let wanted = args
                .topic
                .as_deref()
                .is_none_or(|topic| topic == record.topic())
                && args.queue.is_none_or(|queue| queue == record.queue_id());
            if stop.is_requested() {
                return ControlFlow::Break(());
            }
            match RecordItem::new(record, options).filter(|_| wanted) {
                Some(item) => visit(item),
                None => {
                    unshown += u64::from(wanted);
                    ControlFlow::Continue(())
                }
            }
        })?;
        for range in damaged {
            let length = range.end - range.start;
            let at = range.start;
            out.warn(&format!("no sound record in {length} bytes from {at} on"));
        }
        if unshown > 0 {
            out.warn(&format!("{unshown} records cannot be shown as messages"));
        }
        Ok(())
    })
}

fn units(config: &StoreConfig, args: &Args, out: &Output, stop: &Stop) -> Result<(), CommandError> {
    show(out, stop, |visit| {
        for (topic, queue) in contents::queues(config)? {
            let wanted = args.topic.as_ref().is_none_or(|wanted| *wanted == topic)
                && args.queue.is_none_or(|wanted| wanted == queue);
            let mut flow = ControlFlow::Continue(());
            if wanted {
                contents::units(
                    config,
                    &topic,
                    queue,
                    args.from,
                    &mut |queue_offset, unit| {
                        flow = visit(UnitItem {
                            topic: topic.clone(),
                            queue,
                            queue_offset,
                            physical_offset: unit.physical_offset,
                            size: unit.size,
                            tags_code: unit.tags_code,
                        });
                        flow
                    },
                )?;
            }
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    })
}

fn index(config: &StoreConfig, out: &Output, stop: &Stop) -> Result<(), CommandError> {
    show(out, stop, |visit| {
        contents::index_entries(config, &mut |file, begin_ms, entry| {
            visit(EntryItem {
                file: file.to_owned(),
                number: entry.number,
                key_hash: entry.key_hash,
                physical_offset: entry.physical_offset,
                stored_at_ms: begin_ms.saturating_add(i64::from(entry.seconds) * 1000),
                previous: entry.previous,
            })
        })
    })
}

fn checkpoint(config: &StoreConfig, out: &Output, stop: &Stop) -> Result<(), CommandError> {
    let fields = contents::checkpoint(config)
        .map_err(|error| CommandError::io("read", &config.root.join("checkpoint"), &error))?;
    let Some(fields) = fields else {
        let text = format!("{} has no checkpoint", config.root.display());
        return Err(CommandError::new(&codes::FILE_NOT_FOUND, text));
    };
    show(out, stop, |visit| {
        for (field, value) in fields {
            if visit(FieldItem { field, value }).is_break() {
                break;
            }
        }
        Ok(())
    })
}
