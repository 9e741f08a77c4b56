//! The screens as they are drawn: views × sizes × states.

use client::snapshot::{Fault, Section, Snapshot, TopicKind};

use crate::action::Action;
use crate::state::State;
use crate::testing::{self, NOW_MS, give, press, screen, snapshot, topic, type_in};
use crate::theme::ThemeName;
use crate::update::update;
use crate::view::{VIEWS, ViewId, by_id};

/// A minute of readings, with what is written going up and down.
pub(super) fn minute(columns: u16, rows: u16) -> State {
    let mut state = testing::empty(columns, rows);
    for second in 0..60_i32 {
        let mut now = snapshot(NOW_MS + i64::from(second) * 1_000);
        let wave = f64::from((second - 30).abs());
        let mut cluster = now.cluster.get().unwrap().clone();
        for broker in &mut cluster.brokers {
            broker.in_per_s = Some(100.0 + 10.0 * wave);
        }
        now.cluster = Section::read(cluster, now.taken_ms, Vec::new());
        let mut topics = now.topics.get().unwrap().clone();
        for topic in &mut topics {
            topic.in_per_s = topic.in_per_s.map(|rate| rate * wave / 30.0);
        }
        now.topics = Section::read(topics, now.taken_ms, Vec::new());
        update(
            &mut state,
            Action::Tick {
                now_ms: now.taken_ms,
            },
        );
        give(&mut state, now);
    }
    state
}

pub(super) fn lost(state: &mut State) {
    let mut old = state.live.clone();
    let fault = Fault {
        server: "127.0.0.1:9876".to_owned(),
        reason: "connection refused".to_owned(),
    };
    old.cluster = old.cluster.kept(vec![fault.clone()]);
    old.topics = old.topics.kept(vec![fault.clone()]);
    old.groups = old.groups.kept(vec![fault]);
    give(state, old);
    let retry_at_ms = state.now_ms + 16_000;
    update(
        state,
        Action::Lost {
            reason: "connection refused".to_owned(),
            retry_at_ms,
        },
    );
    let now_ms = state.now_ms + 12_000;
    update(state, Action::Tick { now_ms });
}

/// Topics with names that are wide, dangerous or long.
fn odd_names() -> Snapshot {
    let names = [
        "订单-退货-很长的主题名称-需要截断",
        "emoji-🚀-topic",
        "evil\u{1b}[31m\u{202e}name",
    ];
    let mut topics: Vec<_> = names
        .iter()
        .map(|name| topic(name, TopicKind::Normal, Some(3.0)))
        .collect();
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    Snapshot {
        topics: Section::read(topics, NOW_MS, Vec::new()),
        ..snapshot(NOW_MS)
    }
}

#[test]
fn every_view_is_in_the_table_once_and_leads_to_a_tab() {
    for view in VIEWS {
        assert_eq!(by_id(view.id).title, view.title);
        assert!(by_id(view.tab_of).tab.is_some(), "{}", view.title);
    }
    let mut keys: Vec<_> = VIEWS.iter().filter_map(|view| view.tab).collect();
    let count = keys.len();
    keys.dedup();
    assert!(keys.is_sorted() && keys.len() == count);
}

#[test]
fn the_cluster_at_its_three_sizes() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(
            format!("cluster_{columns}x{rows}"),
            screen(&minute(columns, rows))
        );
    }
}

#[test]
fn the_cluster_when_it_is_narrow_and_when_it_is_tiny() {
    insta::assert_snapshot!("cluster_70x30", screen(&minute(70, 30)));
    insta::assert_snapshot!("cluster_40x12", screen(&minute(40, 12)));
}

#[test]
fn the_topics_at_their_three_sizes() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = minute(columns, rows);
        press(&mut state, "2");
        insta::assert_snapshot!(format!("topics_{columns}x{rows}"), screen(&state));
    }
    let mut state = minute(40, 12);
    press(&mut state, "2");
    insta::assert_snapshot!("topics_40x12", screen(&state));
}

#[test]
fn before_the_first_reading() {
    let mut state = testing::empty(80, 24);
    insta::assert_snapshot!("cluster_loading", screen(&state));
    press(&mut state, "2");
    insta::assert_snapshot!("topics_loading", screen(&state));
}

#[test]
fn a_cluster_with_nothing_in_it() {
    let mut state = testing::empty(80, 24);
    let nothing = Snapshot {
        taken_ms: NOW_MS,
        cluster: testing::cluster_section(0, NOW_MS),
        topics: Section::read(Vec::new(), NOW_MS, Vec::new()),
        groups: Section::read(Vec::new(), NOW_MS, Vec::new()),
        ..Snapshot::default()
    };
    give(&mut state, nothing);
    insta::assert_snapshot!("cluster_empty", screen(&state));
    press(&mut state, "2");
    insta::assert_snapshot!("topics_empty", screen(&state));
}

#[test]
fn a_cluster_that_is_gone_stays_on_the_screen_with_its_age() {
    let mut state = minute(120, 40);
    lost(&mut state);
    insta::assert_snapshot!("cluster_lost", screen(&state));
    press(&mut state, "2");
    insta::assert_snapshot!("topics_lost", screen(&state));
}

#[test]
fn a_broker_that_does_not_answer_marks_only_its_row() {
    let mut state = minute(120, 40);
    let mut broken = state.live.clone();
    let mut cluster = broken.cluster.get().unwrap().clone();
    let broker = &mut cluster.brokers[1];
    broker.error = Some("connection refused".to_owned());
    broker.in_per_s = None;
    cluster.brokers[2].put_p99_ms = Some(210.0);
    let fault = Fault {
        server: "b-1".to_owned(),
        reason: "connection refused".to_owned(),
    };
    broken.cluster = Section::read(cluster, broken.taken_ms, vec![fault]);
    give(&mut state, broken);
    insta::assert_snapshot!("cluster_partial", screen(&state));
    press(&mut state, "!");
    insta::assert_snapshot!("errors", screen(&state));
}

#[test]
fn names_from_elsewhere_keep_their_columns() {
    let mut state = testing::empty(80, 24);
    give(&mut state, odd_names());
    press(&mut state, "2");
    let shown = screen(&state);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));
    insta::assert_snapshot!("topics_odd_names", shown);
}

#[test]
fn ascii_is_ascii_but_for_names() {
    let mut state = minute(120, 40);
    state.theme.is_ascii = true;
    let shown = screen(&state);
    let strange: Vec<char> = shown.chars().filter(|c| !c.is_ascii()).collect();
    assert!(strange.is_empty(), "{strange:?}\n{shown}");
    insta::assert_snapshot!("cluster_ascii", shown);
}

#[test]
fn the_topics_are_filtered_while_the_filter_is_typed() {
    let mut state = testing::state(80, 24);
    press(&mut state, "2 /");
    type_in(&mut state, "!ret");
    assert_eq!(state.topics.browser.row_count(), 2);
    insta::assert_snapshot!("topics_filter", screen(&state));
    press(&mut state, "esc");
    assert_eq!(state.topics.browser.row_count(), 3);
    press(&mut state, "/");
    type_in(&mut state, "ord(");
    press(&mut state, "enter");
    assert!(screen(&state).contains("unclosed group"));
    press(&mut state, "esc");
    assert_eq!(state.topics.browser.row_count(), 3);
}

#[test]
fn the_chosen_topic_stays_chosen_when_it_moves() {
    let mut state = testing::state(80, 24);
    press(&mut state, "2 G");
    let line = |state: &State| {
        let shown = screen(state);
        shown
            .lines()
            .find(|line| line.contains('▶'))
            .unwrap()
            .to_owned()
    };
    assert!(line(&state).contains("orders-returns"));
    press(&mut state, "S j j j j enter");
    assert!(
        line(&state).contains("orders-returns"),
        "{}",
        screen(&state)
    );
    assert!(screen(&state).contains("by IN/s ▼"));
    press(&mut state, "S enter");
    assert!(screen(&state).contains("by IN/s ▲"), "{}", screen(&state));
}

/// The matrix of 24 queues and four members, after six of them moved.
fn matrix(columns: u16, rows: u16) -> State {
    let owners = "10.0.0.12@job-1 ".repeat(6)
        + &"10.0.0.7@web-1 ".repeat(6)
        + &"10.0.0.8@web-2 ".repeat(6)
        + &"10.0.0.9@web-3 ".repeat(6);
    let before = owners.replacen("10.0.0.7@web-1 ", "10.0.0.8@web-2 ", 2);
    matrix_of(columns, rows, &before, &owners)
}

fn matrix_of(columns: u16, rows: u16, before: &str, owners: &str) -> State {
    let mut state = testing::empty(columns, rows);
    crate::view::topic::open(&mut state, "orders", Some("billing"));
    for (owners, at) in [
        (before, NOW_MS - 20_000),
        (owners, NOW_MS - 17_000),
        (owners, NOW_MS),
    ] {
        update(&mut state, Action::Tick { now_ms: at });
        give(
            &mut state,
            Snapshot {
                allocation: testing::allocation_section(owners, at),
                ..snapshot(at)
            },
        );
    }
    state
}

#[test]
fn the_matrix_at_its_three_sizes() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = matrix(columns, rows);
        press(&mut state, "j l l l l l l");
        insta::assert_snapshot!(format!("topic_{columns}x{rows}"), screen(&state));
    }
    insta::assert_snapshot!("topic_40x12", screen(&matrix(40, 12)));
}

#[test]
fn the_matrix_by_each_heat_and_in_numbers() {
    let mut state = matrix(120, 24);
    press(&mut state, "#");
    insta::assert_snapshot!("topic_numbers", screen(&state));
    press(&mut state, "# b b b");
    state.toast = None;
    insta::assert_snapshot!("topic_owners", screen(&state));
}

#[test]
fn more_queues_than_columns_become_an_overview_with_a_window() {
    let owners = (0..400)
        .map(|at| format!("client-{} ", at / 100))
        .collect::<String>();
    let mut state = matrix_of(80, 40, &owners, &owners);
    for _ in 0..150 {
        press(&mut state, "l");
    }
    insta::assert_snapshot!("topic_overview", screen(&state));
}

#[test]
fn a_topic_that_nobody_reads_shows_its_queues() {
    let mut state = testing::empty(80, 24);
    let mut silent = topic("silent", TopicKind::Normal, Some(1.0));
    silent.groups = Some(Vec::new());
    silent.queues = Some(
        testing::queues(1, 4)
            .into_iter()
            .map(|queue| client::snapshot::TopicQueue {
                queue: queue.queue,
                min_offset: 0,
                max_offset: 10,
                last_write_ms: 0,
                in_per_s: queue.in_per_s,
            })
            .collect(),
    );
    give(
        &mut state,
        Snapshot {
            topics: Section::read(vec![silent], NOW_MS, Vec::new()),
            ..snapshot(NOW_MS)
        },
    );
    press(&mut state, "2 enter l");
    insta::assert_snapshot!("topic_silent", screen(&state));
    press(&mut state, "p");
    assert!(screen(&state).contains("no group reads this topic"));
}

#[test]
fn esc_goes_from_the_matrix_to_the_topics_and_enter_goes_in() {
    let mut state = testing::state(80, 24);
    press(&mut state, "tab enter");
    assert_eq!(state.view, ViewId::Topic);
    assert_eq!(state.topic.group.as_deref(), Some("nightly"));
    let wanted = Some(("nightly".to_owned(), "orders".to_owned()));
    assert_eq!(state.wants.allocation, wanted);
    assert!(screen(&state).contains("reading who of nightly reads which queue"));
    press(&mut state, "p");
    assert_eq!(state.topic.group.as_deref(), Some("billing"));
    press(&mut state, "esc");
    assert_eq!(state.view, ViewId::Topics);
    assert_eq!(state.wants.allocation, None);
}

#[test]
fn columns_can_be_left_out() {
    let mut state = testing::state(200, 60);
    press(&mut state, "2 C");
    insta::assert_snapshot!("columns", screen(&state));
    press(&mut state, "space enter");
    assert!(!screen(&state).contains("TYPE"));
    assert!(!screen(&state).contains("PERM"));
    press(&mut state, "w");
    assert!(screen(&state).contains("PERM"));
}

#[test]
fn every_theme_says_the_same() {
    let mut state = minute(80, 24);
    let plain = screen(&state);
    for (name, _) in crate::theme::THEMES {
        state.theme.name = *name;
        assert_eq!(screen(&state), plain, "{name:?}");
    }
    state.theme.name = ThemeName::Dark;
    assert_eq!(screen(&state), plain);
}

#[test]
fn a_broker_tells_all_it_knows() {
    let mut state = testing::state(80, 24);
    press(&mut state, "enter");
    insta::assert_snapshot!("broker", screen(&state));
}

#[test]
fn help_is_drawn_from_the_table_of_keys() {
    let mut state = testing::state(80, 24);
    state.view = ViewId::Topics;
    press(&mut state, "?");
    insta::assert_snapshot!("help", screen(&state));
}

#[test]
fn no_size_is_too_small() {
    for (columns, rows) in [(1, 1), (2, 3), (10, 4), (59, 14), (60, 15), (79, 20)] {
        let mut state = minute(columns, rows);
        for keys in [
            "3", "d", "esc", "5", "1", "tab", "2", "S", "esc", "?", "esc", "/", "esc", "enter",
            "x", "esc", "!",
        ] {
            press(&mut state, keys);
            screen(&state);
        }
        let mut state = matrix(columns, rows);
        for keys in ["l", "j", "G", "b", "#", "x"] {
            press(&mut state, keys);
            screen(&state);
        }
    }
}
