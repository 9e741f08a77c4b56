//! Source text to tokens, one at a time, by the rules of a dialect.
//!
//! The lexer only finds where tokens begin and end; numbers are converted when the parser uses
//! them, so that what RocketMQ never looks at cannot be an error here either. Like the original it
//! takes the longest match: `--` begins a comment only where a line break ends it.
//!
//! Known to differ from RocketMQ: a text that is never closed is always an error, where RocketMQ
//! may let it pass as the first token of an ignored tail.

use crate::dialect::Rules;
use crate::error::{ParseError, quoted};
use crate::token::{Span, Token, TokenKind};

/// Reads tokens from a source.
#[derive(Debug)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    rules: &'static Rules,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str, rules: &'static Rules) -> Self {
        Self {
            source,
            rules,
            at: 0,
        }
    }

    /// The next token; `End` again and again when there is none.
    pub(crate) fn next(&mut self) -> Result<Token, Box<ParseError>> {
        self.skip_blanks();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            // Point behind the last visible character, not behind blanks nobody sees.
            let end = self.source.trim_end().len();
            return Ok(Token {
                kind: TokenKind::End,
                span: Span { start: end, end },
            });
        };
        if is_name_start(first, self.rules) {
            let length = name_length(rest, self.rules);
            return Ok(self.token(TokenKind::of_word(&rest[..length]), length));
        }
        if let Some((kind, length)) = number(rest, self.rules) {
            return Ok(self.token(kind, length));
        }
        if self.rules.text_quotes.contains(&first) {
            return self.quoted_token(TokenKind::Text, first);
        }
        if self.rules.name_quote == Some(first) {
            return self.quoted_token(TokenKind::QuotedName, first);
        }
        let symbol = self
            .rules
            .symbols
            .iter()
            .find(|(symbol, _)| rest.starts_with(symbol));
        match symbol {
            Some((symbol, kind)) => Ok(self.token(*kind, symbol.len())),
            None => Err(self.unknown(first)),
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// Takes `length` bytes as a token.
    fn token(&mut self, kind: TokenKind, length: usize) -> Token {
        let start = self.at;
        self.at += length;
        Token {
            kind,
            span: Span {
                start,
                end: self.at,
            },
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len()
                - rest
                    .trim_start_matches([' ', '\t', '\n', '\r', '\u{c}'])
                    .len();
            let skipped = if blanks > 0 {
                blanks
            } else {
                comment_length(rest)
            };
            if skipped == 0 {
                return;
            }
            self.at += skipped;
        }
    }

    /// Takes a text or name in quotes, where a doubled quote stands for one.
    fn quoted_token(&mut self, kind: TokenKind, quote: char) -> Result<Token, Box<ParseError>> {
        let rest = self.rest();
        let mut index = quote.len_utf8();
        loop {
            let Some(found) = rest[index..].find(quote) else {
                let span = Span {
                    start: self.at,
                    end: self.at + quote.len_utf8(),
                };
                let message = format!("the {quote} that opens here is never closed");
                return Err(ParseError::boxed(self.source, span, message));
            };
            index += found + quote.len_utf8();
            if !rest[index..].starts_with(quote) {
                return Ok(self.token(kind, index));
            }
            index += quote.len_utf8();
        }
    }

    fn unknown(&self, first: char) -> Box<ParseError> {
        let span = Span {
            start: self.at,
            end: self.at + first.len_utf8(),
        };
        let hint = match first {
            '!' => "; write `<>` or `NOT`",
            '&' => "; write `AND`",
            '|' => "; write `OR`",
            '"' => "; texts stand in single quotes",
            '/' => "; a comment that begins with `/*` needs its `*/`",
            _ => "",
        };
        let character = quoted(&self.source[span.start..span.end]);
        ParseError::boxed(
            self.source,
            span,
            format!("{character} is not part of the language{hint}"),
        )
    }
}

/// The length of the comment at the start of `rest`; 0 if there is none.
fn comment_length(rest: &str) -> usize {
    if rest.starts_with("--") {
        return rest.find(['\n', '\r']).map_or(0, |end| end + 1);
    }
    if let Some(body) = rest.strip_prefix("/*") {
        return body.find("*/").map_or(0, |end| end + "/**/".len());
    }
    0
}

fn is_name_start(character: char, rules: &Rules) -> bool {
    character.is_ascii_alphabetic()
        || matches!(character, '_' | '$')
        || rules.wide_names && !character.is_ascii() && character.is_alphabetic()
}

fn is_name_part(character: char, rules: &Rules) -> bool {
    is_name_start(character, rules)
        || character.is_ascii_digit()
        || rules.wide_names && !character.is_ascii() && character.is_alphanumeric()
}

/// The length of the name at the start of `rest`. A dot belongs to it where a name goes on behind.
fn name_length(rest: &str, rules: &Rules) -> usize {
    for (index, character) in rest.char_indices() {
        let goes_on = || {
            rest[index + 1..]
                .chars()
                .next()
                .is_some_and(|c| is_name_part(c, rules))
        };
        let belongs = match character {
            '.' => rules.wide_names && goes_on(),
            _ => is_name_part(character, rules),
        };
        if !belongs {
            return index;
        }
    }
    rest.len()
}

/// The number at the start of `rest`: which kind, and how long.
fn number(rest: &str, rules: &Rules) -> Option<(TokenKind, usize)> {
    let whole = digits(rest);
    let mut length = whole;
    if rest[length..].starts_with('.') {
        let fraction = digits(&rest[length + 1..]);
        if whole + fraction > 0 {
            length += 1 + fraction;
        }
    }
    if length == 0 {
        return None;
    }
    length += exponent(&rest[length..]);
    let is_integer = length == whole;
    if is_integer && rest.starts_with('0') && !rules.wide_numbers {
        return Some((TokenKind::Integer, 1));
    }
    let behind = &rest[length..];
    let suffix = if rules.wide_numbers {
        name_length(behind, rules)
    } else {
        usize::from(is_integer && behind.starts_with(['l', 'L']))
    };
    let kind = match (&behind[..suffix], is_integer) {
        ("", true) | ("l" | "L", true) => TokenKind::Integer,
        ("", false) => TokenKind::Decimal,
        _ => TokenKind::Quantity,
    };
    Some((kind, length + suffix))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The length of an exponent such as `e-5`; 0 if there is none.
fn exponent(text: &str) -> usize {
    let Some(behind) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let sign = usize::from(behind.starts_with(['+', '-']));
    match digits(&behind[sign..]) {
        0 => 0,
        count => 1 + sign + count,
    }
}
