//! What a broker reads from and writes into the properties of a message, in one pass over the text.

use memchr::{memchr, memchr_iter};
use protocol::message::property;

/// Separates properties.
const PROPERTY_END: u8 = 2;
/// Separates a name from its value.
const NAME_END: u8 = 1;
/// A shorter piece of text is no property, as Java reads it.
const PROPERTY_LENGTH_MIN: usize = 3;

/// What the broker goes by. Of a property that stands there twice, the last one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PropertyFacts<'a> {
    pub(crate) unique_key: Option<&'a str>,
    /// Whether the answer is to wait for the disk.
    pub(crate) is_wait: bool,
    /// Level of delay; 0 for none.
    pub(crate) delay_level: i32,
    /// Whether it is the half message of a transaction.
    pub(crate) is_half: bool,
    /// Whether it is to be delivered at a time of its own.
    pub(crate) is_timer: bool,
    pub(crate) has_keys: bool,
}

impl Default for PropertyFacts<'_> {
    fn default() -> Self {
        Self {
            unique_key: None,
            is_wait: true,
            delay_level: 0,
            is_half: false,
            is_timer: false,
            has_keys: false,
        }
    }
}

impl<'a> PropertyFacts<'a> {
    /// Reads the facts.
    pub(crate) fn of(properties: &'a str) -> Self {
        let mut facts = Self::default();
        for (name, value) in pieces(properties).filter_map(split) {
            facts.note(name, value);
        }
        facts
    }

    fn note(&mut self, name: &str, value: &'a str) {
        match name {
            property::UNIQUE_KEY => self.unique_key = Some(value),
            property::WAIT => self.is_wait = value.eq_ignore_ascii_case("true"),
            property::DELAY => self.delay_level = value.parse().unwrap_or_default(),
            property::TRANSACTION_PREPARED => self.is_half = value.eq_ignore_ascii_case("true"),
            property::KEYS => self.has_keys = !value.trim().is_empty(),
            property::TIMER_DELIVER_MS | property::TIMER_DELAY_MS | property::TIMER_DELAY_SEC => {
                self.is_timer = true;
            }
            _ => {}
        }
    }
}

/// Copies properties to the end of `out` without those that `drops` names and without what is none,
/// and reads the facts of all of them on the way. What is copied ends with a separator.
pub(crate) fn copy_without<'a>(
    properties: &'a str,
    drops: impl Fn(&str) -> bool,
    out: &mut String,
) -> PropertyFacts<'a> {
    let mut facts = PropertyFacts::default();
    for piece in pieces(properties) {
        let Some((name, value)) = split(piece) else {
            continue;
        };
        facts.note(name, value);
        if !drops(name) {
            out.push_str(piece);
            out.push(char::from(PROPERTY_END));
        }
    }
    facts
}

/// Adds a property at the end.
pub(crate) fn push(name: &str, value: &str, out: &mut String) {
    out.push_str(name);
    out.push(char::from(NAME_END));
    out.push_str(value);
    out.push(char::from(PROPERTY_END));
}

fn pieces(properties: &str) -> impl Iterator<Item = &str> {
    let bytes = properties.as_bytes();
    let ends = memchr_iter(PROPERTY_END, bytes).chain(std::iter::once(bytes.len()));
    let mut start = 0;
    ends.map(move |end| {
        let piece = properties.get(start..end).unwrap_or_default();
        start = end + 1;
        piece
    })
}

/// Name and value, where the piece is a property.
fn split(piece: &str) -> Option<(&str, &str)> {
    if piece.len() < PROPERTY_LENGTH_MIN {
        return None;
    }
    let name_end = memchr(NAME_END, piece.as_bytes())?;
    let (name, value) = (piece.get(..name_end)?, piece.get(name_end + 1..)?);
    (!name.is_empty() && !value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_and_the_last_one_counts() {
        let facts = PropertyFacts::of(
            "WAIT\u{1}false\u{2}DELAY\u{1}3\u{2}UNIQ_KEY\u{1}A\u{2}DELAY\u{1}4\u{2}KEYS\u{1}k",
        );
        let expected = PropertyFacts {
            unique_key: Some("A"),
            is_wait: false,
            delay_level: 4,
            has_keys: true,
            ..PropertyFacts::default()
        };
        assert_eq!(facts, expected);
        assert_eq!(PropertyFacts::of(""), PropertyFacts::default());
        assert!(PropertyFacts::of("TRAN_MSG\u{1}True\u{2}").is_half);
        assert!(PropertyFacts::of("TIMER_DELAY_SEC\u{1}9\u{2}").is_timer);
        assert_eq!(PropertyFacts::of("DELAY\u{1}x\u{2}").delay_level, 0);
    }

    #[test]
    fn what_is_named_and_what_is_none_is_dropped() {
        let mut out = String::new();
        let text = "a\u{1}1\u{2}POP_CK\u{1}x\u{2}\u{2}b\u{1}\u{2}\u{1}c\u{2}no\u{2}d\u{1}2";
        let facts = copy_without(text, |name| name == property::POP_CK, &mut out);
        push("e", "3", &mut out);
        assert_eq!(out, "a\u{1}1\u{2}d\u{1}2\u{2}e\u{1}3\u{2}");
        assert_eq!(facts, PropertyFacts::default());
    }
}
