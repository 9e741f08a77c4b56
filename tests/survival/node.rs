//! A broker in a process of its own, which tests kill and start again on the same port and data.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use store::{DelayLevels, StoreConfig};

/// How long a broker may take to serve, recovery included.
const SERVES_WITHIN: Duration = Duration::from_secs(30);

/// Where its log goes, below its home.
const LOG: &str = "broker.log";

/// Between two writes of the consumer offsets.
pub(super) const OFFSETS_WRITTEN_EVERY: Duration = Duration::from_millis(200);

/// Small files, so that rolling from one to the next is part of every run.
const LOG_FILE_SIZE: u64 = 1024 * 1024;
const QUEUE_UNITS: u32 = 1_000;
const INDEX_SLOTS: u32 = 5_000;
const INDEX_ENTRIES: u32 = 20_000;
const DELAY_LEVELS: &str = "1s 2s";

/// The store of such a broker, for whoever looks into it while nobody has it.
pub(super) fn store_config(root: &Path) -> StoreConfig {
    StoreConfig {
        commit_log_file_size: LOG_FILE_SIZE,
        consume_queue_units: QUEUE_UNITS,
        index_slots: INDEX_SLOTS,
        index_entries: INDEX_ENTRIES,
        delay_levels: DelayLevels::parse(DELAY_LEVELS).unwrap(),
        ..StoreConfig::new(root)
    }
}

pub(super) struct BrokerProcess {
    properties: PathBuf,
    home: PathBuf,
    addr: SocketAddr,
    child: Child,
}

impl BrokerProcess {
    pub(super) async fn start(home: &Path, flush: &str) -> Self {
        Self::start_with(home, flush, "").await
    }

    /// The same with more settings, as lines of a properties file.
    pub(super) async fn start_with(home: &Path, flush: &str, more: &str) -> Self {
        let port = cluster::free_port().unwrap();
        let properties = home.join("broker.properties");
        let text = format!(
            "brokerName=broker-a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nflushDiskType={flush}\n\
             storePathRootDir={}\nmappedFileSizeCommitLog={LOG_FILE_SIZE}\n\
             mappedFileSizeConsumeQueue={}\nmaxHashSlotNum={INDEX_SLOTS}\n\
             maxIndexNum={INDEX_ENTRIES}\nmessageDelayLevel={DELAY_LEVELS}\nflushDelayOffsetInterval=200\n\
             flushConsumerOffsetInterval={}\n{more}\n",
            home.join("store").display(),
            20 * QUEUE_UNITS,
            OFFSETS_WRITTEN_EVERY.as_millis(),
        );
        std::fs::write(&properties, text).unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let child = spawn(&properties, home);
        let mut broker = Self {
            properties,
            home: home.to_owned(),
            addr,
            child,
        };
        broker.wait_serving().await;
        broker
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) async fn restart(&mut self) {
        self.child = spawn(&self.properties, &self.home);
        self.wait_serving().await;
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// `kill -TERM`, which must end with 0.
    pub(super) fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(
            self.child.wait().unwrap().success(),
            "a broker that is asked to end ends with 0"
        );
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end of the process; `None` when it was ended by a signal.
    pub(super) async fn ended(&mut self) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(SERVES_WITHIN, ended)
            .await
            .expect("the broker ends")
    }

    /// Waits until the broker has written a line that holds this.
    pub(super) async fn says(&self, text: &str) {
        let said = async {
            while !std::fs::read_to_string(self.home.join(LOG))
                .unwrap()
                .contains(text)
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(SERVES_WITHIN, said)
            .await
            .unwrap_or_else(|_| panic!("the broker says {text:?}"));
    }

    /// What the broker has written about its last opening of the store.
    pub(super) fn last_opening(&self) -> String {
        let log = std::fs::read_to_string(self.home.join(LOG)).unwrap();
        let mut openings = log.lines().filter(|line| line.contains("store opened"));
        openings.next_back().expect("a store was opened").to_owned()
    }

    async fn wait_serving(&mut self) {
        let serving = async {
            while tokio::net::TcpStream::connect(self.addr).await.is_err() {
                if let Some(status) = self.child.try_wait().unwrap() {
                    let log = std::fs::read_to_string(self.home.join(LOG)).unwrap();
                    panic!("the broker has ended with {status}: {log}");
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(SERVES_WITHIN, serving)
            .await
            .expect("the broker serves in time");
    }
}

impl Drop for BrokerProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(properties: &Path, home: &Path) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(home.join(LOG))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_gantry"))
        .args(["broker", "run", "-c"])
        .arg(properties)
        .env("GANTRY_HOME", home)
        .env("GANTRY_LOG", "gantry_store=info,gantry_remoting=warn")
        .env_remove("NAMESRV_ADDR")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
