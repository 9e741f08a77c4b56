//! What Java reads, and what is said about what it would pass over.

use super::*;

fn parse(text: &str) -> PropertiesFile {
    PropertiesFile::parse(Path::new("broker.conf"), text).unwrap()
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str, usize)]) {
    let file = parse(text);
    let found: Vec<_> = file
        .properties
        .iter()
        .map(|p| (p.key.as_str(), p.value.as_str(), p.line))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_forms_of_a_line() {
    check(
        "# comment\n! too\n\n  a=1\nb : 2\nc 3\nd\ne=\n f = x y  \n",
        &[
            ("a", "1", 4),
            ("b", "2", 5),
            ("c", "3", 6),
            ("d", "", 7),
            ("e", "", 8),
            ("f", "x y  ", 9),
        ],
    );
    check(
        "a==b\nc:=d\n=e",
        &[("a", "=b", 1), ("c", "=d", 2), ("", "e", 3)],
    );
    check(
        "a=1\r\nb=2\rc=3",
        &[("a", "1", 1), ("b", "2", 2), ("c", "3", 3)],
    );
    check("\u{feff}a=1", &[("a", "1", 1)]);
    check("", &[]);
}

#[test]
fn lines_continue_behind_a_backslash() {
    check(
        "namesrvAddr=127.0.0.1:9876;\\\n    127.0.0.1:9877\nx=a\\\\\ny=b\\",
        &[
            ("namesrvAddr", "127.0.0.1:9876;127.0.0.1:9877", 1),
            ("x", "a\\", 3),
            ("y", "b", 4),
        ],
    );
    check(
        "a=\\\n# not a comment\nb=1",
        &[("a", "# not a comment", 1), ("b", "1", 3)],
    );
}

#[test]
fn escapes_are_resolved() {
    check("a\\=b\\ c=1\\t2\\q", &[("a=b c", "1\t2q", 1)]);
    check("a=\\u8ba2\\u5355 \\uD83D\\uDE00", &[("a", "订单 😀", 1)]);
    for wrong in ["a=\\u12", "a=\\u+123", "a=\\uD83D x"] {
        let error = PropertiesFile::parse(Path::new("b.conf"), wrong).unwrap_err();
        assert!(
            error.message().starts_with("b.conf:1: "),
            "{}",
            error.message()
        );
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_latin_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.conf");
    std::fs::write(&path, b"a=caf\xe9").unwrap();
    assert_eq!(PropertiesFile::read(&path).unwrap().get("a"), Some("café"));
    let error = PropertiesFile::read(&folder.path().join("none")).unwrap_err();
    assert_eq!(error.code().name, "file_not_found");
}

const KEYS: &[&str] = &["brokerName", "brokerId", "listenPort"];

fn set(taken: &mut Vec<String>, key: &str, value: &str) -> Result<(), String> {
    if key == "listenPort" && value.parse::<u16>().is_err() {
        return Err("expected a port from 1 to 65535".to_owned());
    }
    taken.push(format!("{key}={value}"));
    Ok(())
}

#[test]
fn unknown_and_repeated_keys_are_warned_of_and_the_rest_is_set() {
    let mut taken = Vec::new();
    let file = parse("brokerNam=a\nbrokerId=0 \nbrokerId=1\nzzz=1\n");
    let warnings = file
        .apply(KEYS, |key, value| set(&mut taken, key, value))
        .unwrap();
    assert_eq!(taken, ["brokerId=0", "brokerId=1"]);
    assert_eq!(
        warnings,
        [
            "broker.conf:1: unknown key brokerNam, ignored; did you mean brokerName?",
            "broker.conf:3: brokerId is set on line 2 too; this one counts",
            "broker.conf:4: unknown key zzz, ignored",
        ]
    );
    assert_eq!(file.get("brokerId"), Some("1"));
}

#[test]
fn a_bad_value_is_named_with_everything_needed_to_correct_it() {
    let error = parse("\nlistenPort=109111\n")
        .apply(KEYS, |key, value| set(&mut Vec::new(), key, value))
        .unwrap_err();
    assert_eq!(
        error.message(),
        "broker.conf:2: listenPort=109111: expected a port from 1 to 65535"
    );
    assert_eq!(error.kind().exit_code(), 2);
}
