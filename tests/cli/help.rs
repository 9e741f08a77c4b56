//! `gantry help`, `-h` and `gantry` alone.

use crate::common::sandbox::Sandbox;

#[test]
fn the_overview_is_short_and_names_every_group() {
    let sandbox = Sandbox::new();
    let short = sandbox.run(["-h"]).ok();
    assert!(short.lines().count() <= 24, "{short}");
    assert_eq!(sandbox.run(["--help"]).ok(), sandbox.run(["help"]).ok());
}

#[test]
fn help_is_found_by_command_alias_and_topic() {
    let sandbox = Sandbox::new();
    let by_name = sandbox.run(["help", "context", "delete"]).ok();
    assert_eq!(by_name, sandbox.run(["help", "ctx", "rm"]).ok());
    assert_eq!(by_name, sandbox.run(["context", "delete", "--help"]).ok());
    assert!(
        sandbox
            .run(["help", "exit_codes"])
            .ok()
            .contains("  143  terminated")
    );
    assert!(sandbox.run(["help", "format"]).ok().contains("%p{NAME}"));
    assert!(
        sandbox
            .run(["help", "environment"])
            .ok()
            .contains("NAMESRV_ADDR")
    );
    let lost = sandbox.run(["help", "contxt"]).fails(3);
    assert!(lost.starts_with("error: no help for \"contxt\" "), "{lost}");
    assert!(
        lost.contains(
            "  did you mean: context?
"
        ),
        "{lost}"
    );
}

#[test]
fn gantry_alone_says_where_things_stand() {
    let sandbox = Sandbox::new();
    let text = sandbox.run([]).ok();
    assert!(
        text.starts_with("gantry $VERSION\n\n  no local cluster is running\n"),
        "{text}"
    );
    assert!(text.lines().count() <= 24);
}
