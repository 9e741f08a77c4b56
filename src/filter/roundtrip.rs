//! Random sources and random expressions: nothing panics, and what is printed reads back.

use proptest::prelude::*;

use crate::{Dialect, Filter, Value};

/// Words and signs of both dialects, and some of none.
const PIECES: &[&str] = &[
    "a",
    "b.c",
    "TAGS",
    "$x",
    "价",
    "`in`",
    "'x'",
    "'it''s'",
    "\"y\"",
    "''",
    "5",
    "5L",
    "0",
    "007",
    "2147483648",
    "9223372036854775808",
    "1.5",
    "0.0",
    "2e3",
    "1e999",
    "5m",
    "2kB",
    "1.5ms",
    "TRUE",
    "false",
    "NULL",
    "and",
    "OR",
    "not",
    "is",
    "is null",
    "is not null",
    "in",
    "in ('x', 'y')",
    "in (1)",
    "between",
    "between 1 and 5",
    "contains 'x'",
    "STARTSWITH",
    "endswith ''",
    "~ 'a+'",
    "~ '['",
    "=",
    "==",
    "<>",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "!",
    "&&",
    "||",
    "(",
    ")",
    ",",
    "--",
    "--\n",
    "/*",
    "*/",
    "'",
    "\"",
    "`",
    ".",
    ";",
    "\u{1b}",
    "é",
];

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Broker), Just(Dialect::Client)]
}

/// A source of pieces, with and without blanks between them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = (
        prop::sample::select(PIECES),
        prop::sample::select(&["", " ", " ", "\n"][..]),
    );
    prop::collection::vec(piece, 0..16).prop_map(|pieces| {
        pieces.iter().fold(String::new(), |source, (piece, blank)| {
            source + piece + blank
        })
    })
}

/// A value: a property or a literal, perhaps behind a sign.
fn value(dialect: Dialect) -> impl Strategy<Value = String> {
    let mut plain = vec![
        "a",
        "b",
        "c",
        "TAGS",
        "3",
        "0",
        "2147483648",
        "1.5",
        "3e0",
        "'3'",
        "'x'",
    ];
    if dialect == Dialect::Client {
        plain.extend(["body.n", "`x y`", "5m", "1KiB", "0.0", "\"3\""]);
    }
    (
        prop::sample::select(vec!["", "", "", "-", "+", "- -"]),
        prop::sample::select(plain),
    )
        .prop_map(|(sign, value)| format!("{sign}{value}"))
}

/// A condition, most likely a legal one.
fn condition(dialect: Dialect) -> impl Strategy<Value = String> {
    let value = || value(dialect);
    let not = || prop::sample::select(vec!["", "NOT "]);
    let operator = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let word = prop::sample::select(match dialect {
        Dialect::Broker => vec!["CONTAINS", "STARTSWITH", "ENDSWITH"],
        Dialect::Client => vec!["CONTAINS", "STARTSWITH", "ENDSWITH", "~"],
    });
    let text = prop::sample::select(vec!["''", "'x'", "'3'", "'it''s'"]);
    let list = prop::sample::select(match dialect {
        Dialect::Broker => vec!["'x'", "'z', '3', 'z'"],
        Dialect::Client => vec!["'x'", "'z', 3, -1.5", "2m, -1kB"],
    });
    let leaf = prop_oneof![
        value(),
        prop::sample::select(vec!["TRUE", "FALSE", "NULL"]).prop_map(str::to_owned),
        (value(), operator, value())
            .prop_map(|(left, operator, right)| { format!("{left} {operator} {right}") }),
        (value(), not()).prop_map(|(value, not)| format!("{value} IS {not}NULL")),
        (value(), not(), word, text)
            .prop_map(|(value, not, word, text)| { format!("{value} {not}{word} {text}") }),
        (not(), list).prop_map(|(not, list)| format!("a {not}IN ({list})")),
        (value(), not(), value(), value()).prop_map(|(value, not, low, high)| {
            format!("{value} {not}BETWEEN {low} AND {high}")
        }),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let joint = prop::sample::select(vec!["AND", "OR", "OR", "=", "<>"]);
        prop_oneof![
            (inner.clone(), joint, inner.clone())
                .prop_map(|(left, joint, right)| format!("{left} {joint} {right}")),
            inner.clone().prop_map(|condition| format!("({condition})")),
            inner
                .clone()
                .prop_map(|condition| format!("NOT ({condition})")),
            inner.prop_map(|condition| format!("({condition}) IS NOT NULL")),
        ]
    })
}

/// Parses, prints and parses again; the same must come out, in both dialects.
fn check_roundtrip(source: &str, dialect: Dialect) -> Result<(), TestCaseError> {
    let filter = match Filter::parse(source, dialect) {
        Ok(filter) => filter,
        Err(error) => {
            prop_assert!(source.is_char_boundary(error.at));
            prop_assert!(source.is_char_boundary(error.at + error.length));
            prop_assert_eq!(error.caret(source).lines().count(), 2, "{:?}", source);
            return Ok(());
        }
    };
    let printed = filter.to_string();
    let again = Filter::parse(&printed, dialect)?;
    prop_assert_eq!(&again, &filter, "{}", &printed);
    let client = Filter::parse(&printed, Dialect::Client)?;
    prop_assert_eq!(client.to_string(), printed);
    for text in ["3", "x", "true", ""] {
        let view = [
            ("a", Value::Text(text)),
            ("b", Value::Integer(3)),
            ("c", Value::Boolean(true)),
        ];
        prop_assert_eq!(client.evaluate(&view), filter.evaluate(&view));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in "\\PC{0,40}", dialect in dialect()) {
        check_roundtrip(&source, dialect)?;
    }

    #[test]
    fn no_order_of_words_makes_it_panic(source in pieces(), dialect in dialect()) {
        check_roundtrip(&source, dialect)?;
    }

    #[test]
    fn expressions_read_back_as_printed(
        (dialect, source) in dialect().prop_flat_map(|dialect| (Just(dialect), condition(dialect))),
    ) {
        check_roundtrip(&source, dialect)?;
    }
}

/// The strategy above is worth little if it makes nonsense only.
#[test]
fn most_random_conditions_are_legal() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let legal = (0..200)
        .filter(|_| {
            let source = condition(Dialect::Client)
                .new_tree(&mut runner)
                .unwrap()
                .current();
            Filter::parse(&source, Dialect::Client).is_ok()
        })
        .count();
    assert!(legal > 60, "{legal} of 200");
}
