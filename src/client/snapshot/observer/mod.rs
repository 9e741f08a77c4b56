//! Reads snapshots, with few requests.
//!
//! - `questions`: what single servers are asked; `asking`: in which order and how often.
//! - `slot`: one question with its last answer; `gathered`: all of them.
//! - `meters`, `rates`: what changes from reading to reading.
//! - `cluster`, `topics`, `groups`, `findings`, `clients`, `allocation`: what the answers mean. Pure.
//!
//! How many requests a reading takes is in `docs/dashboard-polling.md`.

mod allocation;
mod asking;
mod clients;
mod cluster;
mod findings;
mod gathered;
mod groups;
mod meters;
mod questions;
mod rates;
mod slot;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use self::asking::Asker;
use self::gathered::{Gathered, Roll};
use self::rates::Rates;
use super::{Section, Snapshot, Wants};
use crate::Client;

/// The most requests of one observer that are under way at a time.
const AT_A_TIME_MAX: usize = 32;

/// How long a round of requests is waited for, unless told otherwise.
const PATIENCE: Duration = Duration::from_millis(700);

/// Looks at a cluster again and again. Clones share what they have seen.
#[derive(Clone)]
pub struct Observer {
    client: Client,
    patience: Duration,
    is_patient: bool,
    room: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

/// What has been seen so far.
#[derive(Debug, Default)]
struct State {
    gathered: Gathered,
    rates: Rates,
    last: Snapshot,
}

/// When a section is put together.
struct Moment {
    /// By the clock that never goes back.
    now: Duration,
    now_ms: i64,
    patience: Duration,
}

/// A section's new value, and how reading it went.
struct Reading<T> {
    value: T,
    roll: Roll,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Observer {
    /// The client that it asks through.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// An observer that has not seen anything yet. It never waits long for a server that does not
    /// answer: what such a server said before is shown, and what it says too late is shown next time.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            patience: PATIENCE,
            is_patient: false,
            room: Arc::new(Semaphore::new(AT_A_TIME_MAX)),
            state: Arc::default(),
        }
    }

    /// An observer for those who look once: every reading waits for all servers until their requests
    /// time out, and leaves out nobody.
    #[must_use]
    pub fn patient(client: Client) -> Self {
        // A round may consist of more requests than may be under way at a time.
        let patience = client.config().request_timeout.saturating_mul(4);
        Self {
            patience,
            is_patient: true,
            ..Self::new(client)
        }
    }

    /// The same observer, with another idea of how long to wait for answers that belong together. What
    /// both have seen stays shared.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Reads the sections that are wanted; the others stay as they are. Never fails: who did not answer
    /// is in the sections.
    pub async fn read(&self, wants: &Wants) -> Snapshot {
        let mut state = self.state.lock().await;
        let asker = Asker {
            admin: self.client.admin(),
            clock: Arc::clone(self.client.clock()),
            room: Arc::clone(&self.room),
            patience: self.patience,
            is_patient: self.is_patient,
        };
        asker.ask(&mut state.gathered, wants).await;
        let clock = self.client.clock();
        let moment = Moment {
            now: clock.elapsed(),
            now_ms: clock.now_ms(),
            patience: self.patience,
        };
        state.assemble(wants, self.client.namesrvs(), &moment);
        state.last.clone()
    }
}

impl State {
    fn assemble(&mut self, wants: &Wants, namesrvs: &[String], moment: &Moment) {
        let Self {
            gathered,
            rates,
            last,
        } = self;
        rates.note(gathered);
        if wants.cluster {
            let reading = cluster::section(gathered, rates, namesrvs, moment);
            reading.replace(&mut last.cluster, moment);
        }
        if wants.topics {
            let reading = topics::section(gathered, rates, &wants.visible_topics, moment);
            reading.replace(&mut last.topics, moment);
        }
        if wants.groups {
            let reading = groups::section(gathered, rates, &wants.visible_groups, moment);
            reading.replace(&mut last.groups, moment);
        }
        if let Some((group, topic)) = &wants.allocation {
            let is_same = last
                .allocation
                .get()
                .is_some_and(|last| (&last.group, &last.topic) == (group, topic));
            if !is_same {
                last.allocation = Section::default();
            }
            let reading = allocation::section(gathered, rates, group, topic, moment);
            reading.replace(&mut last.allocation, moment);
        }
        if wants.clients {
            let reading = clients::section(gathered, moment);
            reading.replace(&mut last.clients, moment);
        }
        last.taken_ms = last
            .cluster
            .taken_ms
            .max(last.topics.taken_ms)
            .max(last.groups.taken_ms)
            .max(last.allocation.taken_ms)
            .max(last.clients.taken_ms);
    }
}

impl<T> Reading<T> {
    fn replace(self, section: &mut Section<T>, moment: &Moment) {
        let is_nothing = self.roll.is_nothing();
        let faults = self.roll.faults();
        *section = if !is_nothing {
            Section::read(self.value, moment.now_ms, faults)
        } else if section.value.is_none() {
            section.kept(faults)
        } else {
            // All of it is what servers said before, but for who does not answer now.
            Section {
                is_stale: true,
                ..Section::read(self.value, section.taken_ms, faults)
            }
        };
    }
}

#[cfg(test)]
mod tests;
