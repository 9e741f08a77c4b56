//! One message of the input.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use protocol::message::property;
use serde::Deserialize;
use serde_json::Value;

/// Properties that belong to the storing of a message, not to the message: a copy gets its own.
const NOT_COPIED: [&str; 26] = [
    property::UNIQUE_KEY,
    property::MSG_REGION,
    property::TRACE_SWITCH,
    property::CLUSTER,
    property::WAIT,
    property::MIN_OFFSET,
    property::MAX_OFFSET,
    property::REAL_TOPIC,
    property::REAL_QUEUE_ID,
    property::RETRY_TOPIC,
    property::ORIGIN_MESSAGE_ID,
    property::RECONSUME_TIME,
    property::MAX_RECONSUME_TIMES,
    property::CONSUME_START_TIMESTAMP,
    property::TRANSACTION_PREPARED,
    property::TRANSACTION_PREPARED_QUEUE_OFFSET,
    property::TRANSACTION_CHECK_TIMES,
    property::PRODUCER_GROUP,
    property::POP_CK,
    property::FIRST_POP_TIME,
    property::INNER_NUM,
    property::INNER_BASE,
    property::TIMER_OUT_MS,
    property::TIMER_ENQUEUE_MS,
    property::TIMER_DEQUEUE_MS,
    property::TIMER_ROLL_TIMES,
];

/// A message as the input has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) body: Bytes,
    pub(super) keys: Vec<String>,
    pub(super) tag: Option<String>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) flag: i32,
}

/// The fields of `tail -o jsonl` that make a message; the others say where it was.
#[derive(Debug, Deserialize)]
struct Line {
    body: Option<String>,
    body_b64: Option<String>,
    #[serde(default)]
    keys: Keys,
    #[serde(default)]
    tags: Option<String>,
    #[serde(default)]
    properties: serde_json::Map<String, Value>,
    #[serde(default)]
    flag: i32,
}

/// A list, or for people who write the line themselves, one text.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Keys {
    Several(Vec<String>),
    Text(String),
    #[default]
    None,
}

impl Record {
    pub(super) fn of_body(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    /// Reads a line as `tail -o jsonl` writes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of_jsonl(line: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(line).map_err(|error| format!("it is no JSON: {error}"))?;
        if value.get("type").is_some_and(|kind| kind == "error") && value.get("code").is_some() {
            let message = value["message"].as_str().unwrap_or_default();
            return Err(format!("its writer failed: {message}"));
        }
        let line: Line = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let body = match (line.body, line.body_b64) {
            (Some(text), None) => Bytes::from(text),
            (None, Some(base64)) => {
                let decoded = STANDARD.decode(base64);
                Bytes::from(decoded.map_err(|error| format!("body_b64 is no base64: {error}"))?)
            }
            (None, None) => return Err("it has neither body nor body_b64".to_owned()),
            (Some(_), Some(_)) => return Err("it has both body and body_b64".to_owned()),
        };
        let keys = match line.keys {
            Keys::Several(keys) => keys,
            Keys::Text(keys) => keys.split_whitespace().map(str::to_owned).collect(),
            Keys::None => Vec::new(),
        };
        let properties = line
            .properties
            .into_iter()
            .filter(|(name, _)| is_copied(name));
        Ok(Self {
            body,
            keys,
            tag: line.tags,
            properties: properties
                .map(|(name, value)| (name, text_of(value)))
                .collect(),
            flag: line.flag,
        })
    }

    /// Reads a row of a table by the names of its columns: `body`, `key(s)`, `tag(s)`, and properties.
    pub(super) fn of_row(names: &csv::ByteRecord, row: &csv::ByteRecord) -> Self {
        let mut record = Self::default();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for (name, value) in names
            .iter()
            .zip(row.iter())
            .filter(|(_, value)| !value.is_empty())
        {
            match name {
                b"body" => record.body = Bytes::copy_from_slice(value),
                b"key" | b"keys" => {
                    record.keys = text(value).split_whitespace().map(str::to_owned).collect();
                }
                b"tag" | b"tags" => record.tag = Some(text(value)),
                name => record.properties.push((text(name), text(value))),
            }
        }
        record
    }
}

/// Whether a property goes along with a copy. KEYS and TAGS come from fields of their own.
fn is_copied(name: &str) -> bool {
    !NOT_COPIED.contains(&name) && name != property::KEYS && name != property::TAGS
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::message_item::tests::message;
    use crate::message_item::{LineOptions, MessageItem};

    #[test]
    fn what_tail_writes_is_read_back() {
        for body in ["{\"a\":\"ü\"}".as_bytes(), &[0xff, 0xfe]] {
            let mut sent = message(body);
            sent.properties.insert("CLUSTER", "C");
            sent.properties.insert("__SHARDINGKEY", "s");
            sent.flag = 7;
            let line = MessageItem::new(Arc::new(sent), LineOptions::default());
            let read = Record::of_jsonl(&serde_json::to_vec(&line).unwrap()).unwrap();
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let expected = Record {
                body: Bytes::copy_from_slice(body),
                keys: vec!["A-17".to_owned(), "A-18".to_owned()],
                tag: Some("paid".to_owned()),
                properties: vec![pair("region", "eu"), pair("__SHARDINGKEY", "s")],
                flag: 7,
            };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn lines_that_people_write() {
        let read = Record::of_jsonl(br#"{"body":"x","keys":"a b","properties":{"n":1}}"#).unwrap();
        assert_eq!(read.keys, ["a", "b"]);
        assert_eq!(read.properties, [("n".to_owned(), "1".to_owned())]);
        let refused = |line: &str| Record::of_jsonl(line.as_bytes()).unwrap_err();
        assert!(refused("x").starts_with("it is no JSON"));
        assert_eq!(refused("{}"), "it has neither body nor body_b64");
        assert!(refused(r#"{"body_b64":"%"}"#).starts_with("body_b64 is no base64"));
        let dead = r#"{"type":"error","code":"timeout","message":"too late"}"#;
        assert_eq!(refused(dead), "its writer failed: too late");
    }

    #[test]
    fn columns_that_are_not_known_are_properties() {
        let names = csv::ByteRecord::from(vec!["body", "key", "tag", "region", "empty"]);
        let row = csv::ByteRecord::from(vec!["x,y", "k", "t", "eu", ""]);
        let expected = Record {
            keys: vec!["k".to_owned()],
            tag: Some("t".to_owned()),
            properties: vec![("region".to_owned(), "eu".to_owned())],
            ..Record::of_body("x,y")
        };
        assert_eq!(Record::of_row(&names, &row), expected);
    }
}
