//! What every command that speaks to a cluster says when there is none.

use crate::common::process;
use crate::common::sandbox::Sandbox;

/// Commands that ask a cluster for something.
const COMMANDS: &[&[&str]] = &[
    &["topic", "list"],
    &["topic", "describe", "t"],
    &["topic", "create", "t"],
    &["topic", "route", "t"],
    &["topic", "delete", "t", "--yes"],
    &["group", "list"],
    &["group", "describe", "g"],
    &["group", "history", "g"],
    &["group", "clients", "g"],
    &["group", "create", "g"],
    &["group", "delete", "g", "--yes"],
    &["group", "reset", "g", "-t", "t", "--to", "end"],
    &["client", "list"],
    &["events"],
    &["broker", "list"],
    &["broker", "describe", "b"],
    &["cluster", "info"],
    &["message", "get", "x"],
    &["message", "find", "--topic", "t", "--key", "k"],
    &["send", "t", "x"],
    &["tail", "t"],
    &["peek", "t"],
    &["consume", "t", "-g", "g"],
];

#[test]
fn every_command_names_the_address_and_ends_with_5() {
    let sandbox = Sandbox::new();
    for words in COMMANDS {
        let run = |more: &[&str]| {
            process::run(
                &mut sandbox.command([*words, &["-n", "127.0.0.1:1"], more].concat()),
                "",
            )
        };
        let people = run(&[]);
        assert_eq!(
            (people.code, people.stdout.as_str()),
            (5, ""),
            "{words:?}: {}",
            people.stderr
        );
        let said = "error: name server cannot be reached: 127.0.0.1:1: connection refused";
        assert!(people.stderr.contains(said), "{words:?}: {}", people.stderr);
        let programs = run(&["-o", "json", "-q"]);
        let error: serde_json::Value = serde_json::from_str(&programs.stderr).unwrap();
        assert_eq!(error["error"]["code"], "namesrv_unreachable", "{words:?}");
        assert_eq!(
            (&error["error"]["exit"], &error["error"]["retryable"]),
            (&5.into(), &true.into())
        );
    }
}

#[test]
fn without_any_cluster_the_next_step_is_to_start_one() {
    let sandbox = Sandbox::new();
    // Nothing is said, so the default address is tried, where some other cluster may be running.
    let run = sandbox.run(["topic", "list", "--timeout", "500ms"]);
    if run.code != 0 {
        assert!(run.fails(5).contains("next: gantry up -d"));
    }
}

#[test]
fn a_context_that_is_read_only_is_not_changed() {
    let sandbox = Sandbox::new();
    let add = ["context", "add", "prod", "-n", "127.0.0.1:1", "--read-only"];
    sandbox.run(add).ok();
    for words in [
        &["topic", "create", "t"][..],
        &["topic", "delete", "t"],
        &["send", "t", "x"],
    ] {
        let command = &mut sandbox.command([words, &["-c", "prod"]].concat());
        let ended = process::run(command, "");
        assert_eq!(ended.code, 7, "{words:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("[context_read_only]"),
            "{}",
            ended.stderr
        );
    }
}
