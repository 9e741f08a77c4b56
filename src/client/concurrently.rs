//! Asking many things at the same time, but not too many.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The most exchanges of one call that are under way at a time.
const AT_A_TIME_MAX: usize = 64;

/// Awaits all of them; the results come in the order of the futures. Dropped, it stops them.
pub async fn all<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(AT_A_TIME_MAX));
    let mut running = JoinSet::new();
    for (at, future) in futures.into_iter().enumerate() {
        let room = Arc::clone(&room);
        running.spawn(async move {
            let _permit = room.acquire_owned().await;
            (at, future.await)
        });
    }
    let mut results = running.join_all().await;
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_keep_their_order() {
        let doubled = all((0..200).map(|n| async move {
            if n % 3 == 0 {
                tokio::task::yield_now().await;
            }
            n * 2
        }));
        let expected: Vec<i32> = (0..200).map(|n| n * 2).collect();
        assert_eq!(doubled.await, expected);
    }
}
