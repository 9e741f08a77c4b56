//! What processes use, as the operating system counts it.

use std::path::PathBuf;

use serde::Serialize;

/// What some processes have used up to a moment, together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// Processor time, user and system.
    pub(super) cpu_s: f64,
    /// Memory that is in use, mapped files included.
    pub(super) rss_bytes: u64,
    /// The part of it that is no file's: heap and stacks.
    pub(super) rss_anon_bytes: u64,
    pub(super) threads: u64,
}

/// What a server used during a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ServerUsage {
    pub(super) pids: Vec<u32>,
    /// Processor time during the measured part.
    pub(super) cpu_s: f64,
    /// The same for a million messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu_s_per_million: Option<f64>,
    /// Memory in use at the end, mapped files included.
    pub(super) rss_bytes: u64,
    /// The part of it that is no file's.
    pub(super) rss_anon_bytes: u64,
    pub(super) threads: u64,
}

impl ServerUsage {
    /// What lies between two moments; none if the system tells nothing about these processes.
    pub(super) fn between(
        pids: &[u32],
        before: Option<Usage>,
        after: Option<Usage>,
        messages: u64,
    ) -> Option<Self> {
        let (before, after) = (before?, after?);
        let cpu_s = after.cpu_s - before.cpu_s;
        Some(Self {
            pids: pids.to_vec(),
            cpu_s: rounded(cpu_s),
            cpu_s_per_million: per_million(cpu_s, messages),
            rss_bytes: after.rss_bytes,
            rss_anon_bytes: after.rss_anon_bytes,
            threads: after.threads,
        })
    }
}

/// Processor seconds for a million messages.
pub(super) fn per_million(cpu_s: f64, messages: u64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of messages is far below 2^53"
    )]
    let messages_f = messages as f64;
    (messages > 0).then(|| rounded(cpu_s / messages_f * 1e6))
}

/// To a thousandth, as measured numbers are written.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// What these processes have used up to now; none where the system does not tell, or one is gone.
pub(super) fn of(pids: &[u32]) -> Option<Usage> {
    let mut sum = Usage::default();
    for pid in pids {
        let one = read(*pid)?;
        sum.cpu_s += one.cpu_s;
        sum.rss_bytes += one.rss_bytes;
        sum.rss_anon_bytes += one.rss_anon_bytes;
        sum.threads += one.threads;
    }
    (!pids.is_empty()).then_some(sum)
}

/// The same of this process.
pub(super) fn of_self() -> Option<Usage> {
    of(&[std::process::id()])
}

fn read(pid: u32) -> Option<Usage> {
    let file = |name: &str| {
        let path: PathBuf = ["/proc", &pid.to_string(), name].iter().collect();
        std::fs::read_to_string(path).ok()
    };
    let status = file("status")?;
    Some(Usage {
        cpu_s: cpu_in(&file("stat")?)?,
        rss_bytes: kib_in(&status, "VmRSS:")?,
        rss_anon_bytes: kib_in(&status, "RssAnon:")?,
        threads: number_in(&status, "Threads:")?,
    })
}

/// Fields 14 and 15 of `/proc/PID/stat`, in ticks. The name in field 2 may hold spaces and brackets.
fn cpu_in(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are some hundred ticks in a second"
    )]
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    Some((user + system) / ticks_per_second)
}

fn number_in(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn kib_in(status: &str, name: &str) -> Option<u64> {
    number_in(status, name).map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let Some(used) = of_self() else {
            assert!(!PathBuf::from("/proc/self/status").exists());
            return;
        };
        assert!(used.threads >= 1 && used.rss_bytes > 100_000, "{used:?}");
        assert!(used.rss_anon_bytes <= used.rss_bytes);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[std::process::id(), u32::MAX]), None);
    }

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        let seconds = cpu_in(stat).unwrap();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert!((seconds * ticks - 200.0).abs() < 0.01, "{seconds}");
        assert_eq!(cpu_in("7 (cat"), None);
    }

    #[test]
    fn usage_is_what_lies_between_two_moments() {
        let at = |cpu_s| {
            Some(Usage {
                cpu_s,
                rss_bytes: 7,
                ..Usage::default()
            })
        };
        let used = ServerUsage::between(&[1], at(1.0), at(3.0), 500_000).unwrap();
        assert_eq!((used.cpu_s, used.cpu_s_per_million), (2.0, Some(4.0)));
        assert_eq!(used.rss_bytes, 7);
        assert_eq!(ServerUsage::between(&[1], None, at(1.0), 1), None);
        assert_eq!(per_million(1.0, 0), None);
    }
}
