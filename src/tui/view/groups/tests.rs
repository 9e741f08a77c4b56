//! The groups as they are drawn, and what their keys do.

use client::snapshot::{Section, SubscriptionFinding};

use crate::testing::{self, NOW_MS, give, press, screen, snapshot};
use crate::view::ViewId;
use crate::view::tests::{lost, minute};

#[test]
fn the_groups_at_their_sizes() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut state = minute(columns, rows);
        press(&mut state, "3 j");
        insta::assert_snapshot!(format!("groups_{columns}x{rows}"), screen(&state));
    }
}

#[test]
fn what_is_odd_about_subscriptions_is_said() {
    let mut state = testing::state(120, 40);
    let mut odd = snapshot(NOW_MS + 1_000);
    let mut groups = odd.groups.get().unwrap().clone();
    groups[0].findings = Some(vec![SubscriptionFinding {
        client_ids: vec!["web-3".to_owned()],
        text: "web-3 uses the tags \"paid\" of orders, the others \"*\"".to_owned(),
    }]);
    odd.groups = Section::read(groups, odd.taken_ms, Vec::new());
    give(&mut state, odd);
    press(&mut state, "3");
    insta::assert_snapshot!("groups_finding", screen(&state));
}

#[test]
fn nothing_loading_and_lost() {
    let mut state = testing::empty(80, 24);
    press(&mut state, "3");
    insta::assert_snapshot!("groups_loading", screen(&state));
    let mut nothing = snapshot(NOW_MS);
    nothing.groups = Section::read(Vec::new(), NOW_MS, Vec::new());
    give(&mut state, nothing);
    assert!(screen(&state).contains("no consumer groups yet"));
    let mut state = minute(120, 40);
    press(&mut state, "3");
    lost(&mut state);
    insta::assert_snapshot!("groups_lost", screen(&state));
}

#[test]
fn a_group_leads_to_its_matrix_its_members_and_back() {
    let mut state = testing::state(120, 40);
    press(&mut state, "3 j enter");
    assert_eq!(state.view, ViewId::Topic);
    assert_eq!(state.topic.topic, "orders");
    assert_eq!(state.topic.group.as_deref(), Some("billing"));
    press(&mut state, "3 m");
    assert_eq!(state.view, ViewId::Clients);
    assert_eq!(state.clients.browser.row_count(), 2);
    press(&mut state, "esc");
    assert_eq!(state.clients.browser.row_count(), 3);
    press(&mut state, "3 d");
    assert!(screen(&state).contains("lag in orders"));
}

#[test]
fn only_what_is_seen_is_asked_for() {
    let mut state = testing::state(80, 24);
    press(&mut state, "3");
    assert_eq!(state.wants.visible_groups, ["audit", "billing", "nightly"]);
    assert!(state.wants.groups && !state.wants.clients);
    press(&mut state, "5");
    assert!(state.wants.clients && state.wants.visible_groups.is_empty());
}
