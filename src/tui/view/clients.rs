//! Who is connected: producers and members of groups.

use std::borrow::Cow;

use client::snapshot::{ClientKind, ClientState, Wants};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::browser::{self, Browser, Catalog, Field, Key};
use super::table::{Cell, Column};
use super::{View, ViewId, frame, pane, quoted, series};
use crate::effect::Effect;
use crate::format::{self, or_nothing};
use crate::keymap::{Binding, Command};
use crate::overlay::details::Details;
use crate::state::State;
use crate::theme::Role;
use crate::update;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Clients,
    title: "Clients",
    tab: Some('5'),
    tab_of: ViewId::Clients,
    keys: KEYS,
    draw,
    run,
    wants: |_, wants: &mut Wants| wants.clients = true,
    as_command,
    refresh: browser::refresh::<Clients>,
    on_data: |_, _| {},
};

const KEYS: &[Binding] = &[
    browser::FILTER,
    browser::SORT,
    browser::WIDE,
    browser::COLUMNS,
    Binding::new(
        Command::Describe,
        "describe",
        &["d"],
        "all that is known of it",
    )
    .footer("describe"),
];

/// What the view remembers.
#[derive(Debug, Default)]
pub struct ClientsView {
    /// The list.
    pub browser: Browser,
}

/// The list of clients.
struct Clients;

impl Catalog for Clients {
    type Item = ClientState;
    const WHAT: &'static str = "clients";
    const FIELDS: &'static [Field<ClientState>] = FIELDS;

    fn browser(state: &State) -> &Browser {
        &state.clients.browser
    }

    fn browser_mut(state: &mut State) -> &mut Browser {
        &mut state.clients.browser
    }

    fn items(state: &State) -> &[ClientState] {
        state.shown().clients.get().map_or(&[], Vec::as_slice)
    }

    fn id(client: &ClientState) -> Cow<'_, str> {
        format!(
            "{} {} {}",
            client.client_id,
            kind_word(client.kind),
            client.group
        )
        .into()
    }
}

const fn kind_word(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Consumer => "consumer",
        ClientKind::Producer => "producer",
    }
}

fn words(words: &str) -> Option<Key<'_>> {
    Some(Key::Text(words.into()))
}

fn count(count: i64) -> Key<'static> {
    Key::Number(series::as_value(count))
}

fn length(length: usize) -> Key<'static> {
    count(i64::try_from(length).unwrap_or(i64::MAX))
}

/// A member that takes this long for a message is marked, in ms.
const SLOW_CONSUME_MS: f64 = 100.0;

/// All columns, in their order.
const FIELDS: &[Field<ClientState>] = &[
    Field::text(
        Column::text("CLIENT", 18, 0),
        |client| words(&client.client_id),
        |_, client| Cell::new(client.client_id.clone()),
    ),
    Field::text(
        Column::text("KIND", 8, 2),
        |client| words(kind_word(client.kind)),
        |_, client| Cell::new(kind_word(client.kind)).role(Role::Dim),
    ),
    Field::text(
        Column::text("GROUP", 14, 0),
        |client| words(&client.group),
        |_, client| Cell::new(client.group.clone()),
    ),
    Field::text(
        Column::text("LANG", 6, 4),
        |client| words(&client.language),
        |_, client| Cell::new(client.language.clone()),
    ),
    Field::text(
        Column::text("VERSION", 8, 6),
        |client| words(&client.version),
        |_, client| Cell::new(client.version.clone()),
    ),
    Field::text(
        Column::text("ADDR", 21, 5),
        |client| words(&client.addr),
        |_, client| Cell::new(client.addr.clone()).role(Role::Dim),
    ),
    Field::text(
        Column::text("TOPICS", 16, 3),
        |client| Some(length(client.subscriptions.len())),
        |_, client| Cell::new(topics(client)),
    ),
    Field::number(
        Column::number("QUEUES", 6, 1),
        |client| client.queues.map(length),
        |_, client| Cell::new(or_nothing(client.queues, |count| count.to_string())),
    ),
    Field::number(
        Column::number("HEARTBEAT", 9, 7),
        |client| client.last_heartbeat_ms.map(count),
        |state, client| {
            let age = client.last_heartbeat_ms.map(|at| state.shown_ms() - at);
            Cell::new(or_nothing(age, format::span))
        },
    ),
    Field::number(
        Column::number("IN FLIGHT", 9, 4),
        |client| client.in_flight.map(count),
        |_, client| Cell::new(or_nothing(client.in_flight, format::grouped)),
    ),
    Field::number(
        Column::number("RT", 7, 3),
        |client| client.consume_rt_ms.map(Key::Number),
        |_, client| {
            let is_slow = client.consume_rt_ms.is_some_and(|ms| ms >= SLOW_CONSUME_MS);
            let role = if is_slow { Role::Warn } else { Role::Text };
            Cell::new(or_nothing(client.consume_rt_ms, format::latency)).role(role)
        },
    ),
    Field::number(
        Column::number("OUT/s", 6, 3),
        |client| client.consume_tps.map(Key::Number),
        |_, client| Cell::new(or_nothing(client.consume_tps, format::short)),
    ),
    Field::<ClientState>::text(
        Column::text("BROKERS", 12, 8),
        |client| Some(length(client.brokers.len())),
        |_, client| Cell::new(client.brokers.join(",")),
    )
    .wide(),
];

/// What it subscribes to; expressions only where they choose.
fn topics(client: &ClientState) -> String {
    if client.subscriptions.is_empty() {
        return format::NOTHING.to_owned();
    }
    let shown = client.subscriptions.iter().map(|(topic, expression)| {
        if expression == "*" || expression.is_empty() {
            return topic.clone();
        }
        format!("{topic}:{expression}")
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Shows the members of a group.
pub(crate) fn show_group(state: &mut State, group: &str) {
    update::show(state, ViewId::Clients);
    // The list is searched as "id kind group".
    let end = format!(" consumer {}$", regex::escape(group));
    browser::set_filter::<Clients>(state, &end);
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => {
            let chosen = browser::chosen::<Clients>(state);
            let group = chosen
                .filter(|client| client.kind == ClientKind::Consumer)
                .map(|client| client.group.clone());
            match group {
                Some(group) => super::groups::open_matrix(state, &group),
                None => describe(state),
            }
        }
        Command::Describe => describe(state),
        command => return browser::run::<Clients>(state, command),
    }
    Some(Vec::new())
}

fn describe(state: &mut State) {
    let Some(client) = browser::chosen::<Clients>(state) else {
        return;
    };
    let mut lines = vec![
        ("kind".to_owned(), kind_word(client.kind).to_owned()),
        ("group".to_owned(), client.group.clone()),
        ("language".to_owned(), client.language.clone()),
        ("version".to_owned(), client.version.clone()),
        ("address".to_owned(), client.addr.clone()),
        ("brokers".to_owned(), client.brokers.join(", ")),
        (
            "queues".to_owned(),
            or_nothing(client.queues, |count| count.to_string()),
        ),
        (
            "in flight".to_owned(),
            or_nothing(client.in_flight, format::grouped),
        ),
    ];
    let subscriptions = client.subscriptions.iter();
    lines.extend(
        subscriptions
            .map(|(topic, expression)| (format!("subscribes to {topic}"), expression.clone())),
    );
    let title = format!("Client {}", client.client_id);
    state.overlay = Some(Box::new(Details::new(title, lines)));
}

fn as_command(state: &State) -> String {
    match browser::chosen::<Clients>(state) {
        Some(client) if client.kind == ClientKind::Consumer => {
            format!("client list --group {}", quoted(&client.group))
        }
        _ => "client list".to_owned(),
    }
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().clients;
    let title = browser::title::<Clients, _>(state, "Clients", section);
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title, true)
    };
    browser::draw::<Clients, _>(state, frame, inner, section, "nobody is connected");
}

#[cfg(test)]
mod tests;
