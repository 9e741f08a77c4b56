//! Which messages are shown: by tag or SQL92 at the broker, by everything else here.

use client::{FilterExpression, WhereExpression};
use protocol::message::{MessageExt, property};
use regex::bytes::Regex;

/// A property that must be there, with this value if one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PropertyTest {
    name: String,
    value: Option<String>,
}

impl PropertyTest {
    /// Reads `name=value`, or `name` alone for any value.
    ///
    /// # Errors
    /// The form there is.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if name.is_empty() {
            return Err("NAME=VALUE or NAME".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }

    fn holds(&self, message: &MessageExt) -> bool {
        let found = message.properties.get(&self.name);
        match &self.value {
            None => found.is_some(),
            Some(value) => found == Some(value),
        }
    }
}

/// Which messages are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(super) by_brokers: FilterExpression,
    pub(super) condition: Option<WhereExpression>,
    pub(super) grep: Option<Regex>,
    pub(super) properties: Vec<PropertyTest>,
}

impl Filter {
    /// Whether any message may be left out.
    pub(super) fn is_selective(&self) -> bool {
        self.by_brokers != FilterExpression::All
            || self.condition.is_some()
            || self.grep.is_some()
            || !self.properties.is_empty()
    }

    /// Whether a message that passed the broker's filter is shown.
    pub(super) fn wants(&self, message: &MessageExt, now_ms: i64) -> bool {
        let greps = |grep: &Regex| {
            let keys = message.properties.get(property::KEYS).unwrap_or_default();
            grep.is_match(&message.body) || grep.is_match(keys.as_bytes())
        };
        self.properties.iter().all(|test| test.holds(message))
            && self.grep.as_ref().is_none_or(greps)
            && (self.condition.as_ref()).is_none_or(|wanted| wanted.matches(message, now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message_item::tests::message;

    #[test]
    fn bodies_keys_and_properties() {
        let message = message(r#"{"city":"Köln"}"#.as_bytes());
        let check = |grep: Option<&str>, tests: &[&str], expected: bool| {
            let filter = Filter {
                grep: grep.map(|grep| Regex::new(grep).unwrap()),
                properties: tests
                    .iter()
                    .map(|test| PropertyTest::parse(test).unwrap())
                    .collect(),
                ..Filter::default()
            };
            assert_eq!(filter.wants(&message, 0), expected, "{grep:?} {tests:?}");
        };
        check(None, &[], true);
        check(Some("K.ln"), &[], true);
        check(Some("A-1[78]"), &[], true);
        check(Some("^Bonn"), &[], false);
        check(None, &["region=eu"], true);
        check(None, &["region"], true);
        check(None, &["region=us"], false);
        check(Some("city"), &["region=eu", "zone"], false);
        assert!(PropertyTest::parse("=x").is_err());
    }
}
