//! From keys to the state, without a screen.

use super::*;
use crate::testing::{self, NOW_MS, give, press, snapshot};

#[test]
fn esc_never_leaves_and_q_does() {
    let mut state = testing::state(80, 24);
    assert!(press(&mut state, "esc esc esc").is_empty());
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
}

#[test]
fn only_what_the_view_shows_is_read() {
    let mut state = testing::state(80, 24);
    assert!(state.wants.cluster && state.wants.groups && !state.wants.topics);
    let effects = press(&mut state, "2");
    let Some(Effect::Want(wants)) = effects.last() else {
        unreachable!("{effects:?}");
    };
    assert!(wants.topics && !wants.groups);
    // Nothing new is asked for while nothing changes.
    assert!(give(&mut state, snapshot(NOW_MS + 1_000)).is_empty());
}

#[test]
fn the_screen_stands_still_while_it_is_frozen_and_the_past_is_kept() {
    let mut state = testing::empty(80, 24);
    for second in 0..60 {
        give(&mut state, snapshot(NOW_MS + second * 1_000));
    }
    press(&mut state, "space");
    let frozen = state.shown().taken_ms;
    give(&mut state, snapshot(NOW_MS + 60_000));
    assert_eq!(state.shown().taken_ms, frozen);
    press(&mut state, ", ,");
    assert_eq!(state.shown().taken_ms, frozen - 10_000);
    press(&mut state, ".");
    assert_eq!(state.shown().taken_ms, frozen - 5_000);
    press(&mut state, "end");
    assert_eq!(state.shown().taken_ms, NOW_MS + 60_000);
    assert!(!state.timeline.is_frozen());
}

#[test]
fn a_server_that_ceases_to_answer_is_told_once() {
    let mut state = testing::state(80, 24);
    let mut broken = snapshot(NOW_MS);
    broken.cluster.faults = vec![Fault {
        server: "b-1".to_owned(),
        reason: "timed out".to_owned(),
    }];
    broken.topics.faults.clone_from(&broken.cluster.faults);
    give(&mut state, broken.clone());
    give(&mut state, broken);
    assert_eq!(state.errors.len(), 1);
    assert_eq!(state.errors_unseen, 1);
    press(&mut state, "!");
    assert_eq!(state.errors_unseen, 0);
    give(&mut state, snapshot(NOW_MS));
    press(&mut state, "esc");
    assert!(state.overlay.is_none());
}

#[test]
fn errors_are_kept_up_to_their_limit() {
    let mut state = testing::empty(80, 24);
    for at in 0..=crate::state::ERRORS_MAX {
        state.complain("b-0", at.to_string());
    }
    assert_eq!(state.errors.len(), crate::state::ERRORS_MAX);
    assert_eq!(state.errors.front().unwrap().text, "1");
}

#[test]
fn a_lost_connection_is_told_once_and_ends_with_data() {
    let mut state = testing::state(80, 24);
    for wait in [500, 1_000] {
        let lost = Action::Lost {
            reason: "refused".to_owned(),
            retry_at_ms: NOW_MS + wait,
        };
        update(&mut state, lost);
    }
    assert_eq!(state.errors.len(), 1);
    assert!(matches!(state.link, Link::Lost { retry_at_ms, .. } if retry_at_ms == NOW_MS + 1_000));
    assert_eq!(press(&mut state, "ctrl-r"), [Effect::ReadNow]);
    give(&mut state, snapshot(NOW_MS + 1_000));
    assert_eq!(state.link, Link::Live);
}

#[test]
fn time_redraws_by_the_second() {
    let state = testing::state(80, 24);
    let later = |ms| Action::Tick {
        now_ms: NOW_MS + ms,
    };
    assert!(!is_visible(&state, &later(250)));
    assert!(is_visible(&state, &later(1_000)));
}

#[test]
fn the_command_line_names_what_is_chosen_and_is_copied() {
    let mut state = testing::state(80, 24);
    state.target.flags = "--context prod".to_owned();
    let effects = press(&mut state, "j x");
    let expected = "gantry broker describe b-1 --context prod".to_owned();
    assert_eq!(effects, [Effect::Copy(expected)]);
    press(&mut state, "esc tab x");
    assert!(state.overlay.is_some());
}

#[test]
fn help_is_searched_by_typing() {
    let mut state = testing::state(80, 24);
    press(&mut state, "?");
    testing::type_in(&mut state, "freeze");
    let screen = testing::screen(&state);
    assert!(screen.contains("freeze everything"), "{screen}");
    assert!(!screen.contains("leave the dashboard"), "{screen}");
    press(&mut state, "esc");
    assert!(state.overlay.is_none());
}

#[test]
fn charts_are_zoomed_between_a_minute_and_half_an_hour() {
    let mut state = testing::state(80, 24);
    press(&mut state, "- - - -");
    assert_eq!(state.chart_span_ms, 1_800_000);
    press(&mut state, "+ + + + + +");
    assert_eq!(state.chart_span_ms, 60_000);
    press(&mut state, "0");
    assert_eq!(state.chart_span_ms, CHART_SPAN_MS);
}
