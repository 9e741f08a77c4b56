//! Files, variables and flags against each other, and what is said about mistakes.

use std::fmt::Write as _;

use super::*;
use crate::config::profile::Risk;
use crate::context::tests::globals;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::of(
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

/// A folder with a user's file and, in `project/`, a project's file.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(user: &str, project: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/deep/down")).unwrap();
        std::fs::write(folder.path().join("config.toml"), user).unwrap();
        if !project.is_empty() {
            std::fs::write(folder.path().join("project").join(PROJECT_FILE), project).unwrap();
        }
        Self { folder }
    }

    fn load(&self, args: &[&str], variables: &[(&str, &str)]) -> Result<Config, CommandError> {
        let home = ("GANTRY_HOME", self.folder.path().to_str().unwrap());
        let variables: Vec<_> = variables.iter().copied().chain([home]).collect();
        let environment = environment(&variables);
        let paths = Paths::find(&environment);
        Config::load(
            &globals(args),
            environment,
            &paths,
            &self.folder.path().join("project/deep/down"),
        )
    }

    /// Replaces the folder's name, so that texts are the same everywhere.
    fn redact(&self, text: &str) -> String {
        text.replace(self.folder.path().to_str().unwrap(), "$HOME")
    }
}

#[test]
fn each_source_beats_those_below_it() {
    let files = Files::new(
        "output.time = \"ms\"\n[request]\nretries = 9\n",
        "[output]\ntime = \"rfc3339\"\n",
    );
    let time = |config: &Config| {
        let found = config.get("output.time");
        files.redact(&format!("{} from {}", found.value, found.origin))
    };
    let variables = [("GANTRY_TIME", "relative")];
    assert_eq!(
        time(&files.load(&["--time", "ms"], &variables).unwrap()),
        "ms from flag --time"
    );
    assert_eq!(
        time(&files.load(&[], &variables).unwrap()),
        "relative from environment GANTRY_TIME"
    );
    let config = files.load(&[], &[]).unwrap();
    assert_eq!(time(&config), "rfc3339 from $HOME/project/.gantry.toml:2");
    let retries = config.get("request.retries");
    assert_eq!(
        files.redact(&retries.origin.to_string()),
        "$HOME/config.toml:3"
    );
    assert_eq!(config.get("request.timeout").origin, Origin::Default);
    let alone = Files::new("output = { time = \"ms\" }", "");
    assert_eq!(alone.load(&[], &[]).unwrap().get("output.time").value, "ms");
}

#[test]
fn mistakes_are_named_with_file_line_and_key() {
    let cases = [
        ("a = ", "$HOME/config.toml:1: this is not TOML: "),
        (
            "\n\n[output]\ntime = \"now\"",
            "$HOME/config.toml:4: output.time = \"now\": expected one of relative, rfc3339, ms",
        ),
        (
            "[output]\ntime = { a = 1 }",
            "$HOME/config.toml:2: output.time: expected one value",
        ),
        (
            "[request]\ntimeout = \"soon\"",
            "$HOME/config.toml:2: request.timeout = \"soon\": expected a duration such as 500ms, 5s or 2m",
        ),
        (
            "[context.a]\nrisk = \"dev\"",
            "$HOME/config.toml:1: context.a: namesrv is missing",
        ),
        (
            "[context.a]\nnamesrv = \"x:y\"",
            "$HOME/config.toml:2: context.a.namesrv = \"x:y\": expected HOST:PORT",
        ),
        (
            "[context.a]\nnamesrv = \"x\"\nrisk = \"high\"",
            "$HOME/config.toml:3: context.a.risk = \"high\": expected dev, staging or prod",
        ),
        (
            "context = \"a\"",
            "$HOME/config.toml:1: context: expected tables such as [context.prod]",
        ),
    ];
    for (text, expected) in cases {
        let files = Files::new(text, "");
        let error = files.load(&[], &[]).unwrap_err();
        let message = files.redact(error.message());
        assert!(message.starts_with(expected), "{text:?}: {message}");
        assert_eq!(error.kind().exit_code(), 2);
    }
}

#[test]
fn flags_and_variables_are_checked_as_files_are() {
    let files = Files::new("", "");
    let error = files.load(&[], &[("GANTRY_TIMEOUT", "soon")]).unwrap_err();
    assert_eq!(
        error.message(),
        "environment GANTRY_TIMEOUT: \"soon\": expected a duration such as 500ms, 5s or 2m"
    );
    let error = files.load(&["-n", "a:b"], &[]).unwrap_err();
    assert_eq!(
        (error.code().name, error.message().split(':').next()),
        ("usage", Some("--namesrv \"a"))
    );
    assert!(Config::without_files(&globals(&["-n", "a:b"]), Environment::default()).is_err());
}

#[test]
fn what_is_odd_is_warned_of() {
    let user = "colour = 1\nyes = true\n[output]\ntimes = \"ms\"\n[context.a]\nnamesrv = \"x\"\nriks = \"dev\"\nacl = { secret_key = \"s3cret\" }\n";
    let project = "namesrv = \"p:1\"\n[output]\npager = \"rm -rf /\"\n[context.p]\nnamesrv = \"p\"\nacl = { secret_key = \"cmd:evil\" }\n";
    let files = Files::new(user, project);
    let config = files.load(&[], &[]).unwrap();
    let warnings = config.warnings().fold(String::new(), |mut text, warning| {
        writeln!(text, "{}", files.redact(warning)).unwrap();
        text
    });
    insta::assert_snapshot!(warnings, @r"
    $HOME/project/.gantry.toml:3: output.pager cannot be set in this file; the line is ignored
    $HOME/project/.gantry.toml:6: context.p.acl is only read from the user's own file; ignored
    $HOME/config.toml:1: unknown key colour
    $HOME/config.toml:2: yes cannot be set in this file; the line is ignored
    $HOME/config.toml:4: unknown key output.times; did you mean output.time?
    $HOME/config.toml:7: unknown key context.a.riks; did you mean risk?
    $HOME/config.toml:8: context.a.acl.secret_key: the secret itself stands in the file; better env:NAME, file:PATH or cmd:COMMAND
    ");
    assert_eq!(
        config.get("output.pager").value,
        crate::output::pager::DEFAULT
    );
    assert!(config.profile("p").unwrap().secret_key.is_none());
    assert_eq!(
        config
            .profiles()
            .iter()
            .map(|profile| profile.name.as_str())
            .collect::<Vec<_>>(),
        ["p", "a"]
    );
    assert_eq!(config.namesrv_above_contexts().unwrap().value, "p:1");
    assert_eq!(
        config.project_file(),
        Some(files.folder.path().join("project/.gantry.toml").as_path())
    );
}

#[test]
fn changes_leave_comments_alone_and_can_be_read_back() {
    let files = Files::new(
        "# mine\ncurrent = \"a\" # why\n\n[context.a]\nnamesrv = [\"x:1\"] # old\n",
        "",
    );
    let path = files.folder.path().join("config.toml");
    let profile = Profile {
        name: "b.c".to_owned(),
        namesrv: vec!["y:1".to_owned(), "z:2".to_owned()],
        risk: Risk::Prod,
        read_only: true,
        access_key: Some("env:AK".to_owned()),
        secret_key: None,
    };
    edit::edit(&path, |document| {
        edit::put_profile(document, &profile);
        edit::set_current(document, Some("b.c"));
    })
    .unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    # mine
    current = "b.c" # why

    [context.a]
    namesrv = ["x:1"] # old

    [context."b.c"]
    namesrv = ["y:1", "z:2"]
    risk = "prod"
    read_only = true
    acl = { access_key = "env:AK" }
    "#);
    let config = files.load(&[], &[]).unwrap();
    let read = config.profile("b.c").unwrap();
    assert_eq!(
        (&read.namesrv, read.risk, read.read_only),
        (&profile.namesrv, Risk::Prod, true)
    );
    assert_eq!(config.warnings().count(), 0);

    edit::edit(&path, |document| {
        assert!(edit::remove_profile(document, "b.c"));
        assert!(!edit::remove_profile(document, "b.c"));
        edit::set_current(document, None);
    })
    .unwrap();
    let config = files.load(&[], &[]).unwrap();
    assert!(config.profile("b.c").is_none() && config.find("current").is_none());
}

#[test]
fn a_settings_file_that_is_a_link_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (
        folder.path().join("dotfiles.toml"),
        folder.path().join("config.toml"),
    );
    std::fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    edit::edit(&link, |document| edit::set_current(document, Some("x"))).unwrap();
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "current = \"x\"\n");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no temporary file is left"
    );
}
