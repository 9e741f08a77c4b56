//! Completion scripts, and the answers that they get.

use crate::common::process;
use crate::common::sandbox::Sandbox;

#[test]
fn every_shell_gets_a_script_that_asks_this_binary() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.run(["completion", shell]).ok();
        assert!(
            script.contains("COMPLETE") && script.contains("gantry"),
            "{shell}: {script}"
        );
    }
    sandbox.run(["completion", "tcsh"]).fails(2);
}

/// What bash is offered for the last of these words.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut asked = sandbox.command(["--", "gantry"].iter().chain(words));
    asked
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    asked
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false");
    asked.env("_CLAP_IFS", "\n");
    let answer = process::run(&mut asked, "");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    answer.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn words_are_completed_from_the_grammar() {
    let sandbox = Sandbox::new();
    assert_eq!(offered(&sandbox, &["context", "cur"]), ["current"]);
    assert_eq!(
        offered(&sandbox, &["version", "--output", "js"]),
        ["json", "jsonl"]
    );
    assert_eq!(
        offered(&sandbox, &["explain", "TOPIC_"]),
        ["TOPIC_NOT_EXIST", "TOPIC_EXIST_ALREADY"]
    );
}

#[test]
fn names_are_completed_from_what_is_there() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "[context.prod]\nnamesrv = \"p\"\n[context.preview]\nnamesrv = \"v\"\n[context.local]\nnamesrv = \"l\"\n");
    assert_eq!(
        offered(&sandbox, &["version", "-c", "pr"]),
        ["prod", "preview"]
    );
    assert_eq!(offered(&sandbox, &["context", "use", "l"]), ["local"]);
    sandbox.write("config.toml", "broken [");
    assert!(offered(&sandbox, &["context", "use", "l"]).is_empty());
}
