//! The dashboard: what a cluster is doing, live in a terminal.
//!
//! # Layout
//! - [`State`](state::State) is all that the screen shows, [`update`](update::update) changes it by an
//!   [`Action`](action::Action) and returns [`Effect`](effect::Effect)s, [`view`](view::view) draws it.
//!   None of them does anything else: no clock, no socket, no terminal, no waiting.
//! - [`keymap`]: the one table of keys. [`theme`]: the one table of colours.
//! - [`source`] reads the cluster in a task of its own; [`terminal`] is the only one that knows the
//!   terminal; [`run`] puts them together.
//!
//! Invariant: drawing never waits and never locks, and nothing is drawn when nothing has changed.

#![forbid(unsafe_code)]

pub mod action;
pub mod effect;
pub mod format;
pub mod key;
pub mod keymap;
pub mod local;
pub mod overlay;
mod run;
pub mod source;
pub mod state;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod update;
pub mod view;

/// A boxed future that lives as long as what it borrows.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub use keymap::{KeyError, Keymap, Preset};
pub use local::{Local, LogLines, LogMark, Node, NodeAction};
pub use run::{Exit, Options, TuiError, run};
pub use state::{Risk, Target};
pub use theme::{Depth, Theme, ThemeName};
pub use view::ViewId;
