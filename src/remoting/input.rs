//! The bytes of a connection that have arrived and are not processed yet.
//!
//! Grows with what has arrived, never with what a length word promises, and is given back as soon as
//! it is empty. What one connection holds beyond a small allowance is taken from a budget
//! that all connections of a node share.

use crate::budget::{Budget, Share};
use crate::limits::INPUT_BYTES_FREE;
use std::sync::Arc;

/// Room beyond which what is left is moved to where it fits.
const CAPACITY_KEPT: usize = 4 * 1024;

/// What has arrived of a connection's frames and waits: for the rest of a frame, or because the
/// peer does not take its answers. A connection for which nothing waits holds no memory here.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    share: Share,
}

/// The budget of all connections is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfBudget;

impl Input {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            bytes: Vec::new(),
            share: Share::new(budget),
        }
    }

    /// What waits.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes sure that a read has room, and gives the buffer to read into.
    pub(crate) fn room(&mut self) -> Result<&mut Vec<u8>, OutOfBudget> {
        if self.bytes.len() == self.bytes.capacity() {
            self.reserve((self.bytes.capacity() * 2).max(CAPACITY_KEPT))?;
        }
        Ok(&mut self.bytes)
    }

    /// Lets `rest` wait instead of what waited.
    pub(crate) fn replace(&mut self, rest: &[u8]) -> Result<(), OutOfBudget> {
        self.bytes.clear();
        if rest.len() > self.bytes.capacity() {
            self.reserve(rest.len())?;
        } else if self.bytes.capacity() > CAPACITY_KEPT && rest.len() <= CAPACITY_KEPT {
            self.give_back();
        }
        self.bytes.extend_from_slice(rest);
        Ok(())
    }

    /// Takes what waits away, to be worked on; [`put_back`](Self::put_back) returns it.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Returns what was taken, less its first `used` bytes.
    pub(crate) fn put_back(&mut self, bytes: Vec<u8>, used: usize) {
        self.bytes = bytes;
        let left = self.bytes.len().saturating_sub(used);
        if left == 0 {
            self.give_back();
        } else if used > 0 {
            self.bytes.copy_within(used.., 0);
            self.bytes.truncate(left);
        }
    }

    fn reserve(&mut self, capacity: usize) -> Result<(), OutOfBudget> {
        let owed = capacity.saturating_sub(INPUT_BYTES_FREE);
        if !self.share.grow_to(owed) {
            return Err(OutOfBudget);
        }
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    fn give_back(&mut self) {
        self.bytes = Vec::new();
        self.share.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(input: &mut Input, count: usize) -> bool {
        for _ in 0..count {
            let Ok(room) = input.room() else {
                return false;
            };
            room.push(7);
        }
        true
    }

    #[test]
    fn room_grows_with_what_has_arrived_and_is_given_back() {
        let budget = Budget::new(4 * 1024 * 1024);
        let mut input = Input::new(Arc::clone(&budget));
        assert!(fill(&mut input, 1024 * 1024));
        assert!(input.bytes.capacity() <= 2 * 1024 * 1024);
        let bytes = input.take();
        input.put_back(bytes, 1024 * 1024);
        assert_eq!(input.bytes.capacity(), 0);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn one_connection_cannot_take_more_than_the_budget_of_all() {
        let budget = Budget::new(256 * 1024);
        let (mut first, mut second) = (
            Input::new(Arc::clone(&budget)),
            Input::new(Arc::clone(&budget)),
        );
        assert!(fill(&mut first, 256 * 1024));
        assert!(!fill(&mut second, 512 * 1024));
        assert_eq!(second.replace(&[0; 512 * 1024]), Err(OutOfBudget));
        drop(first);
        assert!(fill(&mut second, 64 * 1024));
    }

    #[test]
    fn what_is_left_moves_to_the_front() {
        let mut input = Input::new(Budget::new(0));
        input.room().unwrap().extend_from_slice(b"abcdef");
        let bytes = input.take();
        input.put_back(bytes, 4);
        assert_eq!(input.bytes(), b"ef");
        input.replace(b"").unwrap();
        assert!(input.bytes().is_empty());
    }

    #[test]
    fn little_that_waits_keeps_little_room() {
        let mut input = Input::new(Budget::new(0));
        input.replace(&[1; INPUT_BYTES_FREE]).unwrap();
        input.replace(b"ab").unwrap();
        assert_eq!(input.bytes(), b"ab");
        assert!(input.bytes.capacity() <= CAPACITY_KEPT);
    }
}
