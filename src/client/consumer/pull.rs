//! Reading queue by queue, wherever one likes: no group is joined and no offset moves by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::body::MessageQueue;
use protocol::header::pull_sys_flag::{SUBSCRIPTION, SUSPEND};
use protocol::name;

use super::FilterExpression;
use super::pull_call::{PullCall, PullResult};
use crate::ClientError;
use crate::offsets::Boundary;
use crate::route::MASTER_ID;
use crate::shared::Shared;

/// How much a pull reads and how long it waits.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// Which messages are wanted.
    pub filter: FilterExpression,
    /// The most messages of one pull; brokers may give fewer.
    pub messages_max: i32,
    /// The most bytes of one pull, for brokers that look at it.
    pub bytes_max: Option<i32>,
    /// How long the broker may wait for a message when there is none; zero answers at once.
    pub wait: Duration,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            filter: FilterExpression::All,
            messages_max: 32,
            bytes_max: None,
            wait: Duration::ZERO,
        }
    }
}

/// Reads queues. Clones are the same consumer.
#[derive(Clone)]
pub struct PullConsumer {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    group: String,
    /// The broker id that each queue's broker suggested for the next pull, where it is no master.
    suggested: Mutex<HashMap<MessageQueue, i64>>,
}

impl std::fmt::Debug for PullConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PullConsumer")
            .field("group", &self.inner.group)
            .finish_non_exhaustive()
    }
}

impl PullConsumer {
    pub(crate) fn new(shared: Arc<Shared>, group: &str) -> Result<Self, ClientError> {
        shared.check_running()?;
        name::validate_group(group)?;
        let (group, suggested) = (group.to_owned(), Mutex::default());
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                group,
                suggested,
            }),
        })
    }

    /// The queues of a topic that can be read, sorted.
    ///
    /// # Errors
    /// No route.
    pub async fn queues(&self, topic: &str) -> Result<Vec<MessageQueue>, ClientError> {
        let route = self.inner.shared.routes.get(topic).await?;
        Ok(route.subscribe_queues().to_vec())
    }

    /// Reads from `offset` on.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn pull(
        &self,
        queue: &MessageQueue,
        offset: i64,
        options: &PullOptions,
    ) -> Result<PullResult, ClientError> {
        let Inner {
            shared,
            group,
            suggested,
        } = &*self.inner;
        shared.check_running()?;
        options.filter.check()?;
        let wanted = suggested.lock().get(queue).copied().unwrap_or(MASTER_ID);
        let (addr, _) = shared.read_addr(queue, wanted).await?;
        let suspend = if options.wait.is_zero() { 0 } else { SUSPEND };
        let call = PullCall {
            group,
            queue,
            offset,
            sys_flag: SUBSCRIPTION | suspend,
            commit_offset: 0,
            filter: &options.filter,
            with_filter: true,
            sub_version: shared.clock.now_ms(),
            messages_max: options.messages_max,
            bytes_max: options.bytes_max,
            suspend: options.wait,
            timeout: shared.timeout() + options.wait,
        };
        let pulled = call.send(shared, &addr).await;
        match &pulled {
            Ok(result) => self.remember(queue, result.suggested_broker_id),
            Err(_) => {
                self.remember(queue, MASTER_ID);
                shared.routes.suspect(&queue.topic);
            }
        }
        pulled
    }

    /// Only what is out of the ordinary is kept.
    fn remember(&self, queue: &MessageQueue, broker_id: i64) {
        let mut suggested = self.inner.suggested.lock();
        if broker_id == MASTER_ID {
            suggested.remove(queue);
        } else {
            suggested.insert(queue.clone(), broker_id);
        }
    }

    /// The first offset of a queue that is still there.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn min_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.inner.shared.min_offset(queue).await
    }

    /// The offset that the next message of a queue will get.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn max_offset(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.inner.shared.max_offset(queue).await
    }

    /// When the first message of a queue was stored, in ms since the epoch; -1 if there is none.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn earliest_store_time(&self, queue: &MessageQueue) -> Result<i64, ClientError> {
        self.inner.shared.earliest_store_time(queue).await
    }

    /// The offset of the message that was stored at a time, in ms since the epoch.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn search_offset(
        &self,
        queue: &MessageQueue,
        timestamp_ms: i64,
        boundary: Boundary,
    ) -> Result<i64, ClientError> {
        self.inner
            .shared
            .search_offset(queue, timestamp_ms, boundary)
            .await
    }

    /// How far the group has come; `None` if it never was here.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn committed_offset(&self, queue: &MessageQueue) -> Result<Option<i64>, ClientError> {
        self.inner
            .shared
            .committed_offset(&self.inner.group, queue)
            .await
    }

    /// Notes on the broker how far the group has come.
    ///
    /// # Errors
    /// No route, no broker, or a broker's no.
    pub async fn commit_offset(
        &self,
        queue: &MessageQueue,
        offset: i64,
    ) -> Result<(), ClientError> {
        self.inner
            .shared
            .commit_offset(&self.inner.group, queue, offset)
            .await
    }
}

#[cfg(test)]
mod tests;
