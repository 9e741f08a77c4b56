//! What is generated from the parser and kept in the tree: completion scripts and man pages.
//!
//! `GANTRY_UPDATE=1 cargo test docs` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::repository;
use crate::common::sandbox::Sandbox;

/// Name and text of every file in a folder.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let named = paths.filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.filter(|(name, _)| !name.starts_with('.')).collect()
}

/// Compares a folder of the tree with what `gantry util KIND` writes, or replaces it by that.
#[track_caller]
fn check(kind: &str, folder: &str) {
    let sandbox = Sandbox::new();
    let (fresh, kept) = (sandbox.home().join("fresh"), repository().join(folder));
    fs::create_dir(&fresh).unwrap();
    sandbox.run(["util", kind, fresh.to_str().unwrap()]).ok();
    let (written, found) = (texts(&fresh), texts(&kept));
    assert!(!written.is_empty());
    if std::env::var_os("GANTRY_UPDATE").is_some() {
        fs::create_dir_all(&kept).unwrap();
        for name in found.keys().filter(|name| !written.contains_key(*name)) {
            fs::remove_file(kept.join(name)).unwrap();
        }
        for (name, text) in written {
            fs::write(kept.join(name), text).unwrap();
        }
        return;
    }
    let stale: Vec<_> = written
        .keys()
        .chain(found.keys())
        .filter(|name| written.get(*name) != found.get(*name))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    assert!(
        stale.is_empty(),
        "run GANTRY_UPDATE=1 cargo test docs; stale: {stale:?}"
    );
}

#[test]
fn completions_are_those_of_the_parser() {
    check("completions", "completions");
}

#[test]
fn man_pages_are_those_of_the_parser() {
    check("man", "man");
}
