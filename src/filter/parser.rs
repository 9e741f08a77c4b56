//! Tokens to an expression, by recursive descent with the operators' strengths in a table.
//!
//! Strengths, weakest first: `OR`; `AND`; `=`, `<>`, `IS NULL`; `<`, `<=`, `>`, `>=`, `BETWEEN`,
//! `IN`, `CONTAINS`, `STARTSWITH`, `ENDSWITH`, `~`; `+`, `-`, `NOT`. All but the last group to the
//! left. So `NOT` binds tighter than a comparison: `NOT a = b` is `(NOT a) = b`, as in RocketMQ.
//!
//! Which operands an operator takes is checked in `build`, while it is still known where they are.

mod build;
mod cursor;

use crate::SOURCE_BYTES_MAX;
use crate::ast::{Expr, Literal, Operator, Pattern, Strength};
use crate::dialect::{Dialect, Rules};
use crate::error::ParseError;
use crate::lexer::Lexer;
use crate::literal;
use crate::token::{Span, Token, TokenKind};

/// The largest program a regular expression may become, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Boxed, as results travel through all the levels of an expression: on a stack that must hold
/// `DEPTH_MAX` of them, each byte counts.
pub(crate) type Result<T> = std::result::Result<T, Box<ParseError>>;

/// What the parser found.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) expr: Expr,
    /// Where the part begins that the dialect lets pass unread.
    pub(crate) ignored_from: Option<usize>,
    /// Every property that is named, sorted, each once.
    pub(crate) names: Vec<Box<str>>,
}

/// Reads a whole source.
pub(crate) fn parse(source: &str, dialect: Dialect) -> Result<Parsed> {
    if source.len() > SOURCE_BYTES_MAX {
        let end = Span {
            start: source.len(),
            end: source.len(),
        };
        let message = format!(
            "the expression has {} bytes; at most {SOURCE_BYTES_MAX} are allowed",
            source.len()
        );
        return Err(ParseError::boxed(source, end, message));
    }
    let rules = dialect.rules();
    let mut lexer = Lexer::new(source, rules);
    let current = lexer.next()?;
    let mut parser = Parser {
        source,
        rules,
        lexer,
        current,
        depth: 0,
        names: Vec::new(),
    };
    let node = parser.expression(Strength::Or)?;
    parser.require_condition(&node)?;
    let ignored_from = match parser.current.kind {
        TokenKind::End => None,
        _ if rules.tail_ignored => Some(parser.current.span.start),
        _ => return Err(parser.unexpected_tail()),
    };
    let mut names = parser.names;
    names.sort_unstable();
    names.dedup();
    Ok(Parsed {
        expr: node.expr,
        ignored_from,
        names,
    })
}

/// An expression, how high its tree is and where it stands.
#[derive(Debug)]
struct Node {
    expr: Expr,
    height: usize,
    span: Span,
}

struct Parser<'s> {
    source: &'s str,
    rules: &'static Rules,
    lexer: Lexer<'s>,
    /// The token to look at next. Never more than one is read ahead, as RocketMQ does: what an
    /// ignored tail holds after its first token is of no matter.
    current: Token,
    /// How many operators, signs and parentheses are waiting for their right side.
    depth: usize,
    names: Vec<Box<str>>,
}

impl Parser<'_> {
    /// A value or condition with all operators behind it that bind at least as tightly as `least`.
    fn expression(&mut self, least: Strength) -> Result<Node> {
        let mut left = self.operand()?;
        // What follows a complete operation binds no tighter than that: in `a IS NULL < 1` the `<`
        // has no left side.
        let mut most = Strength::Unary;
        loop {
            let strength = match strength_of(self.current.kind) {
                Some(strength) if least <= strength && strength <= most => strength,
                _ => return Ok(left),
            };
            if strength > Strength::And {
                self.require_clear_not(&left)?;
            }
            self.enter()?;
            left = self.operation(left)?;
            self.leave();
            most = strength;
        }
    }

    /// The operation whose left side has been read and whose operator is the current token.
    fn operation(&mut self, left: Node) -> Result<Node> {
        let operator = self.current.kind;
        self.advance()?;
        let ordering = match operator {
            TokenKind::Or => {
                let right = self.expression(Strength::And)?;
                return self.joined(operator, left, right);
            }
            TokenKind::And => {
                let right = self.expression(Strength::Equality)?;
                return self.joined(operator, left, right);
            }
            TokenKind::Equal => {
                let right = self.expression(Strength::Comparison)?;
                return self.equal(Operator::Equal, left, right);
            }
            TokenKind::NotEqual => {
                let right = self.expression(Strength::Comparison)?;
                return self.equal(Operator::NotEqual, left, right);
            }
            TokenKind::Is => return self.is_null(left),
            TokenKind::Less => Operator::Less,
            TokenKind::LessEqual => Operator::LessEqual,
            TokenKind::Greater => Operator::Greater,
            TokenKind::GreaterEqual => Operator::GreaterEqual,
            TokenKind::Not => {
                let test = self.current.kind;
                if !self.rules.tests().any(|known| known == test) {
                    return Err(self.unexpected(self.rules.tests()));
                }
                self.advance()?;
                return self.test(left, test, true);
            }
            test => return self.test(left, test, false),
        };
        let right = self.operand()?;
        self.ordered(ordering, left, right)
    }

    fn is_null(&mut self, operand: Node) -> Result<Node> {
        let negated = self.take(TokenKind::Not)?;
        let null = self.current.span;
        if !self.take(TokenKind::Null)? {
            let negation = (!negated).then_some(TokenKind::Not);
            return Err(self.unexpected([TokenKind::Null].into_iter().chain(negation)));
        }
        let span = operand.span.to(null);
        let expr = Expr::IsNull {
            operand: Box::new(operand.expr),
            negated,
        };
        self.node(expr, operand.height, span)
    }

    /// What follows a value and the word of a test.
    fn test(&mut self, operand: Node, test: TokenKind, negated: bool) -> Result<Node> {
        match test {
            TokenKind::Between => return self.between(operand, negated),
            TokenKind::In => return self.in_list(operand, negated),
            _ => {}
        }
        let (text, span) = self.text()?;
        let pattern = match test {
            TokenKind::StartsWith => Pattern::StartsWith(text),
            TokenKind::EndsWith => Pattern::EndsWith(text),
            TokenKind::Matches => self.regex(&text, span)?,
            _ => Pattern::contains(text),
        };
        self.matched(operand, pattern, negated, span)
    }

    fn between(&mut self, operand: Node, negated: bool) -> Result<Node> {
        let low = self.operand()?;
        self.require(TokenKind::And)?;
        let high = self.operand()?;
        self.in_range(operand, low, high, negated)
    }

    fn in_list(&mut self, operand: Node, negated: bool) -> Result<Node> {
        self.require(TokenKind::Open)?;
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        loop {
            match self.current.kind {
                TokenKind::Text => texts.push(self.text()?.0),
                _ if self.rules.numbers_in_lists => numbers.push(self.signed_number()?),
                _ => return Err(self.unexpected([TokenKind::Text])),
            }
            if !self.take(TokenKind::Comma)? {
                break;
            }
        }
        let close = self.current.span;
        if !self.take(TokenKind::Close)? {
            return Err(self.unexpected([TokenKind::Comma, TokenKind::Close]));
        }
        self.one_of(operand, texts, numbers, negated, close)
    }

    fn signed_number(&mut self) -> Result<Literal> {
        let negative = self.take(TokenKind::Minus)?;
        let number = match self.current.kind {
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Quantity => self.number()?,
            _ => return Err(self.unexpected([TokenKind::Text, TokenKind::Integer])),
        };
        Ok(if negative { number.negated() } else { number })
    }

    fn regex(&self, text: &str, span: Span) -> Result<Pattern> {
        let regex = regex_lite::RegexBuilder::new(text)
            .size_limit(REGEX_BYTES_MAX)
            .build();
        regex
            .map(Pattern::Matches)
            .map_err(|error| self.error(span, format!("bad regular expression: {error}")))
    }

    /// A literal, a property or an expression in parentheses, and the signs and `NOT` before it.
    fn operand(&mut self) -> Result<Node> {
        if !matches!(
            self.current.kind,
            TokenKind::Plus | TokenKind::Minus | TokenKind::Not | TokenKind::Open
        ) {
            return self.plain();
        }
        self.enter()?;
        let node = match self.current.kind {
            TokenKind::Open => self.parenthesised()?,
            _ => self.signed()?,
        };
        self.leave();
        Ok(node)
    }

    fn signed(&mut self) -> Result<Node> {
        let sign = self.current;
        self.advance()?;
        let operand = self.operand()?;
        let span = sign.span.to(operand.span);
        match sign.kind {
            TokenKind::Minus => {
                self.node(Expr::Negate(Box::new(operand.expr)), operand.height, span)
            }
            TokenKind::Not => {
                self.require_condition(&operand)?;
                self.node(Expr::Not(Box::new(operand.expr)), operand.height, span)
            }
            _ => Ok(operand),
        }
    }

    fn parenthesised(&mut self) -> Result<Node> {
        let open = self.current.span;
        self.advance()?;
        let inner = self.expression(Strength::Or)?;
        let close = self.current.span;
        self.require(TokenKind::Close)?;
        Ok(Node {
            span: open.to(close),
            ..inner
        })
    }

    fn plain(&mut self) -> Result<Node> {
        let span = self.current.span;
        let expr = match self.current.kind {
            TokenKind::Name | TokenKind::QuotedName => self.property()?,
            TokenKind::Text => Expr::Literal(Literal::Text(self.text()?.0)),
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Quantity => {
                Expr::Literal(self.number()?)
            }
            TokenKind::True => self.keyword(Literal::Boolean(true))?,
            TokenKind::False => self.keyword(Literal::Boolean(false))?,
            TokenKind::Null => self.keyword(Literal::Null)?,
            _ => {
                use TokenKind::{Integer, Name, Not, Open, Text};
                return Err(self.unexpected([Name, Integer, Text, Open, Not]));
            }
        };
        Ok(Node {
            expr,
            height: 1,
            span,
        })
    }

    fn property(&mut self) -> Result<Expr> {
        let spelling = self.spelling(self.current.span);
        let name = match self.current.kind {
            TokenKind::QuotedName => literal::unquote(spelling),
            _ => Box::from(spelling),
        };
        self.names.push(name.clone());
        self.advance()?;
        Ok(Expr::Property(name))
    }

    fn keyword(&mut self, literal: Literal) -> Result<Expr> {
        self.advance()?;
        Ok(Expr::Literal(literal))
    }

    fn text(&mut self) -> Result<(Box<str>, Span)> {
        let span = self.current.span;
        if self.current.kind != TokenKind::Text {
            return Err(self.unexpected([TokenKind::Text]));
        }
        let text = literal::unquote(self.spelling(span));
        self.advance()?;
        Ok((text, span))
    }

    fn number(&mut self) -> Result<Literal> {
        let span = self.current.span;
        let spelling = self.spelling(span);
        let number = match self.current.kind {
            TokenKind::Integer => literal::integer(spelling),
            TokenKind::Decimal => literal::decimal(spelling, self.rules.zero_decimal),
            _ => literal::quantity(spelling),
        };
        let number = number.map_err(|problem| self.error(span, problem))?;
        self.advance()?;
        Ok(number)
    }
}

/// How tightly an operator binds; nothing for what is no operator between or behind values.
fn strength_of(kind: TokenKind) -> Option<Strength> {
    Some(match kind {
        TokenKind::Or => Strength::Or,
        TokenKind::And => Strength::And,
        TokenKind::Equal | TokenKind::NotEqual | TokenKind::Is => Strength::Equality,
        TokenKind::Less
        | TokenKind::LessEqual
        | TokenKind::Greater
        | TokenKind::GreaterEqual
        | TokenKind::Between
        | TokenKind::In
        | TokenKind::Contains
        | TokenKind::StartsWith
        | TokenKind::EndsWith
        | TokenKind::Matches
        // As in `a NOT IN ('x')`.
        | TokenKind::Not => Strength::Comparison,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
