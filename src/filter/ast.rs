//! What an expression is, once it is known to be a legal one.
//!
//! Built by the parser alone. Invariants: no tree is higher than `DEPTH_MAX`, so that walking one
//! by recursion is safe; a chain of `AND` or `OR` is one flat node; operands have been checked, so
//! that evaluation never meets a form that RocketMQ would have refused.

use memchr::memmem::Finder;
use regex_lite::Regex;

/// How tightly an operation holds its operands; the tighter, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    Or,
    And,
    Equality,
    Comparison,
    Unary,
    Primary,
}

/// A condition or a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Literal(Literal),
    Property(Box<str>),
    Negate(Box<Self>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Compare(Box<Compare>),
    Between(Box<Between>),
    IsNull { operand: Box<Self>, negated: bool },
    In(Box<In>),
    Match(Box<Match>),
}

/// A value that stands in the source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(f64),
    Text(Box<str>),
    /// In milliseconds; client dialect.
    Duration(i64),
    /// In bytes; client dialect.
    Size(i64),
}

/// `left operator right`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compare {
    pub(crate) operator: Operator,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
}

/// The six comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// `operand BETWEEN low AND high`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Between {
    pub(crate) operand: Expr,
    pub(crate) low: Expr,
    pub(crate) high: Expr,
    pub(crate) negated: bool,
}

/// `property IN list`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct In {
    pub(crate) property: Box<str>,
    pub(crate) list: List,
    pub(crate) negated: bool,
}

/// `operand CONTAINS 'text'` and the like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Match {
    pub(crate) operand: Expr,
    pub(crate) pattern: Pattern,
    pub(crate) negated: bool,
}

/// What may follow `IN`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List {
    /// Sorted, each once, for a binary search.
    pub(crate) texts: Box<[Box<str>]>,
    /// As written; client dialect.
    pub(crate) numbers: Box<[Literal]>,
}

/// What `CONTAINS`, `STARTSWITH`, `ENDSWITH` and `~` look for, made ready for the search.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Contains {
        text: Box<str>,
        finder: Box<Finder<'static>>,
    },
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Matches(Regex),
}

impl Pattern {
    /// A search for a part of a text.
    pub(crate) fn contains(text: Box<str>) -> Self {
        let finder = Box::new(Finder::new(text.as_bytes()).into_owned());
        Self::Contains { text, finder }
    }

    /// The word and the text it was written with.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Contains { text, .. } => ("CONTAINS", text),
            Self::StartsWith(text) => ("STARTSWITH", text),
            Self::EndsWith(text) => ("ENDSWITH", text),
            Self::Matches(regex) => ("~", regex.as_str()),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Expr {
    /// Whether it may stand where a condition is asked for. A property may: it is one if it holds a
    /// boolean when a message is looked at.
    pub(crate) fn can_be_condition(&self) -> bool {
        match self {
            Self::Literal(literal) => matches!(literal, Literal::Null | Literal::Boolean(_)),
            Self::Negate(_) => false,
            _ => true,
        }
    }

    /// Whether its value is always a boolean or unknown, so that it has no place in an order.
    pub(crate) fn is_condition(&self) -> bool {
        self.can_be_condition() && !matches!(self, Self::Property(_))
    }
}
