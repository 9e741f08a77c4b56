//! A message as a line of JSON, with the fields that `gantry peek -o jsonl` writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::message::{MessageExt, property};
use serde_json::{Map, Value, json};

/// Properties with a field of their own.
const SHOWN_APART: [&str; 3] = [property::KEYS, property::TAGS, property::UNIQUE_KEY];

/// The message as JSON in one line, without the line's end.
pub(crate) fn line(message: &MessageExt) -> String {
    let properties: Map<String, Value> = message
        .properties
        .iter()
        .filter(|(name, _)| !SHOWN_APART.contains(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut line = json!({
        "topic": message.topic,
        "broker": message.broker_name,
        "queue": message.queue_id,
        "offset": message.queue_offset,
        "msg_id": message.msg_id(),
        "offset_msg_id": message.offset_msg_id(),
        "keys": message.keys(),
        "tags": message.tags(),
        "properties": properties,
        "born_at_ms": message.born_timestamp,
        "stored_at_ms": message.store_timestamp,
        "born_host": message.born_host.to_string(),
        "store_host": message.store_host.to_string(),
        "size_bytes": message.body.len(),
        "reconsume_times": message.reconsume_times,
    });
    let (name, body) = match std::str::from_utf8(&message.body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("body_b64", STANDARD.encode(&message.body)),
    };
    if let Some(fields) = line.as_object_mut() {
        fields.insert(name.to_owned(), body.into());
    }
    line.to_string()
}
