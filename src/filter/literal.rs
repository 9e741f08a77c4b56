//! Literals: from their spelling to their value and back.

use std::fmt;

use crate::ast::Literal;
use crate::dialect::{Measure, UNITS};
use crate::error::quoted;

/// The value of an integer such as `42` or `42L`, or what is wrong with it.
pub(crate) fn integer(spelling: &str) -> Result<Literal, String> {
    let digits = spelling.trim_end_matches(['l', 'L']);
    let value = digits.parse().map_err(|_| {
        format!(
            "{} is too large; integers end at {}",
            quoted(spelling),
            i64::MAX
        )
    })?;
    Ok(Literal::Integer(value))
}

/// The value of a decimal number such as `4.2` or `42e-1`, or what is wrong with it.
pub(crate) fn decimal(spelling: &str, zero_decimal: bool) -> Result<Literal, String> {
    let problem = match spelling.parse::<f64>() {
        Ok(value) if value.is_infinite() => format!("is too large; they end at {:e}", f64::MAX),
        Ok(0.0) if !zero_decimal => "is too close to zero for RocketMQ; write `0`".to_owned(),
        Ok(value) => return Ok(Literal::Decimal(value)),
        Err(_) => "is malformed".to_owned(),
    };
    Err(format!("the decimal number {} {problem}", quoted(spelling)))
}

/// The value of a number with a unit such as `5m` or `1.5kB`: exact, or what is wrong with it.
pub(crate) fn quantity(spelling: &str) -> Result<Literal, String> {
    let unit_at = spelling
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(spelling.len());
    let (number, name) = spelling.split_at(unit_at);
    let Some(unit) = UNITS.iter().find(|unit| unit.name == name) else {
        return Err(format!(
            "{} has no unit known here: {}",
            quoted(spelling),
            unit_names()
        ));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let amount = scaled(whole, fraction, unit.factor).map_err(|problem| {
        let problem = match (problem, unit.measure) {
            (NotExact::TooLarge, _) => "is too much to count",
            (NotExact::Fraction, Measure::Duration) => "is not a whole number of milliseconds",
            (NotExact::Fraction, Measure::Size) => "is not a whole number of bytes",
        };
        format!("{} {problem}", quoted(spelling))
    })?;
    Ok(match unit.measure {
        Measure::Duration => Literal::Duration(amount),
        Measure::Size => Literal::Size(amount),
    })
}

/// Why a quantity cannot be counted in its smallest unit.
enum NotExact {
    TooLarge,
    Fraction,
}

/// `whole.fraction` times `factor`, in integers.
fn scaled(whole: &str, fraction: &str, factor: i64) -> Result<i64, NotExact> {
    let fraction = fraction.trim_end_matches('0');
    let exponent = u32::try_from(fraction.len()).map_err(|_| NotExact::Fraction)?;
    let denominator = 10_i128.checked_pow(exponent).ok_or(NotExact::Fraction)?;
    let digits = format!("0{whole}{fraction}");
    let numerator: i128 = digits.parse().map_err(|_| NotExact::TooLarge)?;
    let product = numerator
        .checked_mul(i128::from(factor))
        .ok_or(NotExact::TooLarge)?;
    if product % denominator != 0 {
        return Err(NotExact::Fraction);
    }
    i64::try_from(product / denominator).map_err(|_| NotExact::TooLarge)
}

fn unit_names() -> String {
    let names: Vec<_> = UNITS.iter().map(|unit| unit.name).collect();
    names.join(", ")
}

/// The text between two quotes, where a doubled quote stands for one.
pub(crate) fn unquote(spelling: &str) -> Box<str> {
    let Some(quote) = spelling.chars().next() else {
        return Box::default();
    };
    let inner = &spelling[quote.len_utf8()..spelling.len() - quote.len_utf8()];
    inner
        .replace(&format!("{quote}{quote}"), quote.encode_utf8(&mut [0; 4]))
        .into_boxed_str()
}

/// Writes `text` between quotes.
pub(crate) fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    use fmt::Write as _;
    f.write_char(quote)?;
    for character in text.chars() {
        if character == quote {
            f.write_char(quote)?;
        }
        f.write_char(character)?;
    }
    f.write_char(quote)
}

impl Literal {
    /// The number with its sign turned; anything else as it is.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Integer(value) => Self::Integer(-value),
            Self::Decimal(value) => Self::Decimal(-value),
            Self::Duration(milliseconds) => Self::Duration(-milliseconds),
            Self::Size(bytes) => Self::Size(-bytes),
            other => other,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Integer(value) => value.fmt(f),
            // The form for debugging always has a point or an exponent and reads back exactly.
            Self::Decimal(value) => write!(f, "{value:?}"),
            Self::Text(text) => write_quoted(f, text, '\''),
            Self::Duration(milliseconds) => write_quantity(f, *milliseconds, Measure::Duration),
            Self::Size(bytes) => write_quantity(f, *bytes, Measure::Size),
        }
    }
}

/// Writes a quantity in the largest unit that leaves no rest.
fn write_quantity(f: &mut fmt::Formatter<'_>, amount: i64, measure: Measure) -> fmt::Result {
    let mut units = UNITS.iter().filter(|unit| unit.measure == measure);
    let exact = units.find(|unit| unit.factor == 1 || amount != 0 && amount % unit.factor == 0);
    match exact {
        Some(unit) => write!(f, "{}{}", amount / unit.factor, unit.name),
        None => write!(f, "{amount}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(spelling: &str) -> String {
        quantity(spelling).map_or_else(|problem| problem, |literal| literal.to_string())
    }

    #[test]
    fn quantities_are_exact_and_printed_in_the_largest_unit_without_rest() {
        for (spelling, canonical) in [
            ("300s", "5m"),
            ("90s", "90s"),
            ("1.5s", "1500ms"),
            ("0.5h", "30m"),
            ("48h", "2d"),
            ("0s", "0ms"),
            ("2KB", "2kB"),
            ("2048B", "2KiB"),
            ("1.5kB", "1500B"),
            ("1.500000000000000000000000000000000000kB", "1500B"),
            ("1024MiB", "1GiB"),
            ("9223372036854775807B", "9223372036854775807B"),
        ] {
            assert_eq!(printed(spelling), canonical);
        }
        assert_eq!(quantity("1.5s"), Ok(Literal::Duration(1_500)));
        assert_eq!(quantity("1KiB"), Ok(Literal::Size(1_024)));
    }

    #[test]
    fn bad_quantities_say_why() {
        assert_eq!(
            printed("1.5ms"),
            "`1.5ms` is not a whole number of milliseconds"
        );
        assert_eq!(printed("0.1KiB"), "`0.1KiB` is not a whole number of bytes");
        assert_eq!(
            printed("9223372036854775808B"),
            "`9223372036854775808B` is too much to count"
        );
        let long = format!("`{}…` is too much to count", "9".repeat(32));
        assert_eq!(printed(&format!("{}d", "9".repeat(40))), long);
        assert!(printed("5M").starts_with("`5M` has no unit known here: d, h, m, s, ms, GiB"));
        assert!(printed("5e3s").starts_with("`5e3s` has no unit"));
    }

    #[test]
    fn quotes_are_doubled_and_undoubled() {
        assert_eq!(&*unquote("'it''s'"), "it's");
        assert_eq!(&*unquote("''"), "");
        assert_eq!(&*unquote("''''"), "'");
        assert_eq!(&*unquote(r#""it's ""so""""#), r#"it's "so""#);
        assert_eq!(Literal::Text("it's".into()).to_string(), "'it''s'");
    }
}
