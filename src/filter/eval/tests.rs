//! Expressions, messages and what comes out: RocketMQ's answers, case by case.

use crate::{Dialect, Failure, Filter, Truth, Value};

use Truth::{False, True, Unknown};

/// Evaluates against text properties given as `name=value;name=value`.
fn result(source: &str, properties: &str) -> Result<Truth, Failure> {
    let view: Vec<(&str, Value<'_>)> = properties
        .split(';')
        .filter_map(|property| property.split_once('='))
        .map(|(name, value)| (name, Value::Text(value)))
        .collect();
    let broker = Filter::parse(source, Dialect::Broker).unwrap_or_else(|error| {
        panic!("{error}\n{}", error.caret(source));
    });
    assert_eq!(broker.ignored_from(), None, "{source}");
    let outcome = broker.evaluate(view.as_slice());
    assert_eq!(broker.matches(view.as_slice()), outcome == Ok(True));
    let client = Filter::parse(source, Dialect::Client).unwrap();
    assert_eq!(
        client.evaluate(view.as_slice()),
        outcome,
        "dialects disagree on {source}"
    );
    outcome
}

fn check(source: &str, cases: &[(&str, Truth)]) {
    for &(properties, expected) in cases {
        assert_eq!(
            result(source, properties),
            Ok(expected),
            "{source} for {properties}"
        );
    }
}

fn check_fails(source: &str, properties: &str, failure: Failure) {
    assert_eq!(
        result(source, properties),
        Err(failure),
        "{source} for {properties}"
    );
}

#[test]
fn texts_are_equal_by_their_characters() {
    check(
        "a = 'x'",
        &[
            ("a=x", True),
            ("a=X", False),
            ("a=", False),
            ("b=x", Unknown),
        ],
    );
    check("a <> 'x'", &[("a=x", False), ("a=y", True), ("", Unknown)]);
    check("a = 'it''s'", &[("a=it's", True), ("a=it''s", False)]);
    check("a = '标签'", &[("a=标签", True)]);
    check("A = 'x'", &[("a=x", Unknown), ("A=x", True)]);
}

#[test]
fn texts_beside_numbers_are_read_as_such() {
    check(
        "a = 3",
        &[
            ("a=3", True),
            ("a=03", True),
            ("a=+3", True),
            ("a=-3", False),
        ],
    );
    // Null on the right of an equality is false, on the left it is unknown.
    check("3 = a", &[("a=3", True), ("a=4", False), ("", False)]);
    check("a > 3", &[("a=4", True), ("a=3", False), ("", Unknown)]);
    check(
        "a >= 3.0",
        &[
            ("a=3", True),
            ("a= 3.5 ", True),
            ("a=2.999", False),
            ("a=NaN", True),
        ],
    );
    check("5 > a", &[("a=4", True), ("a=5", False)]);
    check(
        "a > 3.1e10",
        &[("a=3.2E10", True), ("a=31000000000", False)],
    );
    check("a <> -1", &[("a=-1", False), ("a=1", True)]);
    check("a = - - 1", &[("a=1", True)]);
    check("a < -(-5)", &[("a=4", True)]);
}

#[test]
fn a_text_that_is_no_such_number_ends_the_evaluation() {
    check_fails("a = 3", "a=x", Failure::NotAnInteger);
    check_fails("a = 3", "a=3.0", Failure::NotAnInteger);
    check_fails("a = 3", "a= 3", Failure::NotAnInteger);
    check_fails("a <> 3", "a=", Failure::NotAnInteger);
    check_fails("a > 3.0", "a=3x", Failure::NotANumber);
    check_fails("NOT (a > 3)", "a=x", Failure::NotAnInteger);
    check_fails("a > 3 OR b = 'x'", "a=x;b=x", Failure::NotAnInteger);
    check_fails("a > 3 AND b = 'x'", "a=x;b=y", Failure::NotAnInteger);
    check_fails("(a > 3) IS NULL", "a=x", Failure::NotAnInteger);
    // Decided before.
    check("b = 'x' OR a > 3", &[("a=x;b=x", True)]);
    check("b = 'x' AND a > 3", &[("a=x;b=y", False)]);
    check("b > 3 OR c > a", &[("a=x;b=4", True), ("a=x", Unknown)]);
}

#[test]
fn the_width_of_an_integer_decides_what_a_text_may_hold() {
    check_fails("a > 2147483647", "a=2147483648", Failure::NotAnInteger);
    check("a > 2147483648", &[("a=2147483649", True), ("a=1", False)]);
    check_fails("a > 5L", "a=3000000000", Failure::NotAnInteger);
    check(
        "a = 9223372036854775807",
        &[("a=9223372036854775807", True)],
    );
    check_fails(
        "a > 2147483648",
        "a=9223372036854775808",
        Failure::NotAnInteger,
    );
}

#[test]
fn two_properties() {
    check(
        "a = b",
        &[
            ("a=1;b=1", True),
            ("a=1;b=1.0", False),
            ("a=x", False),
            ("b=x", Unknown),
        ],
    );
    // Two nulls are equal.
    check("a = b", &[("", True)]);
    check("a <> b", &[("", False), ("a=1;b=2", True)]);
    check(
        "a > b",
        &[
            ("a=20;b=10", True),
            ("a=9;b=10", False),
            ("a=9", Unknown),
            ("b=9", Unknown),
        ],
    );
    check(
        "a <= b",
        &[("a=1e1;b=10", True), ("a=Infinity;b=NaN", True)],
    );
    check_fails("a > b", "a=b;b=a", Failure::NotANumber);
}

#[test]
fn booleans_beside_texts() {
    check(
        "a = TRUE",
        &[
            ("a=true", True),
            ("a=TRUE", True),
            ("a=yes", False),
            ("", Unknown),
        ],
    );
    check(
        "a = FALSE",
        &[("a=false", True), ("a=whatever", True), ("a=true", False)],
    );
    check_fails("TRUE = a", "a=true", Failure::BooleanBeforeText);
    check_fails("(a = 1) = b", "a=1;b=true", Failure::BooleanBeforeText);
    check(
        "(a = 1) = TRUE",
        &[("a=1", True), ("a=2", False), ("", Unknown)],
    );
    check("1 = TRUE", &[("", False)]);
    check(
        "a = (b = 'x')",
        &[
            ("a=true;b=x", True),
            ("a=false;b=x", False),
            ("a=true", False),
        ],
    );
}

#[test]
fn conditions_from_literals_and_properties() {
    check("TRUE", &[("", True)]);
    check("false", &[("", False)]);
    check("NULL", &[("", Unknown)]);
    // No text is a boolean.
    check("a", &[("a=true", False), ("", Unknown)]);
    check("NOT a", &[("a=true", True), ("", Unknown)]);
    check("(NOT a) = TRUE", &[("a=x", True)]);
}

#[test]
fn logic_of_three_values() {
    let and = "(a = 1) AND (b = 1)";
    let or = "(a = 1) OR (b = 1)";
    for (properties, both, either) in [
        ("a=1;b=1", True, True),
        ("a=1;b=2", False, True),
        ("a=2;b=1", False, True),
        ("a=2;b=2", False, False),
        ("a=1", Unknown, True),
        ("b=1", Unknown, True),
        ("a=2", False, Unknown),
        ("b=2", False, Unknown),
        ("", Unknown, Unknown),
    ] {
        check(and, &[(properties, both)]);
        check(or, &[(properties, either)]);
    }
    check(
        "NOT (a = 1)",
        &[("a=1", False), ("a=2", True), ("", Unknown)],
    );
    check(
        "a = 1 OR b = 1 AND c = 1",
        &[("a=1;b=2", True), ("a=2;b=1;c=2", False)],
    );
    check("(a = 1 OR b = 1) AND c = 1", &[("a=1;b=2;c=2", False)]);
    check(
        "a=3 and b<>4 And c>5 AND d<=4",
        &[("a=3;b=5;c=6;d=1", True), ("a=4;b=5;c=6;d=1", False)],
    );
    check(
        "a=3 or b<>4 Or c>5 OR d<=4",
        &[("a=3", True), ("a=4;b=4;c=3;d=2", True)],
    );
    check(
        "a=3 or b<>4 Or c>5 OR d<=4",
        &[("a=4;b=4;c=3;d=10", False), ("a=4", Unknown)],
    );
}

#[test]
fn null_tests_are_never_unknown() {
    check("a IS NULL", &[("", True), ("a=", False), ("a=null", False)]);
    check("a is not null", &[("", False), ("a=x", True)]);
    check("NULL IS NULL", &[("", True)]);
    check("(a = 1) IS NULL", &[("", True), ("a=1", False)]);
    check("-a IS NULL", &[("a=1", True)]);
    check(
        "a is null or a = 'x'",
        &[("", True), ("a=x", True), ("a=y", False)],
    );
    check("a is not null and a = 'x'", &[("", False), ("a=x", True)]);
}

#[test]
fn ranges_include_their_ends() {
    check(
        "a BETWEEN 2 AND 10",
        &[("a=2", True), ("a=10", True), ("a=5", True), ("a=1", False)],
    );
    check("a BETWEEN 2 AND 10", &[("a=11", False), ("", Unknown)]);
    check(
        "a NOT BETWEEN 2 AND 10",
        &[
            ("a=2", False),
            ("a=10", False),
            ("a=11", True),
            ("", Unknown),
        ],
    );
    check("a BETWEEN 2 AND 2", &[("a=2", True)]);
    // Only plain numbers are checked for their order.
    check("a BETWEEN -1 AND -5", &[("a=-3", False)]);
    check("a NOT BETWEEN 10 AND 2", &[("a=5", True)]);
    check(
        "5 BETWEEN a AND b",
        &[
            ("a=1;b=9", True),
            ("a=6", False),
            ("a=1", Unknown),
            ("b=4", False),
        ],
    );
    check(
        "5 NOT BETWEEN a AND b",
        &[("b=4", True), ("b=9", Unknown), ("a=6;b=x", True)],
    );
    check_fails(
        "a BETWEEN b AND c",
        "a=3.14;b=low;c=up",
        Failure::NotANumber,
    );
    check_fails("a BETWEEN 0 AND 100", "a=abc", Failure::NotAnInteger);
}

#[test]
fn lists_hold_texts() {
    check(
        "a IN ('3', '4', '5')",
        &[("a=3", True), ("a=5", True), ("a=8", False), ("", Unknown)],
    );
    check(
        "a NOT IN ('3', '4', '5')",
        &[("a=3", False), ("a=8", True), ("", Unknown)],
    );
    check(
        "a IN ('z','y','x','w','v','u')",
        &[("a=w", True), ("a=z", True), ("a=t", False)],
    );
    check("a IN ('3')", &[("a=03", False)]);
    check("a IN ('')", &[("a=", True)]);
}

#[test]
fn parts_of_texts() {
    check(
        "a CONTAINS 'x'",
        &[("a=axb", True), ("a=abb", False), ("", False)],
    );
    check(
        "a startswith 'ax'",
        &[("a=axb", True), ("a=bax", False), ("", False)],
    );
    check(
        "a EndsWith 'xb'",
        &[("a=axb", True), ("a=xba", False), ("", False)],
    );
    check(
        "a NOT CONTAINS 'x'",
        &[("a=axb", False), ("a=abb", True), ("", False)],
    );
    check(
        "a NOT STARTSWITH 'ax'",
        &[("a=axb", False), ("a=bax", True), ("", False)],
    );
    check(
        "a NOT ENDSWITH 'xb'",
        &[("a=axb", False), ("a=xba", True), ("", False)],
    );
    for word in ["CONTAINS", "STARTSWITH", "ENDSWITH"] {
        check(&format!("a {word} ''"), &[("a=axb", False), ("a=", False)]);
        check(
            &format!("a NOT {word} ''"),
            &[("a=axb", False), ("", False)],
        );
        check(&format!("'s' {word} '\\'"), &[("", False)]);
        check(&format!("' ' {word} ' '"), &[("", True)]);
        check(&format!("5 {word} '5'"), &[("", False)]);
        check(&format!("(a = 'x') {word} 'true'"), &[("a=x", False)]);
        // The empty text is answered before the other side is looked at.
        check(&format!("(a = 1) {word} ''"), &[("a=x", False)]);
    }
    check("a CONTAINS '北京'", &[("a=在北京市", True)]);
}
