//! The properties text of a message: `name \u{1} value \u{2}`, repeated.

use std::collections::HashMap;

use super::layout::PROPERTIES_LENGTH_MAX;

const NAME_VALUE_SEPARATOR: char = '\u{1}';
const PROPERTY_SEPARATOR: char = '\u{2}';
const NAME_VALUE_SEPARATOR_BYTE: u8 = 1;
const PROPERTY_SEPARATOR_BYTE: u8 = 2;

/// Up to so many properties, looking through all of them is the fastest way to find one.
const FEW: usize = 32;

/// The value of one property in a properties text, found without allocating.
///
/// Reads as Java does: a pair with an empty name or value does not exist, and of two pairs with
/// one name the later counts.
#[must_use]
pub fn property_of<'a>(properties: &'a str, name: &str) -> Option<&'a str> {
    std::str::from_utf8(property_bytes_of(properties.as_bytes(), name)?).ok()
}

/// As [`property_of`], in properties that may be no text.
pub(crate) fn property_bytes_of<'a>(properties: &'a [u8], name: &str) -> Option<&'a [u8]> {
    if name.is_empty() {
        return None;
    }
    let ends = memchr::memchr_iter(PROPERTY_SEPARATOR_BYTE, properties);
    let (mut start, mut found) = (0, None);
    for end in ends.chain(std::iter::once(properties.len())) {
        let value = value_of(properties.get(start..end)?, name);
        // Of two pairs with one name the later counts.
        found = value.or(found);
        start = end + 1;
    }
    found
}

/// The values of several properties, in one pass over properties that may be no text.
pub(crate) fn values_of<'a, const N: usize>(
    properties: &'a [u8],
    names: [&str; N],
) -> [Option<&'a str>; N] {
    let mut values = [None; N];
    let mut rest = properties;
    while !rest.is_empty() {
        let end = memchr::memchr(PROPERTY_SEPARATOR_BYTE, rest).unwrap_or(rest.len());
        let (pair, behind) = rest.split_at(end);
        for (value, name) in values.iter_mut().zip(names) {
            // Of two pairs with one name the later counts.
            if let Some(found) = value_of(pair, name) {
                *value = std::str::from_utf8(found).ok();
            }
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    values
}

/// The value of a pair, if it has this name and a value.
fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pair.strip_prefix(name.as_bytes())
        .and_then(|rest| rest.strip_prefix(&[NAME_VALUE_SEPARATOR_BYTE]))
        .filter(|value| !value.is_empty())
}

/// The pairs of a properties text in their order, without those that Java drops.
fn pairs(properties: &str) -> impl Iterator<Item = (&str, &str)> {
    properties
        .split(PROPERTY_SEPARATOR)
        .filter_map(|pair| pair.split_once(NAME_VALUE_SEPARATOR))
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// Why properties cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// A name or value is empty: a reader would drop it.
    #[error("property {name:?} has an empty name or value")]
    Empty {
        /// Name of the property.
        name: String,
    },
    /// A name or value holds one of the two separators.
    #[error("property {name:?} holds U+0001 or U+0002, which separate properties")]
    Separator {
        /// Name of the property.
        name: String,
    },
    /// All together are too long.
    #[error("properties are {length} bytes, the limit is {max}")]
    TooLong {
        /// Length of the properties text in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
}

/// The properties of a message, in the order they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    pairs: Vec<(String, String)>,
}

impl Properties {
    /// No properties.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// Reads a properties text; what is not a pair in it does not count.
    #[must_use]
    pub fn parse(properties: &str) -> Self {
        let separators = memchr::memchr_iter(PROPERTY_SEPARATOR_BYTE, properties.as_bytes());
        if separators.count() < FEW {
            pairs(properties).collect()
        } else {
            Self::parse_many(properties)
        }
    }

    /// As [`parse`](Self::parse), but takes no longer for each property the more there are.
    fn parse_many(properties: &str) -> Self {
        let mut last_values = HashMap::new();
        let mut names = Vec::new();
        for (name, value) in pairs(properties) {
            if last_values.insert(name, value).is_none() {
                names.push(name);
            }
        }
        let value_of = |name: &str| {
            last_values
                .get(name)
                .copied()
                .unwrap_or_default()
                .to_owned()
        };
        let pairs = names
            .into_iter()
            .map(|name| (name.to_owned(), value_of(name)))
            .collect();
        Self { pairs }
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether there is a property of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a property and returns its former value. A property that is there keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        let (name, value) = (name.into(), value.into());
        match self.pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => Some(std::mem::replace(known, value)),
            None => {
                self.pairs.push((name, value));
                None
            }
        }
    }

    /// Removes a property and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.remove(at).1)
    }

    /// All names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Length of the properties text in bytes.
    #[must_use]
    pub fn wire_length(&self) -> usize {
        self.pairs
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum()
    }

    /// The properties text, as [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn to_wire_string(&self) -> String {
        let mut text = String::with_capacity(self.wire_length());
        for (name, value) in &self.pairs {
            text.push_str(name);
            text.push(NAME_VALUE_SEPARATOR);
            text.push_str(value);
            text.push(PROPERTY_SEPARATOR);
        }
        text
    }

    /// Checks that a reader of the properties text will find just these properties.
    ///
    /// # Errors
    /// [`PropertyError`] names the first property that would be lost or torn, or the length limit.
    pub fn check(&self) -> Result<(), PropertyError> {
        let is_torn = |text: &str| text.contains([NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR]);
        for (name, value) in &self.pairs {
            if name.is_empty() || value.is_empty() {
                return Err(PropertyError::Empty { name: name.clone() });
            }
            if is_torn(name) || is_torn(value) {
                return Err(PropertyError::Separator { name: name.clone() });
            }
        }
        let length = self.wire_length();
        if length > PROPERTIES_LENGTH_MAX {
            return Err(PropertyError::TooLong {
                length,
                max: PROPERTIES_LENGTH_MAX,
            });
        }
        Ok(())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut properties = Self::new();
        for (name, value) in pairs {
            properties.insert(name, value);
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn text_is_javas() {
        let properties: Properties = [("TAGS", "TagA"), ("KEYS", "k1")].into_iter().collect();
        assert_eq!(
            properties.to_wire_string(),
            "TAGS\u{1}TagA\u{2}KEYS\u{1}k1\u{2}"
        );
        assert_eq!(properties.wire_length(), properties.to_wire_string().len());
    }

    #[test]
    fn a_value_that_is_no_text_does_not_hide_the_others() {
        let bytes = b"a\x01\xff\x02b\x01two\x02";
        assert_eq!(values_of(bytes, ["a", "b"]), [None, Some("two")]);
        assert_eq!(property_bytes_of(bytes, "a"), Some(&b"\xff"[..]));
        assert_eq!(property_bytes_of(bytes, "b"), Some(&b"two"[..]));
    }

    #[test]
    fn reads_what_java_reads() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let parsed = Properties::parse(text);
            assert_eq!(parsed.iter().collect::<Vec<_>>(), expected, "{text:?}");
            for (name, value) in expected {
                assert_eq!(property_of(text, name), Some(*value), "{text:?}");
                let several = values_of(text.as_bytes(), ["none", *name]);
                assert_eq!(several, [None, Some(*value)], "{text:?}");
            }
        };
        check("", &[]);
        check("a\u{1}b", &[("a", "b")]);
        check("a\u{1}b\u{2}c\u{1}d", &[("a", "b"), ("c", "d")]);
        check("a\u{1}\u{2}c\u{1}d\u{2}", &[("c", "d")]);
        check("\u{1}x\u{2}c\u{1}d\u{2}", &[("c", "d")]);
        check("noise\u{2}c\u{1}d\u{2}\u{2}", &[("c", "d")]);
        check("a\u{1}b\u{1}c\u{2}", &[("a", "b\u{1}c")]);
        check(
            "a\u{1}1\u{2}b\u{1}2\u{2}a\u{1}3\u{2}",
            &[("a", "3"), ("b", "2")],
        );
        check("a\u{1}1\u{2}a\u{1}\u{2}", &[("a", "1")]);
        check("标签\u{1}值\u{2}", &[("标签", "值")]);
    }

    #[test]
    fn a_name_is_matched_whole() {
        let text = "KEYS2\u{1}x\u{2}MYKEYS\u{1}y\u{2}";
        assert_eq!(property_of(text, "KEYS"), None);
        assert_eq!(property_of(text, ""), None);
        assert_eq!(property_of(text, "KEYS2\u{1}x"), None);
    }

    #[test]
    fn a_replaced_property_keeps_its_place() {
        let mut properties = Properties::parse("a\u{1}1\u{2}b\u{1}2\u{2}");
        assert_eq!(properties.insert("a", "3").as_deref(), Some("1"));
        assert_eq!(properties.to_wire_string(), "a\u{1}3\u{2}b\u{1}2\u{2}");
        assert_eq!(properties.remove("a").as_deref(), Some("3"));
        assert_eq!(properties.len(), 1);
    }

    #[test]
    fn check_names_what_would_be_lost() {
        let check = |name: &str, value: &str| {
            let properties: Properties = [(name, value)].into_iter().collect();
            properties.check()
        };
        assert_eq!(check("a", "b"), Ok(()));
        assert_eq!(
            check("a", ""),
            Err(PropertyError::Empty { name: "a".into() })
        );
        assert_eq!(
            check("a\u{1}", "b"),
            Err(PropertyError::Separator {
                name: "a\u{1}".into()
            })
        );
        let longest = "x".repeat(PROPERTIES_LENGTH_MAX - 3);
        assert_eq!(check("a", &longest), Ok(()));
        assert!(matches!(
            check("ab", &longest),
            Err(PropertyError::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn many_are_read_like_few(text in "[ab\u{1}\u{2}]{0,99}") {
            let few: Properties = pairs(&text).collect();
            assert_eq!(Properties::parse_many(&text), few);
        }

        #[test]
        fn both_readers_agree(text in "[ab\u{1}\u{2}é]{0,24}", name in "[abé\u{1}\u{2}]{0,3}") {
            let parsed = Properties::parse(&text);
            let expected = parsed.get(&name).filter(|_| !name.contains(['\u{1}', '\u{2}']));
            let found = property_of(&text, &name).filter(|_| !name.contains(['\u{1}', '\u{2}']));
            assert_eq!(found, expected);
        }

        #[test]
        fn text_and_back(pairs in proptest::collection::vec(("[a-z]{1,3}", "[^\u{1}\u{2}]{1,9}"), 0..8)) {
            let properties: Properties = pairs.into_iter().collect();
            assert_eq!(Properties::parse(&properties.to_wire_string()), properties);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), name in any::<String>()) {
            let _parsed = Properties::parse(&text);
            let _found = property_of(&text, &name);
        }
    }
}
