//! Everything that the screen shows, as data. Only [`update`](crate::update) changes it.

use std::collections::VecDeque;

use client::snapshot::events::Event;
use client::snapshot::{Snapshot, Wants};
use jiff::tz::TimeZone;

use crate::key::Key;
use crate::keymap::Keymap;
use crate::overlay::Overlay;
use crate::theme::Theme;
use crate::timeline::Timeline;
use crate::view::clients::ClientsView;
use crate::view::cluster::ClusterView;
use crate::view::events::EventsView;
use crate::view::groups::GroupsView;
use crate::view::messages::MessagesView;
use crate::view::topic::TopicView;
use crate::view::topics::TopicsView;
use crate::view::{self, View, ViewId};

/// Errors that are kept for the list.
pub const ERRORS_MAX: usize = 200;

/// Events that are kept; of more, the oldest tenth goes.
pub const EVENTS_MAX: usize = 5_000;

/// How long a toast stays, in ms.
const TOAST_MS: i64 = 4_000;

/// The span of charts at first, in ms.
pub const CHART_SPAN_MS: i64 = 5 * 60 * 1_000;

/// How much a wrong step would cost: it colours the name of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Risk {
    /// Little.
    #[default]
    Dev,
    /// Some.
    Staging,
    /// Much.
    Prod,
}

/// The cluster that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// What the user calls it: a context, a local cluster, an address.
    pub name: String,
    /// The name servers.
    pub namesrv: Vec<String>,
    /// How careful one has to be.
    pub risk: Risk,
    /// Whether nothing may be changed.
    pub is_read_only: bool,
    /// Whether its data goes with its process.
    pub is_ephemeral: bool,
    /// What the command line needs to mean this cluster: `--context prod`; may be empty.
    pub flags: String,
    /// Whether it runs on this machine, so that its nodes can be controlled.
    pub is_local: bool,
}

/// Whether the cluster can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// Nothing has come yet.
    #[default]
    Connecting,
    /// The last reading worked.
    Live,
    /// The last reading failed.
    Lost {
        /// Why.
        reason: String,
        /// When the next try is, in ms since the epoch.
        retry_at_ms: i64,
    },
}

/// A line that is shown for a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The line.
    pub text: String,
    /// Whether it says that something failed.
    pub is_error: bool,
    /// When it goes, in ms since the epoch.
    pub until_ms: i64,
}

/// A line of the errors' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorLine {
    /// When it happened, in ms since the epoch.
    pub at_ms: i64,
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub text: String,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub struct State {
    /// The view on the screen.
    pub view: ViewId,
    /// Whether its chosen pane has the whole screen.
    pub is_expanded: bool,
    /// The cluster that is shown.
    pub target: Target,
    /// How everything looks.
    pub theme: Theme,
    /// Whether numbers stand where glyphs would.
    pub is_numeric: bool,
    /// What the keys mean.
    pub keymap: Keymap,
    /// The zone of all times.
    pub zone: TimeZone,
    /// The columns and rows of the screen.
    pub size: (u16, u16),
    /// What time it is, in ms since the epoch.
    pub now_ms: i64,
    /// What was read last.
    pub live: Snapshot,
    /// What was read before.
    pub timeline: Timeline,
    /// Whether the cluster can be read.
    pub link: Link,
    /// Whether a reading is under way.
    pub is_reading: bool,
    /// The span of charts, in ms.
    pub chart_span_ms: i64,
    /// A line that is shown for a moment.
    pub toast: Option<Toast>,
    /// The errors so far, oldest first.
    pub errors: VecDeque<ErrorLine>,
    /// How many of them nobody has looked at.
    pub errors_unseen: usize,
    /// What lies over the view and gets the keys.
    pub overlay: Option<Box<dyn Overlay>>,
    /// Keys of a sequence that is not complete.
    pub pending: Vec<Key>,
    /// What was asked to be read.
    pub wants: Wants,
    /// The view of the cluster.
    pub cluster: ClusterView,
    /// The view of the topics.
    pub topics: TopicsView,
    /// The view of one topic.
    pub topic: TopicView,
    /// The view of the groups.
    pub groups: GroupsView,
    /// The view of the messages.
    pub messages: MessagesView,
    /// The view of the clients.
    pub clients: ClientsView,
    /// What has happened, oldest first.
    pub events: Vec<Event>,
    /// The view of the events.
    pub events_view: EventsView,
}

impl State {
    /// A state without data.
    #[must_use]
    pub fn new(target: Target, keymap: Keymap, theme: Theme, zone: TimeZone) -> Self {
        Self {
            view: ViewId::Cluster,
            is_expanded: false,
            target,
            theme,
            is_numeric: false,
            keymap,
            zone,
            size: (80, 24),
            now_ms: 0,
            live: Snapshot::default(),
            timeline: Timeline::default(),
            link: Link::default(),
            is_reading: false,
            chart_span_ms: CHART_SPAN_MS,
            toast: None,
            errors: VecDeque::new(),
            errors_unseen: 0,
            overlay: None,
            pending: Vec::new(),
            wants: Wants::default(),
            cluster: ClusterView::default(),
            topics: TopicsView::default(),
            topic: TopicView::default(),
            groups: GroupsView::default(),
            messages: MessagesView::default(),
            clients: ClientsView::default(),
            events: Vec::new(),
            events_view: EventsView::default(),
        }
    }

    /// What the screen shows: the newest reading, or the one that was gone back to.
    #[must_use]
    pub fn shown(&self) -> &Snapshot {
        if self.timeline.is_frozen() {
            return self.timeline.shown().unwrap_or(&self.live);
        }
        &self.live
    }

    /// The moment that the screen shows, in ms since the epoch: ages are counted from it.
    #[must_use]
    pub fn shown_ms(&self) -> i64 {
        if self.timeline.is_frozen() {
            return self.timeline.shown_ms();
        }
        self.now_ms
    }

    /// Keeps what has happened.
    pub fn remember(&mut self, events: Vec<Event>) {
        self.events.extend(events);
        if self.events.len() > EVENTS_MAX {
            let too_many = self.events.len() - EVENTS_MAX + EVENTS_MAX / 10;
            self.events.drain(..too_many.min(self.events.len()));
        }
    }

    /// The view on the screen.
    #[must_use]
    pub fn current(&self) -> &'static View {
        view::by_id(self.view)
    }

    /// Shows a line for a moment.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast {
            text: text.into(),
            is_error: false,
            until_ms: self.now_ms + TOAST_MS,
        });
    }

    /// Keeps an error until somebody has looked at it, and shows it for a moment.
    pub fn complain(&mut self, subject: impl Into<String>, text: impl Into<String>) {
        let (subject, text) = (subject.into(), text.into());
        self.toast = Some(Toast {
            text: format!("{subject}: {text}"),
            is_error: true,
            until_ms: self.now_ms + TOAST_MS,
        });
        if self.errors.len() == ERRORS_MAX {
            self.errors.pop_front();
        }
        self.errors.push_back(ErrorLine {
            at_ms: self.now_ms,
            subject,
            text,
        });
        self.errors_unseen = (self.errors_unseen + 1).min(ERRORS_MAX);
    }
}
