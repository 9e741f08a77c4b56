//! Filtering messages where they are read: one expression over everything that a message has.
//!
//! The language is RocketMQ's SQL92 in the form that people type ([`filter::Dialect::Client`]); a
//! broker sees the properties of a message, a reader its body, its place and its times too.

use std::borrow::Cow;
use std::cell::OnceCell;

use filter::{Dialect, Filter, ParseError, Value, View};
use protocol::message::{MessageExt, property};
use serde_json::Value as Json;

/// The names that mean something else than a property, with what they stand for.
///
/// A property with such a name is reached by `prop.NAME`.
pub const WHERE_NAMES: &[(&str, &str)] = &[
    ("tag", "the tags; TAGS and tags too"),
    ("key", "each of the keys in turn: one that fits is enough"),
    ("keys", "all keys as one text; KEYS too"),
    ("body", "the whole body, if it is text"),
    (
        "body.PATH",
        "a part of a JSON body: body.total, body.items.0.sku",
    ),
    (
        "prop.NAME",
        "a property; NAME alone where nothing here is called so",
    ),
    ("size", "bytes of the body: size > 2kB"),
    ("age", "since it was stored: age < 5m"),
    ("queue", "the queue's number"),
    ("offset", "the place in the queue"),
    ("topic", "the topic"),
    ("broker", "the broker's name"),
    ("msg_id", "the message id; offset_msg_id, the broker's"),
    ("born_at_ms", "when it was made, in ms since the epoch"),
    ("stored_at_ms", "when it was stored, in ms since the epoch"),
    ("reconsume_times", "how often it came back"),
];

/// What stands before the path into a JSON body.
const BODY: &str = "body.";
/// What stands before the name of a property.
const PROPERTY: &str = "prop.";

/// An expression that messages match or not.
///
/// ```
/// use gantry_client::WhereExpression;
///
/// # fn main() -> Result<(), filter::ParseError> {
/// let wanted = WhereExpression::parse("tag == \"paid\" && body.total > 100 && age < 5m")?;
/// assert_eq!(wanted.to_string(), "tag = 'paid' AND body.total > 100 AND age < 5m");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WhereExpression {
    filter: Filter,
    /// The names that lead into the body, in the order of the filter's names.
    body_names: Vec<Box<str>>,
    names_key: bool,
}

impl WhereExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it and where; [`ParseError::caret`] points at it.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let filter = Filter::parse(source, Dialect::Client)?;
        let body_names = filter
            .names()
            .filter(|name| name.starts_with(BODY))
            .map(Box::from)
            .collect();
        let names_key = filter.names().any(|name| name == "key");
        Ok(Self {
            filter,
            body_names,
            names_key,
        })
    }

    /// Whether a message matches. `now_ms` is the time by which its age is told.
    #[must_use]
    pub fn matches(&self, message: &MessageExt, now_ms: i64) -> bool {
        let json = self.json_of(message);
        let mut subject = Subject {
            message,
            age_ms: now_ms.saturating_sub(message.store_timestamp),
            key: None,
            body: self.parts_of(json.as_ref()),
            msg_id: OnceCell::new(),
            offset_msg_id: OnceCell::new(),
        };
        if !self.names_key {
            return self.filter.matches(&subject);
        }
        let keys = message.keys();
        if keys.is_empty() {
            return self.filter.matches(&subject);
        }
        keys.into_iter().any(|key| {
            subject.key = Some(key);
            self.filter.matches(&subject)
        })
    }

    /// The body as JSON, if the expression looks into it.
    fn json_of(&self, message: &MessageExt) -> Option<Json> {
        (!self.body_names.is_empty())
            .then(|| serde_json::from_slice(&message.body).ok())
            .flatten()
    }

    /// The parts of the body that the expression names.
    fn parts_of<'a>(&'a self, json: Option<&'a Json>) -> Vec<(&'a str, Part<'a>)> {
        let part = |name: &'a str| Some((name, Part::of(at(json?, &name[BODY.len()..])?)?));
        let names = self.body_names.iter().map(|name| &**name);
        names.filter_map(part).collect()
    }
}

impl std::fmt::Display for WhereExpression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.filter.fmt(f)
    }
}

/// What lies at a path of names and, in lists, of numbers from 0.
fn at<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(json, |json, step| match json {
        Json::Object(fields) => fields.get(step),
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A part of a body as it is compared.
enum Part<'a> {
    Plain(Value<'a>),
    /// A list or an object, as JSON.
    Nested(String),
}

impl<'a> Part<'a> {
    /// Null is the same as not there.
    fn of(json: &'a Json) -> Option<Self> {
        Some(Self::Plain(match json {
            Json::Null => return None,
            Json::Bool(value) => Value::Boolean(*value),
            Json::String(text) => Value::Text(text),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => Value::Decimal(number.as_f64()?),
            },
            Json::Array(_) | Json::Object(_) => return Some(Self::Nested(json.to_string())),
        }))
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Nested(json) => Value::Text(json),
        }
    }
}

/// A message as an expression looks at it.
struct Subject<'a> {
    message: &'a MessageExt,
    age_ms: i64,
    key: Option<&'a str>,
    body: Vec<(&'a str, Part<'a>)>,
    msg_id: OnceCell<Cow<'a, str>>,
    offset_msg_id: OnceCell<String>,
}

impl View for Subject<'_> {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        let message = self.message;
        let property = |name: &str| message.properties.get(name).map(Value::Text);
        let number = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        match name {
            "tag" | "tags" => message.tags().map(Value::Text),
            "key" => self.key.map(Value::Text),
            "keys" => property(property::KEYS),
            "body" => std::str::from_utf8(&message.body).ok().map(Value::Text),
            "size" => Some(number(message.body.len())),
            "age" => Some(Value::Integer(self.age_ms)),
            "queue" => Some(Value::Integer(message.queue_id.into())),
            "offset" => Some(Value::Integer(message.queue_offset)),
            "topic" => Some(Value::Text(&message.topic)),
            "broker" => Some(Value::Text(&message.broker_name)),
            "msg_id" => Some(Value::Text(self.msg_id.get_or_init(|| message.msg_id()))),
            "offset_msg_id" => {
                let id = self.offset_msg_id.get_or_init(|| message.offset_msg_id());
                Some(Value::Text(id))
            }
            "born_at_ms" => Some(Value::Integer(message.born_timestamp)),
            "stored_at_ms" => Some(Value::Integer(message.store_timestamp)),
            "reconsume_times" => Some(Value::Integer(message.reconsume_times.into())),
            _ if name.starts_with(BODY) => self
                .body
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, part)| part.value()),
            _ => property(name.strip_prefix(PROPERTY).unwrap_or(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::message::Properties;

    use super::*;

    const STORED: i64 = 1_763_812_800_000;

    fn message(body: &str) -> MessageExt {
        let mut properties = Properties::new();
        for (name, value) in [
            (property::KEYS, "A-17 A-18"),
            (property::TAGS, "paid"),
            (property::UNIQUE_KEY, "7F0000010001"),
            ("region", "eu"),
            ("size", "large"),
            ("trace-id", "t1"),
        ] {
            properties.insert(name, value);
        }
        MessageExt {
            broker_name: "b-1".to_owned(),
            topic: "orders".to_owned(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            properties,
            flag: 0,
            queue_id: 3,
            queue_offset: 1042,
            physical_offset: 99,
            sys_flag: 0,
            born_timestamp: STORED - 1,
            born_host: "10.0.0.5:51022".parse().unwrap(),
            store_timestamp: STORED,
            store_host: "127.0.0.1:10911".parse().unwrap(),
            reconsume_times: 2,
            prepared_transaction_offset: 0,
            store_size: 100,
            body_crc: 0,
        }
    }

    #[track_caller]
    fn check(source: &str, body: &str, expected: bool) {
        let wanted = WhereExpression::parse(source).unwrap();
        let matches = wanted.matches(&message(body), STORED + 60_000);
        assert_eq!(matches, expected, "{source} of {body}");
    }

    #[test]
    fn everything_that_a_message_has_can_be_asked_for() {
        for source in [
            "tag == 'paid' && TAGS = tags",
            "key == 'A-17'",
            "key in ('A-18', 'x')",
            "keys = 'A-17 A-18' and KEYS contains '18'",
            "region = 'eu' and prop.region = 'eu'",
            "size = 3 && size < 2kB && prop.size = 'large'",
            "`prop.trace-id` = 't1'",
            "age < 5m and age >= 1m",
            "queue = 3 and offset between 1000 and 1100",
            "topic = 'orders' and broker = 'b-1'",
            "msg_id = '7F0000010001'",
            "offset_msg_id endswith '63'",
            "stored_at_ms > born_at_ms",
            "reconsume_times >= 2",
            "body = 'abc' and body ~ '^a.c$'",
            "nothing is null",
        ] {
            check(source, "abc", true);
        }
        check("key == 'A-1'", "", false);
        check("key != 'A-17' and key != 'A-18'", "", false);
        check("size = 'large'", "", false);
    }

    #[test]
    fn paths_lead_into_json_bodies() {
        let body = r#"{"total":120,"rate":0.5,"open":true,"note":null,"id":"12",
            "lines":[{"sku":"a"},{"sku":"b"}],"big":18446744073709551615}"#;
        for source in [
            "body.total > 100 and body.total < 121",
            "body.rate = 0.5",
            "body.open = true",
            "body.note is null and body.nothing is null",
            "body.id > 11",
            "body.lines.1.sku = 'b' and body.lines.2.sku is null",
            "body.lines is not null and body.lines contains 'sku'",
            "body.big > 9223372036854775807",
        ] {
            check(source, body, true);
        }
        check("body.total > 1", "no json", false);
        check("body.total > 1", r#"[{"total":2}]"#, false);
        check("body.0.total > 1", r#"[{"total":2}]"#, true);
        check("body.total.x is null", body, true);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let source = "tag == 'paid' && ";
        let error = WhereExpression::parse(source).unwrap_err();
        let caret = error.caret(source);
        assert_eq!(
            caret.lines().last().unwrap().trim_end().len(),
            17,
            "{caret}"
        );
        assert!(WhereExpression::parse("").is_err());
    }
}
