//! Plays every target with its seeds, the inputs that once failed, and some thousand mutated ones.
//!
//! `GANTRY_UPDATE=1` writes the seeds to `fuzz/corpus`, where the fuzzer begins with them.

use std::fs;
use std::path::{Path, PathBuf};

use gantry_fuzz_bodies::{TARGETS, Target, mutate, seeds};

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files of a folder, sorted by name.
fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| (path.clone(), fs::read(path).expect("a file"));
    paths.into_iter().map(read).collect()
}

/// Runs a target; an input that fails is shown, so that it can become a test.
fn play(target: &Target, input: &[u8], what: &str) {
    let run = target.run;
    let played = std::panic::catch_unwind(|| run(input));
    assert!(
        played.is_ok(),
        "{} fails with {what}: {input:?}",
        target.name
    );
}

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("a target of that name");
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty());
    play(target, &[], "nothing");
    for (number, seed) in seeds.iter().enumerate() {
        play(target, seed, &format!("seed {number}"));
    }
    for (path, input) in files_in(&fuzz_folder().join("failed").join(name)) {
        play(target, &input, &path.display().to_string());
    }
    let mut rng = fastrand::Rng::with_seed(4711);
    for number in 0..target.smoke_count {
        let input = mutate::mutated(&seeds, &mut rng);
        play(target, &input, &format!("mutation {number}"));
    }
}

macro_rules! smoke {
    ($($name:ident)+) => {
        $(#[test] fn $name() { smoke(stringify!($name)); })+

        #[test]
        fn every_target_is_played_and_has_a_binary() {
            let played = [$(stringify!($name)),+];
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, played);
            for name in names {
                let binary = fuzz_folder().join("fuzz_targets").join(format!("{name}.rs"));
                assert!(binary.is_file(), "{}", binary.display());
            }
        }
    };
}

smoke!(frame header typed record batch properties properties_file sql store_files store_ops);

#[test]
fn the_seeds_are_on_the_disk() {
    for target in TARGETS {
        let folder = fuzz_folder().join("corpus").join(target.name);
        let seeds = seeds::of(target.name);
        if std::env::var_os("GANTRY_UPDATE").is_some() {
            let _was_there = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            for (number, seed) in seeds.iter().enumerate() {
                fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
            }
        }
        let on_disk: Vec<Vec<u8>> = files_in(&folder).into_iter().map(|file| file.1).collect();
        assert!(
            on_disk == seeds,
            "{} is not what seeds.rs makes; GANTRY_UPDATE=1 writes it",
            folder.display()
        );
    }
}
