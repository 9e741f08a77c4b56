//! Which messages a subscription wants, by the hash of their tags.
//!
//! The hashes are made of the subscription's text: what some clients send as its hashes is not to be
//! trusted. Hashes can be equal by chance; consumers compare the tags themselves.

use protocol::body::SUB_ALL;
use protocol::message::java_hash;
use smallvec::SmallVec;

/// Hashes that are kept without an allocation.
const TAGS_INLINE: usize = 8;

/// What a subscription to tags lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagFilter {
    /// Every message.
    All,
    /// Messages whose tags have one of these hashes.
    Hashes(SmallVec<[i64; TAGS_INLINE]>),
}

impl TagFilter {
    /// The filter that an expression of tags joined by `||` stands for.
    pub(crate) fn of(expression: &str) -> Self {
        if expression.is_empty() || expression == SUB_ALL {
            return Self::All;
        }
        Self::of_tags(
            expression
                .split("||")
                .map(str::trim)
                .filter(|tag| !tag.is_empty()),
        )
    }

    /// The filter for these tags.
    pub(crate) fn of_tags<'a>(tags: impl Iterator<Item = &'a str>) -> Self {
        Self::Hashes(tags.map(|tag| i64::from(java_hash(tag))).collect())
    }

    /// Whether a message with this tags code is wanted.
    pub(crate) fn wants(&self, tags_code: i64) -> bool {
        match self {
            Self::All => true,
            Self::Hashes(hashes) => hashes.contains(&tags_code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_rocketmq_reads_them() {
        assert_eq!(TagFilter::of("*"), TagFilter::All);
        assert_eq!(TagFilter::of(""), TagFilter::All);
        let filter = TagFilter::of(" TagA ||TagB||");
        assert!(filter.wants(2_598_919) && filter.wants(2_598_920));
        assert!(!filter.wants(0) && !filter.wants(2_598_921));
    }
}
