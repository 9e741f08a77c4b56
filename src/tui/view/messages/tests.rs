//! The messages as they are drawn, and from keys to orders.

use std::sync::Arc;

use client::admin::TrackState;
use protocol::message::MessageExt;

use super::*;
use crate::action::Action;
use crate::testing::{
    self, NOW_MS, allocation_section, give, message, press, screen, snapshot, type_in,
};
use crate::update::update;
use crate::view::tests::lost;

fn orders_of(effects: Vec<Effect>) -> Vec<Order> {
    let order = |effect| match effect {
        Effect::Messages(order) => Some(order),
        _ => None,
    };
    effects.into_iter().filter_map(order).collect()
}

fn tell(state: &mut State, told: Told) -> Vec<Order> {
    let ticket = state.messages.ticket;
    orders_of(update(state, Action::Messages { ticket, told }))
}

fn found(state: &mut State, messages: Vec<MessageExt>) -> Vec<Order> {
    let looked = u64::try_from(messages.len()).unwrap();
    let messages = messages.into_iter().map(Arc::new).collect();
    tell(state, Told::Found { messages, looked })
}

fn tick(state: &mut State, ms: i64) -> Vec<Order> {
    let now_ms = state.now_ms + ms;
    orders_of(update(state, Action::Tick { now_ms }))
}

fn wanted_of(orders: &[Order]) -> Wanted {
    let read = orders.iter().find_map(|order| match order {
        Order::Read { wanted, .. } => Some(wanted.clone()),
        _ => None,
    });
    read.unwrap()
}

fn stored(offset: i64, body: &[u8]) -> MessageExt {
    let stored_ms = NOW_MS - 10_000 + offset * 37;
    MessageExt {
        born_timestamp: stored_ms - 25,
        store_timestamp: stored_ms,
        ..message(i32::try_from(offset % 4).unwrap(), offset, body)
    }
}

fn marks() -> Vec<Mark> {
    let mark = |group: &str, state, behind| Mark {
        group: group.to_owned(),
        state,
        behind,
    };
    vec![
        mark("audit", TrackState::NotConsumedYet, Some(14)),
        mark("billing", TrackState::Consumed, Some(0)),
        mark("nightly", TrackState::NotOnline, Some(1_200)),
        mark("search", TrackState::ConsumedButFiltered, Some(0)),
    ]
}

/// Forty messages of `orders`, the newest chosen, with who has read it.
fn filled(columns: u16, rows: u16) -> State {
    let mut state = testing::state(columns, rows);
    press(&mut state, "2 j m");
    assert_eq!(state.messages.query.topic, "orders");
    let body = |offset| format!("{{\"total\":{offset},\"cur\":\"EUR\",\"lines\":[1,2]}}");
    let all = (0..40).map(|offset| stored(offset, body(offset).as_bytes()));
    found(&mut state, all.collect());
    tell(&mut state, Told::CaughtUp);
    let newest = Arc::clone(state.messages.chosen().unwrap());
    tell(&mut state, Told::Marks(newest, Ok(marks())));
    state
}

#[test]
fn the_messages_at_their_sizes() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let state = filled(columns, rows);
        insta::assert_snapshot!(format!("messages_{columns}x{rows}"), screen(&state));
    }
}

#[test]
fn odd_bodies_neither_drive_the_terminal_nor_break_the_columns() {
    let mut state = testing::state(120, 30);
    press(&mut state, "2 m");
    let bodies: [&[u8]; 7] = [
        b"\x1b[2J\x1b]0;evil\x07\r\n\tx",
        "订单已付款,金额一百二十元,客户很满意,谢谢惠顾,下次再来".as_bytes(),
        "🚀🎉 emoji 👨‍👩‍👧".as_bytes(),
        b"\xff\xfe\x00binary\x80",
        "evil\u{202e}txt\u{9b}31m".as_bytes(),
        b"",
        &[b'x'; 40_000],
    ];
    let all = (0..).zip(bodies).map(|(at, body)| stored(at, body));
    found(&mut state, all.collect());
    tell(&mut state, Told::CaughtUp);
    press(&mut state, "j j j j");
    insta::assert_snapshot!("messages_odd_bodies", screen(&state));
    press(&mut state, "k J J");
    insta::assert_snapshot!("messages_hex", screen(&state));
}

#[test]
fn without_topic_loading_empty_failed_and_lost() {
    let mut state = testing::state(80, 24);
    press(&mut state, "4");
    insta::assert_snapshot!("messages_asking", screen(&state));
    press(&mut state, "esc");
    assert!(screen(&state).contains("which messages?"));
    press(&mut state, "2 j m");
    assert!(screen(&state).contains("reading the messages"));
    tell(&mut state, Told::CaughtUp);
    assert!(screen(&state).contains("no messages there"));
    tell(&mut state, Told::Failed("topic gone".to_owned()));
    let shown = screen(&state);
    assert!(
        shown.contains("cannot read the messages: topic gone"),
        "{shown}"
    );
    let again = orders_of(press(&mut state, "ctrl-r"));
    assert_eq!(wanted_of(&again).topic, "orders");
    let mut state = filled(120, 40);
    lost(&mut state);
    insta::assert_snapshot!("messages_lost", screen(&state));
}

#[test]
fn a_query_is_typed_checked_and_called_back() {
    let mut state = testing::state(80, 24);
    press(&mut state, "4");
    type_in(&mut state, "orders from -5m where tag > 'x'");
    insta::assert_snapshot!("messages_query_error", screen(&state));
    assert_eq!(orders_of(press(&mut state, "enter")), []);
    press(&mut state, "ctrl-u");
    type_in(&mut state, "orders from -5m where size > 2kB");
    let wanted = wanted_of(&orders_of(press(&mut state, "enter")));
    assert_eq!(wanted.begin, Begin::Ago(300_000));
    assert_eq!(wanted.condition, "size > 2kB");
    press(&mut state, "/ ctrl-u");
    type_in(&mut state, "audit");
    press(&mut state, "enter /");
    type_in(&mut state, " x");
    let wanted = wanted_of(&orders_of(press(&mut state, "up up enter")));
    assert_eq!(wanted.condition, "size > 2kB");
}

#[test]
fn reading_begins_with_the_view_and_ends_with_it() {
    let mut state = testing::state(120, 40);
    let begun = orders_of(press(&mut state, "2 m"));
    let wanted = wanted_of(&begun);
    assert_eq!((wanted.begin, wanted.follows), (Begin::Last(200), false));
    assert_eq!(orders_of(press(&mut state, "1")), [Order::Stop]);
    // What was under way does not count any more.
    let begun = orders_of(press(&mut state, "4"));
    assert_eq!(begun.len(), 2);
    let (ticket, told) = (state.messages.ticket - 1, Told::CaughtUp);
    update(&mut state, Action::Messages { ticket, told });
    assert_eq!(state.messages.phase, Phase::Reading);
    tell(&mut state, Told::CaughtUp);
    // What is there stays there.
    assert_eq!(orders_of(press(&mut state, "1 4")), []);
    assert!(wanted_of(&orders_of(press(&mut state, "f"))).follows);
    tell(&mut state, Told::CaughtUp);
    assert_eq!(orders_of(press(&mut state, "1")), [Order::Stop]);
}

#[test]
fn what_comes_in_is_on_top_and_has_a_rate_and_a_limit() {
    let mut state = testing::state(120, 40);
    press(&mut state, "2 m f");
    tell(&mut state, Told::CaughtUp);
    let messages = (0..205).map(|at| Arc::new(stored(at, b"x"))).collect();
    let looked = 4_060;
    tell(&mut state, Told::Found { messages, looked });
    let shown = screen(&state);
    assert!(shown.contains("live ● 41 of 812/s"), "{shown}");
    let first = |state: &State| state.messages.chosen().unwrap().queue_offset;
    assert_eq!(first(&state), 204);
    found(&mut state, vec![stored(205, b"x")]);
    assert_eq!(first(&state), 205);
    // Who reads is not disturbed, who has frozen everything even less.
    press(&mut state, "j");
    found(&mut state, vec![stored(206, b"x")]);
    assert_eq!(first(&state), 204);
    press(&mut state, "space");
    found(&mut state, vec![stored(207, b"x")]);
    assert_eq!(state.messages.rows.len(), 207);
    press(&mut state, "space");
    assert_eq!(state.messages.rows.len(), 208);
    found(
        &mut state,
        (208..5_000).map(|at| stored(at, b"x")).collect(),
    );
    assert_eq!(state.messages.rows.len(), MESSAGES_MAX);
    let large = vec![b'x'; BYTES_MAX / 2 + 1];
    found(
        &mut state,
        (5_000..5_003).map(|at| stored(at, &large)).collect(),
    );
    assert_eq!(state.messages.rows.len(), 1);
    assert!(screen(&state).contains("older ones dropped"));
}

#[test]
fn who_has_read_it_is_asked_of_a_row_that_one_rests_on() {
    let mut state = testing::state(120, 40);
    press(&mut state, "2 m");
    found(&mut state, (0..40).map(|at| stored(at, b"x")).collect());
    tell(&mut state, Told::CaughtUp);
    assert_eq!(tick(&mut state, 250), []);
    press(&mut state, "j");
    assert_eq!(tick(&mut state, 250), []);
    let asked = tick(&mut state, 250);
    let [Order::Track { messages, .. }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(messages[0].queue_offset, 38);
    assert_eq!(tick(&mut state, 250), []);
    tell(
        &mut state,
        Told::Marks(Arc::clone(&messages[0]), Ok(marks())),
    );
    assert!(screen(&state).contains("audit ✗ 14 behind"));
    assert_eq!(tick(&mut state, 5_000), []);
    assert_eq!(tick(&mut state, 5_000).len(), 1);
}

#[test]
fn a_key_is_pinned_in_order_with_who_has_read_each() {
    let mut state = filled(120, 40);
    let wanted = wanted_of(&orders_of(press(&mut state, "F")));
    assert_eq!(wanted.key.as_deref(), Some("A-39"));
    found(&mut state, (0..3).map(|at| stored(at, b"x")).collect());
    let asked = tell(&mut state, Told::CaughtUp);
    let [Order::Track { messages, .. }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let offsets: Vec<i64> = messages.iter().map(|it| it.queue_offset).collect();
    assert_eq!(offsets, [0, 1, 2]);
    for message in messages {
        tell(&mut state, Told::Marks(Arc::clone(message), Ok(marks())));
    }
    insta::assert_snapshot!("messages_pinned", screen(&state));
    let back = wanted_of(&orders_of(press(&mut state, "esc")));
    assert_eq!((back.key, back.begin), (None, Begin::Last(200)));
}

#[test]
fn a_cell_of_the_matrix_leads_to_what_its_group_has_not_consumed() {
    let mut state = testing::state(120, 40);
    press(&mut state, "3 j enter");
    let mut with = snapshot(NOW_MS);
    with.allocation = allocation_section("c1 c1 c2 c2", NOW_MS);
    give(&mut state, with);
    let wanted = wanted_of(&orders_of(press(&mut state, "l enter")));
    let queue = MessageQueue::new("orders", "b-00", 1);
    assert_eq!(wanted.begin, Begin::At(queue, 60_001 - 40));
    assert_eq!(state.view, ViewId::Messages);
    // Onwards: the oldest is the first.
    found(&mut state, vec![stored(2, b"x"), stored(1, b"x")]);
    assert_eq!(state.messages.chosen().unwrap().queue_offset, 1);
}

#[test]
fn copies_exports_and_commands() {
    let mut state = filled(120, 40);
    let copied = |effects: Vec<Effect>| {
        let text = effects.into_iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        });
        text.unwrap()
    };
    assert!(copied(press(&mut state, "y")).starts_with("{\"total\":39"));
    assert!(copied(press(&mut state, "Y")).contains("\"offset\":39"));
    let exported = orders_of(press(&mut state, "e"));
    let [Order::Export { file, messages }] = exported.as_slice() else {
        panic!("{exported:?}");
    };
    assert_eq!(file, "messages-orders-20231114-221320.jsonl");
    assert_eq!(messages.len(), 40);
    let line = |state: &mut State| copied(press(state, "x"));
    assert_eq!(line(&mut state), "gantry peek orders --last 200");
    press(&mut state, "esc enter");
    assert_eq!(
        line(&mut state),
        "gantry message get --topic orders --queue b-0:3 --offset 39"
    );
    press(&mut state, "esc esc F");
    assert_eq!(
        line(&mut state),
        "gantry message find --topic orders --key A-39"
    );
    press(&mut state, "esc esc f");
    assert_eq!(line(&mut state), "gantry tail orders --last 200");
    press(&mut state, "esc");
    ask(
        &mut state,
        Query::parse("orders from -5m where tag == 'paid'").unwrap(),
    );
    assert_eq!(
        line(&mut state),
        "gantry tail orders -r @-300s: --where 'tag == '\\''paid'\\'''"
    );
}

#[test]
fn the_inspector_scrolls_within_its_lines() {
    let mut state = filled(80, 24);
    press(&mut state, "tab G");
    let bottom = state.messages.scroll;
    assert!(bottom > 0);
    press(&mut state, "j");
    assert_eq!(state.messages.scroll, bottom);
    assert!(
        screen(&state).contains("\"cur\": \"EUR\""),
        "{}",
        screen(&state)
    );
    // A long line is several on the screen, and the last of them is reached.
    press(&mut state, "tab 4");
    let long = format!("{}END", "x".repeat(1_000));
    found(&mut state, vec![stored(41, long.as_bytes())]);
    press(&mut state, "g g tab G");
    assert!(screen(&state).contains("xEND"), "{}", screen(&state));
    press(&mut state, "tab");
    assert_eq!(state.view, ViewId::Clients);
}
