//! The bytes of a connection that have arrived and are not processed yet.
//!
//! Grows with what has arrived, never with what a length word promises, and gives large room back as
//! soon as it is empty. What one connection holds beyond a small allowance is taken from a budget
//! that all connections of a node share.

use crate::budget::{Budget, Share};
use crate::limits::INPUT_BYTES_FREE;
use std::sync::Arc;

/// Room of a connection on which little happens.
const CAPACITY_MIN: usize = 2 * 1024;

/// Room beyond which an empty buffer is given back.
const CAPACITY_KEPT: usize = 256 * 1024;

/// Bytes between the socket and the frames.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// Where the first unprocessed byte is.
    start: usize,
    share: Share,
}

impl Input {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            share: Share::new(budget),
        }
    }

    /// Makes sure that a read has room, and gives the buffer to read into. `None` when the budget of
    /// all connections is used up.
    pub(crate) fn room(&mut self) -> Option<&mut Vec<u8>> {
        if self.bytes.len() == self.bytes.capacity() {
            let capacity = (self.bytes.capacity() * 2).max(CAPACITY_MIN);
            if !self
                .share
                .grow_to(capacity.saturating_sub(INPUT_BYTES_FREE))
            {
                return None;
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        Some(&mut self.bytes)
    }

    /// What has not been processed.
    pub(crate) fn unprocessed(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Notes that the first `count` unprocessed bytes have been dealt with.
    pub(crate) fn processed(&mut self, count: usize) {
        self.start += count;
        debug_assert!(
            self.start <= self.bytes.len(),
            "only what has arrived can be processed"
        );
    }

    /// Moves what is left to the front, before more is read.
    pub(crate) fn compact(&mut self) {
        if self.start < self.bytes.len() {
            self.bytes.drain(..self.start);
        } else {
            self.bytes.clear();
            if self.bytes.capacity() > CAPACITY_KEPT {
                self.bytes = Vec::new();
                self.share.clear();
            }
        }
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(input: &mut Input, count: usize) -> bool {
        for _ in 0..count {
            let Some(room) = input.room() else {
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
        input.processed(1024 * 1024);
        input.compact();
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
        drop(first);
        assert!(fill(&mut second, 64 * 1024));
    }

    #[test]
    fn what_is_left_moves_to_the_front() {
        let mut input = Input::new(Budget::new(0));
        input.room().unwrap().extend_from_slice(b"abcdef");
        input.processed(4);
        input.compact();
        assert_eq!(input.unprocessed(), b"ef");
    }
}
