//! `gantry config`.

use crate::common::sandbox::Sandbox;

#[test]
fn every_setting_is_shown_with_its_origin() {
    let sandbox = Sandbox::new()
        .with("GANTRY_TIMEOUT", "9s")
        .with("NAMESRV_ADDR", "mq1:9876;mq2:9876");
    sandbox.write("config.toml", "[output]\ntime = \"ms\"\n");
    sandbox.write("work/.gantry.toml", "[request]\nretries = 5\n");
    insta::assert_snapshot!(sandbox.run(["config", "show", "--origin", "--units", "raw"]), @r"
    KEY                 VALUE              ORIGIN
    current             -                  default
    namesrv             mq1:9876;mq2:9876  environment NAMESRV_ADDR
    output.format       table              default
    output.time         ms                 $HOME/config.toml:2
    output.units        raw                flag --units
    output.color        auto               default
    output.headers      true               default
    output.int_strings  false              default
    output.pager        less -FIRX         default
    output.quiet        false              default
    request.timeout     9s                 environment GANTRY_TIMEOUT
    request.retries     5                  $HOME/work/.gantry.toml:2
    top.theme           auto               default
    top.preset          vim                default
    top.refresh         1s                 default
    top.fps             30                 default
    top.ascii           false              default
    top.numbers         false              default
    yes                 false              default
    dry_run             false              default
    no_input            false              default
    project file: $HOME/work/.gantry.toml
    --- exit 0
    ");
}

#[test]
fn places_are_told_to_programs() {
    let sandbox = Sandbox::new();
    let json = sandbox.run(["config", "path", "-o", "json"]).json();
    assert_eq!(json["item"]["state_dir"], "$HOME/state");
    assert_eq!(json["item"]["exists"], false);
}

#[test]
fn unknown_keys_warn_and_wrong_values_fail_with_their_line() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "[output]\ncolour = \"never\"\n");
    insta::assert_snapshot!(sandbox.run(["context", "current"]), @r"
    (no context)  127.0.0.1:9876  from default
    --- stderr
    warning: $HOME/config.toml:2: unknown key output.colour; did you mean output.color?
    --- exit 0
    ");
    sandbox.write("config.toml", "[output]\ncolor = \"sometimes\"\n");
    insta::assert_snapshot!(sandbox.run(["context", "current"]), @r#"
    --- stderr
    error: $HOME/config.toml:2: output.color = "sometimes": expected one of auto, always, never  [config_invalid]
      next: correct the line; gantry config path prints the file's path    ·    gantry explain config_invalid
    --- exit 2
    "#);
    let sandbox = Sandbox::new().with("GANTRY_RETRIES", "many");
    insta::assert_snapshot!(sandbox.run(["context", "current"]), @r#"
    --- stderr
    error: environment GANTRY_RETRIES: "many": expected a whole number  [config_invalid]
      next: gantry help environment    ·    gantry explain config_invalid
    --- exit 2
    "#);
}
