//! The messages of a real cluster, through the client.

use std::time::Duration;

use client::admin::MessageQuery;
use client::{
    Boundary, Client, ClientError, PullConsumer, PullOptions, PullStatus, TOOLS_CONSUMER_GROUP,
};
use protocol::body::MessageQueue;
use protocol::message::MessageExt;

use super::{Mark, MessageSource, Pulled};
use crate::BoxFuture;

/// The messages of the cluster of a client, read for the group that every broker knows.
#[derive(Debug, Clone)]
pub struct ClusterMessages {
    client: Client,
    consumer: Result<PullConsumer, String>,
}

impl ClusterMessages {
    /// Those of this client's cluster.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let consumer = client.pull_consumer(TOOLS_CONSUMER_GROUP).map_err(told);
        Self { client, consumer }
    }

    fn consumer(&self) -> Result<&PullConsumer, String> {
        self.consumer.as_ref().map_err(Clone::clone)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn told(error: ClientError) -> String {
    error.to_string()
}

impl MessageSource for ClusterMessages {
    fn queues<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<Vec<MessageQueue>, String>> {
        Box::pin(async move { self.consumer()?.queues(topic).await.map_err(told) })
    }

    fn bounds<'a>(&'a self, queue: &'a MessageQueue) -> BoxFuture<'a, Result<(i64, i64), String>> {
        Box::pin(async move {
            let consumer = self.consumer()?;
            let (min, max) = tokio::join!(consumer.min_offset(queue), consumer.max_offset(queue));
            Ok((min.map_err(told)?, max.map_err(told)?))
        })
    }

    fn offset_at<'a>(
        &'a self,
        queue: &'a MessageQueue,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<i64, String>> {
        Box::pin(async move {
            let found = self
                .consumer()?
                .search_offset(queue, at_ms, Boundary::Lower);
            found.await.map_err(told)
        })
    }

    fn pull<'a>(
        &'a self,
        queue: &'a MessageQueue,
        offset: i64,
        max: i32,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Pulled, String>> {
        Box::pin(async move {
            let options = PullOptions {
                messages_max: max,
                wait,
                ..PullOptions::default()
            };
            let pulled = self.consumer()?.pull(queue, offset, &options);
            let pulled = pulled.await.map_err(told)?;
            let is_at_end = match pulled.status {
                PullStatus::Found | PullStatus::NoMatchedMessage => false,
                PullStatus::NoNewMessage => true,
                // Retention was faster: there is more where the broker points to.
                PullStatus::OffsetIllegal => pulled.next_offset <= offset,
            };
            Ok(Pulled {
                messages: pulled.messages,
                next_offset: pulled.next_offset,
                is_at_end,
            })
        })
    }

    fn by_key<'a>(
        &'a self,
        topic: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<MessageExt>, String>> {
        Box::pin(async move {
            let query = MessageQuery::by_key(topic, key);
            let found = self.client.admin().find_messages(&query).await;
            let found = found.map_err(told)?;
            match found.failed.into_iter().next() {
                Some((server, error)) if found.items.is_empty() => {
                    Err(format!("{server}: {error}"))
                }
                _ => Ok(found.items),
            }
        })
    }

    fn marks<'a>(&'a self, message: &'a MessageExt) -> BoxFuture<'a, Result<Vec<Mark>, String>> {
        Box::pin(async move {
            let tracks = self.client.admin().message_track(message).await;
            let marks = tracks.map_err(told)?.items.into_iter().map(|track| Mark {
                group: track.group,
                state: track.state,
                behind: track.behind,
            });
            Ok(marks.collect())
        })
    }
}
