//! Answers that wait for the disk, and what becomes of those that wait too long.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use store::Durability;

/// How often waits that take too long are looked for.
pub(crate) const CHECK_PERIOD: Duration = Duration::from_millis(100);

type Answer = Box<dyn FnOnce(Option<Durability>) + Send>;

/// One answer that waits; whoever ends it first gives it.
pub(crate) struct FlushWait(Mutex<Option<Answer>>);

impl fmt::Debug for FlushWait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlushWait").finish_non_exhaustive()
    }
}

impl FlushWait {
    /// `answer` gets `None` when the time is up.
    pub(crate) fn new(answer: impl FnOnce(Option<Durability>) + Send + 'static) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(Box::new(answer)))))
    }

    /// Gives the answer, if nobody has yet.
    pub(crate) fn end(&self, durability: Option<Durability>) {
        let answer = self.0.lock().take();
        if let Some(answer) = answer {
            answer(durability);
        }
    }
}

/// All answers that wait, in the order of their deadlines: each waits equally long.
#[derive(Debug, Default)]
pub(crate) struct FlushWaits {
    waiting: Mutex<VecDeque<(Duration, Weak<FlushWait>)>>,
}

impl FlushWaits {
    /// Sees to it that the wait ends by `deadline`, by the monotonic clock.
    pub(crate) fn add(&self, wait: &Arc<FlushWait>, deadline: Duration) {
        self.waiting
            .lock()
            .push_back((deadline, Arc::downgrade(wait)));
    }

    /// Ends the waits whose time is up and forgets those that have ended.
    pub(crate) fn end_overdue(&self, now: Duration) {
        let mut overdue = Vec::new();
        let mut waiting = self.waiting.lock();
        while let Some((deadline, wait)) = waiting.front() {
            if let Some(wait) = wait.upgrade() {
                if *deadline > now {
                    break;
                }
                overdue.push(wait);
            }
            waiting.pop_front();
        }
        drop(waiting);
        for wait in overdue {
            wait.end(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_wait_ends_once() {
        let (sender, ended) = mpsc::channel();
        let waits = FlushWaits::default();
        let add = |name: &'static str, deadline: u64| {
            let sender = sender.clone();
            let wait = FlushWait::new(move |durability| sender.send((name, durability)).unwrap());
            waits.add(&wait, Duration::from_secs(deadline));
            wait
        };
        let first = add("first", 1);
        let second = add("second", 2);
        let third = add("third", 3);
        first.end(Some(Durability::Durable));
        drop(first);
        waits.end_overdue(Duration::from_secs(2));
        second.end(Some(Durability::Durable));
        let ended: Vec<_> = ended.try_iter().collect();
        assert_eq!(
            ended,
            [("first", Some(Durability::Durable)), ("second", None)]
        );
        assert_eq!(waits.waiting.lock().len(), 1);
        drop(third);
        waits.end_overdue(Duration::ZERO);
        assert!(waits.waiting.lock().is_empty());
    }
}
