//! The parser's hand on the tokens: looking, taking, and saying what is not as it should be.

use super::{Node, Parser, Result};
use crate::DEPTH_MAX;
use crate::ast::Expr;
use crate::error::{ParseError, quoted};
use crate::token::{Span, TokenKind};

impl<'s> Parser<'s> {
    /// Moves to the next token.
    pub(super) fn advance(&mut self) -> Result<()> {
        self.current = self.lexer.next()?;
        Ok(())
    }

    /// Moves on if the current token is of this kind, and tells whether it was.
    pub(super) fn take(&mut self, kind: TokenKind) -> Result<bool> {
        let is_kind = self.current.kind == kind;
        if is_kind {
            self.advance()?;
        }
        Ok(is_kind)
    }

    pub(super) fn require(&mut self, kind: TokenKind) -> Result<()> {
        if self.take(kind)? {
            Ok(())
        } else {
            Err(self.unexpected([kind]))
        }
    }

    /// Goes one level deeper, where the recursion still fits on a stack.
    pub(super) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            Err(self.too_deep(self.current.span))
        } else {
            Ok(())
        }
    }

    /// Comes back from where [`enter`](Self::enter) led.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn spelling(&self, span: Span) -> &'s str {
        &self.source[span.start..span.end]
    }

    /// Puts an expression above others of which the highest has `height`.
    pub(super) fn node(&self, expr: Expr, height: usize, span: Span) -> Result<Node> {
        let height = height + 1;
        if height > DEPTH_MAX {
            Err(self.too_deep(span))
        } else {
            Ok(Node { expr, height, span })
        }
    }

    pub(super) fn error(&self, span: Span, message: impl Into<String>) -> Box<ParseError> {
        ParseError::boxed(self.source, span, message)
    }

    fn too_deep(&self, span: Span) -> Box<ParseError> {
        let start = Span {
            end: span.start,
            ..span
        };
        self.error(
            start,
            format!("the expression is nested more than {DEPTH_MAX} deep"),
        )
    }

    /// The error of a token that has no place here.
    pub(super) fn unexpected(
        &self,
        expected: impl IntoIterator<Item = TokenKind>,
    ) -> Box<ParseError> {
        self.unexpected_here(expected.into_iter().map(TokenKind::describe).collect())
    }

    /// The error of a token behind a complete expression.
    pub(super) fn unexpected_tail(&self) -> Box<ParseError> {
        if self.current.kind == TokenKind::Close {
            return self.error(self.current.span, "this `)` closes nothing");
        }
        let joints = [TokenKind::And, TokenKind::Or, TokenKind::End].map(TokenKind::describe);
        self.unexpected_here([&["an operator"], joints.as_slice()].concat())
    }

    fn unexpected_here(&self, expected: Vec<&'static str>) -> Box<ParseError> {
        let span = self.current.span;
        let wanted = listed(&expected);
        let message = match self.current.kind {
            TokenKind::End => format!("expected {wanted}, but the expression ends here"),
            _ => {
                let found = quoted(self.spelling(span));
                format!("expected {wanted}, found {found}{}", self.hint())
            }
        };
        let mut error = self.error(span, message);
        error.expected = expected;
        error
    }

    /// What people often mean by the current token.
    fn hint(&self) -> &'static str {
        let spelling = self.spelling(self.current.span);
        let before = &self.source[..self.current.span.start];
        if self.current.kind == TokenKind::Equal && before.ends_with('=') {
            "; equality is one `=`"
        } else if spelling.eq_ignore_ascii_case("LIKE") {
            "; instead of LIKE there are CONTAINS, STARTSWITH and ENDSWITH"
        } else {
            ""
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
