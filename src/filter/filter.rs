//! A compiled expression: the one type that users of this crate hold.

use std::fmt;

use crate::ast::Expr;
use crate::compare::Failure;
use crate::dialect::Dialect;
use crate::error::ParseError;
use crate::eval::{self, Truth};
use crate::parser;
use crate::view::View;

/// An expression, checked and ready to be asked about messages, from any thread.
///
/// Printed, it gives its canonical spelling, which reads back as an equal filter. Filters are equal
/// if their dialect and their canonical spelling are.
///
/// ```
/// use gantry_filter::{Dialect, Filter, Value};
///
/// # fn main() -> Result<(), gantry_filter::ParseError> {
/// let filter = Filter::parse("region='eu' and (amount > 10 or vip = true)", Dialect::Broker)?;
/// let message = [("region", Value::Text("eu")), ("amount", Value::Text("12"))];
/// assert!(filter.matches(&message));
/// assert_eq!(filter.to_string(), "region = 'eu' AND (amount > 10 OR vip = TRUE)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    expr: Expr,
    dialect: Dialect,
    ignored_from: Option<usize>,
    names: Vec<Box<str>>,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ParseError`] tells what is wrong, where, and what could have stood there; also for a source
    /// above [`SOURCE_BYTES_MAX`](crate::SOURCE_BYTES_MAX) or nested beyond
    /// [`DEPTH_MAX`](crate::DEPTH_MAX).
    pub fn parse(source: &str, dialect: Dialect) -> Result<Self, ParseError> {
        let parser::Parsed {
            expr,
            ignored_from,
            names,
        } = parser::parse(source, dialect).map_err(|error| *error)?;
        Ok(Self {
            expr,
            dialect,
            ignored_from,
            names,
        })
    }

    /// Whether a message is wanted: whether the expression is true for it, not false, unknown or
    /// without a result.
    pub fn matches<V: View + ?Sized>(&self, view: &V) -> bool {
        self.evaluate(view) == Ok(Truth::True)
    }

    /// What the expression is for a message, for those who want to tell why it did not match.
    ///
    /// ```
    /// use gantry_filter::{Dialect, Failure, Filter, Truth, Value};
    ///
    /// # fn main() -> Result<(), gantry_filter::ParseError> {
    /// let filter = Filter::parse("amount > 10", Dialect::Broker)?;
    /// let amount = |text| [("amount", Value::Text(text))];
    /// assert_eq!(filter.evaluate(&amount("11")), Ok(Truth::True));
    /// assert_eq!(filter.evaluate(&amount("10")), Ok(Truth::False));
    /// assert_eq!(filter.evaluate(&amount("many")), Err(Failure::NotAnInteger));
    /// assert_eq!(filter.evaluate(&[]), Ok(Truth::Unknown));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Failure`] where RocketMQ's evaluation throws: a value cannot be what it is compared with.
    pub fn evaluate<V: View + ?Sized>(&self, view: &V) -> Result<Truth, Failure> {
        eval::truth(&self.expr, view)
    }

    /// The properties the expression names, in order, each once: what a view will be asked for.
    ///
    /// ```
    /// # use gantry_filter::{Dialect, Filter};
    /// # fn main() -> Result<(), gantry_filter::ParseError> {
    /// let filter = Filter::parse("body.total > 5 || age < 1h", Dialect::Client)?;
    /// assert_eq!(filter.names().collect::<Vec<_>>(), ["age", "body.total"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The dialect it was written in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where, in bytes, the part of the source begins that has no effect.
    ///
    /// RocketMQ reads a complete expression and never asks whether the source ends there, so
    /// `Dialect::Broker` does not either. Most such sources are mistakes worth a warning:
    ///
    /// ```
    /// # use gantry_filter::{Dialect, Filter};
    /// # fn main() -> Result<(), gantry_filter::ParseError> {
    /// let filter = Filter::parse("name LIKE 'x%'", Dialect::Broker)?;
    /// assert_eq!(filter.ignored_from(), Some(5));
    /// assert_eq!(filter.to_string(), "name");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn ignored_from(&self) -> Option<usize> {
        self.ignored_from
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.dialect == other.dialect && self.expr == other.expr
    }
}
