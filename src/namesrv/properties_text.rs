//! The text of a Java properties file, as far as settings need it: one `key=value` a line.

/// Reads the entries in their order. Lines that begin with `#` or `!` are remarks.
pub(crate) fn parse(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .map(|line| {
            let (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
            (unescape(key.trim()), unescape(value.trim()))
        })
}

/// Adds an entry in the form that [`parse`] and Java read.
pub(crate) fn write(text: &mut String, key: &str, value: &str) {
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

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let escaped = match character {
            '\\' => characters.next(),
            plain => Some(plain),
        };
        plain.extend(match (character, escaped) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('t')) => Some('\t'),
            (_, other) => other,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_java_reads_them() {
        let text = "# a remark\n! another\n\n a = 1 \nb:2\nc\nd=e=f\r\npath=C\\:\\\\mq\n";
        let entries: Vec<_> = parse(text).collect();
        let expected = [
            ("a", "1"),
            ("b", "2"),
            ("c", ""),
            ("d", "e=f"),
            ("path", "C:\\mq"),
        ];
        assert_eq!(
            entries,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let value = "two\nlines\r and a \\ backslash = sign";
        let mut text = String::new();
        write(&mut text, "key", value);
        assert_eq!(text.lines().count(), 1);
        let entries: Vec<_> = parse(&text).collect();
        assert_eq!(entries, [("key".to_owned(), value.to_owned())]);
    }
}
