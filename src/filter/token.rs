//! The words and signs of the language, and how error messages call them.

/// A piece of the source, in bytes: from `start` up to `end`, which is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// The span from the start of `self` to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            start: self.start,
            end: other.end,
        }
    }
}

/// One word or sign and where it stands. What it spells is read from the source when it is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What kind of word or sign a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    End,
    Name,
    QuotedName,
    Text,
    Integer,
    Decimal,
    Quantity,
    And,
    Or,
    Not,
    Between,
    In,
    True,
    False,
    Null,
    Is,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Comma,
    Open,
    Close,
}

/// The reserved words, the same in both dialects and in any case.
const KEYWORDS: &[(&str, TokenKind)] = &[
    ("NOT", TokenKind::Not),
    ("AND", TokenKind::And),
    ("OR", TokenKind::Or),
    ("BETWEEN", TokenKind::Between),
    ("IN", TokenKind::In),
    ("TRUE", TokenKind::True),
    ("FALSE", TokenKind::False),
    ("NULL", TokenKind::Null),
    ("IS", TokenKind::Is),
    ("CONTAINS", TokenKind::Contains),
    ("STARTSWITH", TokenKind::StartsWith),
    ("ENDSWITH", TokenKind::EndsWith),
];

impl TokenKind {
    /// The kind of a word: a reserved one or a name.
    pub(crate) fn of_word(word: &str) -> Self {
        KEYWORDS
            .iter()
            .find(|(keyword, _)| keyword.eq_ignore_ascii_case(word))
            .map_or(Self::Name, |&(_, kind)| kind)
    }

    /// What a message says was expected.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::End => "the end of the expression",
            Self::Name | Self::QuotedName => "a property",
            Self::Text => "a text in quotes",
            Self::Integer | Self::Decimal | Self::Quantity => "a number",
            Self::And => "`AND`",
            Self::Or => "`OR`",
            Self::Not => "`NOT`",
            Self::Between => "`BETWEEN`",
            Self::In => "`IN`",
            Self::True => "`TRUE`",
            Self::False => "`FALSE`",
            Self::Null => "`NULL`",
            Self::Is => "`IS`",
            Self::Contains => "`CONTAINS`",
            Self::StartsWith => "`STARTSWITH`",
            Self::EndsWith => "`ENDSWITH`",
            Self::Matches => "`~`",
            Self::Equal => "`=`",
            Self::NotEqual => "`<>`",
            Self::Less => "`<`",
            Self::LessEqual => "`<=`",
            Self::Greater => "`>`",
            Self::GreaterEqual => "`>=`",
            Self::Plus => "`+`",
            Self::Minus => "`-`",
            Self::Comma => "`,`",
            Self::Open => "`(`",
            Self::Close => "`)`",
        }
    }
}
