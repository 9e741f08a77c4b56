//! A topic over all of its brokers: what `topic list` shows a line of.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use client::OnBroker;
use protocol::body::{TopicConfig, TopicConfigAndMappingSerializeWrapper, perm};
use protocol::name;
use serde::Serialize;

use crate::output::{Cell, Column, Item, Role};

/// The attribute in which RocketMQ 5 keeps what kind of messages a topic is for.
pub(super) const TYPE_ATTRIBUTE: &str = "message.type";

/// One topic. Queue counts are those of all brokers together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TopicSummary {
    pub(super) topic: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) read_queues: i32,
    pub(super) write_queues: i32,
    /// `rw`, `r`, `w`; `mixed` where brokers differ.
    pub(super) perm: String,
    pub(super) brokers: Vec<String>,
}

impl TopicSummary {
    /// Puts together what the brokers say of a topic. Not one of them may have answered.
    pub(super) fn of<'a>(
        topic: &str,
        configs: impl IntoIterator<Item = (&'a str, &'a TopicConfig)>,
    ) -> Self {
        let mut summary = Self {
            topic: topic.to_owned(),
            kind: kind_of(topic, None).into_owned(),
            read_queues: 0,
            write_queues: 0,
            perm: String::new(),
            brokers: Vec::new(),
        };
        let mut perms = BTreeSet::new();
        for (broker, config) in configs {
            summary.kind = kind_of(topic, Some(config)).into_owned();
            summary.read_queues = summary.read_queues.saturating_add(config.read_queue_nums);
            summary.write_queues = summary.write_queues.saturating_add(config.write_queue_nums);
            summary.brokers.push(broker.to_owned());
            perms.insert(perm_text(config.perm));
        }
        summary.perm = match (perms.pop_first(), perms.is_empty()) {
            (Some(only), true) => only,
            (Some(_), false) => "mixed".to_owned(),
            (None, _) => String::new(),
        };
        summary
    }
}

impl Item for TopicSummary {
    const SCHEMA: &'static str = "gantry.topic.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::new("type"),
        Column::number("read_queues"),
        Column::number("write_queues"),
        Column::new("perm"),
        Column::new("brokers"),
    ];

    fn row(&self) -> Vec<Cell> {
        let perm = Cell::text(self.perm.as_str());
        vec![
            Cell::from(&self.topic).role(Role::Accent),
            (&self.kind).into(),
            self.read_queues.into(),
            self.write_queues.into(),
            if self.perm == "rw" {
                perm
            } else {
                perm.role(Role::Warn)
            },
            Cell::list(&self.brokers),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.topic.as_str().into()
    }
}

/// Every topic that any of these brokers has, by name.
pub(super) fn summaries(
    brokers: &[OnBroker<TopicConfigAndMappingSerializeWrapper>],
) -> BTreeMap<String, TopicSummary> {
    let mut configs: BTreeMap<&str, Vec<(&str, &TopicConfig)>> = BTreeMap::new();
    for on in brokers {
        for (topic, config) in &on.value.topic_config_table {
            let on_brokers = configs.entry(topic).or_default();
            on_brokers.push((&on.broker.name, config));
        }
    }
    let summary =
        |(topic, configs): (&str, Vec<_>)| (topic.to_owned(), TopicSummary::of(topic, configs));
    configs.into_iter().map(summary).collect()
}

/// What a topic is for: `normal`, `fifo`, `delay`, `transaction`, or one of RocketMQ's own.
fn kind_of(topic: &str, config: Option<&TopicConfig>) -> Cow<'static, str> {
    if name::is_retry_topic(topic) {
        return "retry".into();
    }
    if name::is_dlq_topic(topic) {
        return "dlq".into();
    }
    if name::is_system_topic(topic) {
        return "system".into();
    }
    let attributes = config.map(|config| &config.attributes);
    let said = attributes.and_then(|attributes| {
        let plus = format!("+{TYPE_ATTRIBUTE}");
        attributes
            .get(TYPE_ATTRIBUTE)
            .or_else(|| attributes.get(&plus))
    });
    match said {
        Some(kind) => kind.to_lowercase().into(),
        None => "normal".into(),
    }
}

/// Whether a topic is RocketMQ's own, so that lists leave it out unless asked. Dead letters are not:
/// somebody has to look after them.
pub(super) fn is_internal(topic: &str, brokers: &[String], clusters: &[String]) -> bool {
    let is_name = |names: &[String]| names.iter().any(|name| name == topic);
    let is_reply = || {
        clusters
            .iter()
            .any(|cluster| name::reply_topic(cluster) == topic)
    };
    name::is_system_topic(topic)
        || name::is_retry_topic(topic)
        || is_name(brokers)
        || is_name(clusters)
        || is_reply()
}

/// `rw`, `r`, `w`; with `x` where new topics may take their settings from this one; `none`.
pub(super) fn perm_text(bits: i32) -> String {
    let letters = [
        (perm::is_readable(bits), 'r'),
        (perm::is_writeable(bits), 'w'),
        (perm::is_inherited(bits), 'x'),
    ];
    let text: String = letters
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, letter)| letter)
        .collect();
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

/// Reads `rw`, `r`, `w` or `none`, and RocketMQ's numbers.
pub(super) fn parse_perm(text: &str) -> Result<i32, String> {
    let expected = || "r, w, rw or none".to_owned();
    if let Ok(bits) = text.parse::<i32>() {
        return if perm::is_valid(bits) {
            Ok(bits)
        } else {
            Err(expected())
        };
    }
    if text == "none" {
        return Ok(0);
    }
    let bit = |letter: char| match letter {
        'r' => Ok(perm::READ),
        'w' => Ok(perm::WRITE),
        'x' => Ok(perm::INHERIT),
        _ => Err(expected()),
    };
    if text.is_empty() {
        return Err(expected());
    }
    text.chars()
        .try_fold(0, |bits, letter| Ok(bits | bit(letter)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_counted_over_all_brokers() {
        let (mut small, large) = (TopicConfig::new("t", 4), TopicConfig::new("t", 8));
        let both = TopicSummary::of("t", [("a", &small), ("b", &large)]);
        assert_eq!((both.read_queues, both.write_queues), (12, 12));
        assert_eq!((both.perm.as_str(), both.kind.as_str()), ("rw", "normal"));
        assert_eq!(both.brokers, ["a", "b"]);
        small.perm = perm::READ;
        small
            .attributes
            .insert("message.type".into(), "FIFO".into());
        let mixed = TopicSummary::of("t", [("b", &large), ("a", &small)]);
        assert_eq!(
            (mixed.perm.as_str(), mixed.kind.as_str()),
            ("mixed", "fifo")
        );
        let unknown = TopicSummary::of("%DLQ%g", []);
        assert_eq!((unknown.perm.as_str(), unknown.kind.as_str()), ("", "dlq"));
    }

    #[test]
    fn permissions_are_letters_or_numbers() {
        for (text, bits) in [
            ("rw", 6),
            ("wr", 6),
            ("r", 4),
            ("w", 2),
            ("none", 0),
            ("6", 6),
        ] {
            assert_eq!(parse_perm(text), Ok(bits));
        }
        for text in ["", "q", "rwq", "-1", "8"] {
            assert!(parse_perm(text).is_err(), "{text}");
        }
        assert_eq!(
            [perm_text(6), perm_text(7), perm_text(0)],
            ["rw", "rwx", "none"]
        );
    }

    #[test]
    fn what_is_rocketmqs_own_is_internal_but_dead_letters_are_not() {
        let (brokers, clusters) = (["b-0".to_owned()], ["C".to_owned()]);
        for topic in [
            "TBW102",
            "%RETRY%g",
            "b-0",
            "C",
            "C_REPLY_TOPIC",
            "rmq_sys_x",
        ] {
            assert!(is_internal(topic, &brokers, &clusters), "{topic}");
        }
        for topic in ["orders", "%DLQ%g"] {
            assert!(!is_internal(topic, &brokers, &clusters), "{topic}");
        }
    }
}
