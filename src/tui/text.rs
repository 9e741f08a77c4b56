//! Text from elsewhere made safe to show: control characters escaped, widths counted in columns.
//!
//! Topic names, message bodies and remarks come from other machines. Invariant: nothing that went
//! through [`escape_controls`] can move a terminal's cursor, change its colours or reorder its text.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Characters that a terminal acts on instead of showing: C0, DEL, C1, line and paragraph
/// separators, and the marks that change the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Writes unsafe characters as `\n`, `\x1b` or `\u{202e}`; borrows when there are none.
#[must_use]
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) && c.is_ascii() => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_unsafe(c) => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Like [`escape_controls`], for a text whose line ends and tabs are its own.
#[must_use]
pub fn escape_controls_but_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let (body, end) = line
                .strip_suffix('\n')
                .map_or((line, ""), |body| (body, "\n"));
            let cells: Vec<_> = body.split('\t').map(escape_controls).collect();
            format!("{}{end}", cells.join("\t"))
        })
        .collect()
}

/// The same inside JSON text, where C0 is escaped already: `\u009b` stands for the character itself.
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let risky = |c: char| is_unsafe(c) && c != '\n';
    if !json.contains(risky) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if risky(c) {
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Terminal columns that `text` takes.
#[must_use]
pub fn width_of(text: &str) -> usize {
    text.width()
}

/// `text` cut to `columns`, ending in `…` if anything is missing. Never cuts a wide character in two.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width_of(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if used + width + 1 > columns {
            break;
        }
        used += width;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// `text` safe to show and exactly `columns` wide: cut or filled with spaces on the right.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    let safe = escape_controls(text);
    let cut = truncate(&safe, columns);
    let missing = columns.saturating_sub(width_of(&cut));
    format!("{cut}{}", " ".repeat(missing))
}

/// The same with the spaces on the left, for numbers.
#[must_use]
pub fn fit_right(text: &str, columns: usize) -> String {
    let safe = escape_controls(text);
    let cut = truncate(&safe, columns);
    let missing = columns.saturating_sub(width_of(&cut));
    format!("{}{cut}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_drive_the_terminal() {
        let cases = [
            ("plain 订单 ✓", "plain 订单 ✓"),
            ("\x1b[2J\x07", "\\x1b[2J\\x07"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}cba", "abc\\u{202e}cba"),
            ("\u{7f}", "\\x7f"),
        ];
        for (raw, expected) in cases {
            assert_eq!(escape_controls(raw), expected);
        }
    }

    #[test]
    fn lines_and_tabs_can_be_kept() {
        assert_eq!(escape_controls_but_lines("a\tb\x1b\nc\n"), "a\tb\\x1b\nc\n");
    }

    #[test]
    fn json_text_stays_json() {
        let json = serde_json::to_string("\u{9b}\u{202e}\x1b\n").unwrap();
        let safe = escape_json(&json);
        assert_eq!(safe, "\"\\u009b\\u202e\\u001b\\n\"");
        assert_eq!(
            serde_json::from_str::<String>(&safe).unwrap(),
            "\u{9b}\u{202e}\x1b\n"
        );
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(truncate("订单订单", 8), "订单订单");
        assert_eq!(truncate("订单订单", 7), "订单订…");
        assert_eq!(truncate("订单订单", 6), "订单…");
        assert_eq!(truncate("abc", 0), "");
        assert_eq!(width_of("订单"), 4);
    }

    #[test]
    fn cells_are_as_wide_as_they_are_told() {
        assert_eq!(fit("订单订单", 7), "订单订…");
        assert_eq!(fit("a\x1b", 7), "a\\x1b  ");
        assert_eq!(fit_right("12", 5), "   12");
        assert_eq!(width_of(&fit("订单", 3)), 3);
    }
}
