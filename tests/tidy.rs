//! The house style as a test: what a reviewer should not have to look for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use crate::common::{files_below, repository};

/// Lines of a file; more need a `Long because` in its head.
const LINES_MAX: usize = 600;

/// A folder of ours and the crates of ours that it may use (design: "who may know whom").
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("protocol", &[]),
    ("filter", &[]),
    ("store", &["clock", "protocol"]),
    ("remoting", &["protocol", "clock"]),
    ("namesrv", &["protocol", "remoting", "clock"]),
    (
        "broker",
        &["protocol", "remoting", "store", "filter", "clock"],
    ),
    ("client", &["protocol", "remoting", "filter", "clock"]),
    (
        "cluster",
        &[
            "namesrv", "broker", "store", "remoting", "protocol", "clock",
        ],
    ),
    ("tui", &["client", "clock", "filter", "protocol"]),
    // The root package. The servers are for `namesrv run` and `broker run`, their settings alone.
    (
        ".",
        &[
            "client", "cluster", "tui", "protocol", "filter", "clock", "namesrv", "broker", "store",
        ],
    ),
];

/// Libraries that must not be in a crate, because of what it promises not to do.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    ("clock", &["tokio", "tracing", "serde"]),
    ("protocol", &["tokio", "tracing", "jiff", "rustix"]),
    ("filter", &["tokio", "tracing"]),
    ("store", &["tokio"]),
    ("namesrv", &["clap", "ratatui"]),
    ("broker", &["clap", "ratatui"]),
    ("client", &["clap", "ratatui"]),
];

/// Words that must not be in our sources. Split, so that this file does not hold them itself.
const BANNED: &[&[&str]] = &[
    &["todo", "!"],
    &["unimplemented", "!"],
    &["dbg", "!"],
    &["println", "!("],
    &["eprintln", "!("],
    &["FIX", "ME"],
    &["TO", "DO"],
    &["XX", "X"],
    &["#[ign", "ore"],
    &["#[should", "_panic"],
    &["process::", "exit("],
];

/// Our Rust sources, as paths in the repository.
fn sources() -> Vec<PathBuf> {
    let folders = ["commands", "src", "tests", "benches"];
    let files = folders
        .iter()
        .flat_map(|folder| files_below(&repository().join(folder)));
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Fails with all findings at once.
#[track_caller]
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn every_file_says_what_it_holds() {
    let silent = sources()
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "));
    none(
        &silent
            .map(|path| format!("{}: does not begin with //!", shown(&path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn long_files_have_a_reason() {
    let mut findings = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let head: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let lines = text.lines().count();
        if lines > LINES_MAX && !head.contains("Long because") {
            findings.push(format!(
                "{}: {lines} lines; split it, or say //! Long because …",
                shown(&path)
            ));
        }
    }
    none(&findings);
}

#[test]
fn nothing_is_left_half_done() {
    let mut findings = Vec::new();
    for path in sources() {
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for word in BANNED
                .iter()
                .map(|parts| parts.concat())
                .filter(|word| has_word(line, word))
            {
                findings.push(format!("{}:{}: {word}", shown(&path), at + 1));
            }
        }
    }
    none(&findings);
}

/// Whether the line has `word` and not as a part of a longer one (`writeln!` is no `println!`).
/// Macros may stand in comments: examples of the documentation print.
fn has_word(line: &str, word: &str) -> bool {
    if word.contains('!') && line.trim_start().starts_with("//") {
        return false;
    }
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let ends_in_letter = is_letter(word.chars().next_back());
        !(is_letter(before) || ends_in_letter && is_letter(after))
    })
}

#[test]
fn every_file_belongs_to_a_module() {
    let roots = ["lib.rs", "main.rs", "build.rs"];
    let mut findings = Vec::new();
    for path in sources() {
        let folder = path.parent().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let folder_name = folder.file_name().unwrap().to_str().unwrap();
        let is_target = ["tests", "benches", "examples"].contains(&folder_name)
            && (folder.parent() != Some(repository())
                || folder_name != "tests"
                || name == "runner.rs");
        let is_inner_module = is_target && folder.with_extension("rs").is_file();
        if roots.contains(&name) || (is_target && !is_inner_module) {
            continue;
        }
        let (module, home) = match name {
            "mod.rs" => (folder_name, folder.parent().unwrap()),
            _ => (name.trim_end_matches(".rs"), folder),
        };
        let beside = home.with_extension("rs");
        let parents = ["mod.rs", "lib.rs", "main.rs", "runner.rs"].map(|parent| home.join(parent));
        let texts = parents
            .into_iter()
            .chain([beside])
            .filter_map(|parent| fs::read_to_string(parent).ok());
        let declared = texts.into_iter().any(|text| {
            text.lines().any(|line| {
                let line = line
                    .trim_start()
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ");
                line.trim_start_matches("pub ")
                    .starts_with(&format!("mod {module};"))
            })
        });
        if !declared {
            findings.push(format!("{}: no module declares it", shown(&path)));
        }
    }
    none(&findings);
}

/// A manifest of ours: the folder's name (`.` for the root) and the parsed file.
fn manifests() -> Vec<(String, DocumentMut)> {
    let read = |path: PathBuf| {
        fs::read_to_string(path)
            .unwrap()
            .parse::<DocumentMut>()
            .unwrap()
    };
    let mut manifests = vec![(".".to_owned(), read(repository().join("Cargo.toml")))];
    for entry in fs::read_dir(repository().join("src")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").is_file() {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            manifests.push((name, read(folder.join("Cargo.toml"))));
        }
    }
    manifests
}

/// What a manifest depends on to build, by the names of its keys.
fn dependencies(manifest: &DocumentMut) -> BTreeSet<String> {
    let tables = ["dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|table| manifest.get(table));
    tables
        .filter_map(Item::as_table_like)
        .flat_map(|table| table.iter().map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let ours: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let mut findings = Vec::new();
    for (name, manifest) in manifests() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(folder, _)| *folder == name) else {
            findings.push(format!(
                "src/{name}: not in the table of tests/tidy.rs; say whom it may use"
            ));
            continue;
        };
        let forbidden = MUST_NOT_USE
            .iter()
            .find(|(folder, _)| *folder == name)
            .map_or(&[][..], |entry| entry.1);
        for dependency in dependencies(&manifest) {
            let is_ours = ours.contains(dependency.as_str());
            if (is_ours && !allowed.contains(&dependency.as_str()))
                || forbidden.contains(&dependency.as_str())
            {
                findings.push(format!("src/{name}: must not use {dependency}"));
            }
        }
    }
    none(&findings);
}

#[test]
fn unsafe_code_is_in_the_store_alone() {
    let mut findings = Vec::new();
    for (name, _) in manifests() {
        let root = match name.as_str() {
            "." => repository().join("commands/main.rs"),
            name => repository().join("src").join(name).join("lib.rs"),
        };
        if name != "store"
            && !fs::read_to_string(&root)
                .unwrap()
                .contains("#![forbid(unsafe_code)]")
        {
            findings.push(format!("{}: does not forbid unsafe code", shown(&root)));
        }
    }
    none(&findings);
}

#[test]
fn every_manifest_takes_the_workspaces_lints() {
    let without = manifests().into_iter().filter(|(_, manifest)| {
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        lints.and_then(Item::as_bool) != Some(true)
    });
    none(
        &without
            .map(|(name, _)| format!("src/{name}: [lints] workspace = true is missing"))
            .collect::<Vec<_>>(),
    );
}
