//! `kill -9` at random moments, with everyone at work.

use std::ops::ControlFlow;
use std::time::Duration;

use clock::{SharedClock, SystemClock};

use super::asking::Asking;
use super::ledger::{Ledger, QUEUES};
use super::load::Load;
use super::node::{BrokerProcess, OFFSETS_WRITTEN_EVERY, store_config};
use super::verify::Verifier;
use super::{number, seed, tell};

/// Kills in a run of the test suite; `GANTRY_KILL_CYCLES` asks for more.
const CYCLES: u64 = 4;

/// How long a broker lives before it is killed.
const LIFE_MS: std::ops::Range<u64> = 30..500;

/// One life in so many is long: offsets have been written down, and delayed messages delivered.
const LONG_EVERY: u64 = 4;
const LONG_LIFE_MS: std::ops::Range<u64> = 2_500..3_000;

/// On a busy machine a write that is due may be late by so much.
const LATE: Duration = Duration::from_millis(1_500);

/// After so many kills, everything there is is read again.
const EVERYTHING_EVERY: u64 = 25;

/// Kill under load, restart, verify; again and again with the same data.
async fn killed_brokers_keep_their_word(flush: &str) {
    let mut random = fastrand::Rng::with_seed(seed());
    let clock = SystemClock::shared();
    let home = tempfile::tempdir().unwrap();
    let mut broker = BrokerProcess::start(home.path(), flush).await;
    let ledger = Ledger::default();
    let mut verifier = Verifier::new(&ledger);
    for cycle in 0..number("GANTRY_KILL_CYCLES", CYCLES) {
        let load = Load::start(&ledger, broker.addr(), &clock, &mut random);
        let is_long = cycle % LONG_EVERY == LONG_EVERY - 1;
        let life = random.u64(if is_long { LONG_LIFE_MS } else { LIFE_MS });
        tokio::time::sleep(Duration::from_millis(life)).await;
        broker.kill();
        let killed_at = clock.elapsed();
        load.stop().await;
        broker.restart().await;
        let ready_in = clock.elapsed().saturating_sub(killed_at).as_millis();
        let back = check_progress(&ledger, &broker, killed_at).await;
        let everything = cycle % EVERYTHING_EVERY == EVERYTHING_EVERY - 1;
        let report = verifier.verify(broker.addr(), everything).await;
        tell(&format!(
            "{flush} cycle {cycle}: {life} ms, back in {ready_in} ms, progress beyond what had to \
             be kept {back}; {report}"
        ));
    }
    verifier.wait_for_delayed(broker.addr()).await;
    let report = verifier.verify(broker.addr(), true).await;
    tell(&format!("{flush}: {report}"));
    assert!(report.acknowledged > 0 && report.delayed > 0, "{report}");
    broker.stop();
    the_files_agree(home.path(), report.stored, &clock);
}

/// The group's offsets after a kill; gives how many messages beyond what had to be kept were kept.
async fn check_progress(ledger: &Ledger, broker: &BrokerProcess, killed_at: Duration) -> i64 {
    let asking = Asking::new(broker.addr());
    let safe_before = killed_at.saturating_sub(OFFSETS_WRITTEN_EVERY + LATE);
    let mut beyond = 0;
    for queue in 0..QUEUES {
        let found = asking.committed(queue).await.unwrap().unwrap_or(0);
        beyond += ledger.check_progress(queue, found, safe_before);
    }
    asking.end().await;
    beyond
}

/// After a clean end, log and queues say the same without any recovery.
fn the_files_agree(home: &std::path::Path, stored: usize, clock: &SharedClock) {
    let begun = clock.elapsed();
    let mut findings = Vec::new();
    let config = store_config(&home.join("store"));
    let unseen = &mut |_: u64, _: u64| ControlFlow::Continue(());
    let found = &mut |finding| findings.push(finding);
    let report = store::inspect::inspect(&config, false, unseen, found).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert!(!report.is_running_or_crashed, "the end was clean");
    assert!(report.records >= stored as u64, "{report:?}");
    let took = clock.elapsed().saturating_sub(begun);
    tell(&format!(
        "the files agree: {} records in {} log files, looked at in {took:?}",
        report.records, report.log_files
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_flush_survives_the_end_of_the_process() {
    killed_brokers_keep_their_word("ASYNC_FLUSH").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_flush_survives_the_end_of_the_process() {
    killed_brokers_keep_their_word("SYNC_FLUSH").await;
}
