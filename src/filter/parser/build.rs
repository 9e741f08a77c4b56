//! Operators and their operands put together, if RocketMQ would: what each operator takes.

use std::cmp::Ordering;

use super::{Node, Parser, Result};
use crate::ast::{Between, Compare, Expr, In, List, Literal, Match, Operator, Pattern};
use crate::compare::{Scalar, compare};
use crate::token::{Span, TokenKind};

impl Parser<'_> {
    /// Checks that a node may stand where a condition is asked for.
    pub(super) fn require_condition(&self, node: &Node) -> Result<()> {
        if node.expr.can_be_condition() {
            return Ok(());
        }
        Err(self.error(
            node.span,
            "this is a value where a condition such as `a = 1` is needed",
        ))
    }

    /// Checks that the left side of a comparison or test is no bare `NOT a`, where the dialect minds.
    pub(super) fn require_clear_not(&self, left: &Node) -> Result<()> {
        let is_bare =
            matches!(left.expr, Expr::Not(_)) && !self.spelling(left.span).starts_with('(');
        if is_bare && self.rules.not_in_parentheses {
            let message = "`NOT` binds tighter than what follows; write `NOT (a = 1)`";
            return Err(self.error(left.span, message));
        }
        Ok(())
    }

    /// `left AND right` or `left OR right`, in one node with all terms of sides of the same kind:
    /// they are evaluated in the same order with the same result.
    pub(super) fn joined(&self, joint: TokenKind, left: Node, right: Node) -> Result<Node> {
        self.require_condition(&left)?;
        self.require_condition(&right)?;
        let span = left.span.to(right.span);
        let mut height = 0;
        let mut terms = Vec::new();
        for side in [left, right] {
            let mut side_height = side.height;
            match (joint, side.expr) {
                (TokenKind::And, Expr::And(inner)) | (TokenKind::Or, Expr::Or(inner)) => {
                    side_height -= 1;
                    if terms.is_empty() {
                        terms = inner;
                    } else {
                        terms.extend(inner);
                    }
                }
                (_, expr) => terms.push(expr),
            }
            height = height.max(side_height);
        }
        let expr = if joint == TokenKind::And {
            Expr::And(terms)
        } else {
            Expr::Or(terms)
        };
        self.node(expr, height, span)
    }

    /// `left = right` or `left <> right`.
    pub(super) fn equal(&self, operator: Operator, left: Node, right: Node) -> Result<Node> {
        for side in [&left, &right] {
            if side.expr == Expr::Literal(Literal::Null) {
                let message = "nothing is equal to NULL; write `IS NULL` or `IS NOT NULL`";
                return Err(self.error(side.span, message));
            }
        }
        if let (Expr::Literal(Literal::Boolean(_)), Expr::Literal(value)) =
            (&left.expr, &right.expr)
            && !matches!(value, Literal::Boolean(_))
        {
            return Err(self.error(right.span, "a boolean is compared with booleans only"));
        }
        self.compared(operator, left, right)
    }

    /// `left < right` and the like.
    pub(super) fn ordered(&self, operator: Operator, left: Node, right: Node) -> Result<Node> {
        self.require_ordered(&left)?;
        self.require_ordered(&right)?;
        self.compared(operator, left, right)
    }

    fn compared(&self, operator: Operator, left: Node, right: Node) -> Result<Node> {
        let height = left.height.max(right.height);
        let span = left.span.to(right.span);
        let compare = Compare {
            operator,
            left: left.expr,
            right: right.expr,
        };
        self.node(Expr::Compare(Box::new(compare)), height, span)
    }

    /// Checks that a node may stand beside `<`: only what is certain not to be a number may not.
    fn require_ordered(&self, node: &Node) -> Result<()> {
        let message = match &node.expr {
            Expr::Literal(Literal::Text(_)) => "texts have no order; only numbers do",
            Expr::Literal(Literal::Null) => "NULL has no order; only numbers do",
            expr if expr.is_condition() => "conditions have no order; only numbers do",
            _ => return Ok(()),
        };
        Err(self.error(node.span, message))
    }

    /// `operand BETWEEN low AND high`.
    pub(super) fn in_range(
        &self,
        operand: Node,
        low: Node,
        high: Node,
        negated: bool,
    ) -> Result<Node> {
        for node in [&operand, &low, &high] {
            self.require_ordered(node)?;
        }
        // Only without `NOT`, and only for bounds written as plain numbers.
        if let (Expr::Literal(low_value), Expr::Literal(high_value)) = (&low.expr, &high.expr)
            && let (Some(lower), Some(higher)) = (Scalar::of(low_value), Scalar::of(high_value))
            && !negated
            && compare(higher, lower) == Ok(Ordering::Less)
        {
            let message = format!(
                "BETWEEN needs its smaller value first: {low_value} is more than {high_value}"
            );
            return Err(self.error(low.span.to(high.span), message));
        }
        let height = operand.height.max(low.height).max(high.height);
        let span = operand.span.to(high.span);
        let (low, high) = (low.expr, high.expr);
        let between = Between {
            operand: operand.expr,
            low,
            high,
            negated,
        };
        self.node(Expr::Between(Box::new(between)), height, span)
    }

    /// `operand IN (…)`, up to its closing parenthesis.
    pub(super) fn one_of(
        &self,
        operand: Node,
        mut texts: Vec<Box<str>>,
        numbers: Vec<Literal>,
        negated: bool,
        close: Span,
    ) -> Result<Node> {
        let property = match operand.expr {
            Expr::Property(name) => name,
            Expr::Not(_) => {
                let message = "`NOT` belongs behind the property: `a NOT IN (…)`";
                return Err(self.error(operand.span, message));
            }
            _ => return Err(self.error(operand.span, "`IN` takes a property on its left")),
        };
        texts.sort_unstable();
        texts.dedup();
        let list = List {
            texts: texts.into(),
            numbers: numbers.into(),
        };
        let span = operand.span.to(close);
        let within = In {
            property,
            list,
            negated,
        };
        self.node(Expr::In(Box::new(within)), operand.height, span)
    }

    /// `operand CONTAINS 'text'` and the like.
    pub(super) fn matched(
        &self,
        operand: Node,
        pattern: Pattern,
        negated: bool,
        text: Span,
    ) -> Result<Node> {
        let span = operand.span.to(text);
        let matching = Match {
            operand: operand.expr,
            pattern,
            negated,
        };
        self.node(Expr::Match(Box::new(matching)), operand.height, span)
    }
}
