//! Starting, stopping and killing brokers, and what is there afterwards.

use std::sync::Arc;

use clock::SystemClock;
use protocol::header::{PullMessageRequestHeader, SendMessageRequestHeader};
use store::LastStop;
use tokio::task::JoinSet;

use crate::testing::{
    SOON, TestBroker, bodies, client, config_in, pull_header, send_header, send_request, until,
};
use crate::{Broker, FlushDiskType, StartError};

/// Sends enough for the commit log to have several files.
async fn send_many(broker: &TestBroker) -> Vec<String> {
    let padding = "x".repeat(100_000);
    let mut sent = Vec::new();
    for number in 0..300 {
        let body = format!("{number} {padding}");
        broker.send("kept", "", body.as_bytes()).await;
        sent.push(body);
    }
    sent
}

async fn read_all(broker: &TestBroker) -> Vec<String> {
    let mut read = Vec::new();
    loop {
        let queue_offset = i64::try_from(read.len()).unwrap();
        let pull = PullMessageRequestHeader {
            queue_offset,
            ..pull_header("kept")
        };
        let answer = broker.pull(&pull).await;
        if !answer.is_success() {
            return read;
        }
        read.extend(bodies(&answer));
    }
}

fn last_stop(broker: &TestBroker) -> LastStop {
    broker.broker.context().store.recovery_report().last_stop
}

#[tokio::test]
async fn a_killed_broker_has_kept_what_it_acknowledged() {
    let broker = TestBroker::start().await;
    let sent = send_many(&broker).await;
    let mut broker = broker.kill_and_restart().await;
    assert_eq!(last_stop(&broker), LastStop::ProcessEnded);
    for _ in 0..3 {
        assert!(broker.broker.context().topics.contains("kept"));
        assert!(
            read_all(&broker).await == sent,
            "messages are lost or changed"
        );
        broker = broker.kill_and_restart().await;
    }
    let answer = broker.send("kept", "", b"next").await;
    assert_eq!(answer.ext_fields.get("queueOffset"), Some("300"));
}

/// Sends from several connections until the broker is gone; gives back what was acknowledged.
async fn send_until_killed(broker: &TestBroker, sender: usize) -> Vec<(String, String)> {
    let (client, addr) = (client(), broker.addr());
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let body = format!("{sender}-{number}");
        let header = SendMessageRequestHeader {
            queue_id: 0,
            ..send_header("kept")
        };
        let request = send_request(&header, body.as_bytes());
        match client.invoke(&addr, request, SOON).await {
            Ok(answer) if answer.is_success() => {
                let offset = answer.ext_fields.get("queueOffset").unwrap().to_owned();
                acknowledged.push((offset, body));
            }
            Ok(_) | Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_under_load_has_kept_what_it_acknowledged() {
    for flush_disk_type in [FlushDiskType::AsyncFlush, FlushDiskType::SyncFlush] {
        let broker = Arc::new(
            TestBroker::start_with(|config| config.flush_disk_type = flush_disk_type).await,
        );
        broker.send("kept", "", b"first").await;
        let mut senders = JoinSet::new();
        for sender in 0..4 {
            let broker = Arc::clone(&broker);
            senders.spawn(async move { send_until_killed(&broker, sender).await });
        }
        let max_offset = || {
            broker
                .broker
                .context()
                .store
                .find_queue("kept", 0)
                .unwrap()
                .max_offset()
        };
        until(async || max_offset() > 500).await;
        broker.broker.drop_sockets();
        let acknowledged: Vec<_> = senders.join_all().await.into_iter().flatten().collect();
        assert!(acknowledged.len() > 400);
        let broker = Arc::into_inner(broker).unwrap().kill_and_restart().await;
        let read = read_all(&broker).await;
        for (offset, body) in acknowledged {
            let offset: usize = offset.parse().unwrap();
            assert_eq!(read.get(offset), Some(&body), "{flush_disk_type:?}");
        }
    }
}

#[tokio::test]
async fn a_stopped_broker_has_nothing_to_recover() {
    let broker = TestBroker::start().await;
    let sent = send_many(&broker).await;
    let broker = broker.stop_and_restart().await;
    assert_eq!(last_stop(&broker), LastStop::Clean);
    assert!(
        read_all(&broker).await == sent,
        "messages are lost or changed"
    );
    assert!(broker.dir().join("config/topics.json").exists());
}

#[tokio::test]
async fn a_busy_port_is_named_and_leaves_the_folder_as_it_was() {
    let broker = TestBroker::start().await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = config_in(dir.path());
    let free = std::mem::replace(&mut config.listen_port, broker.config.listen_port);
    let error = Broker::start(config.clone(), SystemClock::shared())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }), "{error}");
    assert!(error.to_string().contains(&broker.addr()), "{error}");
    config.listen_port = free;
    let started = Broker::start(config, SystemClock::shared()).await.unwrap();
    let report = started.context().store.recovery_report().clone();
    assert_eq!(report.last_stop, LastStop::Clean);
}

#[tokio::test]
async fn a_folder_in_use_is_named() {
    let broker = TestBroker::start().await;
    let error = Broker::start(config_in(broker.dir()), SystemClock::shared())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Store { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&broker.dir().display().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let config = config_in(&file.join("store"));
    let error = Broker::start(config, SystemClock::shared())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("file/store"), "{error}");
}

#[tokio::test]
async fn a_dropped_broker_ends_by_itself() {
    let broker = TestBroker::start().await;
    let addr = broker.addr();
    drop(broker);
    until(async || tokio::net::TcpStream::connect(&addr).await.is_err()).await;
}
