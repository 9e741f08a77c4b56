//! Which rows are shown: a regular expression, its opposite, or a fuzzy word.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

/// The largest program that an expression may become, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Which rows are shown.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    All,
    Matching(Regex),
    Without(Regex),
    Fuzzy(Pattern),
    /// An expression that is not complete, or wrong: it is looked for as it is written.
    Literal(String, String),
}

impl Filter {
    /// Reads `ord`, `!ord` or `~ord`. Capitals matter only if there are some. What is no expression is
    /// looked for as it stands, and [`error`](Self::error) says why.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let kind = match text.split_at_checked(1) {
            None | Some(("!" | "~", "")) => Kind::All,
            Some(("~", rest)) => Kind::Fuzzy(Pattern::parse(
                rest,
                CaseMatching::Smart,
                Normalization::Smart,
            )),
            Some(("!", rest)) => expression(rest).map_or_else(
                |error| Kind::Literal(rest.to_lowercase(), error),
                Kind::Without,
            ),
            Some(_) => expression(text).map_or_else(
                |error| Kind::Literal(text.to_lowercase(), error),
                Kind::Matching,
            ),
        };
        Self {
            text: text.to_owned(),
            kind,
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it leaves anything out.
    #[must_use]
    pub fn is_some(&self) -> bool {
        !self.text.is_empty()
    }

    /// Why the expression cannot be used.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(_, error) => Some(error),
            Kind::All | Kind::Matching(_) | Kind::Without(_) | Kind::Fuzzy(_) => None,
        }
    }

    /// Whether a row of this name is shown.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.kind {
            Kind::All => true,
            Kind::Matching(regex) => regex.is_match(name),
            Kind::Without(regex) => !regex.is_match(name),
            Kind::Literal(words, _) => name.to_lowercase().contains(words),
            Kind::Fuzzy(pattern) => {
                let mut matcher = Matcher::new(Config::DEFAULT);
                let mut chars = Vec::new();
                pattern
                    .score(Utf32Str::new(name, &mut chars), &mut matcher)
                    .is_some()
            }
        }
    }
}

fn expression(text: &str) -> Result<Regex, String> {
    let has_capitals = text.chars().any(char::is_uppercase);
    RegexBuilder::new(text)
        .case_insensitive(!has_capitals)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_expression_opposite_or_likeness() {
        let cases = [
            ("", "orders", true),
            ("ord", "Orders", true),
            ("Ord", "orders", false),
            ("^ord.*s$", "orders", true),
            ("!ord", "orders", false),
            ("!ord", "audit", true),
            ("~sdo", "orders", false),
            ("~ors", "orders", true),
            ("~", "orders", true),
            ("!", "orders", true),
            ("订", "订单", true),
        ];
        for (filter, name, expected) in cases {
            assert_eq!(
                Filter::new(filter).matches(name),
                expected,
                "{filter} {name}"
            );
        }
    }

    #[test]
    fn an_expression_that_is_not_complete_is_looked_for_as_it_stands() {
        let filter = Filter::new("ord(");
        assert!(filter.error().is_some());
        assert!(filter.matches("my-ord(er)") && !filter.matches("orders"));
    }
}
