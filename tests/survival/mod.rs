//! A broker's process is killed at random moments under load; what it acknowledged must be there.

mod ledger;
mod node;

use std::io::Write as _;
use std::time::Duration;

use clock::{Clock as _, SystemClock};
use ledger::Ledger;
use node::BrokerProcess;

/// Kills in a run of the test suite; `GANTRY_KILL_CYCLES` asks for more.
const CYCLES: usize = 4;

/// How long a broker lives before it is killed.
const LIFE_MS: std::ops::Range<u64> = 30..400;

fn cycles() -> usize {
    std::env::var("GANTRY_KILL_CYCLES").map_or(CYCLES, |text| text.parse().expect("a number"))
}

/// The seed of the kill moments, printed so that a failure can be played again.
fn seed() -> u64 {
    let seed = std::env::var("GANTRY_SEED").map_or_else(
        |_| SystemClock::new().now_ms().unsigned_abs(),
        |text| text.parse().expect("a number"),
    );
    tell(&format!("GANTRY_SEED={seed}"));
    seed
}

/// For whoever looks at a failed run, or asked for many cycles with `--nocapture`.
fn tell(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}

/// Kill under load, restart, verify; again and again with the same data.
async fn killed_brokers_keep_their_word(flush: &str) {
    let mut random = fastrand::Rng::with_seed(seed());
    let home = tempfile::tempdir().unwrap();
    let mut broker = BrokerProcess::start(home.path(), flush).await;
    let ledger = Ledger::default();
    let mut acknowledged = 0;
    for cycle in 0..cycles() {
        let producers = ledger.produce(broker.addr(), &mut random);
        tokio::time::sleep(Duration::from_millis(random.u64(LIFE_MS))).await;
        broker.kill();
        producers.stop().await;
        broker.restart().await;
        let report = ledger.verify(broker.addr()).await;
        tell(&format!("{flush} cycle {cycle}: {report}"));
        assert!(report.acknowledged >= acknowledged);
        acknowledged = report.acknowledged;
    }
    assert!(
        acknowledged > 0,
        "the broker has acknowledged something at all"
    );
    broker.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_flush_survives_the_end_of_the_process() {
    killed_brokers_keep_their_word("ASYNC_FLUSH").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_flush_survives_the_end_of_the_process() {
    killed_brokers_keep_their_word("SYNC_FLUSH").await;
}
