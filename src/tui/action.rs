//! What can happen to the state: keys, time, what was read.

use client::snapshot::Snapshot;

use crate::key::Key;
use crate::local::Report;
use crate::source::messages::Told;

/// Something that happened.
#[derive(Debug)]
pub enum Action {
    /// A key was pressed.
    Key(Key),
    /// A text was pasted.
    Paste(String),
    /// The screen has this many columns and rows now.
    Resize(u16, u16),
    /// Time has gone on.
    Tick {
        /// The wall clock, in ms since the epoch.
        now_ms: i64,
    },
    /// The cluster was read.
    Data(Box<Snapshot>),
    /// Nothing could be read; the next try is at this moment, in ms since the epoch.
    Lost {
        /// Why.
        reason: String,
        /// When the next try is.
        retry_at_ms: i64,
    },
    /// Whether a reading is under way.
    Reading(bool),
    /// Something came of an order to read messages.
    Messages {
        /// Which order it was.
        ticket: u64,
        /// What came of it.
        told: Told,
    },
    /// Something that was asked for is done, well or not.
    Report(Report),
}
