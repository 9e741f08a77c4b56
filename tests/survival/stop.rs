//! `kill -TERM` with everyone at work: what was asked is answered or fails at once, everything is written
//! down, and the next start has nothing to recover.

use std::ops::ControlFlow;
use std::time::Duration;

use clock::SystemClock;
use namesrv::{Namesrv, NamesrvConfig};
use protocol::{RemotingCommand, RequestCode};
use rustix::process::Signal;

use super::asking::Asking;
use super::ledger::Ledger;
use super::load::Load;
use super::node::{BrokerProcess, store_config};
use super::verify::Verifier;
use super::{number, seed, tell};

/// What a stop may take, and what a machine that builds three other things at the same time may add.
const STOPS_WITHIN: Duration = Duration::from_secs(2);
const BUSY_MACHINE: Duration = Duration::from_secs(4);

const CYCLES: u64 = 2;

/// Asks a name server whether it would send clients to a broker.
async fn is_registered(namesrv: &Namesrv) -> bool {
    let asking = Asking::new(namesrv.local_addr());
    let request = RemotingCommand::request(RequestCode::GetBrokerClusterInfo);
    let answer = asking.ask(request).await.unwrap();
    asking.end().await;
    String::from_utf8_lossy(&answer.body).contains("broker-a")
}

async fn stopped_brokers_leave_nothing_to_do(flush: &str) {
    let mut random = fastrand::Rng::with_seed(seed());
    let clock = SystemClock::shared();
    let home = tempfile::tempdir().unwrap();
    let listen = ([127, 0, 0, 1], cluster::free_port().unwrap()).into();
    let config = NamesrvConfig {
        listen,
        ..NamesrvConfig::default()
    };
    let namesrv = Namesrv::start(config, clock.clone()).await.unwrap();
    let more = format!("namesrvAddr={listen}");
    let mut broker = BrokerProcess::start_with(home.path(), flush, &more).await;
    let ledger = Ledger::default();
    let mut verifier = Verifier::new(&ledger);
    for _ in 0..number("GANTRY_STOP_CYCLES", CYCLES) {
        let load = Load::start(&ledger, broker.addr(), &clock, &mut random);
        tokio::time::sleep(Duration::from_millis(random.u64(200..800))).await;
        assert!(is_registered(&namesrv).await);

        let asked = clock.elapsed();
        broker.signal(Signal::TERM);
        assert_eq!(broker.ended().await, Some(0));
        let took = clock.elapsed().saturating_sub(asked);
        assert!(took < STOPS_WITHIN + BUSY_MACHINE, "stopped in {took:?}");
        assert!(!is_registered(&namesrv).await, "nobody is sent there now");
        // Nobody waits for an answer that cannot come any more.
        load.stop().await;
        let left = clock.elapsed().saturating_sub(asked + took);
        assert!(left < BUSY_MACHINE, "the clients knew after {left:?}");

        let mut findings = Vec::new();
        let store = store_config(&home.path().join("store"));
        let unseen = &mut |_: u64, _: u64| ControlFlow::Continue(());
        let found = &mut |finding| findings.push(finding);
        let report = store::inspect::inspect(&store, false, unseen, found).unwrap();
        assert!(
            findings.is_empty() && !report.is_running_or_crashed,
            "{findings:?}"
        );
        assert_eq!(report.synced, Some(report.log_end), "all is on the disk");

        broker.restart().await;
        let opening = broker.last_opening();
        assert!(opening.contains("last_stop=Clean"), "{opening}");
        let report = verifier.verify(broker.addr(), false).await;
        tell(&format!("{flush}: stopped in {took:?}; {report}"));
    }
    verifier.wait_for_delayed(broker.addr()).await;
    broker.stop();
    namesrv.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_asked_to_end_under_load_ends_in_good_order() {
    stopped_brokers_leave_nothing_to_do("ASYNC_FLUSH").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_syncs_ends_in_good_order_too() {
    stopped_brokers_leave_nothing_to_do("SYNC_FLUSH").await;
}

/// The first signal waits for an answer that is owed; the second does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_a_broker_at_once() {
    let home = tempfile::tempdir().unwrap();
    let clock = SystemClock::shared();
    // A name server that never answers holds the end up.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", cluster::free_port().unwrap()))
        .await
        .unwrap();
    let more = format!("namesrvAddr={}", silent.local_addr().unwrap());
    let mut broker = BrokerProcess::start_with(home.path(), "ASYNC_FLUSH", &more).await;
    let ledger = Ledger::default();
    let mut random = fastrand::Rng::with_seed(seed());
    let load = Load::start(&ledger, broker.addr(), &clock, &mut random);
    tokio::time::sleep(Duration::from_millis(200)).await;
    broker.signal(Signal::TERM);
    broker.says("stopping").await;
    let asked = clock.elapsed();
    broker.signal(Signal::INT);
    let code = broker.ended().await;
    let took = clock.elapsed().saturating_sub(asked);
    // It may have come to its own end just then.
    assert!(code == Some(130) || code == Some(0), "{code:?}");
    assert!(took < BUSY_MACHINE, "{took:?}");
    load.stop().await;
    broker.restart().await;
    let report = Verifier::new(&ledger).verify(broker.addr(), false).await;
    tell(&format!("ended with {code:?} in {took:?}; {report}"));
    broker.kill();
}
