//! What a consumer wants of a topic: everything, messages with certain tags, or what an SQL92
//! expression matches.
//!
//! The broker filters tags by their hash alone, so the client compares the text again.

use std::fmt;

use protocol::body::{EXPRESSION_TYPE_SQL92, EXPRESSION_TYPE_TAG, SUB_ALL, SubscriptionData};

use crate::ClientError;

/// A subscription's filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FilterExpression {
    /// Every message.
    #[default]
    All,
    /// Messages with one of these tags: `TagA || TagB`.
    Tags(String),
    /// Messages whose properties match an SQL92 expression; the broker must allow it.
    Sql92(String),
}

impl FilterExpression {
    /// A filter by tags; `*` and nothing stand for every message.
    #[must_use]
    pub fn tags(expression: &str) -> Self {
        match expression.trim() {
            "" | SUB_ALL => Self::All,
            tags => Self::Tags(tags.to_owned()),
        }
    }

    /// The expression as it travels.
    #[must_use]
    pub fn expression(&self) -> &str {
        match self {
            Self::All => SUB_ALL,
            Self::Tags(expression) | Self::Sql92(expression) => expression,
        }
    }

    /// RocketMQ's name for the kind of expression.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::All | Self::Tags(_) => EXPRESSION_TYPE_TAG,
            Self::Sql92(_) => EXPRESSION_TYPE_SQL92,
        }
    }

    /// Whether a message with these tags is wanted, as far as the client can tell.
    #[must_use]
    pub fn wants(&self, tags: Option<&str>) -> bool {
        match self {
            Self::All | Self::Sql92(_) => true,
            Self::Tags(expression) => {
                tags.is_some_and(|tags| single_tags(expression).any(|tag| tag == tags))
            }
        }
    }

    /// Refuses an expression that asks for nothing.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        let says_something = match self {
            Self::All => true,
            Self::Tags(expression) => single_tags(expression).next().is_some(),
            Self::Sql92(expression) => !expression.trim().is_empty(),
        };
        if says_something {
            Ok(())
        } else {
            Err(invalid("the filter expression is empty"))
        }
    }

    /// The subscription of a topic as heartbeats carry it.
    pub(crate) fn subscription(
        &self,
        topic: &str,
        version: i64,
    ) -> Result<SubscriptionData, ClientError> {
        self.check()?;
        SubscriptionData::build(topic, self.expression(), Some(self.kind()), version)
            .map_err(invalid)
    }
}

fn invalid(reason: impl fmt::Display) -> ClientError {
    ClientError::InvalidArgument {
        reason: reason.to_string(),
    }
}

impl fmt::Display for FilterExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression())
    }
}

fn single_tags(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split("||")
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_text() {
        let filter = FilterExpression::tags(" TagA|| TagB ");
        assert!(filter.wants(Some("TagA")) && filter.wants(Some("TagB")));
        assert!(!filter.wants(Some("TagC")) && !filter.wants(None));
        // two texts with one Java hash
        let aa = FilterExpression::tags("Aa");
        assert!(aa.wants(Some("Aa")) && !aa.wants(Some("BB")));
        assert!(FilterExpression::tags("*").wants(None));
        assert!(FilterExpression::Sql92("a > 1".into()).wants(None));
    }

    #[test]
    fn a_subscription_carries_tags_and_their_hashes() {
        let data = FilterExpression::tags("TagB || TagA")
            .subscription("T", 7)
            .unwrap();
        assert_eq!(data.sub_string, "TagB || TagA");
        assert_eq!(data.tags_set.iter().collect::<Vec<_>>(), ["TagA", "TagB"]);
        assert_eq!(
            data.code_set.iter().copied().collect::<Vec<_>>(),
            [2_598_919, 2_598_920]
        );
        assert_eq!(
            (data.sub_version, data.expression_type.as_str()),
            (7, "TAG")
        );
        assert_eq!(
            FilterExpression::All
                .subscription("T", 7)
                .unwrap()
                .sub_string,
            "*"
        );
    }

    #[test]
    fn an_empty_expression_is_refused() {
        assert!(FilterExpression::Tags("||".into()).check().is_err());
        assert!(FilterExpression::Sql92(" ".into()).check().is_err());
        assert!(FilterExpression::tags("").check().is_ok());
    }
}
