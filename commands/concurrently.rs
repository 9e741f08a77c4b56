//! Asking many things at the same time, but not too many.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The most requests of one command that are under way at a time.
const AT_A_TIME_MAX: usize = 64;

/// Awaits all of them; the results come in the order of the futures. Dropped, it stops them.
pub(crate) async fn all<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
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
        let squares = all((0..200_u32).map(|n| async move {
            if n % 3 == 0 {
                tokio::task::yield_now().await;
            }
            n * n
        }));
        let expected: Vec<u32> = (0..200).map(|n| n * n).collect();
        assert_eq!(squares.await, expected);
    }
}
