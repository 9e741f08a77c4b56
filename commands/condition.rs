//! The expressions of `--where` and `--sql`: reading them, and what is said of one that is wrong.

use client::{FilterExpression, WhereExpression};
use filter::{Dialect, Filter, ParseError};

use crate::error::{CommandError, codes};
use crate::output::Output;

/// Reads what `--where` says.
///
/// # Errors
/// `expression_invalid`, with a caret under what is wrong.
pub(crate) fn parse_where(source: &str) -> Result<WhereExpression, CommandError> {
    WhereExpression::parse(source).map_err(|error| invalid("--where", source, &error))
}

/// Reads what `--sql` says, as a broker will.
///
/// # Errors
/// `expression_invalid`, with a caret under what is wrong.
pub(crate) fn parse_sql(out: &Output, source: &str) -> Result<FilterExpression, CommandError> {
    let filter =
        Filter::parse(source, Dialect::Broker).map_err(|error| invalid("--sql", source, &error))?;
    if filter.ignored_from().is_some() {
        out.warn(&format!(
            "brokers read --sql only as far as: {filter}; they ignore the rest"
        ));
    }
    Ok(FilterExpression::Sql92(source.to_owned()))
}

fn invalid(flag: &str, source: &str, error: &ParseError) -> CommandError {
    CommandError::new(&codes::EXPRESSION_INVALID, format!("{flag}: {error}"))
        .excerpt(error.caret(source))
        .detail("expression", source)
        .detail("line", error.line)
        .detail("column", error.column)
        .detail("expected", error.expected.clone())
        .next("gantry help where")
}
