//! Contexts added, chosen, shown and removed.

use clap::Parser as _;

use super::*;
use crate::context::tests::TestContext;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// Runs `gantry context WORDS` over a settings file, with these global flags.
fn line(config: &str, words: &[&str], flags: &[&str]) -> (TestContext, Result<(), CommandError>) {
    let test = TestContext::with_config(config, &[], flags);
    let line = Line::try_parse_from([&["context"], words].concat()).unwrap();
    let result = run(&test.ctx, &line.command);
    (test, result)
}

fn config_of(test: &TestContext) -> String {
    std::fs::read_to_string(&test.ctx.paths.config_file).unwrap()
}

const TWO: &str = "current = \"a\"\n\n[context.a]\nnamesrv = [\"a:1\"]\n\n[context.b]\nnamesrv = [\"b:1\"]\nacl = { secret_key = \"cmd:pass mq\", access_key = \"AK-1\" }\n";

#[test]
fn a_context_is_added_once() {
    let words = [
        "add",
        "prod",
        "--risk",
        "prod",
        "--read-only",
        "--secret-key",
        "env:SK",
        "--use",
    ];
    let (test, result) = line("", &words, &["-n", "p1;p2:1"]);
    result.unwrap();
    assert_eq!(
        test.stdout(),
        "context prod added\nundo: gantry context delete prod\n"
    );
    insta::assert_snapshot!(config_of(&test), @r#"
    current = "prod"

    [context.prod]
    namesrv = ["p1:9876", "p2:1"]
    risk = "prod"
    read_only = true
    acl = { secret_key = "env:SK" }
    "#);

    let (test, result) = line(TWO, &["add", "a"], &["-n", "x"]);
    assert_eq!(result.unwrap_err().code().name, "context_exists");
    assert_eq!(config_of(&test), TWO);
    let (test, result) = line(TWO, &["add", "a", "--if-not-exists"], &["-n", "x"]);
    result.unwrap();
    assert_eq!(test.stdout(), "context a unchanged\n");
}

#[test]
fn what_cannot_be_added_is_refused_before_anything_is_written() {
    for (words, flags, expected) in [
        (
            &["add", "x y"][..],
            &["-n", "h"][..],
            "context name \"x y\": expected letters",
        ),
        (&["add", "x"], &[], "the name servers are missing"),
        (
            &["add", "x", "--secret-key", "hunter2"],
            &["-n", "h"],
            "--secret-key: expected env:NAME",
        ),
    ] {
        let (test, result) = line("", words, flags);
        let error = result.unwrap_err();
        assert!(error.message().starts_with(expected), "{}", error.message());
        assert_eq!(
            (error.kind().exit_code(), config_of(&test)),
            (2, String::new())
        );
    }
    let (test, result) = line("", &["add", "x"], &["-n", "h", "--dry-run"]);
    result.unwrap();
    assert_eq!(
        (test.stdout(), config_of(&test)),
        ("context x would be added\n".to_owned(), String::new())
    );
}

#[test]
fn use_goes_forth_and_back() {
    let (test, result) = line(TWO, &["use", "b"], &[]);
    result.unwrap();
    assert_eq!(
        test.stdout(),
        "context b selected\nundo: gantry context use a\n"
    );
    assert!(config_of(&test).starts_with("current = \"b\"\n"));
    let previous = std::fs::read_to_string(test.ctx.state.previous_context_path()).unwrap();
    assert_eq!(previous, "a");

    let (test, result) = line(TWO, &["use", "-"], &[]);
    assert_eq!(result.unwrap_err().code().name, "context_not_found");
    std::fs::create_dir_all(&test.ctx.paths.state_dir).unwrap();
    std::fs::write(test.ctx.state.previous_context_path(), "b").unwrap();
    let back = Line::try_parse_from(["context", "use", "-"]).unwrap();
    run(&test.ctx, &back.command).unwrap();
    assert!(config_of(&test).starts_with("current = \"b\"\n"));

    let (test, result) = line(TWO, &["use", "a"], &["-n", "x:1"]);
    result.unwrap();
    assert_eq!(test.stdout(), "context a unchanged\n");
    assert!(
        test.stderr()
            .contains("flag --namesrv says \"x:1\", which is stronger")
    );
}

#[test]
fn an_unknown_context_is_answered_with_those_that_are_close() {
    let config = TWO.replace("context.b", "context.billing");
    for words in [
        &["use", "biling"][..],
        &["show", "biling"],
        &["delete", "biling"],
    ] {
        let error = line(&config, words, &[]).1.unwrap_err();
        assert_eq!(error.to_json()["error"]["did_you_mean"][0], "billing");
        assert_eq!(error.kind().exit_code(), 3);
    }
}

#[test]
fn a_deleted_context_is_not_in_use_any_more() {
    let (test, result) = line(TWO, &["delete", "a"], &[]);
    result.unwrap();
    assert_eq!(
        test.stdout(),
        "context a deleted\nundo: gantry context add a -n 'a:1'\n"
    );
    assert!(test.stderr().contains("it was the one in use"));
    assert!(!config_of(&test).contains("current") && !config_of(&test).contains("[context.a]"));
    let (test, result) = line(TWO, &["rm", "b"], &["-o", "json"]);
    result.unwrap();
    assert!(
        test.stdout()
            .contains("gantry context add b -n 'b:1' --secret-key 'cmd:pass mq'\"")
    );
    let (test, result) = line(TWO, &["rm", "zzz", "--if-exists"], &[]);
    result.unwrap();
    assert_eq!(
        (test.stdout(), config_of(&test)),
        ("context zzz unchanged\n".to_owned(), TWO.to_owned())
    );
}

#[test]
fn secrets_are_not_shown_references_are() {
    let (test, result) = line(TWO, &["show", "b"], &["-o", "json"]);
    result.unwrap();
    assert!(test.stdout().contains("\"secret_key\": \"cmd:pass mq\""));
    assert!(test.stdout().contains("(in the settings file)") && !test.stdout().contains("AK-1"));
}

#[test]
fn the_list_has_configured_contexts_and_running_clusters() {
    let test = TestContext::with_config(TWO, &[], &[]);
    test.run_cluster("scratch", "127.0.0.1:9900");
    test.run_cluster("a", "127.0.0.1:9901");
    let list = Line::try_parse_from(["context", "ls"]).unwrap();
    run(&test.ctx, &list.command).unwrap();
    insta::assert_snapshot!(test.stdout(), @r"
    CURRENT  NAME     NAMESRV         RISK  READ ONLY  KIND
    *        a        a:1             dev   no         configured
             b        b:1             dev   no         configured
             scratch  127.0.0.1:9900  dev   no         running
    ");
    let (test, result) = line("", &["list"], &[]);
    result.unwrap();
    assert!(test.stderr().starts_with("no contexts yet"));
}

#[test]
fn current_says_which_and_why() {
    let (test, result) = line(TWO, &["current"], &[]);
    result.unwrap();
    assert_eq!(test.stdout(), "a  a:1  from context a\n");
    let (test, result) = line(TWO, &["current"], &["-n", "x", "-o", "name"]);
    result.unwrap();
    assert_eq!(test.stdout(), "x:9876\n");
}
