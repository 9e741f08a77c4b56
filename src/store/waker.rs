//! Sends a thread to sleep and wakes it, at next to no cost for a waker when nobody sleeps.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// The bell of one background thread.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    sleeping: AtomicBool,
    stopped: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Waker {
    /// Called by the thread itself, before it sleeps for the first time.
    pub(crate) fn attach(&self) {
        let _only_once = self.thread.set(std::thread::current());
    }

    /// Wakes the thread, if it sleeps. What it is woken for must be visible before.
    pub(crate) fn wake(&self) {
        // Both sides first write, then read (sequentially consistent): one of them sees the other.
        if self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst) {
            self.unpark();
        }
    }

    /// Sleeps until woken or for `timeout`, unless there is something to do already.
    pub(crate) fn sleep(&self, timeout: Option<Duration>, is_idle: impl FnOnce() -> bool) {
        self.sleeping.store(true, Ordering::SeqCst);
        if !self.is_stopped() && is_idle() {
            match timeout {
                Some(timeout) => std::thread::park_timeout(timeout),
                None => std::thread::park(),
            }
        }
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Rests for a while and lets nobody but [`stop`](Self::stop) end it: work piles up to a batch.
    pub(crate) fn rest(&self, pause: Duration) {
        if !self.is_stopped() {
            std::thread::park_timeout(pause);
        }
    }

    /// Tells the thread to end.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.unpark();
    }

    /// Whether the thread has to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn no_wake_up_is_lost() {
        const ROUNDS: u64 = 20_000;
        let waker = Arc::new(Waker::default());
        let given = Arc::new(AtomicU64::new(0));
        let taken = Arc::new(AtomicU64::new(0));
        let worker = {
            let (waker, given, taken) =
                (Arc::clone(&waker), Arc::clone(&given), Arc::clone(&taken));
            std::thread::spawn(move || {
                waker.attach();
                while taken.load(Ordering::SeqCst) < ROUNDS {
                    let seen = given.load(Ordering::SeqCst);
                    taken.store(seen, Ordering::SeqCst);
                    waker.sleep(None, || {
                        given.load(Ordering::SeqCst) == seen && seen < ROUNDS
                    });
                }
            })
        };
        for round in 1..=ROUNDS {
            given.store(round, Ordering::SeqCst);
            waker.wake();
            while round % 2 == 0 && taken.load(Ordering::SeqCst) < round {
                std::thread::yield_now();
            }
        }
        worker.join().expect("the worker ends");
    }
}
