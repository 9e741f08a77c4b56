//! How far groups have come.

use std::collections::BTreeMap;

use protocol::body::{ConsumeStats, MessageQueue, QueryConsumeTimeSpanBody, QueueTimeSpan};
use protocol::header::{GetConsumeStatsRequestHeader, QueryConsumeTimeSpanRequestHeader};
use protocol::{RemotingCommand, RequestCode};

use super::Admin;
use crate::{ClientError, Partial};

/// How far a group has come in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueProgress {
    /// The queue.
    pub queue: MessageQueue,
    /// The offset that the queue's next message will get.
    pub max_offset: i64,
    /// The offset that the group consumes next; -1 if it has never committed one.
    pub consumer_offset: i64,
    /// The offset that the group pulls next.
    pub pull_offset: i64,
    /// When the last message that was consumed had been stored, in ms since the epoch.
    pub last_timestamp: i64,
}

impl QueueProgress {
    /// How many messages have not been consumed.
    #[must_use]
    pub const fn lag(&self) -> i64 {
        self.max_offset.saturating_sub(self.consumer_offset)
    }

    /// How many messages are with consumers.
    #[must_use]
    pub const fn in_flight(&self) -> i64 {
        let in_flight = self.pull_offset.saturating_sub(self.consumer_offset);
        if in_flight < 0 { 0 } else { in_flight }
    }
}

/// How far a group has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupProgress {
    /// Its queues, sorted.
    pub queues: Vec<QueueProgress>,
    /// How many messages it consumes a second.
    pub consume_tps: f64,
    /// Each broker that did not answer, with its error.
    pub failed: Vec<(String, ClientError)>,
}

impl GroupProgress {
    /// How many messages have not been consumed.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.queues
            .iter()
            .map(QueueProgress::lag)
            .fold(0, i64::saturating_add)
    }
}

impl Admin {
    /// How far a group has come, in one topic or in all that it has offsets of.
    ///
    /// # Errors
    /// No name server, or no broker that answers.
    pub async fn consume_stats(
        &self,
        group: &str,
        topic: Option<&str>,
    ) -> Result<GroupProgress, ClientError> {
        let code = RequestCode::GetConsumeStats;
        let header = GetConsumeStatsRequestHeader {
            consumer_group: group.to_owned(),
            topic: topic.map(str::to_owned),
            topic_list: None,
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_group(group).await?;
        let stats = self
            .ask_each(nodes, code, &request, |answer| {
                answer.body(ConsumeStats::from_json)
            })
            .await
            .require_any()?;
        let mut progress = GroupProgress {
            failed: stats.failed,
            ..GroupProgress::default()
        };
        let mut queues = BTreeMap::new();
        for stats in stats.items {
            progress.consume_tps += stats.value.consume_tps;
            queues.extend(stats.value.offset_table);
        }
        let queue = |(queue, offsets): (_, protocol::body::OffsetWrapper)| QueueProgress {
            queue,
            max_offset: offsets.broker_offset,
            consumer_offset: offsets.consumer_offset,
            pull_offset: offsets.pull_offset,
            last_timestamp: offsets.last_timestamp,
        };
        progress.queues = queues.into_iter().map(queue).collect();
        Ok(progress)
    }

    /// Between which times the messages of each queue were stored, and how far behind a group is in
    /// time.
    ///
    /// # Errors
    /// No route.
    pub async fn consume_time_span(
        &self,
        topic: &str,
        group: &str,
    ) -> Result<Partial<QueueTimeSpan>, ClientError> {
        let code = RequestCode::QueryConsumeTimeSpan;
        let header = QueryConsumeTimeSpanRequestHeader {
            topic: topic.to_owned(),
            group: group.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let nodes = self.nodes_of_topic(topic).await?;
        let read =
            |answer: crate::peer::Answer<'_>| answer.body(QueryConsumeTimeSpanBody::from_json);
        let spans = self.ask_each(nodes, code, &request, read).await;
        Ok(spans.map_items(|bodies| {
            let mut spans: Vec<QueueTimeSpan> = bodies
                .into_iter()
                .flat_map(|body| body.value.consume_time_span_set)
                .collect();
            spans.sort_by(|one, other| one.message_queue.cmp(&other.message_queue));
            spans
        }))
    }
}
