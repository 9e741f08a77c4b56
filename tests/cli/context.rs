//! `gantry context`, over a settings file on disk.

use crate::common::sandbox::Sandbox;

#[test]
fn the_life_of_a_context() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run(["context", "list"]), @r"
    --- stderr
    no contexts yet; next: gantry context add NAME -n HOST:PORT
    --- exit 0
    ");
    sandbox
        .run(["context", "add", "local", "-n", "127.0.0.1:9876", "--use"])
        .ok();
    sandbox
        .run(["ctx", "add", "prod", "-n", "ns1;ns2:9877", "--risk", "prod"])
        .ok();
    insta::assert_snapshot!(sandbox.run(["ctx", "ls"]), @r"
    CURRENT  NAME   NAMESRV            RISK  READ ONLY  KIND
    *        local  127.0.0.1:9876     dev   no         configured
             prod   ns1:9876;ns2:9877  prod  no         configured
    --- exit 0
    ");
    assert_eq!(
        sandbox.run(["context", "current", "-o", "name"]).ok(),
        "local\n"
    );
    insta::assert_snapshot!(sandbox.run(["context", "use", "prod"]), @r"
    context prod selected
    undo: gantry context use local
    --- exit 0
    ");
    insta::assert_snapshot!(sandbox.run(["context", "use", "-"]), @r"
    context local selected
    undo: gantry context use prod
    --- exit 0
    ");
    insta::assert_snapshot!(sandbox.run(["context", "current", "-c", "prod"]), @r"
    prod  ns1:9876;ns2:9877  from context prod
    --- exit 0
    ");
    insta::assert_snapshot!(sandbox.run(["context", "rm", "prodd"]), @r#"
    --- stderr
    error: context "prodd" not found                            [context_not_found]
      looked at: $HOME/config.toml (2 contexts), 0 running local clusters
      did you mean: prod?
      next: gantry context list    ·    gantry explain context_not_found
    --- exit 3
    "#);
    sandbox.run(["context", "rm", "prod"]).ok();
    assert_eq!(sandbox.run(["context", "ls", "-o", "name"]).ok(), "local\n");
}

#[test]
fn a_run_that_changes_nothing_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["context", "add", "x", "-n", "h", "--dry-run"])
        .ok();
    sandbox.run(["context", "add", "x y", "-n", "h"]).fails(2);
    sandbox.run(["context", "use", "x"]).fails(3);
    assert!(!sandbox.home().join("config.toml").exists());
}

#[test]
fn errors_are_objects_where_results_are() {
    let sandbox = Sandbox::new();
    let error = sandbox
        .run(["context", "show", "nowhere", "-o", "json"])
        .fails(3);
    let error: serde_json::Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error["error"]["code"], "context_not_found");
    assert_eq!(error["error"]["exit"], 3);
    let error = sandbox.run(["context", "shwo", "-o", "jsonl"]).fails(2);
    let error: serde_json::Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error["error"]["code"], "usage");
}
