//! One question to one server: the last answer, and whether the server still answers.
//!
//! A question runs in a task of its own, so that a server which says nothing delays a reading once,
//! for as long as the reader is patient, and not again: what it says later counts for the next reading.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use crate::ClientError;

/// A question that took long is not asked again before this many times as long has passed, so that
/// watching a large cluster takes no more than a small part of its brokers' time.
const REST_FACTOR: u32 = 5;

/// An answer.
#[derive(Debug)]
pub(super) struct Said<T> {
    pub(super) value: Arc<T>,
    /// When it came, by the clock that never goes back.
    pub(super) at: Duration,
    /// When it came, in ms since the epoch.
    pub(super) at_ms: i64,
}

impl<T> Clone for Said<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            at: self.at,
            at_ms: self.at_ms,
        }
    }
}

/// A question, asked again and again.
#[derive(Debug)]
pub(super) struct Slot<T> {
    said: Option<Said<T>>,
    failed: Option<ClientError>,
    running: bool,
    started: Option<Duration>,
    took: Duration,
    arrived: Arc<Mutex<Option<Arrived<T>>>>,
}

#[derive(Debug)]
struct Arrived<T> {
    outcome: Result<T, ClientError>,
    at: Duration,
    at_ms: i64,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            said: None,
            failed: None,
            running: false,
            started: None,
            took: Duration::ZERO,
            arrived: Arc::default(),
        }
    }
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// Whether it is time to ask again.
    pub(super) fn is_due(&self, now: Duration, interval: Duration) -> bool {
        let rest = interval.max(self.took.saturating_mul(REST_FACTOR));
        !self.running
            && self
                .started
                .is_none_or(|started| now.saturating_sub(started) >= rest)
    }

    /// Asks, and hands the waiting for it to the round.
    pub(super) fn ask(
        &mut self,
        round: &mut Round,
        question: impl Future<Output = Result<T, ClientError>> + Send + 'static,
    ) {
        let (done, wait) = oneshot::channel::<()>();
        let (room, clock) = (Arc::clone(&round.room), Arc::clone(&round.clock));
        let arrived = Arc::clone(&self.arrived);
        self.running = true;
        self.started = Some(clock.elapsed());
        tokio::spawn(async move {
            let permit = room.acquire_owned().await;
            let outcome = question.await;
            drop(permit);
            *arrived.lock() = Some(Arrived {
                outcome,
                at: clock.elapsed(),
                at_ms: clock.now_ms(),
            });
            // A reader that has gone on takes the answer next time.
            let _has_gone_on = done.send(());
        });
        // Who did not answer last time is not waited for.
        let is_mute = self.failed.as_ref().is_some_and(ClientError::is_timeout);
        if !is_mute || round.is_patient {
            round.waits.push(wait);
        }
    }

    /// Takes what has arrived. To be called after each round.
    pub(super) fn settle(&mut self, now: Duration) {
        let Some(arrived) = self.arrived.lock().take() else {
            return;
        };
        self.running = false;
        self.took = self.started.map_or(Duration::ZERO, |started| {
            now.min(arrived.at).saturating_sub(started)
        });
        match arrived.outcome {
            Ok(value) => {
                self.failed = None;
                self.said = Some(Said {
                    value: Arc::new(value),
                    at: arrived.at,
                    at_ms: arrived.at_ms,
                });
            }
            Err(error) => self.failed = Some(error),
        }
    }

    /// The last answer.
    pub(super) const fn said(&self) -> Option<&Said<T>> {
        self.said.as_ref()
    }

    /// The value of the last answer.
    pub(super) fn value(&self) -> Option<&T> {
        self.said.as_ref().map(|said| said.value.as_ref())
    }

    /// Why there is no answer to the last question; `None` while all is well or has only just begun.
    pub(super) fn reason(&self, now: Duration, patience: Duration) -> Option<String> {
        if let Some(error) = &self.failed {
            return Some(error.to_string());
        }
        let waited = now.saturating_sub(self.started?);
        (self.running && waited >= patience)
            .then(|| format!("no answer for {:.1} s", waited.as_secs_f64()))
    }

    /// When it was asked last.
    pub(super) const fn started(&self) -> Option<Duration> {
        self.started
    }

    /// Whether the last question that ended went without an answer.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Makes it due.
    pub(super) fn hurry(&mut self) {
        if !self.running {
            self.started = None;
        }
    }

    /// Whether anybody has ever asked.
    pub(super) const fn is_asked(&self) -> bool {
        self.started.is_some() || self.said.is_some() || self.failed.is_some()
    }
}

/// Questions that are asked at the same time.
pub(super) struct Round {
    room: Arc<Semaphore>,
    clock: SharedClock,
    is_patient: bool,
    waits: Vec<oneshot::Receiver<()>>,
}

impl Round {
    /// `room` bounds how many questions are under way; who is patient waits for everybody.
    pub(super) const fn new(room: Arc<Semaphore>, clock: SharedClock, is_patient: bool) -> Self {
        Self {
            room,
            clock,
            is_patient,
            waits: Vec::new(),
        }
    }

    /// Waits for all answers, but no longer than this in all.
    pub(super) async fn wait(self, patience: Duration) {
        let all = async {
            for wait in self.waits {
                // It cannot be closed without an answer but by a panic, which says enough.
                let _answered = wait.await;
            }
        };
        let _is_late = tokio::time::timeout(patience, all).await;
    }
}
