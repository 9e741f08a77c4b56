//! A broker without room on the disk, and without file descriptors: it says so, keeps what it has, serves
//! those who are there, and goes on by itself when it can.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clock::SystemClock;
use protocol::{RequestCode, ResponseCode};
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use super::asking::{Asking, send};
use super::body::body_of;
use super::ledger::{Ledger, TOPIC};
use super::load::place;
use super::node::BrokerProcess;
use super::tell;
use super::verify::Verifier;

/// How soon a broker serves again once there is room.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// So many sends fill the disk many times over.
const SENDS_MAX: usize = 100_000;

/// A file system of its own in memory, small enough to fill. Needs to be root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this process may not mount anything.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let flags = rustix::mount::MountFlags::empty();
        let data = c"size=24m";
        match rustix::mount::mount("gantry-test", at, "tmpfs", flags, data) {
            Ok(()) => Some(Self(at.to_owned())),
            Err(error) => {
                tell(&format!("skipped: cannot mount a file system: {error}"));
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let flags = rustix::mount::UnmountFlags::DETACH;
        rustix::mount::unmount(&self.0, flags).unwrap();
    }
}

/// Sends one message after the other until one is refused; gives the refusal.
async fn send_until_refused(ledger: &Ledger, asking: &Asking) -> protocol::RemotingCommand {
    for _ in 0..SENDS_MAX {
        let id = ledger.new_ids(1).start;
        let request = send(RequestCode::SendMessageV2, (TOPIC, 0), "", body_of(id));
        let answer = asking.ask(request).await.expect("the connection lives");
        if !answer.is_success() {
            return answer;
        }
        let (queue, offset) = place(&answer);
        ledger.acknowledged((TOPIC, queue), offset, id);
    }
    panic!("the disk is never full");
}

/// Sends until it is taken; gives how long that took.
async fn send_until_taken(ledger: &Ledger, asking: &Asking) -> Duration {
    let clock = SystemClock::shared();
    let taken = async {
        loop {
            let id = ledger.new_ids(1).start;
            let request = send(RequestCode::SendMessageV2, (TOPIC, 0), "", body_of(id));
            let answer = asking.ask(request).await.expect("the connection lives");
            if answer.is_success() {
                let (queue, offset) = place(&answer);
                ledger.acknowledged((TOPIC, queue), offset, id);
                return clock.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BACK_WITHIN, taken)
        .await
        .expect("sends are taken again in time")
}

/// How a disk gets full.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Full {
    /// RocketMQ's rule: above a share of the disk, sends are refused.
    ByRule,
    /// Somebody else takes the last byte before the broker has looked.
    ToTheLastByte,
}

impl Full {
    /// When the broker looks how full the disk is. Files are never removed for it here.
    fn settings(self) -> String {
        let look_every = match self {
            Self::ByRule => 200,
            Self::ToTheLastByte => 3_600_000,
        };
        format!("cleanFileForciblyEnable=false\ncleanResourceInterval={look_every}\n")
    }

    fn fill(self, ballast: &Path) {
        std::fs::write(ballast, vec![1; 8 * 1024 * 1024]).unwrap();
        if self == Self::ToTheLastByte {
            let mut file = std::fs::File::options().append(true).open(ballast).unwrap();
            while file.write_all(&[1; 64 * 1024]).is_ok() {}
            while file.write_all(&[1]).is_ok() {}
        }
    }
}

async fn a_full_disk_is_survived(flush: &str, full: Full) {
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&home.path().join("store")) else {
        return;
    };
    let ballast = disk.0.join("ballast");
    let mut broker = BrokerProcess::start_with(home.path(), flush, &full.settings()).await;
    let (ledger, asking) = (Ledger::default(), Asking::new(broker.addr()));
    let mut verifier = Verifier::new(&ledger);
    for _ in 0..200 {
        send_until_taken(&ledger, &asking).await;
    }

    full.fill(&ballast);
    let refusal = send_until_refused(&ledger, &asking).await;
    let code = refusal.response_code();
    assert_eq!(code, Some(ResponseCode::ServiceNotAvailable), "{refusal:?}");
    tell(&format!("{flush} {full:?}: {:?}", refusal.remark));
    // What is there is served from a full disk.
    let report = verifier.verify(broker.addr(), true).await;
    assert!(report.acknowledged >= 200, "{report}");

    std::fs::remove_file(&ballast).unwrap();
    let took = send_until_taken(&ledger, &asking).await;
    tell(&format!("{flush} {full:?}: served again after {took:?}"));
    verifier.verify(broker.addr(), true).await;

    // Full again, killed, and started without room.
    full.fill(&ballast);
    send_until_refused(&ledger, &asking).await;
    broker.kill();
    broker.restart().await;
    verifier.verify(broker.addr(), true).await;
    std::fs::remove_file(&ballast).unwrap();
    let asking = Asking::new(broker.addr());
    send_until_taken(&ledger, &asking).await;
    let report = verifier.verify(broker.addr(), true).await;
    tell(&format!("{flush} {full:?}: {report}"));
    broker.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_nearly_full_stops_sends_and_nothing_else() {
    a_full_disk_is_survived("ASYNC_FLUSH", Full::ByRule).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_to_the_last_byte_loses_nothing() {
    a_full_disk_is_survived("ASYNC_FLUSH", Full::ToTheLastByte).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_to_the_last_byte_loses_nothing_that_was_synced() {
    a_full_disk_is_survived("SYNC_FLUSH", Full::ToTheLastByte).await;
}

/// Processor time that a process has used, in ticks of 10 ms.
fn ticks(pid: rustix::process::Pid) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || fields.next().unwrap().parse::<u64>().unwrap();
    next() + next()
}

fn open_files(pid: rustix::process::Pid) -> u64 {
    let fds = format!("/proc/{}/fd", pid.as_raw_nonzero());
    std::fs::read_dir(fds).unwrap().count() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_file_descriptors_those_who_are_there_are_served_and_others_later() {
    /// More connections than there are descriptors left.
    const TOO_MANY: u64 = 40;
    const LEFT: u64 = 10;
    /// How long the broker is watched while it cannot accept, and what it may use in that time.
    const WATCHED: Duration = Duration::from_secs(2);
    const TICKS_MAX: u64 = 50;

    let home = tempfile::tempdir().unwrap();
    let mut broker = BrokerProcess::start(home.path(), "ASYNC_FLUSH").await;
    let (ledger, asking) = (Ledger::default(), Asking::new(broker.addr()));
    let mut verifier = Verifier::new(&ledger);
    send_until_taken(&ledger, &asking).await;

    let pid = broker.pid();
    let before = getrlimit(Resource::Nofile);
    let scarce = Rlimit {
        current: Some(open_files(pid) + LEFT),
        maximum: before.maximum,
    };
    prlimit(Some(pid), Resource::Nofile, scarce).unwrap();
    let crowd: Vec<TcpStream> = (0..TOO_MANY)
        .map(|_| TcpStream::connect(broker.addr()).unwrap())
        .collect();
    let begun = ticks(pid);
    let clock = SystemClock::shared();
    let mut sent = 0;
    while clock.elapsed() < WATCHED {
        // It is at work for us all the time, and that is little.
        let id = ledger.new_ids(1).start;
        let request = send(RequestCode::SendMessageV2, (TOPIC, 0), "", body_of(id));
        let answer = asking.ask(request).await.expect("the connection lives");
        let (queue, offset) = place(&answer);
        ledger.acknowledged((TOPIC, queue), offset, id);
        sent += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let used = ticks(pid) - begun;
    tell(&format!("{sent} sends without descriptors, {used} ticks"));
    assert!(used < TICKS_MAX, "accepting in vain took {used} ticks");
    drop(crowd);
    // Nobody has to tell it that there is room again.
    let newcomer = Asking::new(broker.addr());
    send_until_taken(&ledger, &newcomer).await;
    let report = verifier.verify(broker.addr(), true).await;
    tell(&format!("{report}"));

    // So few that not even a new log file can be opened: sends are refused, not lost.
    let none = Rlimit {
        current: Some(open_files(pid).min(3)),
        maximum: before.maximum,
    };
    prlimit(Some(pid), Resource::Nofile, none).unwrap();
    let mut refused = 0;
    for _ in 0..3_000 {
        let id = ledger.new_ids(1).start;
        let request = send(RequestCode::SendMessageV2, (TOPIC, 0), "", body_of(id));
        let answer = asking.ask(request).await.expect("the connection lives");
        if answer.is_success() {
            let (queue, offset) = place(&answer);
            ledger.acknowledged((TOPIC, queue), offset, id);
        } else {
            refused += 1;
        }
    }
    prlimit(Some(pid), Resource::Nofile, before).unwrap();
    let took = send_until_taken(&ledger, &asking).await;
    let report = verifier.verify(broker.addr(), true).await;
    tell(&format!("{refused} refused, back after {took:?}; {report}"));
    broker.kill();
    broker.restart().await;
    verifier.verify(broker.addr(), true).await;
    broker.stop();
}
