//! The two dialects as data: one lexer and one parser read these tables.
//!
//! A dialect says what may be written. What an expression means is the same in both.

use crate::token::TokenKind;

/// Which expressions are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// RocketMQ's grammar, to the letter: what a broker accepts in a subscription.
    Broker,
    /// The same and more, for people at a prompt: `==`, `!=`, `&&`, `||`, `!`, `~ 'regex'`,
    /// `"double quotes"`, dotted and `` `quoted` `` names, `5m` and `2kB`, numbers after `IN`. Two
    /// things that RocketMQ lets pass are refused as the mistakes they are: text behind a complete
    /// expression, and `NOT a = 1` for `NOT (a = 1)`.
    Client,
}

/// What a dialect allows.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Operators and signs; one that begins another comes after it.
    pub(crate) symbols: &'static [(&'static str, TokenKind)],
    /// Characters that open and close a text; doubled inside, they stand for themselves.
    pub(crate) text_quotes: &'static [char],
    /// The character around a name that could not be written plainly.
    pub(crate) name_quote: Option<char>,
    /// Names may have dots and letters of any script.
    pub(crate) wide_names: bool,
    /// Numbers may begin with zeros and be followed by a unit; RocketMQ reads `007` as three numbers.
    pub(crate) wide_numbers: bool,
    /// `0.0` is a number; RocketMQ refuses it, as its check for too small values catches zero.
    pub(crate) zero_decimal: bool,
    /// `IN` takes numbers as well as texts.
    pub(crate) numbers_in_lists: bool,
    /// `NOT a = 1` must be written `(NOT a) = 1` where that is meant, as it seldom is: it is never true.
    pub(crate) not_in_parentheses: bool,
    /// What follows a complete expression is ignored, as RocketMQ's grammar never asks for the end.
    pub(crate) tail_ignored: bool,
}

static BROKER: Rules = Rules {
    symbols: &[
        ("<>", TokenKind::NotEqual),
        ("<=", TokenKind::LessEqual),
        (">=", TokenKind::GreaterEqual),
        ("=", TokenKind::Equal),
        ("<", TokenKind::Less),
        (">", TokenKind::Greater),
        ("(", TokenKind::Open),
        (")", TokenKind::Close),
        (",", TokenKind::Comma),
        ("+", TokenKind::Plus),
        ("-", TokenKind::Minus),
    ],
    text_quotes: &['\''],
    name_quote: None,
    wide_names: false,
    wide_numbers: false,
    zero_decimal: false,
    numbers_in_lists: false,
    not_in_parentheses: false,
    tail_ignored: true,
};

static CLIENT: Rules = Rules {
    symbols: &[
        ("==", TokenKind::Equal),
        ("!=", TokenKind::NotEqual),
        ("<>", TokenKind::NotEqual),
        ("<=", TokenKind::LessEqual),
        (">=", TokenKind::GreaterEqual),
        ("&&", TokenKind::And),
        ("||", TokenKind::Or),
        ("!", TokenKind::Not),
        ("~", TokenKind::Matches),
        ("=", TokenKind::Equal),
        ("<", TokenKind::Less),
        (">", TokenKind::Greater),
        ("(", TokenKind::Open),
        (")", TokenKind::Close),
        (",", TokenKind::Comma),
        ("+", TokenKind::Plus),
        ("-", TokenKind::Minus),
    ],
    text_quotes: &['\'', '"'],
    name_quote: Some('`'),
    wide_names: true,
    wide_numbers: true,
    zero_decimal: true,
    numbers_in_lists: true,
    not_in_parentheses: true,
    tail_ignored: false,
};

impl Rules {
    /// What may follow a value and `NOT`.
    pub(crate) fn tests(&self) -> impl Iterator<Item = TokenKind> {
        let symbols = self.symbols.iter().map(|&(_, kind)| kind);
        [
            TokenKind::Between,
            TokenKind::In,
            TokenKind::Contains,
            TokenKind::StartsWith,
            TokenKind::EndsWith,
        ]
        .into_iter()
        .chain(symbols.filter(|kind| *kind == TokenKind::Matches))
    }
}

impl Dialect {
    pub(crate) fn rules(self) -> &'static Rules {
        match self {
            Self::Broker => &BROKER,
            Self::Client => &CLIENT,
        }
    }
}

/// What a quantity measures; decides the unit in which it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// In milliseconds.
    Duration,
    /// In bytes.
    Size,
}

/// One unit that may follow a number in the client dialect.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) measure: Measure,
    /// How many milliseconds or bytes it is.
    pub(crate) factor: i64,
}

const fn unit(name: &'static str, measure: Measure, factor: i64) -> Unit {
    Unit {
        name,
        measure,
        factor,
    }
}

/// All units, of one measure the largest first; where two names mean the same, the first is printed.
pub(crate) const UNITS: &[Unit] = &[
    unit("d", Measure::Duration, 86_400_000),
    unit("h", Measure::Duration, 3_600_000),
    unit("m", Measure::Duration, 60_000),
    unit("s", Measure::Duration, 1_000),
    unit("ms", Measure::Duration, 1),
    unit("GiB", Measure::Size, 1 << 30),
    unit("GB", Measure::Size, 1_000_000_000),
    unit("MiB", Measure::Size, 1 << 20),
    unit("MB", Measure::Size, 1_000_000),
    unit("KiB", Measure::Size, 1 << 10),
    unit("kB", Measure::Size, 1_000),
    unit("KB", Measure::Size, 1_000),
    unit("B", Measure::Size, 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_symbol_is_hidden_by_an_earlier_one() {
        for rules in [&BROKER, &CLIENT] {
            for (index, (symbol, _)) in rules.symbols.iter().enumerate() {
                for (earlier, _) in &rules.symbols[..index] {
                    assert!(!symbol.starts_with(earlier), "{earlier} hides {symbol}");
                }
            }
        }
    }

    #[test]
    fn units_of_one_measure_fall() {
        for pair in UNITS.windows(2) {
            assert!(pair[0].measure != pair[1].measure || pair[0].factor >= pair[1].factor);
        }
    }
}
