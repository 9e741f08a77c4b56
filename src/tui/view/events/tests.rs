//! Events as they are drawn, and what their keys do.

use client::snapshot::Section;

use crate::state::EVENTS_MAX;
use crate::testing::{self, NOW_MS, give, press, screen, snapshot};
use crate::view::ViewId;
use crate::view::tests::minute;

/// A broker goes, a topic comes, a broker returns.
fn eventful(columns: u16, rows: u16) -> crate::state::State {
    let mut state = testing::state(columns, rows);
    let mut next = snapshot(NOW_MS + 1_000);
    let mut cluster = next.cluster.get().unwrap().clone();
    cluster.brokers[1].error = Some("connection refused".to_owned());
    next.cluster = Section::read(cluster, next.taken_ms, Vec::new());
    give(&mut state, next);
    let mut next = snapshot(NOW_MS + 2_000);
    let mut topics = next.topics.get().unwrap().clone();
    topics.push(testing::topic(
        "payments",
        client::snapshot::TopicKind::Normal,
        None,
    ));
    next.topics = Section::read(topics, next.taken_ms, Vec::new());
    state.now_ms = NOW_MS + 2_000;
    give(&mut state, next);
    state
}

#[test]
fn the_newest_event_comes_first() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut state = eventful(columns, rows);
        press(&mut state, "6");
        insta::assert_snapshot!(format!("events_{columns}x{rows}"), screen(&state));
    }
    let mut quiet = minute(80, 24);
    quiet.events.clear();
    press(&mut quiet, "6");
    assert!(screen(&quiet).contains("nothing has happened"));
}

#[test]
fn the_cluster_shows_the_last_ones_where_there_is_room() {
    let state = eventful(120, 40);
    assert!(screen(&state).contains("Recent events"));
    insta::assert_snapshot!("events_on_the_cluster", screen(&state));
}

#[test]
fn an_event_leads_to_what_it_happened_to() {
    let mut state = eventful(120, 40);
    press(&mut state, "6 /");
    testing::type_in(&mut state, "payments");
    press(&mut state, "enter enter");
    assert_eq!(state.view, ViewId::Topic);
    assert_eq!(state.topic.topic, "payments");
}

#[test]
fn who_looks_at_the_newest_event_goes_on_seeing_the_newest() {
    let mut state = eventful(120, 40);
    press(&mut state, "6");
    let before = state.events.len();
    let mut next = snapshot(NOW_MS + 3_000);
    let mut cluster = next.cluster.get().unwrap().clone();
    cluster.brokers[2].error = Some("connection refused".to_owned());
    next.cluster = Section::read(cluster, next.taken_ms, Vec::new());
    state.now_ms = NOW_MS + 3_000;
    give(&mut state, next);
    assert!(state.events.len() > before);
    assert_eq!(state.events_view.browser.list.at, 0);
    press(&mut state, "j");
    let at = state.events_view.browser.list.at;
    give(&mut state, snapshot(NOW_MS + 3_000));
    assert!(
        state.events_view.browser.list.at > at,
        "it stays with its event"
    );
}

#[test]
fn the_past_has_only_its_own_events_and_there_are_never_too_many() {
    let mut state = eventful(120, 40);
    state.timeline.freeze();
    state.timeline.step(-1_000);
    press(&mut state, "6");
    assert_eq!(state.events_view.browser.row_count(), 0);
    let some = state.events.clone();
    for _ in 0..EVENTS_MAX {
        state.remember(some.clone());
    }
    assert!(state.events.len() <= EVENTS_MAX);
}
