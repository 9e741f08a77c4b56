//! The attributes of topics: what there is, and how a tool's changes are applied.
//!
//! Tools write `+name=value` to set an attribute and `-name` to remove it; a topic keeps them without
//! the sign. Rules and words are RocketMQ's (`AttributeUtil`, `TopicAttributes`), but that attributes
//! whose effect this broker lacks are refused.

use std::collections::BTreeMap;

/// The attributes of a topic, by name.
pub(crate) type Attributes = BTreeMap<String, String>;

/// Why attributes are not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AttributeError {
    #[error("attribute {text:?} is neither +name=value nor -name")]
    Format { text: String },
    #[error("unsupported key: {key}")]
    UnknownKey { key: String },
    #[error("key duplication: {key}")]
    Duplicate { key: String },
    #[error("only add attribute is supported while creating topic. key: {key}")]
    NotThereYet { key: String },
    #[error("attempt to delete a nonexistent key: {key}")]
    NotThere { key: String },
    #[error("attempt to update an unchangeable attribute. key: {key}")]
    Unchangeable { key: String },
    #[error("attribute {key} cannot be {value:?}: {expected} expected")]
    Value {
        key: String,
        value: String,
        expected: &'static str,
    },
}

struct Attribute {
    name: &'static str,
    is_changeable: bool,
    expected: &'static str,
    accepts: fn(&str) -> bool,
}

const MESSAGE_TYPES: [&str; 6] = [
    "UNSPECIFIED",
    "NORMAL",
    "FIFO",
    "DELAY",
    "TRANSACTION",
    "MIXED",
];

const ATTRIBUTES: [Attribute; 4] = [
    Attribute {
        name: "queue.type",
        is_changeable: false,
        expected: "SimpleCQ (batch queues are not supported)",
        accepts: |value| value == "SimpleCQ",
    },
    Attribute {
        name: "cleanup.policy",
        is_changeable: false,
        expected: "DELETE (compaction is not supported)",
        accepts: |value| value == "DELETE",
    },
    Attribute {
        name: "message.type",
        is_changeable: true,
        expected: "UNSPECIFIED, NORMAL, FIFO, DELAY, TRANSACTION or MIXED",
        accepts: |value| MESSAGE_TYPES.contains(&value),
    },
    Attribute {
        name: "reserve.time",
        is_changeable: true,
        expected: "a number from -1",
        accepts: |value| value.parse::<i64>().is_ok_and(|value| value >= -1),
    },
];

/// Reads changes as a tool writes them: `+a=b,-c`.
pub(crate) fn parse_changes(text: &str) -> Result<Attributes, AttributeError> {
    let mut changes = Attributes::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let format = || AttributeError::Format {
            text: part.to_owned(),
        };
        let (key, value) = match part.split_once('=') {
            Some((key, value)) if key.starts_with('+') => (key, value),
            None if part.starts_with('-') => (part, ""),
            _ => return Err(format()),
        };
        if changes.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(AttributeError::Duplicate {
                key: key.to_owned(),
            });
        }
    }
    Ok(changes)
}

/// What becomes of a topic's attributes; `current` is `None` for a topic that is made now.
pub(crate) fn apply_changes(
    current: Option<&Attributes>,
    changes: &Attributes,
) -> Result<Attributes, AttributeError> {
    let mut attributes = current.cloned().unwrap_or_default();
    for (signed, value) in changes {
        let key = signed.get(1..).unwrap_or_default().to_owned();
        if changes.contains_key(&format!("+{key}")) && changes.contains_key(&format!("-{key}")) {
            return Err(AttributeError::Duplicate { key });
        }
        let Some(attribute) = ATTRIBUTES.iter().find(|attribute| attribute.name == key) else {
            return Err(AttributeError::UnknownKey { key });
        };
        let is_change = current.is_some();
        match signed.as_bytes().first() {
            Some(b'+') => {
                if is_change && !attribute.is_changeable && attributes.get(&key) != Some(value) {
                    return Err(AttributeError::Unchangeable { key });
                }
                if !(attribute.accepts)(value) {
                    let expected = attribute.expected;
                    return Err(AttributeError::Value {
                        key,
                        value: value.clone(),
                        expected,
                    });
                }
                attributes.insert(key, value.clone());
            }
            Some(b'-') if !is_change => return Err(AttributeError::NotThereYet { key }),
            Some(b'-') if !attributes.contains_key(&key) => {
                return Err(AttributeError::NotThere { key });
            }
            Some(b'-') if !attribute.is_changeable => {
                return Err(AttributeError::Unchangeable { key });
            }
            Some(b'-') => {
                attributes.remove(&key);
            }
            _ => {
                return Err(AttributeError::Format {
                    text: signed.clone(),
                });
            }
        }
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(current: Option<&str>, changes: &str, expected: Result<&str, AttributeError>) {
        let current =
            current.map(|text| apply_changes(None, &parse_changes(text).unwrap()).unwrap());
        let found =
            parse_changes(changes).and_then(|changes| apply_changes(current.as_ref(), &changes));
        let expected = expected.map(|text| {
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        });
        assert_eq!(found, expected, "{changes}");
    }

    fn key(name: &str) -> String {
        name.to_owned()
    }

    #[test]
    fn attributes_are_set_changed_and_removed() {
        check(None, "", Ok(""));
        check(None, "+message.type=FIFO", Ok("message.type=FIFO"));
        check(Some("+message.type=FIFO"), "", Ok("message.type=FIFO"));
        check(
            Some("+message.type=FIFO"),
            "+message.type=DELAY,+reserve.time=5",
            Ok("message.type=DELAY,reserve.time=5"),
        );
        check(Some("+message.type=FIFO"), "-message.type", Ok(""));
    }

    #[test]
    fn what_breaks_rocketmqs_rules_is_refused() {
        check(
            None,
            "message.type=FIFO",
            Err(AttributeError::Format {
                text: key("message.type=FIFO"),
            }),
        );
        check(
            None,
            "+colour=red",
            Err(AttributeError::UnknownKey { key: key("colour") }),
        );
        check(
            None,
            "-message.type",
            Err(AttributeError::NotThereYet {
                key: key("message.type"),
            }),
        );
        check(
            Some(""),
            "-message.type",
            Err(AttributeError::NotThere {
                key: key("message.type"),
            }),
        );
        check(
            Some(""),
            "+queue.type=SimpleCQ",
            Err(AttributeError::Unchangeable {
                key: key("queue.type"),
            }),
        );
        check(
            Some(""),
            "+message.type=FIFO,-message.type",
            Err(AttributeError::Duplicate {
                key: key("message.type"),
            }),
        );
    }

    #[test]
    fn what_has_no_effect_here_is_refused() {
        for changes in [
            "+queue.type=BatchCQ",
            "+cleanup.policy=COMPACTION",
            "+message.type=fifo",
            "+reserve.time=-2",
        ] {
            let found = apply_changes(None, &parse_changes(changes).unwrap());
            assert!(
                matches!(found, Err(AttributeError::Value { .. })),
                "{changes}"
            );
        }
    }
}
