//! What consumes the messages: a handler of the user's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use protocol::body::MessageQueue;
use protocol::message::MessageExt;

/// A future on the heap.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Messages of one queue, handed out together.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where they come from: for a retry, a queue of the group's retry topic.
    pub queue: MessageQueue,
    /// The messages. A retry shows the topic that it was sent to at first.
    pub messages: Vec<Arc<MessageExt>>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// All of it is done with.
    Success,
    /// All of it comes again, later each time; a broadcasting consumer drops it.
    Later,
    /// All of it comes again after the delay of this level; below 0 it goes to the dead letter queue.
    LaterAtLevel(i32),
}

/// Handles deliveries, several at a time. A handler that panics has not consumed its delivery.
pub trait MessageListener: Send + Sync + 'static {
    /// Handles one delivery.
    fn consume(&self, delivery: Delivery) -> BoxFuture<Consumed>;
}

impl<F, Fut> MessageListener for F
where
    F: Fn(Delivery) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Consumed> + Send + 'static,
{
    fn consume(&self, delivery: Delivery) -> BoxFuture<Consumed> {
        Box::pin(self(delivery))
    }
}

/// The handler's verdict; `None` if it panicked.
pub(super) async fn consume_safely(
    listener: &dyn MessageListener,
    delivery: Delivery,
) -> Option<Consumed> {
    // The delivery is gone afterwards, and what the handler shares with others is its own affair.
    let handling = catch_unwind(AssertUnwindSafe(|| listener.consume(delivery))).ok()?;
    Safely(handling).await
}

struct Safely(BoxFuture<Consumed>);

impl Future for Safely {
    type Output = Option<Consumed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let handling = self.0.as_mut();
        match catch_unwind(AssertUnwindSafe(|| handling.poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery {
            queue: MessageQueue::new("T", "b", 0),
            messages: vec![],
        }
    }

    #[tokio::test]
    async fn a_panic_is_no_success() {
        let fine = |_: Delivery| async { Consumed::Success };
        assert_eq!(
            consume_safely(&fine, delivery()).await,
            Some(Consumed::Success)
        );
        let late = |_: Delivery| async {
            tokio::task::yield_now().await;
            panic!("in the future")
        };
        assert_eq!(consume_safely(&late, delivery()).await, None);
        let early = |delivery: Delivery| {
            assert!(!delivery.messages.is_empty(), "before the future");
            async { Consumed::Success }
        };
        assert_eq!(consume_safely(&early, delivery()).await, None);
    }
}
