//! What is said about what Java would pass over.

use super::*;

fn parse(text: &str) -> PropertiesFile {
    PropertiesFile::parse(Path::new("broker.conf"), text).unwrap()
}

#[test]
fn an_escape_that_cannot_be_read_is_named() {
    let error = PropertiesFile::parse(Path::new("b.conf"), "\na=\\u12").unwrap_err();
    assert_eq!(
        error.message(),
        "b.conf:2: \\u needs four hexadecimal digits in \"\\u12\""
    );
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
