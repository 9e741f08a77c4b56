//! What a producer sends.

use bytes::Bytes;

use super::properties::Properties;
use super::property;

/// A message before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The topic.
    pub topic: String,
    /// The user's flag; RocketMQ only carries it.
    pub flag: i32,
    /// The properties.
    pub properties: Properties,
    /// The body.
    pub body: Bytes,
}

impl Message {
    /// A message without properties.
    #[must_use]
    pub fn new(topic: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            flag: 0,
            properties: Properties::new(),
            body: body.into(),
        }
    }

    /// Sets the tag that subscriptions filter by.
    #[must_use]
    pub fn with_tags(self, tags: impl Into<String>) -> Self {
        self.with_property(property::TAGS, tags)
    }

    /// Sets the keys that the message can be found by.
    #[must_use]
    pub fn with_keys<K: AsRef<str>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        let mut joined = String::new();
        for key in keys {
            if !joined.is_empty() {
                joined.push(property::KEY_SEPARATOR);
            }
            joined.push_str(key.as_ref());
        }
        self.with_property(property::KEYS, joined)
    }

    /// Sets a property; an empty value removes it, since no reader would find it.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.properties.remove(&name);
        } else {
            self.properties.insert(name, value);
        }
        self
    }

    /// Delivers the message after the time that the broker has for this level; 0 for at once.
    #[must_use]
    pub fn with_delay_level(self, level: u32) -> Self {
        let level = if level == 0 {
            String::new()
        } else {
            level.to_string()
        };
        self.with_property(property::DELAY, level)
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> Option<&str> {
        self.properties.get(property::TAGS)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        keys_of(&self.properties)
    }

    /// The id that the client gave the message.
    #[must_use]
    pub fn unique_key(&self) -> Option<&str> {
        self.properties.get(property::UNIQUE_KEY)
    }

    /// The delay level; 0 for none.
    #[must_use]
    pub fn delay_level(&self) -> u32 {
        self.properties
            .get(property::DELAY)
            .and_then(|level| level.parse().ok())
            .unwrap_or(0)
    }

    /// Whether the answer to a send waits for flush and replication.
    #[must_use]
    pub fn is_wait_store_ok(&self) -> bool {
        self.properties
            .get(property::WAIT)
            .is_none_or(|wait| wait.eq_ignore_ascii_case("true"))
    }
}

/// The keys of a message, one by one.
pub(crate) fn keys_of(properties: &Properties) -> Vec<&str> {
    let keys = properties.get(property::KEYS).unwrap_or_default();
    keys.split(property::KEY_SEPARATOR)
        .filter(|key| !key.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setters_write_the_properties_that_readers_know() {
        let message = Message::new("T", "body")
            .with_tags("TagA")
            .with_keys(["k1", "k2"])
            .with_delay_level(3)
            .with_property("colour", "red");
        let text = "TAGS\u{1}TagA\u{2}KEYS\u{1}k1 k2\u{2}DELAY\u{1}3\u{2}colour\u{1}red\u{2}";
        assert_eq!(message.properties.to_wire_string(), text);
        assert_eq!(message.keys(), ["k1", "k2"]);
        assert_eq!((message.tags(), message.delay_level()), (Some("TagA"), 3));
    }

    #[test]
    fn nothing_is_written_for_nothing() {
        let message = Message::new("T", "")
            .with_tags("")
            .with_keys([""; 0])
            .with_delay_level(0);
        assert!(message.properties.is_empty());
        assert_eq!(message.delay_level(), 0);
    }

    #[test]
    fn a_send_waits_unless_told_otherwise() {
        let message = Message::new("T", "");
        assert!(message.is_wait_store_ok());
        assert!(
            message
                .clone()
                .with_property("WAIT", "TRUE")
                .is_wait_store_ok()
        );
        assert!(!message.with_property("WAIT", "false").is_wait_store_ok());
    }
}
