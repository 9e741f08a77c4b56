//! A cluster without a data folder that is killed cannot clean up; the next one does it for it.

use std::path::PathBuf;
use std::rc::Rc;

use crate::common::sandbox::Sandbox;
use crate::server::Server;

const UP: [&str; 4] = ["up", "--ports", "auto", "--until-stdin-eof"];

/// Folders of clusters in the temporary directory of the sandbox, which is its home.
fn folders(home: &Sandbox) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.home()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_cluster = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("gantry-up-")
    };
    paths.filter(is_cluster).collect()
}

#[test]
fn the_next_cluster_removes_what_a_killed_one_has_left() {
    let home = Rc::new(Sandbox::new());
    let living = Server::start(&home, &[&UP[..], &["--name", "living"]].concat());
    let its_folder = folders(&home);
    assert_eq!(its_folder.len(), 1);
    let killed = Server::start(&home, &[&UP[..], &["--name", "killed"]].concat());
    assert_eq!(folders(&home).len(), 2);
    killed.kill();
    assert_eq!(folders(&home).len(), 2, "nobody was there to clean up");
    let next = Server::start(&home, &[&UP[..], &["--name", "next"]].concat());
    let left = folders(&home);
    assert_eq!(left.len(), 2);
    assert!(left.contains(&its_folder[0]), "a living one keeps its own");
    next.stop();
    living.stop();
    assert!(folders(&home).is_empty());
}
