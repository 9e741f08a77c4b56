//! Values that only clients have, and expressions that only they write.

use crate::{Dialect, Failure, Filter, Truth, Value};

use Truth::{False, True, Unknown};

#[test]
fn values_other_than_texts() {
    let view = [
        ("n", Value::Integer(3)),
        ("d", Value::Decimal(2.5)),
        ("yes", Value::Boolean(true)),
        ("t", Value::Text("3")),
    ];
    for (source, expected) in [
        ("n = 3 AND n < 3.5 AND n > d AND d = 2.5", Ok(True)),
        ("n = t AND t = n", Ok(True)),
        ("d < t", Ok(True)),
        ("yes AND yes = TRUE", Ok(True)),
        ("NOT yes", Ok(False)),
        // Kinds with nothing in common: the left is called smaller.
        ("yes = 1 OR n = TRUE", Ok(False)),
        ("yes < 1 AND n < yes", Ok(True)),
        ("yes = 'true'", Err(Failure::BooleanBeforeText)),
        ("n IN ('3')", Ok(Unknown)),
        ("n CONTAINS '3' OR n NOT CONTAINS '3'", Ok(False)),
        ("-n = -3 AND -d < 0", Ok(True)),
        ("n BETWEEN d AND t", Ok(True)),
    ] {
        for dialect in [Dialect::Broker, Dialect::Client] {
            let filter = Filter::parse(source, dialect).unwrap();
            assert_eq!(filter.evaluate(&view), expected, "{source}");
        }
    }
}

#[test]
fn what_only_clients_write() {
    let view = [
        ("TAGS", Value::Text("paid")),
        ("body.total", Value::Integer(120)),
        ("body.买家", Value::Text("李")),
        ("x-id", Value::Text("7")),
        ("age", Value::Integer(90_000)),
        ("size", Value::Integer(1_500)),
        ("queue", Value::Integer(2)),
        ("ratio", Value::Decimal(0.0)),
    ];
    for (source, expected) in [
        (
            r#"TAGS == "paid" && body.total > 100 && age < 5m"#,
            Ok(True),
        ),
        ("TAGS != 'paid' || !(queue = 2)", Ok(False)),
        ("TAGS ~ '^pa.d$' && TAGS !~ 'x'", Ok(True)),
        ("TAGS ~ '' AND TAGS NOT ~ '^pa'", Ok(False)),
        (
            "body.total ~ '1' OR missing ~ '' OR missing !~ 'x'",
            Ok(False),
        ),
        ("body.买家 = '李' AND `x-id` = '7'", Ok(True)),
        (
            "age BETWEEN 1m AND 90s AND size >= 1.5kB AND size < 1.5KiB",
            Ok(True),
        ),
        ("queue IN (1, 2) AND queue NOT IN (3, 1m)", Ok(True)),
        ("queue IN ('2', -2) OR `x-id` IN (8, 'seven')", Ok(False)),
        ("`x-id` IN (7) AND TAGS NOT IN (7, 9.5)", Ok(True)),
        ("missing IN (1) OR queue IN ('2')", Ok(Unknown)),
        ("ratio = 0.0 AND ratio >= 000", Ok(True)),
    ] {
        let filter = Filter::parse(source, Dialect::Client).unwrap();
        assert_eq!(filter.evaluate(&view), expected, "{source}");
    }
}
