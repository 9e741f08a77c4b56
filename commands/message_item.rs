//! A message as every command shows it: `tail`, `peek`, `consume`.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::message::{MessageExt, property};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::output::message_format::MessageFields;
use crate::output::text::{escape_controls, truncate, width_of};
use crate::output::units::{TimeFormat, bytes, relative, rfc3339, strftime};
use crate::output::{Cell, Column, Item, Role, View};

/// A line keeps at least this much of the body, however narrow the terminal.
const BODY_WIDTH_MIN: usize = 20;

/// More of a body than this is never on one screen; escaping it would only take time.
const BODY_SHOWN_MAX: usize = 16 * 1024;

/// How many bytes of a body that is no text are shown.
const HEX_SHOWN_MAX: usize = 32;

/// Properties with a field of their own.
const SHOWN_APART: [&str; 3] = [property::KEYS, property::TAGS, property::UNIQUE_KEY];

/// What a line for people holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineOptions {
    /// The whole body, whatever the terminal's width.
    pub(crate) full: bool,
    /// The topic's name, where a stream has several.
    pub(crate) with_topic: bool,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct MessageItem {
    message: Arc<MessageExt>,
    options: LineOptions,
}

impl MessageItem {
    pub(crate) fn new(message: Arc<MessageExt>, options: LineOptions) -> Self {
        Self { message, options }
    }

    fn place(&self) -> String {
        let MessageExt {
            broker_name,
            queue_id,
            queue_offset,
            ..
        } = &*self.message;
        format!("{broker_name}/q{queue_id}@{queue_offset}")
    }

    /// The body as text that is safe to show; whether it is text at all.
    fn shown_body(&self) -> String {
        let body = &self.message.body;
        match std::str::from_utf8(body) {
            Ok(text) if self.options.full || text.len() <= BODY_SHOWN_MAX => {
                escape_controls(text).into_owned()
            }
            Ok(text) => {
                let is_boundary = |at: &usize| text.is_char_boundary(*at);
                let end = (0..=BODY_SHOWN_MAX).rev().find(is_boundary).unwrap_or(0);
                escape_controls(&text[..end]).into_owned()
            }
            Err(_) => {
                let mut hex = String::from("0x");
                for byte in body.iter().take(HEX_SHOWN_MAX) {
                    hex.push_str(&format!("{byte:02x}"));
                }
                if body.len() > HEX_SHOWN_MAX {
                    hex.push('…');
                }
                hex
            }
        }
    }

    /// A line that fits the terminal: place, key, tag, body, and the size of a body that was cut.
    fn line_for_terminal(&self, view: &View) -> String {
        let message = &self.message;
        let time = match view.time {
            TimeFormat::Relative => clock_time(message.store_timestamp, view.now_ms),
            TimeFormat::Rfc3339 => rfc3339(message.store_timestamp),
            TimeFormat::Ms => message.store_timestamp.to_string(),
        };
        let mut parts = vec![(Some(Role::Dim), time)];
        if self.options.with_topic {
            parts.push((Some(Role::Heading), message.topic.clone()));
        }
        parts.push((Some(Role::Accent), self.place()));
        let keys = message.keys().join(" ");
        if !keys.is_empty() {
            parts.push((None, keys));
        }
        if let Some(tags) = message.tags() {
            parts.push((Some(Role::Ok), format!("#{tags}")));
        }
        if message.reconsume_times > 0 {
            parts.push((
                Some(Role::Warn),
                format!("retry {}", message.reconsume_times),
            ));
        }
        let (mut line, mut used) = (String::new(), 0);
        for (role, text) in parts {
            let safe = escape_controls(&text);
            used += width_of(&safe) + 2;
            line.push_str(&role.map_or_else(
                || safe.clone().into_owned(),
                |role| view.palette.paint(role, &safe),
            ));
            line.push_str("  ");
        }
        let body = self.shown_body();
        let size = format!("  ({})", bytes(self.size()));
        let room = view.width.saturating_sub(used);
        if self.options.full || width_of(&body) <= room {
            line.push_str(&body);
        } else {
            let room = room.saturating_sub(size.len()).max(BODY_WIDTH_MIN);
            line.push_str(&truncate(&body, room));
            line.push_str(&view.palette.paint(Role::Dim, &size));
        }
        line
    }

    /// A line for a pipe: columns between tabs, nothing cut.
    fn line_for_pipe(&self, view: &View) -> String {
        let message = &self.message;
        let or_dash = |text: String| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                text
            }
        };
        let time = match view.time {
            TimeFormat::Ms => message.store_timestamp.to_string(),
            TimeFormat::Relative => relative(message.store_timestamp, view.now_ms),
            TimeFormat::Rfc3339 => rfc3339(message.store_timestamp),
        };
        let mut cells = vec![time];
        if self.options.with_topic {
            cells.push(message.topic.clone());
        }
        cells.push(self.place());
        cells.push(or_dash(message.keys().join(" ")));
        cells.push(or_dash(message.tags().unwrap_or_default().to_owned()));
        let mut line: String = cells
            .iter()
            .map(|cell| format!("{}\t", escape_controls(cell)))
            .collect();
        let body = Self {
            options: LineOptions {
                full: true,
                ..self.options
            },
            ..self.clone()
        };
        line.push_str(&body.shown_body());
        line
    }

    /// A body that is no text, in a form that JSON can hold.
    fn body_b64(&self) -> Option<String> {
        let body = &self.message.body;
        std::str::from_utf8(body)
            .is_err()
            .then(|| STANDARD.encode(body))
    }

    fn size(&self) -> u64 {
        u64::try_from(self.message.body.len()).unwrap_or(u64::MAX)
    }
}

/// The time of day on this machine; with the date when that was another day.
fn clock_time(ms: i64, now_ms: i64) -> String {
    let in_form = |form: &str, ms| strftime(form, ms).unwrap_or_else(|_| rfc3339(ms));
    if in_form("%F", ms) == in_form("%F", now_ms) {
        in_form("%H:%M:%S%.3f", ms)
    } else {
        in_form("%F %H:%M:%S%.3f", ms)
    }
}

impl Serialize for MessageItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = &*self.message;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", &message.topic)?;
        map.serialize_entry("broker", &message.broker_name)?;
        map.serialize_entry("queue", &message.queue_id)?;
        map.serialize_entry("offset", &message.queue_offset)?;
        map.serialize_entry("msg_id", &message.msg_id())?;
        map.serialize_entry("offset_msg_id", &message.offset_msg_id())?;
        map.serialize_entry("keys", &message.keys())?;
        map.serialize_entry("tags", &message.tags())?;
        let properties: serde_json::Map<String, serde_json::Value> = message
            .properties
            .iter()
            .filter(|(name, _)| !SHOWN_APART.contains(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        map.serialize_entry("properties", &properties)?;
        match std::str::from_utf8(&message.body) {
            Ok(text) => map.serialize_entry("body", text)?,
            Err(_) => map.serialize_entry("body_b64", &self.body_b64())?,
        }
        map.serialize_entry("born_at", &rfc3339(message.born_timestamp))?;
        map.serialize_entry("born_at_ms", &message.born_timestamp)?;
        map.serialize_entry("stored_at", &rfc3339(message.store_timestamp))?;
        map.serialize_entry("stored_at_ms", &message.store_timestamp)?;
        map.serialize_entry("born_host", &message.born_host.to_string())?;
        map.serialize_entry("store_host", &message.store_host.to_string())?;
        map.serialize_entry("size_bytes", &self.size())?;
        map.serialize_entry("reconsume_times", &message.reconsume_times)?;
        if message.flag != 0 {
            map.serialize_entry("flag", &message.flag)?;
        }
        map.end()
    }
}

impl Item for MessageItem {
    const SCHEMA: &'static str = "gantry.message.show/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("broker"),
        Column::number("queue"),
        Column::number("offset"),
        Column::new("msg_id"),
        Column::new("keys"),
        Column::new("tags"),
        Column::new("stored_at"),
        Column::number("size_bytes"),
        Column::new("body"),
        Column::new("body_b64").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let message = &self.message;
        vec![
            (&message.topic).into(),
            (&message.broker_name).into(),
            message.queue_id.into(),
            message.queue_offset.into(),
            message.msg_id().as_ref().into(),
            Cell::list(message.keys()),
            message.tags().into(),
            Cell::time_ms(message.store_timestamp),
            Cell::bytes(self.size()),
            std::str::from_utf8(&message.body).ok().into(),
            self.body_b64().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.message.msg_id()
    }

    fn line(&self, view: &View) -> String {
        if view.terminal {
            self.line_for_terminal(view)
        } else {
            self.line_for_pipe(view)
        }
    }

    fn message(&self) -> Option<&dyn MessageFields> {
        Some(self)
    }
}

impl MessageFields for MessageItem {
    fn topic(&self) -> &str {
        &self.message.topic
    }

    fn broker(&self) -> &str {
        &self.message.broker_name
    }

    fn queue_id(&self) -> i32 {
        self.message.queue_id
    }

    fn queue_offset(&self) -> i64 {
        self.message.queue_offset
    }

    fn msg_id(&self) -> Cow<'_, str> {
        self.message.msg_id()
    }

    fn offset_msg_id(&self) -> Cow<'_, str> {
        self.message.offset_msg_id().into()
    }

    fn keys(&self) -> Cow<'_, str> {
        self.message
            .properties
            .get(property::KEYS)
            .unwrap_or_default()
            .into()
    }

    fn tags(&self) -> Cow<'_, str> {
        self.message.tags().unwrap_or_default().into()
    }

    fn property(&self, name: &str) -> Option<Cow<'_, str>> {
        self.message.properties.get(name).map(Cow::Borrowed)
    }

    fn properties(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        self.message
            .properties
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn body(&self) -> &[u8] {
        &self.message.body
    }

    fn born_ms(&self) -> i64 {
        self.message.born_timestamp
    }

    fn stored_ms(&self) -> i64 {
        self.message.store_timestamp
    }

    fn born_host(&self) -> String {
        self.message.born_host.to_string()
    }

    fn store_host(&self) -> String {
        self.message.store_host.to_string()
    }

    fn reconsume_times(&self) -> i32 {
        self.message.reconsume_times
    }
}

#[cfg(test)]
pub(crate) mod tests;
