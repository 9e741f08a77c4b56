//! From flags and input to messages.

use bytes::Bytes;
use clock::SharedClock;
use protocol::message::{Message, property};

use super::Args;
use super::record::Record;
use super::template::{Templates, Text};
use crate::error::CommandError;

/// Makes the messages of one call.
#[derive(Debug)]
pub(super) struct Composer {
    topic: String,
    templates: Templates,
    body: Option<Text>,
    keys: Vec<Text>,
    tag: Option<Text>,
    properties: Vec<(String, Text)>,
    shard_by: Option<Text>,
    delay_level: u32,
}

impl Composer {
    /// Reads and checks the templates.
    pub(super) fn new(args: &Args, clock: &SharedClock) -> Result<Self, CommandError> {
        let mut templates = Templates::new(clock, args.raw);
        let body = args
            .body
            .as_deref()
            .map(|text| templates.add("body", text))
            .transpose()?;
        let keys = (0..)
            .zip(&args.keys)
            .map(|(at, key)| templates.add(&format!("key {at}"), key));
        let keys = keys.collect::<Result<_, _>>()?;
        let tag = args
            .tag
            .as_deref()
            .map(|text| templates.add("tag", text))
            .transpose()?;
        let mut properties = Vec::new();
        for (name, value) in &args.properties {
            let what = format!("property {name}");
            properties.push((name.clone(), templates.add(&what, value)?));
        }
        let shard_by = args.shard_by.as_deref();
        let shard_by = shard_by
            .map(|text| templates.add("shard key", text))
            .transpose()?;
        Ok(Self {
            topic: args.topic.clone(),
            templates,
            body,
            keys,
            tag,
            properties,
            shard_by,
            delay_level: args.delay_level.unwrap_or(0),
        })
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn set_delay_level(&mut self, level: u32) {
        self.delay_level = level;
    }

    /// The message with this number, counted from 1. What flags say wins over what the input says.
    pub(super) fn compose(&self, n: u64, record: Option<Record>) -> Result<Message, CommandError> {
        let record = record.unwrap_or_default();
        let make = |text: &Text| self.templates.make(text, n);
        let body = match &self.body {
            Some(body) => Bytes::from(make(body)?),
            None => record.body,
        };
        let mut message = Message::new(self.topic.as_str(), body);
        message.flag = record.flag;
        let keys = if self.keys.is_empty() {
            record.keys
        } else {
            self.keys.iter().map(make).collect::<Result<_, _>>()?
        };
        message = message.with_keys(keys);
        let tag = self.tag.as_ref().map(make).transpose()?.or(record.tag);
        if let Some(tag) = tag {
            message = message.with_tags(tag);
        }
        for (name, value) in record.properties {
            message = message.with_property(name, value);
        }
        for (name, value) in &self.properties {
            message = message.with_property(name.as_str(), make(value)?);
        }
        if let Some(key) = &self.shard_by {
            message = message.with_property(property::SHARDING_KEY, make(key)?);
        }
        if self.delay_level > 0 {
            message = message.with_delay_level(self.delay_level);
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use clock::ManualClock;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn composer(words: &[&str]) -> Composer {
        let line = Line::parse_from([&["send"], words].concat());
        let clock: SharedClock = ManualClock::at(0);
        Composer::new(&line.args, &clock).unwrap()
    }

    #[test]
    fn flags_make_a_message() {
        let words = [
            "t", "b{{ n }}", "-k", "k{{ n }}", "-k", "j", "--tag", "x", "-p", "r=eu",
        ];
        let composer = composer(&[&words[..], &["--shard-by", "s", "--delay-level", "3"]].concat());
        let message = composer.compose(4, None).unwrap();
        assert_eq!(
            (message.topic.as_str(), &message.body[..]),
            ("t", &b"b4"[..])
        );
        assert_eq!(
            (message.keys(), message.tags()),
            (vec!["k4", "j"], Some("x"))
        );
        assert_eq!(message.delay_level(), 3);
        let property = |name| message.properties.get(name);
        assert_eq!(
            (property("r"), property("__SHARDINGKEY")),
            (Some("eu"), Some("s"))
        );
    }

    #[test]
    fn flags_win_over_the_input() {
        let record = Record {
            keys: vec!["old".to_owned()],
            tag: Some("old".to_owned()),
            properties: vec![("r".to_owned(), "us".to_owned())],
            ..Record::of_body("{{ n }}")
        };
        let message = composer(&["t", "-p", "r=eu", "--tag", "new"])
            .compose(1, Some(record))
            .unwrap();
        assert_eq!(
            (&message.body[..], message.keys()),
            (&b"{{ n }}"[..], vec!["old"])
        );
        assert_eq!(
            (message.tags(), message.properties.get("r")),
            (Some("new"), Some("eu"))
        );
    }
}
