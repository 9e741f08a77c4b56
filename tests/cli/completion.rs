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

#[test]
fn words_are_completed_from_the_grammar() {
    let sandbox = Sandbox::new();
    let mut asked = sandbox.command(["--", "gantry", "context", "cur"]);
    asked
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9");
    asked
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_SPACE", "false");
    let answer = process::run(&mut asked, "");
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "current"));
}
