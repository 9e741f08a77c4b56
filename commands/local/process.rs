//! Whether a process is the one that was noted: its pid and the time it started.

use std::path::PathBuf;

use rustix::process::{Pid, test_kill_process};

/// When a process started, in the operating system's own ticks since boot.
///
/// Pids are used again; together with this they are not.
pub(crate) type StartTime = u64;

/// When the process with this pid started; none if there is none, or the system does not tell.
pub(crate) fn start_time(pid: u32) -> Option<StartTime> {
    start_time_in(&stat(pid)?)
}

/// Whether a process has ended and only waits for its parent to take note, as containers' first
/// processes often forget to do.
fn has_ended(stat: &str) -> bool {
    let state = stat
        .rsplit_once(") ")
        .map(|(_, after_name)| after_name.chars().next());
    matches!(state, Some(Some('Z' | 'X')))
}

fn stat(pid: u32) -> Option<String> {
    let path: PathBuf = ["/proc", &pid.to_string(), "stat"].iter().collect();
    std::fs::read_to_string(path).ok()
}

/// Field 22 of `/proc/PID/stat`. The name in field 2 may hold spaces and brackets itself.
fn start_time_in(stat: &str) -> Option<StartTime> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(19)?.parse().ok()
}

/// Whether a process with this pid exists, ours or another user's.
pub(crate) fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Whether the process `pid` that started at `started` still runs. Where the system tells no start
/// times, its existence has to do.
pub(crate) fn is_same(pid: u32, started: Option<StartTime>) -> bool {
    let stat = stat(pid);
    if stat.as_deref().is_some_and(has_ended) {
        return false;
    }
    match (stat.as_deref().and_then(start_time_in), started) {
        (Some(now), Some(noted)) => now == noted,
        _ => exists(pid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        assert_eq!(start_time_in(&format!("7 (cat) {tail}")), Some(4711));
        assert_eq!(start_time_in(&format!("7 (a ) b) {tail}")), Some(4711));
        assert_eq!(start_time_in("7 (cat"), None);
    }

    #[test]
    fn a_process_that_nobody_has_taken_note_of_has_ended() {
        assert!(has_ended("7 (cat) Z 1 2 3"));
        assert!(!has_ended("7 (a) Z) S 1 2 3"));
    }

    #[test]
    fn this_process_is_itself_and_no_other() {
        let pid = std::process::id();
        assert!(exists(pid));
        assert!(is_same(pid, start_time(pid)));
        if let Some(started) = start_time(pid) {
            assert!(!is_same(pid, Some(started + 1)));
        }
        assert!(!exists(u32::MAX));
        assert!(!is_same(u32::MAX, Some(1)));
    }
}
