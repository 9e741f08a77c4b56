//! Free ports below 32768 (above, the system hands them to clients), never given out twice.
//!
//! A lock file per block keeps test programs that run side by side apart; a bind shows that no
//! other program is there.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, test_kill_process};

/// Ports in a block: a broker uses some beside its own (its port - 2 and + 1).
pub(crate) const BLOCK: u16 = 10;

const FIRST: u16 = 20_000;
const BLOCKS: u16 = 1_200;

/// How many blocks this process has tried: the next one is another.
static TRIED: AtomicU16 = AtomicU16::new(0);

/// Ten ports in a row; given back when dropped.
#[derive(Debug)]
pub(crate) struct Ports {
    base: u16,
    lock: PathBuf,
}

impl Ports {
    /// Takes a free block.
    pub(crate) fn take() -> Self {
        let folder = lock_folder();
        fs::create_dir_all(&folder).unwrap();
        // Different processes begin at different places, so they seldom meet.
        let start = u16::try_from(std::process::id() * 37 % u32::from(BLOCKS)).unwrap();
        for _ in 0..BLOCKS {
            let tried = TRIED.fetch_add(1, Ordering::Relaxed);
            let base = FIRST + (start.wrapping_add(tried) % BLOCKS) * BLOCK;
            let lock = folder.join(base.to_string());
            if !lock_is_taken(&lock) {
                continue;
            }
            let ports = Self { base, lock };
            if (0..BLOCK).all(|at| TcpListener::bind((Ipv4Addr::LOCALHOST, ports.at(at))).is_ok()) {
                return ports;
            }
        }
        panic!(
            "no free block of ports between {FIRST} and {}",
            FIRST + BLOCKS * BLOCK
        );
    }

    /// The port at a place of the block.
    pub(crate) fn at(&self, place: u16) -> u16 {
        assert!(place < BLOCK);
        self.base + place
    }

    /// `127.0.0.1:PORT` of a place.
    pub(crate) fn addr(&self, place: u16) -> String {
        format!("127.0.0.1:{}", self.at(place))
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        // One that stays is taken over once this process is gone.
        drop(fs::remove_file(&self.lock));
    }
}

fn lock_folder() -> PathBuf {
    std::env::temp_dir().join(format!(
        "gantry-test-ports-{}",
        rustix::process::getuid().as_raw()
    ))
}

/// Takes the lock, also from a process that has ended.
fn lock_is_taken(lock: &Path) -> bool {
    for _ in 0..2 {
        match OpenOptions::new().write(true).create_new(true).open(lock) {
            Ok(mut file) => {
                write!(file, "{}", std::process::id()).unwrap();
                return true;
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // An empty file is one that is just being written.
                let holder = fs::read_to_string(lock)
                    .ok()
                    .and_then(|text| text.parse::<i32>().ok());
                let Some(pid) = holder.and_then(Pid::from_raw) else {
                    return false;
                };
                if test_kill_process(pid).is_ok() {
                    return false;
                }
                drop(fs::remove_file(lock));
            }
            Err(error) => panic!("{}: {error}", lock.display()),
        }
    }
    false
}

#[test]
fn blocks_do_not_overlap_and_come_back() {
    let (first, second) = (Ports::take(), Ports::take());
    assert!(first.at(0).abs_diff(second.at(0)) >= BLOCK);
    assert!(second.at(BLOCK - 1) < 32_768);
    assert_eq!(first.addr(3), format!("127.0.0.1:{}", first.at(0) + 3));
    let lock = first.lock.clone();
    assert!(lock.exists() && !lock_is_taken(&lock));
    drop(first);
    assert!(!lock.exists());
    fs::write(&lock, i32::MAX.to_string()).unwrap();
    assert!(
        lock_is_taken(&lock),
        "the lock of a process that has ended is taken over"
    );
    fs::remove_file(&lock).unwrap();
}
