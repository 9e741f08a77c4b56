//! Java's properties text: one `key=value` a line.

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
}

/// Reads a text. A line without a separator is a key without a value, as in Java.
pub(super) fn parse(text: &str) -> Vec<Entry> {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .map(entry)
        .collect()
}

fn entry(line: &str) -> Entry {
    let mut key = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next_if(|next| !matches!(next, '=' | ':')) {
        match character {
            '\\' => key.extend(characters.next()),
            _ => key.push(character),
        }
    }
    let value: String = characters.skip(1).collect();
    Entry {
        key: key.trim().to_owned(),
        value: unescape(value.trim()),
    }
}

/// `\n`, `\t`, `\r`, `\f` and `\uXXXX` are what they say; before anything else a backslash is nothing.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// Appends a line that [`parse`] and Java read. What could end the line is escaped.
pub(super) fn write_entry(text: &mut String, key: &str, value: &str) {
    text.push_str(key);
    text.push('=');
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            _ => text.push(character),
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let entries = parse(text);
        let found: Vec<(&str, &str)> = entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.value.as_str()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn lines_are_read_as_java_reads_them() {
        check(
            "a=1\n b : 2 \n\n# no\n!no\nc",
            &[("a", "1"), ("b", "2"), ("c", "")],
        );
        check("a=b=c\r\n", &[("a", "b=c")]);
        check(r"a=\u0041\\\n", &[("a", "A\\\n")]);
        check(r"a\=b=c", &[("a=b", "c")]);
        check("", &[]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in ["", "plain", "a=b", "back\\slash", "two\nlines\r"] {
            let mut text = String::new();
            write_entry(&mut text, "key", value);
            assert_eq!(text.lines().count(), 1);
            check(&text, &[("key", value)]);
        }
    }
}
