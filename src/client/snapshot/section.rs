//! A part of a snapshot that remembers.

use std::sync::Arc;

/// The last value that was read, and whether reading still works.
#[derive(Debug, Clone)]
pub struct Section<T> {
    /// The last value; `None` before the first.
    pub value: Option<Arc<T>>,
    /// When the value was read, in ms since the epoch.
    pub taken_ms: i64,
    /// Who did not answer at the last try. With a value of the same moment: only a part is missing.
    pub faults: Vec<Fault>,
    /// Whether the last try read nothing at all: the value is old.
    pub is_stale: bool,
}

/// A server that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The server: a broker's name or an address.
    pub server: String,
    /// What it said, or why it could not be asked.
    pub reason: String,
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self {
            value: None,
            taken_ms: 0,
            faults: Vec::new(),
            is_stale: false,
        }
    }
}

impl<T> Section<T> {
    /// A value that was read just now, without what `faults` could not tell.
    #[must_use]
    pub fn read(value: T, taken_ms: i64, faults: Vec<Fault>) -> Self {
        Self {
            value: Some(Arc::new(value)),
            taken_ms,
            faults,
            is_stale: false,
        }
    }

    /// The same value, which could not be read again.
    #[must_use]
    pub fn kept(&self, faults: Vec<Fault>) -> Self {
        Self {
            value: self.value.clone(),
            taken_ms: self.taken_ms,
            faults,
            is_stale: true,
        }
    }

    /// The last value.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.as_deref()
    }
}
