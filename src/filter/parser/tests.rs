//! What parses to what, and where every error points.

use crate::{DEPTH_MAX, Dialect, Filter, ParseError, SOURCE_BYTES_MAX};

fn canonical(source: &str, dialect: Dialect) -> String {
    match Filter::parse(source, dialect) {
        Ok(filter) => filter.to_string(),
        Err(error) => panic!("{error}\n{}", error.caret(source)),
    }
}

fn error(source: &str, dialect: Dialect) -> ParseError {
    Filter::parse(source, dialect).expect_err(source)
}

#[test]
fn precedence_and_canonical_spelling() {
    for (source, expected) in [
        ("a=1 or b=2 and c=3", "a = 1 OR b = 2 AND c = 3"),
        ("(a=1 or b=2) and c=3", "(a = 1 OR b = 2) AND c = 3"),
        (
            "((a=1)and(b=2))and(c=3 and d=4)",
            "a = 1 AND b = 2 AND c = 3 AND d = 4",
        ),
        ("(not a) = b", "(NOT a) = b"),
        ("a = not b", "a = NOT b"),
        ("not (a = b)", "NOT (a = b)"),
        ("not not (a)", "NOT NOT a"),
        ("not (a is null)", "NOT (a IS NULL)"),
        ("a = (b = c)", "a = (b = c)"),
        ("(a = b) = c", "a = b = c"),
        ("a is null = true", "a IS NULL = TRUE"),
        ("a = (b is null)", "a = (b IS NULL)"),
        ("(a < 1) = (b >= 2)", "a < 1 = b >= 2"),
        ("(a = 1) contains 'x'", "(a = 1) CONTAINS 'x'"),
        ("a contains 'x' contains 'y'", "a CONTAINS 'x' CONTAINS 'y'"),
        ("a between - 1 and +5", "a BETWEEN -1 AND 5"),
        ("a = - - -1", "a = - - -1"),
        (
            "a in ('y','x','y') is not null",
            "a IN ('x', 'y') IS NOT NULL",
        ),
        ("/* c */ a -- d\n= /***/ 'e'", "a = 'e'"),
        ("a=5L and b=5. and c=.5e1", "a = 5 AND b = 5.0 AND c = 5.0"),
        ("$a_1 = 'it''s'", "$a_1 = 'it''s'"),
    ] {
        assert_eq!(canonical(source, Dialect::Broker), expected);
        assert_eq!(canonical(source, Dialect::Client), expected);
    }
}

#[test]
fn not_binds_tighter_than_a_comparison_and_clients_must_show_that_they_know() {
    for (source, expected) in [
        ("NOT a = b", "(NOT a) = b"),
        ("NOT a IS NULL AND b", "(NOT a) IS NULL AND b"),
        ("NOT a CONTAINS 'x'", "(NOT a) CONTAINS 'x'"),
    ] {
        assert_eq!(canonical(source, Dialect::Broker), expected);
        assert_eq!(canonical(expected, Dialect::Client), expected);
        let error = error(source, Dialect::Client);
        assert_eq!((error.at, error.length), (0, "NOT a".len()));
        assert!(error.message.ends_with("write `NOT (a = 1)`"), "{error}");
    }
    assert_eq!(error("b && !a == 1", Dialect::Client).column, 6);
    assert_eq!(
        canonical("b && !a || !(a == 1)", Dialect::Client),
        "b AND NOT a OR NOT (a = 1)"
    );
}

#[test]
fn the_client_writes_more_and_prints_the_same() {
    for (source, expected) in [
        ("a == 1 && b != 2 || !c", "a = 1 AND b <> 2 OR NOT c"),
        ("a not ~ \"x\"", "a !~ 'x'"),
        ("a == \"it's \"\"so\"\"\"", "a = 'it''s \"so\"'"),
        ("body.items.0.n > 007", "body.items.0.n > 7"),
        (
            "`in` = 1 and `a` = 2 and `a b``c` = 3",
            "`in` = 1 AND a = 2 AND `a b``c` = 3",
        ),
        ("queue in (3, '1', -2)", "queue IN ('1', 3, -2)"),
        ("age < 300s and size > 1024KiB", "age < 5m AND size > 1MiB"),
        ("a > 0.0", "a > 0.0"),
    ] {
        assert_eq!(canonical(source, Dialect::Client), expected);
    }
}

#[test]
fn a_broker_ignores_what_follows_and_a_client_does_not() {
    for (source, kept, from) in [
        ("a = 1 b = 2", "a = 1", 6),
        ("a = 1)", "a = 1", 5),
        ("a > 007", "a > 0", 5),
        ("a = 1 99999999999999999999 ; \u{1}", "a = 1", 6),
        ("a is null < 3", "a IS NULL", 10),
        ("a = 1 -- no line break", "a = 1", 6),
    ] {
        let filter = Filter::parse(source, Dialect::Broker).unwrap();
        assert_eq!(
            (filter.to_string().as_str(), filter.ignored_from()),
            (kept, Some(from))
        );
    }
    assert_eq!(
        Filter::parse("a = 1 \n", Dialect::Broker)
            .unwrap()
            .ignored_from(),
        None
    );
    let error = error("a = 1 b = 2", Dialect::Client);
    assert_eq!((error.column, error.length), (7, 1));
    let joints = ["an operator", "`AND`", "`OR`", "the end of the expression"];
    assert_eq!(error.expected, joints);
}

#[test]
fn names_are_those_of_properties() {
    let filter = Filter::parse(
        "b = a or c in ('x') and NOT b contains 'd'",
        Dialect::Broker,
    );
    assert_eq!(filter.unwrap().names().collect::<Vec<_>>(), ["a", "b", "c"]);
}

/// Each source, with carets below the part that is wrong, and the message or, behind `…`, a part of it.
const BROKER_ERRORS: &[(&str, &str)] = &[
    (
        "\n^",
        "expected a property, a number, a text in quotes, `(` or `NOT`, but the",
    ),
    ("a = \n   ^", "expected a property"),
    ("a == 1\n   ^", "…, found `=`; equality is one `=`"),
    (
        "a != 1\n  ^",
        "`!` is not part of the language; write `<>` or `NOT`",
    ),
    (
        "a && b\n  ^",
        "`&` is not part of the language; write `AND`",
    ),
    ("a || b\n  ^", "`|` is not part of the language; write `OR`"),
    ("a = \"x\"\n    ^", "…texts stand in single quotes"),
    ("a.b = 1\n ^", "`.` is not part of the language"),
    ("/* x\n^", "…needs its `*/`"),
    ("a = 'x''\n    ^", "the ' that opens here is never closed"),
    ("地 = 1\n^^", "`地` is not part of the language"),
    ("a and between 1 and 2\n      ^^^^^^^", "…, found `between`"),
    (
        "(a = 1\n      ^",
        "expected `)`, but the expression ends here",
    ),
    ("a = (b = 1 c)\n           ^", "expected `)`, found `c`"),
    ("a is 5\n     ^", "expected `NULL` or `NOT`, found `5`"),
    ("a is not 5\n         ^", "expected `NULL`, found `5`"),
    (
        "a not b\n      ^",
        "expected `BETWEEN`, `IN`, `CONTAINS`, `STARTSWITH` or `ENDSWITH`, f",
    ),
    (
        "a not like 'b'\n      ^^^^",
        "…instead of LIKE there are CONTAINS",
    ),
    (
        "a contains b\n           ^",
        "expected a text in quotes, found `b`",
    ),
    (
        "a not endswith 5\n               ^",
        "expected a text in quotes, found `5`",
    ),
    ("a in 'x'\n     ^^^", "expected `(`, found `'x'`"),
    ("a in ()\n      ^", "expected a text in quotes, found `)`"),
    (
        "a in ('x', 5)\n           ^",
        "expected a text in quotes, found `5`",
    ),
    (
        "a in ('x' 'y')\n          ^^^",
        "expected `,` or `)`, found `'y'`",
    ),
    ("'a' in ('x')\n^^^", "`IN` takes a property on its left"),
    (
        "b = 1 and not a in ('x')\n          ^^^^^",
        "`NOT` belongs behind the property",
    ),
    (
        "a between 1 or 2\n            ^^",
        "expected `AND`, found `or`",
    ),
    (
        "a between 10 and 0\n          ^^^^^^^^",
        "…10 is more than 0",
    ),
    (
        "a between 1 and 0.5\n          ^^^^^^^^^",
        "…1 is more than 0.5",
    ),
    (
        "a between '1' and '2'\n          ^^^",
        "texts have no order",
    ),
    (
        "a between 1 and null\n                ^^^^",
        "NULL has no order",
    ),
    (
        "a not between null and 1\n              ^^^^",
        "NULL has no order",
    ),
    ("a > 'x'\n    ^^^", "texts have no order; only numbers do"),
    ("'x' <= a\n^^^", "texts have no order; only numbers do"),
    (
        "a > 1 > 2\n^^^^^",
        "conditions have no order; only numbers do",
    ),
    (
        "a > true\n    ^^^^",
        "conditions have no order; only numbers do",
    ),
    (
        "a = null\n    ^^^^",
        "nothing is equal to NULL; write `IS NULL`",
    ),
    ("null <> a\n^^^^", "nothing is equal to NULL"),
    (
        "true = 'true'\n       ^^^^^^",
        "a boolean is compared with booleans only",
    ),
    ("5\n^", "this is a value where a condition"),
    ("'x' or a\n^^^", "this is a value where a condition"),
    (
        "a = 1 and (-b)\n          ^^^^",
        "this is a value where a condition",
    ),
    ("not 5\n    ^", "this is a value where a condition"),
    (
        "a > 0.0\n    ^^^",
        "…`0.0` is too close to zero for RocketMQ; write `0`",
    ),
    ("a > 1e-999\n    ^^^^^^", "…is too close to zero"),
    (
        "a > 1e999\n    ^^^^^",
        "…is too large; they end at 1.7976931348623157e308",
    ),
    (
        "a > 9223372036854775808\n    ^^^^^^^^^^^^^^^^^^^",
        "…integers end at 9223372036854775807",
    ),
    (
        "a = '地' or b > '区'\n                ^^^^",
        "texts have no order",
    ),
];

#[test]
fn broker_errors_point_at_the_wrong_part() {
    for (case, message) in BROKER_ERRORS {
        check_error(case, message, Dialect::Broker);
    }
}

/// The same for what only clients write.
const CLIENT_ERRORS: &[(&str, &str)] = &[
    ("a = 1)\n     ^", "this `)` closes nothing"),
    ("a like 'x'\n  ^^^^", "…instead of LIKE there are CONTAINS"),
    ("a not b\n      ^", "…`ENDSWITH` or `~`, found `b`"),
    ("a === 1\n    ^", "…equality is one `=`"),
    ("age < 5x\n      ^^", "`5x` has no unit known here: d, h, m"),
    ("age < 5m.x\n      ^^^^", "`5m.x` has no unit known here"),
    (
        "age < 1.5ms\n      ^^^^^",
        "`1.5ms` is not a whole number of milliseconds",
    ),
    ("a ~ '['\n    ^^^", "bad regular expression: "),
    ("a ~ b\n    ^", "expected a text in quotes, found `b`"),
    (
        "a in (1, b)\n         ^",
        "expected a text in quotes or a number, found `b`",
    ),
    (
        "a in (1, -'b')\n          ^^^",
        "expected a text in quotes or a number",
    ),
    ("a = `b\n    ^", "the ` that opens here is never closed"),
    ("body. = 1\n    ^", "`.` is not part of the language"),
];

#[test]
fn client_errors_point_at_the_wrong_part() {
    for (case, message) in CLIENT_ERRORS {
        check_error(case, message, Dialect::Client);
    }
}

/// Checks the carets and the message, which may begin with `…` for anything.
fn check_error(case: &str, message: &str, dialect: Dialect) {
    let (source, carets) = case.rsplit_once('\n').unwrap();
    let error = error(source, dialect);
    assert_eq!(
        error.caret(source),
        format!("{}\n{carets}", source.trim_end()),
        "{error}"
    );
    match message.strip_prefix('…') {
        Some(part) => assert!(error.message.contains(part), "{source}: {error}"),
        None => assert!(error.message.starts_with(message), "{source}: {error}"),
    }
}

#[test]
fn a_source_may_be_as_long_as_the_limit_and_no_longer() {
    let mut source = String::from("a = 1");
    source.push_str(&" ".repeat(SOURCE_BYTES_MAX - source.len()));
    assert!(Filter::parse(&source, Dialect::Broker).is_ok());
    source.push(' ');
    let error = error(&source, Dialect::Broker);
    assert!(
        error.message.ends_with("at most 65536 are allowed"),
        "{error}"
    );
    assert_eq!(error.at, source.len());
}

/// Everything that nests, at the limit and one beyond, on a stack half as large as threads have.
#[test]
fn an_expression_may_be_nested_as_deep_as_the_limit_and_no_deeper() {
    const STACK_BYTES: usize = 1 << 20;
    let check = || {
        for (open, core, close, levels) in [
            ("(", "a", ")", DEPTH_MAX),
            ("NOT ", "a", "", DEPTH_MAX - 1),
            ("+", "a", "", DEPTH_MAX),
            ("a OR a AND a = (", "a", ")", DEPTH_MAX / 4),
            ("", "a", " = TRUE", DEPTH_MAX - 1),
            ("", "a", " IS NULL", DEPTH_MAX - 1),
            ("", "a", " CONTAINS 'x'", DEPTH_MAX - 1),
        ] {
            let nested = |depth| format!("{}{core}{}", open.repeat(depth), close.repeat(depth));
            let filter = Filter::parse(&nested(levels), Dialect::Broker).unwrap();
            assert_eq!(filter.matches(&[]), close == " IS NULL" && levels == 1);
            assert_eq!(
                canonical(&filter.to_string(), Dialect::Broker),
                filter.to_string()
            );
            let error = error(&nested(levels + 1), Dialect::Broker);
            assert!(
                error.message.ends_with("nested more than 256 deep"),
                "{open}{close}: {error}"
            );
        }
    };
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_chain_is_one_level_however_long() {
    let chain = vec!["a = 1"; 7_000].join(" OR ");
    let filter = Filter::parse(&chain, Dialect::Broker).unwrap();
    assert_eq!(filter.to_string(), chain);
    assert!(filter.matches(&[("a", crate::Value::Text("1"))]));
}

#[test]
fn filters_go_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Filter>();
    check::<crate::TagFilter>();
}
