//! What holds for every command there is.

use crate::common::sandbox::Sandbox;
use crate::common::{process, repository};

/// The words of every command that does something itself, from the man pages.
fn leaves() -> Vec<Vec<String>> {
    let pages = std::fs::read_dir(repository().join("man")).unwrap();
    let names: Vec<String> = pages
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".1").map(str::to_owned))
        .collect();
    let is_leaf = |name: &&String| {
        !names
            .iter()
            .any(|other| other.starts_with(&format!("{name}-")))
    };
    let leaves = names.iter().filter(is_leaf);
    leaves
        .map(|name| name.split('-').skip(1).map(str::to_owned).collect())
        .collect()
}

#[test]
fn help_is_printed_and_wrong_flags_are_refused() {
    let sandbox = Sandbox::new();
    let leaves = leaves();
    assert!(leaves.len() >= 11, "{leaves:?}");
    for words in leaves {
        let run = |flags: &[&str]| {
            let args = words
                .iter()
                .map(String::as_str)
                .chain(flags.iter().copied());
            process::run(&mut sandbox.command(args), "")
        };
        let help = run(&["--help"]);
        assert_eq!(
            (help.code, help.stderr.as_str()),
            (0, ""),
            "{words:?} --help"
        );
        assert!(
            help.stdout.contains("Usage: gantry"),
            "{words:?}: {}",
            help.stdout
        );
        let short = run(&["-h"]);
        assert!(
            short.stdout.lines().count() <= 24,
            "{words:?} -h:\n{}",
            short.stdout
        );
        let wrong = run(&["--no-such-flag"]);
        assert_eq!(
            (wrong.code, wrong.stdout.as_str()),
            (2, ""),
            "{words:?} with a wrong flag"
        );
        let wrong = run(&["--no-such-flag", "-o", "json"]);
        let error: serde_json::Value = serde_json::from_str(&wrong.stderr).unwrap();
        assert_eq!(error["error"]["exit"], 2, "{words:?}");
    }
}
