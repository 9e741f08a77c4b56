//! The clients as they are drawn, and what their keys do.

use crate::testing::{self, press, screen};
use crate::view::ViewId;
use crate::view::tests::{lost, minute};

#[test]
fn the_clients_at_their_sizes() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut state = minute(columns, rows);
        press(&mut state, "5");
        insta::assert_snapshot!(format!("clients_{columns}x{rows}"), screen(&state));
    }
    let mut state = minute(120, 40);
    press(&mut state, "5");
    lost(&mut state);
    assert!(
        screen(&state).contains("Clients (3) · 12s old"),
        "{}",
        screen(&state)
    );
}

#[test]
fn before_the_first_reading() {
    let mut state = testing::empty(80, 24);
    press(&mut state, "5");
    assert!(screen(&state).contains("reading the clients …"));
}

#[test]
fn a_member_leads_to_its_groups_matrix_and_a_producer_to_what_is_known() {
    let mut state = testing::state(120, 40);
    press(&mut state, "5 j enter");
    assert_eq!(state.view, ViewId::Topic);
    assert_eq!(state.topic.group.as_deref(), Some("billing"));
    press(&mut state, "5 k enter");
    assert!(screen(&state).contains("Client 10.0.0.5@api-1"));
}
