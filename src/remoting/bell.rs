//! What others tell the task of a connection, and what wakes it for that.

use atomic_waker::AtomicWaker;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

/// There is something in the outbox, or, while draining, an answer less is owed.
pub(crate) const OUTBOX: u8 = 1;
/// Give the answers that are owed, then end.
pub(crate) const DRAIN: u8 = 1 << 1;
/// End at once.
pub(crate) const CLOSE: u8 = 1 << 2;

/// The bell of one connection: anyone rings it, its task alone answers.
///
/// One word instead of a channel or token for each cause: a task that goes to sleep registers once,
/// and ringing for what was told already costs no wake-up.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    told: AtomicU8,
    waker: AtomicWaker,
}

impl Bell {
    /// Tells the task `what`; what it is told of must be visible before.
    pub(crate) fn ring(&self, what: u8) {
        if self.told.fetch_or(what, Ordering::SeqCst) & what != what {
            self.waker.wake();
        }
    }

    /// Whether the task was told this and has not taken it.
    pub(crate) fn has(&self, what: u8) -> bool {
        self.told.load(Ordering::SeqCst) & what != 0
    }

    /// Takes what was told, so that it can be told again. Says whether it was.
    pub(crate) fn take(&self, what: u8) -> bool {
        self.has(what) && self.told.fetch_and(!what, Ordering::SeqCst) & what != 0
    }

    /// Ready when any of `what` was told; else the task is woken when it is.
    pub(crate) fn poll(&self, what: u8, context: &Context<'_>) -> Poll<()> {
        if !self.has(what) {
            self.waker.register(context.waker());
            // Once more: it may have rung before it knew whom to wake.
            if !self.has(what) {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn it_wakes_once_until_what_was_told_is_taken() {
        let (bell, woken) = (Bell::default(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let context = Context::from_waker(&waker);
        assert!(bell.poll(OUTBOX | CLOSE, &context).is_pending());
        bell.ring(OUTBOX);
        bell.ring(OUTBOX);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(bell.poll(CLOSE, &context).is_pending());
        assert!(bell.poll(OUTBOX | CLOSE, &context).is_ready());
        assert!(bell.take(OUTBOX) && !bell.take(OUTBOX));
        bell.ring(CLOSE);
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
        assert!(bell.has(CLOSE) && !bell.has(DRAIN));
    }
}
