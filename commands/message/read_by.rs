//! What a group has made of a message, as a line of a table.

use std::borrow::Cow;

use client::admin::{MessageTrack, TrackState};
use serde::Serialize;

use crate::output::{Cell, Column, Item, Role};
use crate::session::Session;

/// A group, and what it has made of a message.
#[derive(Debug, Serialize)]
pub(super) struct ReadBy {
    group: String,
    /// RocketMQ's name of the state, in lower case.
    state: String,
    /// Whether the group's offset lies behind the message; unknown without one.
    read: Option<bool>,
    /// How many messages of the queue come before the group has read this one.
    behind: Option<i64>,
    consumer_offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    words: &'static str,
    #[serde(skip)]
    role: Role,
}

impl ReadBy {
    pub(super) fn new(session: &Session, track: &MessageTrack) -> Self {
        let is_read = track.behind.map(|behind| behind == 0);
        let (words, role) = match track.state {
            TrackState::Consumed => ("consumed", Role::Ok),
            TrackState::ConsumedButFiltered => ("passed over by its filter", Role::Warn),
            TrackState::NotConsumedYet => ("not yet", Role::Warn),
            TrackState::NotOnline if is_read == Some(true) => ("consumed, offline now", Role::Dim),
            TrackState::NotOnline => ("not yet, offline", Role::Bad),
            TrackState::Pull => ("pulls by itself", Role::Dim),
            TrackState::Broadcasting => ("each member by itself", Role::Dim),
            TrackState::Unknown => ("unknown", Role::Bad),
        };
        let error = track.error.as_ref();
        Self {
            group: track.group.clone(),
            state: track.state.name().to_lowercase(),
            read: is_read,
            behind: track.behind,
            consumer_offset: track.consumer_offset,
            error: error.map(|error| session.error(error).message().to_owned()),
            words,
            role,
        }
    }
}

impl Item for ReadBy {
    const SCHEMA: &'static str = "gantry.message.read_by/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("group"),
        Column::new("state").titled("READ"),
        Column::number("behind"),
        Column::number("consumer_offset").titled("OFFSET"),
        Column::new("error").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.group).role(Role::Accent),
            Cell::from(self.words).role(self.role),
            self.behind.into(),
            self.consumer_offset.into(),
            self.error.as_deref().into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.group.as_str().into()
    }
}
