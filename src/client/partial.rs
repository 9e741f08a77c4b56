//! The result of asking many servers, some of which may not have answered.

use crate::ClientError;

/// What the servers that answered said, and which did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial<T> {
    /// What those that answered said.
    pub items: Vec<T>,
    /// Each server that failed, by address, with its error.
    pub failed: Vec<(String, ClientError)>,
}

impl<T> Partial<T> {
    /// Whether every server answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }

    /// The items, if every server answered.
    ///
    /// # Errors
    /// The error of the first server that failed.
    pub fn into_complete(self) -> Result<Vec<T>, ClientError> {
        match self.failed.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.items),
        }
    }

    /// Itself, unless there is nothing in it but failures.
    ///
    /// # Errors
    /// The error of the first server, when none answered.
    pub fn require_any(self) -> Result<Self, ClientError> {
        match self.failed.first() {
            Some((_, error)) if self.items.is_empty() => Err(error.clone()),
            _ => Ok(self),
        }
    }

    /// Changes the items and keeps the failures.
    pub(crate) fn map_items<U>(self, change: impl FnOnce(Vec<T>) -> Vec<U>) -> Partial<U> {
        Partial {
            items: change(self.items),
            failed: self.failed,
        }
    }
}

impl<T> Default for Partial<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            failed: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_count_only_when_they_must() {
        let failed = vec![("x:1".to_owned(), ClientError::ShutDown)];
        let some = Partial {
            items: vec![1],
            failed: failed.clone(),
        };
        assert!(!some.is_complete());
        assert_eq!(some.clone().require_any(), Ok(some.clone()));
        assert_eq!(some.into_complete(), Err(ClientError::ShutDown));
        let none = Partial::<i32> {
            items: vec![],
            failed,
        };
        assert_eq!(none.require_any(), Err(ClientError::ShutDown));
        let empty = Partial::<i32>::default();
        assert_eq!(empty.into_complete(), Ok(vec![]));
    }
}
