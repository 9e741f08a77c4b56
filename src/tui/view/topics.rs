//! Which topics are there, what flows through them, who is behind.

mod columns;

use std::borrow::Cow;

use client::snapshot::{TopicKind, TopicState, Wants};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::browser::{self, Browser, Catalog, Field};
use super::{View, ViewId, frame, pane, quoted};
use crate::effect::Effect;
use crate::keymap::{Binding, Command};
use crate::state::State;

/// The view.
pub(crate) const VIEW: View = View {
    id: ViewId::Topics,
    title: "Topics",
    tab: Some('2'),
    tab_of: ViewId::Topics,
    keys: KEYS,
    draw,
    run,
    wants,
    as_command,
    refresh: browser::refresh::<Topics>,
    on_data: |_, _| {},
};

const KEYS: &[Binding] = &[
    browser::FILTER,
    browser::SORT,
    browser::WIDE,
    browser::COLUMNS,
    Binding::new(
        Command::Messages,
        "messages",
        &["m"],
        "the messages of this topic",
    )
    .footer("messages"),
    Binding::new(
        Command::Internal,
        "internal",
        &["i"],
        "RocketMQ's own topics too, and back",
    )
    .footer("internal"),
];

/// What the view remembers.
#[derive(Debug, Default)]
pub struct TopicsView {
    /// The list.
    pub browser: Browser,
    /// Whether RocketMQ's own topics are shown.
    pub has_internal: bool,
}

/// The list of topics.
struct Topics;

impl Catalog for Topics {
    type Item = TopicState;
    const WHAT: &'static str = "topics";
    const FIELDS: &'static [Field<TopicState>] = columns::FIELDS;

    fn browser(state: &State) -> &Browser {
        &state.topics.browser
    }

    fn browser_mut(state: &mut State) -> &mut Browser {
        &mut state.topics.browser
    }

    fn items(state: &State) -> &[TopicState] {
        state.shown().topics.get().map_or(&[], Vec::as_slice)
    }

    fn id(topic: &TopicState) -> Cow<'_, str> {
        topic.topic.as_str().into()
    }

    /// RocketMQ's own. A dead letter queue with messages is somebody's concern.
    fn is_left_out(state: &State, topic: &TopicState) -> bool {
        if state.topics.has_internal {
            return false;
        }
        match topic.kind {
            TopicKind::System | TopicKind::Retry => true,
            TopicKind::DeadLetter => topic.messages == Some(0),
            TopicKind::Normal | TopicKind::Fifo | TopicKind::Delay | TopicKind::Transaction => {
                false
            }
        }
    }
}

fn wants(state: &State, wants: &mut Wants) {
    wants.topics = true;
    wants.visible_topics = browser::visible::<Topics>(state)
        .map(|topic| topic.topic.clone())
        .collect();
    wants.visible_topics.sort_unstable();
}

fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => {
            let topic = browser::chosen::<Topics>(state).map(|topic| topic.topic.clone());
            if let Some(topic) = topic {
                super::topic::open(state, &topic, None);
            }
        }
        Command::Messages => {
            let topic = browser::chosen::<Topics>(state).map(|topic| topic.topic.clone());
            if let Some(topic) = topic {
                super::messages::open_topic(state, &topic);
            }
        }
        Command::Internal => {
            state.topics.has_internal = !state.topics.has_internal;
            browser::refresh::<Topics>(state);
        }
        command => return browser::run::<Topics>(state, command),
    }
    Some(Vec::new())
}

fn as_command(state: &State) -> String {
    match browser::chosen::<Topics>(state) {
        Some(topic) => format!("topic describe {}", quoted(&topic.topic)),
        None => "topic list".to_owned(),
    }
}

fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let section = &state.shown().topics;
    let title = browser::title::<Topics, _>(state, "Topics", section);
    let inner = if frame::is_basic(state) {
        area
    } else {
        pane::boxed(state, frame, area, &title, true)
    };
    let nothing = if Topics::items(state).is_empty() {
        "no topics yet"
    } else {
        "only RocketMQ's own topics; i shows them"
    };
    browser::draw::<Topics, _>(state, frame, inner, section, nothing);
}
