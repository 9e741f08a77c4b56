//! The reading task against a source that is told what to answer.

use super::*;
use crate::testing::{FakeSource, NOW_MS, cluster_section};
use client::snapshot::{Fault, Section};
use clock::ManualClock;

fn lost_section() -> Snapshot {
    let fault = Fault {
        server: "127.0.0.1:9876".to_owned(),
        reason: "refused".to_owned(),
    };
    Snapshot {
        taken_ms: NOW_MS,
        cluster: cluster_section(1, NOW_MS).kept(vec![fault]),
        ..Snapshot::default()
    }
}

async fn data_of(actions: &mut mpsc::Receiver<Action>) -> Action {
    loop {
        let action = actions.recv().await.unwrap();
        if !matches!(action, Action::Reading(_)) {
            return action;
        }
    }
}

fn start(source: Arc<FakeSource>, refresh: Duration) -> (Reader, mpsc::Receiver<Action>) {
    let (sender, actions) = mpsc::channel(ACTIONS_MAX);
    let reader = Reader::start(source, ManualClock::at(NOW_MS), refresh, sender);
    (reader, actions)
}

#[tokio::test(start_paused = true)]
async fn only_what_is_wanted_is_read_and_more_is_read_at_once() {
    let source = FakeSource::answering(Snapshot {
        cluster: Section::read(
            client::snapshot::ClusterState::default(),
            NOW_MS,
            Vec::new(),
        ),
        ..Snapshot::default()
    });
    let (reader, mut actions) = start(Arc::clone(&source), Duration::from_secs(3_600));
    data_of(&mut actions).await;
    reader.want(Wants {
        topics: true,
        ..Wants::default()
    });
    data_of(&mut actions).await;
    // Less is no reason to read.
    reader.want(Wants::default());
    reader.read_now();
    data_of(&mut actions).await;
    let asked: Vec<bool> = source.asked().iter().map(|wants| wants.topics).collect();
    assert_eq!(asked, [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_cluster_is_told_with_the_next_try_and_tried_again() {
    let source = FakeSource::answering(lost_section());
    let (_reader, mut actions) = start(Arc::clone(&source), Duration::from_secs(1));
    let mut retries = Vec::new();
    while retries.len() < 3 {
        if let Action::Lost {
            reason,
            retry_at_ms,
        } = data_of(&mut actions).await
        {
            assert_eq!(reason, "127.0.0.1:9876: refused");
            retries.push(retry_at_ms - NOW_MS);
        }
    }
    for (wait, longest) in retries.into_iter().zip([500, 1_000, 2_000]) {
        assert!((longest * 8 / 10..=longest).contains(&wait), "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_reader() {
    let source = FakeSource::answering(lost_section());
    let (reader, mut actions) = start(source, Duration::from_secs(1));
    data_of(&mut actions).await;
    drop(reader);
    while actions.recv().await.is_some() {}
}
