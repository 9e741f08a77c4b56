//! What the state asks the world to do. [`update`](crate::update) returns these and does nothing
//! itself.

use client::snapshot::Wants;

use crate::source::messages::Order;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// From now on, read this.
    Want(Wants),
    /// Read at once, even while waiting for the next try.
    ReadNow,
    /// Put this on the clipboard, through the terminal (OSC 52).
    Copy(String),
    /// Read messages, or something about them.
    Messages(Order),
    /// Draw every cell again.
    Redraw,
    /// Give the terminal back to the shell until it lets us go on.
    Suspend,
    /// Leave.
    Quit,
}
