//! How much the requests of tools that are being worked on may cost at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all of them may cost together, in KiB of their bodies.
const BUDGET_KIB: u32 = 64 * 1024;
/// What a request costs beside its body: so many small ones are worked on at a time, too.
const REQUEST_KIB: u32 = 64;

/// What is left of the budget.
#[derive(Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_KIB as usize)))
    }
}

impl Budget {
    /// Takes what a request with a body of this length costs, until the permit is dropped; nothing
    /// where the budget does not have it.
    pub(super) fn take(&self, body_length: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(body_length / 1024).unwrap_or(u32::MAX);
        let cost = kib.saturating_add(REQUEST_KIB).min(BUDGET_KIB);
        Arc::clone(&self.0).try_acquire_many_owned(cost).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_requests_share_the_budget() {
        let budget = Budget::default();
        let small: Vec<_> = std::iter::from_fn(|| budget.take(0)).collect();
        assert_eq!(small.len(), (BUDGET_KIB / REQUEST_KIB) as usize);
        drop(small);
        let large: Vec<_> = std::iter::from_fn(|| budget.take(15 << 20)).collect();
        assert_eq!(large.len(), 4);
        drop(large);
        assert!(
            budget.take(usize::MAX).is_some(),
            "one request is always worked on"
        );
    }
}
