//! What lies over a view and gets the keys while it does: help, prompts, lists to choose from,
//! dialogues.
//!
//! To add one: a type with [`Overlay`], put into [`State::overlay`] by whoever opens it. Invariant: Esc
//! closes every one of them and does nothing else.

pub mod choose;
pub mod command_line;
pub mod details;
pub mod errors;
pub mod help;
pub mod prompt;
pub mod query;

use std::fmt::Debug;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::effect::Effect;
use crate::key::Key;
use crate::state::State;

/// What comes of a key.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whether the overlay stays.
    pub stays: bool,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl Outcome {
    /// It stays open.
    #[must_use]
    pub fn stay() -> Self {
        Self {
            stays: true,
            effects: Vec::new(),
        }
    }

    /// It closes.
    #[must_use]
    pub fn close() -> Self {
        Self::default()
    }

    /// It closes, and this is done.
    #[must_use]
    pub fn close_with(effects: Vec<Effect>) -> Self {
        Self {
            stays: false,
            effects,
        }
    }
}

/// Something over a view. While it is asked, it is not in the state: to open another one in its place,
/// put that into [`State::overlay`].
pub trait Overlay: Debug + Send {
    /// A key was pressed.
    fn key(&mut self, key: Key, state: &mut State) -> Outcome;

    /// A text was pasted. Who takes no text stays as it is.
    fn paste(&mut self, _text: &str, _state: &mut State) -> Outcome {
        Outcome::stay()
    }

    /// Draws it over the view, which has the whole of `area`; the line at the bottom belongs to it.
    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect);
}
