//! An expression and a message to a result, in SQL's three-valued logic.
//!
//! Nothing here allocates. Order and short cuts are those of RocketMQ, as they decide whether a
//! [`Failure`] is met at all.

use std::cmp::Ordering;

use crate::ast::{Between, Compare, Expr, List, Match, Operator, Pattern};
use crate::compare::{Failure, Scalar, compare, compare_order};
use crate::view::View;

/// What a condition is for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// The message matches.
    True,
    /// It does not.
    False,
    /// A property is missing, so there is nothing to tell; does not match.
    Unknown,
}

impl From<bool> for Truth {
    fn from(is_true: bool) -> Self {
        if is_true { Self::True } else { Self::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Truth {
    /// Turns it around where an operator was written with `NOT`.
    fn negated_if(self, negated: bool) -> Self {
        if negated { !self } else { self }
    }
}

/// The value of an expression; nothing for null.
fn value<'a, V: View + ?Sized>(expr: &'a Expr, view: &'a V) -> Result<Option<Scalar<'a>>, Failure> {
    match expr {
        Expr::Property(name) => Ok(view.property(name).map(Scalar::from)),
        Expr::Literal(literal) => Ok(Scalar::of(literal)),
        Expr::Negate(operand) => Ok(match value(operand, view)? {
            Some(Scalar::Number(number)) => Some(Scalar::Number(number.negated())),
            _ => None,
        }),
        condition => Ok(match truth(condition, view)? {
            Truth::True => Some(Scalar::Boolean(true)),
            Truth::False => Some(Scalar::Boolean(false)),
            Truth::Unknown => None,
        }),
    }
}

/// What a condition is for a message.
pub(crate) fn truth<V: View + ?Sized>(expr: &Expr, view: &V) -> Result<Truth, Failure> {
    match expr {
        Expr::Literal(_) | Expr::Property(_) | Expr::Negate(_) => Ok(match value(expr, view)? {
            Some(Scalar::Boolean(is_true)) => is_true.into(),
            Some(_) => Truth::False,
            None => Truth::Unknown,
        }),
        Expr::Not(operand) => Ok(!truth(operand, view)?),
        Expr::And(terms) => all(terms, Truth::False, view),
        Expr::Or(terms) => all(terms, Truth::True, view),
        Expr::Compare(compare) => compared(compare, view),
        Expr::Between(between) => within(between, view),
        Expr::IsNull { operand, negated } => {
            let is_null = value(operand, view)?.is_none();
            Ok((is_null != *negated).into())
        }
        Expr::In(node) => {
            let value = view.property(&node.property).map(Scalar::from);
            Ok(listed(value, &node.list).negated_if(node.negated))
        }
        Expr::Match(node) => found(node, view),
    }
}

/// A chain of `AND` or `OR`: the first term that is `decisive` decides, else all must be known.
fn all<V: View + ?Sized>(terms: &[Expr], decisive: Truth, view: &V) -> Result<Truth, Failure> {
    let mut result = !decisive;
    for term in terms {
        match truth(term, view)? {
            Truth::Unknown => result = Truth::Unknown,
            term if term == decisive => return Ok(decisive),
            _ => {}
        }
    }
    Ok(result)
}

fn compared<V: View + ?Sized>(node: &Compare, view: &V) -> Result<Truth, Failure> {
    let left = value(&node.left, view)?;
    match node.operator {
        Operator::Equal => equal(left, value(&node.right, view)?),
        Operator::NotEqual => Ok(!equal(left, value(&node.right, view)?)?),
        operator => {
            let Some(left) = left else {
                return Ok(Truth::Unknown);
            };
            let Some(right) = value(&node.right, view)? else {
                return Ok(Truth::Unknown);
            };
            Ok(operator.accepts(compare_order(left, right)?).into())
        }
    }
}

/// Equality: two nulls are equal, a null on the left is unknown, one on the right is false.
fn equal(left: Option<Scalar<'_>>, right: Option<Scalar<'_>>) -> Result<Truth, Failure> {
    Ok(match (left, right) {
        (None, None) => Truth::True,
        (None, Some(_)) => Truth::Unknown,
        (Some(_), None) => Truth::False,
        (Some(left), Some(right)) => (compare(left, right)? == Ordering::Equal).into(),
    })
}

impl Operator {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
        }
    }
}

/// `x >= low AND x <= high`, or with `NOT`: `x < low OR x > high`.
fn within<V: View + ?Sized>(node: &Between, view: &V) -> Result<Truth, Failure> {
    let Some(operand) = value(&node.operand, view)? else {
        return Ok(Truth::Unknown);
    };
    let beside = |bound, operator: Operator| -> Result<Truth, Failure> {
        let Some(bound) = value(bound, view)? else {
            return Ok(Truth::Unknown);
        };
        Ok(operator.accepts(compare_order(operand, bound)?).into())
    };
    let (above_low, below_high, decisive) = if node.negated {
        (Operator::Less, Operator::Greater, Truth::True)
    } else {
        (Operator::GreaterEqual, Operator::LessEqual, Truth::False)
    };
    let low = beside(&node.low, above_low)?;
    if low == decisive {
        return Ok(decisive);
    }
    let high = beside(&node.high, below_high)?;
    Ok(if low == Truth::Unknown && high != decisive {
        Truth::Unknown
    } else {
        high
    })
}

/// Other than elsewhere, what is missing or no text is false here, with or without `NOT`.
fn found<V: View + ?Sized>(node: &Match, view: &V) -> Result<Truth, Failure> {
    // Looking for nothing finds nothing, with or without `NOT`, before anything is evaluated.
    if node.pattern.is_void() {
        return Ok(Truth::False);
    }
    Ok(match value(&node.operand, view)? {
        Some(Scalar::Text(text)) => (node.pattern.finds(text) != node.negated).into(),
        _ => Truth::False,
    })
}

/// Whether a list has a value. A text that is no number is just not among the numbers.
fn listed(value: Option<Scalar<'_>>, list: &List) -> Truth {
    let Some(value) = value else {
        return Truth::Unknown;
    };
    let among_texts = match value {
        Scalar::Text(text) => list
            .texts
            .binary_search_by(|entry| (**entry).cmp(text))
            .is_ok(),
        // A list of texts says nothing about other values.
        _ if list.numbers.is_empty() => return Truth::Unknown,
        _ => false,
    };
    let is_value = |number| {
        Scalar::of(number).is_some_and(|number| compare(value, number) == Ok(Ordering::Equal))
    };
    (among_texts || list.numbers.iter().any(is_value)).into()
}

impl Pattern {
    /// Whether it looks for an empty text. An empty regular expression is not void: it fits all.
    fn is_void(&self) -> bool {
        match self {
            Self::Contains { text, .. } | Self::StartsWith(text) | Self::EndsWith(text) => {
                text.is_empty()
            }
            Self::Matches(_) => false,
        }
    }

    fn finds(&self, text: &str) -> bool {
        match self {
            Self::Contains { finder, .. } => finder.find(text.as_bytes()).is_some(),
            Self::StartsWith(start) => text.starts_with(&**start),
            Self::EndsWith(end) => text.ends_with(&**end),
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
