//! The canonical spelling: reserved words in capitals, one blank, parentheses only where needed.
//!
//! Invariant: reading it again gives the same expression, in its own dialect and in the client's.

use std::fmt;

use crate::ast::{Expr, List, Operator, Pattern, Strength};
use crate::dialect::Dialect;
use crate::lexer::Lexer;
use crate::literal::write_quoted;
use crate::token::TokenKind;

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        })
    }
}

impl Operator {
    fn strength(self) -> Strength {
        match self {
            Self::Equal | Self::NotEqual => Strength::Equality,
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => {
                Strength::Comparison
            }
        }
    }
}

impl Expr {
    fn strength(&self) -> Strength {
        match self {
            Self::Literal(_) | Self::Property(_) => Strength::Primary,
            Self::Negate(_) | Self::Not(_) => Strength::Unary,
            Self::Between(_) | Self::In(_) | Self::Match(_) => Strength::Comparison,
            Self::Compare(compare) => compare.operator.strength(),
            Self::IsNull { .. } => Strength::Equality,
            Self::And(_) => Strength::And,
            Self::Or(_) => Strength::Or,
        }
    }

    /// What stands on the left of this operation, or behind its sign. Operators of one strength group
    /// to the left, so only the right side needs more. `NOT` would not need parentheses before a
    /// comparison, but readers do.
    fn left<'e>(&self, operand: &'e Self) -> Operand<'e> {
        match operand {
            Self::Not(_) if self.strength() < Strength::Unary => {
                Operand(operand, Strength::Primary)
            }
            _ => Operand(operand, self.strength()),
        }
    }
}

/// An expression where at least `Strength` is asked for.
struct Operand<'e>(&'e Expr, Strength);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(expr, least) = self;
        if expr.strength() < *least {
            write!(f, "({expr})")
        } else {
            expr.fmt(f)
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Property(name) => write_name(f, name),
            // `--` could begin a comment.
            Self::Negate(operand) if matches!(**operand, Self::Negate(_)) => {
                write!(f, "- {}", self.left(operand))
            }
            Self::Negate(operand) => write!(f, "-{}", self.left(operand)),
            Self::Not(operand) => write!(f, "NOT {}", self.left(operand)),
            Self::And(terms) => write_joined(f, terms, " AND ", Strength::Equality),
            Self::Or(terms) => write_joined(f, terms, " OR ", Strength::And),
            Self::Compare(compare) => {
                let tighter = match compare.operator.strength() {
                    Strength::Equality => Strength::Comparison,
                    _ => Strength::Unary,
                };
                let right = Operand(&compare.right, tighter);
                write!(
                    f,
                    "{} {} {right}",
                    self.left(&compare.left),
                    compare.operator
                )
            }
            Self::IsNull { operand, negated } => {
                write!(f, "{} IS {}NULL", self.left(operand), not(*negated))
            }
            Self::Between(between) => {
                let (low, high) = (&between.low, &between.high);
                let low = Operand(low, Strength::Unary);
                let high = Operand(high, Strength::Unary);
                let not = not(between.negated);
                write!(
                    f,
                    "{} {not}BETWEEN {low} AND {high}",
                    self.left(&between.operand)
                )
            }
            Self::In(node) => {
                write_name(f, &node.property)?;
                write!(f, " {}IN {}", not(node.negated), node.list)
            }
            Self::Match(node) => {
                let (word, text) = node.pattern.parts();
                let not = match (&node.pattern, node.negated) {
                    (Pattern::Matches(_), true) => "!",
                    (_, negated) => not(negated),
                };
                write!(f, "{} {not}{word} ", self.left(&node.operand))?;
                write_quoted(f, text, '\'')
            }
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn write_joined(
    f: &mut fmt::Formatter<'_>,
    terms: &[Expr],
    separator: &str,
    least: Strength,
) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{}", Operand(term, least))?;
    }
    Ok(())
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        let mut separator = "";
        for text in &self.texts {
            f.write_str(separator)?;
            write_quoted(f, text, '\'')?;
            separator = ", ";
        }
        for number in &self.numbers {
            write!(f, "{separator}{number}")?;
            separator = ", ";
        }
        f.write_str(")")
    }
}

/// Writes a name plainly where that reads back as this name, else in quotes.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let is_plain = Lexer::new(name, Dialect::Client.rules())
        .next()
        .is_ok_and(|token| {
            token.kind == TokenKind::Name && token.span.start == 0 && token.span.end == name.len()
        });
    if is_plain {
        f.write_str(name)
    } else {
        write_quoted(f, name, '`')
    }
}
