//! Formats against one message.

use super::*;

struct Sample;

impl MessageFields for Sample {
    fn topic(&self) -> &str {
        "orders"
    }
    fn broker(&self) -> &str {
        "b-1"
    }
    fn queue_id(&self) -> i32 {
        3
    }
    fn queue_offset(&self) -> i64 {
        1042
    }
    fn msg_id(&self) -> Cow<'_, str> {
        "7F01".into()
    }
    fn offset_msg_id(&self) -> Cow<'_, str> {
        "7F02".into()
    }
    fn keys(&self) -> Cow<'_, str> {
        "A-17 B-2".into()
    }
    fn tags(&self) -> Cow<'_, str> {
        "paid".into()
    }
    fn property(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "region").then(|| "eu".into())
    }
    fn properties(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        vec![("region".into(), "eu".into())]
    }
    fn body(&self) -> &[u8] {
        b"a\x1b[0m\xff"
    }
    fn born_ms(&self) -> i64 {
        1_763_812_800_000
    }
    fn stored_ms(&self) -> i64 {
        1_763_812_800_123
    }
    fn born_host(&self) -> String {
        "10.0.0.5:51022".to_owned()
    }
    fn store_host(&self) -> String {
        "10.0.0.6:10911".to_owned()
    }
    fn reconsume_times(&self) -> i32 {
        2
    }
}

#[track_caller]
fn check(format: &str, expected: &[u8]) {
    let mut out = Vec::new();
    MessageFormat::parse(format)
        .unwrap()
        .render(&Sample, false, &mut out);
    assert_eq!(
        out.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

#[track_caller]
fn check_error(format: &str, expected: &str) {
    let error = MessageFormat::parse(format).unwrap_err();
    assert_eq!(error.message(), expected);
}

#[test]
fn every_directive_has_its_value() {
    check(
        "%T %b %q@%o %Q %k %t %s",
        b"orders b-1 b-1/q3@1042 3 A-17 B-2 paid 6",
    );
    check(
        "%d %D",
        b"2025-11-22T12:00:00.123Z 2025-11-22T12:00:00.000Z",
    );
    check("%p{region},%p{none},%P", b"eu,,{\"region\":\"eu\"}");
    check(
        "%i %I %h %H %r",
        b"7F01 7F02 10.0.0.5:51022 10.0.0.6:10911 2",
    );
    check("%v{hex}", b"611b5b306dff");
}

#[test]
fn a_pipe_gets_the_body_as_it_is_and_a_terminal_gets_it_escaped() {
    check("%v\\n", b"a\x1b[0m\xff\n");
    let mut out = Vec::new();
    MessageFormat::parse("%v")
        .unwrap()
        .render(&Sample, true, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "a\\x1b[0m\u{fffd}");
}

#[test]
fn literals_and_escapes() {
    check("100%% \\t\\x41\\\\\\0é", b"100% \tA\\\0\xc3\xa9");
    check("", b"");
    check("%o{x}", b"1042{x}");
}

#[test]
fn mistakes_are_named_with_their_column() {
    check_error("é %y", "-F \"é %y\", column 3: %y is not known");
    check_error("%d{%H", "-F \"%d{%H\", column 1: the brace is not closed");
    check_error(
        "%p x",
        "-F \"%p x\", column 1: %p needs its NAME in braces: %p{NAME}",
    );
    check_error(
        "%v{b64}",
        "-F \"%v{b64}\", column 1: %v{b64} is not known; only {hex} is",
    );
    check_error(
        "a%",
        "-F \"a%\", column 2: a % must be followed by a letter; %% stands for a percent sign",
    );
    check_error(
        "\\q",
        "-F \"\\q\", column 1: known escapes are \\n \\r \\t \\0 \\\\ and \\xHH",
    );
    check_error(
        "\\x4",
        "-F \"\\x4\", column 1: known escapes are \\n \\r \\t \\0 \\\\ and \\xHH",
    );
    assert!(
        MessageFormat::parse("%d{%!}")
            .unwrap_err()
            .message()
            .contains("the time pattern is not valid")
    );
}

#[test]
fn the_help_lists_every_letter_once() {
    let help = directive_help();
    let letters: std::collections::HashSet<char> = DIRECTIVES.iter().map(|entry| entry.0).collect();
    assert_eq!(help.lines().count(), DIRECTIVES.len());
    assert_eq!(letters.len(), DIRECTIVES.len());
}
