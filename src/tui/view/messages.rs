//! The messages of a topic: a list of those that match a query, and everything about the chosen one.
//!
//! What is read is an [`Order`] of `orders`; what comes of it is told to `on_told`. Invariant: no
//! more than [`MESSAGES_MAX`] messages and [`BYTES_MAX`] bytes of bodies are kept; the oldest go first.

mod body;
mod inspector;
mod keys;
mod query;
mod rows;
mod table;

use std::collections::VecDeque;
use std::sync::Arc;

use client::snapshot::Wants;
use protocol::body::MessageQueue;
use protocol::message::MessageExt;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::body::BodyForm;
use self::rows::{Place, Rows};
use super::list::List;
use super::{View, ViewId, frame, quoted};
use crate::effect::Effect;
use crate::format;
use crate::keymap::Command;
use crate::overlay::query::QueryBar;
use crate::source::messages::{Begin, Mark, Order, Told, Wanted, json};
use crate::state::State;
use crate::update;
pub use query::{Query, QueryError};
pub use rows::{BYTES_MAX, MESSAGES_MAX};

/// Queries that can be called back.
const HISTORY_MAX: usize = 50;

/// How long a row has to be the chosen one before it is asked who has read it, in ms.
const REST_MS: i64 = 300;

/// How long it is believed who has read a message, in ms.
const MARKS_MS: i64 = 10_000;

/// Messages of which it is kept who has read them.
const MARKS_MAX: usize = 64;

/// Messages with the pinned key of which it is asked, the newest.
const PINNED_MARKS_MAX: usize = 32;

/// Over how long the rate of what comes in is taken, in ms.
const RATE_MS: i64 = 5_000;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Messages,
    title: "Messages",
    tab: Some('4'),
    tab_of: ViewId::Messages,
    keys: keys::KEYS,
    draw,
    run,
    wants: |_: &State, _: &mut Wants| {},
    as_command,
    refresh,
    on_data: |_, _| {},
};

/// How far the reading is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Phase {
    /// It has to begin, or to begin anew.
    #[default]
    Wanted,
    /// What is stored is being read.
    Reading,
    /// All of it is there; what comes in is followed, if that is wanted.
    CaughtUp,
    /// It cannot be read.
    Failed(String),
}

/// Who has read a message, and when that was found out.
#[derive(Debug)]
struct Known {
    place: Place,
    at_ms: i64,
    marks: Result<Vec<Mark>, String>,
}

/// What the view remembers.
#[derive(Debug, Default)]
pub struct MessagesView {
    /// Which messages are asked for.
    pub query: Query,
    /// Whether what comes in is followed.
    pub follows: bool,
    /// The key that is pinned.
    pinned: Option<String>,
    /// Whether it was asked who has read the messages with it.
    is_pinned_asked: bool,
    /// The queries so far, oldest first.
    history: VecDeque<String>,
    rows: Rows,
    list: List,
    phase: Phase,
    /// The newest order.
    ticket: u64,
    /// Queues that cannot be read, and why.
    lost: Vec<(MessageQueue, String)>,
    /// How many messages were looked at.
    looked: u64,
    /// What came in of late: when, how many were looked at, how many matched.
    arrivals: VecDeque<(i64, u64, u64)>,
    /// Whether the keys go to the inspector.
    is_inspecting: bool,
    /// The inspector's first line.
    scroll: usize,
    form: BodyForm,
    /// The chosen row, and since when it is.
    resting: Option<(Place, i64)>,
    known: VecDeque<Known>,
    /// How many messages it is being asked of who has read them.
    asked: usize,
}

impl MessagesView {
    /// The queries so far, oldest first.
    #[must_use]
    pub const fn history(&self) -> &VecDeque<String> {
        &self.history
    }

    /// Whether the list begins with the oldest: where a queue or a key is read onwards.
    fn is_oldest_first(&self) -> bool {
        self.pinned.is_some() || matches!(self.query.begin, Begin::At(..))
    }

    /// The message of a row.
    fn at_row(&self, row: usize) -> Option<&Arc<MessageExt>> {
        self.rows.get(row, self.is_oldest_first())
    }

    fn chosen(&self) -> Option<&Arc<MessageExt>> {
        self.at_row(self.list.at)
    }

    fn marks_of(&self, message: &MessageExt) -> Option<&Known> {
        let place = Place::of(message);
        self.known.iter().find(|known| known.place == place)
    }

    /// How many a second are looked at, and how many of them match.
    fn rate(&self, now_ms: i64) -> (f64, f64) {
        let recent = self
            .arrivals
            .iter()
            .filter(|(at, ..)| at + RATE_MS > now_ms);
        let (looked, found) = recent.fold((0, 0), |(looked, found), (_, more, match_)| {
            (looked + more, found + match_)
        });
        #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
        let per_s = |count: u64| count as f64 * 1_000.0 / RATE_MS as f64;
        (per_s(looked), per_s(found))
    }

    /// Forgets what was read: something else is wanted.
    fn restart(&mut self) {
        self.phase = Phase::Wanted;
        self.rows = Rows::default();
        self.list = List::default();
        self.lost.clear();
        self.looked = 0;
        self.arrivals.clear();
        self.scroll = 0;
        self.is_pinned_asked = false;
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            topic: self.query.topic.clone(),
            begin: self.query.begin.clone(),
            condition: self.query.condition.clone(),
            key: self.pinned.clone(),
            follows: self.follows && self.pinned.is_none(),
            max: MESSAGES_MAX,
        }
    }
}

/// Goes to the view; asks for a topic if there is none.
pub(crate) fn enter(state: &mut State) {
    update::show(state, ViewId::Messages);
    if state.messages.query.topic.is_empty() {
        open_bar(state);
    }
}

/// The last messages of a topic.
pub(crate) fn open_topic(state: &mut State, topic: &str) {
    ask(state, Query::of_topic(topic));
    update::show(state, ViewId::Messages);
}

/// The messages of a queue from an offset on.
pub(crate) fn open_queue(state: &mut State, queue: MessageQueue, offset: i64) {
    let query = Query {
        topic: queue.topic.clone(),
        begin: Begin::At(queue, offset),
        condition: String::new(),
    };
    ask(state, query);
    update::show(state, ViewId::Messages);
}

/// Asks for other messages, or for the same again.
pub(crate) fn ask(state: &mut State, query: Query) {
    let view = &mut state.messages;
    let text = query.to_string();
    view.history.retain(|known| *known != text);
    if view.history.len() == HISTORY_MAX {
        view.history.pop_front();
    }
    view.history.push_back(text);
    view.query = query;
    view.pinned = None;
    view.restart();
}

fn open_bar(state: &mut State) {
    let query = &state.messages.query;
    let text = if query.topic.is_empty() {
        String::new()
    } else {
        query.to_string()
    };
    state.overlay = Some(Box::new(QueryBar::new(text)));
}

/// What has to be read now that it was not before; called after everything that happens.
pub(crate) fn orders(state: &mut State) -> Vec<Effect> {
    let is_frozen = state.timeline.is_frozen();
    let is_seen = state.view == ViewId::Messages && !state.messages.query.topic.is_empty();
    let now_ms = state.now_ms;
    let view = &mut state.messages;
    let mut orders = Vec::new();
    if !is_seen {
        let follows = view.follows && view.phase == Phase::CaughtUp;
        if view.phase == Phase::Reading || follows || view.asked > 0 {
            orders.push(Order::Stop);
            view.asked = 0;
            if view.phase == Phase::Reading || follows {
                view.phase = Phase::Wanted;
            }
        }
    } else if view.phase == Phase::Wanted {
        view.restart();
        view.phase = Phase::Reading;
        view.ticket += 1;
        view.asked = 0;
        orders.push(Order::Stop);
        orders.push(Order::Read {
            ticket: view.ticket,
            wanted: view.wanted(),
        });
    } else if !is_frozen {
        orders.extend(track_order(view, now_ms));
    }
    if !is_frozen && view.rows.release() {
        refresh(state);
    }
    orders.into_iter().map(Effect::Messages).collect()
}

/// Asks who has read the chosen message, when it has been that for a moment.
fn track_order(view: &mut MessagesView, now_ms: i64) -> Option<Order> {
    if view.pinned.is_some() && view.phase == Phase::CaughtUp && !view.is_pinned_asked {
        view.is_pinned_asked = true;
        let messages = view.rows.newest(PINNED_MARKS_MAX);
        view.asked = messages.len();
        let ticket = view.ticket;
        return (view.asked > 0).then_some(Order::Track { ticket, messages });
    }
    let message = Arc::clone(view.chosen()?);
    let place = Place::of(&message);
    let since = match &view.resting {
        Some((known, since)) if *known == place => *since,
        _ => {
            view.resting = Some((place, now_ms));
            return None;
        }
    };
    let is_known = view
        .marks_of(&message)
        .is_some_and(|known| known.at_ms + MARKS_MS > now_ms);
    if is_known || view.asked > 0 || now_ms - since < REST_MS {
        return None;
    }
    view.asked = 1;
    Some(Order::Track {
        ticket: view.ticket,
        messages: vec![message],
    })
}

/// Notes what came of an order.
pub(crate) fn on_told(state: &mut State, ticket: u64, told: Told) {
    let (now_ms, is_frozen) = (state.now_ms, state.timeline.is_frozen());
    let view = &mut state.messages;
    if ticket != view.ticket {
        return;
    }
    match told {
        Told::Found { messages, looked } => {
            let found = u64::try_from(messages.len()).unwrap_or(u64::MAX);
            view.looked += looked;
            if view.phase == Phase::CaughtUp {
                view.arrivals.push_back((now_ms, looked, found));
                let is_old = |(at, ..): &(i64, u64, u64)| at + RATE_MS <= now_ms;
                while view.arrivals.front().is_some_and(is_old) {
                    view.arrivals.pop_front();
                }
            }
            let chosen = view.chosen().map(|message| Place::of(message));
            view.rows.add(messages, is_frozen);
            keep_chosen(view, chosen.as_ref());
        }
        Told::CaughtUp => view.phase = Phase::CaughtUp,
        Told::QueueLost { queue, reason } => {
            let subject = format!("{}/q{}", queue.broker_name, queue.queue_id);
            view.lost.push((queue, reason.clone()));
            state.complain(subject, reason);
        }
        Told::QueueBack(queue) => view.lost.retain(|(known, _)| *known != queue),
        Told::Failed(reason) => view.phase = Phase::Failed(reason),
        Told::Marks(message, marks) => {
            view.asked = view.asked.saturating_sub(1);
            let place = Place::of(&message);
            view.known.retain(|known| known.place != place);
            if view.known.len() == MARKS_MAX {
                view.known.pop_front();
            }
            view.known.push_back(Known {
                place,
                at_ms: now_ms,
                marks,
            });
        }
    }
    refresh(state);
}

/// Keeps the chosen message chosen. At the top of what comes in, the newest stays the chosen one.
fn keep_chosen(view: &mut MessagesView, chosen: Option<&Place>) {
    let is_first = view.list == List::default();
    if is_first && view.follows {
        return;
    }
    let order = view.is_oldest_first();
    if let Some(at) = chosen.and_then(|place| view.rows.find(place, order)) {
        view.list.at = at;
    }
}

fn refresh(state: &mut State) {
    let height = table::height(state);
    let view = &mut state.messages;
    let len = view.rows.len();
    view.list.clamp(len, height);
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Query => open_bar(state),
        Command::Follow => toggle_follow(state),
        Command::FollowKey => pin(state),
        Command::BodyForm => {
            state.messages.form = state.messages.form.next();
            state.messages.scroll = 0;
        }
        Command::CopyBody => {
            let message = state.messages.chosen()?;
            let text = body::copied(&message.body).into_owned();
            state.say("the body is copied, if the terminal allows it");
            return Some(vec![Effect::Copy(text)]);
        }
        Command::CopyRow => {
            let text = json::line(state.messages.chosen()?);
            state.say("the message is copied, if the terminal allows it");
            return Some(vec![Effect::Copy(text)]);
        }
        Command::Export => return Some(export(state)),
        Command::Open if state.messages.chosen().is_some() => state.messages.is_inspecting = true,
        Command::NextPane if state.messages.chosen().is_some() => {
            let view = &mut state.messages;
            view.is_inspecting = !view.is_inspecting;
            if !view.is_inspecting {
                return None;
            }
        }
        Command::Reconnect => state.messages.restart(),
        Command::Back if state.is_expanded => return None,
        Command::Back if state.messages.is_inspecting => state.messages.is_inspecting = false,
        Command::Back if state.messages.pinned.is_some() => {
            state.messages.pinned = None;
            state.messages.restart();
        }
        command => return step(state, command),
    }
    Some(Vec::new())
}

/// Moves in the list or in the inspector.
fn step(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    if state.messages.is_inspecting {
        let lines = inspector::lines(state, inspector::width(state)).len();
        let height = inspector::height(state);
        let view = &mut state.messages;
        let last = lines.saturating_sub(height);
        let half = (height / 2).max(1);
        view.scroll = match command {
            Command::Up => view.scroll.saturating_sub(1),
            Command::Down => view.scroll + 1,
            Command::HalfUp => view.scroll.saturating_sub(half),
            Command::HalfDown => view.scroll + half,
            Command::Top => 0,
            Command::Bottom => last,
            _ => return None,
        }
        .min(last);
        return Some(Vec::new());
    }
    let height = table::height(state);
    let view = &mut state.messages;
    let (before, len) = (view.list.at, view.rows.len());
    let has_moved = view.list.step(command, len, height);
    if view.list.at != before {
        view.scroll = 0;
    }
    has_moved.then(Vec::new)
}

fn toggle_follow(state: &mut State) {
    let view = &mut state.messages;
    if view.pinned.is_some() {
        state.say("a key is pinned; esc leaves it");
        return;
    }
    view.follows = !view.follows;
    view.restart();
    let words = if view.follows {
        "following what comes in"
    } else {
        "no longer following"
    };
    state.say(words);
}

/// Every message with the key of the chosen one.
fn pin(state: &mut State) {
    let view = &mut state.messages;
    let key = view.chosen().and_then(|message| {
        let keys = message.keys();
        keys.first().map(|key| (*key).to_owned())
    });
    match key {
        Some(key) => {
            view.restart();
            view.pinned = Some(key);
            view.is_inspecting = false;
        }
        None => state.say("this message has no key"),
    }
}

fn export(state: &mut State) -> Vec<Effect> {
    let messages = state.messages.rows.newest(usize::MAX);
    if messages.is_empty() {
        state.say("there is nothing to export");
        return Vec::new();
    }
    let is_plain = |c: char| c.is_alphanumeric() || "-_%".contains(c);
    let topic = &state.messages.query.topic;
    let topic: String = topic
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    let at = format::file_time(state.now_ms, &state.zone);
    let file = format!("messages-{topic}-{at}.jsonl");
    vec![Effect::Messages(Order::Export { file, messages })]
}

fn as_command(state: &State) -> String {
    let view = &state.messages;
    let topic = quoted(&view.query.topic);
    if let Some(key) = &view.pinned {
        return format!("message find --topic {topic} --key {}", quoted(key));
    }
    if let (true, Some(message)) = (view.is_inspecting, view.chosen()) {
        let queue = format!("{}:{}", message.broker_name, message.queue_id);
        let (queue, offset) = (quoted(&queue), message.queue_offset);
        return format!("message get --topic {topic} --queue {queue} --offset {offset}");
    }
    if view.query.topic.is_empty() {
        return "topic list".to_owned();
    }
    let range = match &view.query.begin {
        Begin::Last(count) => format!("--last {count}"),
        // A range without an end goes on with what comes in, for tail.
        Begin::Start => "-r start".to_owned(),
        Begin::Ago(ms) => format!("-r @-{}s:", ms / 1_000),
        Begin::At(queue, offset) => {
            let queue = format!("{}:{}", queue.broker_name, queue.queue_id);
            format!("--queue {} -r {offset}", quoted(&queue))
        }
    };
    let verb = if view.follows { "tail" } else { "peek" };
    let mut line = format!("{verb} {topic} {range}");
    if !view.query.condition.is_empty() {
        line.push_str(&format!(" --where {}", quoted(&view.query.condition)));
    }
    line
}

/// Where the list and the inspector are.
#[derive(Debug, Clone, Copy, Default)]
struct Areas {
    list: Rect,
    inspector: Rect,
}

/// Side by side where there is room, else one below the other, else the one that gets the keys.
fn areas(state: &State, area: Rect) -> Areas {
    const SIDE_BY_SIDE_FROM: u16 = 110;
    let view = &state.messages;
    let has_both = !frame::is_basic(state) && !state.is_expanded;
    if !has_both {
        let (list, inspector) = if view.is_inspecting {
            (Rect::default(), area)
        } else {
            (area, Rect::default())
        };
        return Areas { list, inspector };
    }
    let [list, inspector] = if area.width >= SIDE_BY_SIDE_FROM {
        let width = (area.width / 3).clamp(38, 60);
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(width)]).areas(area)
    } else {
        let height = (area.height / 2).clamp(6, 16);
        Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]).areas(area)
    };
    Areas { list, inspector }
}

/// The same before anything is drawn.
fn areas_of(state: &State) -> Areas {
    let area = Rect::new(0, 0, state.size.0, frame::body_height(state));
    areas(state, area)
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let areas = areas(state, area);
    if areas.list.height > 0 {
        table::draw(state, frame, areas.list);
    }
    if areas.inspector.height > 0 {
        inspector::draw(state, frame, areas.inspector);
    }
}

#[cfg(test)]
mod tests;
