//! Tag expressions: `*` or `A || B`, as a subscription of type TAG has them.
//!
//! A broker sees the hash of a message's tags in the ConsumeQueue and compares that; a client
//! compares the text, as two tags may have one hash.

use std::fmt;

/// Which tags a subscription wants.
///
/// ```
/// use gantry_filter::TagFilter;
///
/// # fn main() -> Result<(), gantry_filter::TagError> {
/// let filter = TagFilter::parse("TagA || TagB")?;
/// assert!(filter.matches(2_598_919)); // "TagA".hashCode()
/// assert!(filter.matches_text(Some("TagB")));
/// assert!(!filter.matches_text(None));
/// assert_eq!(filter.to_string(), "TagA || TagB");
/// assert!(TagFilter::parse("*")?.matches(0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// In the order of the source, each once; their hashes sorted.
    These {
        tags: Vec<Box<str>>,
        codes: Vec<i32>,
    },
}

/// The expression of a tag filter has separators and nothing to separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tag expression has only `||`; name tags as in `A || B`, or write `*` for all")]
#[non_exhaustive]
pub struct TagError;

const SEPARATOR: &str = "||";

impl TagFilter {
    /// The filter that lets every message pass.
    pub const ALL: Self = Self {
        wanted: Wanted::All,
    };

    /// Reads a tag expression as RocketMQ does.
    ///
    /// Empty and `*` mean all; in any other place `*` is a tag like others. Blanks around tags and
    /// empty tags do not count; blanks alone are an expression that wants nothing.
    ///
    /// # Errors
    /// [`TagError`] if there is nothing but `||`.
    pub fn parse(source: &str) -> Result<Self, TagError> {
        if source.is_empty() || source == "*" {
            return Ok(Self::ALL);
        }
        if source.split(SEPARATOR).all(str::is_empty) {
            return Err(TagError);
        }
        let mut tags: Vec<Box<str>> = Vec::new();
        let mut codes = Vec::new();
        for tag in source.split(SEPARATOR) {
            // Java's trim: every control character counts as a blank.
            let tag = tag.trim_matches(|character| character <= ' ');
            if !tag.is_empty() && !tags.iter().any(|known| **known == *tag) {
                tags.push(tag.into());
                codes.push(java_hash(tag));
            }
        }
        codes.sort_unstable();
        codes.dedup();
        Ok(Self {
            wanted: Wanted::These { tags, codes },
        })
    }

    /// Whether every message passes.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.wanted == Wanted::All
    }

    /// The wanted tags; none if all are.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = match &self.wanted {
            Wanted::All => &[][..],
            Wanted::These { tags, .. } => tags,
        };
        tags.iter().map(|tag| &**tag)
    }

    /// The hashes of the wanted tags, in order; none if all are.
    #[must_use]
    pub fn codes(&self) -> &[i32] {
        match &self.wanted {
            Wanted::All => &[],
            Wanted::These { codes, .. } => codes,
        }
    }

    /// Whether a message may pass whose ConsumeQueue entry has this tags code. Only its lower 32
    /// bits count.
    #[must_use]
    pub fn matches(&self, tags_code: i64) -> bool {
        let [_, _, _, _, lower @ ..] = tags_code.to_be_bytes();
        match &self.wanted {
            Wanted::All => true,
            Wanted::These { codes, .. } => codes.binary_search(&i32::from_be_bytes(lower)).is_ok(),
        }
    }

    /// Whether a message with this `TAGS` property passes.
    #[must_use]
    pub fn matches_text(&self, message_tags: Option<&str>) -> bool {
        match (&self.wanted, message_tags) {
            (Wanted::All, _) => true,
            (Wanted::These { tags, .. }, Some(text)) => tags.iter().any(|tag| **tag == *text),
            (Wanted::These { .. }, None) => false,
        }
    }
}

impl fmt::Display for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags = match &self.wanted {
            Wanted::All => return f.write_str("*"),
            Wanted::These { tags, .. } => tags.as_slice(),
        };
        match tags {
            // Blanks keep these two from reading as all and as an error.
            [] => f.write_str(" || "),
            [star] if **star == *"*" => f.write_str(" *"),
            [first, rest @ ..] => {
                f.write_str(first)?;
                rest.iter()
                    .try_for_each(|tag| write!(f, " {SEPARATOR} {tag}"))
            }
        }
    }
}

/// `String.hashCode`, over UTF-16.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(source: &str) -> Vec<String> {
        TagFilter::parse(source)
            .unwrap()
            .tags()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn all_is_empty_or_a_star() {
        for source in ["", "*"] {
            let filter = TagFilter::parse(source).unwrap();
            assert!(filter.is_all());
            assert!(filter.matches(0) && filter.matches(77) && filter.matches_text(None));
            assert_eq!(
                (filter.codes(), filter.to_string()),
                (&[][..], "*".to_owned())
            );
        }
    }

    #[test]
    fn a_star_among_tags_is_a_tag() {
        assert_eq!(tags("A || *"), ["A", "*"]);
        assert_eq!(tags(" * "), ["*"]);
        assert!(!TagFilter::parse(" * ").unwrap().matches_text(Some("B")));
    }

    #[test]
    fn blanks_and_empty_tags_do_not_count() {
        assert_eq!(tags("A||B"), ["A", "B"]);
        assert_eq!(tags("|| A ||\t|| B ||A||"), ["A", "B"]);
        assert_eq!(tags("A | B"), ["A | B"]);
        assert_eq!(tags("|||"), ["|"]);
        assert_eq!(tags("   "), [""; 0]);
        assert!(!TagFilter::parse("   ").unwrap().matches(0));
        for source in ["||", "||||"] {
            assert_eq!(TagFilter::parse(source), Err(TagError));
        }
    }

    #[test]
    fn codes_are_java_hashes_and_compared_by_32_bits() {
        let filter = TagFilter::parse("TagB || TagA || 标签 || Aa").unwrap();
        assert_eq!(filter.codes(), [2_112, 857_175, 2_598_919, 2_598_920]);
        assert!(filter.matches(2_598_919) && filter.matches(2_598_919 | 7 << 32));
        assert!(!filter.matches(0));
        // The text tells apart what has one hash.
        assert!(filter.matches(java_hash("BB").into()));
        assert!(!filter.matches_text(Some("BB")));
        let negative = TagFilter::parse("polygenelubricants").unwrap();
        assert_eq!(negative.codes(), [i32::MIN]);
        assert!(negative.matches(i32::MIN.into()));
    }

    proptest! {
        #[test]
        fn printed_filters_read_back(source in r"([ AB*|\t标]|\|\|){0,12}") {
            if let Ok(filter) = TagFilter::parse(&source) {
                prop_assert_eq!(TagFilter::parse(&filter.to_string()), Ok(filter));
            }
        }
    }
}
