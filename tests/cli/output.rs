//! Streams, pipes and colour: the conventions that every command keeps.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::common::process;
use crate::common::sandbox::Sandbox;
use crate::common::wait::wait_for;

#[test]
fn a_reader_that_has_enough_ends_the_command_well_and_in_silence() {
    let sandbox = Sandbox::new();
    for format in ["table", "jsonl", "csv", "json"] {
        let mut command = sandbox.command(["explain", "-o", format]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let status = wait_for("the end", || child.try_wait().unwrap());
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
        assert_eq!(
            (status.code(), stderr.as_str()),
            (Some(0), ""),
            "{format}: {line}"
        );
    }
}

#[test]
fn a_full_disk_behind_the_output_is_an_error() {
    let sandbox = Sandbox::new();
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let mut child = sandbox
        .command(["explain"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = wait_for("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(11));
}

#[test]
fn pipes_get_no_colour_unless_told() {
    let plain = Sandbox::new();
    assert!(!plain.run(["explain", "17"]).ok().contains('\x1b'));
    assert!(
        plain
            .run(["explain", "17", "--color", "always"])
            .ok()
            .contains("\x1b[")
    );
    let forced = Sandbox::new().with("CLICOLOR_FORCE", "1");
    assert!(forced.run(["explain", "17"]).ok().contains("\x1b["));
    assert!(
        !forced
            .run(["explain", "17", "--color", "never"])
            .ok()
            .contains('\x1b')
    );
    let forbidden = Sandbox::new()
        .with("CLICOLOR_FORCE", "1")
        .with("NO_COLOR", "1");
    assert!(!forbidden.run(["explain", "17"]).ok().contains('\x1b'));
    assert!(
        !forbidden
            .run(["explain", "nothing"])
            .fails(3)
            .contains('\x1b')
    );
}

#[test]
fn lists_are_shaped_alike_in_every_format() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(
        sandbox.run(["explain", "--fields", "number,code", "--sort", "-number", "--limit", "2", "-q"]), @r"
    NUMBER  CODE
      3002  POLICY_NOT_EXIST
      3001  USER_NOT_EXIST
    --- exit 0
    ");
    insta::assert_snapshot!(
        sandbox.run(["explain", "--fields", "code", "-o", "csv", "--no-headers", "--limit", "1", "-q"]), @r"
    failed
    --- exit 0
    ");
    insta::assert_snapshot!(sandbox.run(["explain", "--fields", "cod"]), @r#"
    --- stderr
    error: there is no field "cod"                              [field_unknown]
      looked at: fields cause, code, exit, meaning, next, number, origin, retryable
      did you mean: code?
      next: gantry explain field_unknown
    --- exit 2
    "#);
    insta::assert_snapshot!(sandbox.run(["explain", "-F", "%k %y"]), @r#"
    --- stderr
    error: -F "%k %y", column 4: %y is not known                [format_invalid]
      next: gantry help format    ·    gantry explain format_invalid
    --- exit 2
    "#);
    insta::assert_snapshot!(sandbox.run(["explain", "-F", "%k"]), @r"
    --- stderr
    error: -F formats messages, and this command shows none     [usage]
      next: use -o or --fields    ·    gantry explain usage
    --- exit 2
    ");
}

#[test]
fn logs_and_notes_keep_off_stdout() {
    let sandbox = Sandbox::new();
    let quiet = process::run(&mut sandbox.command(["context", "list", "-q"]), "");
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let verbose = process::run(&mut sandbox.command(["version", "-vvv"]), "");
    assert_eq!(verbose.stdout.lines().count(), 1);
}
