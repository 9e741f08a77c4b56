//! Buffers that each thread keeps for the connection whose turn it is.
//!
//! A connection that has nothing unfinished owns no buffer at all: ten thousand idle ones cost what
//! their sockets cost, and the busy ones share memory that is in the processor's cache.

use crate::output::Output;
use protocol::codec::HeaderScratch;
use std::cell::Cell;

/// Bytes that one read takes at most.
const READ_MAX: usize = 256 * 1024;

/// What a turn works with. All of it is empty, or without meaning, between turns.
#[derive(Debug)]
pub(crate) struct Buffers {
    pub(crate) input: Box<[u8]>,
    pub(crate) output: Output,
    pub(crate) scratch: HeaderScratch,
}

impl Buffers {
    fn new() -> Box<Self> {
        Box::new(Self {
            input: vec![0; READ_MAX].into_boxed_slice(),
            output: Output::default(),
            scratch: HeaderScratch::default(),
        })
    }
}

thread_local! {
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers. If `work` panics they are gone, and what was in them with them.
pub(crate) fn with<R>(work: impl FnOnce(&mut Buffers) -> R) -> R {
    let mut buffers = BUFFERS.take().unwrap_or_else(Buffers::new);
    let result = work(&mut buffers);
    buffers.output.clear();
    BUFFERS.set(Some(buffers));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_for_the_next_turn() {
        with(|buffers| buffers.output.bytes.push(1));
        with(|buffers| {
            assert_eq!(buffers.output.len(), 0);
            // One turn within another does not happen; it would get buffers of its own.
            with(|inner| assert_eq!(inner.input.len(), READ_MAX));
        });
        let poisoned = std::panic::catch_unwind(|| {
            with(|buffers| {
                buffers.output.bytes.push(1);
                panic!("in the middle of a turn");
            });
        });
        assert!(poisoned.is_err());
        with(|buffers| assert_eq!(buffers.output.len(), 0));
    }
}
