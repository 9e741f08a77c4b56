//! `gantry version`.

use crate::common::sandbox::Sandbox;

#[test]
fn the_version_for_people_and_for_programs() {
    let sandbox = Sandbox::new();
    assert!(
        sandbox
            .run(["version"])
            .ok()
            .starts_with("gantry $VERSION (")
    );
    assert_eq!(sandbox.run(["--version"]).ok(), "gantry $VERSION\n");
    let json = sandbox.run(["version", "-o", "json"]).json();
    assert_eq!(json["schema"], "gantry.version.show/1");
    assert_eq!(json["item"]["version"], "$VERSION");
}

#[test]
fn it_works_beside_a_broken_settings_file() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "this is [not toml");
    sandbox.run(["version"]).ok();
    assert_eq!(sandbox.run(["config", "path"]).ok(), "$HOME/config.toml\n");
    insta::assert_snapshot!(sandbox.run(["context", "list"]), @r"
    --- stderr
    error: $HOME/config.toml:1: this is not TOML: key with no value, expected `=`  [config_invalid]
      next: correct the line; gantry config path prints the file's path    ·    gantry explain config_invalid
    --- exit 2
    ");
}

#[test]
fn a_detached_reader_sees_it_too() {
    let sandbox = Sandbox::new();
    let mut version = sandbox.start(["version", "-o", "name"]);
    version.line("the version", |line| line == env!("CARGO_PKG_VERSION"));
    assert_eq!(version.wait(), 0);
}
