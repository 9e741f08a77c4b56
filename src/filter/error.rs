//! What went wrong, where, and how to show it to a person.

use unicode_width::UnicodeWidthChar as _;

use crate::token::Span;

/// Columns of the source shown before an error in a long line, and after its start.
const COLUMNS_BEFORE_MAX: usize = 60;
const COLUMNS_AFTER_MAX: usize = 40;

/// Characters of the source repeated in a message.
const QUOTED_CHARS_MAX: usize = 32;

/// Why an expression was refused and where.
///
/// ```
/// use gantry_filter::{Dialect, Filter};
///
/// let source = "price BETWEEN 10 AND 2";
/// let error = Filter::parse(source, Dialect::Broker).unwrap_err();
/// assert_eq!((error.line, error.column, error.at), (1, 15, 14));
/// assert_eq!(
///     error.to_string(),
///     "BETWEEN needs its smaller value first: 10 is more than 2 (column 15)"
/// );
/// assert_eq!(
///     error.caret(source),
///     "price BETWEEN 10 AND 2\n\
///     \x20             ^^^^^^^^"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({})", Place(*line, *column))]
#[non_exhaustive]
pub struct ParseError {
    /// What is wrong and, where it can be told, what to write instead. One line, no final stop.
    pub message: String,
    /// Where it begins, in bytes from the start of the source.
    pub at: usize,
    /// How many bytes it covers; 0 where something is missing.
    pub length: usize,
    /// The line of `at`, counted from 1.
    pub line: usize,
    /// The column of `at` in characters, counted from 1.
    pub column: usize,
    /// What could have stood there instead; empty where the form is right and the meaning is not.
    pub expected: Vec<&'static str>,
}

/// Line and column as a message names them: expressions of one line need no line.
struct Place(usize, usize);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(1, column) => write!(f, "column {column}"),
            Self(line, column) => write!(f, "line {line}, column {column}"),
        }
    }
}

impl ParseError {
    /// An error about a piece of the source.
    pub(crate) fn boxed(source: &str, span: Span, message: impl Into<String>) -> Box<Self> {
        let before = &source[..span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Box::new(Self {
            message: message.into(),
            at: span.start,
            length: span.end - span.start,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            expected: Vec::new(),
        })
    }

    /// The line of `source` that is wrong and, under it, carets below the wrong part.
    ///
    /// Made for a terminal of fixed-width characters: wide characters count as two columns, tabs as
    /// one blank, control characters never pass. Of a long line the part around the error is shown.
    /// `source` is the text that was parsed; with any other text the carets may point anywhere.
    #[must_use]
    pub fn caret(&self, source: &str) -> String {
        let at = floor_char_boundary(source, self.at);
        let end = floor_char_boundary(source, self.at.saturating_add(self.length)).max(at);
        let line_start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[at..]
            .find('\n')
            .map_or(source.len(), |newline| at + newline);
        let before = shown(&source[line_start..at]);
        let marked = shown(&source[at..end.min(line_end)]);
        let after = shown(source[end.min(line_end)..line_end].trim_end());

        let (before, cut_left) = keep_last(&before, COLUMNS_BEFORE_MAX);
        let (marked, cut_marked) = keep_first(&marked, COLUMNS_AFTER_MAX);
        let room = if cut_marked {
            0
        } else {
            COLUMNS_AFTER_MAX.saturating_sub(width(marked))
        };
        let (after, cut_after) = keep_first(&after, room);

        let ellipsis_left = if cut_left { "…" } else { "" };
        let ellipsis_right = if cut_marked || cut_after { "…" } else { "" };
        let indent = width(ellipsis_left) + width(before);
        let carets = width(marked).max(1);
        format!(
            "{ellipsis_left}{before}{marked}{after}{ellipsis_right}\n{:indent$}{:^<carets$}",
            "", ""
        )
    }
}

/// A piece of the source as a message may repeat it: on one line, safe for a terminal, not long.
pub(crate) fn quoted(piece: &str) -> String {
    let mut text = shown(piece);
    if let Some((cut, _)) = text.char_indices().nth(QUOTED_CHARS_MAX) {
        text.truncate(cut);
        text.push('…');
    }
    format!("`{text}`")
}

/// The text with everything replaced that would move a terminal's cursor or turn its direction.
fn shown(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\r' | '\n' => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            _ if character.is_control() => '\u{fffd}',
            _ => character,
        })
        .collect()
}

/// Columns a text takes. Counted by character, so that parts of a line add up to the line.
fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// The longest beginning of `text` within `columns`, and whether something was left out.
fn keep_first(text: &str, columns: usize) -> (&str, bool) {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += char_width(character);
        if used > columns {
            return (&text[..index], true);
        }
    }
    (text, false)
}

/// The longest end of `text` within `columns`, and whether something was left out.
fn keep_last(text: &str, columns: usize) -> (&str, bool) {
    let mut used = 0;
    for (index, character) in text.char_indices().rev() {
        used += char_width(character);
        if used > columns {
            return (&text[index + character.len_utf8()..], true);
        }
    }
    (text, false)
}

/// The nearest place at or before `index` where `text` may be cut.
fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, Filter};

    fn caret(source: &str) -> String {
        Filter::parse(source, Dialect::Client)
            .unwrap_err()
            .caret(source)
    }

    /// The column, counted in terminal columns from 0, and the count of the carets.
    fn carets(source: &str) -> (usize, usize) {
        let caret = caret(source);
        let line = caret.lines().nth(1).unwrap();
        let count = line.trim_start().len();
        assert!(line.trim_start().bytes().all(|byte| byte == b'^'));
        (line.len() - count, count)
    }

    #[test]
    fn carets_stand_below_the_whole_part() {
        assert_eq!(caret("a > 'x' AND b = 1"), "a > 'x' AND b = 1\n    ^^^");
        assert_eq!(caret("a ="), "a =\n   ^");
        assert_eq!(caret("a =   "), "a =\n   ^");
        assert_eq!(caret(""), "\n^");
    }

    #[test]
    fn wide_and_combining_characters_keep_the_carets_in_place() {
        assert_eq!(carets("地区 = '北京' and b > 'x'"), (22, 3));
        assert_eq!(carets("a = 'e\u{301}' and b > 'x'"), (16, 3));
        assert_eq!(carets("a = '🚀' and b > '北京'"), (17, 6));
    }

    #[test]
    fn only_the_line_of_the_error_is_shown() {
        let source = "a = 1\r\nAND b > 'x'\r\nAND c = 2";
        assert_eq!(caret(source), "AND b > 'x'\n        ^^^");
        let error = Filter::parse(source, Dialect::Client).unwrap_err();
        assert_eq!((error.line, error.column, error.at), (2, 9, 15));
        assert!(error.to_string().ends_with("(line 2, column 9)"));
        // A part that goes on in the next line is marked up to the end of its own.
        assert_eq!(caret("a > 'x\ny' and b"), "a > 'x\n    ^^");
    }

    #[test]
    fn of_a_long_line_the_part_around_the_error_is_shown() {
        let source = format!(
            "{}b > 'x'{}",
            "a = 1 AND ".repeat(20),
            " AND a = 1".repeat(20)
        );
        let shown = caret(&source);
        let (line, marks) = shown.split_once('\n').unwrap();
        assert!(line.starts_with('…') && line.ends_with('…'));
        assert_eq!(
            line.chars().count(),
            1 + COLUMNS_BEFORE_MAX + COLUMNS_AFTER_MAX + 1
        );
        let at = marks.find('^').unwrap();
        let marked: String = line.chars().skip(at).take(marks.len() - at).collect();
        assert_eq!(marked, "'x'");
        let long = format!("a > '{}'", "x".repeat(500));
        assert_eq!(carets(&long), (4, COLUMNS_AFTER_MAX));
    }

    #[test]
    fn nothing_reaches_the_terminal_that_could_move_its_cursor() {
        let source = "a = '\t\u{1b}[2J\u{202e}' and \u{1b}";
        let error = Filter::parse(source, Dialect::Client).unwrap_err();
        let shown = error.caret(source) + &error.to_string();
        assert!(!shown.contains(['\u{1b}', '\t', '\u{202e}']), "{shown:?}");
    }

    #[test]
    fn another_source_does_no_harm() {
        let error = Filter::parse("a = 1 and b > 'x'", Dialect::Broker).unwrap_err();
        for source in ["", "地", "地地地地地地", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"] {
            assert!(error.caret(source).ends_with('^'));
        }
    }
}
