//! How two values compare: Java's boxed numbers and RocketMQ's conversions between them and text.
//!
//! Known to differ from Java, both where Java finds a number and this finds none: digits of other
//! scripts than ASCII in texts, and hexadecimal floating point such as `0x1p3`.

use std::cmp::Ordering;

use crate::ast::Literal;
use crate::view::Value;

/// Why an expression has no result for a message.
///
/// RocketMQ throws here, drops the evaluation whole and does not deliver: the other side of an `OR`
/// saves nothing that is evaluated later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A text was compared with an integer, but is none. `'3.0'` is none either; and beside an
    /// integer literal within 32 bits, nor is a text beyond 32 bits.
    #[error("a text that is no integer was compared with an integer")]
    NotAnInteger,
    /// A text was compared with a decimal number, or ordered against a text, but is no number.
    #[error("a text that is no number was compared by its order or with a decimal number")]
    NotANumber,
    /// A boolean on the left was compared with a text on the right; RocketMQ can only do the reverse.
    #[error("a boolean on the left was compared with a text on the right")]
    BooleanBeforeText,
}

/// A value that is not null.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Boolean(bool),
    Number(Number),
}

/// A number in one of Java's widths. `Int` and `Long` differ in what a text beside them may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    Decimal(f64),
}

impl<'a> Scalar<'a> {
    /// The value of a literal; nothing for NULL. An integer has 32 bits if they suffice, as in Java.
    pub(crate) fn of(literal: &'a Literal) -> Option<Self> {
        Some(match literal {
            Literal::Null => return None,
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Integer(value) => Self::Number(match i32::try_from(*value) {
                Ok(int) => Number::Int(int),
                Err(_) => Number::Long(*value),
            }),
            Literal::Decimal(value) => Self::Number(Number::Decimal(*value)),
            Literal::Text(text) => Self::Text(text),
            Literal::Duration(value) | Literal::Size(value) => Self::Number(Number::Long(*value)),
        })
    }
}

impl<'a> From<Value<'a>> for Scalar<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Integer(value) => Self::Number(Number::Long(value)),
            Value::Decimal(value) => Self::Number(Number::Decimal(value)),
            Value::Boolean(value) => Self::Boolean(value),
        }
    }
}

impl Number {
    /// As Java's unary minus: the smallest integer stays itself.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Int(value) => Self::Int(value.wrapping_neg()),
            Self::Long(value) => Self::Long(value.wrapping_neg()),
            Self::Decimal(value) => Self::Decimal(-value),
        }
    }

    /// The number a text holds, read as one of the same width.
    fn like_this(self, text: &str) -> Result<Self, Failure> {
        match self {
            Self::Int(_) => text
                .parse()
                .map(Self::Int)
                .map_err(|_| Failure::NotAnInteger),
            Self::Long(_) => text
                .parse()
                .map(Self::Long)
                .map_err(|_| Failure::NotAnInteger),
            Self::Decimal(_) => java_decimal(text)
                .map(Self::Decimal)
                .ok_or(Failure::NotANumber),
        }
    }

    fn to_decimal(self) -> f64 {
        match self {
            Self::Int(value) => value.into(),
            // Rounds to the nearest, as Java does.
            Self::Long(value) => value as f64,
            Self::Decimal(value) => value,
        }
    }

    fn compare(self, other: Self) -> Ordering {
        let integer = |number| match number {
            Self::Int(value) => Some(i64::from(value)),
            Self::Long(value) => Some(value),
            Self::Decimal(_) => None,
        };
        match (integer(self), integer(other)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => compare_decimals(self.to_decimal(), other.to_decimal()),
        }
    }
}

/// Compares for equality: a text is converted to what stands beside it.
pub(crate) fn compare(left: Scalar<'_>, right: Scalar<'_>) -> Result<Ordering, Failure> {
    use Scalar::{Boolean, Number, Text};
    Ok(match (left, right) {
        (Text(left), Text(right)) => left.cmp(right),
        (Boolean(left), Boolean(right)) => left.cmp(&right),
        (Number(left), Number(right)) => left.compare(right),
        (Text(left), Boolean(right)) => left.eq_ignore_ascii_case("true").cmp(&right),
        (Text(left), Number(right)) => right.like_this(left)?.compare(right),
        (Number(left), Text(right)) => left.compare(left.like_this(right)?),
        (Boolean(_), Text(_)) => return Err(Failure::BooleanBeforeText),
        // RocketMQ calls the left side the smaller one where the kinds have nothing in common.
        (Boolean(_), Number(_)) | (Number(_), Boolean(_)) => Ordering::Less,
    })
}

/// Compares for `<` and the like: as [`compare`], but two texts are read as decimal numbers.
pub(crate) fn compare_order(left: Scalar<'_>, right: Scalar<'_>) -> Result<Ordering, Failure> {
    match (left, right) {
        (Scalar::Text(left), Scalar::Text(right)) => {
            let left = java_decimal(left).ok_or(Failure::NotANumber)?;
            let right = java_decimal(right).ok_or(Failure::NotANumber)?;
            Ok(compare_decimals(left, right))
        }
        _ => compare(left, right),
    }
}

/// `Double.compareTo`: −0 is below 0, NaN equals itself and is above all else.
fn compare_decimals(left: f64, right: f64) -> Ordering {
    let with_one_nan = |value: f64| {
        if value.is_nan() {
            f64::NAN.copysign(1.0)
        } else {
            value
        }
    };
    with_one_nan(left).total_cmp(&with_one_nan(right))
}

/// `Double.valueOf`: blanks around, a type letter behind, `NaN` and `Infinity` are allowed.
fn java_decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches(|character| character <= ' ');
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match magnitude {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = magnitude
                .strip_suffix(['f', 'F', 'd', 'D'])
                .unwrap_or(magnitude);
            // Rust would also read `inf`, `nan` and a second sign.
            if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
                return None;
            }
            digits.parse().ok()?
        }
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("3", 3.0),
            (" \t3.5\n", 3.5),
            ("+.5", 0.5),
            ("5.", 5.0),
            ("-2e3", -2_000.0),
            ("1.5f", 1.5),
            ("1d", 1.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e999", f64::INFINITY),
        ] {
            assert_eq!(java_decimal(text), Some(expected), "{text}");
        }
        assert!(java_decimal("NaN").is_some_and(f64::is_nan));
        for text in [
            "", " ", ".", "+", "--3", "+-3", "1e", "e5", "inf", "nan", "1_0", "3L", "f", "x",
        ] {
            assert_eq!(java_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_ordered_as_java_orders_them() {
        assert_eq!(compare_decimals(-0.0, 0.0), Ordering::Less);
        assert_eq!(compare_decimals(f64::NAN, -f64::NAN), Ordering::Equal);
        assert_eq!(compare_decimals(f64::NAN, f64::INFINITY), Ordering::Greater);
    }
}
