//! Where one is in a list, and which part of it is on the screen.

use crate::keymap::Command;

/// Where one is in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct List {
    /// The chosen row.
    pub at: usize,
    /// The first row on the screen.
    pub top: usize,
}

impl List {
    /// Moves by a key; false if the key does not move. `height` rows are on the screen.
    pub fn step(&mut self, command: Command, len: usize, height: usize) -> bool {
        let half = (height / 2).max(1);
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at + 1,
            Command::HalfUp => self.at.saturating_sub(half),
            Command::HalfDown => self.at + half,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => return false,
        };
        self.clamp(len, height);
        true
    }

    /// Keeps the chosen row within the list, and on the screen.
    pub fn clamp(&mut self, len: usize, height: usize) {
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.first_shown(len, height);
    }

    /// The first row on a screen of this height.
    #[must_use]
    pub fn first_shown(&self, len: usize, height: usize) -> usize {
        let height = height.max(1);
        let highest = self.at.saturating_add(1).saturating_sub(height);
        let top = self.top.clamp(highest, self.at.max(highest));
        top.min(len.saturating_sub(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_follows_the_chosen_row_and_no_further() {
        let mut list = List::default();
        assert!(list.step(Command::Bottom, 100, 10));
        assert_eq!((list.at, list.top), (99, 90));
        list.step(Command::Up, 100, 10);
        assert_eq!((list.at, list.top), (98, 90));
        list.step(Command::HalfUp, 100, 10);
        list.step(Command::HalfUp, 100, 10);
        assert_eq!((list.at, list.top), (88, 88));
        list.step(Command::Top, 100, 10);
        assert_eq!((list.at, list.top), (0, 0));
        assert!(!list.step(Command::Quit, 100, 10));
    }

    #[test]
    fn a_shorter_list_and_a_larger_screen_leave_no_gap() {
        let mut list = List { at: 99, top: 90 };
        list.clamp(20, 10);
        assert_eq!((list.at, list.top), (19, 10));
        list.clamp(20, 40);
        assert_eq!((list.at, list.top), (19, 0));
        list.clamp(0, 10);
        assert_eq!((list.at, list.top), (0, 0));
    }
}
