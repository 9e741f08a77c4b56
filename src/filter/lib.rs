//! The filter language of Gantry: RocketMQ's SQL92 expressions and its tag expressions.
//!
//! One engine for the broker's SQL filter, `--where` on the command line and the dashboard's query
//! bar. This crate knows nothing of messages or of the wire: it is given text and a [`View`].
//!
//! ```
//! use gantry_filter::{Dialect, Filter, Value};
//!
//! # fn main() -> Result<(), gantry_filter::ParseError> {
//! let source = r#"TAGS == "paid" && body.total > 100 && age < 5m"#;
//! let filter = Filter::parse(source, Dialect::Client)?;
//! let message = [
//!     ("TAGS", Value::Text("paid")),
//!     ("body.total", Value::Integer(120)),
//!     ("age", Value::Integer(1_500)),
//! ];
//! assert!(filter.matches(&message));
//! assert_eq!(filter.to_string(), "TAGS = 'paid' AND body.total > 100 AND age < 5m");
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//! - [`Filter`]: a compiled expression; [`View`] and [`Value`]: what it is asked about; [`Truth`] and
//!   [`Failure`]: its answers.
//! - [`Dialect`]: what may be written; a table that the one lexer and the one parser read.
//! - [`ParseError`]: what is wrong and where, with a caret below it.
//! - [`TagFilter`]: `A || B`, by hash for a broker and by text for a client.
//!
//! # The language
//! ```text
//! or         = and { OR and }
//! and        = equality { AND equality }
//! equality   = comparison { ("=" | "<>") comparison | IS [NOT] NULL }
//! comparison = unary { (">" | ">=" | "<" | "<=") unary
//!                    | [NOT] (CONTAINS | STARTSWITH | ENDSWITH) text
//!                    | [NOT] BETWEEN unary AND unary
//!                    | [NOT] IN "(" text { "," text } ")" }
//! unary      = ("+" | "-" | NOT) unary | primary
//! primary    = text | integer | decimal | TRUE | FALSE | NULL | property | "(" or ")"
//! ```
//! Comments are `/* … */` and `-- …` up to the end of a line. There is no arithmetic and no LIKE.
//!
//! # What surprises
//! All of it is RocketMQ's, kept so that a subscription means here what it means there:
//! - `NOT` binds tighter than comparisons: write `NOT (a = 1)`, `a NOT IN ('x')`. A client refuses
//!   `NOT a = 1`; a broker takes it for `(NOT a) = 1`.
//! - Properties are texts. Beside a number they are read as that kind of number: `a > 5` has no
//!   result for `12.5` or `3000000000`, while `a > 5.0` and `a > 5000000000` have. Without a result
//!   ([`Failure`]) the whole expression does not match, unless an earlier part had decided it.
//! - `a <> 1` does not match messages without `a`; `a = b` matches messages without both.
//! - `CONTAINS` and its like are false, not unknown, for a missing property, with `NOT` as well;
//!   so they are for the empty text.
//! - A property alone is a condition that no text makes true.
//! - The decimal zero is refused, and a broker ignores what follows a complete expression.
//!
//! Invariants: nothing here panics or recurses without bound on any input, nothing allocates while
//! a message is evaluated (a regular expression keeps its scratch space from its first use).

#![forbid(unsafe_code)]

mod ast;
mod compare;
mod dialect;
mod display;
mod error;
mod eval;
mod filter;
mod lexer;
mod literal;
mod parser;
mod tag;
mod token;
mod view;

#[cfg(test)]
mod roundtrip;

pub use compare::Failure;
pub use dialect::Dialect;
pub use error::ParseError;
pub use eval::Truth;
pub use filter::Filter;
pub use tag::{TagError, TagFilter};
pub use view::{Value, View};

/// The longest source that is read. RocketMQ has no limit; a list of three thousand order numbers fits.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// How deep an expression may be nested: in parentheses, signs and operators that wait for their right
/// side, and in operators on the results of others. A chain of `AND` or `OR` is one level, however long.
pub const DEPTH_MAX: usize = 256;
